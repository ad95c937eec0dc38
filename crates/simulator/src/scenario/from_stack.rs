//! The scenario of a service of a stack definition.

use std::sync::Arc;
use std::time::Duration;

use scaling::QueueSettings;
use stack::{Architecture, Cluster, Queue, Service, ServiceSource, Stack, Warm};

use crate::control::MOST_QUEUES;
use crate::cost::{Billing, PriceTable, Prices};
use crate::number::format_duration;
use crate::random::Distribution;

use super::policies::choose_policy;
use super::{Deployments, Overrides, QueueScenario, Scenario, ScenarioError, TaskSize};

impl Scenario {
    /// Creates the scenario of a service of a definition. Values that the definition doesn't set come from
    /// `overrides` or are defaults; `notes` lists each default.
    ///
    /// # Errors
    /// If the service doesn't exist, if it consumes no queue, if its scaling can't be simulated, or if its
    /// objective or processing time isn't known.
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
        let slo = overrides
            .slo
            .or(found.latency_objective())
            .or_else(|| {
                found
                    .consumes
                    .first()
                    .and_then(|queue| stack.oldest_message(queue))
            })
            .ok_or_else(|| ScenarioError::Objective(service.to_owned()))?;
        let processing = choose_processing_time(service, found, overrides, &mut notes)?;
        let prices = choose_prices(stack, overrides);
        let mut scenario = Self {
            name: format!("{}/{service}", stack.name),
            slo,
            processing,
            queues: list_queues(stack, found, overrides, (slo, processing)),
            concurrency: overrides.concurrency.unwrap_or_else(|| found.concurrency()),
            batch: overrides.batch.unwrap_or(1),
            prefetch: overrides.prefetch.unwrap_or(false),
            min: found.tasks.min,
            max: found.tasks.max,
            schedule: found.schedule.clone(),
            initial: found.tasks.min.max(warm_tasks(found)),
            delay: Duration::ZERO,
            visibility_timeout: Duration::from_secs(30),
            retention: Duration::from_secs(4 * 86_400),
            max_receives: None,
            stop_timeout: Duration::from_secs(30),
            protect: found.protect,
            heartbeat: found.heartbeat,
            deployments: overrides.deploy_every.map(Deployments::new),
            policy: choose_policy(stack, service, found, &mut notes)?,
            size: TaskSize {
                cpu: 256,
                memory: 512,
                arm: false,
            },
            assumptions: overrides.assumptions.clone().unwrap_or_default(),
            given: overrides.list_given(),
            billing: Billing::of_service(stack, service, found, prices, &mut notes),
            notes,
        };
        if let Some(schedule) = &found.schedule {
            scenario.notes.push(format!(
                "the schedule follows the dates of the load; a load without dates starts on a Monday at 00:00 in {}",
                schedule.timezone.name()
            ));
        }
        let shortest = scenario.queues.iter().map(|queue| queue.slo).min();
        scenario.slo = shortest.unwrap_or(scenario.slo);
        scenario.set_queues(stack, service, found)?;
        scenario.set_task(found, &stack.cluster);
        if let Some(policy) = overrides.policy {
            scenario = policy.replace_in(scenario);
        }
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
        if !self.queues.is_empty() {
            self.notes.push(format!(
                "tasks take messages of the {} queues in turn; the timeouts of \"{first}\" apply to all of them; a \
                 message whose load names no queue goes to any of them with the same chance",
                service.consumes.len()
            ));
        } else if service.consumes.len() > 1 {
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
                self.delay = spec.delay;
                if !spec.delay.is_zero() {
                    self.notes.push(format!(
                        "each message is hidden for {:?} after it is sent; its wait includes that time",
                        spec.delay
                    ));
                }
                if spec.fifo.is_some() {
                    self.notes.push("message groups of a FIFO queue are not simulated: any task takes any message".to_owned());
                }
            }
            _ => self.notes.push(
                "the queue is an existing one: SQS's defaults are assumed (visibility timeout 30 s, retention 4 days, no dead-letter queue)".to_owned(),
            ),
        }
        Ok(())
    }

    fn set_task(&mut self, service: &Service, cluster: &Cluster) {
        match &service.source {
            ServiceSource::Create(spec) => {
                if let Some(deployments) = &mut self.deployments {
                    deployments.min_healthy = spec.min_healthy(service.tasks, cluster);
                    deployments.max = spec.deployment.max.unwrap_or(deployments.max);
                }
                self.stop_timeout = spec.stop_timeout;
                self.size = TaskSize {
                    cpu: spec.cpu,
                    memory: spec.memory,
                    arm: spec.architecture == Architecture::Arm64,
                };
            }
            ServiceSource::Existing { .. } => self.notes.push(
                "the service is an existing one: 0.25 vCPU and 0.5 GB on x86-64, and a stop timeout of 30 s are assumed".to_owned(),
            ),
        }
    }
}

