//! InfluxDB's line protocol: `measurement,tag=value field=10i 1700000000000000000`.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::error::ReadError;
use super::json::{SERIES, table};
use super::record::Record;

/// Whether the first line of a file is in line protocol.
pub(super) fn is_meant(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let first = text.lines().find(|line| !is_skipped(line));
    first.and_then(parse).is_some()
}

/// Returns the rows of a file. The first one contains the names of the columns.
///
/// # Errors
/// If a line isn't in line protocol. The error contains the line.
pub(super) fn rows(input: impl BufRead) -> Result<Vec<Record>, ReadError> {
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(input.lines()) {
        let line = line?;
        if !is_skipped(&line) {
            rows.push(parse(&line).ok_or(ReadError::LineProtocol(number))?);
        }
    }
    Ok(table(&rows))
}

fn is_skipped(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// Returns the fields of a point by name, with its series and its time. `None` for anything else, and for a
/// point without a time.
fn parse(line: &str) -> Option<BTreeMap<String, String>> {
    let parts = split(line.trim(), ' ');
    let [series, fields, time] = parts.as_slice() else {
        return None;
    };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut tags = split(series, ',').into_iter();
    let named = tags
        .next()
        .is_some_and(|name| !name.is_empty() && !number(name));
    if !named || !tags.all(|tag| tag.contains('=')) || !number(time) {
        return None;
    }
    let mut row = BTreeMap::new();
    for field in split(fields, ',') {
        let [name, value] = split(field, '=')[..] else {
            return None;
        };
        row.insert(name.replace('\\', ""), plain(value));
    }
    row.insert(SERIES.to_owned(), series.replace('\\', ""));
    row.insert("timestamp".to_owned(), (*time).to_owned());
    Some(row)
}

/// Returns the text of a value: `10i` and `10u` are integers, and strings are quoted.
fn plain(value: &str) -> String {
    let integer = value.strip_suffix(['i', 'u']).filter(|rest| {
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    integer.unwrap_or(value.trim_matches('"')).to_owned()
}

/// Splits a text at separators that aren't escaped with a backslash or within quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut escaped, mut quoted, mut begin) = (false, false, 0);
    let mut parts = Vec::new();
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ if letter == separator && !quoted => {
                parts.push(text.get(begin..at).unwrap_or_default());
                begin = at + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(begin..).unwrap_or_default());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_has_series_fields_and_time() {
        let row =
            parse(r#"sqs\ sent,queue=a\,b count=10i,rate=0.5,by="x, y=z" 1700000000000000000"#);
        let expected = [
            ("by", "x, y=z"),
            ("count", "10"),
            ("rate", "0.5"),
            ("series", "sqs sent,queue=a,b"),
            ("timestamp", "1700000000000000000"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(row, Some(BTreeMap::from(expected)));
    }

    #[test]
    fn other_lines_are_no_points() {
        for line in [
            "jobs count=10i",
            "jobs 10 1700000000",
            "1700000000 count=10 5",
            "2026-11-21 12:00:00 10",
            "jobs,queue count=10i 1700000000",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
