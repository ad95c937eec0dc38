//! The count that follows from a need.

use std::time::Duration;

use crate::{Bounds, Side};

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

/// The whole tasks of a need, within `bounds`. What only floating point puts above a whole number counts
/// as that number.
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
