//! The columns of a file that contain the times.

use super::error::ReadError;
use super::sample::{Kind, Sample};
use super::timestamp;
use super::words::{self, Meaning};

/// The columns of the times.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeColumns {
    /// The times, or the dates.
    pub(super) time: usize,
    /// The time of day, if it has a separate column.
    pub(super) clock: Option<usize>,
}

impl TimeColumns {
    /// Finds them. The user can name the column of the times, and other columns, which are `taken`.
    ///
    /// # Errors
    /// If several columns might be the time.
    pub(super) fn find(
        sample: &Sample,
        named: Option<usize>,
        taken: &[Option<usize>],
    ) -> Result<Self, ReadError> {
        let time = match named {
            Some(time) => time,
            None => find_time(sample, taken)?,
        };
        let clock = find_clock(sample, time);
        Ok(Self { time, clock })
    }

    /// Whether a column is one of them.
    pub(super) fn contains(&self, column: usize) -> bool {
        column == self.time || Some(column) == self.clock
    }

    /// Lists them.
    pub(super) fn list(&self) -> Vec<usize> {
        [self.time].into_iter().chain(self.clock).collect()
    }
}

/// Finds the column of the times.
fn find_time(sample: &Sample, taken: &[Option<usize>]) -> Result<usize, ReadError> {
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

/// Finds the column of the time of day, if the column of the times has only dates.
fn find_clock(sample: &Sample, time: usize) -> Option<usize> {
    const NAMES: &str = "time hour hr zeit uhrzeit stunde";
    let dates = sample
        .cells(time)
        .all(|cell| cell.is_empty() || timestamp::is_bare_date(cell));
    let is_clock = |column: &usize| match sample.kinds[*column] {
        Kind::Clock => true,
        Kind::Number => {
            words::has_word(&sample.name(*column), NAMES)
                && sample
                    .cells(*column)
                    .all(|cell| timestamp::normalize_clock(cell).is_some())
        }
        _ => false,
    };
    let mut clocks = (0..sample.width()).filter(|column| *column != time && is_clock(column));
    let clock = clocks.next().filter(|_| dates)?;
    clocks.next().is_none().then_some(clock)
}
