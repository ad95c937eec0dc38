//! Each cause separately, with constructed facts, and the priority between two causes.

mod functions;
mod waiting;

use scaling::{AlarmState, Bounds, Comparison, DemandRequest, Parsed, Schedule, Side};
use template::contract::TargetSchedule;

use super::Cause;
use super::choose::choose;
use super::facts::{Actor, AlarmFacts, Check, Facts, Feed, Hidden, NotScaled, Task};
use crate::inspect::{DemandState, PolicyState, QueueState, ServiceState};
use crate::suspension::Suspended;

/// 2026-11-30T12:00:00Z, a Monday.
const NOW: u64 = 1_796_040_000;

fn alarm(side: Side, values: &[f64], state: AlarmState) -> AlarmFacts {
    let (comparison, threshold, periods) = match side {
        Side::Out => (Comparison::Above, 100.0, 3),
        Side::In => (Comparison::Below, 90.0, 15),
    };
    AlarmFacts {
        name: format!("TargetTracking-{side:?}"),
        side,
        tracks: true,
        actor: Actor::Policy,
        muted: false,
        state: Parsed::Known(state),
        since: Some(NOW - 50),
        evaluated: Some(NOW - 3_620),
        metric: Some("BacklogPerTask".to_owned()),
        comparison: Parsed::Known(comparison),
        threshold: Some(threshold),
        datapoints: periods,
        periods,
        period: 60,
        values: Some(values.to_vec()),
        cooldown: 60,
        acted: None,
    }
}

fn queue(visible: u64) -> QueueState {
    QueueState {
        name: "orders".to_owned(),
        visible: Some(visible),
        in_flight: Some(0),
        delayed: Some(0),
        ..QueueState::default()
    }
}

fn policy() -> PolicyState {
    PolicyState {
        name: "backlog-per-task".to_owned(),
        kind: "TargetTrackingScaling".to_owned(),
        metric: Some("BacklogPerTask".to_owned()),
        target: Some(100.0),
        adjustment_type: None,
        steps: Vec::new(),
        cooldown_out_s: Some(60),
        cooldown_in_s: Some(300),
        alarms: Vec::new(),
        arn: String::new(),
    }
}

/// A service that tracks a backlog per task of 100: 3 of at most 40 tasks, without any problem.
fn tracked() -> Facts {
    let service = ServiceState {
        cluster: "shop".to_owned(),
        service: "worker".to_owned(),
        status: "ACTIVE".to_owned(),
        desired: Some(3),
        running: Some(3),
        pending: Some(0),
        bounds: Bounds::new(1, 40).ok(),
        queues: vec![queue(285)],
        policies: vec![policy()],
        ..ServiceState::default()
    };
    let values = [95.0, 96.0, 97.0];
    Facts {
        now: NOW,
        service,
        alarms: vec![
            alarm(Side::Out, &values, AlarmState::Ok),
            alarm(Side::In, &values, AlarmState::Ok),
        ],
        feed: Some(Feed {
            rule: "shop-MetricRule1-A".to_owned(),
            enabled: Some(true),
            function: "shop-MetricFunction-A".to_owned(),
            does: Task::Measures,
            newest: Some(NOW - 70),
            error: None,
            check: None,
        }),
        ..Facts::default()
    }
}

/// A service that a function scales by demand.
fn demanded(need: f64, reason: &str) -> Facts {
    let mut facts = tracked();
    facts.alarms.clear();
    facts.service.policies.clear();
    facts.service.bounds = None;
    facts.service.demand = Some(DemandState {
        function: Some("shop-ScalingFunction-A".to_owned()),
        observes: false,
        recommended: None,
        objectives: std::collections::BTreeMap::new(),
        bounds: Bounds::new(1, 40).ok(),
        law: DemandRequest {
            acceptable_latency_ms: 10_000,
            processing_time_ms: Some(100),
            concurrency: 1,
            task_start_ms: 40_000,
            window_ms: 120_000,
            period_ms: None,
            rate_over_ms: None,
        },
        need: None,
        largest: None,
        measured: crate::DemandMeasurements::default(),
        warm: None,
        floor: None,
    });
    facts.feed = Some(Feed {
        rule: "shop-ScalingRule-A".to_owned(),
        enabled: Some(true),
        function: "shop-ScalingFunction-A".to_owned(),
        does: Task::Scales,
        newest: Some(NOW - 70),
        error: None,
        check: Some(Check {
            at: NOW - 4,
            outcome: "kept".to_owned(),
            reason: reason.to_owned(),
            need: Some(need),
        }),
    });
    facts
}

