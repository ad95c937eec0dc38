//! The meaning of a file's columns.

use super::error::ReadError;
use super::options::{ReadOptions, Rows};
use super::sample::{Kind, Sample};
use super::series::Series;
use super::time_columns::TimeColumns;
use super::timestamp;
use super::words::{self, Meaning};

/// The options that choose a count.
const CHOOSE_COUNT: &str = "choose one with --count-column, or add them up with --sum";

/// The meaning of columns.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) times: TimeColumns,
    /// The counts. Several are added up. Empty if a row is a message.
    pub(super) counts: Vec<usize>,
    /// The processing time of a message.
    pub(super) duration: Option<usize>,
    /// The series of the rows, such as queues.
    pub(super) series: Option<Series>,
}

impl Columns {
    /// Determines the columns by the options, then by names and values.
    pub(super) fn choose(sample: &Sample, options: &ReadOptions) -> Result<Self, ReadError> {
        let named = |name: &Option<String>| match name {
            None => Ok(None),
            Some(name) => sample
                .find(name)
                .map(Some)
                .ok_or_else(|| sample.unknown_column(name)),
        };
        let duration = named(&options.duration_column)?;
        let mut count = options
            .count_column
            .as_deref()
            .and_then(|name| sample.find(name));
        let times = TimeColumns::find(sample, named(&options.time_column)?, &[count, duration])?;
        count = count.filter(|count| *count != times.time);
        let mut columns = Self {
            times,
            counts: count.into_iter().collect(),
            duration,
            series: None,
        };
        let messages = options.rows == Some(Rows::Messages) || duration.is_some();
        if count.is_none() && !messages {
            columns.counts = columns.find_counts(sample, options)?;
        }
        if columns.counts.is_empty() {
            if options.rows.is_some_and(|rows| rows != Rows::Messages) {
                return Err(ReadError::NoCounts(columns.list_others(sample)));
            }
            if let Some(name) = &options.count_column {
                return Err(sample.unknown_column(name));
            }
            columns.duration = match duration {
                None => columns.find_duration(sample)?,
                named => named,
            };
            return Ok(columns);
        }
        let series = options.count_column.as_deref().filter(|_| count.is_none());
        columns.series = Series::find(
            sample,
            &columns.times,
            &columns.counts,
            series,
            count.is_some(),
            options.sum,
        )?;
        Ok(columns)
    }

    /// Returns the columns that aren't read.
    pub(super) fn list_ignored(&self, sample: &Sample) -> Vec<String> {
        let series = self.series.as_ref().map(Series::columns);
        let ignored = (0..sample.width()).filter(|column| {
            !self.times.contains(*column)
                && !self.counts.contains(column)
                && self.duration != Some(*column)
                && !series.is_some_and(|series| series.contains(column))
        });
        sample.names(ignored)
    }

    fn list_others(&self, sample: &Sample) -> Vec<String> {
        sample.names((0..sample.width()).filter(|column| !self.times.contains(*column)))
    }

    /// Returns the columns of counts. Empty if a row is a message.
    fn find_counts(&self, sample: &Sample, options: &ReadOptions) -> Result<Vec<usize>, ReadError> {
        let numbers: Vec<usize> = (0..sample.width())
            .filter(|column| !self.times.contains(*column) && sample.kinds[*column] == Kind::Number)
            .filter(|column| !is_other_time(sample, *column))
            .collect();
        let meaning = |column: &usize| match sample.header {
            Some(_) => words::meaning(&sample.name(*column)),
            None => Meaning::Unknown,
        };
        let has = |wanted: Meaning| numbers.iter().any(|column| meaning(column) == wanted);
        let candidates = words::choose_likeliest(&numbers, meaning);
        let timed = has(Meaning::Duration) || sample.kinds.contains(&Kind::Duration);
        match candidates.as_slice() {
            [] if has(Meaning::Statistic) => Err(ReadError::NoCounts(self.list_others(sample))),
            [] => Ok(candidates),
            [only, ..] if timed && meaning(only) == Meaning::Unknown && options.rows.is_none() => {
                Err(ReadError::Ambiguous {
                    what: "columns can be a count or a processing time",
                    candidates: self.list_others(sample),
                    choose: "choose one with --count-column or --duration-column",
                })
            }
            [_] => Ok(candidates),
            _ if options.sum => Ok(candidates),
            _ => Err(match &options.count_column {
                Some(name) => sample.unknown_column(name),
                None => ReadError::Ambiguous {
                    what: "columns can be the count",
                    candidates: sample.names(candidates),
                    choose: CHOOSE_COUNT,
                },
            }),
        }
    }

    /// Returns the column of processing times, if there is one.
    fn find_duration(&self, sample: &Sample) -> Result<Option<usize>, ReadError> {
        let others = (0..sample.width()).filter(|column| !self.times.contains(*column));
        let timed: Vec<usize> = others
            .filter(|column| match (sample.kinds[*column], &sample.header) {
                (Kind::Duration, _) | (Kind::Number, None) => true,
                (Kind::Number, Some(_)) => {
                    words::meaning(&sample.name(*column)) == Meaning::Duration
                }
                _ => false,
            })
            .collect();
        let sure =
            |column: &usize| words::has_word(&sample.name(*column), "processing duration work");
        match timed.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(*only)),
            several => match several
                .iter()
                .filter(|column| sure(column))
                .collect::<Vec<_>>()[..]
            {
                [only] => Ok(Some(*only)),
                _ => Err(ReadError::Ambiguous {
                    what: "columns can be the processing time",
                    candidates: sample.names(timed),
                    choose: "choose one with --duration-column",
                }),
            },
        }
    }
}

/// Whether a column contains times of something else.
fn is_other_time(sample: &Sample, column: usize) -> bool {
    sample.header.is_some()
        && words::has_word(&sample.name(column), "time timestamp date at")
        && sample.cells(column).all(timestamp::is_epoch)
}
