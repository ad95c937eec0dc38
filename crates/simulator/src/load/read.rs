//! Recorded loads: files of counts, rates, counters, or messages, read as a stream.

use std::io::Read;

use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::error::{Place, ReadError, RowProblem};
use super::number::{MILLION, NumberForm, is_absent, shorten};
use super::options::{ReadOptions, Rows};
use super::packed::Packed;
use super::record::Record;
use super::rows::Collected;
use super::sample::Sample;
use super::source::Source;
use super::spread::{Spread, Values};
use super::timestamp::TimeForm;
use super::{counter, notes, timestamp, words};

/// A recorded load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Recorded {
    pub(super) layout: Layout,
    /// Microseconds since the first row, and a count or (for messages) 1 + the processing time in microseconds;
    /// 0 without a processing time. A count is spread over the time until the next row.
    pub(super) rows: Packed,
    /// Microseconds from the first row to the end of the last.
    pub(super) end: u64,
    /// The first row's time in microseconds, on the file's time scale.
    pub(super) first: u64,
    pub(super) form: TimeForm,
    pub(super) notes: Vec<String>,
}

/// The meaning of a row of a recorded load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Layout {
    /// A time, and the number of messages that were sent from then until the next row.
    Counts,
    /// One message.
    Messages,
}

/// Minimum duration of a file with a row per message, in microseconds.
const MINUTE: u64 = 60 * MILLION;

/// Reads a file.
pub(super) fn read(input: impl Read, options: &ReadOptions) -> Result<Recorded, ReadError> {
    let mut source = Source::open(input)?;
    let sample = Sample::take(&mut source)?;
    let mut reading = Reading::new(&sample, options, source.place(1))?;
    for record in &sample.records {
        reading.read_row(record).map_err(|problem| ReadError::Row {
            place: source.place(record.line),
            problem,
        })?;
    }
    let mut record = Record::default();
    while source.next(&mut record)? {
        reading
            .read_row(&record)
            .map_err(|problem| ReadError::Row {
                place: source.place(record.line),
                problem,
            })?;
    }
    reading.finish(&sample, &|line| source.place(line))
}

/// The way in which a file is read, and its content so far.
struct Reading {
    columns: Columns,
    rows: Rows,
    form: TimeForm,
    number: NumberForm,
    /// Whether counts are stored in millionths.
    fine: bool,
    /// Length of the unit of rates that don't specify one, in seconds.
    per: u32,
    /// Unit of processing times that don't specify one, in microseconds.
    duration_unit: f64,
    header: Option<Record>,
    collected: Collected,
    absent: notes::Tally,
    empty: notes::Tally,
    repeated_names: notes::Tally,
    time: Vec<u8>,
}

impl Reading {
    fn new(sample: &Sample, options: &ReadOptions, begin: Place) -> Result<Self, ReadError> {
        let columns = Columns::choose(sample, options)?;
        let form = detect_time_form(sample, &columns, options, begin)?;
        let whole = matches!(options.rows, None | Some(Rows::Counts));
        let number = NumberForm::detect(&sample.records, &columns.counts, sample.delimiter, whole);
        let rows = choose_rows(sample, &columns, form, number, options)?;
        let name = columns.counts.first().map(|column| sample.name(*column));
        Ok(Self {
            rows,
            form,
            number,
            fine: options.rows.is_some() || rows != Rows::Counts,
            per: name
                .and_then(|name| words::rate_seconds(&name))
                .unwrap_or(1),
            duration_unit: columns
                .duration
                .map_or(1e6, |column| notes::duration_unit(&sample.name(column))),
            header: sample.header.clone(),
            collected: Collected::new(rows, form.lacks_zone(), options.sum),
            columns,
            absent: notes::Tally::default(),
            empty: notes::Tally::default(),
            repeated_names: notes::Tally::default(),
            time: Vec::new(),
        })
    }

    fn read_row(&mut self, record: &Record) -> Result<(), RowProblem> {
        if record.fields().all(<[u8]>::is_empty) {
            self.empty.add(record.line);
            return Ok(());
        }
        let time = match self.read_time(record) {
            Some(time) => time,
            None if self
                .header
                .as_ref()
                .is_some_and(|header| header.fields().eq(record.fields())) =>
            {
                self.repeated_names.add(record.line);
                return Ok(());
            }
            None => return Err(RowProblem::Time(shorten(&self.time))),
        };
        let series = match &self.columns.series {
            None => 0,
            Some(series) => match series.identify(record) {
                Some(name) => self.collected.series(name),
                None => return Ok(()),
            },
        };
        if let Some(value) = self.read_value(record)? {
            self.collected.add(time, value, series, record.line)?;
        }
        Ok(())
    }

    fn read_time(&mut self, record: &Record) -> Option<u64> {
        let text = record.field(self.columns.times.time);
        self.time.clear();
        self.time.extend_from_slice(text);
        if let Some(clock) = self.columns.times.clock {
            let clock = timestamp::normalize_clock(record.field(clock))?;
            self.time.push(b' ');
            self.time.extend_from_slice(clock.as_bytes());
        }
        self.form.read(&self.time)
    }

