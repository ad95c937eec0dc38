//! Splits a command line into words, like a shell.

/// The words of a command line; `None` if a quote isn't closed. Quotes and backslashes have the same meaning as in
/// a shell; nothing is expanded.
pub(super) fn split(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut letters) = (Vec::new(), None::<String>, line.chars());
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' | '"' => quoted(letter, &mut letters, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(letters.next()?),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Some(words)
}

/// Reads up to the closing quote.
fn quoted(quote: char, letters: &mut std::str::Chars<'_>, word: &mut String) -> Option<()> {
    loop {
        match letters.next()? {
            letter if letter == quote => return Some(()),
            '\\' if quote == '"' => match letters.next()? {
                escaped @ ('"' | '\\') => word.push(escaped),
                other => word.extend(['\\', other]),
            },
            letter => word.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        // Each expected list is the output of `printf '%s\n' LINE` in a POSIX shell.
        let cases: [(&str, &[&str]); 6] = [
            ("ps au", &["ps", "au"]),
            ("  a\t b\n", &["a", "b"]),
            (
                r#"sh -c "echo \"a b\" 'c'""#,
                &["sh", "-c", "echo \"a b\" 'c'"],
            ),
            (r"a\ b 'c\d'e", &["a b", "c\\de"]),
            ("'' \"\"", &["", ""]),
            ("", &[]),
        ];
        for (line, wanted) in cases {
            assert_eq!(split(line).unwrap(), wanted, "{line}");
        }
        for open in ["'a", "\"a", "a\\", "\"a\\"] {
            assert_eq!(split(open), None, "{open}");
        }
    }
}
