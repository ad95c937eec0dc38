//! The play: the load is sent, the loop is watched until its story is told.

use std::cell::{Cell, RefCell};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use console::Term;
use deployer::{Datapoint, Inspection};
use sandbox::{Producer, Speed};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Args;
use super::course::Course;
use super::load::LoadText;
use super::requests;
use super::stage::Stage;
use super::story::{Chapter, Story};
use super::worked::TaskLogs;
use crate::connect::Cloud;
use crate::failure::{Failure, Result};
use crate::live::{Look, Screen, Stamp, watch};
use crate::output::Format;
use crate::ui::Ui;

/// Time between two looks at the counts.
const EVERY: Duration = Duration::from_millis(500);
/// So many looks apart everything is read: alarms, actions. The sandbox is to have time for the work.
const WHOLE: u32 = 4;
/// Seed of the load: the same one each time, so that two demos can be compared.
const SEED: u64 = 1;

/// Sends the load and watches until the story is told, or patience is over.
pub(super) async fn play(args: &Args, load: &LoadText, stage: &Stage, ui: &Ui) -> Result<Course> {
    let cloud = stage.cloud()?;
    let first = inspect(cloud, &stage.stack.name).await?;
    let service = first.services.first();
    let service = service.ok_or_else(|| Failure::failed("the demo's stack scales no service"))?;
    let queue = service.queues.first().map(|queue| queue.url.clone());
    ui.note(&format!("sending the load {}", load.text));
    ui.finish();
    let course = RefCell::new(Course::new(
        now_ms(),
        Story::new(service.desired, queue.is_some()),
    ));
    let stop = Notify::new();
    let sending = async {
        let dues = load.dues(SEED);
        let sent = match &queue {
            Some(url) => {
                let producer = Producer::new(cloud.clients.sqs.clone(), url);
                let taken = |message| course.borrow_mut().sent(&message);
                Ok(producer.send(dues, stop.notified(), taken).await)
            }
            None => requests::publish(cloud, &first, dues, stop.notified()).await,
        };
        sent.map(|sending| course.borrow_mut().sending = Some(sending))
    };
    let watching = async {
        let patience = load.load.duration() + stage.system.patience(args.speed);
        let seen = watched(args, stage, cloud, &course, patience, ui).await;
        stop.notify_one();
        seen
    };
    tokio::try_join!(sending, watching)?;
    Ok(course.into_inner())
}

async fn watched(
    args: &Args,
    stage: &Stage,
    cloud: &Cloud,
    course: &RefCell<Course>,
    patience: Duration,
    ui: &Ui,
) -> Result<()> {
    let logs = RefCell::new(TaskLogs::new(stage.sandbox()?.task_logs()));
    let begin = Instant::now();
    let over = Cell::new(false);
    // Beside the result, which may be JSON: what goes on is for people.
    let term = Term::buffered_stderr();
    let stamp = Stamp::Since(ui.began());
    let mut screen = Screen::new(term, Format::Text, args.plain, stamp);
    let mut known: Option<Inspection> = None;
    let mut looks = 0;
    let watched = watch(
        &stage.stack.name,
        EVERY,
        async || {
            let mut look = read(cloud, stage, &mut known, looks).await?;
            looks += 1;
            let mut course = course.borrow_mut();
            for line in logs.borrow_mut().read().unwrap_or_default() {
                course.ledger.note(line);
            }
            course.see(&look.inspection, now_ms());
            dress(&mut look, &course, args.speed);
            over.set(course.story.is_told());
            Ok(look)
        },
        SystemTime::now,
        |view, now, moment| {
            screen.show(view, now, moment);
            !over.get() && begin.elapsed() < patience
        },
    );
    watched.await
}

/// Everything at times, and the counts in between.
async fn read(
    cloud: &Cloud,
    stage: &Stage,
    known: &mut Option<Inspection>,
    looks: u32,
) -> Result<Look> {
    if let Some(inspection) = known.as_mut().filter(|_| !looks.is_multiple_of(WHOLE)) {
        let silent = |_| ();
        deployer::refresh(&cloud.session(&silent), inspection).await?;
    } else {
        *known = Some(inspect(cloud, &stage.stack.name).await?);
    }
    let inspection = known.clone();
    let inspection = inspection.ok_or_else(|| Failure::failed("nothing was read"))?;
    Ok(Look {
        inspection,
        oldest: Default::default(),
        notes: Vec::new(),
        headline: None,
    })
}

async fn inspect(cloud: &Cloud, name: &str) -> Result<Inspection> {
    let silent = |_| ();
    let found = deployer::inspect(&cloud.session(&silent), name, SystemTime::now()).await?;
    found.ok_or_else(|| Failure::failed(format!("there is no stack {name} any more")))
}

/// Adds what the demo knows, and leaves out what says nothing on a compressed clock.
fn dress(look: &mut Look, course: &Course, speed: Speed) {
    let now = now_ms();
    look.headline = Some(headline(&course.story));
    for queue in look
        .inspection
        .services
        .iter_mut()
        .flat_map(|service| &mut service.queues)
    {
        // CloudWatch averages over a minute, in which the loop has seen twenty.
        if speed != Speed::REAL {
            queue.backlog_per_task = None;
        }
        // LocalStack publishes no age of the oldest message; the messages are known here one by one.
        let age_ms = course.ledger.oldest_waiting(now).unwrap_or_default();
        let oldest = Datapoint {
            value: Duration::from_millis(age_ms).as_secs_f64(),
            at: i64::try_from(now / 1_000).unwrap_or_default(),
        };
        look.oldest.insert(queue.name.clone(), oldest);
    }
}

/// What has happened last, and what is waited for.
fn headline(story: &Story) -> String {
    let last = story.last().map_or("the load has begun", Chapter::told);
    match story.missing().next() {
        Some(next) => format!("{last}; waiting for {}", next.awaited()),
        None => format!("{last}: the story is told"),
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    u64::try_from(millis).unwrap_or(u64::MAX)
}
