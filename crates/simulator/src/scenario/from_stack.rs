//! The scenario of a service of a stack definition.

use std::time::Duration;

use stack::{
    AlarmMetric, Architecture, BacklogPerTask, BacklogSource, Count, Queue, Service, ServiceSource,
    Stack,
};

use crate::policy::{BacklogPolicy, Policy, QueueMetric, Statistic, StepPolicy, StepSide};
use crate::prices::Prices;
use crate::random::Distribution;

use super::{Overrides, Scenario, ScenarioError, TaskSize};

impl Scenario {
    /// The scenario of a service of a definition, with what the definition doesn't say from `overrides`
    /// or by default; `notes` names each default.
    ///
    /// # Errors
    /// When there is no such service, when it consumes no queue, when its scaling can't be simulated, or
    /// when its promise or processing time is not known.
    pub fn from_stack(
        stack: &Stack,
        service: &str,
        overrides: &Overrides,
    ) -> Result<Self, ScenarioError> {
        let found = stack
            .services
            .get(service)
            .ok_or_else(|| ScenarioError::Service {
                name: service.to_owned(),
                known: stack
                    .services
                    .keys()
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", "),
            })?;
        let mut notes = Vec::new();
        let backlog = found.backlog_per_task();
        let promise = overrides
            .promise
            .or(backlog.map(|backlog| backlog.acceptable_latency))
            .or_else(|| {
                found
                    .consumes
                    .first()
                    .and_then(|queue| stack.oldest_message(queue))
            })
            .ok_or_else(|| ScenarioError::Promise(service.to_owned()))?;
        let processing = processing(service, backlog, overrides, &mut notes)?;
        let mut scenario = Self {
            name: format!("{}/{service}", stack.name),
            promise,
            processing,
            concurrency: overrides.concurrency.unwrap_or(1),
            min: found.tasks.min,
            max: found.tasks.max,
            initial: found.tasks.min,
            visibility_timeout: Duration::from_secs(30),
            retention: Duration::from_secs(4 * 86_400),
            max_receives: None,
            stop_timeout: Duration::from_secs(30),
            policy: policy(stack, service, found, &mut notes)?,
            size: TaskSize {
                cpu: 256,
                memory: 512,
                arm: false,
            },
            assumptions: overrides.assumptions.clone().unwrap_or_default(),
            prices: Prices::US_EAST_1,
            notes,
        };
        scenario.set_queues(stack, service, found)?;
        scenario.set_task(found);
        scenario.check()?;
        Ok(scenario)
    }

    fn set_queues(
        &mut self,
        stack: &Stack,
        name: &str,
        service: &Service,
    ) -> Result<(), ScenarioError> {
        let first = service
            .consumes
            .first()
            .ok_or_else(|| ScenarioError::NoQueue(name.to_owned()))?;
        if service.consumes.len() > 1 {
            self.notes.push(format!(
                "its {} queues are simulated as one with the timeouts of \"{first}\"; the load is that of all of them",
                service.consumes.len()
            ));
        }
        match stack.queues.get(first) {
            Some(Queue::Create(spec)) => {
                self.visibility_timeout = spec.visibility_timeout;
                self.retention = spec.retention;
                self.max_receives = spec.dead_letter.map(|dead_letter| dead_letter.after);
                if spec.fifo {
                    self.notes.push("message groups of a FIFO queue are not simulated: any task takes any message".to_owned());
                }
            }
            _ => self.notes.push(
                "the queue is somebody else's: SQS's defaults are assumed (hidden for 30 s, kept for 4 days, no dead letters)".to_owned(),
            ),
        }
        Ok(())
    }

    fn set_task(&mut self, service: &Service) {
        match &service.source {
            ServiceSource::Create(spec) => {
                self.stop_timeout = spec.stop_timeout;
                self.size = TaskSize {
                    cpu: spec.cpu,
                    memory: spec.memory,
                    arm: spec.architecture == Architecture::Arm64,
                };
            }
            ServiceSource::Existing { .. } => self.notes.push(
                "the service is somebody else's: 0.25 vCPU, 0.5 GB on x86-64 and a stop timeout of 30 s are assumed".to_owned(),
            ),
        }
    }
}

