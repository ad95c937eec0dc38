use proptest::prelude::*;

use super::*;
use AdjustmentType::{ChangeInCapacity, ExactCapacity, PercentChangeInCapacity};

fn steps(kind: AdjustmentType, list: &[(f64, i32)]) -> Steps {
    at_least(kind, None, list)
}

fn at_least(kind: AdjustmentType, least: Option<u32>, list: &[(f64, i32)]) -> Steps {
    let list = list
        .iter()
        .map(|&(from, adjustment)| Step { from, adjustment });
    Steps::new(kind, least, list.collect()).unwrap()
}

fn bounds(min: u32, max: u32) -> Bounds {
    Bounds::new(min, max).unwrap()
}

/// AWS's example: threshold 50, steps of 0%, 10%, and 30% at 50, 60, and 70 on one side and at 50, 40, and
/// 30 on the other; 10 → 11 → 14 → 13 → 10 for 60, 70, 40, 30.
#[test]
fn the_documented_example() {
    let out = steps(PercentChangeInCapacity, &[(0.0, 0), (10.0, 10), (20.0, 30)]);
    let scale_in = steps(
        PercentChangeInCapacity,
        &[(0.0, 0), (10.0, -10), (20.0, -30)],
    );
    let (over, under) = (crate::Comparison::AtOrAbove, crate::Comparison::AtOrBelow);
    let mut count = 10;
    for (value, policy, comparison, next) in [
        (55.0, &out, over, 10),
        (60.0, &out, over, 11),
        (70.0, &out, over, 14),
        (45.0, &scale_in, under, 14),
        (40.0, &scale_in, under, 13),
        (30.0, &scale_in, under, 10),
    ] {
        let distance = comparison.distance(value, 50.0);
        count = policy.next(count, Some(distance), bounds(0, 100));
        assert_eq!(count, next, "at {value}");
    }
}

/// AWS: over 1 is rounded down (12.7 to 12), 0 to 1 to 1 (.67), −1 to 0 to −1 (−.58), under −1 towards
/// zero (−6.67 to −6).
#[test]
fn percentages_round_as_documented() {
    for (current, percent, next) in [
        (127, 10, 139),
        (67, 1, 68),
        (58, -1, 57),
        (667, -1, 661),
        (10, 10, 11),
        (10, -10, 9),
        (1, 10, 2),
        (1, -10, 0),
        (0, 50, 0),
        (7, 0, 7),
        (3, 100, 6),
        (3, -100, 0),
        (3, -400, 0),
        (u32::MAX, i32::MAX, u32::MAX),
        (u32::MAX, i32::MIN, 0),
    ] {
        let one = steps(PercentChangeInCapacity, &[(0.0, percent)]);
        let all = bounds(0, u32::MAX);
        assert_eq!(
            one.next(current, None, all),
            next,
            "{percent}% of {current}"
        );
    }
}

/// AWS: with a minimum magnitude of 2, 25% of 4 adds 2 and not 1.
#[test]
fn a_percentage_is_widened_to_its_least() {
    for (current, percent, next) in [
        (4, 25, 6),
        (4, -25, 2),
        (100, 25, 125),
        (0, 25, 2),
        (4, 0, 4),
    ] {
        let one = at_least(PercentChangeInCapacity, Some(2), &[(0.0, percent)]);
        assert_eq!(
            one.next(current, None, bounds(0, 200)),
            next,
            "{percent}% of {current}"
        );
    }
}

#[test]
fn changes_and_counts_are_exact_and_end_at_the_bounds() {
    for (kind, adjustment, current, next) in [
        (ChangeInCapacity, 1, 1, 2),
        (ChangeInCapacity, 3, 4, 5),
        (ChangeInCapacity, -1, 2, 1),
        (ChangeInCapacity, -9, 4, 1),
        (ChangeInCapacity, i32::MAX, u32::MAX, 5),
        (ExactCapacity, 3, 1, 3),
        (ExactCapacity, 3, 5, 3),
        (ExactCapacity, 0, 5, 1),
        (ExactCapacity, 99, 5, 5),
    ] {
        let one = steps(kind, &[(0.0, adjustment)]);
        assert_eq!(
            one.next(current, None, bounds(1, 5)),
            next,
            "{kind} {adjustment} of {current}"
        );
    }
}

#[test]
fn a_lower_bound_belongs_to_its_step() {
    let two = steps(ChangeInCapacity, &[(0.0, 1), (200.0, 3)]);
    for (distance, adjustment) in [
        (Some(0.0), 1),
        (Some(199.999), 1),
        (Some(200.0), 3),
        (Some(f64::INFINITY), 3),
        (None, 1),
        (Some(-5.0), 1),
        (Some(f64::NEG_INFINITY), 1),
        (Some(f64::NAN), 1),
    ] {
        assert_eq!(two.step(distance).adjustment, adjustment, "{distance:?}");
    }
}

