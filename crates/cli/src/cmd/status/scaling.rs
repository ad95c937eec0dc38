//! The scaling of a service, formatted for people.

use deployer::{Alarm, AlarmStepsState, PolicyState, StepAlarmState};
use scaling::Steps;

use super::queue::format_depth;
use crate::live::format_condition;
use crate::table::Table;
use crate::words::number;

/// Formats every policy of Application Auto Scaling.
pub(super) fn format_policies(policies: &[PolicyState]) -> String {
    let policy = |policy: &PolicyState| {
        format!(
            "policy        {}: {}\n{}",
            policy.name,
            describe_policy(policy),
            format_alarms(policy.alarms.iter())
        )
    };
    policies.iter().map(policy).collect()
}

fn describe_policy(policy: &PolicyState) -> String {
    let metric = policy.metric.as_deref().unwrap_or("a metric");
    if let Some(target) = policy.target {
        return format!("keeps {metric} at {}", number(target));
    }
    let kind = policy.adjustment_type.as_deref().unwrap_or(&policy.kind);
    let steps = policy.steps.iter().map(|step| {
        let bound = |bound: Option<f64>| bound.map_or_else(|| "∞".to_owned(), number);
        // Below the threshold the bounds are negative, and the lower one can be missing.
        let lower = match step.lower {
            None => "-∞".to_owned(),
            lower => bound(lower),
        };
        let upper = bound(step.upper);
        format!(
            "[{lower}, {upper}) {}",
            format_adjustment(kind, step.adjustment)
        )
    });
    format!("{kind}: {}", steps.collect::<Vec<_>>().join(", "))
}

/// Formats a change with its sign, a percentage, or an exact count.
fn format_adjustment(kind: &str, adjustment: i32) -> String {
    match kind {
        "ExactCapacity" => adjustment.to_string(),
        "PercentChangeInCapacity" => format!("{adjustment:+} %"),
        _ => format!("{adjustment:+}"),
    }
}

/// Formats a scaling function with its alarms.
pub(super) fn alarm_steps(steps: &AlarmStepsState, desired: Option<u32>) -> String {
    let mut text = format!("alarm steps   by the function {}\n", steps.function);
    let sides = [
        ("scale out", &steps.scale_out),
        ("scale in", &steps.scale_in),
    ];
    for (name, side) in sides {
        if let Some(side) = side {
            text.push_str(&side_text(name, side, desired));
        }
    }
    if let Some(queue) = &steps.dead_letters {
        text.push_str(&format!(
            "dead-letter   {} of the function: {}\n",
            queue.name,
            format_depth(queue)
        ));
    }
    text
}

fn side_text(name: &str, side: &StepAlarmState, desired: Option<u32>) -> String {
    let mut text = format!(
        "{name:<12}  {}, then a cooldown of {} s\n",
        format_adjustments(&side.steps),
        side.cooldown_s
    );
    match &side.alarm {
        Some(alarm) => text.push_str(&format_alarms(std::iter::once(alarm))),
        None => text.push_str(&format!("              the alarm {} is gone\n", side.name)),
    }
    let last = match &side.last_step {
        Some(step) => step.to_string(),
        None => "none yet".to_owned(),
    };
    let unapplied = side
        .unapplied_step(desired)
        .map_or("", |_| StepAlarmState::NOT_APPLIED);
    text.push_str(&format!("              last step: {last}{unapplied}\n"));
    text
}

/// Formats `ChangeInCapacity +1, from 200 beyond +3`, where the metric is beyond the threshold.
fn format_adjustments(steps: &Steps) -> String {
    let kind = steps.adjustment_type().to_string();
    let written = steps.as_slice().iter().map(|step| {
        let adjustment = format_adjustment(&kind, step.adjustment);
        if step.from == 0.0 {
            adjustment
        } else {
            format!("from {} beyond {adjustment}", number(step.from))
        }
    });
    format!("{kind} {}", written.collect::<Vec<_>>().join(", "))
}

fn format_alarms<'a>(alarms: impl Iterator<Item = &'a Alarm>) -> String {
    let mut table = Table::new(Vec::<String>::new()).texts(3).indent(14);
    for alarm in alarms {
        let window = format!(
            "{} of {} × {} s",
            alarm.datapoints, alarm.periods, alarm.period_s
        );
        table.row([format_condition(alarm), window, alarm.state.to_string()]);
    }
    table.format()
}
