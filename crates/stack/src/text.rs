//! The characters that a definition can contain, checked before it is parsed.

use std::borrow::Cow;

use crate::findings::Findings;
use crate::source::Span;

/// Maximum size of a definition in bytes: 1 MiB.
pub(crate) const LARGEST: usize = 1 << 20;

/// Longest piece of a file in a message, in characters.
const LONGEST_QUOTE: usize = 80;

/// Checks for characters that a definition can't contain; true if it can be parsed.
pub(crate) fn check(text: &str, findings: &mut Findings) -> bool {
    if text.len() > LARGEST {
        let message = format!("the definition is larger than {LARGEST} bytes");
        findings.refuse(
            "",
            message,
            &[],
            "a definition of hundreds of services needs far less: split it into several stacks",
        );
        return false;
    }
    let mut fine = true;
    for (offset, character) in text.char_indices() {
        let mark = offset == 0 && character == '\u{feff}';
        if let Some(name) = name_of_hidden(character).filter(|_| !mark) {
            fine = false;
            let span = Span {
                start: offset,
                end: offset + character.len_utf8(),
            };
            let help = "delete it: characters that are invisible in an editor can change the meaning of the file";
            findings.refuse(
                "",
                format!("the file contains {name}"),
                &[(span, "here")],
                help,
            );
        }
    }
    fine
}

/// A description of the first invisible character in a decoded text.
pub(crate) fn hidden_character(text: &str) -> Option<String> {
    text.chars().find_map(name_of_hidden)
}

/// A piece of the file in a message: cut if it is long, and on one line.
pub(crate) fn shorten(text: &str) -> Cow<'_, str> {
    let end = text
        .char_indices()
        .nth(LONGEST_QUOTE)
        .map(|(offset, _)| offset);
    let cut = end.and_then(|end| text.get(..end));
    if cut.is_none() && !text.contains(['\n', '\r', '\t']) {
        return Cow::Borrowed(text);
    }
    let line = cut.unwrap_or(text).replace(['\n', '\r', '\t'], " ");
    Cow::Owned(if cut.is_some() {
        format!("{line}…")
    } else {
        line
    })
}

/// Control characters (YAML 1.2, 5.1), and characters that change the direction of text or have no width.
fn name_of_hidden(character: char) -> Option<String> {
    let kind = match character {
        '\t' | '\n' | '\r' => return None,
        '\0' => "a NUL character",
        '\u{feff}' => "a byte order mark inside the text",
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "a character that changes the direction of text"
        }
        '\u{200b}' | '\u{2060}' => "a character of no width",
        '\u{2028}' | '\u{2029}' | '\u{85}' => "an unusual line break",
        _ if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => {
            "a control character"
        }
        _ => return None,
    };
    Some(format!("{kind} (U+{:04X})", u32::from(character)))
}

/// Whether a text is one or more decimal digits.
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
