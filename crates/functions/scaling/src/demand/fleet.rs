//! The services of one invocation: each has its own schedule of checks, and none waits for another.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{LocalBoxFuture, Shared};
use futures::stream::{FuturesUnordered, StreamExt as _};
use lambda_kit::{CallError, Log, flows};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use super::answer::{DemandCheck, DemandOutcome};
use super::check::{Checked, Reads};
use super::descriptions::{Description, describe, plan_calls};
use super::log as lines;
use super::memory::Tracked;
use super::pauses::PauseReader;
use super::processing::{Flows, ProcessingTime};
use super::rates::Rates;
use super::schedule::Schedule;
use crate::Clients;
use crate::pauses::log_news;

/// Maximum number of concurrent GetQueueAttributes calls. SQS has no quota for them; the limit protects the
/// function's memory and sockets.
const QUEUES_AT_ONCE: usize = 64;

/// The time to set a count, once its turn has come.
const CALL: Duration = Duration::from_secs(1);

/// How long before the service's next check a check stops waiting to set a count.
const BEFORE_NEXT: Duration = Duration::from_millis(100);

/// Number of services that learn from two weeks of arrivals at the same time. Each takes 0.01 to 0.1 s of a core,
/// of which a function of 128 MB has a fourteenth.
const LEARNERS: usize = 3;

/// Up to this many services, each check has a line in the log. With more services, only checks with a finding or a
/// change do.
const EVERY_LINE: usize = 20;

/// Data shared by the checks of one invocation.
pub(super) struct Fleet<'a> {
    pub(super) clients: &'a Clients,
    pub(super) rates: &'a Rates,
    /// When the invocation started.
    pub(super) begun: Instant,
    /// The same time, since the Unix epoch.
    pub(super) now: Duration,
    /// For GetQueueAttributes calls.
    pub(super) permits: Semaphore,
}

/// One service in this invocation.
#[derive(Debug)]
pub(super) struct ServiceRun {
    /// Its index in the event.
    pub(super) place: usize,
    pub(super) tracked: Tracked,
    pub(super) schedule: Schedule,
    /// When the next check is; `None` after the last one.
    next: Option<Duration>,
    /// The processing time that the latest check used.
    pub(super) processing: ProcessingTime,
    pub(super) looks: Vec<DemandCheck>,
    pub(super) problems: Vec<String>,
    /// Whether this invocation has requested the arrivals of the last days from CloudWatch.
    pub(super) asked_history: bool,
}

/// The recent flows of all queues.
pub(super) type SharedFlows<'a> = Shared<LocalBoxFuture<'a, Rc<Result<Flows, CallError>>>>;

impl ServiceRun {
    pub(super) fn new(place: usize, tracked: Tracked, schedule: Schedule) -> Self {
        Self {
            place,
            processing: ProcessingTime::configured(&tracked.policy),
            tracked,
            schedule,
            next: Some(Duration::ZERO),
            looks: Vec::new(),
            problems: Vec::new(),
            asked_history: false,
        }
    }
}

impl<'a> Fleet<'a> {
    pub(super) fn new(clients: &'a Clients, rates: &'a Rates, now: Duration) -> Self {
        Self {
            clients,
            rates,
            begun: Instant::now(),
            now,
            permits: Semaphore::new(QUEUES_AT_ONCE),
        }
    }

    /// Checks every service until its schedule ends, and writes the log lines. Each check is a separate future, so
    /// a service whose calls are slow or fail misses only its own checks.
    pub(super) async fn patrol(
        &'a self,
        runs: Vec<ServiceRun>,
        log: &mut Log<'_>,
    ) -> Vec<ServiceRun> {
        let flows = self.read_flows(&runs);
        let mut pauses = PauseReader::new(self.clients, &runs);
        let all_lines = runs.len() <= EVERY_LINE;
        let (mut idle, mut finished) = (runs, Vec::new());
        let mut checks = FuturesUnordered::new();
        loop {
            let now = self.begun.elapsed();
            let due = |run: &mut ServiceRun| run.next.is_some_and(|next| next <= now);
            let starting: Vec<ServiceRun> = idle.extract_if(.., due).collect();
            for (run, reads) in self.plan_reads(starting, &flows, &mut pauses) {
                checks.push(run.check(self, reads));
            }
            let wake = idle.iter().filter_map(|run| run.next).min();
            let wake = wake.map(|next| self.begun + next);
            let done = tokio::select! {
                Some(done) = checks.next(), if !checks.is_empty() => done,
                () = sleep_until(wake.unwrap_or(self.begun)), if wake.is_some() => continue,
                else => break,
            };
            let run = self.conclude(done, all_lines, log);
            match run.next {
                Some(_) => idle.push(run),
                None => finished.push(run),
            }
        }
        finished
    }

