//! The loop: sampling, alarms, Application Auto Scaling, task starts.

use super::*;
use crate::{BacklogPolicy, StepPolicy};
use scaling::TrackingBehavior;

fn backlog(target: f64) -> BacklogPolicy {
    BacklogPolicy {
        target,
        visible: true,
        in_flight: false,
        cooldown_out: Duration::from_secs(60),
        cooldown_in: Duration::from_secs(300),
        every: Duration::from_secs(60),
    }
}

/// The articles' example: 10 tasks, 0.1 s per message, 10 s acceptable latency, so a target of 100. A constant
/// backlog of 1,500 messages results in 15 tasks.
#[test]
fn the_worked_example_goes_from_ten_to_fifteen() {
    let scenario = Scenario {
        processing: Distribution::Fixed(Duration::from_millis(100)),
        slo: Duration::from_secs(10),
        initial: 10,
        policy: Policy::BacklogPerTask(backlog(100.0)),
        ..scenario()
    };
    // 1,500 messages at once, then exactly as many as ten tasks can process.
    let mut rows = "0\n".repeat(1_510);
    for tenth in 1..6_000 {
        for _ in 0..10 {
            rows.push_str(&format!("{}.{}\n", tenth / 10, tenth % 10));
        }
    }
    let load = Load::read_csv(rows.as_bytes(), None).unwrap();
    let outcome = simulate(&scenario, &load, 1).unwrap();
    let first = outcome.actions[0];
    assert_eq!((first.from, first.to), (10, 15));
    let before = outcome
        .series
        .iter()
        .rfind(|point| point.at < first.at)
        .unwrap();
    near(before.backlog_per_task, 150.0, 0.01);
    near(before.running, 10.0, 1e-9);
}

/// Returns when the first scale-out after a sudden rise was decided, in seconds after the rise.
fn detection(seed: u64, assumptions: Assumptions) -> f64 {
    let action_delay = assumptions.action_delay.as_secs_f64();
    let scenario = Scenario {
        processing: Distribution::Fixed(Duration::from_secs(600)),
        policy: Policy::BacklogPerTask(backlog(100.0)),
        assumptions,
        ..scenario()
    };
    // The rise comes at any second of a minute, and crosses the target immediately.
    let rise = 600 + seed % 60;
    let rows = "0\n".to_owned() + &format!("{rise}\n").repeat(1_000) + &format!("{}\n", rise + 500);
    let load = Load::read_csv(rows.as_bytes(), None).unwrap();
    let outcome = simulate(&scenario, &load, seed).unwrap();
    let first = outcome
        .actions
        .iter()
        .find(|action| action.to > action.from)
        .unwrap();
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    let rise = rise as f64;
    first.at - action_delay - rise
}

/// 3 out of 3 datapoints of a minute are over the target 130 to 270 s after the load changes.
#[test]
fn a_rise_is_seen_after_two_to_four_and_a_half_minutes() {
    let punctual = Assumptions {
        rule_jitter: Duration::ZERO,
        ..Assumptions::default()
    };
    let delays: Vec<f64> = (0..600)
        .map(|seed| detection(seed, punctual.clone()))
        .collect();
    let least = delays.iter().copied().fold(f64::INFINITY, f64::min);
    let most = delays.iter().copied().fold(0.0, f64::max);
    assert!(least >= 130.0 && most <= 270.0, "{least} to {most}");
    assert!(
        least < 150.0 && most > 230.0,
        "the whole range occurs: {least} to {most}"
    );
}

/// A late rule occasionally leaves a minute without a datapoint, and each such minute delays detection by
/// another one.
#[test]
fn a_late_rule_costs_a_minute_now_and_then() {
    let delays: Vec<f64> = (0..600)
        .map(|seed| detection(seed, Assumptions::default()))
        .collect();
    let late = delays.iter().filter(|delay| **delay > 270.0).count();
    assert!((1..60).contains(&late), "{late} of 600");
    let most = delays.iter().copied().fold(0.0, f64::max);
    assert!(most <= 270.0 + 2.0 * 60.0, "{most}");
    assert!(delays.iter().all(|delay| *delay >= 130.0));
}

