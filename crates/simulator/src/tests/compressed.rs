//! The compressed clock.

use proptest::prelude::*;

use super::*;
use crate::random::{Purpose, Random, Sampler};
use crate::{Arrival, BacklogPolicy, DeadlinePolicy, DemandPolicy, KedaPolicy, StepPolicy};

/// Times are multiples of this, so that every tested speed results in whole numbers and nothing is rounded.
/// Many small rounding errors would change the order of events that are close together.
const GRAIN: u64 = 20_000;

fn grain(nanos: u64) -> u64 {
    nanos / GRAIN * GRAIN
}

/// A load with its own processing times, with everything `speed` times faster.
fn load(kind: usize, seed: u64, speed: u64) -> Load {
    let text = [
        "poisson:rate=9/s,for=1h",
        "mmpp:rates=1/s|20/s,stays=9m|3m,for=1h",
        "flash-crowd:base=1/s,peak=30/s,at=11m,rise=30s,fall=4m,for=1h",
    ][kind % 3];
    let load = Load::generate(text).unwrap();
    let mut random = Random::new(seed, Purpose::Work);
    let sampler = Sampler::new(Distribution::Exponential(Duration::from_millis(500)));
    let messages = load.arrivals(seed).map(|arrival| Arrival {
        at: grain(arrival.at) / speed,
        work: Some(grain(sampler.draw(&mut random)) / speed),
        part: None,
    });
    let lasts = Duration::from_secs(3_600) / u32::try_from(speed).unwrap();
    Load::from_messages(messages, lasts)
}

/// Policies that don't use deadlines.
fn policies() -> Vec<Policy> {
    let backlog = |every| {
        Policy::BacklogPerTask(BacklogPolicy {
            every: Duration::from_secs(every),
            ..BacklogPolicy::copilot(20.0)
        })
    };
    vec![
        backlog(60),
        backlog(120),
        Policy::Steps(StepPolicy::cdk_queue_processing().unwrap()),
        Policy::Keda(KedaPolicy::defaults(20.0)),
        Policy::Ideal,
        Policy::Fixed { tasks: 6 },
    ]
}

