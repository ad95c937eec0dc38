//! One check: reads the queues and the service, decides, and sets the count.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use lambda_kit::{CallError, record_flows};
use scaling::{
    DeadlineEstimate, Decision, DemandPolicy, QueueCounts, QueueEstimate, ServiceReading,
};
use tokio::time::Instant;

use super::answer::{DemandCheck, DemandOutcome, QueueCheck, UnreadQueue};
use super::descriptions::Description;
use super::fleet::{Fleet, ServiceRun, SharedFlows};
use super::pauses::SharedPauses;
use super::processing::{ProcessingTime, read_history};
use super::{queues, reason};
use crate::pauses::PauseNews;
use crate::service::{self, Service};
use crate::{Problem, moment};

/// Maximum age of a description that a check uses, if ECS's request rate allows no new one.
const KNOWN_FOR: Duration = Duration::from_secs(60);

/// The other reads of a check, in addition to the queues.
pub(super) struct Reads<'a> {
    /// The service; `None` if ECS's request rate allows no call for it.
    pub(super) description: Option<Description<'a>>,
    /// The flows of the queues, in the first check of an invocation.
    pub(super) flows: Option<SharedFlows<'a>>,
    /// Whether to read the arrivals of the last days.
    pub(super) history: bool,
    /// Which services are paused; none if no service can be.
    pub(super) pauses: Option<SharedPauses<'a>>,
}

/// A completed check.
pub(super) struct Checked {
    pub(super) run: ServiceRun,
    pub(super) look: DemandCheck,
    /// Why the arrivals of the last days are unknown.
    pub(super) unread_history: Option<CallError>,
    /// Why the deletes are unknown.
    pub(super) unread_flows: Option<CallError>,
    /// What has changed of the service's pause.
    pub(super) pause: Option<PauseNews>,
}

/// The service that a check can scale.
#[derive(Clone, Copy)]
struct Tasks {
    desired: u32,
    running: u32,
    deploying: bool,
}

impl ServiceRun {
    /// Checks, and applies the decision.
    pub(super) async fn check(mut self, fleet: &Fleet<'_>, reads: Reads<'_>) -> Checked {
        let (until, turn) = (fleet.until(&self), fleet.turn_until(&self));
        let policy = Rc::clone(&self.tracked.policy);
        let flows = async {
            match reads.flows {
                Some(flows) => Some(flows.await),
                None => None,
            }
        };
        let groups = || self.tracked.scaler.groups().map(<[usize]>::to_vec);
        let groups: Option<Vec<Vec<usize>>> = reads.history.then(|| groups().collect());
        let history = async {
            let (clients, now) = (fleet.clients, fleet.now);
            Some(read_history(clients, &policy, groups.as_deref()?, now, until).await)
        };
        let pauses = async {
            match reads.pauses {
                Some(pauses) => Some(pauses.await),
                None => None,
            }
        };
        let (queues, service, flows, history, pauses) = futures::join!(
            queues::read(fleet, &policy, until),
            describe(reads.description, &policy.service),
            flows,
            history,
            pauses
        );
        let pause = policy.pause.as_ref();
        let pause = pause.and_then(|name| pauses?.get(name).cloned());
        let pause = pause.and_then(|read| self.tracked.pause.learn(read, fleet.time()));
        let unread_history = self.learn(history);
        let flows = flows.as_deref();
        if let Some(Ok(flows)) = flows {
            let names = policy.queues.iter().map(|queue| queue.name.as_str());
            let names: Vec<&str> = names.collect();
            let busy = list_busy(&policy, &queues);
            record_flows(&mut self.tracked.scaler, &names, flows, &busy, fleet.now);
        }
        let service = self.know(service);
        let look = self.decide(fleet, &queues, service, (until, turn)).await;
        let unread_flows = flows.and_then(|flows| flows.as_ref().err().cloned());
        if let Some(error) = &unread_flows
            && self.processing == ProcessingTime::Unknown
        {
            self.problems.push(error.to_string());
        }
        Checked {
            run: self,
            look,
            unread_history,
            unread_flows,
            pause,
        }
    }

    /// Learns from the arrivals of the last days; returns the error if they could not be read.
    fn learn(
        &mut self,
        history: Option<Result<Vec<BTreeMap<Duration, f64>>, CallError>>,
    ) -> Option<CallError> {
        match history? {
            Ok(groups) => {
                for (group, sent) in groups.into_iter().enumerate() {
                    self.tracked.scaler.seed_arrivals(group, sent);
                }
                None
            }
            Err(error) => Some(error),
        }
    }

