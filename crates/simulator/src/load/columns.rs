//! Which column of a file means what.

use super::error::ReadError;
use super::options::{ReadOptions, Rows};
use super::sample::{Kind, Sample};
use super::series::Series;
use super::timestamp;
use super::words::{self, Meaning};

/// The options that choose a count.
const CHOOSE_COUNT: &str = "choose one with --count-column, or add them up with --sum";

/// Which columns mean what.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) time: usize,
    /// The time of the day, where it has a column of its own.
    pub(super) clock: Option<usize>,
    /// The counts, of which several are added up; none if a row is a message.
    pub(super) counts: Vec<usize>,
    /// The processing time of a message.
    pub(super) duration: Option<usize>,
    /// Rows that belong to different things, such as queues.
    pub(super) series: Option<Series>,
}

impl Columns {
    /// By the options, then by names and values.
    pub(super) fn choose(sample: &Sample, options: &ReadOptions) -> Result<Self, ReadError> {
        let named = |name: &Option<String>| match name {
            None => Ok(None),
            Some(name) => sample
                .find(name)
                .map(Some)
                .ok_or_else(|| unknown(sample, name)),
        };
        let duration = named(&options.duration_column)?;
        let mut count = options
            .count_column
            .as_deref()
            .and_then(|name| sample.find(name));
        let time = match named(&options.time_column)? {
            Some(time) => time,
            None => time(sample, &[count, duration])?,
        };
        count = count.filter(|count| *count != time);
        let clock = clock(sample, time);
        let mut columns = Self {
            time,
            clock,
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
                return Err(ReadError::NoCounts(columns.others(sample)));
            }
            if let Some(name) = &options.count_column {
                return Err(unknown(sample, name));
            }
            columns.duration = match duration {
                None => columns.find_duration(sample)?,
                named => named,
            };
            return Ok(columns);
        }
        let series = options.count_column.as_deref().filter(|_| count.is_none());
        columns.series = Series::find(sample, &columns, series, count.is_some(), options.sum)?;
        Ok(columns)
    }

    /// Whether a column is the time, or a part of it.
    pub(super) fn is_time(&self, column: usize) -> bool {
        column == self.time || Some(column) == self.clock
    }

    /// The columns that nothing is read from.
    pub(super) fn ignored(&self, sample: &Sample) -> Vec<String> {
        let series = self.series.as_ref().map(Series::columns);
        let ignored = (0..sample.width()).filter(|column| {
            !self.is_time(*column)
                && !self.counts.contains(column)
                && self.duration != Some(*column)
                && !series.is_some_and(|series| series.contains(column))
        });
        sample.names(ignored)
    }

    fn others(&self, sample: &Sample) -> Vec<String> {
        sample.names((0..sample.width()).filter(|column| !self.is_time(*column)))
    }

    /// The columns of counts; none if a row is one message.
    fn find_counts(&self, sample: &Sample, options: &ReadOptions) -> Result<Vec<usize>, ReadError> {
        let numbers: Vec<usize> = (0..sample.width())
            .filter(|column| !self.is_time(*column) && sample.kinds[*column] == Kind::Number)
            .filter(|column| !is_other_time(sample, *column))
            .collect();
        let meaning = |column: &usize| match sample.header {
            Some(_) => words::meaning(&sample.name(*column)),
            None => Meaning::Unknown,
        };
        let has = |wanted: Meaning| numbers.iter().any(|column| meaning(column) == wanted);
        let candidates = best(&numbers, meaning);
        let timed = has(Meaning::Duration) || sample.kinds.contains(&Kind::Duration);
        match candidates.as_slice() {
            [] if has(Meaning::Statistic) => Err(ReadError::NoCounts(self.others(sample))),
            [] => Ok(candidates),
            [only, ..] if timed && meaning(only) == Meaning::Unknown && options.rows.is_none() => {
                Err(ReadError::Ambiguous {
                    what: "columns can be a count or a processing time",
                    candidates: self.others(sample),
                    choose: "choose one with --count-column or --duration-column",
                })
            }
            [_] => Ok(candidates),
            _ if options.sum => Ok(candidates),
            _ => Err(match &options.count_column {
                Some(name) => unknown(sample, name),
                None => ReadError::Ambiguous {
                    what: "columns can be the count",
                    candidates: sample.names(candidates),
                    choose: CHOOSE_COUNT,
                },
            }),
        }
    }

    /// The column of processing times, if there is one.
    fn find_duration(&self, sample: &Sample) -> Result<Option<usize>, ReadError> {
        let others = (0..sample.width()).filter(|column| !self.is_time(*column));
        let timed: Vec<usize> = others
            .filter(|column| match (sample.kinds[*column], &sample.header) {
                (Kind::Duration, _) | (Kind::Number, None) => true,
                (Kind::Number, Some(_)) => {
                    words::meaning(&sample.name(*column)) == Meaning::Duration
                }
                _ => false,
            })
            .collect();
        let sure = |column: &usize| words::has(&sample.name(*column), "processing duration work");
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

/// Whether a column has times of something else.
fn is_other_time(sample: &Sample, column: usize) -> bool {
    sample.header.is_some()
        && words::has(&sample.name(column), "time timestamp date at")
        && sample.cells(column).all(timestamp::is_epoch)
}

/// The candidates whose names are the most likely to mean the messages that were sent.
pub(super) fn best<T: Copy>(candidates: &[T], meaning: impl Fn(&T) -> Meaning) -> Vec<T> {
    let with = |wanted: &[Meaning]| -> Vec<T> {
        let these = candidates
            .iter()
            .filter(|one| wanted.contains(&meaning(one)));
        these.copied().collect()
    };
    [
        [Meaning::Sum].as_slice(),
        &[Meaning::Sent],
        &[Meaning::Count],
        &[Meaning::CountOf, Meaning::Unknown],
    ]
    .into_iter()
    .map(with)
    .find(|found| !found.is_empty())
    .unwrap_or_default()
}

/// The error for a name that no column has.
pub(super) fn unknown(sample: &Sample, name: &str) -> ReadError {
    ReadError::NoColumn {
        name: name.to_owned(),
        columns: sample.names(0..sample.width()),
    }
}

/// The column of the times.
fn time(sample: &Sample, taken: &[Option<usize>]) -> Result<usize, ReadError> {
    let free = || (0..sample.width()).filter(|column| !taken.contains(&Some(*column)));
    let rank = |column: &usize| match sample.header {
        Some(_) => words::time_rank(&sample.name(*column)),
        None => Some(4),
    };
    let number = |column: &usize| sample.kinds[*column] == Kind::Number;
    let mut candidates: Vec<usize> = free()
        .filter(|column| sample.kinds[*column] == Kind::Date)
        .collect();
    if candidates.is_empty() {
        candidates = free()
            .filter(|column| number(column) && rank(column).is_some_and(|rank| rank < 4))
            .collect();
        let since_1970 = |column: &usize| sample.cells(*column).all(timestamp::is_epoch);
        if candidates.iter().any(since_1970) {
            candidates.retain(since_1970);
        }
    }
    if candidates.is_empty() {
        candidates = free()
            .filter(|column| sample.kinds[*column] == Kind::Clock)
            .collect();
    }
    if candidates.is_empty() && sample.header.is_some() {
        candidates = free()
            .filter(|column| {
                let label = words::meaning(&sample.name(*column)) == Meaning::Label;
                number(column) && !label && sample.cells(*column).all(timestamp::is_epoch)
            })
            .collect();
    }
    let best = candidates.iter().filter_map(rank).min();
    candidates.retain(|column| best.is_none() || rank(column) == best);
    let bare = |column: &usize| sample.cells(*column).all(timestamp::is_bare_date);
    if candidates.iter().any(|column| !bare(column)) {
        candidates.retain(|column| !bare(column));
    }
    match candidates.as_slice() {
        [] => Ok(free().next().unwrap_or(0)),
        [only] => Ok(*only),
        _ => Err(ReadError::Ambiguous {
            what: "columns can be the time",
            candidates: sample.names(candidates),
            choose: "choose one with --time-column",
        }),
    }
}

/// The column of the time of the day, where the column of the times has dates alone.
fn clock(sample: &Sample, time: usize) -> Option<usize> {
    const NAMES: &str = "time hour hr zeit uhrzeit stunde";
    let dates = sample
        .cells(time)
        .all(|cell| cell.is_empty() || timestamp::is_bare_date(cell));
    let is_clock = |column: &usize| match sample.kinds[*column] {
        Kind::Clock => true,
        Kind::Number => {
            words::has(&sample.name(*column), NAMES)
                && sample
                    .cells(*column)
                    .all(|cell| timestamp::clock(cell).is_some())
        }
        _ => false,
    };
    let mut clocks = (0..sample.width()).filter(|column| *column != time && is_clock(column));
    let clock = clocks.next().filter(|_| dates)?;
    clocks.next().is_none().then_some(clock)
}
