//! Services that can scale to zero: what scales them from zero, and which settings treat them as idle.

use std::time::Duration;

use scaling::Bounds;

use super::steps::metric_path;
use crate::findings::{Finding, Findings};
use crate::model::{
    AdjustmentType, AlarmMetric, BacklogSource, Count, Demand, Scaling, Service, StepAlarm,
    StepScaling,
};
use crate::path;

pub(super) fn check(service: &Service, scaling: &Scaling, path: &str, findings: &mut Findings) {
    let min = match service.sleeping_period() {
        _ if service.tasks.min == 0 => format!("{path}.tasks.min"),
        Some(period) => format!(
            "{}.min",
            path::item(&format!("{path}.tasks.schedule"), period)
        ),
        None => return,
    };
    let steps = [
        ("steps", &scaling.steps),
        ("alarm_steps", &scaling.alarm_steps),
    ];
    let steps = steps
        .into_iter()
        .filter_map(|(name, steps)| Some((name, steps.as_ref()?)));
    let by_function = scaling
        .backlog_per_task
        .as_ref()
        .filter(|backlog| backlog.source == BacklogSource::Lambda);
    // Messages that wait without a task are a need, and so are messages in progress.
    let woken = by_function.is_some()
        || scaling.demand.as_ref().is_some_and(Demand::acts)
        || !scaling.has_other_than_demand()
        || steps
            .clone()
            .any(|(_, steps)| why_steps_cannot_wake(steps).is_none());
    if !woken {
        let faults = steps.filter_map(|(name, steps)| Some((name, why_steps_cannot_wake(steps)?)));
        let Some((way, reason)) = faults.chain(list_inactive_policies(scaling)).next() else {
            return;
        };
        let finding = Finding::error("`min` is 0, but nothing can scale the service from zero")
            .at(min.as_str(), "no task")
            .at_key(
                format!("{path}.scaling.{way}"),
                "doesn't scale it from zero",
            )
            .help(format!("{reason}: set `min: 1`"));
        return findings.report(finding);
    }
    if let (Some(steps), None) = (&scaling.steps, by_function) {
        removed_while_starting(service, steps, (path, &min), findings);
    }
    for (name, steps) in [
        ("steps", &scaling.steps),
        ("alarm_steps", &scaling.alarm_steps),
    ] {
        if let (Some(steps), None) = (steps, by_function) {
            may_be_silent(steps, &min, &format!("{path}.scaling.{name}"), findings);
        }
    }
    if by_function.is_some_and(|backlog| !backlog.count.contains(&Count::InFlight)) {
        let finding = Finding::warning("a task without a backlog counts as idle, and `min` is 0")
            .at(format!("{path}.scaling.backlog_per_task.count"), "without `in_flight`")
            .at(min, "no task")
            .help("the messages that a task works on aren't waiting, so a busy service without a backlog is scaled to zero, and from zero again: set `count: [visible, in_flight]`");
        findings.report(finding);
    }
}

/// Longest usual start of a task on Fargate.
const TASK_START: Duration = Duration::from_secs(60);

