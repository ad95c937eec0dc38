use proptest::prelude::*;

use super::*;
use crate::Bounds;

fn bounds(min: u32, max: u32) -> Bounds {
    Bounds::new(min, max).unwrap()
}

fn check(present: Option<f64>, keep: Option<f64>, desired: u32, expected: (u32, DecisionReason)) {
    let decision = decide_between(present, keep, desired, bounds(1, 20));
    assert_eq!((decision.desired, decision.why), expected);
}

#[test]
fn out_to_the_need_at_once_and_in_to_what_must_be_kept() {
    let need = Some(4.2);
    check(need, need, 3, (5, DecisionReason::Needed));
    check(need, need, 5, (5, DecisionReason::Right));
    check(need, need, 9, (5, DecisionReason::Spare));
    check(need, None, 9, (9, DecisionReason::Unknown));
    check(Some(0.0), need, 5, (5, DecisionReason::Recent));
    check(Some(1e300), None, 5, (20, DecisionReason::Needed));
    check(None, need, 9, (9, DecisionReason::Unknown));
    check(None, None, 30, (20, DecisionReason::Bounds));
    check(None, None, 0, (1, DecisionReason::Bounds));
}

proptest! {
    /// Whatever is known, the count is within the bounds, and nothing is removed if one of the two needs is
    /// unknown.
    #[test]
    fn stays_within_bounds_and_removes_nothing_that_is_unknown(
        present in proptest::option::of(0.0f64..100.0), keep in proptest::option::of(0.0f64..100.0),
        desired in 0u32..200, min in 0u32..20, more in 0u32..100,
    ) {
        let bounds = bounds(min, min + more);
        let decision = decide_between(present, keep, desired, bounds);
        prop_assert!((min..=min + more).contains(&decision.desired));
        if present.is_none() || keep.is_none() {
            prop_assert!(decision.desired >= bounds.clamp(desired));
        }
    }

    /// A larger need never leads to fewer tasks.
    #[test]
    fn grows_with_the_need(
        present in 0.0f64..100.0, keep in 0.0f64..100.0, more in 0.0f64..50.0, desired in 0u32..100,
    ) {
        let decide = |present, keep| decide_between(Some(present), Some(keep), desired, bounds(1, 80)).desired;
        prop_assert!(decide(present + more, keep) >= decide(present, keep));
        prop_assert!(decide(present, keep + more) >= decide(present, keep));
    }
}
