//! Step scaling: its metric, its alarms' periods, and its steps.

use std::time::Duration;

use super::services::check_queue_exists;
use super::thresholds;
use crate::duration::format as written;
use crate::findings::{Finding, Findings};
use crate::model::{
    AdjustmentType, AlarmMetric, Count, Service, ServiceSource, Stack, StepAlarm, StepScaling,
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Metrics that SQS publishes for FIFO queues only.
/// Source: Amazon SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS".
const FIFO_METRICS: [&str; 2] = [
    "ApproximateNumberOfGroupsWithInflightMessages",
    "NumberOfDeduplicatedSentMessages",
];

/// Checks the step scaling `name` (`steps` or `alarm_steps`) of the service at a path.
pub(super) fn check(
    stack: &Stack,
    service: &Service,
    path: &str,
    name: &str,
    steps: &StepScaling,
    findings: &mut Findings,
) {
    let here = format!("{path}.scaling.{name}");
    let mut checked = Vec::new();
    let sides = [
        ("scale_out", &steps.scale_out),
        ("scale_in", &steps.scale_in),
    ];
    let mut possible = true;
    for (name, side) in sides {
        if let Some(side) = side {
            let side_path = format!("{here}.{name}");
            let watched = steps.metric_of(side);
            let at = metric_path(&here, name, side);
            if side.metric.is_none() && !findings.is_given(&at) {
                check_missing(&here, name, &at, findings);
            } else if !checked.contains(&at) {
                check_metric(stack, service, path, &at, watched, findings);
                check_resolution(&here, &at, steps.period, watched, findings);
            }
            if name == "scale_in" {
                in_flight(service, &at, &side_path, watched, findings);
            }
            checked.push(at);
            check_periods(&here, &side_path, steps.period, side, findings);
            check_counts(service, path, &side_path, side, findings);
            check_order(&side_path, name, side, findings);
            possible &= thresholds::check_is_possible(watched, &side_path, side, findings);
        }
    }
    if possible {
        thresholds::check(service, &here, steps, findings);
    }
}

fn check_metric(
    stack: &Stack,
    service: &Service,
    path: &str,
    at: &str,
    metric: &AlarmMetric,
    findings: &mut Findings,
) {
    match metric {
        AlarmMetric::RequestCount => request_count(service, path, at.to_owned(), findings),
        AlarmMetric::Queue { queue, name, .. } => {
            check_queue_exists(stack, queue, format!("{at}.queue"), findings);
            let known = stack.queues.contains_key(queue);
            if known && !stack.is_fifo(queue) && FIFO_METRICS.contains(&name.as_str()) {
                let finding = Finding::error("SQS publishes this metric only for FIFO queues")
                    .at(format!("{at}.name"), "never published")
                    .at(format!("{at}.queue"), "a standard queue")
                    .help("watch another metric, such as `ApproximateNumberOfMessagesVisible`");
                findings.report(finding);
            }
        }
        AlarmMetric::Messages { queue, .. } => {
            check_queue_exists(stack, queue, format!("{at}.queue"), findings);
        }
        AlarmMetric::Other { .. } => {}
    }
}

pub(super) fn metric_path(here: &str, name: &str, side: &StepAlarm) -> String {
    match side.metric {
        Some(_) => format!("{here}.{name}.metric"),
        None => format!("{here}.metric"),
    }
}

fn check_missing(here: &str, name: &str, at: &str, findings: &mut Findings) {
    let finding = Finding::error(format!("`{name}` has no metric to watch"))
        .at_key(format!("{here}.{name}"), "without a metric")
        .help("add `metric` next to the sides, for both of them, or to this one");
    if !findings.is_refused(at) {
        findings.report(finding);
    }
    findings.refuse_silently(at);
}

/// A queue whose messages are all in flight looks empty to a scale-in that doesn't count them.
fn in_flight(
    service: &Service,
    at: &str,
    side_path: &str,
    metric: &AlarmMetric,
    findings: &mut Findings,
) {
    let counts = match metric {
        AlarmMetric::Queue { name, .. } => {
            name == Count::InFlight.metric_name() || FIFO_METRICS.contains(&name.as_str())
        }
        AlarmMetric::Messages { count, .. } => count.contains(&Count::InFlight),
        AlarmMetric::RequestCount | AlarmMetric::Other { .. } => true,
    };
    let consumed = metric
        .queue()
        .is_some_and(|queue| service.consumes.iter().any(|name| name == queue));
    if counts || !consumed || service.protect {
        return;
    }
    let finding = Finding::warning("the scale-in ignores messages in flight")
        .at(at, "doesn't count messages in progress")
        .at_key(side_path, "removes tasks")
        .help("while tasks work on the last messages, none is waiting, so busy tasks are stopped and their messages start over: let the scale-in watch `metric: {queue: …, count: [visible, in_flight], statistic: Maximum}`, or set `protect: true` if the worker uses ECS task protection");
    findings.report(finding);
}

fn request_count(service: &Service, path: &str, at: String, findings: &mut Findings) {
    let finding = match &service.source {
        ServiceSource::Create(spec) if spec.load_balancer.is_some() => return,
        ServiceSource::Create(_) => Finding::error("the service has no load balancer to count its requests")
            .at(at, "counted by a load balancer")
            .help("add `load_balancer: {}` and the container's `port` to the service"),
        ServiceSource::Existing { .. } => Finding::error("the stack doesn't know this service's load balancer")
            .at(at, "of a service that the stack creates")
            .at(format!("{path}.existing"), "an existing service")
            .help("name the metric: `{namespace: AWS/ApplicationELB, name: RequestCount, dimensions: {LoadBalancer: app/…, TargetGroup: targetgroup/…}, statistic: Sum}`"),
    };
    let balancer = format!("{path}.load_balancer");
    if !findings.is_refused_within(&balancer) {
        findings.report(finding);
    }
}

/// AWS's own metrics have at most one datapoint per minute. Source: Amazon CloudWatch API, `PutMetricAlarm`,
/// `Period`.
fn check_resolution(
    here: &str,
    at: &str,
    period: Duration,
    metric: &AlarmMetric,
    findings: &mut Findings,
) {
    let (namespace, part) = match metric {
        AlarmMetric::RequestCount => ("AWS/ApplicationELB", ""),
        AlarmMetric::Queue { .. } | AlarmMetric::Messages { .. } => ("AWS/SQS", ".queue"),
        AlarmMetric::Other { namespace, .. } => (namespace.as_str(), ".namespace"),
    };
    if period >= MINUTE || !namespace.starts_with("AWS/") {
        return;
    }
    let finding = Finding::error("AWS's metrics have no datapoints less than a minute apart")
        .at(
            format!("{here}.period"),
            format!("periods of {}", written(period)),
        )
        .at(format!("{at}{part}"), format!("a metric of {namespace}"))
        .help("set `period: 1m`, or watch a custom high-resolution metric");
    findings.report(finding);
}

/// The periods that an alarm evaluates. Source: Amazon CloudWatch API, `PutMetricAlarm`, `EvaluationPeriods`.
fn check_periods(
    here: &str,
    side_path: &str,
    period: Duration,
    side: &StepAlarm,
    findings: &mut Findings,
) {
    if side.datapoints > side.periods {
        let finding = Finding::error("`for` is greater than `of`")
            .at(
                format!("{side_path}.for"),
                format!("{} periods", side.datapoints),
            )
            .at(format!("{side_path}.of"), format!("of {}", side.periods))
            .help(format!(
                "an alarm goes into ALARM if `for` of the last `of` periods are beyond the threshold: raise `of` to {}, or lower `for`",
                side.datapoints
            ));
        return findings.report(finding);
    }
    let longest = if period >= HOUR { 7 * DAY } else { DAY };
    if period.saturating_mul(side.periods) <= longest {
        return;
    }
    let key = format!("{side_path}.of");
    let key = if findings.is_given(&key) {
        key
    } else {
        format!("{side_path}.for")
    };
    let most = longest.as_secs() / period.as_secs().max(1);
    let finding = Finding::error(format!(
        "the alarm evaluates more than {}",
        written(longest)
    ))
    .at(key, format!("{} periods", side.periods))
    .at(
        format!("{here}.period"),
        format!("of {} each", written(period)),
    )
    .help(format!(
        "CloudWatch allows at most {most} periods of {}",
        written(period)
    ));
    findings.report(finding);
}

/// An exact count must be within the service's bounds.
fn check_counts(
    service: &Service,
    path: &str,
    side_path: &str,
    side: &StepAlarm,
    findings: &mut Findings,
) {
    let (min, max) = (format!("{path}.tasks.min"), format!("{path}.tasks.max"));
    if side.steps.adjustment_type() != AdjustmentType::ExactCapacity || !findings.is_given(&max) {
        return;
    }
    for (index, step) in side.steps.as_slice().iter().enumerate() {
        let count = i64::from(step.adjustment);
        let (bound, word, path) = if count > i64::from(service.tasks.max) {
            (service.tasks.max, "at most", &max)
        } else if count < i64::from(service.tasks.min) {
            (service.tasks.min, "at least", &min)
        } else {
            continue;
        };
        let finding = Finding::error(format!("{count} tasks are outside the bounds"))
            .at(
                action_path(findings, side_path, index, "set"),
                "sets the count",
            )
            .at(path.as_str(), format!("{word} {bound}"))
            .help(format!("set {bound} or change `tasks`"));
        findings.report(finding);
    }
}

/// Further beyond the threshold, a step should not change less.
fn check_order(side_path: &str, name: &str, side: &StepAlarm, findings: &mut Findings) {
    let (sign, key) = match name {
        "scale_in" => (-1, "remove"),
        _ => (1, "add"),
    };
    let key = match side.steps.adjustment_type() {
        AdjustmentType::ExactCapacity => "set",
        _ => key,
    };
    let weaker = side
        .steps
        .as_slice()
        .windows(2)
        .position(|pair| match pair {
            [before, after] => {
                i64::from(after.adjustment) * sign < i64::from(before.adjustment) * sign
            }
            _ => false,
        });
    let Some(before) = weaker else {
        return;
    };
    let finding = Finding::warning("this step does less than the one before it")
        .at(
            action_path(findings, side_path, before + 1, key),
            "further beyond the threshold",
        )
        .at(action_path(findings, side_path, before, key), "nearer to it")
        .help("the further the metric is beyond the threshold, the more tasks have to change; are the two swapped?");
    findings.report(finding);
}

/// Path of the number of a step.
fn action_path(findings: &Findings, side_path: &str, index: usize, key: &str) -> String {
    let list = format!("{side_path}.steps");
    if findings.is_given(&list) {
        format!("{list}[{index}].{key}")
    } else {
        format!("{side_path}.{key}")
    }
}