fn processing(
    service: &str,
    backlog: Option<&BacklogPerTask>,
    overrides: &Overrides,
    notes: &mut Vec<String>,
) -> Result<Distribution, ScenarioError> {
    if let Some(processing) = overrides.processing {
        return Ok(processing);
    }
    let mean = backlog
        .map(|backlog| backlog.processing_time)
        .ok_or_else(|| ScenarioError::Processing(service.to_owned()))?;
    notes.push(format!(
        "processing times vary exponentially around the definition's {mean:?}"
    ));
    Ok(Distribution::Exponential(mean))
}

fn policy(
    stack: &Stack,
    name: &str,
    service: &Service,
    notes: &mut Vec<String>,
) -> Result<Policy, ScenarioError> {
    let unknown = |by: &str| ScenarioError::Policy {
        service: name.to_owned(),
        by: by.to_owned(),
    };
    let Some(scaling) = &service.scaling else {
        return Ok(Policy::Fixed {
            tasks: service.tasks.min,
        });
    };
    let left_out = |notes: &mut Vec<String>, what: &str| {
        notes.push(format!(
            "{what} is left out: a load of messages doesn't tell it"
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
    if let Some(backlog) = &scaling.backlog_per_task {
        if scaling.steps.is_some() {
            notes.push("steps beside target tracking are left out".to_owned());
        }
        if backlog.source == BacklogSource::MetricMath {
            notes.push(
                "metric math is simulated as if the metric function published the metric"
                    .to_owned(),
            );
        }
        if backlog.count.contains(&Count::Delayed) {
            notes.push("no message is sent with a delay, so none counts as delayed".to_owned());
        }
        return Ok(Policy::BacklogPerTask(backlog_policy(stack, backlog)?));
    }
    match scaling.steps.as_ref().or(scaling.alarm_steps.as_ref()) {
        None => Err(unknown("CPU or memory")),
        Some(steps) => match &steps.metric {
            AlarmMetric::Queue {
                queue,
                name: metric,
                statistic,
            } if service.consumes.contains(queue) => {
                let metric = queue_metric(metric).ok_or_else(|| unknown(metric))?;
                let statistic = match statistic {
                    stack::Statistic::Plain(name) => {
                        statistic_named(name).ok_or_else(|| unknown(name))?
                    }
                    stack::Statistic::Extended(name) => return Err(unknown(name)),
                };
                Ok(Policy::Steps(step_policy(steps, metric, statistic)))
            }
            AlarmMetric::Queue { queue, .. } => Err(unknown(&format!(
                "the queue \"{queue}\", which it doesn't consume"
            ))),
            AlarmMetric::RequestCount => Err(unknown("requests")),
            AlarmMetric::Other {
                namespace,
                name: metric,
                ..
            } => Err(unknown(&format!("{namespace} {metric}"))),
        },
    }
}

fn backlog_policy(stack: &Stack, backlog: &BacklogPerTask) -> Result<BacklogPolicy, ScenarioError> {
    let target =
        scaling::acceptable_backlog_per_task(backlog.acceptable_latency, backlog.processing_time)
            .ok_or(ScenarioError::Value(
            "the processing time must be longer than nothing",
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

fn queue_metric(name: &str) -> Option<QueueMetric> {
    Some(match name {
        "ApproximateNumberOfMessagesVisible" => QueueMetric::Visible,
        "ApproximateNumberOfMessagesNotVisible" => QueueMetric::NotVisible,
        "ApproximateAgeOfOldestMessage" => QueueMetric::OldestAge,
        "NumberOfMessagesSent" => QueueMetric::Sent,
        "NumberOfMessagesDeleted" => QueueMetric::Deleted,
        _ => return None,
    })
}

fn statistic_named(name: &str) -> Option<Statistic> {
    Some(match name {
        "Average" => Statistic::Average,
        "Sum" => Statistic::Sum,
        "Minimum" => Statistic::Minimum,
        "Maximum" => Statistic::Maximum,
        "SampleCount" => Statistic::SampleCount,
        _ => return None,
    })
}

fn step_policy(
    steps: &stack::StepScaling,
    metric: QueueMetric,
    statistic: Statistic,
) -> StepPolicy {
    let side = |side: &stack::Side| StepSide {
        comparison: side.comparison,
        threshold: side.threshold,
        datapoints: side.datapoints,
        periods: side.periods,
        missing: side.missing,
        steps: side.steps.clone(),
    };
    StepPolicy {
        metric,
        statistic,
        period: steps.period,
        cooldown_out: steps.cooldown.out,
        cooldown_in: steps.cooldown.r#in,
        scale_out: steps.scale_out.as_ref().map(side),
        scale_in: steps.scale_in.as_ref().map(side),
    }
}
