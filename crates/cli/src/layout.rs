//! Lays text out for the width and the characters of a terminal. Every text for people goes through here.

use std::borrow::Cow;
use std::io::IsTerminal;
use std::sync::OnceLock;

use console::{Term, measure_text_width};

use crate::workshop::program;

/// Columns without a terminal, such as in a pipe or a log.
const USUAL: usize = 80;

/// Columns below which nothing is folded any further.
const NARROWEST: usize = 20;

/// Columns of a line of text, on standard output: `COLUMNS`, the terminal's, or 80.
pub(crate) fn width() -> usize {
    columns(&Term::stdout())
}

/// The same on standard error.
pub(crate) fn error_width() -> usize {
    columns(&Term::stderr())
}

fn columns(term: &Term) -> usize {
    // A test must not depend on where it runs.
    if cfg!(test) {
        return USUAL;
    }
    let set = std::env::var("COLUMNS").ok();
    let set = set.and_then(|text| text.trim().parse().ok());
    let own = || term.size_checked().map(|(_, columns)| columns.into());
    set.or_else(own).unwrap_or(USUAL).max(NARROWEST)
}

/// Whether a terminal can move its cursor and show styles.
pub(crate) fn is_capable(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("TERM").is_none_or(|name| name != "dumb")
}

/// Whether the locale has characters beyond ASCII. Without a locale, as in most containers, it is assumed to.
fn has_unicode() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let set = ["LC_ALL", "LC_CTYPE", "LANG"];
        let mut values = set.iter().filter_map(|name| std::env::var(name).ok());
        values.find(|value| !value.is_empty()).is_none_or(|locale| {
            let locale = locale.to_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
    })
}

/// Text in lines of at most this many columns, in ASCII if the locale has nothing else.
pub(crate) fn lay_out(text: &str, width: usize) -> String {
    let text = match has_unicode() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().map(in_ascii).collect()),
    };
    let mut laid = String::with_capacity(text.len());
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            laid.push('\n');
        }
        fold_line(line, width, &mut laid);
    }
    laid
}

/// The nearest ASCII character for each of our symbols; each is one column, so that tables and charts stay the same.
fn in_ascii(letter: char) -> char {
    match letter {
        '▁' => '_',
        '▂' => '.',
        '▃' => '-',
        '▄' => '=',
        '▅' => '+',
        '▆' => '*',
        '▇' => '%',
        '█' => '#',
        '✓' => '+',
        '✗' | '×' => 'x',
        '●' | '•' => '*',
        '◇' => 'o',
        '○' => '-',
        '–' | '—' | '−' | '─' | '╌' | '┬' | '┴' => '-',
        '│' | '┤' | '├' | '╎' => '|',
        '╭' | '╮' => '.',
        '╰' | '╯' | '\'' | '’' => '\'',
        '·' => ':',
        '→' => '>',
        '≥' => '>',
        '≤' => '<',
        '÷' => '/',
        '…' => '~',
        '⚠' => '!',
        '“' | '”' => '"',
        '\u{a0}' => ' ',
        other => other,
    }
}

/// Folds one line between words. Text to copy stays whole: a command, text in backquotes, a URL.
fn fold_line(line: &str, width: usize, laid: &mut String) {
    if measure_text_width(line) <= width || is_command(line.trim_start()) {
        laid.push_str(line);
        return;
    }
    let indent = hanging(line, width);
    let mut used = 0;
    let mut is_first = true;
    for part in parts(line) {
        let word = part.trim_start();
        let columns = measure_text_width(part);
        if !is_first && used + columns > width {
            laid.truncate(laid.trim_end_matches(' ').len());
            laid.push('\n');
            laid.push_str(&" ".repeat(indent));
            laid.push_str(word);
            used = indent + measure_text_width(word);
            continue;
        }
        laid.push_str(part);
        used += columns;
        is_first = is_first && word.is_empty();
    }
}

