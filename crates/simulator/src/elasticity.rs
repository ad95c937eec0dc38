//! Elasticity: how well the supply of tasks follows the demand.
//!
//! Source: Herbst, Kounev and Reussner, "Elasticity in Cloud Computing: What It Is, and What It Is Not",
//! 2013, and the metrics of the SPEC Research Group's cloud working group ("Ready for Rain? A View from
//! SPEC Research on the Future of Cloud Metrics", 2016), normalized by the demand.

use crate::time::{Nanos, seconds};

/// Elasticity over the whole time, each in percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Elasticity {
    /// Under-provisioning accuracy: missing tasks relative to required tasks, on average.
    pub under_accuracy: f64,
    /// Over-provisioning accuracy: excess tasks relative to required tasks, on average.
    pub over_accuracy: f64,
    /// Under-provisioning timeshare: share of time with too few tasks.
    pub under_timeshare: f64,
    /// Over-provisioning timeshare: share of time with too many tasks.
    pub over_timeshare: f64,
}

/// Compares the running count over time with the required count in each interval. If no tasks are required, an
/// excess task counts as if one were.
pub(crate) fn elasticity(
    supply: &[(Nanos, u32)],
    needed: &[u32],
    interval: Nanos,
    end: Nanos,
) -> Elasticity {
    let mut sums = Elasticity::default();
    for_each_stretch(supply, needed, interval, end, |length, supplied, needed| {
        let gap = f64::from(supplied) - f64::from(needed);
        let share = length * gap.abs() / f64::from(needed.max(1));
        if gap < 0.0 {
            sums.under_accuracy += share;
            sums.under_timeshare += length;
        } else if gap > 0.0 {
            sums.over_accuracy += share;
            sums.over_timeshare += length;
        }
    });
    let percent = 100.0 / seconds(end.max(1));
    Elasticity {
        under_accuracy: sums.under_accuracy * percent,
        over_accuracy: sums.over_accuracy * percent,
        under_timeshare: sums.under_timeshare * percent,
        over_timeshare: sums.over_timeshare * percent,
    }
}

/// Calls a function with the length in seconds, the supply, and the demand of each segment in which neither
/// changes.
fn for_each_stretch(
    supply: &[(Nanos, u32)],
    needed: &[u32],
    interval: Nanos,
    end: Nanos,
    mut each: impl FnMut(f64, u32, u32),
) {
    let mut changes = supply.iter().skip(1).peekable();
    let mut supplied = supply.first().map_or(0, |(_, count)| *count);
    let mut now = 0;
    for (index, needed) in needed.iter().enumerate() {
        let ends = interval.saturating_mul(index as u64 + 1).min(end);
        while now < ends {
            let until = changes.peek().map_or(ends, |(at, _)| (*at).min(ends));
            each(seconds(until - now), supplied, *needed);
            now = until;
            while let Some((_, count)) = changes.next_if(|(at, _)| *at <= now) {
                supplied = *count;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;

    /// Two tasks are required for 100 s, then four. One runs for 50 s, then three for 100 s, then five.
    #[test]
    fn a_hand_worked_example() {
        let supply = [(0, 1), (50 * SECOND, 3), (150 * SECOND, 5)];
        let found = elasticity(&supply, &[2, 4], 100 * SECOND, 200 * SECOND);
        let expected = Elasticity {
            under_accuracy: (50.0 / 2.0 + 50.0 / 4.0) / 2.0,
            over_accuracy: (50.0 / 2.0 + 50.0 / 4.0) / 2.0,
            under_timeshare: 50.0,
            over_timeshare: 50.0,
        };
        assert!((found.under_accuracy - expected.under_accuracy).abs() < 1e-9);
        assert!((found.over_accuracy - expected.over_accuracy).abs() < 1e-9);
        assert!((found.under_timeshare - expected.under_timeshare).abs() < 1e-9);
        assert!((found.over_timeshare - expected.over_timeshare).abs() < 1e-9);
    }

    #[test]
    fn a_perfect_supply_has_no_gap() {
        let found = elasticity(
            &[(0, 2), (60 * SECOND, 5)],
            &[2, 5],
            60 * SECOND,
            90 * SECOND,
        );
        assert_eq!(found, Elasticity::default());
    }
}
