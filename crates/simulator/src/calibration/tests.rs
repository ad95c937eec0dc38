//! Recovers each variant from observations that were generated with it, and from the public log.

use std::time::Duration;

use proptest::prelude::*;
use scaling::{
    AlarmState, Bounds, ScalableTarget, ServiceCounts, TrackingBehavior, TrackingPolicy,
};
use scaling::{
    FlappingGuard, OutCooldown, ScaleInStep, TrackingBase, TrackingDatapoint, TrackingReading,
};

use super::design::{Design, MINUTES_BEFORE, designs};
use super::fit::behaviors;
use super::*;
use crate::scenario::Overrides;

const TARGET: f64 = 10.0;

/// A small model of AWS, independent of the simulator: one datapoint per minute, alarms 12 s after each minute,
/// immediate actions, and tasks that take `start` seconds.
fn observe(design: &Design, behavior: TrackingBehavior) -> Experiment {
    let start = if design.starts_slowly { 106 } else { 24 };
    let policy = TrackingPolicy {
        target: TARGET,
        cooldown_out: design.cooldown,
        cooldown_in: design.cooldown,
        scale_in: true,
    };
    let bounds = Bounds::new(1, design.max).unwrap();
    let mut target = ScalableTarget::new(vec![policy], bounds).with_behavior(behavior);
    let before = MINUTES_BEFORE as usize;
    let value = |minute: usize| match minute.checked_sub(before) {
        Some(minute) => design.multiple(minute) * TARGET,
        None => design.before * TARGET,
    };
    let mut experiment = Experiment {
        high_datapoints: 3,
        low_datapoints: 15,
        low_threshold: 0.9 * TARGET,
        running: vec![CountSample {
            at: 0.0,
            running: design.initial,
        }],
        ..Experiment::from_design(design, TARGET)
    };
    let mut desired = design.initial;
    let mut was = [false, false];
    for minute in before..before + 12 {
        experiment.published = (0..=minute)
            .map(|minute| PublishedValue {
                at: minute as f64 * 60.0 + 3.0,
                value: value(minute),
                visible: None,
            })
            .collect();
        let at = (minute as f64 + 1.0) * 60.0 + 12.0;
        let last = |number: usize| {
            (minute + 1 - number..=minute)
                .map(value)
                .collect::<Vec<_>>()
        };
        let rings = [
            last(3).iter().all(|value| *value > TARGET),
            last(15).iter().all(|value| *value < 0.9 * TARGET),
        ];
        for (index, alarm) in [AlarmSide::High, AlarmSide::Low].into_iter().enumerate() {
            if rings[index] != was[index] {
                experiment.alarms.push(AlarmChange {
                    at,
                    alarm,
                    is_alarm: rings[index],
                });
            }
        }
        was = rings;
        let state = |rings| {
            if rings {
                AlarmState::Alarm
            } else {
                AlarmState::Ok
            }
        };
        let metric = match rings[0] {
            true => behavior.datapoint.choose(&last(3)).unwrap(),
            false => value(minute),
        };
        let reading = TrackingReading {
            high: state(rings[0]),
            low: state(rings[1]),
            metric,
            running: Some(experiment.running_at(minute as f64 * 60.0 + 3.0)),
        };
        let counts = ServiceCounts {
            running: experiment.running_at(at),
            desired,
            deploying: false,
        };
        let now = Duration::from_secs_f64(at);
        if let Some(change) = target.decide(now, counts, &[reading], &[]) {
            desired = change.to;
            experiment.activities.push(ObservedActivity {
                at: at + 0.4,
                to: desired,
            });
            let delay = if change.to > counts.desired { start } else { 2 };
            experiment.running.push(CountSample {
                at: at + f64::from(delay),
                running: desired,
            });
        }
        experiment.end = at + 59.0;
    }
    experiment
}

