//! Cooldowns: what a step may do while an earlier one still takes effect.

use std::time::Duration;

use crate::side::{PerSide, Side};

/// A step that was taken. All times of one reckoning count from the same origin, whichever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenStep {
    /// When.
    pub at: Duration,
    /// The count that the step was reckoned from. It is not the count before the step when a larger
    /// step added to a smaller one during a cooldown: both are reckoned from before the smaller one.
    pub base: u32,
    /// The count that it set.
    pub to: u32,
}

/// What a step may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Set the count.
    Step {
        /// The count to set: over the current one for scale-out, under it for scale-in.
        to: u32,
        /// The count that it is reckoned from, for [`TakenStep::base`].
        base: u32,
    },
    /// The algorithm asks for nothing that this side can do, for example because a bound is reached.
    Keep,
    /// A cooldown blocks the step.
    Wait {
        /// When the cooldown ends.
        until: Duration,
        /// Whose cooldown it is.
        cooldown: Side,
    },
}

/// Returns what `side` can do at `now`. `law` returns the count that the algorithm asks for from a given one.
///
/// A cooldown begins with the last step of either side and is that side's. During the cooldown of
/// scale-out, the tasks that it added count as if they were part of what the next scale-out adds: only a
/// larger step passes, and adds the difference (+3 after +2 adds 1). Scale-in waits for any cooldown.
/// Scale-out doesn't wait for the one of scale-in, and ends it. Scale-out never lowers the count and
/// scale-in never raises it, whatever the algorithm asks for.
///
/// AWS documents all of this but one: that scale-in waits for the cooldown of scale-out too. It
/// follows from what AWS says the cooldown is for, the time that a step needs to take effect.
/// Source: "Step scaling policies", section "Cooldown period", Application Auto Scaling User Guide.
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

/// The cooldown that is not over: whose it is, its step, and when it ends. A later step ends the
/// cooldown of an earlier one.
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