/// AWS measured 363 s until tasks were added with periods of 60 s, and 86 s with 20 s, with its own CPU metric.
/// A custom metric with 60 s is between the two, because the CPU utilization must first be reported.
#[test]
fn it_is_between_what_aws_measured() {
    let mean = (0..200)
        .map(|seed| detection(seed, Assumptions::default()))
        .sum::<f64>()
        / 200.0;
    assert!((86.0..363.0).contains(&mean), "{mean}");
}

/// With one datapoint to alarm less, it is detected a minute earlier.
#[test]
fn each_datapoint_costs_a_minute() {
    let mean = |high_datapoints| {
        let assumptions = Assumptions {
            high_datapoints,
            ..Assumptions::default()
        };
        (0..200)
            .map(|seed| detection(seed, assumptions.clone()))
            .sum::<f64>()
            / 200.0
    };
    near(mean(3) - mean(2), 60.0, 0.05);
}

#[test]
fn a_quiet_service_scales_in_to_its_minimum() {
    let scenario = Scenario {
        initial: 20,
        min: 2,
        policy: Policy::BacklogPerTask(backlog(10.0)),
        ..scenario()
    };
    let outcome = run(&scenario, "constant:rate=1/min,for=3h", 1);
    let first = outcome.actions[0];
    assert_eq!((first.from, first.to), (20, 19));
    assert!(outcome.actions.iter().all(|step| step.to + 1 == step.from));
    assert_eq!(outcome.actions.last().unwrap().to, 2);
    // 15 datapoints, one per minute. The first can be late, and the evaluation comes 10 s later.
    assert!((900.0..1_020.0).contains(&first.at), "{}", first.at);
    assert!(outcome.series.last().unwrap().scale_in_alarm);
}

/// Without tasks, target tracking alone never detects a single message with a target of one. The step policy
/// scales from zero.
#[test]
fn a_service_without_tasks_is_woken_by_one_message() {
    let scenario = Scenario {
        min: 0,
        initial: 0,
        policy: Policy::BacklogPerTask(backlog(60.0)),
        ..scenario()
    };
    let load = Load::read_csv("0\n300\n3000\n".as_bytes(), None).unwrap();
    let outcome = simulate(&scenario, &load, 1).unwrap();
    assert_eq!(outcome.messages.deleted, 3);
    assert_eq!((outcome.actions[0].from, outcome.actions[0].to), (0, 1));
    assert!(outcome.actions[0].at < 150.0);
    assert!(
        outcome.actions.iter().any(|action| action.to == 0),
        "and it goes back to sleep"
    );
}

/// One message every three hours with 90 s of work each, on a service that scales to zero in between. The low
/// alarm of its policy is in ALARM all night. Whatever Application Auto Scaling does where AWS documents
/// nothing, each message is processed once, with one scale-out and one scale-in.
#[test]
fn a_task_that_was_started_from_zero_is_not_removed_before_its_work() {
    let load = Load::read_csv("0\n10800\n21600\n32400\n".as_bytes(), None).unwrap();
    for tracking in every_behavior() {
        let scenario = Scenario {
            min: 0,
            initial: 0,
            visibility_timeout: Duration::from_secs(600),
            processing: Distribution::Fixed(Duration::from_secs(90)),
            policy: Policy::BacklogPerTask(BacklogPolicy {
                in_flight: true,
                cooldown_out: Duration::from_secs(30),
                cooldown_in: Duration::from_secs(60),
                ..backlog(300.0 / 90.0)
            }),
            assumptions: Assumptions {
                task_start: Distribution::Fixed(Duration::from_secs(61)),
                tracking,
                ..Assumptions::default()
            },
            ..scenario()
        };
        let outcome = simulate(&scenario, &load, 1).unwrap();
        assert_eq!(outcome.messages.deleted, 4, "{tracking:?}");
        assert_eq!(outcome.messages.processed_again, 0, "{tracking:?}");
        // The simulation ends with the last message, before the last scale-in.
        assert_eq!(outcome.actions.len(), 7, "{tracking:?}");
    }
}

