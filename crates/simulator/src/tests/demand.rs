//! The demand law in the closed loop.

use super::*;
use crate::{DemandForm, DemandPolicy, KedaPolicy};

fn demand(form: DemandForm) -> Scenario {
    let processing = Duration::from_secs(2);
    Scenario {
        processing: Distribution::Exponential(processing),
        visibility_timeout: Duration::from_secs(120),
        ..scenario().with_policy(Policy::Demand(DemandPolicy::defaults(form, processing)))
    }
}

/// 5 messages a second of 2 s are 10 tasks; every form runs that many and a few, no more.
#[test]
fn a_steady_load_gets_the_tasks_that_it_needs() {
    for (form, most) in [(DemandForm::Function, 1.3), (DemandForm::Tracking, 2.0)] {
        let outcome = run(&demand(form), "poisson:rate=5/s,for=12h", 5);
        assert!(
            outcome.within_objective > 0.99,
            "{form:?}: {}",
            outcome.within_objective
        );
        let cost = outcome.tasks.seconds / outcome.tasks.needed_seconds;
        assert!((1.0..most).contains(&cost), "{form:?}: {cost}");
    }
}

/// What the law is for: on bursts it keeps more than KEDA and more than backlog per task.
#[test]
fn bursts_are_met() {
    let load = "mmpp:rates=1/s|15/s,stays=50m|10m,for=2d";
    let function = run(&demand(DemandForm::Function), load, 1);
    assert!(
        function.within_objective > 0.998,
        "{}",
        function.within_objective
    );
    let cost = function.tasks.seconds / function.tasks.needed_seconds;
    assert!(cost < 2.0, "{cost}");
    let keda = Scenario {
        policy: Policy::Keda(KedaPolicy::defaults(30.0)),
        ..demand(DemandForm::Function)
    };
    assert!(run(&keda, load, 1).within_objective < function.within_objective);
}

/// The function looks six times a minute, and acts within a look and a start of a sudden rise.
#[test]
fn the_function_sees_a_rise_at_its_next_look() {
    let scenario = demand(DemandForm::Function);
    let mut rows = "0\n".to_owned();
    for second in 600..900 {
        rows.push_str(&format!("{second}\n").repeat(10));
    }
    let load = Load::read_csv(rows.as_bytes(), None).unwrap();
    for seed in 0..20 {
        let outcome = simulate(&scenario, &load, seed).unwrap();
        let first = outcome.actions.iter().find(|action| action.at > 600.0);
        let first = first.unwrap();
        // A look is at most 20 s after the one before when the rule is late, and the count follows in 1 s.
        assert!(first.to > first.from && first.at < 622.0, "{first:?}");
    }
}

/// A service without tasks is woken by one message in each form.
#[test]
fn from_zero_one_message_wakes() {
    for form in [DemandForm::Function, DemandForm::Tracking] {
        let scenario = Scenario {
            min: 0,
            initial: 0,
            ..demand(form)
        };
        let load = Load::read_csv("0\n400\n3000\n".as_bytes(), None).unwrap();
        let outcome = simulate(&scenario, &load, 1).unwrap();
        assert!(outcome.messages.deleted >= 1, "{form:?}");
        assert_eq!(outcome.actions[0].from, 0, "{form:?}");
    }
}

/// Its time between looks is paid for: 50 s a minute rather than none.
#[test]
fn a_function_that_waits_costs() {
    let load = "poisson:rate=1/s,for=1d";
    let fast = run(&demand(DemandForm::Function), load, 1)
        .cost
        .of(crate::BillItem::Functions);
    let slow = run(&demand(DemandForm::Tracking), load, 1)
        .cost
        .of(crate::BillItem::Functions);
    near(
        fast / slow,
        50.2 * 0.125 / (0.2 * 0.125 + 0.2 / 1e6 / 0.000_013_333_4),
        0.02,
    );
}

/// A message of 2 s every 3 minutes, of which a look every 10 s sees a fifth, on a service that can go to zero tasks, with
/// a window of 10 minutes.
fn sparse(form: DemandForm) -> Scenario {
    let processing = Duration::from_secs(2);
    Scenario {
        min: 0,
        initial: 0,
        processing: Distribution::Fixed(processing),
        policy: Policy::Demand(DemandPolicy {
            window: Duration::from_secs(600),
            ..DemandPolicy::defaults(form, processing)
        }),
        ..demand(form)
    }
}

/// What was deleted in a minute is known at most 60 + 60 + 60 s after a message, so with one every 180 s a delete of the
/// last 360 s is always known, which is less than the window: the task that the first message woke stays.
#[test]
fn sparse_messages_keep_their_task() {
    for form in [DemandForm::Function, DemandForm::Tracking] {
        for seed in 0..5 {
            let outcome = run(&sparse(form), "constant:rate=20/h,for=8h", seed);
            let scaling = outcome.scaling;
            assert_eq!((scaling.out, scaling.r#in), (1, 0), "{form:?} {seed}");
            assert_eq!(outcome.messages.deleted, outcome.messages.sent);
        }
    }
}

/// The last of a stream is deleted in the minute that ends at 1,860 s, so the task is needed until 2,460 s. A look that sees
/// it, at 1,802 s at the latest, counts it as an arrival for two minutes and two looks of up to 20 s more: until 2,562 s. The
/// next look, after 20 s at most, removes the task.
#[test]
fn after_the_last_sparse_message_the_window_runs() {
    let stream: String = (0..=10).map(|turn| format!("{}\n", turn * 180)).collect();
    let load = Load::read_csv((stream + "7200\n").as_bytes(), None).unwrap();
    for seed in 0..5 {
        let outcome = simulate(&sparse(DemandForm::Function), &load, seed).unwrap();
        let found: Vec<_> = outcome.actions.iter().map(|action| action.to).collect();
        assert_eq!(found[..2], [1, 0], "{seed}");
        let at = outcome.actions[1].at;
        assert!((2_460.0..2_583.0).contains(&at), "{at}");
    }
}

/// Messages that arrive while there is no task are no deletes: nothing wakes what has slept through the window.
#[test]
fn a_delay_longer_than_the_window_is_not_made_up_for() {
    let late = Scenario {
        assumptions: Assumptions {
            sqs_metric_delay: Duration::from_secs(900),
            ..Assumptions::default()
        },
        ..sparse(DemandForm::Function)
    };
    let outcome = run(&late, "constant:rate=20/h,for=8h", 1);
    assert!(outcome.scaling.out > 3, "{:?}", outcome.scaling);
}
