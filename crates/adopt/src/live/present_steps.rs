//! Step scaling policies with their alarms, as the two sides of a simulation.

use std::time::Duration;

use scaling::{AdjustmentType, Comparison, Step, Steps};
use simulator::{QueueMetric, Statistic, StepPolicy, StepSide};

use super::present::COOLDOWN;
use super::readings::{AlarmReading, PolicyKind, PolicyReading, Readings};

/// The step scaling policies; `None` if there are none.
///
/// # Errors
/// Why they can't be simulated.
pub(super) fn read_steps(readings: &Readings) -> Result<Option<StepPolicy>, String> {
    let mut found: Option<StepPolicy> = None;
    for policy in &readings.policies {
        let PolicyKind::Steps { cooldown, .. } = &policy.kind else {
            continue;
        };
        for alarm in &policy.alarms {
            let side = read_side(policy, alarm, readings)?;
            let steps = found.get_or_insert(StepPolicy {
                period: alarm.period,
                cooldown_out: COOLDOWN,
                cooldown_in: COOLDOWN,
                scale_out: None,
                scale_in: None,
            });
            add_side(steps, side, alarm.period, cooldown.unwrap_or(COOLDOWN))?;
        }
        if policy.alarms.is_empty() {
            return Err(format!("no alarm acts on its step policy {}", policy.name));
        }
    }
    Ok(found)
}

fn add_side(
    steps: &mut StepPolicy,
    side: StepSide,
    period: Duration,
    cooldown: Duration,
) -> Result<(), String> {
    if steps.period != period {
        return Err(
            "its alarms have different periods; the simulation supports only one".to_owned(),
        );
    }
    let adds = matches!(side.comparison, Comparison::Above | Comparison::AtOrAbove);
    let (place, own) = match adds {
        true => (&mut steps.scale_out, &mut steps.cooldown_out),
        false => (&mut steps.scale_in, &mut steps.cooldown_in),
    };
    if place.is_some() {
        return Err(
            "several alarms change the count in one direction; the simulation supports only one"
                .to_owned(),
        );
    }
    *own = cooldown;
    *place = Some(side);
    Ok(())
}

fn read_side(
    policy: &PolicyReading,
    alarm: &AlarmReading,
    readings: &Readings,
) -> Result<StepSide, String> {
    let (metric, statistic) = known_metric(alarm, readings)?;
    let name = &alarm.name;
    let Some(comparison) = alarm.comparison else {
        return Err(format!("its alarm {name} is on a band"));
    };
    if alarm.period.as_secs() < 60 || !alarm.period.as_secs().is_multiple_of(60) {
        return Err(format!(
            "the period of its alarm {name} isn't a whole number of minutes"
        ));
    }
    Ok(StepSide {
        metric,
        statistic,
        comparison,
        threshold: alarm.threshold,
        datapoints: alarm.datapoints,
        periods: alarm.periods,
        missing: alarm.missing,
        steps: convert(policy, comparison)?,
    })
}

/// The metric of an alarm and its statistic, if they can be derived from a history of messages.
fn known_metric(
    alarm: &AlarmReading,
    readings: &Readings,
) -> Result<(QueueMetric, Statistic), String> {
    let name = &alarm.name;
    let Some(metric) = &alarm.metric else {
        return Err(format!("its alarm {name} is on metric math"));
    };
    let known = QueueMetric::named(&metric.name).filter(|_| metric.namespace == "AWS/SQS");
    let Some(known) = known else {
        return Err(format!(
            "its alarm {name} is on {} {}, which can't be derived from a history of messages",
            metric.namespace, metric.name
        ));
    };
    let queue = metric.dimensions.get("QueueName");
    if !queue.is_some_and(|queue| readings.queues.iter().any(|own| own.name == *queue)) {
        return Err(format!(
            "its alarm {name} is on a queue that isn't one of those above"
        ));
    }
    let statistic = &metric.statistic;
    match Statistic::named(statistic) {
        Some(statistic) => Ok((known, statistic)),
        None => Err(format!(
            "the statistic {statistic} of its alarm {name} isn't simulated"
        )),
    }
}

/// Application Auto Scaling's intervals are relative to the threshold; ours start at a distance beyond it.
fn convert(policy: &PolicyReading, comparison: Comparison) -> Result<Steps, String> {
    let wrong = |why: &str| {
        format!(
            "the steps of its policy {} can't be simulated: {why}",
            policy.name
        )
    };
    let PolicyKind::Steps {
        adjustment,
        at_least,
        steps,
        ..
    } = &policy.kind
    else {
        return Err(wrong("there are none"));
    };
    let kind = adjustment_type(adjustment).ok_or_else(|| wrong(adjustment))?;
    let above = matches!(comparison, Comparison::Above | Comparison::AtOrAbove);
    let mut found: Vec<Step> = steps
        .iter()
        .filter_map(|(lower, upper, adjustment)| {
            let nearest = if above {
                lower.unwrap_or(0.0)
            } else {
                -upper.unwrap_or(0.0)
            };
            // An interval on the other side of the threshold never applies.
            (nearest >= 0.0).then_some(Step {
                from: nearest.abs(),
                adjustment: *adjustment,
            })
        })
        .collect();
    found.sort_by(|a, b| a.from.total_cmp(&b.from));
    let at_least = at_least.filter(|_| kind == AdjustmentType::PercentChangeInCapacity);
    Steps::new(kind, at_least, found).map_err(|error| wrong(&error.to_string()))
}

fn adjustment_type(name: &str) -> Option<AdjustmentType> {
    Some(match name {
        "ChangeInCapacity" => AdjustmentType::ChangeInCapacity,
        "PercentChangeInCapacity" => AdjustmentType::PercentChangeInCapacity,
        "ExactCapacity" => AdjustmentType::ExactCapacity,
        _ => return None,
    })
}