/// Every combination of the assumptions about target tracking.
fn every_behavior() -> Vec<TrackingBehavior> {
    let mut all = Vec::new();
    for base in ["desired", "running_then", "running"] {
        for cooldown in ["larger_passes", "blocks", "repeats"] {
            for datapoint in ["latest", "average", "minimum"] {
                for scale_in in ["one_task", "25%", "to_target"] {
                    for flapping_guard in ["on", "off"] {
                        all.push(TrackingBehavior {
                            base: base.parse().unwrap(),
                            cooldown: cooldown.parse().unwrap(),
                            datapoint: datapoint.parse().unwrap(),
                            scale_in: scale_in.parse().unwrap(),
                            flapping_guard: flapping_guard.parse().unwrap(),
                        });
                    }
                }
            }
        }
    }
    all
}

/// KEDA: 30 messages with a queue length of 5 require 6 pods. The autoscaler adds 4 at its next sync.
#[test]
fn keda_divides_the_messages_by_the_queue_length() {
    let scenario = Scenario {
        processing: Distribution::Fixed(Duration::from_secs(1_000)),
        policy: Policy::Keda(KedaPolicy::defaults(5.0)),
        ..scenario()
    };
    let load = Load::read_csv(("0\n".repeat(30) + "100\n").as_bytes(), None).unwrap();
    let outcome = simulate(&scenario, &load, 1).unwrap();
    let taken: Vec<_> = outcome.actions.iter().take(2).collect();
    assert_eq!((taken[0].to, taken[0].at), (5, 16.0));
    assert_eq!((taken[1].to, taken[1].at), (6, 31.0));
}

/// The CDK's steps: five more tasks at 500 messages, one more at 100, and one less if the queue is empty.
#[test]
fn the_cdk_takes_steps() {
    let policy = Policy::Steps(StepPolicy::cdk_queue_processing().unwrap());
    let slow = Scenario {
        processing: Distribution::Fixed(Duration::from_secs(100)),
        policy,
        ..scenario()
    };
    let burst = |messages| {
        let load = Load::read_csv(("0\n".repeat(messages) + "1200\n").as_bytes(), None).unwrap();
        let outcome = simulate(&slow, &load, 1).unwrap();
        (outcome.actions[0].from, outcome.actions[0].to)
    };
    assert_eq!(burst(700), (1, 6));
    assert_eq!(burst(300), (1, 2));
    let quiet = Scenario { initial: 3, ..slow };
    let outcome = run(&quiet, "constant:rate=1/h,for=1h", 1);
    assert_eq!((outcome.actions[0].from, outcome.actions[0].to), (3, 2));
    let pauses: Vec<f64> = outcome
        .actions
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    assert!(pauses.iter().all(|pause| *pause >= 300.0), "{pauses:?}");
}

/// The ideal meets the objective, and no policy that meets it has fewer task-seconds.
#[test]
fn the_ideal_is_the_cheapest_that_meets_the_objective() {
    let load = "mmpp:rates=1/s|15/s,stays=20m|5m,for=2d";
    let ideal = Scenario {
        policy: Policy::Ideal,
        ..scenario()
    };
    let best = run(&ideal, load, 3);
    assert!(best.within_objective > 0.999, "{}", best.within_objective);
    near(best.tasks.seconds, best.tasks.needed_seconds, 0.02);
    near(best.cost.ideal, best.cost.total, 0.02);
    for policy in [
        Policy::BacklogPerTask(backlog(60.0)),
        Policy::Keda(KedaPolicy::defaults(60.0)),
        Policy::Fixed { tasks: 16 },
    ] {
        let other = run(
            &Scenario {
                policy,
                ..scenario()
            },
            load,
            3,
        );
        assert_eq!(
            other.messages.sent, best.messages.sent,
            "they meet the same messages"
        );
        near(other.tasks.needed_seconds, best.tasks.needed_seconds, 1e-9);
        assert!(
            other.tasks.seconds > best.tasks.seconds
                || other.within_objective < best.within_objective
        );
    }
}

