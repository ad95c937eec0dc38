use proptest::prelude::*;

use super::*;

const COOLDOWNS: PerSide<Duration> = PerSide {
    scale_out: secs(60),
    scale_in: secs(300),
};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn step(at: u64, base: u32, to: u32) -> Option<TakenStep> {
    Some(TakenStep {
        at: secs(at),
        base,
        to,
    })
}

fn last(scale_out: Option<TakenStep>, scale_in: Option<TakenStep>) -> PerSide<Option<TakenStep>> {
    PerSide {
        scale_out,
        scale_in,
    }
}

fn at(
    side: Side,
    now: u64,
    current: u32,
    last: PerSide<Option<TakenStep>>,
    change: i64,
) -> Allowed {
    let law = |count: u32| u32::try_from((i64::from(count) + change).clamp(1, 20)).unwrap();
    allowed(side, secs(now), current, last, COOLDOWNS, law)
}

const fn wait(until: u64, cooldown: Side) -> Allowed {
    Allowed::Wait {
        until: secs(until),
        cooldown,
    }
}

/// AWS: a step that adds 3 after one that added 2 adds 1 during the cooldown.
#[test]
fn plus_three_after_plus_two_adds_one() {
    let added_two = last(step(100, 10, 12), None);
    let one_more = Allowed::Step { to: 13, base: 10 };
    assert_eq!(at(Side::Out, 130, 12, added_two, 3), one_more);
    assert_eq!(at(Side::Out, 130, 12, added_two, 2), wait(160, Side::Out));
    assert_eq!(at(Side::Out, 130, 12, added_two, 1), wait(160, Side::Out));
    let then = last(step(130, 10, 13), None);
    assert_eq!(at(Side::Out, 140, 13, then, 3), wait(190, Side::Out));
    assert_eq!(
        at(Side::Out, 140, 13, then, 5),
        Allowed::Step { to: 15, base: 10 }
    );
}

#[test]
fn a_cooldown_ends_on_time() {
    let out = last(step(100, 1, 2), None);
    assert_eq!(at(Side::Out, 159, 2, out, 1), wait(160, Side::Out));
    assert_eq!(
        at(Side::Out, 160, 2, out, 1),
        Allowed::Step { to: 3, base: 2 }
    );
    let scale_in = last(None, step(100, 3, 2));
    assert_eq!(at(Side::In, 399, 2, scale_in, -1), wait(400, Side::In));
    assert_eq!(
        at(Side::In, 400, 2, scale_in, -1),
        Allowed::Step { to: 1, base: 2 }
    );
}

#[test]
fn scale_in_waits_for_scale_out_too() {
    let out = last(step(100, 1, 2), None);
    assert_eq!(at(Side::In, 130, 2, out, -1), wait(160, Side::Out));
    assert_eq!(
        at(Side::In, 160, 2, out, -1),
        Allowed::Step { to: 1, base: 2 }
    );
}

#[test]
fn scale_out_passes_the_cooldown_of_scale_in_and_ends_it() {
    let scale_in = last(None, step(100, 3, 2));
    assert_eq!(
        at(Side::Out, 130, 2, scale_in, 1),
        Allowed::Step { to: 3, base: 2 }
    );
    let both = last(step(130, 2, 3), step(100, 3, 2));
    assert_eq!(at(Side::In, 150, 3, both, -1), wait(190, Side::Out));
    assert_eq!(
        at(Side::In, 190, 3, both, -1),
        Allowed::Step { to: 2, base: 3 },
        "not at 400, when the cooldown of scale-in would have ended"
    );
}

/// AWS: a scale-out during the cooldown of scale-in happens at once, and "the cooldown period for the
/// scale-in activity stops and doesn't complete". A scale-out at the same time as the scale-in stops it
/// too, so the cooldown in effect is that of scale-out.
#[test]
fn of_two_steps_at_the_same_moment_scale_out_has_the_cooldown() {
    let both = last(step(100, 2, 4), step(100, 4, 2));
    assert_eq!(at(Side::Out, 130, 4, both, 2), wait(160, Side::Out));
    assert_eq!(at(Side::In, 130, 4, both, -1), wait(160, Side::Out));
    // The cooldown of scale-in would last until 400.
    assert_eq!(
        at(Side::In, 160, 4, both, -1),
        Allowed::Step { to: 3, base: 4 }
    );
}