#[test]
fn what_is_no_list_of_steps() {
    let new = |kind, least, list: &[(f64, i32)]| {
        let list = list
            .iter()
            .map(|&(from, adjustment)| Step { from, adjustment });
        Steps::new(kind, least, list.collect())
    };
    let change = ChangeInCapacity;
    assert_eq!(new(change, None, &[]), Err(StepsError::Empty));
    assert_eq!(new(change, None, &[(1.0, 1)]), Err(StepsError::Gap(1.0)));
    for from in [0.0, -1.0, f64::INFINITY] {
        assert_eq!(
            new(change, None, &[(0.0, 1), (from, 2)]),
            Err(StepsError::Order(from))
        );
    }
    assert!(new(change, None, &[(0.0, 1), (f64::NAN, 2)]).is_err());
    assert_eq!(
        new(ExactCapacity, None, &[(0.0, -1)]),
        Err(StepsError::NegativeCount(-1))
    );
    assert_eq!(new(change, Some(2), &[(0.0, 1)]), Err(StepsError::AtLeast));
}

#[test]
fn json_is_checked_like_everything_else() {
    let text = r#"{"adjustment_type":"percent_change_in_capacity","at_least":2,"steps":[{"from":0.0,"adjustment":10},{"from":5.5,"adjustment":20}]}"#;
    let read: Steps = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    let gap = text.replace("0.0", "1.0");
    let error = serde_json::from_str::<Steps>(&gap).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the first step starts at 1, not at 0"),
        "{error}"
    );
}

fn any_kind() -> impl Strategy<Value = AdjustmentType> {
    prop_oneof![
        Just(ChangeInCapacity),
        Just(PercentChangeInCapacity),
        Just(ExactCapacity)
    ]
}

prop_compose! {
    /// Steps in ascending order of both distance and adjustment.
    fn any_steps()(
        kind in any_kind(),
        widths in prop::collection::vec(0.001f64..1e4, 0..5),
        mut adjustments in prop::collection::vec(0i32..500, 6),
        least in prop::option::of(0u32..20),
    ) -> Steps {
        adjustments.sort_unstable();
        let starts = std::iter::once(0.0).chain(widths.iter().scan(0.0, |at, width| {
            *at += width;
            Some(*at)
        }));
        let list = starts.zip(adjustments).map(|(from, adjustment)| Step { from, adjustment });
        let least = least.filter(|_| kind == PercentChangeInCapacity);
        Steps::new(kind, least, list.collect()).unwrap()
    }
}

/// The same steps for the other side; exact counts descend.
fn mirrored(steps: &Steps) -> Steps {
    let kind = steps.adjustment_type();
    let turn = |step: &Step| Step {
        from: step.from,
        adjustment: match kind {
            ExactCapacity => 500 - step.adjustment,
            _ => -step.adjustment,
        },
    };
    let list = steps.as_slice().iter().map(turn).collect();
    Steps::new(kind, steps.at_least(), list).unwrap()
}

proptest! {
    #[test]
    fn stays_within_bounds(
        steps in any_steps(), current in any::<u32>(), distance in prop::option::of(prop::num::f64::ANY),
        min in 0u32..100, more in 0u32..5_000,
    ) {
        for steps in [&steps, &mirrored(&steps)] {
            let next = steps.next(current, distance, bounds(min, min + more));
            prop_assert!((min..=min + more).contains(&next));
        }
    }

    #[test]
    fn grows_with_the_distance(
        steps in any_steps(), current in 0u32..6_000, a in 0.0f64..1e5, b in 0.0f64..1e5,
    ) {
        let (near, far) = (a.min(b), a.max(b));
        let next = |steps: &Steps, distance| steps.next(current, Some(distance), bounds(0, 9_000));
        prop_assert!(next(&steps, near) <= next(&steps, far));
        let down = mirrored(&steps);
        prop_assert!(next(&down, near) >= next(&down, far));
    }

    /// Every distance from the threshold falls into exactly one step.
    #[test]
    fn steps_leave_no_gap(steps in any_steps(), distance in 0.0f64..1e5) {
        let list = steps.as_slice();
        let ends = list.iter().skip(1).map(|next| next.from).chain([f64::INFINITY]);
        let holding: Vec<Step> = list
            .iter()
            .zip(ends)
            .filter(|(step, end)| (step.from..*end).contains(&distance))
            .map(|(step, _)| *step)
            .collect();
        prop_assert_eq!(holding, vec![steps.step(Some(distance))]);
    }

    /// Percentages against exact fractions: at most one task off, and never zero if there is some change.
    #[test]
    fn a_percentage_is_within_one_task(current in 1u32..1_000_000, percent in 1i32..1_000) {
        let up = steps(PercentChangeInCapacity, &[(0.0, percent)]);
        let added = u64::from(up.next(current, None, bounds(0, u32::MAX)) - current);
        let hundredths = u64::from(current) * u64::from(percent.unsigned_abs());
        prop_assert!(added >= 1);
        prop_assert!(added * 100 <= hundredths || added == 1);
        prop_assert!((added + 1) * 100 > hundredths);
    }
}