    /// Returns the value of a row. `None` for a counter without a reading.
    fn read_value(&mut self, record: &Record) -> Result<Option<u64>, RowProblem> {
        if self.columns.counts.is_empty() {
            return match self.columns.duration {
                None => Ok(Some(0)),
                Some(column) => {
                    notes::read_processing_time(record.field(column), self.duration_unit).map(Some)
                }
            };
        }
        let mut total = 0_u64;
        let mut readings = 0;
        for column in &self.columns.counts {
            let field = record.get(*column).ok_or(RowProblem::NoCount)?;
            if is_absent(field) {
                self.absent.add(record.line);
                continue;
            }
            readings += 1;
            let amount = self.number.read(field)?;
            let value = match self.rows {
                Rows::Rates => {
                    let per = u64::from(amount.per.unwrap_or(self.per).max(1));
                    amount.in_millionths() / per
                }
                _ if amount.per.is_some() => return Err(RowProblem::NotNumeric(shorten(field))),
                _ if self.fine => amount.in_millionths(),
                _ if amount.millionths > 0 => return Err(RowProblem::NotWhole(shorten(field))),
                _ => amount.whole,
            };
            total = total.saturating_add(value);
        }
        let gap = self.rows == Rows::Counters && readings == 0;
        Ok((!gap).then_some(total))
    }

    fn finish(self, sample: &Sample, place: &dyn Fn(u64) -> Place) -> Result<Recorded, ReadError> {
        let mut notes = notes::describe_columns(sample, &self.columns, self.rows, self.per);
        notes.extend(self.form.note());
        notes.extend(self.absent.note(place, "rows without a count, read as 0"));
        notes.extend(self.empty.note(place, "empty rows, skipped"));
        notes.extend(
            self.repeated_names
                .note(place, "rows that repeat the names of the columns, skipped"),
        );
        let (fine, rows, form) = (self.fine, self.rows, self.form);
        let collected = self
            .collected
            .finish()
            .map_err(|(line, problem)| ReadError::Row {
                place: place(line),
                problem,
            })?;
        notes.extend(collected.note.map(str::to_owned));
        if rows == Rows::Messages {
            let end = collected.rows.last().saturating_add(1).max(MINUTE);
            return Ok(Recorded {
                layout: Layout::Messages,
                rows: collected.rows,
                end,
                first: collected.first,
                form,
                notes,
            });
        }
        let values = match (rows, fine) {
            (Rows::Rates, _) => Values::PerSecond,
            (_, true) => Values::Millionths,
            (_, false) => Values::Whole,
        };
        let spread = Spread::fit(&collected.rows, collected.first, values, collected.end);
        notes.extend(spread.notes);
        Ok(Recorded {
            layout: Layout::Counts,
            rows: spread.rows,
            end: spread.end,
            first: collected.first,
            form,
            notes,
        })
    }
}

/// Detects the format of the times in the chosen columns.
fn detect_time_form(
    sample: &Sample,
    columns: &Columns,
    options: &ReadOptions,
    begin: Place,
) -> Result<TimeForm, ReadError> {
    let time = columns.times.time;
    let form = match columns.times.clock {
        None => TimeForm::detect(sample.cells(time), options.date_order)?,
        Some(clock) => {
            let joined: Vec<Vec<u8>> = sample
                .records
                .iter()
                .map(|record| {
                    let clock = timestamp::normalize_clock(record.field(clock)).unwrap_or_default();
                    [record.field(time), b" ", clock.as_bytes()].concat()
                })
                .collect();
            TimeForm::detect(joined.iter().map(Vec::as_slice), options.date_order)?
        }
    };
    let named = sample.header.is_some().then(|| sample.name(time));
    form.map(|form| form.named(named.as_deref()))
        .ok_or_else(|| {
            let first = sample.records.first();
            let line = first.map_or(1, |record| record.line);
            ReadError::Row {
                place: match begin {
                    Place::Line(_) => Place::Line(line),
                    Place::Datapoint(_) => Place::Datapoint(line),
                },
                problem: RowProblem::Time(
                    first.map_or(String::new(), |record| shorten(record.field(time))),
                ),
            }
        })
}

/// Determines the meaning of a row, by the options, then by names and values.
fn choose_rows(
    sample: &Sample,
    columns: &Columns,
    form: TimeForm,
    number: NumberForm,
    options: &ReadOptions,
) -> Result<Rows, ReadError> {
    let Some(&column) = columns.counts.first() else {
        return Ok(Rows::Messages);
    };
    if let Some(rows) = options.rows {
        return Ok(rows);
    }
    let name = sample.name(column);
    let has_unit = sample
        .cells(column)
        .any(|cell| number.read(cell).is_ok_and(|amount| amount.per.is_some()));
    if has_unit || words::rate_seconds(&name).is_some() {
        return Ok(Rows::Rates);
    }
    if sample.header.is_some() && words::is_rate(&name) {
        return Err(ReadError::RateUnit(name));
    }
    let growth = counter::Growth::measure(sample, columns, form, number);
    let series = columns.series.iter().flat_map(|series| series.read());
    let named = words::is_counter(&name) || series.into_iter().any(|name| words::is_counter(name));
    if named && growth.may_be_counter() {
        return Ok(Rows::Counters);
    }
    if growth.is_likely_counter() {
        return Err(ReadError::Growing(name));
    }
    Ok(Rows::Counts)
}