#[track_caller]
fn says(facts: &Facts, cause: Cause, sentence: &str) {
    let why = choose(facts);
    assert_eq!((why.cause, why.sentence.as_str()), (cause, sentence));
}

fn with(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = tracked();
    change(&mut facts);
    facts
}

fn feed(facts: &mut Facts) -> &mut Feed {
    facts.feed.as_mut().unwrap()
}

/// Two of the last three datapoints are over the target.
fn rising(facts: &mut Facts) {
    facts.alarms[0].values = Some(vec![140.0, 120.0, 80.0]);
}

#[test]
fn a_metric_within_its_target() {
    let text = "BacklogPerTask is 95, and the target is 100";
    says(&tracked(), Cause::OnTarget, text);
}

/// The alarm was evaluated 3,620 s ago, and every minute since: the last time 20 s ago.
#[test]
fn datapoints_that_do_not_suffice_yet() {
    let text = "2 of 3 datapoints are over the target (100); the next evaluation is in 40 s";
    says(&with(rising), Cause::Datapoints, text);
    let facts = with(|facts| {
        facts.alarms[0].values = Some(vec![140.0, 20.0, 80.0, 300.0]);
        facts.alarms[0].datapoints = 2;
        facts.alarms[0].tracks = false;
        facts.alarms[0].period = 10;
        facts.alarms[0].evaluated = Some(NOW - 27);
    });
    let text =
        "1 of the last 3 datapoints is over 100, and 2 are needed; the next evaluation is in 3 s";
    says(&facts, Cause::Datapoints, text);
    let facts = with(|facts| facts.alarms[1].values = Some(vec![10.0; 12]));
    let text =
        "12 of 15 datapoints are under 90, 90% of the target; the next evaluation is in 40 s";
    says(&facts, Cause::Datapoints, text);
}

#[test]
fn an_alarm_whose_action_is_due() {
    let facts = with(|facts| facts.alarms[0].state = Parsed::Known(AlarmState::Alarm));
    let text = "the scale-out alarm is in ALARM since 11:59:10 UTC; Application Auto Scaling acts within a minute";
    says(&facts, Cause::Due, text);
    let facts = with(|facts| {
        facts.alarms[0].state = Parsed::Known(AlarmState::Alarm);
        facts.alarms[0].muted = true;
    });
    let text = "the scale-out alarm is in ALARM since 11:59:10 UTC, but someone has disabled its actions; to enable \
                them: aws cloudwatch enable-alarm-actions --alarm-names TargetTracking-Out";
    says(&facts, Cause::Due, text);
}

/// What can't be read isn't missing.
#[test]
fn hidden_parts_prove_nothing() {
    let mut facts = with(|facts| {
        facts.alarms.clear();
        facts.service.policies.clear();
        feed(facts).newest = None;
        facts.hidden = Hidden {
            policies: true,
            metrics: true,
            logs: true,
        };
    });
    says(&facts, Cause::Unknown, "nothing that was read explains it");
    facts.hidden.metrics = false;
    let text = choose(&facts).sentence;
    assert!(text.ends_with(" published none"), "{text}");
    feed(&mut facts).newest = Some(NOW - 30);
    facts.hidden.policies = false;
    assert_eq!(choose(&facts).cause, Cause::Fixed);
}

#[test]
fn as_many_tasks_as_it_may_have() {
    let facts = with(|facts| {
        rising(facts);
        (facts.service.desired, facts.service.running) = (Some(40), Some(40));
    });
    says(&facts, Cause::AtMax, "the count is at tasks.max (40)");
    let mut facts = demanded(52.3, "the work needs 52.3 tasks, and the maximum is 40");
    (facts.service.desired, facts.service.running) = (Some(40), Some(40));
    let text = "the count is at tasks.max (40), and the work needs 52.3 tasks";
    says(&facts, Cause::AtMax, text);
}

/// Source of the code: "Scaling activities for Application Auto Scaling", not scaled reasons.
#[test]
fn application_auto_scalings_own_reasons() {
    let refused = |code: &str, ago| {
        with(|facts| {
            (facts.service.desired, facts.service.running) = (Some(40), Some(40));
            facts.not_scaled = vec![NotScaled {
                at: NOW - ago,
                code: code.to_owned(),
            }];
        })
    };
    let facts = refused("AlreadyAtMaxCapacity", 60);
    says(&facts, Cause::AtMax, "the count is at tasks.max (40)");
    let cause = |facts: &Facts| choose(facts).cause;
    assert_eq!(
        cause(&refused("AlreadyAtMaxCapacity", 900)),
        Cause::OnTarget
    );
    let anticipated = refused("AutoScalingAnticipatedFlapping", 60);
    assert_eq!(cause(&anticipated), Cause::Flapping);
}