/// Columns before the lines that follow: under the text after a sign or a label, or two more than the line has.
fn hanging(line: &str, width: usize) -> usize {
    let text = line.trim_start_matches(' ');
    let lead = line.len() - text.len();
    let sign = ["- ", "✓ ", "✗ ", "● ", "◇ ", "○ ", "+ ", "x "];
    if sign.iter().any(|sign| text.starts_with(sign)) {
        return lead + 2;
    }
    // A label, spaces, and text.
    let label = text.split_once("  ").map(|(label, rest)| {
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        lead + measure_text_width(label) + 2 + spaces
    });
    label
        .filter(|column| *column <= width / 2)
        .unwrap_or((lead + 2).min(width / 4))
}

/// The words of a line, each with the spaces before it. Text in backquotes is one word, and a command to its end.
fn parts(line: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    let mut was_space = true;
    for (index, letter) in line.char_indices() {
        let is_space = letter == ' ';
        if is_space && !was_space && !quoted {
            let part = line.get(start..index).unwrap_or_default();
            parts.push(part);
            start = index;
            let rest = line.get(start..).unwrap_or_default();
            if part.ends_with(':') && is_command(rest.trim_start()) {
                break;
            }
        }
        if letter == '`' {
            quoted = !quoted;
        }
        was_space = is_space;
    }
    parts.push(line.get(start..).unwrap_or_default());
    parts
}

/// Whether text starts with a command to copy.
fn is_command(text: &str) -> bool {
    let words = [program(), "ECS_SCALER_SANDBOX=", "aws", "docker", "$"];
    let mut words = words.iter().filter_map(|word| text.strip_prefix(word));
    words.any(|rest| rest.starts_with(' ') || text.starts_with("ECS_SCALER_"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(line: &str, width: usize) -> Vec<String> {
        let mut laid = String::new();
        fold_line(line, width, &mut laid);
        laid.split('\n').map(str::to_owned).collect()
    }

    #[test]
    fn lines_are_folded_under_their_text() {
        assert_eq!(folded("error: a b c d e", 10), ["error: a b", "  c d e"]);
        assert_eq!(folded("- one two three", 9), ["- one two", "  three"]);
        assert_eq!(
            folded("label  one two three four", 20),
            ["label  one two three", "       four"]
        );
        assert_eq!(folded("short", 20), ["short"]);
        // Styles take no column.
        assert_eq!(
            folded("\x1b[31mabc\x1b[0m def", 7),
            ["\x1b[31mabc\x1b[0m def"]
        );
    }

    #[test]
    fn what_is_copied_stays_whole() {
        let command = format!("{} deploy a-file.yaml --yes", program());
        assert_eq!(folded(&command, 12), [command.as_str()]);
        assert_eq!(
            folded(&format!("hint: to continue: {command}"), 20),
            ["hint: to continue:".to_owned(), format!("  {command}")]
        );
        assert_eq!(
            folded("write `a b c d e f g h i` then", 20),
            ["write", "  `a b c d e f g h i`", "  then"]
        );
        assert_eq!(
            folded("see https://example.com/a/long/one now", 20),
            ["see", "  https://example.com/a/long/one", "  now"]
        );
    }

    #[test]
    fn ascii_keeps_the_columns() {
        let text = "✓ ▁▂▃▄▅▆▇█ a → b – c × d…";
        let plain: String = text.chars().map(in_ascii).collect();
        assert!(plain.is_ascii(), "{plain}");
        assert_eq!(plain.chars().count(), text.chars().count());
    }

    proptest! {
        #[test]
        fn only_long_words_are_wider_and_no_word_is_lost(text in "[a-z:`]{1,9}( {1,3}[a-z.-]{1,9}){0,30}", width in 20usize..90) {
            let lines = folded(&text, width);
            for line in &lines {
                let fits = line.chars().count() <= width;
                prop_assert!(fits || text.contains('`') , "{line}");
            }
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&lines.join("\n")), words(&text));
        }
    }
}