fn observation(behavior: TrackingBehavior) -> Observation {
    Observation {
        measured: "2026-11-29".into(),
        place: "a model".into(),
        minute: 60.0,
        experiments: designs()
            .iter()
            .map(|design| observe(design, behavior))
            .collect(),
        ..Observation::default()
    }
}

fn part<'f>(fit: &'f Fit, key: &str) -> &'f FittedPart {
    fit.parts.iter().find(|part| part.key == key).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Finds any combination again, and no other one that behaves differently in the experiments.
    #[test]
    fn every_combination_is_recovered(index in 0usize..378) {
        let behavior = behaviors()[index];
        let fit = fit(&observation(behavior));
        prop_assert!(fit.unexplained.is_none(), "{behavior:?}: {:?}", fit.unexplained);
        for (key, value) in [
            ("tracking_base", behavior.base.to_string()),
            ("tracking_cooldown", behavior.cooldown.to_string()),
            ("tracking_datapoint", behavior.datapoint.to_string()),
            ("tracking_scale_in", behavior.scale_in.to_string()),
            ("tracking_flapping_guard", behavior.flapping_guard.to_string()),
        ] {
            let found = part(&fit, key);
            let to_target = behavior.scale_in == ScaleInStep::ToTarget;
            if key == "tracking_flapping_guard" && to_target {
                // A scale-in directly to the target never goes past it, so the guard has no effect.
                prop_assert_eq!(found.values.len(), 2);
            } else {
                prop_assert_eq!(found.settled(), Some(value.as_str()), "{:?}: {:?}", behavior, found);
            }
        }
    }
}

/// Each experiment matches the arithmetic in its description: 1 → 5 → 25 → 50 without a cooldown if the base is
/// the desired count, and 40 → 39 → 38 with one task at a time.
#[test]
fn the_experiments_do_what_they_are_for() {
    let counts = |behavior, index: usize| -> Vec<u32> {
        let found = observe(&designs()[index], behavior);
        found.activities.iter().map(|one| one.to).take(3).collect()
    };
    let default = TrackingBehavior::default();
    assert_eq!(counts(default, 0), [5, 25, 50]);
    assert_eq!(counts(default, 3), [39, 38, 37]);
    assert!(counts(default, 4).is_empty());
    let percent = TrackingBehavior {
        scale_in: ScaleInStep::Percent(10),
        ..default
    };
    assert_eq!(counts(percent, 3), [36, 33, 30]);
    let off = TrackingBehavior {
        flapping_guard: FlappingGuard::Off,
        ..default
    };
    assert_eq!(counts(off, 4), [1]);
    let minimum = TrackingBehavior {
        datapoint: TrackingDatapoint::Minimum,
        ..default
    };
    assert_eq!(counts(minimum, 2)[0], 2);
}

/// The public log contains a metric that can't distinguish latest, average, and minimum, and rules out
/// `repeats`.
#[test]
fn the_public_log_leaves_open_what_it_leaves_open() {
    let out = |name: &str, values: [f64; 4], to: u32| Experiment {
        name: name.into(),
        target: 20.0,
        min: 1,
        max: 4,
        initial: to - 1,
        cooldown_out: 60.0,
        cooldown_in: 60.0,
        high_datapoints: 3,
        low_datapoints: 15,
        low_threshold: 18.0,
        published: (0..4)
            .map(|index| PublishedValue {
                at: index as f64 * 60.0,
                value: values[index],
                visible: None,
            })
            .collect(),
        alarms: vec![AlarmChange {
            at: 192.0,
            alarm: AlarmSide::High,
            is_alarm: true,
        }],
        activities: vec![ObservedActivity { at: 192.8, to }],
        running: vec![
            CountSample {
                at: 0.0,
                running: to - 1,
            },
            CountSample {
                at: 220.0,
                running: to,
            },
        ],
        start: 0.0,
        end: 192.0 + 119.0,
    };
    // "ingest 1" and "ingest 2" of crates/scaling/src/tracking_policy/log.json, each with the following minute.
    let log = Observation {
        measured: "2026-11-01".into(),
        place: "public log".into(),
        minute: 60.0,
        experiments: vec![
            out("ingest 1", [22.75, 35.0, 35.0, 34.417], 2),
            out("ingest 2", [27.13, 27.46, 27.29, 27.275], 3),
        ],
        ..Observation::default()
    };
    let fit = fit(&log);
    assert!(fit.consistent > 0, "{fit:?}");
    assert_eq!(
        part(&fit, "tracking_datapoint").values,
        ["latest", "average", "minimum"]
    );
    let cooldown = part(&fit, "tracking_cooldown");
    assert_eq!(cooldown.values, ["larger_passes", "blocks"]);
    assert!(
        cooldown.evidence.contains("repeats sets"),
        "{}",
        cooldown.evidence
    );
    assert_eq!(part(&fit, "tracking_flapping_guard").values.len(), 2);
    let file = fit.assumptions_file().unwrap();
    assert!(
        file.contains("# tracking_datapoint: latest, average or minimum: not distinguishable"),
        "{file}"
    );
}