    /// The service as described now, or else recently; `None` without either.
    fn know(
        &mut self,
        described: Option<(Result<Service, Problem>, bool)>,
    ) -> Option<Result<Service, Problem>> {
        let now = Instant::now();
        let Some((service, split)) = described else {
            let known = self.tracked.known.as_ref();
            let (_, service) = known.filter(|(at, _)| now.duration_since(*at) <= KNOWN_FOR)?;
            return Some(Ok(service.clone()));
        };
        self.tracked.alone = service.is_err() && (split || self.tracked.alone);
        if let Ok(service) = &service {
            self.tracked.known = Some((now, service.clone()));
        }
        Some(service)
    }

    async fn decide(
        &mut self,
        fleet: &Fleet<'_>,
        queues: &[Result<QueueCounts, Problem>],
        service: Option<Result<Service, Problem>>,
        deadlines: (Instant, Instant),
    ) -> DemandCheck {
        let at = fleet.time();
        let counts: Vec<_> = queues
            .iter()
            .map(|one| one.as_ref().ok().copied())
            .collect();
        let look = self.blank(at, queues);
        let tasks = match service {
            Some(Ok(Service::Active {
                desired,
                running,
                deploying,
            })) => Tasks {
                desired,
                running,
                deploying,
            },
            Some(Ok(Service::Draining)) => {
                return look.because(DemandOutcome::Draining, "the service is being deleted");
            }
            Some(Ok(Service::Missing(what))) => return look.missing(&what),
            Some(Err(problem)) => {
                self.tracked.scaler.sample(at, &counts);
                return look.because(DemandOutcome::Failed, &problem.to_string());
            }
            None => {
                self.tracked.scaler.sample(at, &counts);
                let text = "other services use up the rate at which ECS lets services be described";
                return look.because(DemandOutcome::Kept, text);
            }
        };
        let seen = ServiceReading {
            at,
            queues: &counts,
            running: tasks.running,
            desired: tasks.desired,
        };
        let policy = &self.tracked.policy;
        let bounds = policy.bounds_at(self.tracked.base, at);
        self.tracked.scaler.hold(bounds);
        let (estimate, decision) = self.tracked.scaler.decide(&seen, tasks.deploying);
        self.processing = ProcessingTime::of(&estimate);
        let look = self.found(look, tasks, &estimate, decision);
        if self.tracked.policy.observe {
            let queues = self.tracked.policy.queues.len();
            return self.recommend(look, decision.desired).require_queue(queues);
        }
        if let Some(pause) = self.tracked.pause.at(at)
            && pause.allow(tasks.desired, decision.desired) != decision.desired
        {
            let to = decision.desired;
            let text = format!("{}; would set {to}: {}", pause.describe(), look.reason);
            self.tracked.waiting = None;
            let stays = look.staying(tasks.desired);
            let queues = self.tracked.policy.queues.len();
            return stays
                .because(DemandOutcome::Kept, &text)
                .require_queue(queues);
        }
        self.act(fleet, look, (tasks, decision.desired), deadlines)
            .await
    }

    /// Sets the count if it changes.
    async fn act(
        &mut self,
        fleet: &Fleet<'_>,
        look: DemandCheck,
        (tasks, to): (Tasks, u32),
        (until, turn): (Instant, Instant),
    ) -> DemandCheck {
        let from = tasks.desired;
        if to == from {
            self.tracked.waiting = None;
        } else if !self.wait_for_turn(fleet, to < from, turn).await {
            let text = format!(
                "{to} is not set: other services use up the rate at which ECS lets services be updated; {}",
                look.reason
            );
            return look.staying(from).because(DemandOutcome::Kept, &text);
        } else {
            let policy = &*self.tracked.policy;
            match service::set_desired(&fleet.clients.ecs, policy, to, until).await {
                Ok(None) => self.record_change(fleet, tasks, to),
                Ok(Some(what)) => return look.missing(&what),
                Err(problem) => {
                    let text = format!("{} is not set: {problem}; {}", to, look.reason);
                    return look.staying(from).because(DemandOutcome::Failed, &text);
                }
            }
        }
        look.require_queue(self.tracked.policy.queues.len())
    }

    /// Reports the count that would be set, without setting it.
    fn recommend(&mut self, look: DemandCheck, to: u32) -> DemandCheck {
        let before = self.tracked.recommended.replace(to);
        let outcome = match before == Some(to) {
            true => DemandOutcome::Kept,
            false => DemandOutcome::Observed,
        };
        let from = look.from;
        let text = match from == Some(to) {
            true => format!("would keep {to}: {}", look.reason),
            false => format!("would set {to}: {}", look.reason),
        };
        DemandCheck {
            to: from,
            recommended: Some(to),
            ..look.because(outcome, &text)
        }
    }

