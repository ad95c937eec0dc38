//! The count that results from a need.

use std::time::Duration;

use crate::{Bounds, Side};

/// A decision and its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The count to set; the current one if it doesn't change.
    pub desired: u32,
    /// The reason.
    pub why: DecisionReason,
}

/// The reason for a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionReason {
    /// The current need is larger than the count.
    Needed,
    /// The largest need of the window is smaller than the count.
    Spare,
    /// The count is right.
    Right,
    /// The current need is smaller than the count, but the largest need of the window isn't.
    Recent,
    /// The need is unknown now or was unknown at some time in the window: nothing is removed.
    Unknown,
    /// There are spare tasks, but nothing is removed while a task is starting.
    Starting,
    /// The count was outside of the bounds.
    Bounds,
    /// There are spare tasks, but nothing is removed while the service is being deployed.
    Deploying,
    /// A cooldown of the latest change of the count is still in effect.
    Cooldown {
        /// When it ends.
        until: Duration,
        /// Whose cooldown it is.
        of: Side,
    },
    /// There are spare tasks, but it isn't known yet how many warm tasks the arrivals of earlier days call
    /// for.
    Learning {
        /// When the wait ends.
        until: Duration,
    },
    /// There are spare tasks, but a cooldown of a change from before the first check might still be in
    /// effect.
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

/// The whole tasks of a need, within `bounds`. A need that is above a whole number only by floating-point
/// error counts as that number.
#[must_use]
pub fn tasks_for(need: f64, bounds: Bounds) -> u32 {
    bounds.clamp(whole_tasks(need))
}

/// The same without bounds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and a float over the range saturates, which is what a bound above it needs"
)]
pub(crate) fn whole_tasks(need: f64) -> u32 {
    (need - 1e-9).ceil() as u32
}

/// The count to set, given the current one. It rises at once to `present`, the current need. It falls to
/// `largest`, the need that scale-in must leave. It stays within `bounds`. If one of the needs is unknown,
/// only tasks over the bounds are removed.
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
