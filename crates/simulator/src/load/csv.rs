//! Loads that were recorded: CSV files of counts or of arrivals, read as a stream.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder};

use super::columns::{Columns, count, delimiter, field, processing, text};
use super::packed::Packed;
use super::row::{Layout, RowProblem};
use super::timestamp::TimeForm;

/// Why a CSV file is no load.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// No row.
    #[error("the file has no row with a time")]
    Empty,
    /// A row that can't be used. Rows count from 1, a header included.
    #[error("row {row}: {problem}")]
    Row {
        /// Row of the file.
        row: u64,
        /// What is wrong with it.
        problem: RowProblem,
    },
    /// The file can't be read.
    #[error("failed to read the file")]
    Read(#[from] csv::Error),
    /// The beginning of the file can't be read.
    #[error("failed to read the beginning of the file")]
    Begin(#[from] std::io::Error),
}

/// A load that was recorded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recorded {
    pub(super) layout: Layout,
    /// Microseconds since the first row, and a count or (for arrivals) 1 + the processing time in
    /// microseconds, 0 without one.
    pub(super) rows: Packed,
    /// Microseconds that a row of counts lasts; rows of uneven distance last until the next.
    pub(super) step: Option<u64>,
    /// The first row's time in microseconds, as the file's times are counted.
    pub(super) first: u64,
    pub(super) form: TimeForm,
    pub(super) notes: Vec<String>,
}

/// Distances between rows, to find the step.
#[derive(Default)]
struct Steps {
    counts: HashMap<u64, u64>,
    total: u64,
    longest: u64,
}

pub(super) fn read(input: impl Read, wanted: Option<Layout>) -> Result<Recorded, CsvError> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let delimiter = delimiter(input.fill_buf()?);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .comment(Some(b'#'))
        .from_reader(input);
    let mut record = ByteRecord::new();
    let mut reading: Option<Reading> = None;
    let mut header = None;
    let mut number = 0;
    while reader.read_byte_record(&mut record)? {
        number = record.position().map_or(number + 1, csv::Position::line);
        let problem = |problem| CsvError::Row {
            row: number,
            problem,
        };
        if let Some(reading) = &mut reading {
            reading.row(&record).map_err(problem)?;
            continue;
        }
        let columns = Columns::detect(header.as_ref(), &record, wanted);
        match TimeForm::detect(field(&record, columns.time)) {
            Some(form) => {
                let mut begun = Reading::new(columns, form, header.is_some());
                begun.row(&record).map_err(problem)?;
                reading = Some(begun);
            }
            None if header.is_none() => header = Some(record.clone()),
            None => {
                return Err(problem(RowProblem::Time(text(field(
                    &record,
                    columns.time,
                )))));
            }
        }
    }
    reading.map(Reading::finish).ok_or(CsvError::Empty)
}

/// The rows that were read so far.
struct Reading {
    columns: Columns,
    form: TimeForm,
    first: Option<u64>,
    rows: Packed,
    steps: Steps,
    notes: Vec<String>,
}

impl Reading {
    fn new(columns: Columns, form: TimeForm, header: bool) -> Self {
        let mut notes = vec![columns.note(header)];
        match form {
            TimeForm::Local => notes.push("times have no zone: read as UTC".to_owned()),
            TimeForm::Number { micros } => notes.push(format!(
                "times are numbers: read as {} since 1970 or since the beginning",
                match micros {
                    1_000_000 => "seconds",
                    1_000 => "milliseconds",
                    _ => "microseconds",
                }
            )),
            TimeForm::Zoned => {}
        }
        Self {
            columns,
            form,
            first: None,
            rows: Packed::default(),
            steps: Steps::default(),
            notes,
        }
    }

    fn row(&mut self, record: &ByteRecord) -> Result<(), RowProblem> {
        let raw = field(record, self.columns.time);
        let time = self
            .form
            .read(raw)
            .ok_or_else(|| RowProblem::Time(text(raw)))?;
        let value = match (self.columns.layout, self.columns.value) {
            (Layout::Counts, column) => count(column.map(|column| field(record, column)))?,
            (Layout::Arrivals, None) => 0,
            (Layout::Arrivals, Some(column)) => {
                processing(field(record, column), self.columns.unit)?
            }
        };
        let first = *self.first.get_or_insert(time);
        let at = time.checked_sub(first).ok_or(RowProblem::Unsorted)?;
        let step = at
            .checked_sub(self.rows.last())
            .ok_or(RowProblem::Unsorted)?;
        if self.columns.layout == Layout::Counts && self.rows.len() > 0 {
            if step == 0 {
                return Err(RowProblem::Repeated);
            }
            self.steps.add(step);
        }
        self.rows.push(at, value);
        Ok(())
    }

    fn finish(mut self) -> Recorded {
        let counts = self.columns.layout == Layout::Counts;
        let step = if counts { self.steps.step() } else { None };
        if counts {
            self.notes.push(self.steps.note(step));
            self.notes.push(
                "within a step, messages arrive at random (as Poisson arrivals do)".to_owned(),
            );
        }
        Recorded {
            layout: self.columns.layout,
            rows: self.rows,
            step: step.filter(|_| counts),
            first: self.first.unwrap_or_default(),
            form: self.form,
            notes: self.notes,
        }
    }
}

impl Steps {
    /// Most distances that are told apart; an even file has few.
    const KINDS: usize = 1_000;

    fn add(&mut self, step: u64) {
        self.total += 1;
        self.longest = self.longest.max(step);
        if self.counts.len() < Self::KINDS || self.counts.contains_key(&step) {
            *self.counts.entry(step).or_default() += 1;
        }
    }

    /// The distance that most rows have, if more than half of them have it.
    fn step(&self) -> Option<u64> {
        let (step, count) = self
            .counts
            .iter()
            .max_by_key(|(step, count)| (**count, std::cmp::Reverse(**step)))?;
        (count * 2 > self.total).then_some(*step)
    }

    fn note(&self, step: Option<u64>) -> String {
        let Some(step) = step else {
            return if self.total == 0 {
                "there is one row: it lasts a minute".to_owned()
            } else {
                "rows come at uneven distances: each lasts until the next".to_owned()
            };
        };
        let length = std::time::Duration::from_micros(step);
        if self.longest > step {
            let gap = std::time::Duration::from_micros(self.longest);
            format!(
                "the step is {length:?}; there are gaps, the longest of {gap:?}: nothing arrived in them"
            )
        } else {
            format!("the step is {length:?}, without gaps")
        }
    }
}
