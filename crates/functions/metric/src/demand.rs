//! The need of services that follow demand: the number of tasks that their work needs, as far as it is known.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use lambda_kit::{CallError, Flow, Level, Log, record_flows};
use scaling::{
    DeadlineEstimate, DeadlineScaler, DeadlineSettings, DemandRequest, NEED_PER_TASK_METRIC,
    QueueCounts, QueueRequest, QueueSettings, ServiceReading, TASKS_NEEDED_METRIC,
};
use serde::Serialize;
use tokio::time::Instant;

use crate::plan::{Plan, ServiceKey};
use crate::queues::{self, Reading};
use crate::services::Described;
use crate::{Failed, Need, Reason, Target, Unknown};

/// How long a service is remembered after the last request that contains it.
const FORGOTTEN: Duration = Duration::from_secs(3_600);

/// The state that an execution environment keeps between invocations: the checks of each service that follows
/// demand.
#[derive(Debug, Default)]
pub struct Memory {
    services: HashMap<ServiceKey, TrackedService>,
}

#[derive(Debug)]
struct TrackedService {
    law: DemandRequest,
    queues: Vec<QueueRequest>,
    scaler: DeadlineScaler,
    /// Whether the processing time has ever been measured.
    is_measured: bool,
    seen: Duration,
}

/// The readings of an invocation.
pub(crate) struct DemandReadings<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) queues: &'a HashMap<String, Reading>,
    pub(crate) described: &'a Described,
    pub(crate) flows: &'a Result<HashMap<String, Flow>, CallError>,
    /// The time now, since the Unix epoch.
    pub(crate) at: Duration,
}

/// The results for all services that follow demand.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    pub(crate) needs: Vec<Need>,
    pub(crate) unknown: Vec<Unknown>,
    pub(crate) failed: Vec<Failed>,
}

/// The log line of a service.
#[derive(Serialize)]
struct Line<'a> {
    cluster: &'a str,
    service: &'a str,
    rate: Option<f64>,
    backlog: u64,
    in_flight: u64,
    need: Option<f64>,
    keep: Option<f64>,
    running: u32,
    desired: u32,
    processing_time: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    need_per_task: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<&'static str>,
}

/// Reads the flows of all queues of services that follow demand, in parallel. Without such a service, it makes no
/// call.
pub(crate) async fn read_flows(
    client: &aws_sdk_cloudwatch::Client,
    plan: &Plan,
    now: Duration,
    deadline: Instant,
) -> Result<HashMap<String, Flow>, CallError> {
    let follows = |target: &&Target| plan.demands.contains_key(&target.service_key());
    let targets = plan.targets.keys().filter(follows);
    let queues: BTreeSet<&str> = targets.map(|target| target.queue.as_str()).collect();
    lambda_kit::flows(client, &queues, now, deadline).await
}

