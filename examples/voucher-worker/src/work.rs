//! One message, from its arrival to its end.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::check::{Check, Message};
use crate::delete::Deletion;
use crate::heartbeat::keep_hidden;
use crate::log::{Event, Log, MessageOutcome};
use crate::shutdown::Stop;
use crate::sqs::{Queue, Received};
use crate::worker::Tally;

/// State shared by all work.
#[derive(Debug)]
pub(crate) struct Desk<C> {
    pub(crate) check: Arc<C>,
    pub(crate) log: Log,
    pub(crate) stop: Stop,
    pub(crate) tally: Arc<Tally>,
    /// Number of messages that have been in progress for longer than `protect_after`.
    pub(crate) long_work: watch::Sender<usize>,
    pub(crate) work_limit: Duration,
    pub(crate) protect_after: Duration,
}

/// A message's queue, and where it goes when it is done.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) queue: Arc<Queue>,
    pub(crate) visibility: Duration,
    pub(crate) deletions: mpsc::Sender<Deletion>,
}

enum Ended {
    Done,
    Failed(String),
    /// The stop leaves no more time.
    CutOff,
}

/// Processes a message while it is kept hidden. Then it is passed on for deletion, left for redelivery,
/// or, if the stop leaves no more time, released immediately.
pub(crate) async fn work<C: Check>(desk: &Desk<C>, origin: &Origin, received: &Received) {
    let began_at_ms = desk.log.now_ms();
    let mut hidden = pin!(keep_hidden(
        &origin.queue,
        received,
        origin.visibility,
        &desk.log
    ));
    let ended = tokio::select! {
        biased;
        ended = checked(&desk.check, &received.message) => ended,
        never = &mut hidden => match never {},
        never = protected_when_long(desk) => match never {},
        () = sleep(desk.work_limit) => Ended::Failed(format!(
            "it took longer than the work limit of {}",
            humantime::format_duration(desk.work_limit)
        )),
        () = desk.stop.work_is_over() => Ended::CutOff,
    };
    say(desk, origin, &received.message, began_at_ms, &ended);
    match ended {
        Ended::Done => {
            let deletion = Deletion {
                receipt: received.receipt.clone(),
                message_id: received.message.id.clone(),
                until: Instant::now() + origin.visibility,
            };
            tokio::select! {
                biased;
                // If no deleter is left, the worker has ended, and the message is delivered again.
                _ = origin.deletions.send(deletion) => {}
                never = &mut hidden => match never {},
            }
        }
        Ended::Failed(_) => {}
        Ended::CutOff => give_back(desk, origin, received).await,
    }
}

/// Runs the check as a separate task, so that neither its panic nor a computation without an `await`
/// affects other tasks; dropping this ends it.
async fn checked<C: Check>(check: &Arc<C>, message: &Message) -> Ended {
    let (check, message) = (Arc::clone(check), message.clone());
    let mut task = JoinSet::new();
    task.spawn(async move { check.check(message).await });
    match task.join_next().await {
        Some(Ok(Ok(()))) => Ended::Done,
        Some(Ok(Err(error))) => Ended::Failed(error.to_string()),
        Some(Err(error)) if error.is_panic() => Ended::Failed("the check panicked".to_owned()),
        Some(Err(_)) | None => Ended::CutOff,
    }
}

/// Counts the message among the long work when it becomes long; never ends on its own.
async fn protected_when_long<C>(desk: &Desk<C>) -> Infallible {
    struct Counted<'a>(&'a watch::Sender<usize>);
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.send_modify(|count| *count = count.saturating_sub(1));
        }
    }
    sleep(desk.protect_after).await;
    desk.long_work.send_modify(|count| *count += 1);
    let _counted = Counted(&desk.long_work);
    std::future::pending().await
}

fn say<C>(desk: &Desk<C>, origin: &Origin, message: &Message, began_at_ms: u64, ended: &Ended) {
    let (outcome, reason) = match ended {
        Ended::Done => {
            desk.tally.done();
            (MessageOutcome::Done, None)
        }
        Ended::Failed(reason) => {
            desk.tally.failed();
            (MessageOutcome::Failed, Some(reason.clone()))
        }
        Ended::CutOff => {
            desk.tally.given_back();
            let reason = "the worker was stopped before it was done; it is given back";
            (MessageOutcome::Failed, Some(reason.to_owned()))
        }
    };
    desk.log.write_line(&Event::Message {
        message_id: &message.id,
        sent_at_ms: message.sent_at_ms,
        began_at_ms,
        ended_at_ms: desk.log.now_ms(),
        outcome,
        receive_count: message.receive_count,
        queue: &origin.queue.address.name,
        reason,
    });
}

/// Makes a message visible to others immediately, instead of after its visibility timeout.
async fn give_back<C>(desk: &Desk<C>, origin: &Origin, received: &Received) {
    let given = tokio::select! {
        given = origin.queue.hide(&received.receipt, Duration::ZERO) => given,
        () = desk.stop.end() => return,
    };
    if let Err(error) = given {
        desk.log.write_line(&Event::Problem {
            doing: "giving a message back",
            error: format!("{error}; it is visible again after its visibility timeout"),
            queue: Some(&origin.queue.address.name),
            message_id: Some(&received.message.id),
        });
    }
}
