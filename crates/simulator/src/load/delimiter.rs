//! Determines the character that separates the fields of a text file.

use super::record::Record;
use super::timestamp;

/// The candidates, most reliable first. Commas and periods also occur in numbers, and spaces in times.
const CANDIDATES: [u8; 5] = [b'\t', b';', b'|', b',', b' '];

/// Number of lines to examine.
const LINES: usize = 20;

/// Returns the delimiter that a first line such as `sep=;` declares for Excel.
pub(super) fn declared(line: &[u8]) -> Option<u8> {
    match line {
        [s, e, p, b'=', delimiter] if [s, e, p].map(u8::to_ascii_lowercase) == *b"sep" => {
            Some(*delimiter)
        }
        _ => None,
    }
}

/// Returns the delimiter with which the largest number of lines have a time and another value. A comma if no
/// line has.
pub(super) fn find(head: &[u8], end: u8) -> u8 {
    let lines: Vec<&[u8]> = head
        .split(|byte| *byte == end)
        .map(<[u8]>::trim_ascii_end)
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .take(LINES)
        .collect();
    if let Some(delimiter) = lines.first().and_then(|line| declared(line)) {
        return delimiter;
    }
    let mut record = Record::default();
    let mut best = (0, b',');
    for delimiter in CANDIDATES {
        let timed = lines.iter().filter(|line| {
            // A quoted field can continue on the next line.
            record.split(line, delimiter);
            record.len() > 1 && record.fields().any(timestamp::is_time)
        });
        let timed = timed.count();
        if timed > best.0 {
            best = (timed, delimiter);
        }
    }
    let whole = lines.iter().filter(|line| timestamp::is_time(line)).count();
    if best.1 == b' ' && whole >= best.0 {
        return b',';
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_found_in_every_locale() {
        for (text, delimiter) in [
            ("time,count\n0,1\n", b','),
            ("Zeit;Wert\n21.11.2026 12:00;10,5\n", b';'),
            ("21.11.2026 12:00;10,5\n", b';'),
            ("46347,5;10\n", b';'),
            ("time\tcount\n2026-11-21 12:00\t1,000\n", b'\t'),
            ("time | count\n2026-11-21 12:00:00 | 7\n", b'|'),
            ("1732190400 10\n1732190460 20\n", b' '),
            ("2026-11-21 12:00:00\n2026-11-21 12:01:00\n", b','),
            ("time,value\n\"Sat, 21 Nov 2026 12:00:00 GMT\",10\n", b','),
            ("sep=;\nx;y\n", b';'),
        ] {
            assert_eq!(
                char::from(find(text.as_bytes(), b'\n')),
                char::from(delimiter),
                "{text}"
            );
        }
    }
}