impl DemandReadings<'_> {
    /// Checks every service that follows demand, and writes a log line for each.
    pub(crate) fn estimate_needs(&self, memory: &mut Memory, log: &mut Log<'_>) -> Needs {
        let mut needs = Needs::default();
        for (key, law) in &self.plan.demands {
            self.estimate_need(key, law, memory, &mut needs, log);
        }
        let at = self.at;
        let services = &mut memory.services;
        services.retain(|_, one| at.saturating_sub(one.seen) < FORGOTTEN);
        needs
    }

    fn estimate_need(
        &self,
        key: &ServiceKey,
        law: &DemandRequest,
        memory: &mut Memory,
        needs: &mut Needs,
        log: &mut Log<'_>,
    ) {
        let (names, counts) = self.counts(key, &mut needs.failed);
        let watched = memory.watched(key, law, names);
        watched.seen = self.at;
        let tasks = match self.described.get(key) {
            Some(Ok(tasks)) => *tasks,
            _ => {
                watched.scaler.sample(self.at, &counts);
                return self.undescribed(key, &mut needs.failed);
            }
        };
        self.calibrate(key, law, watched, &counts, &mut needs.failed);
        let seen = ServiceReading {
            at: self.at,
            queues: &counts,
            running: tasks.running,
            desired: tasks.desired,
        };
        let (estimate, per_task) = watched.scaler.measure(&seen, tasks.deploying);
        watched.is_measured |= estimate.measured;
        let unknown = explain_unknown(&estimate);
        let (cluster, service) = key;
        needs.publish(key, TASKS_NEEDED_METRIC, estimate.need);
        needs.publish(key, NEED_PER_TASK_METRIC, per_task);
        needs.unknown.extend(unknown.map(|reason| Unknown {
            cluster: cluster.clone(),
            service: service.clone(),
            reason,
        }));
        let line = Line {
            cluster,
            service,
            rate: estimate.rate,
            backlog: estimate.visible,
            in_flight: estimate.in_flight,
            need: estimate.need,
            keep: estimate.keep,
            running: tasks.running,
            desired: tasks.desired,
            processing_time: estimate.processing_time,
            need_per_task: per_task,
            unknown,
        };
        log.line(Level::Info, "need", line);
    }

    /// The counts of a service's queues, including unreadable ones, each of which fails.
    fn counts(
        &self,
        key: &ServiceKey,
        failed: &mut Vec<Failed>,
    ) -> (Vec<QueueRequest>, Vec<Option<QueueCounts>>) {
        let own = |target: &Target| target.service_key() == *key;
        let (mut names, mut all) = (Vec::new(), Vec::new());
        for (target, measure) in self.plan.targets.iter().filter(|(target, _)| own(target)) {
            let counts = queues::read_counts(self.queues, measure);
            names.push(measure.queue.clone());
            all.push(counts.as_ref().ok().copied());
            failed.extend(counts.err().map(|reason| Failed {
                target: target.clone(),
                reason,
            }));
        }
        // Targets that the plan refused have already failed. They make the need unknown, like unreadable ones.
        for refused in self.plan.failed.iter().filter(|one| own(&one.target)) {
            names.push(QueueRequest::new(refused.target.queue.clone(), ""));
            all.push(None);
        }
        (names, all)
    }

    fn undescribed(&self, key: &ServiceKey, failed: &mut Vec<Failed>) {
        let reason = match self.described.get(key) {
            Some(Err(reason)) => reason.clone(),
            _ => Reason::ServiceAbsent,
        };
        failed.push(Failed {
            target: service_target(key),
            reason,
        });
    }

    /// Passes CloudWatch's data on the deletes to the scaler. Without an answer, the known processing time doesn't
    /// change.
    fn calibrate(
        &self,
        key: &ServiceKey,
        law: &DemandRequest,
        watched: &mut TrackedService,
        counts: &[Option<QueueCounts>],
        failed: &mut Vec<Failed>,
    ) {
        let flows = match self.flows {
            Ok(flows) => flows,
            Err(error) => {
                if law.processing_time_ms.is_none() && !watched.is_measured {
                    failed.push(Failed {
                        target: service_target(key),
                        reason: error.clone().into(),
                    });
                }
                return;
            }
        };
        let names: Vec<&str> = watched
            .queues
            .iter()
            .map(|queue| queue.name.as_str())
            .collect();
        let is_busy = |counts: &QueueCounts| counts.visible > 0 || counts.in_flight > 0;
        let busy = names.iter().copied().zip(counts);
        let busy = busy.filter_map(|(name, counts)| counts.filter(is_busy).map(|_| name));
        let busy: BTreeSet<&str> = busy.collect();
        record_flows(&mut watched.scaler, &names, flows, &busy, self.at);
    }
}

impl Memory {
    /// The known state of a service; empty if its settings or its queues have changed.
    fn watched(
        &mut self,
        key: &ServiceKey,
        law: &DemandRequest,
        queues: Vec<QueueRequest>,
    ) -> &mut TrackedService {
        let same = |one: &TrackedService| one.law == *law && one.queues == queues;
        if !self.services.get(key).is_some_and(same) {
            self.services.remove(key);
        }
        self.services.entry(key.clone()).or_insert_with(|| {
            let settings = DeadlineSettings::from_request(law);
            let own = queues.iter();
            let own = own.map(|queue| QueueSettings::of(queue, settings));
            TrackedService {
                law: *law,
                scaler: DeadlineScaler::without_bounds(own.collect(), settings),
                queues,
                is_measured: false,
                seen: Duration::ZERO,
            }
        })
    }
}

impl Needs {
    fn publish(
        &mut self,
        (cluster, service): &ServiceKey,
        metric: &'static str,
        value: Option<f64>,
    ) {
        self.needs.extend(value.map(|value| Need {
            cluster: cluster.clone(),
            service: service.clone(),
            metric,
            value,
        }));
    }
}

/// The missing data of a service.
fn explain_unknown(estimate: &DeadlineEstimate) -> Option<&'static str> {
    if estimate.need.is_some() && estimate.keep.is_some() {
        None
    } else if estimate.processing_time.is_none() {
        Some("the processing time was not measured yet")
    } else if estimate.need.is_none() {
        Some("the required tasks are unknown: two checks of all queues are needed")
    } else {
        Some("the arrivals are not known for long enough to remove tasks")
    }
}

/// A service as a target, without a queue.
fn service_target((cluster, service): &ServiceKey) -> Target {
    Target {
        cluster: cluster.clone(),
        service: service.clone(),
        queue: String::new(),
    }
}
