//! Bounds that change with the hours of the week. Pure: time is an argument.
//!
//! Everything that scales calls [`Schedule::bounds_at`]: the functions, the simulator, and the checks of a
//! deployed stack. Application Auto Scaling gets [`Schedule::actions`], which express the same as scheduled
//! actions.

mod actions;
mod cron;
mod hours;
mod zone;

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::target_tracking::{Bounds, BoundsError};

pub use actions::ScheduledBounds;
pub use cron::{CronError, WeeklyCron};
pub use hours::{Days, Hours, HoursError};
pub use zone::{Zone, ZoneError};

use hours::{DAY, moment_text};

/// Minutes of a week on the clock.
const WEEK: u16 = 7 * DAY;

/// Weekly periods with their own bounds. Outside of them, the service's bounds apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The time zone of the hours.
    pub timezone: Zone,
    /// The periods. No two of them overlap.
    pub periods: Vec<Period>,
}

/// A weekly period. A bound that it doesn't set is the service's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Its hours.
    pub when: Hours,
    /// Minimum number of tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// Maximum number of tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
}

/// Why a schedule is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// A period sets no bound.
    #[error("period {0} sets neither `min` nor `max`")]
    NoBound(usize),
    /// The bounds of a period aren't valid.
    #[error("in period {0}, {1}")]
    Bounds(usize, BoundsError),
    /// Two periods overlap.
    #[error("periods {first} and {second} overlap on {moment}")]
    Overlap {
        /// The one that starts earlier.
        first: usize,
        /// The other.
        second: usize,
        /// When the overlap starts, such as `Mon 08:00`.
        moment: String,
    },
    /// The same bounds apply all week.
    #[error("the same bounds apply all week, so the schedule changes nothing")]
    NothingChanges,
}

/// A time in each week from which other bounds apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    /// In minutes of the week by the clock, counted from midnight on Monday.
    minute: u16,
    bounds: Bounds,
}

/// A part of a week that belongs to one period.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u16,
    end: u16,
    /// The period's index.
    of: usize,
}

impl Period {
    /// The bounds that apply in it.
    ///
    /// # Errors
    /// If they are invalid.
    pub fn bounds(&self, base: Bounds) -> Result<Bounds, BoundsError> {
        Bounds::new(
            self.min.unwrap_or(base.min()),
            self.max.unwrap_or(base.max()),
        )
    }
}

impl Schedule {
    /// Checks the schedule of a service with these bounds outside of the periods.
    ///
    /// # Errors
    /// If a period sets no bounds, if two periods overlap, or if the bounds never change.
    pub fn check(&self, base: Bounds) -> Result<(), ScheduleError> {
        for (place, period) in self.periods.iter().enumerate() {
            if period.min.is_none() && period.max.is_none() {
                return Err(ScheduleError::NoBound(place));
            }
            let bounds = period.bounds(base);
            bounds.map_err(|error| ScheduleError::Bounds(place, error))?;
        }
        let spans = self.spans();
        for pair in spans.windows(2) {
            if let [one, other] = pair
                && one.end > other.start
            {
                return Err(ScheduleError::Overlap {
                    first: one.of,
                    second: other.of,
                    moment: moment_text(other.start),
                });
            }
        }
        match self.changes(base).is_empty() {
            true => Err(ScheduleError::NothingChanges),
            false => Ok(()),
        }
    }

    /// The bounds that apply at a time since the Unix epoch, for a service with these bounds outside of the
    /// periods.
    ///
    /// A period starts at the first moment at which the clock shows its start or a later time, and ends in
    /// the same way. So if the clocks skip the start, it is the moment of the skip, and if they show the
    /// start twice, it is the first time.
    #[must_use]
    pub fn bounds_at(&self, base: Bounds, at: Duration) -> Bounds {
        let moments = self.moments(base, at, -8..=1);
        let mut past = moments.into_iter().filter(|(moment, _)| *moment <= at);
        past.next_back().map_or(base, |(_, bounds)| bounds)
    }

    /// The first time after this one from which other bounds apply, or could.
    #[must_use]
    pub fn next_change(&self, base: Bounds, at: Duration) -> Option<Duration> {
        let moments = self.moments(base, at, -1..=8);
        moments
            .into_iter()
            .map(|(moment, _)| moment)
            .find(|moment| *moment > at)
    }

    /// The smallest minimum and the largest maximum that ever apply.
    #[must_use]
    pub fn envelope(&self, base: Bounds) -> Bounds {
        let all = self.changes(base).into_iter().map(|change| change.bounds);
        all.reduce(|one, other| {
            let (min, max) = (one.min().min(other.min()), one.max().max(other.max()));
            Bounds::new(min, max).unwrap_or(one)
        })
        .unwrap_or(base)
    }

    /// Midnight on a Monday by its clocks, in a year and week without a clock change: the start of a load
    /// that has no date.
    #[must_use]
    pub fn monday(&self) -> Duration {
        let monday = jiff::civil::date(2026, 1, 12);
        self.timezone.moment_of(monday, 0).unwrap_or_default()
    }

    /// The changes on the days around a time, in order.
    fn moments(
        &self,
        base: Bounds,
        at: Duration,
        days: std::ops::RangeInclusive<i64>,
    ) -> Vec<(Duration, Bounds)> {
        let changes = self.changes(base);
        let Some(today) = self.timezone.local(at).map(|local| local.date()) else {
            return Vec::new();
        };
        let hours = days.map(|day| jiff::SignedDuration::from_hours(24 * day));
        let dates = hours.filter_map(|hours| today.checked_add(hours).ok());
        let mut moments = Vec::new();
        for date in dates {
            let day = u16::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
            for change in changes.iter().filter(|change| change.minute / DAY == day) {
                let moment = self.timezone.moment_of(date, change.minute % DAY);
                moments.extend(moment.map(|moment| (moment, change.bounds)));
            }
        }
        moments
    }

    /// When other bounds start to apply in a week, in order; empty if the same bounds apply all week.
    fn changes(&self, base: Bounds) -> Vec<Change> {
        let spans = self.spans();
        let mut minutes: Vec<u16> = spans
            .iter()
            .flat_map(|span| [span.start, span.end % WEEK])
            .collect();
        minutes.sort_unstable();
        minutes.dedup();
        let held = |minute: u16| {
            let span = spans
                .iter()
                .find(|span| span.start <= minute && minute < span.end);
            let period = span.and_then(|span| self.periods.get(span.of));
            period
                .and_then(|period| period.bounds(base).ok())
                .unwrap_or(base)
        };
        let changes: Vec<Change> = minutes
            .into_iter()
            .map(|minute| Change {
                minute,
                bounds: held(minute),
            })
            .collect();
        // The previous week ends with the last change of this one.
        let mut before = changes.last().map(|change| change.bounds);
        let is_new = |change: &Change| before.replace(change.bounds) != Some(change.bounds);
        changes.into_iter().filter(is_new).collect()
    }

    /// The parts of a week that are in a period, in order. A period that continues into the next week makes
    /// two.
    fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for (of, period) in self.periods.iter().enumerate() {
            for (start, end) in period.when.spans() {
                spans.push(Span {
                    start,
                    end: end.min(WEEK),
                    of,
                });
                if end > WEEK {
                    spans.push(Span {
                        start: 0,
                        end: end - WEEK,
                        of,
                    });
                }
            }
        }
        spans.sort_by_key(|span| (span.start, span.end, span.of));
        spans
    }
}

impl Serialize for Hours {
    /// Serializes the text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
