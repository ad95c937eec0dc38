//! Escapes control characters in printed text. Text from AWS, logs, and files could otherwise move the cursor, hide
//! its content, or reorder it. All output of this crate goes through here.

use std::borrow::Cow;

/// Styles of this crate: bold, dim, underlined, six foreground colors, and their ends. None of them can hide
/// text.
///
/// Source: ECMA-48, section 8.3.117, "Select graphic rendition".
const STYLES: [&str; 13] = [
    "0", "1", "2", "4", "22", "24", "31", "32", "33", "34", "35", "36", "39",
];

/// What isn't escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keep {
    /// Line breaks and tabs. Otherwise, the text becomes one line.
    lines: bool,
    /// This crate's own colors.
    colors: bool,
}

impl Keep {
    pub(crate) const NOTHING: Self = Self::line(false);

    /// Text of several lines, with colors if they are shown.
    pub(crate) const fn lines(colors: bool) -> Self {
        Self {
            lines: true,
            colors,
        }
    }

    /// One line, with colors if they are shown.
    pub(crate) const fn line(colors: bool) -> Self {
        Self {
            lines: false,
            colors,
        }
    }
}

/// Escapes control characters: `\x1b` for the escape character, `\u{202e}` for a bidirectional override.
pub(crate) fn escape(text: &str, keep: Keep) -> Cow<'_, str> {
    let stays = |c: char| !is_control(c) || (keep.lines && matches!(c, '\n' | '\t'));
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(style) = find_style(rest).filter(|_| keep.colors) {
            escaped.push_str(style);
            rest = rest.get(style.len()..).unwrap_or_default();
            continue;
        }
        if stays(c) {
            escaped.push(c);
        } else {
            escaped.push_str(&describe(c));
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    Cow::Owned(escaped)
}

/// Escapes characters that JSON allows unescaped, without changing the document. In JSON such characters occur
/// only in strings.
pub(crate) fn escape_json(document: &str) -> Cow<'_, str> {
    let stays = |c: char| !is_control(c) || matches!(c, '\n' | '\t');
    if document.chars().all(stays) {
        return Cow::Borrowed(document);
    }
    let each = document.chars().map(|c| match stays(c) {
        true => c.to_string(),
        // All of them are in the basic plane.
        false => format!("\\u{:04x}", u32::from(c)),
    });
    Cow::Owned(each.collect())
}

/// Returns the sequence at the start of the text, if it sets one of our styles.
fn find_style(text: &str) -> Option<&str> {
    let (codes, _) = text.strip_prefix("\x1b[")?.split_once('m')?;
    let known = codes.split(';').all(|code| STYLES.contains(&code));
    known.then(|| text.get(..codes.len() + 3)).flatten()
}

fn describe(c: char) -> String {
    match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        c if c.is_ascii() => format!("\\x{:02x}", u32::from(c)),
        c => format!("\\u{{{:x}}}", u32::from(c)),
    }
}

/// C0, DEL, C1, line separators, and the characters that change the direction of text.
///
/// Source: Unicode Standard Annex 9, section 2, "Directional Formatting Characters".
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn controls_are_shown_and_colors_of_ours_kept() {
        let hostile = "a\x1b[2J\x1b]0;title\x07\u{9b}31m\u{202e}b\x7f\r\n\tc";
        assert_eq!(
            escape(hostile, Keep::lines(false)),
            "a\\x1b[2J\\x1b]0;title\\x07\\u{9b}31m\\u{202e}b\\x7f\\r\n\tc"
        );
        let red = "\x1b[31mno\x1b[0m \x1b[8mhidden";
        assert_eq!(find_style("\x1b[35;1mx"), Some("\x1b[35;1m"));
        assert_eq!(find_style("\x1b[31;8mx"), None);
        assert_eq!(
            escape(red, Keep::lines(true)),
            "\x1b[31mno\x1b[0m \\x1b[8mhidden"
        );
        assert_eq!(
            escape(red, Keep::lines(false)),
            "\\x1b[31mno\\x1b[0m \\x1b[8mhidden"
        );
        assert_eq!(escape("a\nb", Keep::NOTHING), "a\\nb");
        assert!(matches!(
            escape("größer 数 🚀\n", Keep::lines(false)),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn each_style_that_is_used_is_kept() {
        let style = || console::Style::new().force_styling(true);
        for style in [
            style().red(),
            style().green(),
            style().yellow(),
            style().cyan(),
            style().dim(),
            style().bold(),
            style().red().bold(),
            style().green().bold(),
        ] {
            let text = style.apply_to("x").to_string();
            assert_eq!(escape(&text, Keep::lines(true)), text);
        }
    }

    /// Texts with many special characters.
    fn texts() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            any::<String>(),
            "[\\x00-\\x1f\\x7f-\\u{9f}]{1,4}",
            "\\x1b\\[[0-9;]{0,6}[A-Za-z]",
            "[\\u{200e}\\u{200f}\\u{2028}-\\u{202e}\\u{2066}-\\u{2069}\\u{61c}]",
        ];
        prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn no_control_is_printed_and_nothing_is_lost(text in texts()) {
            for keep in [Keep::lines(false), Keep::lines(true), Keep::NOTHING, Keep::line(true)] {
                let mut left = escape(&text, keep).into_owned();
                let printable = text.chars().filter(|c| !is_control(*c)).count();
                prop_assert!(left.chars().count() >= printable);
                while let Some(style) = left
                    .match_indices('\x1b')
                    .find_map(|(at, _)| find_style(&left[at..]))
                    .filter(|_| keep.colors)
                {
                    left = left.replacen(&style.to_owned(), "", 1);
                }
                let lines = |c: &char| keep.lines && matches!(c, '\n' | '\t');
                let found: Vec<char> = left.chars().filter(|c| is_control(*c) && !lines(c)).collect();
                prop_assert!(found.is_empty(), "{found:?}");
            }
        }

        #[test]
        fn a_json_document_stays_the_same(text in texts()) {
            let document = serde_json::to_string_pretty(&[&text]).unwrap();
            let escaped = escape_json(&document);
            prop_assert!(escaped.chars().all(|c| !is_control(c) || c == '\n'));
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&escaped).unwrap(), vec![text]);
        }
    }
}
