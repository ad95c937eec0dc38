//! The policy of a service of a stack definition.

use std::time::Duration;

use stack::{Actuator, AlarmMetric, BacklogPerTask, BacklogSource, Count, Service, Stack};

use crate::policy::{
    BacklogPolicy, DeadlinePolicy, DemandPolicy, Policy, QueueMetric, Statistic, StepPolicy,
    StepSide,
};

use super::ScenarioError;

pub(super) fn choose_policy(
    stack: &Stack,
    name: &str,
    service: &Service,
    notes: &mut Vec<String>,
) -> Result<Policy, ScenarioError> {
    let Some(scaling) = &service.scaling else {
        return Ok(Policy::Fixed {
            tasks: service.tasks.min,
        });
    };
    let left_out = |notes: &mut Vec<String>, what: &str| {
        notes.push(format!(
            "{what} is omitted: a load of messages doesn't include it"
        ));
    };
    for (there, what) in [
        (scaling.cpu.is_some(), "scaling by CPU"),
        (scaling.memory.is_some(), "scaling by memory"),
    ] {
        if there {
            left_out(notes, what);
        }
    }
    // A policy that only observes has no effect in combination with another policy. Alone, it is simulated as
    // if it scaled the service.
    let demand = scaling.demand.as_ref();
    let demand = demand.filter(|demand| demand.acts() || !scaling.has_other_than_demand());
    if let Some(demand) = demand {
        if !demand.acts() {
            notes.push(
                "`actuator: none` only observes: this is what the policy would do if it acted"
                    .to_owned(),
            );
        }
        return Ok(match demand.actuator {
            Actuator::Function | Actuator::None => {
                Policy::Deadline(deadline_policy(service, demand))
            }
            Actuator::TargetTracking => Policy::Demand(demand_policy(stack, demand)),
        });
    }
    if let Some(backlog) = &scaling.backlog_per_task {
        if backlog.source == BacklogSource::MetricMath {
            notes.push(
                "metric math is simulated as if the metric function published the metric"
                    .to_owned(),
            );
        }
        if backlog.count.contains(&Count::Delayed) {
            notes.push("messages that are delayed aren't counted in the simulation".to_owned());
        }
        let tracking = backlog_policy(stack, backlog)?;
        return Ok(match &scaling.steps {
            None => Policy::BacklogPerTask(tracking),
            Some(steps) => {
                let steps = steps_of(name, service, steps)?;
                Policy::BacklogPerTaskAndSteps(tracking, steps)
            }
        });
    }
    match (&scaling.steps, &scaling.alarm_steps) {
        (Some(steps), _) => Ok(Policy::Steps(steps_of(name, service, steps)?)),
        (None, Some(steps)) => Ok(Policy::AlarmSteps(steps_of(name, service, steps)?)),
        (None, None) => Err(ScenarioError::Policy {
            service: name.to_owned(),
            by: "CPU or memory".to_owned(),
        }),
    }
}

/// Returns steps on metrics of queues that the service consumes.
fn steps_of(
    name: &str,
    service: &Service,
    steps: &stack::StepScaling,
) -> Result<StepPolicy, ScenarioError> {
    let unknown = |by: String| ScenarioError::Policy {
        service: name.to_owned(),
        by,
    };
    let side = |side: &stack::StepAlarm| {
        let (metric, statistic) = watched(service, steps.metric_of(side)).map_err(unknown)?;
        Ok(StepSide {
            metric,
            statistic,
            comparison: side.comparison,
            threshold: side.threshold,
            datapoints: side.datapoints,
            periods: side.periods,
            missing: side.missing,
            steps: side.steps.clone(),
        })
    };
    Ok(StepPolicy {
        period: steps.period,
        cooldown_out: steps.cooldown.out,
        cooldown_in: steps.cooldown.r#in,
        scale_out: steps.scale_out.as_ref().map(side).transpose()?,
        scale_in: steps.scale_in.as_ref().map(side).transpose()?,
    })
}

/// Returns the metric that a side watches. The error is the name of the metric, if a load doesn't determine it.
fn watched(service: &Service, metric: &AlarmMetric) -> Result<(QueueMetric, Statistic), String> {
    let plain = |statistic: &stack::Statistic| match statistic {
        stack::Statistic::Plain(name) => Statistic::named(name).ok_or_else(|| name.clone()),
        stack::Statistic::Extended(name) => Err(name.clone()),
    };
    let consumed = |queue: &String| service.consumes.contains(queue);
    match metric {
        AlarmMetric::Queue {
            queue,
            name,
            statistic,
        } if consumed(queue) => {
            let metric = QueueMetric::named(name).ok_or_else(|| name.clone())?;
            Ok((metric, plain(statistic)?))
        }
        // Delayed messages don't count.
        AlarmMetric::Messages {
            queue,
            count,
            statistic,
        } if consumed(queue) => {
            let of = |count_of| count.contains(&count_of);
            let metric = match (of(Count::Visible), of(Count::InFlight)) {
                (true, true) => QueueMetric::Outstanding,
                (true, false) => QueueMetric::Visible,
                _ => QueueMetric::NotVisible,
            };
            Ok((metric, plain(statistic)?))
        }
        AlarmMetric::Queue { queue, .. } | AlarmMetric::Messages { queue, .. } => {
            Err(format!("the queue \"{queue}\", which it doesn't consume"))
        }
        AlarmMetric::RequestCount => Err("requests".to_owned()),
        AlarmMetric::Other {
            namespace, name, ..
        } => Err(format!("{namespace} {name}")),
    }
}

fn deadline_policy(service: &Service, demand: &stack::Demand) -> DeadlinePolicy {
    DeadlinePolicy {
        acceptable_latency: Some(demand.acceptable_latency),
        processing_time: demand.processing_time,
        share: service.slo.and_then(|slo| slo.share),
        start: demand.task_start,
        every: demand.every,
        warm: demand.warm,
        window: demand.window,
        cooldown_out: demand.cooldown.out,
        cooldown_in: demand.cooldown.r#in,
        ..DeadlinePolicy::defaults(Duration::ZERO)
    }
}

fn demand_policy(stack: &Stack, demand: &stack::Demand) -> DemandPolicy {
    DemandPolicy {
        acceptable_latency: Some(demand.acceptable_latency),
        processing_time: demand.processing_time,
        start: demand.task_start,
        window: demand.window,
        every: stack.metric.every,
        cooldown_out: demand.cooldown.out,
        cooldown_in: demand.cooldown.r#in,
    }
}

fn backlog_policy(stack: &Stack, backlog: &BacklogPerTask) -> Result<BacklogPolicy, ScenarioError> {
    let target = backlog.target().ok_or(ScenarioError::Value(
        "the processing time must be longer than zero",
    ))?;
    Ok(BacklogPolicy {
        target,
        visible: backlog.count.contains(&Count::Visible),
        in_flight: backlog.count.contains(&Count::InFlight),
        cooldown_out: backlog.cooldown.out,
        cooldown_in: backlog.cooldown.r#in,
        every: stack.metric.every,
    })
}
