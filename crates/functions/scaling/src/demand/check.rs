//! One check: reads the queues and the service, decides, and sets the count.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lambda_kit::{CallError, Log};
use scaling::{
    Bounds, DeadlineEstimate, DeadlineScaler, Decision, DemandPolicy, QueueCounts, ServiceReading,
};
use tokio::time::Instant;

use super::answer::{DemandCheck, DemandOutcome, UnreadQueue};
use super::memory::Memory;
use super::processing::{Flows, ProcessingTime, read_flows, read_history, record_flows};
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
    /// As the latest check used it.
    pub(crate) processing: ProcessingTime,
    /// Whether CloudWatch was asked what went through the queues: once per invocation.
    pub(crate) asked: bool,
    pub(crate) problems: Vec<String>,
}

/// What a check read; what CloudWatch knows only if it was asked.
struct Readings {
    queues: Vec<Result<QueueCounts, Problem>>,
    service: Result<Service, Problem>,
    flows: Option<Result<Flows, CallError>>,
    history: Option<Result<BTreeMap<Duration, f64>, CallError>>,
}

/// The service that a check can scale.
#[derive(Clone, Copy)]
struct Tasks {
    desired: u32,
    running: u32,
    deploying: bool,
}

impl DemandRun<'_> {
    /// Checks and acts, and writes a line to the log. The first check also reads what CloudWatch knows of the queues.
    pub(crate) async fn check(
        &mut self,
        memory: &mut Memory,
        log: &mut Log<'_>,
    ) -> Result<DemandCheck, InvocationError> {
        let until = self.begun + self.schedule.until(self.begun.elapsed());
        let scaler = match &mut memory.scaler {
            Some(scaler) => scaler,
            none => none.insert(DeadlineScaler::from_policy(self.policy).map_err(Problem::from)?),
        };
        let read = self.read(scaler.lacks_arrivals(), until).await;
        let mut unread = None;
        match read.flows {
            Some(Ok(flows)) => record_flows(scaler, &flows, &self.busy(&read.queues), self.now),
            Some(Err(error)) => unread = Some(error),
            None => {}
        }
        match read.history {
            Some(Ok(sent)) => scaler.seed_arrivals(sent),
            Some(Err(error)) => lines::log_unread_history(log, &error),
            None => {}
        }
        let look = self.decide(scaler, &read.queues, read.service, until).await;
        if let Some(error) = unread {
            lines::log_unread_deletes(log, &error);
            if self.processing == ProcessingTime::Unknown {
                self.problems.push(error.to_string());
            }
        }
        lines::log_check(log, &look);
        Ok(look)
    }

    /// Reads the queues and the service at the same time; and once for the invocation, what CloudWatch knows of the
    /// queues, with the arrivals of the last days if they aren't known.
    async fn read(&mut self, lacks_history: bool, until: Instant) -> Readings {
        let (clients, policy, now) = (self.clients, self.policy, self.now);
        let asks = !std::mem::replace(&mut self.asked, true);
        let flows = async {
            match asks {
                true => Some(read_flows(clients, policy, now, until).await),
                false => None,
            }
        };
        let history = async {
            match asks && lacks_history {
                true => Some(read_history(clients, policy, now, until).await),
                false => None,
            }
        };
        let (queues, service, flows, history) = futures::join!(
            queues::read(clients, policy, until),
            service::describe(&clients.ecs, policy, until),
            flows,
            history
        );
        Readings {
            queues,
            service,
            flows,
            history,
        }
    }

    /// The queues that have messages now.
    fn busy(&self, queues: &[Result<QueueCounts, Problem>]) -> BTreeSet<&str> {
        let read = self.policy.queues.iter().zip(queues);
        let busy = read.filter(|(_, counts)| {
            let counts = counts.as_ref().ok();
            counts.is_some_and(|counts| counts.visible > 0 || counts.in_flight > 0)
        });
        busy.map(|(queue, _)| queue.name.as_str()).collect()
    }

    async fn decide(
        &mut self,
        scaler: &mut DeadlineScaler,
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
                scaler.sample(at, &counts);
                return look.because(DemandOutcome::Failed, &problem.to_string());
            }
        };
        let seen = ServiceReading {
            at,
            queues: &counts,
            running: tasks.running,
            desired: tasks.desired,
        };
        let (estimate, decision) = scaler.decide(&seen, tasks.deploying);
        self.processing = ProcessingTime::of(&estimate);
        let look = self.found(look, tasks, &estimate, decision);
        self.act(look, scaler, tasks.desired, decision.desired, until)
            .await
    }

    /// Sets the count if it is to change.
    async fn act(
        &self,
        look: DemandCheck,
        scaler: &mut DeadlineScaler,
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
            keep: None,
            warm: None,
            task_start: None,
            processing_time: None,
            within_objective: None,
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
        estimate: &DeadlineEstimate,
        decision: Decision,
    ) -> DemandCheck {
        let any = look.unread.len() < self.policy.queues.len();
        let (from, to) = (tasks.desired, decision.desired);
        let mut reason = reason::explain_decision(self.bounds, from, estimate, decision);
        if self.processing == ProcessingTime::Unknown {
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
            keep: estimate.keep,
            warm: Some(estimate.warm.tasks).filter(|tasks| *tasks > 0),
            task_start: Some(estimate.task_start).filter(|_| estimate.task_start_measured),
            processing_time: estimate.processing_time.filter(|_| estimate.measured),
            within_objective: estimate.delivered,
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