#[test]
fn what_someone_took_back_by_hand_is_not_added_again() {
    let added_two = last(step(100, 10, 12), None);
    assert_eq!(at(Side::Out, 130, 11, added_two, 2), wait(160, Side::Out));
    assert_eq!(at(Side::Out, 130, 15, added_two, 3), wait(160, Side::Out));
}

#[test]
fn at_a_bound_there_is_nothing_to_wait_for() {
    let out = last(step(100, 19, 20), None);
    assert_eq!(at(Side::Out, 130, 20, out, 1), Allowed::Keep);
    assert_eq!(at(Side::In, 130, 1, out, -1), Allowed::Keep);
}

#[test]
fn a_side_goes_only_its_way() {
    let none = last(None, None);
    assert_eq!(
        at(Side::Out, 0, 30, none, 1),
        Allowed::Keep,
        "over the maximum"
    );
    assert_eq!(
        at(Side::In, 0, 0, none, -1),
        Allowed::Keep,
        "under the minimum"
    );
    assert_eq!(at(Side::Out, 0, 5, none, -2), Allowed::Keep);
}

#[test]
fn cooldowns_without_end_do_not_overflow() {
    let forever = PerSide {
        scale_out: Duration::MAX,
        scale_in: Duration::MAX,
    };
    let out = last(step(100, 1, 2), None);
    let answer = allowed(Side::Out, secs(1_000), 2, out, forever, |count| count + 1);
    assert_eq!(
        answer,
        Allowed::Wait {
            until: Duration::MAX,
            cooldown: Side::Out
        }
    );
}

prop_compose! {
    fn any_step()(at in 0u64..1_000, base in 0u32..30, to in 0u32..30) -> TakenStep {
        TakenStep { at: secs(at), base, to }
    }
}

fn any_last() -> impl Strategy<Value = PerSide<Option<TakenStep>>> {
    (prop::option::of(any_step()), prop::option::of(any_step()))
        .prop_map(|(scale_out, scale_in)| last(scale_out, scale_in))
}

fn any_side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Out), Just(Side::In)]
}

proptest! {
    /// Scale-out never lowers, scale-in never raises, and the count stays within the bounds.
    #[test]
    fn every_step_goes_its_way_within_the_bounds(
        side in any_side(), now in 0u64..2_000, current in 0u32..30, last in any_last(), change in -30i64..30,
    ) {
        if let Allowed::Step { to, .. } = at(side, now, current, last, change) {
            prop_assert!(side.is_step(current, to));
            prop_assert!((1..=20).contains(&to));
        }
    }

    /// No scale-in happens within any cooldown, and a wait ends when it says.
    #[test]
    fn cooldowns_are_respected(
        side in any_side(), now in 0u64..2_000, current in 0u32..30, last in any_last(), change in -30i64..30,
    ) {
        match at(side, now, current, last, change) {
            Allowed::Wait { until, .. } => {
                prop_assert!(until > secs(now));
                let then = allowed(side, until, current, last, COOLDOWNS, |count| {
                    u32::try_from((i64::from(count) + change).clamp(1, 20)).unwrap()
                });
                let passes = matches!(then, Allowed::Step { base, .. } if base == current);
                prop_assert!(passes, "{:?}", then);
            }
            Allowed::Step { .. } if side == Side::In => {
                let out = last.scale_out.map(|step| step.at + COOLDOWNS.scale_out);
                let later_in = last.scale_in.map(|step| step.at) > last.scale_out.map(|step| step.at);
                prop_assert!(later_in || out.is_none_or(|until| until <= secs(now)));
            }
            _ => {}
        }
    }

    /// A load that keeps asking for the same step gets it once per cooldown.
    #[test]
    fn one_step_a_cooldown(asks in prop::collection::vec(1u64..100, 1..60), add in 1i64..5) {
        let (mut now, mut count, mut steps) = (0, 1u32, Vec::new());
        let mut taken = last(None, None);
        for pause in asks {
            now += pause;
            let law = |count: u32| count + u32::try_from(add).unwrap();
            if let Allowed::Step { to, base } = allowed(Side::Out, secs(now), count, taken, COOLDOWNS, law) {
                prop_assert_eq!(i64::from(to), i64::from(count) + add);
                taken.scale_out = step(now, base, to);
                count = to;
                steps.push(now);
            }
        }
        for pair in steps.windows(2) {
            prop_assert!(pair[1] - pair[0] >= 60, "{:?}", steps);
        }
    }
}
