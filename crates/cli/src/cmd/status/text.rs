//! An inspection, formatted for people.

use std::collections::BTreeMap;

use deployer::{Alarm, ClusterState, Inspection, ServiceShares, ServiceState, Why, WhyCause};
use scaling::{AlarmState, METRIC_NAME};

use super::demand::format_demand;
use super::met::format_met;
use super::queue::{format_depth, format_metric};
use super::scaling::{alarm_steps, format_policies};
use super::{Live, Report, why};
use crate::drift::{count_findings, format_findings};
use crate::words::{age_at, format_counts, shorten_alarms};

/// Formats the complete state. `now` is in seconds since 1970.
pub(super) fn format_report(name: &str, report: &Report, now: u64) -> String {
    let stack = report.live.stack();
    let mut text = format!("{name}: {}{}\n", stack.status_name, why::place(&stack.id));
    if let Some(reason) = &stack.reason {
        text.push_str(&format!("  {reason}\n"));
    }
    text.push_str(&format_drift(report));
    match &report.live {
        Live::Read(inspection) => {
            text.push_str(&format_inspection(inspection, report, now));
        }
        Live::Unread { unread, .. } => {
            text.push_str(&format!("\nthe rest can't be read: {unread}\n"))
        }
    }
    text
}

fn format_drift(report: &Report) -> String {
    let mut text = String::new();
    if !report.drift.is_empty() {
        text.push_str(&format!(
            "\ndrift         {}\n",
            count_findings(&report.drift)
        ));
        text.push_str(&format_findings(&report.drift));
    }
    if !report.unchecked.is_empty() {
        text.push_str("\nnot checked:\n");
    }
    for part in &report.unchecked {
        text.push_str(&format!("  {}: {}\n", part.name, part.reason));
    }
    text
}

fn format_inspection(inspection: &Inspection, report: &Report, now: u64) -> String {
    let mut text = String::new();
    for cluster in &inspection.clusters {
        text.push_str(&cluster_text(cluster));
    }
    for service in &inspection.services {
        text.push_str(&service_text(
            service,
            (&report.objectives, &report.shares),
            now,
        ));
    }
    for queue in &inspection.queues {
        text.push_str(&format!(
            "\nqueue         {}: {}\n",
            queue.name,
            format_depth(queue)
        ));
    }
    for queue in &inspection.dead_letters {
        text.push_str(&format!(
            "\ndead-letter   {}: {}\n",
            queue.name,
            format_depth(queue)
        ));
    }
    text.push_str(&format_operational_alarms(&inspection.alarms, now));
    text
}

/// Only a cluster with instances has information that its services don't have.
fn cluster_text(cluster: &ClusterState) -> String {
    match cluster.container_instances {
        None => String::new(),
        Some(instances) => format!(
            "\ncluster       {}: {}, {instances} container instances registered, {} tasks running, {} \
             pending\n",
            cluster.name, cluster.status, cluster.running, cluster.pending
        ),
    }
}

/// The latency objectives of the definition, and how the deployed objectives were met.
type Objectives<'a> = (&'a BTreeMap<String, String>, &'a [ServiceShares]);

fn service_text(service: &ServiceState, (objectives, shares): Objectives<'_>, now: u64) -> String {
    let bounds = service
        .task_bounds()
        .map(|bounds| format!(" (min {}, max {})", bounds.min(), bounds.max()))
        .unwrap_or_default();
    let mut text = format!(
        "\nservice       {} in cluster {}: {}\n",
        why::service_name(service),
        service.cluster,
        service.status,
    );
    if let Some(url) = &service.url {
        text.push_str(&format!("url           {url}\n"));
    }
    let counts = format_counts(service.running, service.pending, service.desired);
    text.push_str(&format!("tasks         {counts}{bounds}\n"));
    let says_why = |why: &Why| why.cause == WhyCause::Paused;
    if let Some(pause) = &service.pause
        && !service.why.as_ref().is_some_and(says_why)
    {
        text.push_str(&format!("scaling       {}\n", pause.describe()));
    }
    text.push_str(&why::format_why(service, objectives));
    text.push_str(&format_met(service, shares));
    let tracking = service
        .policies
        .iter()
        .find(|policy| policy.metric.as_deref() == Some(METRIC_NAME));
    let target = tracking.and_then(|policy| policy.target);
    for queue in &service.queues {
        text.push_str(&format!(
            "queue         {}: {}\n",
            queue.name,
            format_depth(queue)
        ));
        if service.demand.is_none() {
            text.push_str(&format!(
                "metric        {}\n",
                format_metric(queue, target, now)
            ));
        }
    }
    if let Some(state) = &service.demand {
        text.push_str(&format_demand(service, state, now));
    }
    text.push_str(&format_policies(&service.policies));
    if let Some(steps) = &service.alarm_steps {
        text.push_str(&alarm_steps(steps, service.desired));
    }
    for activity in &service.activities {
        let ago = age_at(activity.at, now);
        text.push_str(&format!(
            "action        {ago} ago: {} ({})\n",
            activity.description,
            shorten_alarms(&activity.cause)
        ));
    }
    text
}

