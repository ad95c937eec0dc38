//! Replays the events of public scaling logs, including the ones in which nothing happened.

use serde::Deserialize;

use super::*;
use crate::tracking_behavior::TrackingDatapoint;

#[derive(Deserialize)]
struct Log {
    scale_out: Vec<Out>,
    scale_in: Vec<In>,
}

#[derive(Deserialize)]
struct Out {
    id: String,
    before: u32,
    datapoints: Vec<f64>,
    target: f64,
    max: u32,
    after: u32,
}

#[derive(Deserialize)]
struct In {
    id: String,
    before: u32,
    metric: f64,
    target: f64,
    min: u32,
    after: u32,
}

fn log() -> Log {
    serde_json::from_str(include_str!("log.json")).unwrap()
}

fn behaviors() -> impl Iterator<Item = TrackingBehavior> {
    let datapoints = [
        TrackingDatapoint::Latest,
        TrackingDatapoint::Average,
        TrackingDatapoint::Minimum,
    ];
    datapoints.into_iter().map(|datapoint| TrackingBehavior {
        datapoint,
        ..TrackingBehavior::default()
    })
}

fn policy(target: f64) -> TrackingPolicy {
    TrackingPolicy {
        target,
        cooldown_out: Duration::from_secs(60),
        cooldown_in: Duration::from_secs(60),
        scale_in: true,
    }
}

fn high(datapoints: &[f64], behavior: TrackingBehavior) -> TrackingReading {
    TrackingReading {
        high: AlarmState::Alarm,
        low: AlarmState::Ok,
        metric: behavior.datapoint.choose(datapoints).unwrap(),
        running: None,
    }
}

fn low(metric: f64) -> TrackingReading {
    TrackingReading {
        high: AlarmState::Ok,
        low: AlarmState::Alarm,
        metric,
        running: None,
    }
}

fn counts(desired: u32) -> ServiceCounts {
    ServiceCounts {
        running: desired,
        desired,
        deploying: false,
    }
}

/// Latest, average, and minimum of the three datapoints all fit the logged scale-outs. An event "+ 60 s"
/// records that nothing happened while the alarm was in ALARM one minute after the previous event.
#[test]
fn logged_scale_outs_are_reproduced_by_every_choice_of_the_datapoint() {
    for behavior in behaviors() {
        let mut target = TargetTracking::new(Vec::new(), Bounds::new(1, 1).unwrap());
        for event in log().scale_out {
            let repeats = event.id.ends_with("+ 60 s");
            let bounds = Bounds::new(1, event.max).unwrap();
            if !repeats {
                target =
                    TargetTracking::new(vec![policy(event.target)], bounds).with_behavior(behavior);
            }
            let now = Duration::from_secs(if repeats { 1_060 } else { 1_000 });
            let reading = high(&event.datapoints, behavior);
            let decided = target.decide(now, counts(event.before), &[reading]);
            let found = decided.unwrap_or(event.before);
            assert_eq!(found, event.after, "{}: {behavior:?}", event.id);
        }
    }
}

/// Our assumption until November 2026 adds tasks where the log shows that nothing happened.
#[test]
fn the_log_refutes_a_repetition_within_the_cooldown() {
    let behavior = TrackingBehavior {
        base: TrackingBase::Running,
        cooldown: OutCooldown::Repeats,
        ..TrackingBehavior::default()
    };
    let bounds = Bounds::new(1, 4).unwrap();
    let mut target = TargetTracking::new(vec![policy(20.0)], bounds).with_behavior(behavior);
    let at = Duration::from_secs;
    let first = high(&[22.75, 35.0, 35.0], behavior);
    assert_eq!(target.decide(at(0), counts(1), &[first]), Some(2));
    let again = high(&[35.0, 35.0, 34.417], behavior);
    assert_eq!(target.decide(at(60), counts(2), &[again]), Some(3));
}

#[test]
fn logged_scale_ins_remove_one_task_at_a_time() {
    for event in log().scale_in {
        let bounds = Bounds::new(event.min, 10).unwrap();
        let mut target = TargetTracking::new(vec![policy(event.target)], bounds);
        let decided = target.decide(
            Duration::from_secs(1_000),
            counts(event.before),
            &[low(event.metric)],
        );
        assert_eq!(decided, Some(event.after), "{}", event.id);
    }
}

/// The logged times between two scale-ins: 120 s with a cooldown of 60 s, 360 s with 300 s, because the
/// action fires every minute at the same second.
#[test]
fn scale_ins_follow_at_the_first_minute_after_the_cooldown() {
    for (cooldown, expected) in [(60, 120), (300, 360)] {
        let policy = TrackingPolicy {
            cooldown_in: Duration::from_secs(cooldown),
            ..policy(20.0)
        };
        let mut target = TargetTracking::new(vec![policy], Bounds::new(1, 4).unwrap());
        let at = Duration::from_secs;
        assert_eq!(target.decide(at(0), counts(4), &[low(0.0)]), Some(3));
        let next = (1..20)
            .map(|minute| minute * 60)
            .find(|now| target.decide(at(*now), counts(3), &[low(0.0)]).is_some());
        assert_eq!(next, Some(expected));
    }
}