    /// Waits until ECS's request rate allows an update of this service. Returns whether that is before `until`.
    async fn wait_for_turn(&mut self, fleet: &Fleet<'_>, scale_in: bool, until: Instant) -> bool {
        let since = *self.tracked.waiting.get_or_insert_with(Instant::now);
        let turn = fleet.rates.turn(since, scale_in, until).await;
        if turn {
            self.tracked.waiting = None;
        }
        turn
    }

    fn record_change(&mut self, fleet: &Fleet<'_>, tasks: Tasks, to: u32) {
        let at = fleet.time();
        self.tracked.scaler.record_change(at, tasks.desired, to);
        let service = Service::Active {
            desired: to,
            running: tasks.running,
            deploying: tasks.deploying,
        };
        self.tracked.known = Some((Instant::now(), service));
    }

    /// A check that only knows which queues could not be read.
    fn blank(&self, at: Duration, queues: &[Result<QueueCounts, Problem>]) -> DemandCheck {
        let named = self.tracked.policy.queues.iter().zip(queues);
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
            queues: Vec::new(),
            running: None,
            from: None,
            to: None,
            recommended: None,
            reason: String::new(),
            unread: unread.collect(),
        }
    }

    /// The results of the check for the queues by their own objectives, if these differ.
    fn list_parts(&self) -> Vec<QueueCheck> {
        let queues = &self.tracked.policy.queues;
        let names = |places: &[usize]| {
            let named = places.iter().filter_map(|place| queues.get(*place));
            named.map(|queue| queue.name.clone()).collect()
        };
        let parts = self.tracked.scaler.parts();
        let check = |part: QueueEstimate<'_>| QueueCheck {
            queues: names(part.queues),
            objective: part.objective.as_secs_f64(),
            backlog: part.estimate.visible,
            need: part.estimate.need,
            processing_time: part.estimate.processing_time,
            within_objective: part.estimate.delivered,
        };
        parts.map(check).collect()
    }

    /// The check with its results and decision.
    fn found(
        &self,
        look: DemandCheck,
        tasks: Tasks,
        estimate: &DeadlineEstimate,
        decision: Decision,
    ) -> DemandCheck {
        let any = look.unread.len() < self.tracked.policy.queues.len();
        let (from, to) = (tasks.desired, decision.desired);
        let mut reason =
            reason::explain_decision(self.tracked.scaler.bounds(), from, estimate, decision);
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
            warm: Some(estimate.warm).filter(|warm| warm.tasks > 0),
            task_start: Some(estimate.task_start).filter(|_| estimate.task_start_measured),
            processing_time: estimate.processing_time.filter(|_| estimate.measured),
            within_objective: estimate.delivered,
            queues: self.list_parts(),
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

    /// The check without a change of the count.
    fn staying(self, from: u32) -> Self {
        Self {
            to: Some(from),
            ..self
        }
    }

    /// The check; it counts as failed if no queue could be read.
    fn require_queue(self, queues: usize) -> Self {
        if self.unread.len() < queues {
            return self;
        }
        let text = format!("no queue could be read; {}", self.reason);
        let unknown = Self {
            recommended: None,
            ..self
        };
        unknown.because(DemandOutcome::Failed, &text)
    }

    fn missing(self, what: &str) -> Self {
        let stays = Self { to: None, ..self };
        let text = format!("there is no service to scale ({what})");
        stays.because(DemandOutcome::Missing, &text)
    }
}

/// The queues that currently have messages.
fn list_busy<'p>(
    policy: &'p DemandPolicy,
    queues: &[Result<QueueCounts, Problem>],
) -> BTreeSet<&'p str> {
    let read = policy.queues.iter().zip(queues);
    let busy = read.filter(|(_, counts)| {
        let counts = counts.as_ref().ok();
        counts.is_some_and(|counts| counts.visible > 0 || counts.in_flight > 0)
    });
    busy.map(|(queue, _)| queue.name.as_str()).collect()
}

/// ECS's description of the service, and whether the call for several services failed.
async fn describe(
    description: Option<Description<'_>>,
    service: &str,
) -> Option<(Result<Service, Problem>, bool)> {
    let described = description?.await;
    let found = described.services.get(service).cloned();
    if described.split && found.is_none() {
        return None;
    }
    Some((
        found.unwrap_or(Err(Problem::ServiceAbsent)),
        described.split,
    ))
}
