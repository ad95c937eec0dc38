//! One check: reads the queues and the service, decides, and sets the count.

use std::time::Duration;

use lambda_kit::Log;
use scaling::{
    Bounds, Decision, DemandEstimate, DemandPolicy, DemandScaler, QueueCounts, ServiceReading,
};
use tokio::time::Instant;

use super::answer::{DemandCheck, DemandOutcome, UnreadQueue};
use super::memory::Memory;
use super::processing::{ProcessingTime, last_deletes, read_flows};
use super::schedule::Schedule;
use super::{log as lines, queues, reason};
use crate::service::{self, Service};
use crate::{Clients, InvocationError, Problem, moment};

/// What the checks of one invocation share.
pub(crate) struct DemandRun<'a> {
    pub(crate) clients: &'a Clients,
    pub(crate) policy: &'a DemandPolicy,
    pub(crate) bounds: Bounds,
    pub(crate) schedule: Schedule,
    /// When the invocation began.
    pub(crate) begun: Instant,
    /// The same, since the Unix epoch.
    pub(crate) now: Duration,
    /// `None` until the first check.
    pub(crate) processing: Option<ProcessingTime>,
    pub(crate) problems: Vec<String>,
}

/// The service that a check can scale.
#[derive(Clone, Copy)]
struct Tasks {
    desired: u32,
    running: u32,
    deploying: bool,
}

