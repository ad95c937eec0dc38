//! The first rows of a file, which determine the meaning of its columns.

use std::collections::HashSet;

use super::error::ReadError;
use super::number::{NumberForm, clean_text, is_absent};
use super::record::Record;
use super::source::Source;
use super::{timestamp, words};

/// Number of rows to examine. A month of minutes has 44,640.
const ROWS: usize = 50_000;

/// Number of rows that determine the kind of a column's values.
const KIND_ROWS: usize = 200;

/// Maximum number of rows before the names of the columns.
const PREAMBLE: usize = 20;

/// The kind of a column's values, by their format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// No values.
    Empty,
    /// Dates, with or without times.
    Date,
    /// Times of the day.
    Clock,
    /// Numbers, with or without a unit.
    Number,
    /// Durations such as `250ms`.
    Duration,
    /// Anything else.
    Text,
}

/// The first rows of a file.
pub(super) struct Sample {
    pub(super) header: Option<Record>,
    pub(super) records: Vec<Record>,
    pub(super) kinds: Vec<Kind>,
    /// Lines before the names of the columns.
    pub(super) preamble: usize,
    pub(super) delimiter: u8,
}

impl Sample {
    /// Reads the first rows of a file.
    pub(super) fn take(source: &mut Source<'_>) -> Result<Self, ReadError> {
        let mut records = Vec::new();
        let mut record = Record::default();
        while records.len() < ROWS && source.next(&mut record)? {
            records.push(record.clone());
        }
        let names = match source.has_names() {
            true => 1.min(records.len()),
            false => count_name_rows(&records),
        };
        let data = records.split_off(names);
        let width = data.iter().map(Record::len).max();
        let header = names_of(&records, width);
        if data.is_empty() {
            return Err(ReadError::Empty);
        }
        let columns = width.unwrap_or(0);
        let kinds = (0..columns)
            .map(|column| find_kind(&data, column))
            .collect();
        Ok(Self {
            header,
            records: data,
            kinds,
            preamble: names.saturating_sub(1),
            delimiter: source.delimiter(),
        })
    }

    /// Number of columns.
    pub(super) fn width(&self) -> usize {
        self.kinds.len()
    }

    pub(super) fn name(&self, column: usize) -> String {
        self.header
            .as_ref()
            .map(|header| clean_text(header.field(column)))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| format!("column {}", column + 1))
    }

    pub(super) fn names(&self, columns: impl IntoIterator<Item = usize>) -> Vec<String> {
        columns
            .into_iter()
            .map(|column| self.name(column))
            .collect()
    }

    /// The fields of a column.
    pub(super) fn cells(&self, column: usize) -> impl Iterator<Item = &[u8]> + Clone {
        self.records.iter().map(move |record| record.field(column))
    }

    /// Whether a column has more than one value.
    pub(super) fn varies(&self, column: usize) -> bool {
        let mut cells = self.cells(column);
        let first = cells.next();
        cells.any(|cell| Some(cell) != first)
    }

    /// Whether several rows have the same fields in these columns.
    pub(super) fn repeats(&self, columns: &[usize]) -> bool {
        let mut seen = HashSet::new();
        self.records.iter().any(|record| {
            let key: Vec<&[u8]> = columns.iter().map(|column| record.field(*column)).collect();
            !seen.insert(key)
        })
    }

    /// Returns the column with this name or this number, starting with 1.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let named = (0..self.width()).find(|column| {
            self.header.is_some() && self.name(*column).eq_ignore_ascii_case(name.trim())
        });
        named.or_else(|| {
            let number: usize = name.trim().parse().ok()?;
            number
                .checked_sub(1)
                .filter(|column| *column < self.width())
        })
    }

    /// Returns the error for a name that no column has.
    pub(super) fn unknown_column(&self, name: &str) -> ReadError {
        ReadError::NoColumn {
            name: name.to_owned(),
            columns: self.names(0..self.width()),
        }
    }
}

/// Returns the number of rows before the first row of values: names of columns, and rows that some exports put
/// before them.
fn count_name_rows(records: &[Record]) -> usize {
    match records.first() {
        Some(first) if is_header(first) => {}
        _ => return 0,
    }
    let wide = records
        .iter()
        .take(2 * PREAMBLE)
        .any(|record| record.len() > 1);
    let more = records
        .iter()
        .skip(1)
        .take(PREAMBLE)
        .take_while(|record| {
            let title = wide && record.len() == 1;
            is_header(record) && (title || !record.field(0).iter().any(u8::is_ascii_digit))
        })
        .count();
    // Without any row of values, the second row is an invalid one.
    if more + 1 == records.len() {
        1
    } else {
        more + 1
    }
}

/// Returns the names of the columns from the rows before the first row of values. CloudWatch's console adds
/// rows of labels, identifiers, and statistics.
fn names_of(records: &[Record], width: Option<usize>) -> Option<Record> {
    let first = |record: &Record| clean_text(record.field(0)).to_lowercase();
    let keyed = |key: &str| records.iter().find(|record| first(record) == key);
    let timed = records.iter().rev().find(|record| {
        let mut fields = record.fields();
        Some(record.len()) == width
            && fields.any(|field| words::time_rank(&clean_text(field)) == Some(1))
    });
    let wide = records
        .iter()
        .rev()
        .find(|record| Some(record.len()) == width);
    let names = keyed("full label")
        .or(keyed("label"))
        .or(timed)
        .or(wide)
        .or(records.last())?;
    let Some(statistics) = keyed("statistic").or(keyed("stat")) else {
        return Some(names.clone());
    };
    let names: Vec<String> = (0..names.len())
        .map(|column| match clean_text(statistics.field(column)) {
            _ if column == 0 => "timestamp".to_owned(),
            statistic if statistic == "Sum" => clean_text(names.field(column)),
            statistic => format!("{} {statistic}", clean_text(names.field(column))),
        })
        .collect();
    Some(Record::from_fields(1, names.iter().map(String::as_str)))
}

/// Whether a row has neither a time nor a number.
fn is_header(record: &Record) -> bool {
    const KEYS: [&str; 8] = [
        "period",
        "id",
        "label",
        "account",
        "unit",
        "stat",
        "statistic",
        "region",
    ];
    let first = String::from_utf8_lossy(record.field(0)).to_lowercase();
    KEYS.contains(&first.as_str())
        || !record.fields().any(|field| {
            timestamp::is_time(field)
                || NumberForm::Point.read(field).is_ok()
                || NumberForm::Comma.read(field).is_ok()
        })
}

/// Returns the most frequent kind of a column's values.
fn find_kind(records: &[Record], column: usize) -> Kind {
    let mut votes = [0_usize; 5];
    const KINDS: [Kind; 5] = [
        Kind::Date,
        Kind::Number,
        Kind::Clock,
        Kind::Duration,
        Kind::Text,
    ];
    let fields = records.iter().map(|record| record.field(column));
    for field in fields.filter(|field| !is_absent(field)).take(KIND_ROWS) {
        let text = std::str::from_utf8(field).unwrap_or_default();
        let is = [
            timestamp::is_date(field),
            NumberForm::Point.read(field).is_ok() || NumberForm::Comma.read(field).is_ok(),
            timestamp::is_clock(field),
            crate::time::parse_duration(text).is_some(),
            true,
        ];
        if let Some(first) = is.iter().position(|is| *is) {
            votes[first] += 1;
        }
    }
    let most = votes.iter().copied().max().unwrap_or(0);
    match votes.iter().position(|votes| *votes == most) {
        Some(winner) if most > 0 => KINDS[winner],
        _ => Kind::Empty,
    }
}