/// ECS launches 500 tasks per minute: the last of 1,001 two minutes after the first.
#[test]
fn launches_take_their_time() {
    let scenario = Scenario {
        max: 2_000,
        processing: Distribution::Fixed(Duration::from_secs(1_000)),
        policy: Policy::Keda(KedaPolicy {
            growth: 2_000,
            ..KedaPolicy::defaults(1.0)
        }),
        assumptions: Assumptions {
            task_start: Distribution::Fixed(Duration::from_secs(30)),
            ..Assumptions::default()
        },
        ..scenario()
    };
    let load = Load::read_csv(("0\n".repeat(1_002) + "600\n").as_bytes(), None).unwrap();
    let outcome = simulate(&scenario, &load, 1).unwrap();
    let full = outcome
        .series
        .iter()
        .find(|point| point.running >= 1_002.0)
        .unwrap();
    // Sync at 15 s, 1 s until the count is set, 120 s of launches, 30 s to start.
    near(full.at, 15.0 + 1.0 + 120.0 + 30.0, 0.02);
}

#[test]
fn a_killed_task_gives_its_message_back_when_it_is_visible_again() {
    let scenario = Scenario {
        processing: Distribution::Fixed(Duration::from_secs(100)),
        visibility_timeout: Duration::from_secs(120),
        stop_timeout: Duration::from_secs(30),
        initial: 2,
        policy: keda_on_visible(),
        ..scenario()
    };
    let load = Load::read_csv("0\n0\n1000\n".as_bytes(), None).unwrap();
    let outcome = simulate(&scenario, &load, 1).unwrap();
    // No message is waiting, so at 15 s one task too many is detected. It is stopped at 16 s and killed at 46
    // s, and its message is visible at 120 s. The other task, idle since 100 s, takes it.
    assert_eq!(outcome.messages.interrupted, 1);
    assert_eq!(outcome.messages.processed_again, 1);
    assert_eq!(outcome.messages.deleted, 3);
    near(outcome.waiting.max, 120.0, 1e-9);
}

#[test]
fn a_message_that_takes_longer_than_it_is_hidden_is_processed_twice() {
    let scenario = Scenario {
        processing: Distribution::Fixed(Duration::from_secs(100)),
        visibility_timeout: Duration::from_secs(60),
        policy: Policy::Fixed { tasks: 2 },
        ..scenario()
    };
    let load = Load::read_csv("0\n".as_bytes(), None).unwrap();
    let outcome = simulate(&scenario, &load, 1).unwrap();
    // Received at 0 s and again at 60 s, so the first receipt handle doesn't delete it at 100 s. Visible again
    // at 120 s and received a third time, and so on: it never ends.
    assert_eq!(outcome.messages.deleted, 0);
    assert_eq!(outcome.messages.waiting + outcome.messages.in_flight, 1);
    near(outcome.drain, 86_400.0, 1e-4);
    assert!(
        outcome.messages.processed_again >= 15,
        "{:?}",
        outcome.messages
    );
    let limited = Scenario {
        max_receives: Some(3),
        ..scenario
    };
    let outcome = simulate(&limited, &load, 1).unwrap();
    assert_eq!(outcome.messages.dead_letters, 1);
    assert_eq!(outcome.messages.processed_again, 2);
    assert!(
        outcome.within_objective == 1.0,
        "it was processed in time after all"
    );
}

#[test]
fn old_messages_expire() {
    let scenario = Scenario {
        processing: Distribution::Fixed(Duration::from_secs(100)),
        retention: Duration::from_secs(150),
        ..scenario()
    };
    let load = Load::read_csv("0\n0\n0\n1000\n".as_bytes(), None).unwrap();
    let outcome = simulate(&scenario, &load, 1).unwrap();
    assert_eq!((outcome.messages.deleted, outcome.messages.expired), (3, 1));
    // In time: the first and the last.
    near(outcome.within_objective, 2.0 / 4.0, 1e-9);
}
