//! How a service's desired count follows the work.

use std::time::Duration;

use scaling::TRACKING_COOLDOWN;

use super::fields::Fields;
use super::shared::{cooldown, counts};
use super::steps::step_scaling;
use crate::Slo;
use crate::model::{
    Actuator, BacklogPerTask, BacklogSource, Cooldown, Demand, Scaling, Utilization, Warm,
};

/// A policy without its own latency aims at the service's objective.
pub(super) fn scaling(fields: Fields<'_>, slo: Option<Slo>) -> Scaling {
    let objective = slo.map(|slo| slo.latency).unwrap_or_default();
    let given = |name: &str| fields.given(name).map(|_| fields.object(name));
    Scaling {
        backlog_per_task: given("backlog_per_task")
            .map(|fields| backlog_per_task(fields, objective)),
        cpu: given("cpu").map(utilization),
        memory: given("memory").map(utilization),
        steps: given("steps").map(step_scaling),
        alarm_steps: given("alarm_steps").map(step_scaling),
        demand: given("demand").map(|fields| demand(fields, objective)),
    }
}

fn backlog_per_task(fields: Fields<'_>, objective: Duration) -> BacklogPerTask {
    BacklogPerTask {
        acceptable_latency: fields
            .optional_duration("acceptable_latency")
            .unwrap_or(objective),
        processing_time: fields.duration("processing_time"),
        concurrency: fields.whole("concurrency"),
        count: counts(fields),
        cooldown: cooldown(fields),
        source: match fields.text("source").as_str() {
            "metric_math" => BacklogSource::MetricMath,
            _ => BacklogSource::Lambda,
        },
    }
}

fn demand(fields: Fields<'_>, objective: Duration) -> Demand {
    let actuator = match fields.text("actuator").as_str() {
        "target_tracking" => Actuator::TargetTracking,
        "none" => Actuator::None,
        _ => Actuator::Function,
    };
    let usual = match actuator {
        Actuator::TargetTracking => TRACKING_COOLDOWN,
        Actuator::Function | Actuator::None => Duration::ZERO,
    };
    let pauses = fields.object("cooldown");
    Demand {
        acceptable_latency: fields
            .optional_duration("acceptable_latency")
            .unwrap_or(objective),
        // The word `measured` isn't a duration.
        processing_time: fields.optional_duration("processing_time"),
        concurrency: fields.whole("concurrency"),
        actuator,
        every: fields.duration("every"),
        warm: match (fields.optional_whole("warm"), fields.text("warm").as_str()) {
            (Some(tasks), _) => Warm::Tasks(tasks),
            (None, "off") => Warm::Off,
            (None, _) => Warm::Auto,
        },
        task_start: fields.duration("task_start"),
        window: fields.duration("window"),
        cooldown: Cooldown {
            out: pauses.optional_duration("out").unwrap_or(usual),
            r#in: pauses.duration("in"),
        },
    }
}

fn utilization(fields: Fields<'_>) -> Utilization {
    Utilization {
        target: fields.whole("target"),
        high_resolution: fields.flag("high_resolution"),
        cooldown: cooldown(fields),
    }
}