fn schedule(period: &str) -> TargetSchedule {
    let text = format!(r#"{{"timezone":{{"name":"UTC","rule":"UTC0"}},"periods":[{period}]}}"#);
    let schedule: Schedule = serde_json::from_str(&text).unwrap();
    let base = Bounds::new(1, 40).unwrap();
    TargetSchedule { base, schedule }
}

#[test]
fn a_bound_that_a_schedule_holds() {
    let facts = with(|facts| {
        rising(facts);
        facts.service.bounds = Bounds::new(1, 3).ok();
        facts.schedule = Some(schedule(r#"{"when":"Mon-Fri 08:00-18:00","max":3}"#));
    });
    let text = "a schedule holds max at 3 until 18:00:00 UTC";
    says(&facts, Cause::Schedule, text);
    let facts = with(|facts| {
        facts.service.queues = vec![queue(0)];
        facts.service.bounds = Bounds::new(3, 40).ok();
        facts.alarms[1].state = Parsed::Known(AlarmState::Alarm);
        facts.schedule = Some(schedule(r#"{"when":"Mon-Fri 08:00-18:00","min":3}"#));
    });
    let text = "a schedule holds min at 3 until 18:00:00 UTC";
    says(&facts, Cause::Schedule, text);
}

#[test]
fn a_cooldown_of_a_policy() {
    let facts = with(|facts| {
        rising(facts);
        facts.alarms[0].cooldown = 300;
        facts.alarms[0].acted = Some(NOW - 100);
    });
    let text = "in cooldown until 12:03:20 UTC, after the scale-out at 11:58:20 UTC";
    says(&facts, Cause::Cooldown, text);
    let over = with(|facts| {
        rising(facts);
        facts.alarms[0].acted = Some(NOW - 100);
    });
    assert_eq!(choose(&over).cause, Cause::Datapoints);
    // A scale-in doesn't delay a scale-out.
    let other = with(|facts| {
        rising(facts);
        facts.alarms[1].cooldown = 300;
        facts.alarms[1].acted = Some(NOW - 100);
    });
    assert_eq!(choose(&other).cause, Cause::Datapoints);
}

#[test]
fn a_cooldown_of_a_function() {
    let reason = "the count waits until 2026-11-30T12:00:20Z for the last scale-out to take effect";
    says(
        &demanded(5.0, reason),
        Cause::Cooldown,
        &format!("in cooldown: {reason}"),
    );
}

#[test]
fn a_decision_of_a_function() {
    let reason = "the work needs 2.5 tasks";
    let text = "the last check (4 s ago) left 3 tasks: the work needs 2.5 tasks";
    says(&demanded(2.5, reason), Cause::Checked, text);
}

/// A scaling function with alarm steps logs its response to the alarm.
#[test]
fn a_step_that_an_alarm_had() {
    let reason = "alarm orders-out is in ALARM since 2026-11-30T11:59:10Z: this change of its state has had its step";
    let facts = with(|facts| {
        facts.alarms[0].actor = Actor::Function;
        facts.alarms[0].state = Parsed::Known(AlarmState::Alarm);
        feed(facts).does = Task::ReEvaluates;
        feed(facts).check = Some(Check {
            at: NOW - 20,
            outcome: "handled".to_owned(),
            reason: reason.to_owned(),
            need: None,
        });
    });
    says(&facts, Cause::Due, reason);
}

/// A recorded pause says who did it. One of scale-in alone explains nothing while the service should scale out.
#[test]
fn a_pause_with_a_record() {
    let paused = |in_only: bool| {
        let mut facts = tracked();
        facts.suspended = Suspended {
            scale_out: !in_only,
            scale_in: true,
            schedule: false,
        };
        facts.service.pause = Some(scaling::Pause {
            since: std::time::Duration::from_secs(1_795_255_200),
            until: None,
            by: "ops/ada".to_owned(),
            reason: "slow".to_owned(),
            in_only,
        });
        facts
    };
    let by = "paused by ops/ada since 2026-11-21T10:00:00Z: slow";
    assert_eq!(choose(&paused(false)).sentence, by);
    assert_eq!(choose(&paused(true)).sentence, format!("scale-in {by}"));
    let mut wants_more = paused(true);
    rising(&mut wants_more);
    assert_eq!(choose(&wants_more).cause, Cause::Datapoints);
}

#[test]
fn suspended_scaling() {
    let suspended = |scale_out, scale_in| {
        with(|facts| {
            facts.suspended = Suspended {
                scale_out,
                scale_in,
                schedule: false,
            }
        })
    };
    let says = |facts: &Facts, what: &str| {
        let text = format!("paused: Application Auto Scaling's {what}");
        says(facts, Cause::Paused, &text);
    };
    says(&suspended(true, false), "scale-out is suspended");
    says(
        &suspended(true, true),
        "scale-out and scale-in are suspended",
    );
    says(&suspended(false, true), "scale-in is suspended");
    // More tasks are required.
    let mut facts = suspended(false, true);
    rising(&mut facts);
    assert_eq!(choose(&facts).cause, Cause::Datapoints);
}

#[test]
fn an_alarm_without_data() {
    let facts = with(|facts| {
        facts.feed = None;
        for alarm in &mut facts.alarms {
            alarm.values = Some(Vec::new());
            alarm.state = Parsed::Known(AlarmState::InsufficientData);
            alarm.metric = Some("CPUUtilization".to_owned());
        }
    });
    let text = "no datapoint: the alarm TargetTracking-Out has no data of CPUUtilization";
    says(&facts, Cause::NoData, text);
}

#[test]
fn nothing_to_do() {
    let facts = with(|facts| {
        facts.service.queues = vec![queue(0)];
        (facts.service.desired, facts.service.running) = (Some(1), Some(1));
        facts.alarms[1].values = Some(vec![0.0; 15]);
    });
    let text = "the queue is empty, and the count is at tasks.min (1)";
    says(&facts, Cause::EmptyQueue, text);
    let mut facts = demanded(0.0, "the work needs 0.0 tasks");
    (facts.service.desired, facts.service.running) = (Some(1), Some(1));
    facts.service.queues = vec![queue(0)];
    says(&facts, Cause::EmptyQueue, text);
    facts.service.queues = vec![queue(2)];
    says(&facts, Cause::AtMin, "the count is at tasks.min (1)");
    // Messages wait, and the metric isn't over its target.
    let facts = with(|facts| {
        facts.service.queues = vec![queue(50)];
        (facts.service.desired, facts.service.running) = (Some(1), Some(1));
        facts.alarms[0].values = Some(vec![50.0; 3]);
        facts.alarms[1].values = Some(vec![50.0; 15]);
        facts.alarms[1].state = "ALARM".into();
    });
    let text = "the count is at tasks.min (1): BacklogPerTask is 50, and the target is 100";
    says(&facts, Cause::AtMin, text);
}

#[test]
fn a_count_that_nothing_scales() {
    let facts = with(|facts| {
        facts.service.policies.clear();
        facts.alarms.clear();
        facts.feed = None;
    });
    let text = "nothing scales it: its count stays at 3 tasks until someone changes it";
    says(&facts, Cause::Fixed, text);
}

/// Another's policy scales it, and says why. What the function would set doesn't.
#[test]
fn a_service_that_a_function_only_observes() {
    let mut facts = tracked();
    let mut demand = demanded(9.5, "").service.demand.unwrap();
    demand.observes = true;
    demand.need = Some(crate::cloudwatch::Datapoint { at: 0, value: 9.5 });
    facts.service.demand = Some(demand);
    facts.feed = None;
    let text = "BacklogPerTask is 95, and the target is 100";
    says(&facts, Cause::OnTarget, text);
    facts.service.policies.clear();
    facts.alarms.clear();
    facts.service.demand.as_mut().unwrap().recommended = Some(10.0);
    let text = "nothing scales it: its count stays at 3 tasks until someone changes it; `demand` only observes, and would set 10";
    says(&facts, Cause::Fixed, text);
}

#[test]
fn a_service_that_is_not_there() {
    let state = |status: &str| with(|facts| facts.service.status = status.to_owned());
    let text = "ECS has no service worker in cluster shop";
    says(&state("MISSING"), Cause::Gone, text);
    says(
        &state("DRAINING"),
        Cause::Gone,
        "the service is being deleted",
    );
    let text = "these credentials can't read the service";
    says(&state("UNKNOWN"), Cause::Unreadable, text);
}

#[test]
fn a_service_of_which_nothing_is_known_gets_an_answer() {
    let facts = Facts {
        service: ServiceState {
            status: "ACTIVE".to_owned(),
            desired: Some(1),
            running: Some(1),
            policies: vec![policy()],
            ..ServiceState::default()
        },
        ..Facts::default()
    };
    assert_eq!(choose(&facts).cause, Cause::Unknown);
}
