//! The play: the load is sent, the loop is watched until its story is complete.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deployer::{Datapoint, Inspection, LiveSnapshot, Session};
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
/// Samples per full read, with alarms and actions. Reading less often leaves the sandbox time for the work.
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
    logs: RefCell<TaskLogs>,
    course: RefCell<Course>,
}

/// The last known state of the stack.
struct Known {
    inspection: Inspection,
    refreshes: u32,
}

impl<'a> Play<'a> {
    /// Reads the stack before the load. The folder `task_logs` has the logs of the sandbox's tasks.
    ///
    /// # Errors
    /// If the stack can't be read, or has no service.
    pub async fn begin(
        stage: &'a Stage,
        load: &'a LoadText,
        session: &'a Session<'a>,
        task_logs: PathBuf,
    ) -> Result<Self> {
        let before = inspect(session, &stage.stack.name).await?;
        let service = before.services.first().ok_or(Error::NoService)?;
        let story = Story::new(
            service.desired.unwrap_or_default(),
            !service.queues.is_empty(),
        );
        Ok(Self {
            stage,
            load,
            session,
            begin: Instant::now(),
            known: Mutex::new(Known {
                inspection: before.clone(),
                refreshes: 0,
            }),
            logs: RefCell::new(TaskLogs::new(task_logs)),
            course: RefCell::new(Course::new(now_ms(), story)),
            before,
        })
    }

    /// Sends the load while `watching` runs. When that has ended, nothing more is sent.
    ///
    /// # Errors
    /// If watching fails, or CloudWatch rejects a count of requests.
    pub async fn send_during<E: From<Error>>(
        &self,
        watching: impl Future<Output = Result<(), E>>,
    ) -> Result<(), E> {
        let stop = Notify::new();
        let sending = async { Ok(self.send(stop.notified()).await?) };
        let watching = async {
            let watched = watching.await;
            stop.notify_one();
            watched
        };
        tokio::try_join!(sending, watching)?;
        Ok(())
    }

    async fn send(&self, stop: impl Future<Output = ()>) -> Result<()> {
        let dues = self.load.dues(SEED);
        let clients = self.session.clients;
        let service = self.before.services.first();
        let sending = match service.and_then(|service| service.queues.first()) {
            Some(queue) => {
                let producer = Producer::new(clients.sqs.clone(), &queue.url);
                let taken = |message| self.course.borrow_mut().sent(&message);
                producer.send(dues, stop, taken).await
            }
            None => requests::publish(clients, &self.before, dues, stop).await?,
        };
        self.course.borrow_mut().sending = Some(sending);
        Ok(())
    }

    /// Reads the stack and the workers' logs, and records new events.
    ///
    /// # Errors
    /// If the stack can't be read.
    pub async fn read_snapshot(&self) -> Result<LiveSnapshot> {
        let inspection = self.read().await?;
        let mut course = self.course.borrow_mut();
        for line in self.logs.borrow_mut().read().unwrap_or_default() {
            course.note(line);
        }
        course.see(&inspection, now_ms());
        Ok(add_ledger(inspection, &course, self.stage.speed))
    }

    /// Everything at times, and the counts in between.
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

    /// Whether more will happen: the story isn't complete, and time isn't up.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        let patience = self.load.load.duration() + self.stage.system.patience(self.stage.speed);
        !self.course.borrow().story.is_told() && self.begin.elapsed() < patience
    }

    /// Returns the observations.
    #[must_use]
    pub fn into_course(self) -> Course {
        self.course.into_inner()
    }
}

async fn inspect(session: &Session<'_>, name: &str) -> Result<Inspection> {
    let found = deployer::inspect(session, name, SystemTime::now()).await?;
    found.ok_or_else(|| Error::NoStack(name.to_owned()))
}

/// Adds the demo's data on each message, and removes values that mean nothing on a compressed clock.
fn add_ledger(mut inspection: Inspection, course: &Course, speed: Speed) -> LiveSnapshot {
    let now = now_ms();
    // LocalStack publishes no age of the oldest message; the messages are known here one by one.
    let age_ms = course.ledger.oldest_waiting(now).unwrap_or_default();
    let age = Datapoint {
        value: Duration::from_millis(age_ms).as_secs_f64(),
        at: i64::try_from(now / 1_000).unwrap_or_default(),
    };
    let services = inspection.services.iter_mut();
    let mut oldest = HashMap::new();
    for queue in services.flat_map(|service| &mut service.queues) {
        // CloudWatch averages over a minute, in which the loop has seen twenty.
        if speed != Speed::REAL {
            queue.backlog_per_task = None;
        }
        oldest.insert(queue.name.clone(), age);
    }
    LiveSnapshot {
        inspection,
        oldest,
        notes: Vec::new(),
        headline: Some(compose_headline(&course.story)),
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
