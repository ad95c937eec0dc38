//! How a service's desired count follows the work.

use std::collections::BTreeSet;

use super::fields::Fields;
use super::shared::cooldown;
use super::steps::step_scaling;
use crate::model::{Actuator, BacklogPerTask, BacklogSource, Count, Demand, Scaling, Utilization};

pub(super) fn scaling(fields: Fields<'_>) -> Scaling {
    let given = |name: &str| fields.given(name).map(|_| fields.object(name));
    Scaling {
        backlog_per_task: given("backlog_per_task").map(backlog_per_task),
        cpu: given("cpu").map(utilization),
        memory: given("memory").map(utilization),
        steps: given("steps").map(step_scaling),
        alarm_steps: given("alarm_steps").map(step_scaling),
        demand: given("demand").map(demand),
    }
}

fn backlog_per_task(fields: Fields<'_>) -> BacklogPerTask {
    BacklogPerTask {
        acceptable_latency: fields.duration("acceptable_latency"),
        processing_time: fields.duration("processing_time"),
        count: counts(fields),
        cooldown: cooldown(fields),
        source: match fields.text("source").as_str() {
            "metric_math" => BacklogSource::MetricMath,
            _ => BacklogSource::Lambda,
        },
    }
}

fn demand(fields: Fields<'_>) -> Demand {
    Demand {
        acceptable_latency: fields.duration("acceptable_latency"),
        // The word `measured` is no duration.
        processing_time: fields.optional_duration("processing_time"),
        concurrency: fields.whole("concurrency"),
        actuator: match fields.text("actuator").as_str() {
            "target_tracking" => Actuator::TargetTracking,
            _ => Actuator::Function,
        },
        task_start: fields.duration("task_start"),
        window: fields.duration("window"),
        cooldown: cooldown(fields),
    }
}

fn utilization(fields: Fields<'_>) -> Utilization {
    Utilization {
        target: fields.whole("target"),
        cooldown: cooldown(fields),
    }
}

fn counts(fields: Fields<'_>) -> BTreeSet<Count> {
    let words = fields.texts("count");
    let given: BTreeSet<Count> = Count::ALL
        .into_iter()
        .filter(|count| words.iter().any(|word| word == count.name()))
        .collect();
    if given.is_empty() {
        BTreeSet::from([Count::Visible])
    } else {
        given
    }
}
