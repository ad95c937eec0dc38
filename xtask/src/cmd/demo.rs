//! `demo`: the main job on this machine. Deploys the shipped stack to the sandbox, loads its queue, waits
//! until the rule itself has measured it, shows what came of it, and takes everything away.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deployer::{Clients, Destroyed, Inspection, Session};
use futures::stream::{self, TryStreamExt};
use serde::Serialize;

use super::deploy::{self, Guard};
use super::{destroy, status};
use crate::connect::{Cloud, ConnectArgs};
use crate::definition::{self, Known};
use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::paths;
use crate::signals::interruption;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave the stack and its messages in place
    #[arg(long)]
    keep: bool,
    /// Messages to send to the queue; the articles' worked example has 1,500
    #[arg(long, default_value_t = 1_500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    messages: u32,
}

#[derive(Debug, Serialize)]
struct Demo {
    stack: String,
    messages_sent: u32,
    inspection: Inspection,
    destroyed: Option<Destroyed>,
}

/// The rule fires once a minute, and its first time may be almost two minutes away.
const PATIENCE: Duration = Duration::from_secs(240);
const POLL: Duration = Duration::from_secs(1);
/// SendMessageBatch takes ten.
const BATCH: u32 = 10;

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let ui = Ui::new();
    let demo = tokio::select! {
        demo = play(&args, format, &ui) => demo?,
        () = interruption() => {
            return Err(Failure::failed("interrupted: the demo's stack stays in the sandbox")
                .hint("to take it away: cargo xtask destroy stacks/voucher-worker.yaml --local --force --yes")
                .hint("to stop the sandbox and all that is in it: cargo xtask local stop"));
        }
    };
    ui.finish();
    format.print(&demo, text);
    Ok(())
}

async fn play(args: &Args, format: Format, ui: &Ui) -> Result<Demo> {
    let stack = definition::load(&paths::root().join("stacks/voucher-worker.yaml"))?;
    let known = Known::of(&stack);
    let cloud = ConnectArgs::local().connect(&known, ui).await?;
    let guard = Guard {
        yes: true,
        allow_loss: true,
    };
    let again = "cargo xtask deploy stacks/voucher-worker.yaml --local --yes";
    deploy::deploy(&cloud, stack, guard, ui, again).await?;
    let inspection = measure(args, &cloud, &known, ui).await?;
    if format == Format::Text {
        // Shown while it is true, and not lost when the rest fails.
        ui.suspend(|| output::text(&measured_text(&known.name, &inspection)));
    }
    let destroyed = if args.keep {
        None
    } else {
        ui.note("taking the stack away");
        Some(destroy::destroy(&cloud, &known, true, true, ui).await?)
    };
    Ok(Demo {
        stack: known.name,
        messages_sent: args.messages,
        inspection,
        destroyed,
    })
}

/// Sends the messages and waits until a datapoint shows them.
async fn measure(args: &Args, cloud: &Cloud, known: &Known, ui: &Ui) -> Result<Inspection> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let before = inspect(&session, known).await?;
    let url = first_queue(&before)?;
    ui.note(&format!("sending {} messages to the queue", args.messages));
    send(&cloud.clients, &url, args.messages).await?;
    let sent = now();
    ui.note(
        "waiting until the rule fires by itself and its datapoint arrives (one to two minutes)",
    );
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            let inspection = inspect(&session, known).await?;
            if shows_messages_of(&inspection, sent) {
                return Ok(inspection);
            }
            tokio::time::sleep(POLL).await;
        }
    });
    waited.await.unwrap_or_else(|_| {
        Err(
            Failure::failed(format!("no datapoint arrived within {PATIENCE:?}"))
                .hint("`cargo xtask status stacks/voucher-worker.yaml --local` shows the alarms")
                .hint(format!(
                    "the sandbox's log: {}",
                    crate::connect::sandbox().log().display()
                )),
        )
    })
}

async fn inspect(session: &Session<'_>, known: &Known) -> Result<Inspection> {
    let inspection = deployer::inspect(session, &known.name, SystemTime::now()).await?;
    inspection.ok_or_else(|| Failure::failed(format!("the stack {} is gone", known.name)))
}

