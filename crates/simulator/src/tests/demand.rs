//! Scaling by demand in the closed loop.

use super::*;
use crate::{DeadlinePolicy, DemandPolicy, KedaPolicy};

const PROCESSING: Duration = Duration::from_secs(2);

/// How the count is set.
#[derive(Clone, Copy, Debug)]
enum Form {
    Function,
    Tracking,
}

fn demand(form: Form) -> Scenario {
    let policy = match form {
        Form::Function => Policy::Deadline(DeadlinePolicy::defaults(PROCESSING)),
        Form::Tracking => Policy::Demand(DemandPolicy::defaults(PROCESSING)),
    };
    Scenario {
        processing: Distribution::Exponential(PROCESSING),
        visibility_timeout: Duration::from_secs(120),
        ..scenario().with_policy(policy)
    }
}

/// 5 messages of 2 s per second require 10 tasks. Every form runs that many and a few more.
#[test]
fn a_steady_load_gets_the_tasks_that_it_needs() {
    for (form, most) in [(Form::Function, 1.3), (Form::Tracking, 2.0)] {
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

/// 0.5 messages of 2 min per second require 60 tasks. If the work takes as long as the objective, or longer, the cost
/// is close to that of the work alone, because a message that has started can't be late anymore.
#[test]
fn long_work_costs_little_more_than_itself() {
    for (objective, work, rate) in [(120, 120, "0.5"), (1_800, 3_600, "0.01")] {
        let work = Duration::from_secs(work);
        let policy = Policy::Deadline(DeadlinePolicy::defaults(work));
        let processing = Distribution::Exponential(work);
        let scenario = Scenario {
            max: 400,
            protect: true,
            visibility_timeout: Duration::from_secs(43_200),
            retention: Duration::from_secs(14 * 86_400),
            ..Scenario::new("long", Duration::from_secs(objective), processing, policy)
        };
        let outcome = run(&scenario, &format!("poisson:rate={rate}/s,for=1d"), 1);
        // The share that is the default without an `slo`. The first messages find one task.
        assert!(
            outcome.within_objective > 0.99,
            "{objective}: {}",
            outcome.within_objective
        );
        let cost = outcome.tasks.seconds / outcome.tasks.needed_seconds;
        assert!(cost < 1.1, "{objective}: {cost}");
    }
}

/// With bursts, more messages meet the objective than with KEDA.
#[test]
fn bursts_are_met() {
    let load = "mmpp:rates=1/s|15/s,stays=50m|10m,for=2d";
    let function = run(&demand(Form::Function), load, 1);
    assert!(
        function.within_objective > 0.998,
        "{}",
        function.within_objective
    );
    let cost = function.tasks.seconds / function.tasks.needed_seconds;
    assert!(cost < 2.0, "{cost}");
    let keda = Scenario {
        policy: Policy::Keda(KedaPolicy::defaults(30.0)),
        ..demand(Form::Function)
    };
    assert!(run(&keda, load, 1).within_objective < function.within_objective);
}

/// The function checks every 5 s, and responds to a sudden rise at the next check.
#[test]
fn the_function_sees_a_rise_at_its_next_check() {
    let scenario = demand(Form::Function);
    let mut rows = "0\n".to_owned();
    for second in 600..900 {
        rows.push_str(&format!("{second}\n").repeat(10));
    }
    let load = Load::read_csv(rows.as_bytes(), None).unwrap();
    for seed in 0..20 {
        let outcome = simulate(&scenario, &load, seed).unwrap();
        let first = outcome.actions.iter().find(|action| action.at > 600.0);
        let first = first.unwrap();
        // A check is at most 15 s after the previous one, because the rule can be 10 s late, and the count follows
        // after 1 s.
        assert!(first.to > first.from && first.at < 617.0, "{first:?}");
    }
}

/// One message scales a service from zero in each form.
#[test]
fn from_zero_one_message_wakes() {
    for form in [Form::Function, Form::Tracking] {
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

/// The time between its checks costs money: 55 s per minute instead of none.
#[test]
fn a_function_that_waits_costs() {
    let load = "poisson:rate=1/s,for=1d";
    let fast = run(&demand(Form::Function), load, 1)
        .cost
        .of(crate::BillItem::Functions);
    let slow = run(&demand(Form::Tracking), load, 1)
        .cost
        .of(crate::BillItem::Functions);
    near(
        fast / slow,
        55.2 * 0.125 / (0.2 * 0.125 + 0.2 / 1e6 / 0.000_013_333_4),
        0.02,
    );
}

/// A message of 2 s every 3 minutes, of which a check every 5 s sees 40%, on a service that can scale to zero, with a
/// window of 10 minutes.
fn sparse(form: Form) -> Scenario {
    let window = Duration::from_secs(600);
    let policy = match form {
        Form::Function => Policy::Deadline(DeadlinePolicy {
            window,
            ..DeadlinePolicy::defaults(PROCESSING)
        }),
        Form::Tracking => Policy::Demand(DemandPolicy {
            window,
            ..DemandPolicy::defaults(PROCESSING)
        }),
    };
    Scenario {
        min: 0,
        initial: 0,
        processing: Distribution::Fixed(PROCESSING),
        policy,
        ..demand(form)
    }
}

/// The deletions of a minute are known at most 60 + 60 + 60 s after a message. With one message every 180 s, a deletion
/// within the last 360 s is always known, and that is shorter than the window. So the task that the first message
/// started keeps running.
#[test]
fn sparse_messages_keep_their_task() {
    for form in [Form::Function, Form::Tracking] {
        for seed in 0..5 {
            let outcome = run(&sparse(form), "constant:rate=20/h,for=8h", seed);
            let scaling = outcome.scaling;
            assert_eq!((scaling.out, scaling.r#in), (1, 0), "{form:?} {seed}");
            assert_eq!(outcome.messages.deleted, outcome.messages.sent);
        }
    }
}

/// The last message of a stream is deleted in the minute that ends at 1,860 s, so the task is needed until 2,460 s. The
/// next check, at most 15 s later, removes it, and the count follows after 1 s.
#[test]
fn after_the_last_sparse_message_the_window_runs() {
    let stream: String = (0..=10).map(|turn| format!("{}\n", turn * 180)).collect();
    let load = Load::read_csv((stream + "7200\n").as_bytes(), None).unwrap();
    for seed in 0..5 {
        let outcome = simulate(&sparse(Form::Function), &load, seed).unwrap();
        let found: Vec<_> = outcome.actions.iter().map(|action| action.to).collect();
        assert_eq!(found[..2], [1, 0], "{seed}");
        let at = outcome.actions[1].at;
        assert!((2_460.0..2_477.0).contains(&at), "{at}");
    }
}

/// Messages that arrive while there is no task aren't deletions, so they don't scale the service from zero
/// after the window.
#[test]
fn a_delay_longer_than_the_window_is_not_made_up_for() {
    let late = Scenario {
        assumptions: Assumptions {
            sqs_metric_delay: Duration::from_secs(900),
            ..Assumptions::default()
        },
        ..sparse(Form::Function)
    };
    let outcome = run(&late, "constant:rate=20/h,for=8h", 1);
    assert!(outcome.scaling.out > 3, "{:?}", outcome.scaling);
}

fn deadlines(given: f64) -> Scenario {
    let policy = DeadlinePolicy::defaults(Duration::from_secs_f64(2.0 * given));
    demand(Form::Function).with_policy(Policy::Deadline(policy))
}

/// Returns the share within the objective, and task time ÷ work for messages of 2 s.
fn delivered(scenario: &Scenario, load: &str) -> (f64, f64) {
    let outcome = run(scenario, load, 1);
    let work = outcome.messages.sent as f64 * 2.0;
    (outcome.within_objective, outcome.tasks.seconds / work)
}

/// Every message meets its deadline during bursts, at a lower cost than target tracking on the sum of both
/// requirements.
#[test]
fn deadlines_meet_bursts_for_less() {
    let load = "mmpp:rates=1/s|15/s,stays=50m|10m,for=2d";
    let (share, cost) = delivered(&deadlines(1.0), load);
    assert!(share > 0.998, "{share}");
    let (_, sum) = delivered(&demand(Form::Tracking), load);
    assert!(cost < 1.4 && cost < sum * 0.9, "{cost} {sum}");
}

/// A wrong processing time is corrected: with half or twice the true value configured, at least 99.5% of the messages meet
/// the objective, and the cost rises by at most 5%.
#[test]
fn deadlines_calibrate_the_processing_time() {
    let load = "on-off:on=15/s,off=1/s,on_for=10m,off_for=50m,for=2d";
    let (_, right) = delivered(&deadlines(1.0), load);
    for given in [0.5, 2.0] {
        let (share, cost) = delivered(&deadlines(given), load);
        assert!(share > 0.995, "{given}: {share}");
        assert!(cost / right < 1.05, "{given}: {cost} {right}");
    }
}

/// An objective of 300 s allows a backlog, so tasks are busy nearly all of the time.
#[test]
fn a_long_objective_costs_hardly_more_than_the_work() {
    let scenario = Scenario {
        slo: Duration::from_secs(300),
        ..deadlines(1.0)
    };
    let (share, cost) = delivered(&scenario, "daily:low=1/s,high=15/s,for=2d");
    assert!(share > 0.9999 && cost < 1.05, "{share} {cost}");
}

/// Every half hour, 10 messages of 2 s per second arrive for a minute. 20 tasks process them immediately, and tasks
/// start in 60 s. So for 10 s, 20 warm tasks are enough. With n tasks, message number m of 600 waits m × 2 ÷ n − m ÷ 10
/// s until new tasks are running. The first of the 8 bursts finds 20 tasks, so 480 of the other 4,200 messages can be
/// late for 90%: 68 of each 600. Message 532 waits at most 10 s if n ≥ 532 × 2 ÷ 63.2 = 16.8.
#[test]
fn warm_tasks_that_an_objective_takes_are_found() {
    let scenario = Scenario {
        slo: Duration::from_secs(10),
        initial: 20,
        processing: Distribution::Fixed(PROCESSING),
        assumptions: Assumptions {
            task_start: Distribution::Fixed(Duration::from_secs(60)),
            ..Assumptions::default()
        },
        ..demand(Form::Function)
    };
    let load = Load::generate("on-off:on=10/s,off=0/s,on_for=1m,off_for=29m,for=4h").unwrap();
    let need = crate::find_warm_need(&scenario, &load, 1, 0.9)
        .unwrap()
        .unwrap();
    assert!(need.enough && need.within_objective >= 0.9, "{need:?}");
    assert!((15..=19).contains(&need.tasks), "{need:?}");
    let with = |warm| {
        let policy = DeadlinePolicy {
            warm,
            ..DeadlinePolicy::defaults(PROCESSING)
        };
        let scenario = scenario.clone().with_policy(Policy::Deadline(policy));
        let survey = crate::survey(&scenario, &load, 1, &crate::Progress::none()).unwrap();
        survey.phases.within_objective.lowest
    };
    assert_eq!(
        with(scaling::Warm::Tasks(need.tasks)),
        need.within_objective
    );
    assert!(with(scaling::Warm::Tasks(need.tasks - 1)) < 0.9);

    let few = Scenario {
        max: 5,
        ..scenario.clone()
    };
    let need = crate::find_warm_need(&few, &load, 1, 0.9).unwrap().unwrap();
    assert_eq!((need.tasks, need.enough), (5, false));
    let long = Scenario {
        slo: Duration::from_secs(70),
        ..scenario.clone()
    };
    assert_eq!(crate::find_warm_need(&long, &load, 1, 0.9), Ok(None));
    let tracking = demand(Form::Tracking);
    assert_eq!(crate::find_warm_need(&tracking, &load, 1, 0.9), Ok(None));
}

/// A step from 1 to 15 messages of 2 s per second, which is work for 30 tasks. A datapoint from before a scale-out must
/// not be multiplied by the count after it. Without a cooldown, some seeds reached 244 and more.
#[test]
fn target_tracking_on_the_need_does_not_add_its_tasks_twice() {
    let load = Load::generate("step:from=60/min,to=900/min,at=30m,for=3h").unwrap();
    for seed in 1..=24 {
        let policy = Policy::Demand(DemandPolicy::defaults(Duration::from_secs(2)));
        let work = Distribution::Exponential(Duration::from_secs(2));
        let scenario = Scenario {
            max: 400,
            ..Scenario::new("step", Duration::from_secs(600), work, policy)
        };
        let outcome = simulate(&scenario, &load, seed).unwrap();
        assert!(outcome.tasks.most <= 60, "{seed}: {}", outcome.tasks.most);
        assert!(outcome.within_objective > 0.999, "{seed}");
    }
}
