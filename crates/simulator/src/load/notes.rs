//! Assumptions about a load file, and how processing times are parsed.

use crate::time::parse_duration;

use super::columns::Columns;
use super::error::{Place, RowProblem};
use super::number::{is_absent, shorten};
use super::options::Rows;
use super::sample::Sample;
use super::words;

/// How many times something was found, and where first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    count: u64,
    first: u64,
}

impl Tally {
    pub(super) fn add(&mut self, line: u64) {
        if self.count == 0 {
            self.first = line;
        }
        self.count += 1;
    }

    pub(super) fn note(self, place: &dyn Fn(u64) -> Place, what: &str) -> Option<String> {
        (self.count > 0).then(|| {
            let first = place(self.first);
            format!("{what}: {} (the first is {first})", self.count)
        })
    }
}

/// Describes the detected meaning of the columns.
pub(super) fn describe_columns(
    sample: &Sample,
    columns: &Columns,
    rows: Rows,
    per: u32,
) -> Vec<String> {
    let name = |column: usize| match sample.header {
        Some(_) => format!("\"{}\"", sample.name(column)),
        None => sample.name(column),
    };
    let names = |columns: &[usize]| -> String {
        let names: Vec<String> = columns.iter().map(|column| name(*column)).collect();
        names.join(" + ")
    };
    let mut notes = Vec::new();
    if sample.preamble > 0 {
        notes.push(format!(
            "{} more rows come before the first row of values: skipped",
            sample.preamble
        ));
    }
    let header = match sample.header {
        Some(_) => "the first row has the names of the columns",
        None => "the file has no header",
    };
    let times = names(&columns.times.list());
    let counts = names(&columns.counts);
    notes.push(match (rows, columns.duration) {
        (Rows::Counts, _) => format!("{header}; a row is a count: times in {times}, counts in {counts}"),
        (Rows::Rates, _) => format!(
            "{header}; a row is a rate: times in {times}, rates in {counts}, per {} without a unit",
            name_unit(per)
        ),
        (Rows::Counters, _) => format!(
            "{header}; a row is the reading of a counter: times in {times}, readings in {counts}; messages are the differences"
        ),
        (Rows::Messages, None) => format!("{header}; a row is one message: times in {times}"),
        (Rows::Messages, Some(column)) => format!(
            "{header}; a row is one message: times in {times}, its processing time in {}, in {} without a unit",
            name(column),
            match duration_unit(&sample.name(column)) {
                1e3 => "milliseconds",
                1.0 => "microseconds",
                6e7 => "minutes",
                _ => "seconds",
            }
        ),
    });
    let ignored = columns.list_ignored(sample);
    if !ignored.is_empty() {
        notes.push(format!("ignored columns: {}", ignored.join(", ")));
    }
    if let Some(series) = &columns.series {
        notes.extend(series.note());
    }
    notes
}

fn name_unit(seconds: u32) -> &'static str {
    match seconds {
        60 => "minute",
        3_600 => "hour",
        86_400 => "day",
        _ => "second",
    }
}

/// Returns the unit of processing times without a unit, in microseconds, from the name of their column.
pub(super) fn duration_unit(name: &str) -> f64 {
    if words::has_word(name, "ms msec millis millisecond milliseconds") {
        1e3
    } else if words::has_word(name, "us usec micros microseconds") {
        1.0
    } else if words::has_word(name, "min mins minutes") {
        6e7
    } else {
        1e6
    }
}

/// Returns 1 + the microseconds of a processing time, or 0 for an empty field.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and a float over the range saturates"
)]
pub(super) fn read_processing_time(field: &[u8], unit: f64) -> Result<u64, RowProblem> {
    if is_absent(field) {
        return Ok(0);
    }
    let written = std::str::from_utf8(field).unwrap_or_default();
    let micros = match written.replacen(',', ".", 1).parse::<f64>() {
        Ok(number) if number < 0.0 => return Err(RowProblem::Negative(shorten(field))),
        Ok(number) if number.is_finite() => Some((number * unit) as u64),
        Ok(_) => None,
        Err(_) => {
            parse_duration(written).and_then(|duration| u64::try_from(duration.as_micros()).ok())
        }
    };
    micros
        .map(|micros| micros.saturating_add(1))
        .ok_or_else(|| RowProblem::Processing(shorten(field)))
}