impl DemandRun<'_> {
    /// Checks and acts, and writes a line to the log. The first check also determines the processing time.
    pub(crate) async fn check(
        &mut self,
        memory: &mut Memory,
        log: &mut Log<'_>,
    ) -> Result<DemandCheck, InvocationError> {
        let until = self.begun + self.schedule.until(self.begun.elapsed());
        let (queues, service, deleted) = self.read(memory, until, log).await;
        let scaler = match &mut memory.scaler {
            Some(scaler) => scaler,
            none => none.insert(DemandScaler::from_policy(self.policy).map_err(Problem::from)?),
        };
        if let Some(at) = deleted {
            scaler.record_deletes(at);
        }
        let look = self.decide(scaler, &queues, service, until).await;
        lines::log_check(log, &look);
        Ok(look)
    }

    /// Reads the queues and the service at the same time; and at the first check, once for the invocation, what
    /// CloudWatch knows of the queues, where it is needed: for a processing time that is measured, and to know whether
    /// messages came and went between the checks where the last task can be removed. The last is when that was.
    async fn read(
        &mut self,
        memory: &mut Memory,
        until: Instant,
        log: &mut Log<'_>,
    ) -> (
        Vec<Result<QueueCounts, Problem>>,
        Result<Service, Problem>,
        Option<Duration>,
    ) {
        let (clients, policy, now) = (self.clients, self.policy, self.now);
        let given = ProcessingTime::given(policy);
        let reading = self.processing.is_none() && (given.is_none() || policy.min == 0);
        let (queues, service, flows) = futures::join!(
            queues::read(clients, policy, until),
            service::describe(&clients.ecs, policy, until),
            async {
                match reading {
                    true => Some(read_flows(clients, policy, now, until).await),
                    false => None,
                }
            }
        );
        let deleted = flows.as_ref().and_then(last_deletes);
        match (&flows, given) {
            (Some(flows), None) => {
                let settled = ProcessingTime::settle(flows, &mut memory.measured, log);
                self.processing = Some(settled);
                if let (Err(error), ProcessingTime::Unknown) = (flows, settled) {
                    self.problems.push(error.to_string());
                }
            }
            (Some(Err(error)), Some(_)) => lines::log_unread_deletes(log, error),
            _ => {}
        }
        self.processing = self.processing.or(given);
        (queues, service, deleted)
    }

    async fn decide(
        &self,
        scaler: &mut DemandScaler,
        queues: &[Result<QueueCounts, Problem>],
        service: Result<Service, Problem>,
        until: Instant,
    ) -> DemandCheck {
        let at = self.now.saturating_add(self.begun.elapsed());
        let counts: Vec<_> = queues
            .iter()
            .map(|one| one.as_ref().ok().copied())
            .collect();
        let look = self.blank(at, queues);
        let tasks = match service {
            Ok(Service::Active {
                desired,
                running,
                deploying,
            }) => Tasks {
                desired,
                running,
                deploying,
            },
            Ok(Service::Draining) => {
                return look.because(DemandOutcome::Draining, "the service is being deleted");
            }
            Ok(Service::Missing(what)) => return look.missing(&what),
            Err(problem) => {
                scaler.record_queues(at, &counts);
                return look.because(DemandOutcome::Failed, &problem.to_string());
            }
        };
        let seen = ServiceReading {
            at,
            queues: &counts,
            running: tasks.running,
            desired: tasks.desired,
        };
        let law = self.processing.and_then(ProcessingTime::time);
        let law = self.policy.law.law(law);
        let (estimate, decision) = scaler.decide(&seen, law.as_ref(), tasks.deploying);
        let look = self.found(look, tasks, &estimate, decision);
        self.act(look, scaler, tasks.desired, decision.desired, until)
            .await
    }

    /// Sets the count if it is to change.
    async fn act(
        &self,
        look: DemandCheck,
        scaler: &mut DemandScaler,
        from: u32,
        to: u32,
        until: Instant,
    ) -> DemandCheck {
        if to != from {
            match service::set_desired(&self.clients.ecs, self.policy, to, until).await {
                Ok(None) => {
                    scaler.record_change(self.now.saturating_add(self.begun.elapsed()), from, to)
                }
                Ok(Some(what)) => return look.missing(&what),
                Err(problem) => {
                    let text = format!("{} is not set: {problem}; {}", to, look.reason);
                    let stays = DemandCheck {
                        to: Some(from),
                        ..look
                    };
                    return stays.because(DemandOutcome::Failed, &text);
                }
            }
        }
        if look.unread.len() == self.policy.queues.len() {
            let text = format!("no queue could be read; {}", look.reason);
            return look.because(DemandOutcome::Failed, &text);
        }
        look
    }

    /// A check that knows only which queues could not be read.
    fn blank(&self, at: Duration, queues: &[Result<QueueCounts, Problem>]) -> DemandCheck {
        let named = self.policy.queues.iter().zip(queues);
        let unread = named.filter_map(|(queue, read)| {
            Some(UnreadQueue {
                queue: queue.name.clone(),
                reason: read.as_ref().err()?.to_string(),
            })
        });
        DemandCheck {
            at: moment::text(at),
            moment: at,
            outcome: DemandOutcome::Kept,
            rate: None,
            backlog: None,
            in_flight: None,
            need: None,
            largest: None,
            running: None,
            from: None,
            to: None,
            reason: String::new(),
            unread: unread.collect(),
        }
    }

    /// The check with what it found and decided.
    fn found(
        &self,
        look: DemandCheck,
        tasks: Tasks,
        estimate: &DemandEstimate,
        decision: Decision,
    ) -> DemandCheck {
        let any = look.unread.len() < self.policy.queues.len();
        let (from, to) = (tasks.desired, decision.desired);
        let mut reason =
            reason::explain_decision(self.policy, self.bounds, from, estimate, decision);
        if self.processing == Some(ProcessingTime::Unknown) {
            reason.push_str("; the processing time is not known yet");
        }
        for one in &look.unread {
            reason.push_str(&format!("; queue {}: {}", one.queue, one.reason));
        }
        DemandCheck {
            outcome: match to.cmp(&from) {
                std::cmp::Ordering::Greater => DemandOutcome::ScaledOut,
                std::cmp::Ordering::Less => DemandOutcome::ScaledIn,
                std::cmp::Ordering::Equal => DemandOutcome::Kept,
            },
            rate: estimate.rate,
            backlog: any.then_some(estimate.visible),
            in_flight: any.then_some(estimate.in_flight),
            need: estimate.need,
            largest: estimate.largest,
            running: Some(tasks.running),
            from: Some(from),
            to: Some(to),
            reason,
            ..look
        }
    }
}

impl DemandCheck {
    fn because(self, outcome: DemandOutcome, reason: &str) -> Self {
        Self {
            outcome,
            reason: reason.to_owned(),
            ..self
        }
    }

    fn missing(self, what: &str) -> Self {
        let stays = Self { to: None, ..self };
        let text = format!("there is no service to scale ({what})");
        stays.because(DemandOutcome::Missing, &text)
    }
}