/// A scale-in that doesn't count waiting messages removes the tasks that these messages have started, before the
/// tasks can receive any. This repeats forever. A scaling function prefers scale-out, so it isn't affected.
fn removed_while_starting(
    service: &Service,
    steps: &StepScaling,
    (path, min): (&str, &str),
    findings: &mut Findings,
) {
    let (Some(out), Some(r#in)) = (&steps.scale_out, &steps.scale_in) else {
        return;
    };
    let Ok(bounds) = Bounds::new(0, service.tasks.max) else {
        return;
    };
    let woken = out.steps.next(0, Some(0.0), bounds);
    let stays = out.steps.next(woken, Some(0.0), bounds) <= woken;
    let distance = r#in.comparison.distance(0.0, r#in.threshold);
    let removed = r#in.steps.next(woken, Some(distance), bounds) == 0;
    let rings = r#in.comparison.breaches(0.0, r#in.threshold)
        && rings_again(steps, r#in).is_some_and(|after| after <= TASK_START);
    if !(stays && removed && rings) || steps.cooldown.out > TASK_START {
        return;
    }
    let here = format!("{path}.scaling.steps");
    let metric = metric_path(&here, "scale_in", r#in);
    let finding = Finding::error("the scale-in removes the tasks that were started for a message before they run")
        .at(metric, "doesn't count waiting messages")
        .at(min, "no task")
        .help("a task takes up to a minute to start, and its message waits until then: let the scale-in watch `metric: {queue: …, count: [visible, in_flight], statistic: Maximum}`, or set `cooldown: {out: 5m}`");
    findings.report(finding);
}

/// The time from the scale-from-zero until the alarm of a scale-in that doesn't count the message goes into ALARM
/// again; `None` if the metric counts the message, or nothing is known about it.
fn rings_again(steps: &StepScaling, side: &StepAlarm) -> Option<Duration> {
    match steps.metric_of(side) {
        // Without a task, no message is received, so this alarm is always in ALARM.
        AlarmMetric::Messages { count, .. } => {
            (*count == [Count::InFlight].into()).then_some(Duration::ZERO)
        }
        AlarmMetric::Queue { name, .. } => match name.as_str() {
            "ApproximateNumberOfMessagesNotVisible"
            | "NumberOfMessagesReceived"
            | "NumberOfMessagesDeleted" => Some(Duration::ZERO),
            "NumberOfMessagesSent" if side.datapoints < side.periods => Some(Duration::ZERO),
            "NumberOfMessagesSent" => Some(steps.period.saturating_mul(side.datapoints)),
            _ => None,
        },
        AlarmMetric::RequestCount | AlarmMetric::Other { .. } => None,
    }
}

/// Scaling policies that get no data while there is no task, each with its reason.
fn list_inactive_policies(scaling: &Scaling) -> impl Iterator<Item = (&'static str, &'static str)> {
    let utilization = "without a task, there is no utilization, so it never exceeds the target";
    let ways = [
        (
            "backlog_per_task",
            scaling.backlog_per_task.is_some(),
            "without a task, Container Insights has no `RunningTaskCount` to divide by, so the metric has no datapoints; with `source: lambda`, the metric function scales the service from zero",
        ),
        ("cpu", scaling.cpu.is_some(), utilization),
        ("memory", scaling.memory.is_some(), utilization),
    ];
    ways.into_iter()
        .filter_map(|(way, given, reason)| given.then_some((way, reason)))
}

/// Why steps don't scale a service from zero; `None` if they do.
fn why_steps_cannot_wake(steps: &StepScaling) -> Option<&'static str> {
    let Some(out) = &steps.scale_out else {
        return Some("without `scale_out`, no task is ever added");
    };
    if *steps.metric_of(out) == AlarmMetric::RequestCount {
        return Some(
            "a load balancer counts only the requests that it can send to a task, so without one, the metric has no datapoints",
        );
    }
    adds_nothing_to_none(out).then_some(
        "a percentage of no task is none, so no task is added; set `at_least: 1`, or `add` a number of tasks",
    )
}

fn adds_nothing_to_none(out: &StepAlarm) -> bool {
    out.steps.adjustment_type() == AdjustmentType::PercentChangeInCapacity
        && out.steps.at_least().is_none()
}

/// ECS metrics come from tasks.
fn may_be_silent(steps: &StepScaling, min: &str, here: &str, findings: &mut Findings) {
    let Some(out) = &steps.scale_out else {
        return;
    };
    let AlarmMetric::Other { namespace, .. } = steps.metric_of(out) else {
        return;
    };
    let metric = metric_path(here, "scale_out", out);
    if ["AWS/ECS", "ECS/ContainerInsights"].contains(&namespace.as_str()) {
        let finding = Finding::warning("the metric has no datapoints without a task, and `min` is 0")
            .at(format!("{metric}.namespace"), "published for running tasks")
            .at(min, "no task")
            .help("unless it is another service's metric, nothing can scale this one from zero: watch a queue, or set `min: 1`");
        findings.report(finding);
    }
}
