//! Whether the promise of a service can be kept: by its tasks, its queues and the metric.

use std::time::Duration;

use scaling::acceptable_backlog_per_task;

use crate::duration::format as written;
use crate::findings::{Finding, Findings};
use crate::model::{BacklogPerTask, Count, Queue, QueueSpec, Service, ServiceSource, Stack};

/// Fargate's longest stop timeout.
const LONGEST_STOP: Duration = Duration::from_secs(120);

/// A 60 s custom metric crosses three of three datapoints 130 to 270 s after the load changed; the
/// new tasks then take some 23 to 60 s to start.
pub(super) const REACTION: Duration = Duration::from_secs(300);

/// Below this target, one message in work on each task is more than a tenth of it.
const SMALL_TARGET: f64 = 10.0;

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service) in &stack.services {
        let Some(promise) = Promise::from_service(&format!("services.{key}"), service) else {
            continue;
        };
        if let Some(scaling) = service.backlog_per_task() {
            promise.target(findings);
            promise.reaction(findings);
            // With no fewest task, what is in flight has to count: it keeps the last one awake.
            if service.tasks.min > 0 {
                promise.count(scaling, findings);
            }
        }
        promise.stop(service, findings);
        for name in &service.consumes {
            if let Some(Queue::Create(spec)) = stack.queues.get(name) {
                promise.visibility(name, spec, findings);
                promise.retention(name, spec, findings);
            }
        }
    }
}

/// A service's promise, with the paths of its parts.
struct Promise {
    latency: Duration,
    /// Nothing is longer than this where it is measured.
    processing: Duration,
    service_path: String,
    latency_path: String,
    processing_path: String,
}

impl Promise {
    /// The promise of the service at a path.
    fn from_service(path: &str, service: &Service) -> Option<Self> {
        let backlog = service
            .backlog_per_task()
            .map(|scaling| ("backlog_per_task", Some(scaling.processing_time)));
        let demand = || Some(("demand", service.demand()?.processing_time));
        let (way, processing) = backlog.or_else(demand)?;
        let part = |name: &str| format!("{path}.scaling.{way}.{name}");
        Some(Self {
            latency: service.acceptable_latency()?,
            processing: processing.unwrap_or_default(),
            service_path: path.to_owned(),
            latency_path: part("acceptable_latency"),
            processing_path: part("processing_time"),
        })
    }

    /// Points to the processing time, which a shorter time is compared with.
    fn against_processing(&self, finding: Finding) -> Finding {
        let text = format!("one message takes {}", written(self.processing));
        finding.at(self.processing_path.as_str(), text)
    }

    fn target(&self, findings: &mut Findings) {
        let (latency, processing) = (self.latency, self.processing);
        if latency >= processing {
            return;
        }
        let target = acceptable_backlog_per_task(latency, processing).unwrap_or_default();
        let finding = Finding::error("the promise is shorter than the processing of one message")
            .at(
                self.latency_path.as_str(),
                format!("promises {}", written(latency)),
            );
        let finding = self.against_processing(finding).help(format!(
            "the target would be {target:.2} messages a task, and below one no number of tasks keeps it: promise at least {}, or make messages smaller",
            written(processing)
        ));
        findings.report(finding);
    }

    fn reaction(&self, findings: &mut Findings) {
        let latency = self.latency;
        if latency >= REACTION {
            return;
        }
        let finding = Finding::warning("the promise is shorter than scaling takes")
            .at(self.latency_path.as_str(), format!("promises {}", written(latency)))
            .help("target tracking sees the metric once a minute and acts 2 to 5 minutes after the load grew, and new tasks then take up to a minute: a sudden burst waits that long unless `tasks.min` can carry it; a slow rise is met in time");
        findings.report(finding);
    }

    fn count(&self, scaling: &BacklogPerTask, findings: &mut Findings) {
        let target =
            acceptable_backlog_per_task(self.latency, self.processing).unwrap_or(f64::INFINITY);
        if !scaling.count.contains(&Count::InFlight) || !(1.0..SMALL_TARGET).contains(&target) {
            return;
        }
        let path = format!("{}.scaling.backlog_per_task.count", self.service_path);
        let finding = Finding::warning("messages in work count against a small target")
            .at(path, "counts what tasks work on")
            .at(self.latency_path.as_str(), format!("a target of {target:.1} messages a task"))
            .help("every busy task has at least one message in flight, so the target leaves less room for those that wait, and more tasks run than the promise needs; leave `in_flight` out unless that is meant");
        findings.report(finding);
    }

    fn stop(&self, service: &Service, findings: &mut Findings) {
        let (ServiceSource::Create(spec), processing) = (&service.source, self.processing) else {
            return;
        };
        if spec.stop_timeout >= processing {
            return;
        }
        let help = if processing > LONGEST_STOP {
            format!(
                "Fargate waits {} at most: make messages smaller, or a task that is stopped drops its message half done",
                written(LONGEST_STOP)
            )
        } else {
            format!(
                "a task that is stopped would be killed in the middle of a message: give at least {}",
                whole_seconds(processing)
            )
        };
        let finding =
            Finding::error("the stop timeout is shorter than the processing of one message").at(
                format!("{}.stop_timeout", self.service_path),
                written(spec.stop_timeout),
            );
        findings.report(self.against_processing(finding).help(help));
    }

    fn visibility(&self, queue: &str, spec: &QueueSpec, findings: &mut Findings) {
        let processing = self.processing;
        let path = format!("queues.{queue}.visibility_timeout");
        let twice = processing.saturating_mul(2);
        let finding = if spec.visibility_timeout < processing {
            Finding::error("the visibility timeout is shorter than the processing of one message")
                .help(format!("the message shows again while it is worked on, and a second task takes it: hide it for at least {}, better six times the processing time", whole_seconds(processing)))
        } else if spec.visibility_timeout < twice {
            Finding::warning("the visibility timeout is under twice the processing of one message")
                .help(format!("the processing time is an average, so slower messages show again while they are worked on: hide them for {} or more", whole_seconds(twice)))
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
        let latency = self.latency;
        if spec.retention >= latency {
            return;
        }
        let finding = Finding::error("the queue drops messages that still may wait")
            .at(
                format!("queues.{queue}.retention"),
                format!("kept for {}", written(spec.retention)),
            )
            .at(
                self.latency_path.as_str(),
                format!("may wait {}", written(latency)),
            )
            .help(format!(
                "keep messages for at least {}",
                whole_seconds(latency)
            ));
        findings.report(finding);
    }
}

/// A duration rounded up to whole seconds, as SQS and ECS take it.
fn whole_seconds(duration: Duration) -> String {
    let up = u64::from(duration.subsec_nanos() > 0);
    written(Duration::from_secs(duration.as_secs().saturating_add(up)))
}