fn first_queue(inspection: &Inspection) -> Result<String> {
    let queue = inspection
        .services
        .iter()
        .flat_map(|service| &service.queues)
        .next();
    queue
        .map(|queue| queue.url.clone())
        .ok_or_else(|| Failure::failed("the deployed rules measure no queue"))
}

/// Whether a datapoint of a minute that ended after `sent` has arrived, and shows a backlog: a datapoint
/// carries the begin of its minute, and one of the same minute may still be from before.
fn shows_messages_of(inspection: &Inspection, sent: i64) -> bool {
    let points = inspection
        .services
        .iter()
        .flat_map(|service| &service.queues);
    points
        .filter_map(|queue| queue.backlog_per_task)
        .any(|point| point.at + 60 > sent && point.value > 0.0)
}

async fn send(clients: &Clients, url: &str, messages: u32) -> Result<()> {
    let starts = (0..messages).step_by(BATCH as usize);
    stream::iter(starts.map(Ok))
        .try_for_each_concurrent(8, |start| {
            send_batch(clients, url, start, (start + BATCH).min(messages))
        })
        .await
}

async fn send_batch(clients: &Clients, url: &str, from: u32, to: u32) -> Result<()> {
    let failed = |why: String| Failure::failed(format!("failed to send messages to {url}: {why}"));
    let mut request = clients.sqs.send_message_batch().queue_url(url);
    for number in from..to {
        let entry = aws_sdk_sqs::types::SendMessageBatchRequestEntry::builder()
            .id(number.to_string())
            .message_body(format!("{{\"voucher\": {number}}}"))
            .build()
            .map_err(|error| failed(error.to_string()))?;
        request = request.entries(entry);
    }
    let reply = request
        .send()
        .await
        .map_err(|error| failed(format!("{error:?}")))?;
    match reply.failed().first() {
        None => Ok(()),
        Some(entry) => Err(failed(
            entry.message().unwrap_or("no reason given").to_owned(),
        )),
    }
}

fn now() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

fn measured_text(name: &str, inspection: &Inspection) -> String {
    let now = u64::try_from(now()).unwrap_or_default();
    format!("{}\n", status::text(name, inspection, now))
}

fn text(demo: &Demo) -> String {
    match &demo.destroyed {
        Some(destroyed) => destroy::text(&demo.stack, destroyed),
        None => "The stack stays. Look at it, then take it away:\n  \
                 cargo xtask status stacks/voucher-worker.yaml --local\n  \
                 cargo xtask destroy stacks/voucher-worker.yaml --local --force\n"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deployer::{Datapoint, Observed, QueueState, ServiceState, Status};

    fn inspection(point: Option<Datapoint>) -> Inspection {
        let queue = QueueState {
            name: "q".into(),
            url: "u".into(),
            visible: Some(1),
            in_flight: Some(0),
            delayed: Some(0),
            backlog_per_task: point,
        };
        let service = ServiceState {
            cluster: "c".into(),
            service: "s".into(),
            status: "ACTIVE".into(),
            desired: 1,
            running: 1,
            pending: 0,
            bounds: None,
            queues: vec![queue],
            url: None,
            policies: vec![],
            alarm_steps: None,
            activities: vec![],
        };
        let stack = Observed {
            id: "i".into(),
            status: Status::Absent,
            status_name: String::new(),
            reason: None,
            termination_protection: false,
            ours: true,
            parameters: Default::default(),
            outputs: Default::default(),
        };
        Inspection {
            stack,
            clusters: vec![],
            services: vec![service],
            queues: vec![],
            dead_letters: vec![],
            alarms: vec![],
        }
    }

    #[test]
    fn only_a_datapoint_that_can_show_the_messages_ends_the_wait() {
        let point = |at, value| Some(Datapoint { value, at });
        assert!(!shows_messages_of(&inspection(None), 1_000));
        assert!(
            !shows_messages_of(&inspection(point(900, 5.0)), 1_000),
            "an earlier minute"
        );
        assert!(
            !shows_messages_of(&inspection(point(960, 0.0)), 1_000),
            "from before the messages"
        );
        assert!(shows_messages_of(&inspection(point(960, 5.0)), 1_000));
    }
}
