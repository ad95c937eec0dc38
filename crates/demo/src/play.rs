//! The demo's run: sends the load, and observes the loop until its story is complete.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deployer::{
    Datapoint, DeployedService, DeployedStack, Inspection, LiveSnapshot, ServiceState, Session,
};
use sandbox::{Producer, Speed};
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;

use crate::course::Course;
use crate::error::{Error, Result};
use crate::load::LoadText;
use crate::requests;
use crate::stage::Stage;
use crate::story::{Chapter, Story};
use crate::worked::TaskLogs;

/// Time between two samples of the counts.
pub const EVERY: Duration = Duration::from_millis(500);
/// Number of samples per full read, which includes alarms and actions. Fewer full reads leave the sandbox more
/// time for the work.
const WHOLE: u32 = 4;
/// Seed of the load: the same one each time, so that two demos can be compared.
const SEED: u64 = 1;

/// A demo whose stack is deployed.
pub struct Play<'a> {
    stage: &'a Stage,
    load: &'a LoadText,
    session: &'a Session<'a>,
    /// The stack before the load.
    before: Inspection,
    begin: Instant,
    known: Mutex<Known>,
    lanes: RefCell<Vec<Lane>>,
}

/// A service and its observations.
struct Lane {
    /// Its name in ECS.
    name: String,
    /// How long a message may wait.
    objective: Option<Duration>,
    logs: TaskLogs,
    course: Course,
}

/// The last known state of the stack.
struct Known {
    inspection: Inspection,
    refreshes: u32,
}

impl<'a> Play<'a> {
    /// Reads the stack before the load. The folder `task_logs` contains the logs of the sandbox's tasks.
    ///
    /// # Errors
    /// If the stack can't be read, or has no service.
    pub async fn begin(
        stage: &'a Stage,
        load: &'a LoadText,
        session: &'a Session<'a>,
        task_logs: &Path,
    ) -> Result<Self> {
        let name = &stage.stack.name;
        let gone = || Error::NoStack(name.clone());
        let deployed = DeployedStack::read(session, name).await?.ok_or_else(gone)?;
        let before = inspect(session, name).await?;
        let began_ms = now_ms();
        let lanes: Vec<Lane> = deployed
            .services()
            .filter_map(|service| {
                let state = find(&before, &service.ecs.service)?;
                Some(Lane::new(stage, &service, state, began_ms, task_logs))
            })
            .collect();
        if lanes.is_empty() {
            return Err(Error::NoService);
        }
        Ok(Self {
            stage,
            load,
            session,
            begin: Instant::now(),
            known: Mutex::new(Known {
                inspection: before.clone(),
                refreshes: 0,
            }),
            lanes: RefCell::new(lanes),
            before,
        })
    }

    /// Sends the load while `watching` runs. Stops sending when it ends.
    ///
    /// # Errors
    /// If watching fails, or CloudWatch rejects a count of requests.
    pub async fn send_during<E: From<Error>>(
        &self,
        watching: impl Future<Output = Result<(), E>>,
    ) -> Result<(), E> {
        let lanes = self.lanes.borrow().len();
        let stops: Vec<Notify> = (0..lanes).map(|_| Notify::new()).collect();
        let sends = stops.iter().enumerate();
        let sends =
            sends.map(|(lane, stop)| async move { Ok(self.send(lane, stop.notified()).await?) });
        let sending = futures::future::try_join_all(sends);
        let watching = async {
            let watched = watching.await;
            stops.iter().for_each(Notify::notify_one);
            watched
        };
        tokio::try_join!(sending, watching)?;
        Ok(())
    }

    /// Sends the load to a service: each gets the same one.
    async fn send(&self, lane: usize, stop: impl Future<Output = ()>) -> Result<()> {
        let dues = self.load.dues(SEED);
        let clients = self.session.clients;
        let name = self.lane(lane, |lane| lane.name.clone());
        let service = find(&self.before, &name);
        let sending = match service.and_then(|service| service.queues.first()) {
            Some(queue) => {
                let producer = Producer::new(clients.sqs.clone(), &queue.url);
                let taken = |message| self.lane(lane, |lane| lane.course.sent(&message));
                producer.send(dues, stop, taken).await
            }
            None => requests::publish(clients, &self.before, dues, stop).await?,
        };
        self.lane(lane, |lane| lane.course.sending = Some(sending));
        Ok(())
    }

    fn lane<T: Default>(&self, lane: usize, act: impl FnOnce(&mut Lane) -> T) -> T {
        let mut lanes = self.lanes.borrow_mut();
        lanes.get_mut(lane).map(act).unwrap_or_default()
    }

