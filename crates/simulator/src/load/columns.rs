//! Which column of a CSV file means what, and how its fields are read.

use csv::ByteRecord;

use crate::time::parse_duration;

use super::row::{Layout, RowProblem};

/// Which columns mean what.
pub(super) struct Columns {
    pub(super) layout: Layout,
    pub(super) time: usize,
    pub(super) value: Option<usize>,
    /// Microseconds of one, for processing times without a unit.
    pub(super) unit: f64,
}

impl Columns {
    /// By the header's words where there is a header, otherwise by place.
    pub(super) fn detect(
        header: Option<&ByteRecord>,
        first: &ByteRecord,
        wanted: Option<Layout>,
    ) -> Self {
        let names: Vec<String> = header
            .map(|header| {
                header
                    .iter()
                    .map(|name| text(name).to_lowercase())
                    .collect()
            })
            .unwrap_or_default();
        let find = |words: &[&str]| {
            names
                .iter()
                .position(|name| words.iter().any(|word| name.contains(word)))
        };
        let work = find(&["processing", "duration", "work"]);
        let time = names
            .iter()
            .position(|name| name.contains("time") && !name.contains("processing"))
            .or_else(|| find(&["date", "sent", "at"]))
            .filter(|time| Some(*time) != work)
            .unwrap_or(0);
        let other = (0..first.len()).find(|column| *column != time);
        let counted = find(&["count", "messages", "sum", "value", "requests", "arrivals"])
            .filter(|column| *column != time);
        let has_unit = other
            .map(|column| field(first, column))
            .is_some_and(|field| field.last().is_some_and(u8::is_ascii_alphabetic));
        let layout = wanted.unwrap_or(match other {
            None => Layout::Arrivals,
            Some(_) if counted.is_none() && (work.is_some() || has_unit) => Layout::Arrivals,
            Some(_) => Layout::Counts,
        });
        let value = match layout {
            Layout::Counts => counted.or(other),
            Layout::Arrivals => work.or(other),
        };
        let millis = value
            .and_then(|column| names.get(column))
            .is_some_and(|name| name.ends_with("ms") || name.contains("milli"));
        Self {
            layout,
            time,
            value,
            unit: if millis { 1e3 } else { 1e6 },
        }
    }

    pub(super) fn note(&self, header: bool) -> String {
        let header = if header {
            "the first row is a header"
        } else {
            "there is no header"
        };
        let value = self.value.map(|column| column + 1);
        match (self.layout, value) {
            (Layout::Counts, _) => format!(
                "{header}; a row is a count: times in column {}, counts in column {}",
                self.time + 1,
                value.unwrap_or(2)
            ),
            (Layout::Arrivals, None) => format!("{header}; a row is one message"),
            (Layout::Arrivals, Some(value)) => format!(
                "{header}; a row is one message: times in column {}, its processing time in column {value}, in {} without a unit",
                self.time + 1,
                if self.unit < 1e6 {
                    "milliseconds"
                } else {
                    "seconds"
                }
            ),
        }
    }
}

/// The delimiter that the first line has most of.
pub(super) fn delimiter(begin: &[u8]) -> u8 {
    let line = begin
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |mark: u8| line.iter().filter(|byte| **byte == mark).count();
    [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|mark| count(*mark))
        .unwrap_or(b',')
}

pub(super) fn field(record: &ByteRecord, column: usize) -> &[u8] {
    record.get(column).unwrap_or_default().trim_ascii()
}

/// A field for a message: short and printable.
pub(super) fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field.trim_ascii())
        .chars()
        .filter(|c| !c.is_control())
        .take(40)
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole, positive and below 2^53, as was just checked"
)]
pub(super) fn count(field: Option<&[u8]>) -> Result<u64, RowProblem> {
    let field = field
        .filter(|field| !field.is_empty())
        .ok_or(RowProblem::NoCount)?;
    if field.len() < 16 && field.iter().all(u8::is_ascii_digit) {
        return Ok(field
            .iter()
            .fold(0, |count, digit| count * 10 + u64::from(digit - b'0')));
    }
    let number = std::str::from_utf8(field)
        .ok()
        .and_then(|field| field.parse::<f64>().ok())
        .filter(|number| number.is_finite())
        .ok_or_else(|| RowProblem::NotNumeric(text(field)))?;
    if number < 0.0 {
        return Err(RowProblem::Negative(text(field)));
    }
    if number.fract() != 0.0 || number > 9_007_199_254_740_992.0 {
        return Err(RowProblem::NotWhole(text(field)));
    }
    Ok(number as u64)
}

/// 1 + the microseconds of a processing time; 0 for an empty field.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and a float over the range saturates"
)]
pub(super) fn processing(field: &[u8], unit: f64) -> Result<u64, RowProblem> {
    if field.is_empty() {
        return Ok(0);
    }
    let written = std::str::from_utf8(field).unwrap_or_default();
    let micros = match written.parse::<f64>() {
        Ok(number) if number < 0.0 => return Err(RowProblem::Negative(text(field))),
        Ok(number) if number.is_finite() => Some((number * unit) as u64),
        Ok(_) => None,
        Err(_) => {
            parse_duration(written).and_then(|duration| u64::try_from(duration.as_micros()).ok())
        }
    };
    micros
        .map(|micros| micros.saturating_add(1))
        .ok_or_else(|| RowProblem::Processing(text(field)))
}
