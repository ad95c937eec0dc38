use super::*;
use crate::{AdjustmentType, Step, Steps};

mod history;
mod interleaving;

pub(super) fn steps(kind: AdjustmentType, cooldown: u64, list: &[(f64, i32)]) -> AlarmSteps {
    let list = list
        .iter()
        .map(|&(from, adjustment)| Step { from, adjustment });
    AlarmSteps {
        alarm: "alarm".to_owned(),
        steps: Steps::new(kind, None, list.collect()).unwrap(),
        cooldown,
    }
}

fn add_one() -> AlarmSteps {
    steps(AdjustmentType::ChangeInCapacity, 60, &[(0.0, 1)])
}

fn remove_one() -> AlarmSteps {
    steps(AdjustmentType::ChangeInCapacity, 300, &[(0.0, -1)])
}

pub(super) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// At 1,000 s, for an alarm that has been in ALARM since 990 s, with 2 tasks.
fn situation(side: Side, trigger: Trigger) -> Situation {
    Situation {
        now: secs(1_000),
        trigger,
        side,
        change: secs(990),
        period: secs(60),
        desired: 2,
        deploying: false,
        records: PerSide::default(),
    }
}

fn record(at: u64, change: u64, from: u32, to: u32) -> StepRecord {
    StepRecord {
        at: secs(at),
        change: secs(change),
        base: from,
        from,
        to,
        done: true,
    }
}

fn decision(situation: &Situation) -> StepDecision {
    let (out, scale_in) = (add_one(), remove_one());
    let scaling = AlarmScaling {
        bounds: Bounds::new(1, 4).unwrap(),
        steps: PerSide {
            scale_out: Some(&out),
            scale_in: Some(&scale_in),
        },
    };
    let decision = situation.decide(&scaling, None);
    let any = situation.decide_at_any_distance(&scaling);
    assert_eq!(
        any,
        Some(decision),
        "one step, so the metric doesn't matter"
    );
    decision
}

fn step_to(decision: StepDecision) -> Option<u32> {
    match decision {
        StepDecision::Step(record) => Some(record.to),
        _ => None,
    }
}

#[test]
fn a_change_of_state_steps_and_says_what_to_remember() {
    let new = StepRecord {
        done: false,
        ..record(1_000, 990, 2, 3)
    };
    let situation = situation(Side::Out, Trigger::StateChange);
    assert_eq!(decision(&situation), StepDecision::Step(new));
}

#[test]
fn a_change_that_had_its_step_has_no_other() {
    let mut situation = situation(Side::Out, Trigger::StateChange);
    for change in [989, 990, 995] {
        situation.records.scale_out = Some(record(100, change, 1, 2));
        assert_eq!(
            decision(&situation),
            StepDecision::Hold(HoldReason::Handled),
            "{change}"
        );
    }
    situation.records.scale_out = Some(record(100, 900, 1, 2));
    assert_eq!(step_to(decision(&situation)), Some(3), "an older change");
}

#[test]
fn re_evaluation_goes_on_after_the_cooldown_and_a_period() {
    let mut situation = situation(Side::Out, Trigger::ReEvaluation);
    situation.period = secs(120);
    let hold = |until| {
        StepDecision::Hold(HoldReason::Cooldown {
            until: secs(until),
            of: Side::Out,
        })
    };
    situation.records.scale_out = Some(record(881, 990, 1, 2));
    assert_eq!(decision(&situation), hold(1_001), "the period, 120 s");
    situation.records.scale_out = Some(record(880, 990, 1, 2));
    assert_eq!(step_to(decision(&situation)), Some(3));
    situation.records.scale_out = Some(record(945, 900, 1, 2));
    assert_eq!(
        decision(&situation),
        hold(1_005),
        "a new change: the cooldown, 60 s"
    );
    situation.records.scale_out = Some(record(940, 900, 1, 2));
    assert_eq!(step_to(decision(&situation)), Some(3));
}

#[test]
fn the_bounds_end_it() {
    let mut out = situation(Side::Out, Trigger::StateChange);
    out.desired = 4;
    assert_eq!(decision(&out), StepDecision::Hold(HoldReason::AtBound));
    out.desired = 9;
    assert_eq!(
        decision(&out),
        StepDecision::Hold(HoldReason::AtBound),
        "set by hand"
    );
    let mut scale_in = situation(Side::In, Trigger::StateChange);
    scale_in.desired = 1;
    assert_eq!(decision(&scale_in), StepDecision::Hold(HoldReason::AtBound));
    scale_in.desired = 9;
    assert_eq!(step_to(decision(&scale_in)), Some(4), "brought within");
}

#[test]
fn only_scale_in_waits_for_a_deployment() {
    for trigger in [Trigger::StateChange, Trigger::ReEvaluation] {
        let mut situation = situation(Side::In, trigger);
        situation.deploying = true;
        assert_eq!(
            decision(&situation),
            StepDecision::Hold(HoldReason::Deploying)
        );
        situation.side = Side::Out;
        assert_eq!(step_to(decision(&situation)), Some(3));
    }
}

#[test]
fn scale_in_waits_for_the_step_of_scale_out() {
    let mut situation = situation(Side::In, Trigger::StateChange);
    situation.records.scale_out = Some(record(950, 940, 1, 2));
    let hold = HoldReason::Cooldown {
        until: secs(1_010),
        of: Side::Out,
    };
    assert_eq!(decision(&situation), StepDecision::Hold(hold));
}