/// Returns the prices of the service's region.
fn choose_prices(stack: &Stack, overrides: &Overrides) -> Arc<Prices> {
    let region = overrides.region.as_deref().or(stack.region.as_deref());
    Arc::new(match &overrides.prices {
        Some(table) => table.for_region(region),
        None => PriceTable::built_in().for_region(region),
    })
}

fn choose_processing_time(
    name: &str,
    service: &Service,
    overrides: &Overrides,
    notes: &mut Vec<String>,
) -> Result<Distribution, ScenarioError> {
    let measured = service
        .demand()
        .is_some_and(|demand| demand.processing_time.is_none());
    if measured {
        notes.push(
            "the processing time is measured from SQS's own metrics, as in AWS, a minute or two late"
                .to_owned(),
        );
    }
    if let Some(processing) = overrides.processing {
        return Ok(processing);
    }
    let backlog = service.backlog_per_task();
    let mean = backlog
        .map(|backlog| backlog.processing_time)
        .or_else(|| service.demand()?.processing_time)
        .or_else(|| mean_of_queues(service))
        .ok_or_else(|| ScenarioError::Processing(name.to_owned()))?;
    let shown = match mean.subsec_nanos() {
        0 => format_duration(mean.as_secs_f64()),
        _ => format!("{mean:?}"),
    };
    notes.push(format!(
        "processing times vary exponentially around the definition's {shown}"
    ));
    Ok(Distribution::Exponential(mean))
}

/// Returns the mean of the queues' own processing times, if each has one.
fn mean_of_queues(service: &Service) -> Option<Duration> {
    let queues = service.consumes.iter();
    let own: Option<Vec<Duration>> = queues
        .map(|queue| service.own_settings(queue).processing_time)
        .collect();
    let own = own.filter(|own| !own.is_empty())?;
    let count = u32::try_from(own.len()).ok()?;
    Some(own.iter().sum::<Duration>() / count)
}

/// Whether a simulation distinguishes the queues of a service, so that a load can be different for each. Too many
/// queues with the same settings are one queue.
#[must_use]
pub fn distinguishes_queues(service: &Service) -> bool {
    let differ = !service.queue_settings.is_empty();
    differ || (2..=MOST_QUEUES).contains(&service.consumes.len())
}

/// Returns the queues of a service, if they are distinguished, with `common` for values that a queue doesn't have.
fn list_queues(
    stack: &Stack,
    service: &Service,
    overrides: &Overrides,
    common: (Duration, Distribution),
) -> Vec<QueueScenario> {
    if !distinguishes_queues(service) {
        return Vec::new();
    }
    let differ = !service.queue_settings.is_empty();
    let queue = |queue: &String| {
        let own = service.own_settings(queue);
        let slo = overrides.slo.or(service.queue_objective(queue));
        let slo = slo.or_else(|| stack.oldest_message(queue));
        let slo = slo.unwrap_or(common.0);
        let mean = service
            .queue_processing_time(queue)
            .or_else(|| mean_of_queues(service));
        let processing = overrides
            .processing
            .or(mean.map(Distribution::Exponential))
            .unwrap_or(common.1);
        let aim = own
            .slo
            .map(|slo| slo.latency)
            .or(service.acceptable_latency());
        let required = service.queue_slo(queue).and_then(|slo| slo.share);
        QueueScenario {
            name: queue.clone(),
            slo,
            share: required,
            processing,
            settings: differ.then(|| QueueSettings {
                objective: aim.unwrap_or(slo),
                share: required,
                processing_time: own
                    .processing_time
                    .or_else(|| service.demand()?.processing_time),
            }),
        }
    };
    service.consumes.iter().map(queue).collect()
}

/// Returns the fixed number of warm tasks. They run at the start, as in a service that was deployed before.
fn warm_tasks(service: &Service) -> u32 {
    match service.demand().map(|demand| demand.warm) {
        Some(Warm::Tasks(tasks)) => tasks,
        _ => 0,
    }
}