    /// Reads the stack and the workers' logs, and records new events.
    ///
    /// # Errors
    /// If the stack can't be read.
    pub async fn read_snapshot(&self) -> Result<LiveSnapshot> {
        let inspection = self.read().await?;
        let mut lanes = self.lanes.borrow_mut();
        for lane in lanes.iter_mut() {
            for line in lane.logs.read().unwrap_or_default() {
                lane.course.note(line);
            }
            if let Some(service) = find(&inspection, &lane.name) {
                lane.course.see(service, now_ms());
            }
        }
        Ok(add_ledgers(inspection, &lanes, self.stage.speed))
    }

    /// Reads everything from time to time, and only the counts in between.
    async fn read(&self) -> Result<Inspection> {
        let mut known = self.known.lock().await;
        if known.refreshes.is_multiple_of(WHOLE) {
            known.inspection = inspect(self.session, &self.stage.stack.name).await?;
        } else {
            deployer::refresh(self.session, &mut known.inspection).await?;
        }
        known.refreshes += 1;
        Ok(known.inspection.clone())
    }

    /// Whether more will happen: a story isn't complete, and time isn't up.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        let patience = self.load.load.duration() + self.stage.system.patience(self.stage.speed);
        let lanes = self.lanes.borrow();
        let complete = lanes.iter().all(|lane| lane.course.story.is_told());
        !complete && self.begin.elapsed() < patience
    }

    /// Returns the observations of each service.
    #[must_use]
    pub fn into_courses(self) -> Vec<Course> {
        let lanes = self.lanes.into_inner().into_iter();
        lanes.map(|lane| lane.course).collect()
    }
}

impl Lane {
    fn new(
        stage: &Stage,
        service: &DeployedService,
        state: &ServiceState,
        began_ms: u64,
        task_logs: &Path,
    ) -> Self {
        let story = Story::new(state.desired.unwrap_or_default(), !state.queues.is_empty());
        let defined = stage.stack.services.get(&service.name);
        Self {
            name: service.ecs.service.clone(),
            objective: defined.and_then(stack::Service::latency_objective),
            logs: TaskLogs::new(task_logs.join(&service.ecs.service)),
            course: Course::new(&service.name, began_ms, story),
        }
    }

    /// Whether it meets the objective now, such as `✗ backlog-per-task: over 300 late`. It changes seldom, because without
    /// a terminal each change is a line.
    fn standing(&self, now_ms: u64) -> String {
        let ledger = &self.course.ledger;
        let oldest = Duration::from_millis(ledger.oldest_waiting(now_ms).unwrap_or_default());
        let objective = self.objective.unwrap_or(Duration::MAX);
        let mark = if oldest <= objective { "✓" } else { "✗" };
        let late = match ledger.late(objective, now_ms) {
            0 => "none late".to_owned(),
            1..100 => "some late".to_owned(),
            late => format!("over {} late", late / 100 * 100),
        };
        format!("{mark} {}: {late}", self.course.service)
    }
}

fn find<'a>(inspection: &'a Inspection, service: &str) -> Option<&'a ServiceState> {
    let mut services = inspection.services.iter();
    services.find(|state| state.service == service)
}

async fn inspect(session: &Session<'_>, name: &str) -> Result<Inspection> {
    let found = deployer::inspect(session, name, SystemTime::now()).await?;
    found.ok_or_else(|| Error::NoStack(name.to_owned()))
}

/// Adds the demo's data on each message, and removes values that mean nothing on a compressed clock.
fn add_ledgers(mut inspection: Inspection, lanes: &[Lane], speed: Speed) -> LiveSnapshot {
    let now = now_ms();
    let mut oldest = HashMap::new();
    for service in &mut inspection.services {
        let lane = lanes.iter().find(|lane| lane.name == service.service);
        // LocalStack publishes no age of the oldest message; the messages are known here one by one.
        let age_ms = lane.and_then(|lane| lane.course.ledger.oldest_waiting(now));
        let age = Datapoint {
            value: Duration::from_millis(age_ms.unwrap_or_default()).as_secs_f64(),
            at: i64::try_from(now / 1_000).unwrap_or_default(),
        };
        for queue in &mut service.queues {
            // CloudWatch averages over a minute, in which the loop has seen twenty.
            if speed != Speed::REAL {
                queue.backlog_per_task = None;
            }
            oldest.insert(queue.name.clone(), age);
        }
    }
    let headline = match lanes {
        [lane] => compose_headline(&lane.course.story),
        lanes => {
            let standings: Vec<String> = lanes.iter().map(|lane| lane.standing(now)).collect();
            standings.join("   ")
        }
    };
    LiveSnapshot {
        inspection,
        oldest,
        notes: Vec::new(),
        headline: Some(headline),
    }
}

fn compose_headline(story: &Story) -> String {
    let last = story.last().map_or("the load has started", Chapter::told);
    match story.missing().next() {
        Some(next) => format!("{last}; waiting for {}", next.awaited()),
        None => format!("{last}: the demo is complete"),
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    u64::try_from(millis).unwrap_or(u64::MAX)
}