#[test]
fn a_step_that_was_recorded_but_not_taken_is_finished() {
    let begun = StepRecord {
        done: false,
        ..record(970, 990, 2, 3)
    };
    for trigger in [Trigger::StateChange, Trigger::ReEvaluation] {
        let mut situation = situation(Side::Out, trigger);
        situation.records.scale_out = Some(begun);
        let finished = StepRecord {
            at: secs(1_000),
            ..begun
        };
        assert_eq!(decision(&situation), StepDecision::Finish(finished));
        situation.desired = 3;
        assert!(
            matches!(decision(&situation), StepDecision::Hold(_)),
            "it was taken"
        );
        situation.desired = 2;
        situation.records.scale_out = Some(StepRecord {
            done: true,
            ..begun
        });
        assert!(
            matches!(decision(&situation), StepDecision::Hold(_)),
            "taken, and taken back by someone"
        );
    }
}

#[test]
fn an_unfinished_step_is_not_finished_blindly() {
    let begun = StepRecord {
        done: false,
        ..record(970, 990, 2, 9)
    };
    let mut situation = situation(Side::Out, Trigger::ReEvaluation);
    situation.records.scale_out = Some(begun);
    assert_eq!(
        decision(&situation),
        StepDecision::Finish(StepRecord {
            at: secs(1_000),
            to: 4,
            ..begun
        }),
        "the bounds of today"
    );
    // A quarter of an hour and one second ago.
    situation.records.scale_out = Some(StepRecord {
        at: secs(100),
        ..begun
    });
    assert!(matches!(
        decision(&situation),
        StepDecision::Finish(StepRecord { to: 4, .. })
    ));
    situation.records.scale_out = Some(StepRecord {
        at: secs(99),
        ..begun
    });
    assert_eq!(step_to(decision(&situation)), Some(3), "too old: afresh");
    situation.records.scale_out = Some(StepRecord {
        change: secs(900),
        ..begun
    });
    assert_eq!(
        step_to(decision(&situation)),
        Some(3),
        "for another change: afresh, and without a cooldown"
    );
    let mut scale_in = super::tests::situation(Side::In, Trigger::StateChange);
    scale_in.records.scale_in = Some(StepRecord { to: 1, ..begun });
    scale_in.deploying = true;
    assert_eq!(
        decision(&scale_in),
        StepDecision::Hold(HoldReason::Deploying)
    );
}

#[test]
fn a_record_from_the_future_says_nothing() {
    let mut situation = situation(Side::Out, Trigger::StateChange);
    situation.records.scale_out = Some(record(1_061, 2_000, 1, 2));
    assert_eq!(step_to(decision(&situation)), Some(3));
    situation.records.scale_out = Some(record(1_060, 2_000, 1, 2));
    assert_eq!(
        decision(&situation),
        StepDecision::Hold(HoldReason::Handled)
    );
}

#[test]
fn the_metric_is_asked_for_only_if_it_matters() {
    let out = steps(
        AdjustmentType::ChangeInCapacity,
        60,
        &[(0.0, 1), (200.0, 3)],
    );
    let scaling = AlarmScaling {
        bounds: Bounds::new(1, 20).unwrap(),
        steps: PerSide {
            scale_out: Some(&out),
            scale_in: None,
        },
    };
    let mut situation = situation(Side::Out, Trigger::ReEvaluation);
    assert_eq!(situation.decide_at_any_distance(&scaling), None);
    assert_eq!(step_to(situation.decide(&scaling, Some(200.0))), Some(5));
    assert_eq!(step_to(situation.decide(&scaling, None)), Some(3));

    // Within the cooldown, only a larger step adds tasks, and only the difference.
    situation.records.scale_out = Some(record(990, 990, 1, 2));
    assert_eq!(situation.decide_at_any_distance(&scaling), None);
    let larger = StepDecision::Step(StepRecord {
        base: 1,
        done: false,
        ..record(1_000, 990, 2, 4)
    });
    assert_eq!(situation.decide(&scaling, Some(200.0)), larger);

    situation.trigger = Trigger::StateChange;
    let handled = StepDecision::Hold(HoldReason::Handled);
    assert_eq!(situation.decide_at_any_distance(&scaling), Some(handled));
    situation.side = Side::In;
    assert_eq!(
        situation.decide_at_any_distance(&scaling),
        None,
        "no such side"
    );
    let nothing = StepDecision::Hold(HoldReason::AtBound);
    assert_eq!(situation.decide(&scaling, None), nothing);
}

#[test]
fn scale_out_wins() {
    let change = |state, at| {
        Some(StateChange {
            state,
            at: secs(at),
        })
    };
    let states = |scale_out, scale_in| PerSide {
        scale_out,
        scale_in,
    };
    let (alarm, ok) = (AlarmState::Alarm, AlarmState::Ok);
    let both = states(change(alarm, 5), change(alarm, 9));
    assert_eq!(ringing(both), Some((Side::Out, secs(5))));
    let one = states(change(ok, 5), change(alarm, 9));
    assert_eq!(ringing(one), Some((Side::In, secs(9))));
    let none = states(change(AlarmState::InsufficientData, 5), change(ok, 9));
    assert_eq!(ringing(none), None);
    assert_eq!(ringing(states(None, None)), None);
}

#[test]
fn the_newer_state_counts() {
    let change = |state, at| StateChange {
        state,
        at: secs(at),
    };
    let described = change(AlarmState::Ok, 10);
    let old = change(AlarmState::Alarm, 9);
    let same = change(AlarmState::Alarm, 10);
    let new = change(AlarmState::Alarm, 11);
    assert_eq!(described.or_newer(old), described);
    assert_eq!(described.or_newer(same), described);
    assert_eq!(described.or_newer(new), new);
}