/// A scenario whose messages are also `speed` times faster.
fn faster(scenario: &Scenario, speed: f64) -> Scenario {
    let short = |time: Duration| time.div_f64(speed);
    Scenario {
        slo: short(scenario.slo),
        processing: scenario.processing.shortened(speed),
        visibility_timeout: short(scenario.visibility_timeout),
        retention: short(scenario.retention),
        stop_timeout: short(scenario.stop_timeout),
        policy: match scenario.policy.compressed(speed) {
            Policy::Demand(policy) => Policy::Demand(DemandPolicy {
                processing_time: policy.processing_time.map(short),
                ..policy
            }),
            Policy::Deadline(policy) => Policy::Deadline(DeadlinePolicy {
                processing_time: policy.processing_time.map(short),
                ..policy
            }),
            other => other,
        },
        ..scenario.compressed(speed)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// If messages are compressed with the loop, only the unit of time changes.
    #[test]
    fn a_wholly_compressed_scenario_has_the_same_course(
        policy in proptest::sample::select(policies()),
        kind in 0usize..3,
        speed in proptest::sample::select(vec![2u32, 4, 5, 10, 20]),
        visibility in 1u64..60,
        drains in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let base = scenario();
        let slow = Scenario {
            policy,
            processing: Distribution::Exponential(Duration::from_millis(500)),
            slo: Duration::from_secs(40),
            visibility_timeout: Duration::from_secs(visibility),
            assumptions: Assumptions {
                drains,
                // A fixed duration, so that the time of a task's first message is a whole number, too.
                task_start: Distribution::Fixed(Duration::from_secs(35)),
                ..base.assumptions.clone()
            },
            ..base
        };
        let fast = simulate(&faster(&slow, speed.into()), &load(kind, seed, speed.into()), seed).unwrap();
        let slow = simulate(&slow, &load(kind, seed, 1), seed).unwrap();
        let speed = f64::from(speed);
        prop_assert_eq!(slow.messages, fast.messages);
        prop_assert_eq!(slow.scaling, fast.scaling);
        prop_assert_eq!(slow.within_objective, fast.within_objective);
        prop_assert_eq!(slow.actions.len(), fast.actions.len());
        for (slow, fast) in slow.actions.iter().zip(&fast.actions) {
            prop_assert_eq!((slow.from, slow.to), (fast.from, fast.to));
            prop_assert!((slow.at - fast.at * speed).abs() < 1e-3, "{slow:?} {fast:?}");
        }
        let pairs = [
            (slow.waiting.max, fast.waiting.max),
            (slow.waiting.mean, fast.waiting.mean),
            (slow.over_slo, fast.over_slo),
            (slow.tasks.seconds, fast.tasks.seconds),
            (slow.tasks.billed_seconds, fast.tasks.billed_seconds),
            (slow.tasks.needed_seconds, fast.tasks.needed_seconds),
        ];
        for (slow, fast) in pairs {
            prop_assert!((slow - fast * speed).abs() <= 1e-3 + slow * 1e-6, "{slow} {fast}");
        }
    }

    /// Deadline scaling computes in seconds with rounded fractions, so borderline decisions can differ. The course is
    /// only nearly the same.
    #[test]
    fn a_wholly_compressed_scenario_costs_as_much_by_deadlines(
        kind in 0usize..3,
        speed in proptest::sample::select(vec![2u32, 4, 5, 10, 20]),
        objective in proptest::sample::select(vec![15u64, 40, 120]),
        seed in any::<u64>(),
    ) {
        let base = scenario();
        let half = Duration::from_millis(500);
        let slow = Scenario {
            policy: Policy::Deadline(DeadlinePolicy::defaults(half)),
            processing: Distribution::Exponential(half),
            slo: Duration::from_secs(objective),
            assumptions: Assumptions {
                task_start: Distribution::Fixed(Duration::from_secs(35)),
                ..base.assumptions.clone()
            },
            ..base
        };
        let fast = simulate(&faster(&slow, speed.into()), &load(kind, seed, speed.into()), seed).unwrap();
        let slow = simulate(&slow, &load(kind, seed, 1), seed).unwrap();
        prop_assert!((slow.within_objective - fast.within_objective).abs() < 0.01, "{} {}", slow.within_objective, fast.within_objective);
        let (slow, fast) = (slow.tasks.seconds, fast.tasks.seconds * f64::from(speed));
        prop_assert!((slow / fast - 1.0).abs() < 0.1, "{slow} {fast}");
    }
}

/// Only the loop is faster: the same messages are detected and processed sooner.
#[test]
fn a_faster_loop_meets_the_same_messages() {
    let slow = Scenario {
        policy: Policy::BacklogPerTask(BacklogPolicy::copilot(20.0)),
        processing: Distribution::Exponential(Duration::from_millis(500)),
        ..scenario()
    };
    let load = "step:from=1/s,to=20/s,at=3m,for=20m";
    let (slow, fast) = (run(&slow, load, 5), run(&slow.compressed(20.0), load, 5));
    assert_eq!(slow.messages.sent, fast.messages.sent);
    assert!(fast.actions[0].at - 180.0 < (slow.actions[0].at - 180.0) / 10.0);
    assert!(fast.waiting.p99 < slow.waiting.p99);
    assert!(
        fast.assumptions
            .iter()
            .any(|line| line.name == "a minute of the loop" && line.value == "3s")
    );
}

/// The loop in the sandbox is faster by the speed of its clock, except for the time that processes need.
#[test]
fn the_sandbox_has_its_own_constants() {
    let scenario = Scenario {
        policy: Policy::BacklogPerTask(BacklogPolicy::copilot(20.0)),
        processing: Distribution::Exponential(Duration::from_millis(500)),
        ..scenario()
    };
    let load = "step:from=1/s,to=20/s,at=30s,for=3m";
    let outcome = run(&scenario.in_sandbox(20.0), load, 5);
    let first = outcome.first_scale_out().unwrap();
    // Three datapoints of 3 s each over the target: 6 to 12 s, plus the time for evaluation and calls.
    assert!((36.0..43.0).contains(&first), "{first}");
    let assumed = Assumptions::sandbox(20.0);
    assert_eq!(assumed.minute, Duration::from_secs(3));
    let mean = Duration::from_millis(2_175);
    assert_eq!(assumed.task_start.mean(), mean);
}

#[test]
fn a_speed_of_one_or_nonsense_changes_nothing() {
    for policy in policies() {
        let scenario = Scenario {
            policy,
            ..scenario()
        };
        for speed in [1.0, 0.0, -3.0, f64::NAN] {
            assert_eq!(scenario.compressed(speed), scenario, "{speed}");
        }
    }
}
