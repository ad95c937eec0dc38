//! Whether a service can meet its latency objective, given its tasks, queues, and metric.

use std::time::Duration;

use super::consumed::own_path;
use super::slo::{objective_path, setpoint_path};
use crate::duration::format as written;
use crate::findings::{Finding, Findings};
use crate::model::{BacklogPerTask, Count, Queue, QueueSpec, Service, ServiceSource, Stack};

/// Fargate's longest stop timeout.
pub(super) const LONGEST_STOP: Duration = Duration::from_secs(120);

/// A 60 s custom metric has three of three breaching datapoints 130 to 270 s after the load changed; the new tasks
/// then take about 23 to 60 s to start.
pub(super) const REACTION: Duration = Duration::from_secs(300);

/// Below this target per message that a task processes at the same time, the messages in progress are more than a
/// tenth of the target.
const SMALL_TARGET: f64 = 10.0;

/// The maximum time for which SQS hides a message, however often it is extended. Source: Amazon SQS API,
/// `ChangeMessageVisibility`.
const LONGEST_HIDDEN: Duration = Duration::from_secs(12 * 3_600);

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service) in &stack.services {
        let Some(promise) = Promise::from_service(findings, &format!("services.{key}"), service)
        else {
            continue;
        };
        if let Some(scaling) = service.backlog_per_task() {
            promise.target(scaling, findings);
            promise.reaction(findings);
            // Without a minimum number of tasks, messages in flight must count, because they keep the last task
            // running.
            if !service.can_sleep() {
                promise.count(scaling, findings);
            }
        }
        let queues: Vec<(&str, Promise)> = promise.by_queue(findings, service);
        let longest = queues
            .iter()
            .map(|(_, promise)| promise)
            .max_by_key(|one| one.processing);
        longest.unwrap_or(&promise).stop(stack, service, findings);
        if promise.processing > LONGEST_HIDDEN {
            promise.longest_hidden(findings);
            continue;
        }
        for (name, promise) in &queues {
            if promise.processing > LONGEST_HIDDEN {
                promise.longest_hidden(findings);
            } else if let Some(Queue::Create(spec)) = stack.queues.get(*name) {
                if !service.heartbeat {
                    promise.visibility(name, spec, findings);
                }
                promise.retention(name, spec, findings);
            }
        }
    }
}

/// The service's objective and the latency that its policy aims at, with the paths of both.
#[derive(Clone)]
struct Promise {
    objective: Duration,
    /// The latency that the policy aims at.
    latency: Duration,
    /// The processing time; zero if it is measured.
    processing: Duration,
    service_path: String,
    objective_path: String,
    latency_path: String,
    processing_path: String,
}

impl Promise {
    /// The latency objective of the service at a path.
    fn from_service(findings: &Findings, path: &str, service: &Service) -> Option<Self> {
        let backlog = service
            .backlog_per_task()
            .map(|scaling| ("backlog_per_task", Some(scaling.processing_time)));
        let demand = || Some(("demand", service.demand()?.processing_time));
        let (way, processing) = backlog.or_else(demand)?;
        Some(Self {
            objective: service.latency_objective()?,
            latency: service.acceptable_latency()?,
            processing: processing.unwrap_or_default(),
            service_path: path.to_owned(),
            objective_path: objective_path(findings, path, way),
            latency_path: setpoint_path(findings, path, way),
            processing_path: format!("{path}.scaling.{way}.processing_time"),
        })
    }

