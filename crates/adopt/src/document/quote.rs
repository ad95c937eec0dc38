//! Scalars as YAML: plain if every reader reads them as the same text, otherwise in double quotes.

use std::fmt::Write;

/// Words that YAML 1.1 or 1.2 reads as a boolean or null, in any case.
const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

/// Text as a scalar. In a flow collection (`[…]`, `{…}`), more characters have a meaning.
pub(super) fn text(text: &str, in_flow: bool) -> String {
    if is_plain(text, in_flow) {
        text.to_owned()
    } else {
        quote(text)
    }
}

/// A number that isn't whole, or is written that way. Reading it returns the same number.
pub(super) fn float(value: f64) -> String {
    if value.is_nan() {
        ".nan".to_owned()
    } else if value.is_infinite() {
        let sign = if value < 0.0 { "-" } else { "" };
        format!("{sign}.inf")
    } else {
        // Such as `1.0` or `1e-7`: always with a point or an exponent, because it would be a whole number
        // otherwise.
        format!("{value:?}")
    }
}

fn is_plain(text: &str, in_flow: bool) -> bool {
    let first = text.chars().next();
    let starts = first.is_some_and(|first| first.is_alphabetic() || matches!(first, '/' | '_'));
    // Sizes, durations (`10s`, `1m30s`, `40GiB`), and percentages: digits, followed by letters that can't be part
    // of a number.
    let digit = first.is_some_and(|first| first.is_ascii_digit());
    let amount = digit && (is_amount(text) || text.contains(is_of_no_number));
    (starts || amount)
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        && text.chars().all(|character| is_safe(character, in_flow))
        && !text.ends_with([':', ' '])
        && !text.contains(": ")
        && !text.contains(" #")
}

/// Whether a text is a duration, a size, or a percentage, and can't be a number, time, date, or number of another
/// base.
fn is_amount(text: &str) -> bool {
    let unit = text.trim_end_matches(|last: char| last.is_ascii_alphabetic() || last == '%');
    let unit = text.get(unit.len()..).unwrap_or_default();
    let known = ["ms", "s", "m", "h", "d", "GiB", "%"].contains(&unit);
    known
        && text
            .chars()
            .all(|any| any.is_ascii_alphanumeric() || any == '%')
        && !text.starts_with("0x")
}

/// Letters that are in no number, date, or time in YAML 1.1 or 1.2: not hexadecimal digits, and not `o`, `t`, `x`,
/// `z`.
fn is_of_no_number(letter: char) -> bool {
    matches!(letter.to_ascii_lowercase(), 'g'..='n' | 'p'..='s' | 'u'..='w' | 'y')
}

/// Characters that are safe inside a plain scalar; a colon and a number sign have their own rules.
fn is_safe(character: char, in_flow: bool) -> bool {
    match character {
        ':' | ' ' | '-' | '_' | '.' | '/' | '@' | '+' | '=' | '%' | '(' | ')' | ';' | '$' | '<'
        | '>' | '~' | '*' => {
            // A colon in a flow collection can end a key.
            !(in_flow && character == ':')
        }
        _ => character.is_alphanumeric(),
    }
}

fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ if is_hidden(character) => escape(&mut quoted, character),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// Characters that YAML requires to be escaped, or that are invisible.
pub(super) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

fn escape(quoted: &mut String, character: char) {
    let code = u32::from(character);
    // Writing to a string can't fail.
    let _ = if code > 0xffff {
        write!(quoted, "\\U{code:08X}")
    } else {
        write!(quoted, "\\u{code:04X}")
    };
}
