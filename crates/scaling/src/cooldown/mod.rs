//! Cooldowns: which steps are possible while an earlier one still takes effect.

use std::time::Duration;

use crate::side::{PerSide, Side};

/// An earlier step. All times of one calculation count from the same origin, which can be any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenStep {
    /// When it was taken.
    pub at: Duration,
    /// The count that the step was computed from. It isn't the count before the step if a larger step added
    /// to a smaller one during a cooldown: both are computed from the count before the smaller one.
    pub base: u32,
    /// The count that it set.
    pub to: u32,
}

/// The step that is possible now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Set the count.
    Step {
        /// The count to set: over the current one for scale-out, under it for scale-in.
        to: u32,
        /// The count that it is computed from, for [`TakenStep::base`].
        base: u32,
    },
    /// The algorithm wants no change that this side can make, for example because the count is at a bound.
    Keep,
    /// A cooldown blocks the step.
    Wait {
        /// When the cooldown ends.
        until: Duration,
        /// Whose cooldown it is.
        cooldown: Side,
    },
}

/// Returns the step that `side` can take at `now`. `law` returns the count that the algorithm wants,
/// starting from a given count.
///
/// A cooldown starts with the last step of either side and belongs to that side. During the cooldown of
/// scale-out, the tasks that it added count as part of the next scale-out: only a larger step passes, and
/// adds the difference (+3 after +2 adds 1). Scale-in waits for any cooldown. Scale-out doesn't wait for
/// the cooldown of scale-in, and ends it. Scale-out never lowers the count and scale-in never raises it,
/// whatever the algorithm wants.
///
/// AWS documents all of this except that scale-in also waits for the cooldown of scale-out. That follows
/// from AWS's purpose of a cooldown: the time that a step needs to take effect. Source: "Step scaling
/// policies", section "Cooldown period", Application Auto Scaling User Guide.
pub fn allowed(
    side: Side,
    now: Duration,
    current: u32,
    last: PerSide<Option<TakenStep>>,
    cooldowns: PerSide<Duration>,
    law: impl Fn(u32) -> u32,
) -> Allowed {
    let to = law(current);
    if !side.is_step(current, to) {
        return Allowed::Keep;
    }
    let step = Allowed::Step { to, base: current };
    let Some((cooldown, earlier, until)) = in_effect(now, last, cooldowns) else {
        return step;
    };
    match (side, cooldown) {
        (Side::Out, Side::In) => step,
        (Side::Out, Side::Out) => {
            let (to, base) = (law(earlier.base), earlier.base);
            if to > current.max(earlier.to) {
                Allowed::Step { to, base }
            } else {
                Allowed::Wait { until, cooldown }
            }
        }
        (Side::In, _) => Allowed::Wait { until, cooldown },
    }
}

/// The cooldown in effect: its side, its step, and when it ends. A later step ends the cooldown of an
/// earlier one.
fn in_effect(
    now: Duration,
    last: PerSide<Option<TakenStep>>,
    cooldowns: PerSide<Duration>,
) -> Option<(Side, TakenStep, Duration)> {
    let (side, step) = match (last.scale_out, last.scale_in) {
        (Some(out), Some(scale_in)) if scale_in.at > out.at => (Side::In, scale_in),
        (Some(out), _) => (Side::Out, out),
        (None, Some(scale_in)) => (Side::In, scale_in),
        (None, None) => return None,
    };
    let until = step.at.saturating_add(*cooldowns.get(side));
    (now < until).then_some((side, step, until))
}

#[cfg(test)]
mod tests;