fn format_operational_alarms(alarms: &[Alarm], now: u64) -> String {
    let (new, noisy): (Vec<&Alarm>, Vec<&Alarm>) = alarms
        .iter()
        .filter(|alarm| alarm.state.is(AlarmState::Alarm))
        .partition(|alarm| alarm.waits_for_data(now));
    let mut text = format!(
        "\nalarms        {} of {} operational alarms are in ALARM\n",
        noisy.len(),
        alarms.len()
    );
    for alarm in noisy {
        let what = if alarm.description.is_empty() {
            &alarm.name
        } else {
            &alarm.description
        };
        text.push_str(&format!("  {what}\n    {}\n", alarm.reason));
    }
    if !new.is_empty() {
        text.push_str(&format!(
            "              {} new, without data yet\n",
            new.len()
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::scaling::{AdjustmentType, Bounds, Step, Steps};
    use deployer::{
        Activity, AlarmMetric, AlarmStepsState, Datapoint, Observed, PolicyState, PolicyStep,
        QueueState, Status, StepAlarmState,
    };

    const NOW: u64 = 1_800_000_000;

    fn alarm(comparison: &str, threshold: f64, periods: i32, state: &str) -> Alarm {
        Alarm {
            name: "alarm".into(),
            description: "the promise is broken: messages wait over 10 s".into(),
            state: state.into(),
            reason: "Threshold Crossed: 1 datapoint".into(),
            metric: None,
            comparison: comparison.into(),
            threshold: Some(threshold),
            datapoints: periods,
            periods,
            period_s: 60,
            configured: None,
            misses_data: false,
            arn: String::new(),
            actions: Vec::new(),
        }
    }

    fn queue(name: &str, visible: Option<u64>, point: Option<f64>) -> QueueState {
        QueueState {
            name: name.into(),
            url: format!("https://sqs/{name}"),
            visible,
            in_flight: visible.map(|_| 7),
            delayed: visible.map(|_| 0),
            backlog_per_task: point.map(|value| Datapoint {
                value,
                at: 1_800_000_000 - 75,
            }),
        }
    }

    fn service(name: &str) -> ServiceState {
        ServiceState {
            cluster: "voucher".into(),
            service: name.into(),
            status: "ACTIVE".into(),
            desired: Some(15),
            running: Some(10),
            pending: Some(5),
            ..ServiceState::default()
        }
    }

    fn tracking(name: &str, metric: &str, target: f64) -> PolicyState {
        PolicyState {
            name: name.into(),
            kind: "TargetTrackingScaling".into(),
            metric: Some(metric.into()),
            target: Some(target),
            adjustment_type: None,
            cooldown_out_s: None,
            cooldown_in_s: None,
            steps: vec![],
            alarms: vec![],
            arn: String::new(),
        }
    }

    fn worker() -> ServiceState {
        let backlog = PolicyState {
            alarms: vec![
                alarm("GreaterThanThreshold", 100.0, 3, "ALARM"),
                alarm("LessThanThreshold", 90.0, 15, "OK"),
            ],
            ..tracking("voucher-worker-backlog-per-task", "BacklogPerTask", 100.0)
        };
        let step = |lower, upper, adjustment| PolicyStep {
            lower,
            upper,
            adjustment,
        };
        let steps = PolicyState {
            kind: "StepScaling".into(),
            metric: None,
            target: None,
            adjustment_type: Some("ChangeInCapacity".into()),
            steps: vec![step(Some(0.0), Some(200.0), 1), step(Some(200.0), None, 3)],
            alarms: vec![alarm("GreaterThanOrEqualToThreshold", 500.0, 1, "OK")],
            ..tracking("voucher-worker-steps", "", 0.0)
        };
        let cpu = tracking(
            "voucher-worker-cpu",
            "ECSServiceAverageCPUUtilization",
            60.0,
        );
        let activity = Activity {
            at: 1_800_000_000 - 3_661,
            description: "Setting desired count to 15.".into(),
            cause: "monitor alarm TargetTracking in state ALARM".into(),
            status: "Successful".into(),
        };
        ServiceState {
            bounds: Bounds::new(1, 20).ok(),
            queues: vec![
                queue("vouchers", Some(1_500), Some(150.0)),
                queue("late", Some(0), None),
                queue("gone", None, None),
            ],
            policies: vec![cpu, backlog, steps],
            activities: vec![activity],
            ..service("voucher-worker")
        }
    }

    fn webapp() -> ServiceState {
        let requests = Alarm {
            metric: Some(AlarmMetric {
                namespace: "AWS/ApplicationELB".into(),
                name: "RequestCount".into(),
                statistic: "Sum".into(),
                dimensions: Default::default(),
            }),
            ..alarm("GreaterThanOrEqualToThreshold", 100.0, 1, "ALARM")
        };
        let step = |from, adjustment| Step { from, adjustment };
        let steps = |kind, steps| Steps::new(kind, None, steps).unwrap();
        let out = StepAlarmState {
            name: "webapp-out".into(),
            alarm: Some(requests),
            steps: steps(
                AdjustmentType::ChangeInCapacity,
                vec![step(0.0, 1), step(200.0, 3)],
            ),
            cooldown_s: 60,
            last_step: Some(
                "2026-11-21T10:00:12Z change 2026-11-21T09:59:30.123Z from 1 to 2".into(),
            ),
        };
        let back = StepAlarmState {
            name: "webapp-in".into(),
            alarm: None,
            steps: steps(
                AdjustmentType::PercentChangeInCapacity,
                vec![step(0.0, -10)],
            ),
            cooldown_s: 300,
            last_step: None,
        };
        ServiceState {
            url: Some("http://webapp-1.us-west-2.elb.amazonaws.com".into()),
            alarm_steps: Some(AlarmStepsState {
                function: "sample-webapp-ScalingFunction-1".into(),
                min: 1,
                max: 2,
                scale_out: Some(out),
                scale_in: Some(back),
                dead_letters: Some(queue("webapp-dead", Some(1), None)),
            }),
            ..service("webapp")
        }
    }

    #[test]
    fn a_step_that_was_recorded_but_not_applied_says_so() {
        let record = "2026-11-21T10:00:12Z change 2026-11-21T09:59:30.123Z from 1 to 2 begun";
        let shown = |desired| {
            let mut service = webapp();
            service.desired = desired;
            let mut steps = service.alarm_steps.take().unwrap();
            steps.scale_out.as_mut().unwrap().last_step = Some(record.into());
            alarm_steps(&steps, service.desired)
        };
        let line = format!("last step: {record}");
        assert!(shown(Some(1)).contains(&format!("{line} (recorded, not applied)\n")));
        assert!(shown(Some(2)).contains(&format!("{line}\n")));
    }

    #[test]
    fn the_whole_picture() {
        let stack = Observed {
            id: "arn".into(),
            status: Status::Ready { rolled_back: true },
            status_name: "UPDATE_ROLLBACK_COMPLETE".into(),
            reason: Some(
                "The following resource(s) failed to update: [VoucherWorkerService].".into(),
            ),
            termination_protection: false,
            name: String::new(),
            tags: Default::default(),
            parameters: Default::default(),
            outputs: Default::default(),
        };
        let cluster = ClusterState {
            name: "voucher".into(),
            status: "ACTIVE".into(),
            container_instances: Some(2),
            running: 20,
            pending: 10,
        };
        let inspection = Inspection {
            unread: vec![],
            stack,
            clusters: vec![cluster],
            services: vec![worker(), webapp()],
            queues: vec![queue("unmeasured", Some(3), None)],
            dead_letters: vec![queue("vouchers-dead-letter", Some(3), None)],
            alarms: vec![
                alarm("GreaterThanThreshold", 10.0, 3, "ALARM"),
                alarm("GreaterThanThreshold", 10.0, 3, "OK"),
            ],
        };
        let report = Report {
            healthy: true,
            drift: Vec::new(),
            unchecked: Vec::new(),
            objectives: BTreeMap::new(),
            shares: Vec::new(),
            live: Live::Read(Box::new(inspection)),
        };
        insta::assert_snapshot!(format_report("voucher-worker", &report, NOW));
    }

    /// CloudWatch evaluates an alarm as soon as it is created.
    #[test]
    fn an_alarm_whose_periods_began_before_it_is_new_and_not_in_alarm() {
        let silent = |configured| Alarm {
            configured: Some(configured),
            misses_data: true,
            ..alarm("LessThanThreshold", 1.0, 10, "ALARM")
        };
        // Ten periods of a minute.
        let shown = |age: u64| format_operational_alarms(&[silent(NOW - age)], NOW);
        assert_eq!(
            shown(599),
            "\nalarms        0 of 1 operational alarms are in ALARM\n              1 new, without data yet\n"
        );
        assert!(shown(600).starts_with("\nalarms        1 of 1 operational alarms are in ALARM\n"));
        let high = Alarm {
            misses_data: false,
            ..silent(NOW)
        };
        assert!(!high.waits_for_data(NOW));
    }

    #[test]
    fn the_counts_of_a_service_that_may_not_be_read_are_unknown() {
        let unread = ServiceState {
            status: "UNKNOWN".into(),
            ..ServiceState::default()
        };
        assert!(
            service_text(&unread, (&BTreeMap::new(), &[]), NOW).contains("tasks         unknown\n")
        );
        let json = serde_json::to_value(&unread).unwrap();
        assert_eq!(json["desired"], serde_json::Value::Null);
    }
}
