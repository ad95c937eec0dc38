//! Thresholds of step scaling: whether they can be reached, and whether the two sides are far enough apart.

use std::time::Duration;

use crate::findings::{Finding, Findings};
use crate::model::{
    AdjustmentType, AlarmMetric, Comparison, Service, Statistic, StepAlarm, StepScaling,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Refuses a threshold if a nonnegative metric is always or never beyond it. Returns whether it is fine.
pub(super) fn check_is_possible(
    metric: &AlarmMetric,
    path: &str,
    side: &StepAlarm,
    findings: &mut Findings,
) -> bool {
    let what = match metric {
        AlarmMetric::RequestCount => "requests",
        AlarmMetric::Queue { .. } | AlarmMetric::Messages { .. } => "a queue's metrics",
        AlarmMetric::Other { .. } => return true,
    };
    let threshold = side.threshold;
    let (always, help) = match side.comparison {
        Comparison::AtOrAbove if threshold <= 0.0 => (true, "write a number over 0"),
        Comparison::Above if threshold < 0.0 => (true, "write 0 or more"),
        Comparison::Below if threshold <= 0.0 => {
            (false, "write a number over 0, or `at_or_below: 0`")
        }
        Comparison::AtOrBelow if threshold < 0.0 => (false, "write 0 or more"),
        _ => return true,
    };
    let message = if always {
        "this alarm is always in ALARM"
    } else {
        "this alarm never goes into ALARM"
    };
    let finding = Finding::error(message)
        .at(
            threshold_path(path, side),
            format!("{what} are never negative"),
        )
        .help(help);
    findings.report(finding);
    false
}

/// Checks the two sides together.
pub(super) fn check(service: &Service, here: &str, steps: &StepScaling, findings: &mut Findings) {
    let (Some(out), Some(r#in)) = (&steps.scale_out, &steps.scale_in) else {
        return;
    };
    let metric = steps.metric_of(out);
    // Thresholds of two metrics can't be compared.
    if metric != steps.metric_of(r#in) {
        return;
    }
    let (out_path, in_path) = (
        threshold_path(&format!("{here}.scale_out"), out),
        threshold_path(&format!("{here}.scale_in"), r#in),
    );
    let whole = is_whole(metric, steps.period);
    let finding = if ring_together(out, r#in, whole) {
        Finding::error("both alarms would be in ALARM at the same time")
            .help(explain_distance(metric, out, r#in))
    } else if are_equal(out.threshold, r#in.threshold) {
        Finding::warning("there is no gap between the two thresholds")
            .help("a metric that varies around them adds and removes tasks repeatedly: let the scale-in wait for a clearly lower load")
    } else if let Some(help) = find_oscillation(service, steps, out, r#in) {
        Finding::warning("a scale-in can cause a scale-out").help(help)
    } else {
        return;
    };
    let finding = finding
        .at(
            in_path,
            format!("removes tasks {}", describe_condition(r#in)),
        )
        .at(out_path, format!("adds tasks {}", describe_condition(out)));
    findings.report(finding);
}

/// The path of a side's threshold.
fn threshold_path(path: &str, side: &StepAlarm) -> String {
    format!("{path}.{}", side.comparison.name())
}

fn describe_condition(side: &StepAlarm) -> String {
    format!(
        "{} {}",
        side.comparison.name().replace('_', " "),
        side.threshold
    )
}

fn is_upward(side: &StepAlarm) -> bool {
    matches!(side.comparison, Comparison::AtOrAbove | Comparison::Above)
}

/// Equal as numbers: both are exactly as in the file.
fn are_equal(one: f64, other: f64) -> bool {
    (one - other).abs() <= 0.0
}

/// Whether some value puts both sides' alarms into ALARM; with `whole`, a whole number.
fn ring_together(one: &StepAlarm, other: &StepAlarm, whole: bool) -> bool {
    let (up, down) = match (is_upward(one), is_upward(other)) {
        (true, false) => (one, other),
        (false, true) => (other, one),
        _ => return true,
    };
    if whole {
        return first_over(up) <= last_under(down);
    }
    let touches = up.comparison.breaches(down.threshold, up.threshold)
        && down.comparison.breaches(up.threshold, down.threshold);
    down.threshold > up.threshold || touches
}

/// The smallest whole number that puts a side's alarm into ALARM.
fn first_over(side: &StepAlarm) -> f64 {
    match side.comparison {
        Comparison::Above => side.threshold.floor() + 1.0,
        _ => side.threshold.ceil(),
    }
}

/// The largest whole number that puts a side's alarm into ALARM.
fn last_under(side: &StepAlarm) -> f64 {
    match side.comparison {
        Comparison::Below => side.threshold.ceil() - 1.0,
        _ => side.threshold.floor(),
    }
}

/// Whether every datapoint of a metric is a whole number.
fn is_whole(metric: &AlarmMetric, period: Duration) -> bool {
    /// SQS publishes one datapoint per minute, so every statistic is the datapoint itself. Only this metric has a
    /// datapoint for each message.
    const OF_MESSAGES: &str = "SentMessageSize";
    let counted =
        |statistic: &Statistic| matches!(statistic, Statistic::Plain(name) if name != "Average");
    match metric {
        AlarmMetric::RequestCount => true,
        AlarmMetric::Queue {
            name, statistic, ..
        } => counted(statistic) || (period <= MINUTE && name != OF_MESSAGES),
        AlarmMetric::Messages { statistic, .. } => counted(statistic) || period <= MINUTE,
        AlarmMetric::Other { .. } => false,
    }
}

fn explain_distance(metric: &AlarmMetric, out: &StepAlarm, r#in: &StepAlarm) -> String {
    if is_upward(out) == is_upward(r#in) {
        let other = if is_upward(out) { "below" } else { "above" };
        return format!(
            "a scale-in needs the opposite comparison of the scale-out: use `{other}: …`"
        );
    }
    // Below zero, such a metric has no threshold.
    if is_upward(out) && out.threshold <= 0.0 && is_never_negative(metric) {
        return "write `at_or_below: 0` for the scale-in, or a higher threshold for the scale-out"
            .to_owned();
    }
    let (word, bound) = if is_upward(out) {
        ("under", "lower")
    } else {
        ("over", "raise")
    };
    format!(
        "{bound} the scale-in's threshold to {word} {}, with a gap between the two",
        out.threshold
    )
}

fn is_never_negative(metric: &AlarmMetric) -> bool {
    !matches!(metric, AlarmMetric::Other { .. })
}

/// Averages over the tasks rise when one task stops. For other metrics, that is unknown.
fn is_average(metric: &AlarmMetric) -> bool {
    match metric {
        AlarmMetric::Other {
            namespace, name, ..
        } => matches!(
            (namespace.as_str(), name.as_str()),
            ("AWS/ECS", "CPUUtilization") | ("AWS/ApplicationELB", "RequestCountPerTarget")
        ),
        AlarmMetric::RequestCount | AlarmMetric::Queue { .. } | AlarmMetric::Messages { .. } => {
            false
        }
    }
}

/// Whether the average after the smallest scale-in, at the smallest count that allows it, is above the scale-out
/// threshold. If so, returns a valid threshold.
fn find_oscillation(
    service: &Service,
    steps: &StepScaling,
    out: &StepAlarm,
    r#in: &StepAlarm,
) -> Option<String> {
    let by_tasks = r#in.steps.adjustment_type() == AdjustmentType::ChangeInCapacity;
    if !is_average(steps.metric_of(out)) || !is_upward(out) || !by_tasks {
        return None;
    }
    let removed = r#in.steps.as_slice().first()?.adjustment.unsigned_abs();
    let after = service.tasks.min.max(1);
    let before = after.saturating_add(removed);
    let ratio = f64::from(before) / f64::from(after);
    let (least, most) = (out.threshold / ratio, r#in.threshold * ratio);
    (before <= service.tasks.max && most > out.threshold).then(|| {
        format!(
            "from {before} to {after} tasks the average grows from {} to {most:.1}: remove tasks below {least:.1}, or fewer at once",
            r#in.threshold
        )
    })
}