    /// The reads of each service in the check that starts now.
    fn plan_reads(
        &'a self,
        mut runs: Vec<ServiceRun>,
        flows: &SharedFlows<'a>,
        pauses: &mut PauseReader<'a>,
    ) -> Vec<(ServiceRun, Reads<'a>)> {
        let learners = self.pick_learners(&mut runs);
        let calls = plan_calls(&runs, || self.rates.describe.take());
        let mut descriptions: Vec<Option<Description<'a>>> = vec![None; runs.len()];
        for places in calls {
            let members: Vec<&ServiceRun> =
                places.iter().filter_map(|place| runs.get(*place)).collect();
            let Some(first) = members.first() else {
                continue;
            };
            let cluster = first.tracked.policy.cluster.clone();
            let name = |run: &&ServiceRun| run.tracked.policy.service.clone();
            let names = members.iter().map(name).collect();
            let until = members.iter().map(|run| self.until(run)).max();
            let until = until.unwrap_or(self.begun);
            let shared = describe(self, cluster, names, until);
            for place in places {
                if let Some(description) = descriptions.get_mut(place) {
                    *description = Some(shared.clone());
                }
            }
        }
        let reads = descriptions.into_iter().enumerate();
        let reads = reads.map(|(place, description)| (description, learners.contains(&place)));
        runs.into_iter()
            .zip(reads)
            .map(|(run, (description, history))| {
                let flows = run.looks.is_empty().then(|| flows.clone());
                let paused = pauses.read(self.until(&run));
                let reads = Reads {
                    description,
                    flows,
                    history,
                    pauses: paused,
                };
                (run, reads)
            })
            .collect()
    }

    /// The indexes of the services that read the arrivals of the last days now, among the services that lack them:
    /// the ones that have waited longest. Learning from two weeks uses the processor for a moment, while the others
    /// wait.
    fn pick_learners(&self, runs: &mut [ServiceRun]) -> BTreeSet<usize> {
        let lacking = runs.iter_mut().enumerate();
        let mut lacking: Vec<_> = lacking
            .filter(|(_, run)| !run.asked_history && run.tracked.scaler.lacks_arrivals())
            .collect();
        lacking.sort_by_key(|(_, run)| run.tracked.asked_history);
        let learners = lacking.into_iter().take(LEARNERS);
        let asked = learners.map(|(place, run)| {
            run.asked_history = true;
            run.tracked.asked_history = Some(Instant::now());
            place
        });
        asked.collect()
    }

    /// Reads the flows of the queues of all services at once, when the first service needs them.
    fn read_flows(&'a self, runs: &[ServiceRun]) -> SharedFlows<'a> {
        let queues = runs.iter().flat_map(|run| &run.tracked.policy.queues);
        let names: BTreeSet<String> = queues.map(|queue| queue.name.clone()).collect();
        let until = runs.iter().map(|run| self.until(run)).max();
        let until = until.unwrap_or(self.begun);
        async move {
            let names = names.iter().map(String::as_str).collect();
            Rc::new(flows(&self.clients.cloudwatch, &names, self.now, until).await)
        }
        .boxed_local()
        .shared()
    }

    /// The time now, since the Unix epoch.
    pub(super) fn time(&self) -> Duration {
        self.now.saturating_add(self.begun.elapsed())
    }

    /// When the calls of a check that starts now must end.
    pub(super) fn until(&self, run: &ServiceRun) -> Instant {
        self.begun + run.schedule.until(self.begun.elapsed())
    }

    /// How long a check that starts now waits to set a count: the next check continues to wait, with newer numbers.
    pub(super) fn turn_until(&self, run: &ServiceRun) -> Instant {
        let next = run.schedule.after(self.begun.elapsed());
        let next = next.map(|next| self.begun + next.saturating_sub(BEFORE_NEXT));
        let until = self.until(run);
        let last = until.checked_sub(CALL).unwrap_or(until);
        next.map_or(last, |next| next.min(until))
    }

    /// Adds a completed check to its service, writes its lines, and schedules the next one.
    fn conclude(&self, done: Checked, all_lines: bool, log: &mut Log<'_>) -> ServiceRun {
        let Checked {
            mut run,
            look,
            unread_history,
            unread_flows,
            pause,
        } = done;
        let name = &run.tracked.policy.service;
        if let Some(error) = unread_history {
            lines::log_unread_history(log, name, &error);
        }
        if let Some(error) = unread_flows {
            lines::log_unread_deletes(log, name, &error);
        }
        if let Some(news) = pause {
            log_news(log, name, &news);
        }
        if all_lines || run.looks.is_empty() || lines::is_worth_a_line(&look) {
            lines::log_check(log, &run.tracked.policy, &look);
        }
        run.next = match look.outcome {
            DemandOutcome::Missing | DemandOutcome::Draining => None,
            _ => run.schedule.after(self.begun.elapsed()),
        };
        run.looks.push(look);
        run
    }
}
