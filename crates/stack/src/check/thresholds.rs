//! Thresholds of step scaling: whether they are ever reached, and whether the two sides leave room.

use crate::findings::{Finding, Findings};
use crate::model::{AdjustmentType, AlarmMetric, Comparison, Service, Side, StepScaling};

/// Refuses a threshold that a metric which is never negative always or never passes. Whether it is fine.
pub(super) fn possible(
    metric: &AlarmMetric,
    path: &str,
    side: &Side,
    findings: &mut Findings,
) -> bool {
    let what = match metric {
        AlarmMetric::RequestCount => "requests",
        AlarmMetric::Queue { .. } => "a queue's metrics",
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
        "this alarm always rings"
    } else {
        "this alarm never rings"
    };
    let finding = Finding::error(message)
        .at(at(path, side), format!("{what} are never negative"))
        .help(help);
    findings.report(finding);
    false
}

/// Looks at the two sides together.
pub(super) fn check(service: &Service, here: &str, steps: &StepScaling, findings: &mut Findings) {
    let (Some(out), Some(r#in)) = (&steps.scale_out, &steps.scale_in) else {
        return;
    };
    let (out_path, in_path) = (
        at(&format!("{here}.scale_out"), out),
        at(&format!("{here}.scale_in"), r#in),
    );
    let finding = if ring_together(out, r#in) {
        Finding::error("both alarms would ring at once").help(apart(out, r#in))
    } else if same(out.threshold, r#in.threshold) {
        Finding::warning("there is no room between the two thresholds")
            .help("a metric that wavers about them adds and removes tasks in turn: let the scale-in wait for a clearly lower load")
    } else if let Some(help) = swings(service, steps, out, r#in) {
        Finding::warning("a scale-in can bring about a scale-out").help(help)
    } else {
        return;
    };
    let finding = finding
        .at(in_path, format!("removes tasks {}", when(r#in)))
        .at(out_path, format!("adds tasks {}", when(out)));
    findings.report(finding);
}

/// The path of a side's threshold.
fn at(path: &str, side: &Side) -> String {
    format!("{path}.{}", side.comparison.name())
}

fn when(side: &Side) -> String {
    format!(
        "{} {}",
        side.comparison.name().replace('_', " "),
        side.threshold
    )
}

fn is_upward(side: &Side) -> bool {
    matches!(side.comparison, Comparison::AtOrAbove | Comparison::Above)
}

/// Equal as numbers: both come from the file as they are.
fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 0.0
}

/// Whether a value lets both sides ring.
fn ring_together(one: &Side, other: &Side) -> bool {
    let (up, down) = match (is_upward(one), is_upward(other)) {
        (true, false) => (one, other),
        (false, true) => (other, one),
        _ => return true,
    };
    let touches = up.comparison.breaches(down.threshold, up.threshold)
        && down.comparison.breaches(up.threshold, down.threshold);
    down.threshold > up.threshold || touches
}

fn apart(out: &Side, r#in: &Side) -> String {
    if is_upward(out) == is_upward(r#in) {
        let other = if is_upward(out) { "below" } else { "above" };
        return format!(
            "a scale-in rings on the other side of the metric than the scale-out: write `{other}: …` for it"
        );
    }
    let (word, bound) = if is_upward(out) {
        ("under", "lower")
    } else {
        ("over", "raise")
    };
    format!(
        "{bound} the scale-in's threshold to {word} {}, with room between the two",
        out.threshold
    )
}

/// Averages over the tasks rise when one of them goes. Of other metrics nobody knows.
fn is_average(metric: &AlarmMetric) -> bool {
    match metric {
        AlarmMetric::Other {
            namespace, name, ..
        } => matches!(
            (namespace.as_str(), name.as_str()),
            ("AWS/ECS", "CPUUtilization") | ("AWS/ApplicationELB", "RequestCountPerTarget")
        ),
        AlarmMetric::RequestCount | AlarmMetric::Queue { .. } => false,
    }
}

/// Whether the average after the smallest scale-in, from the fewest tasks that allow it, is over the
/// scale-out's threshold; what would be right.
fn swings(service: &Service, steps: &StepScaling, out: &Side, r#in: &Side) -> Option<String> {
    let by_tasks = r#in.steps.adjustment_type() == AdjustmentType::ChangeInCapacity;
    if !is_average(&steps.metric) || !is_upward(out) || !by_tasks {
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