#[test]
fn what_no_variant_explains_is_reported() {
    let mut wrong = observation(TrackingBehavior::default());
    wrong.experiments[0].activities[0].to = 17;
    let fit = fit(&wrong);
    assert_eq!(fit.consistent, 0);
    let why = fit.unexplained.unwrap();
    assert!(
        why.contains("experiment base") && why.contains("17 tasks followed 1"),
        "{why}"
    );
    assert!(fit.parts.iter().all(|part| part.values.is_empty()));
}

/// `--assumptions` can read the file that a fit writes, and the values are the same.
#[test]
fn the_file_is_read_again() {
    let behavior = TrackingBehavior {
        base: TrackingBase::Running,
        cooldown: OutCooldown::Blocks,
        ..TrackingBehavior::default()
    };
    let mut observed = observation(behavior);
    observed.image = Some("public.ecr.aws/docker/library/busybox:stable".into());
    observed.task_starts = vec![22.0, 24.0, 26.0, 23.0, 25.0];
    let fit = fit(&observed);
    let mut overrides = Overrides::default();
    let file = fit.assumptions_file().unwrap();
    overrides
        .assume_file("assumptions.yaml", &file)
        .unwrap_or_else(|report| panic!("{report:?}\n{file}"));
    let found = overrides.assumptions.unwrap();
    assert_eq!(found.tracking, behavior);
    // The model evaluates alarms 12 s after the minute, and acts 0.4 s later. 24 s is the mean of the starts.
    assert_eq!(found.evaluation_delay, Duration::from_secs(12));
    assert_eq!(found.action_delay, Duration::from_millis(400));
    assert!(file.contains("lognormal:24000ms,0.07"), "{file}");
    let evidence = &found.evidence["tracking_base"];
    assert!(
        evidence.starts_with("measured 2026-11-29: in experiment"),
        "{evidence}"
    );
}

/// Times of a sandbox are compressed. The assumptions are times of the loop.
#[test]
fn a_compressed_observation_gives_the_same() {
    let mut fast = observation(TrackingBehavior::default());
    let expected = fit(&fast);
    fast.minute = 3.0;
    for one in &mut fast.experiments {
        one.published.iter_mut().for_each(|value| value.at /= 20.0);
        one.alarms.iter_mut().for_each(|change| change.at /= 20.0);
        one.activities
            .iter_mut()
            .for_each(|activity| activity.at /= 20.0);
        one.running.iter_mut().for_each(|sample| sample.at /= 20.0);
        one.end /= 20.0;
    }
    let found = fit(&fast);
    assert_eq!(found.delays, expected.delays);
    let values = |fit: &Fit| {
        fit.parts
            .iter()
            .map(|part| part.values.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(values(&found), values(&expected));
}
