//! When tasks are added and removed: at once, and only to the largest need of a recent window.

use std::collections::VecDeque;
use std::time::Duration;

use super::algorithm::tasks_for;
use crate::{Bounds, Side};

/// The needs of a recent window, as they were found. All times count from the same origin.
#[derive(Clone, Debug, PartialEq)]
pub struct NeedHistory {
    window: Duration,
    gap: Duration,
    needs: VecDeque<(Duration, f64)>,
    /// Since when there was a need in each `gap`.
    since: Option<Duration>,
    latest: Option<(Duration, f64)>,
    /// When a message was last deleted, as far as CloudWatch tells.
    deleted: Option<Duration>,
}

/// What is to be done, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The count to set: the present one when it stays.
    pub desired: u32,
    /// Why.
    pub why: DecisionReason,
}

/// Why a count is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionReason {
    /// The present need is larger than the count.
    Needed,
    /// The largest need of the window is smaller than the count.
    Spare,
    /// The count is right.
    Right,
    /// The present need is smaller, the largest of the window is not.
    Recent,
    /// The need is unknown now or was at some time of the window: nothing is removed.
    Unknown,
    /// Tasks are to spare, but nothing is removed while a task is starting.
    Starting,
    /// The count was outside of the bounds.
    Bounds,
    /// Tasks are to spare, but nothing is removed while the service is being deployed.
    Deploying,
    /// A cooldown of the latest change of the count is not over.
    Cooldown {
        /// When it ends.
        until: Duration,
        /// Whose it is.
        of: Side,
    },
    /// Tasks are to spare, but it isn't known yet how many warm tasks the arrivals of earlier days ask for.
    Learning {
        /// When it is no longer waited for.
        until: Duration,
    },
    /// Tasks are to spare, but a cooldown may still run of a change from before the first check.
    Begun {
        /// When the longest cooldown would end.
        until: Duration,
    },
}

impl Decision {
    /// Sets `count`, which lies within `bounds`, instead of `desired`. If that only brings the count back within the
    /// bounds, they are the reason.
    pub(crate) fn within(bounds: Bounds, desired: u32, count: u32, why: DecisionReason) -> Self {
        let inside = bounds.clamp(desired);
        Self {
            desired: count,
            why: if count == inside && inside != desired {
                DecisionReason::Bounds
            } else {
                why
            },
        }
    }
}

impl NeedHistory {
    /// An empty history. Tasks are removed only to the largest need of `window`, and only if a need was
    /// found at least every `gap` during all of it.
    #[must_use]
    pub fn new(window: Duration, gap: Duration) -> Self {
        Self {
            window,
            gap,
            needs: VecDeque::new(),
            since: None,
            latest: None,
            deleted: None,
        }
    }

    /// Adds what was found, in order of time; `None` for a check that failed, and what is no number
    /// counts as that.
    pub fn record(&mut self, now: Duration, need: Option<f64>) {
        let Some(need) = need.filter(|need| need.is_finite()) else {
            return;
        };
        let late = self
            .latest
            .is_none_or(|(latest, _)| now.saturating_sub(latest) > self.gap);
        if late {
            self.since = Some(now);
        }
        self.latest = Some((now, need));
        self.keep(now, need);
    }

    /// Adds the known part of a need, from a check that failed in part or could not know the rest.
    /// It counts for the largest need, and doesn't make the window any better known.
    pub fn record_part(&mut self, now: Duration, part: f64) {
        if part.is_finite() {
            self.keep(now, part);
        }
    }

    /// Adds that messages were deleted up to `at`. They needed a task, even if every look came before or after them; so
    /// at least one is needed in this window, and what isn't known of it stays unknown.
    pub fn record_deletes(&mut self, at: Duration) {
        self.deleted = self.deleted.max(Some(at));
    }

    fn keep(&mut self, now: Duration, need: f64) {
        // Only needs that could be the largest yet are kept, falling.
        while self.needs.back().is_some_and(|(_, other)| *other <= need) {
            self.needs.pop_back();
        }
        self.needs.push_back((now, need));
        while self
            .needs
            .front()
            .is_some_and(|(at, _)| now.saturating_sub(*at) > self.window)
        {
            self.needs.pop_front();
        }
    }

    /// The latest need, if it is younger than the gap.
    #[must_use]
    pub fn present(&self, now: Duration) -> Option<f64> {
        let (at, need) = self.latest?;
        (now.saturating_sub(at) <= self.gap).then_some(need)
    }

    /// The largest need of the window before `now`; `None` when it is not known for all of it.
    #[must_use]
    pub fn largest(&self, now: Duration) -> Option<f64> {
        self.present(now)?;
        (now.saturating_sub(self.since?) >= self.window).then(|| self.largest_known(now))?
    }

    /// The largest need of the window before `now`, as far as it is known.
    #[must_use]
    pub fn largest_known(&self, now: Duration) -> Option<f64> {
        let recent = |at: Duration| now.saturating_sub(at) <= self.window;
        let largest = self.needs.iter().find(|(at, _)| recent(*at));
        let deleted = if self.deleted.is_some_and(recent) {
            1.0
        } else {
            0.0
        };
        largest.map(|(_, need)| need.max(deleted))
    }
}

/// The count to set, from the present one: up to `present`, the present need, at once, and down to `largest`, the need
/// that scale-in must leave, within `bounds`. Where one of them isn't known, nothing is removed but what is over the
/// bounds.
pub(crate) fn decide_between(
    present: Option<f64>,
    largest: Option<f64>,
    desired: u32,
    bounds: Bounds,
) -> Decision {
    let inside = bounds.clamp(desired);
    let decision = |count, why| Decision::within(bounds, desired, count, why);
    let Some(present) = present else {
        return decision(inside, DecisionReason::Unknown);
    };
    let wanted = tasks_for(present, bounds);
    if wanted > inside {
        return decision(wanted, DecisionReason::Needed);
    }
    let Some(largest) = largest else {
        let why = if wanted == inside {
            DecisionReason::Right
        } else {
            DecisionReason::Unknown
        };
        return decision(inside, why);
    };
    let floor = tasks_for(largest, bounds);
    if floor < inside {
        decision(floor, DecisionReason::Spare)
    } else if wanted < inside {
        decision(inside, DecisionReason::Recent)
    } else {
        decision(inside, DecisionReason::Right)
    }
}