    /// The objective of each queue.
    fn by_queue<'s>(&self, findings: &Findings, service: &'s Service) -> Vec<(&'s str, Self)> {
        let queues = service.consumes.iter();
        let own = queues.map(|queue| (queue.as_str(), self.of_queue(findings, service, queue)));
        own.collect()
    }

    fn of_queue(&self, findings: &Findings, service: &Service, queue: &str) -> Self {
        let at = |key| own_path(findings, &self.service_path, service, queue, key);
        let mut promise = self.clone();
        let own = service.own_settings(queue);
        if let (Some(slo), Some(path)) = (own.slo, at("slo")) {
            promise.objective = slo.latency;
            promise.objective_path = path;
        }
        if let (Some(processing), Some(path)) = (own.processing_time, at("processing_time")) {
            promise.processing = processing;
            promise.processing_path = path;
        }
        promise
    }

    /// Points to the processing time, which is compared with a shorter time.
    fn against_processing(&self, finding: Finding) -> Finding {
        let text = format!("one message takes {}", written(self.processing));
        finding.at(self.processing_path.as_str(), text)
    }

    /// Points to the concurrency, if one is set.
    fn against_concurrency(&self, scaling: &BacklogPerTask, finding: Finding) -> Finding {
        if scaling.concurrency == 1 {
            return finding;
        }
        let path = format!("{}.scaling.backlog_per_task.concurrency", self.service_path);
        finding.at(path, format!("{} at once", scaling.concurrency))
    }

    fn target(&self, scaling: &BacklogPerTask, findings: &mut Findings) {
        let (latency, target) = (self.latency, scaling.target().unwrap_or_default());
        if latency.saturating_mul(scaling.concurrency) >= self.processing {
            return;
        }
        let finding = Finding::error(
            "the latency objective is shorter than the processing time of one message",
        )
        .at(
            self.latency_path.as_str(),
            format!("objective {}", written(latency)),
        );
        let least = self.processing / scaling.concurrency.max(1);
        let finding = self.against_processing(finding).help(format!(
            "the target would be {target:.2} messages per task, and no number of tasks can meet a target below one: use an objective of at least {}, or make messages smaller",
            written(Duration::from_millis(u64::try_from(least.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)))
        ));
        findings.report(self.against_concurrency(scaling, finding));
    }

    fn reaction(&self, findings: &mut Findings) {
        let objective = self.objective;
        if objective >= REACTION {
            return;
        }
        let finding = Finding::warning("the latency objective is shorter than the scaling delay")
            .at(self.objective_path.as_str(), format!("objective {}", written(objective)))
            .help("target tracking reacts 2 to 5 minutes after the load rises, and a new task takes up to a minute to start: to absorb sudden bursts, raise `tasks.min`; a slow rise is met in time");
        findings.report(finding);
    }

    fn count(&self, scaling: &BacklogPerTask, findings: &mut Findings) {
        let target = scaling.target().unwrap_or(f64::INFINITY);
        let small = SMALL_TARGET * f64::from(scaling.concurrency);
        if !scaling.count.contains(&Count::InFlight) || !(1.0..small).contains(&target) {
            return;
        }
        let path = format!("{}.scaling.backlog_per_task.count", self.service_path);
        let finding = Finding::warning("messages in flight count toward a small target")
            .at(path, "counts messages in progress")
            .at(self.latency_path.as_str(), format!("a target of {target:.1} messages per task"))
            .help("every busy task has at least one message in flight, which uses up part of the target, so more tasks run than the objective requires; remove `in_flight` unless you intend that");
        findings.report(finding);
    }

    /// The effect of stopping a task on the message that it works on.
    fn stop(&self, stack: &Stack, service: &Service, findings: &mut Findings) {
        let processing = self.processing;
        let (place, given) = match &service.source {
            ServiceSource::Create(spec) => (".stop_timeout", spec.stop_timeout),
            // The maximum on Fargate.
            ServiceSource::Existing { .. } => (".existing", LONGEST_STOP),
        };
        if service.protect || given >= processing {
            return;
        }
        let path = format!("{}{place}", self.service_path);
        let finding = if processing <= LONGEST_STOP {
            Finding::error("the stop timeout is shorter than the processing time of one message").help(format!(
                "a task that is stopped would be killed in the middle of a message: set at least {}",
                whole_seconds(processing)
            ))
        } else if service.heartbeat {
            return;
        } else {
            Finding::warning("a stopped task drops the message that it works on").help(format!(
                "a scale-in or a deployment stops tasks, and the message then starts over after the visibility timeout: set `protect: true` if the worker uses ECS task protection, or `heartbeat: true` if it extends the visibility timeout{}",
                if runs_on_instances(stack, service) {
                    format!("; or set `stop_timeout` to at least {}", whole_seconds(processing))
                } else {
                    format!("; Fargate waits at most {}", written(LONGEST_STOP))
                }
            ))
        };
        let finding = finding.at(path, format!("stopped after {}", written(given)));
        findings.report(self.against_processing(finding));
    }

    fn longest_hidden(&self, findings: &mut Findings) {
        let finding = Finding::error("SQS can't hide a message for as long as its processing takes")
            .help(format!("SQS hides a message for at most {} after it was received, and then shows it again although it is still in progress: make messages smaller", written(LONGEST_HIDDEN)));
        findings.report(self.against_processing(finding));
    }

    fn visibility(&self, queue: &str, spec: &QueueSpec, findings: &mut Findings) {
        let processing = self.processing;
        let path = format!("queues.{queue}.visibility_timeout");
        let twice = processing.saturating_mul(2);
        let finding = if spec.visibility_timeout < processing {
            Finding::error("the visibility timeout is shorter than the processing time of one message")
                .help(format!("the message is visible again while it is in progress, and a second task receives it: set at least {}, better six times the processing time; or set `heartbeat: true` if the worker extends it", whole_seconds(processing)))
        } else if spec.visibility_timeout < twice {
            Finding::warning("the visibility timeout is less than twice the processing time of one message")
                .help(format!("the processing time is an average, so slower messages are visible again while they are in progress: set at least {}", whole_seconds(twice)))
        } else {
            return;
        };
        let finding = finding.at(
            path,
            format!("hidden for {}", written(spec.visibility_timeout)),
        );
        findings.report(self.against_processing(finding));
    }

    fn retention(&self, queue: &str, spec: &QueueSpec, findings: &mut Findings) {
        let objective = self.objective;
        if spec.retention >= objective {
            return;
        }
        let finding = Finding::error("the retention is shorter than the latency objective")
            .at(
                format!("queues.{queue}.retention"),
                format!("kept for {}", written(spec.retention)),
            )
            .at(
                self.objective_path.as_str(),
                format!("can wait {}", written(objective)),
            )
            .help(format!(
                "keep messages for at least {}",
                whole_seconds(objective)
            ));
        findings.report(finding);
    }
}

/// Whether a service runs on EC2 instances of the stack, where tasks can take longer to stop.
fn runs_on_instances(stack: &Stack, service: &Service) -> bool {
    matches!(&service.source, ServiceSource::Create(spec) if stack.is_on_instances(spec))
}

/// A duration rounded up to whole seconds, as SQS and ECS require.
fn whole_seconds(duration: Duration) -> String {
    let up = u64::from(duration.subsec_nanos() > 0);
    written(Duration::from_secs(duration.as_secs().saturating_add(up)))
}
