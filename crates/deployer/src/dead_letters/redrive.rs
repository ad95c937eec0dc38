//! Moves messages back to where they came from: with SQS's move task, or one by one if SQS doesn't support
//! that.

use std::time::SystemTime;

use serde::Serialize;

use super::transfer::{Kept, Target, Transfer};
use super::{DeadLetterQueue, DeadLetterSource, MoveTask, move_task, read_arn};
use crate::error::Result;
use crate::messages::name_in;
use crate::session::Session;

/// What to redrive, and at which rate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedriveOptions {
    /// Maximum number of messages per second. `None`: SQS chooses the rate.
    pub rate: Option<u32>,
    /// Only messages whose body contains this text.
    pub filter: Option<String>,
}

/// How the messages were moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedriveWay {
    /// By SQS itself. Continues if this program ends.
    MoveTask,
    /// By this program: received, sent to the source queue, and then deleted.
    ReceiveAndSend,
    /// By this program: received, passed to the function as its event, and then deleted.
    Invoke,
}

/// How a redrive ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedriveState {
    /// All selected messages were moved.
    Completed,
    /// Some messages are still in the dead-letter queue. `kept` lists the reasons.
    Partial,
    /// SQS stopped its move task because of an error.
    Failed,
    /// A user canceled SQS's move task.
    Canceled,
    /// This program was interrupted. SQS continues the redrive.
    Continues,
    /// This program was interrupted, and the redrive with it.
    Interrupted,
}

/// The result of a redrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Redriven {
    /// The dead-letter queue.
    #[serde(flatten)]
    pub queue: DeadLetterQueue,
    /// How the messages were moved.
    pub way: RedriveWay,
    /// How it ended.
    pub state: RedriveState,
    /// Number of messages that were moved. Approximate if SQS moved them.
    pub moved: u64,
    /// Number of messages that don't contain the text of the filter.
    pub other: u64,
    /// Messages that should have been moved but weren't.
    pub kept: Vec<Kept>,
    /// Why SQS stopped.
    pub failure: Option<String>,
}

/// SQS's error for messages that weren't moved to the dead-letter queue by a queue, such as messages from SNS.
/// Source: Amazon SQS Developer Guide, "Troubleshoot dead-letter queue and DLQ redrive issues".
const NO_SOURCE: &str = "CouldNotDetermineMessageSource";

/// Moves messages of a dead-letter queue back to its source queue, or invokes its function with them. If a redrive is
/// already in progress, follows that one instead. Calls `progress` with the number of messages that were moved, and the
/// total if it is known.
///
/// If the session is interrupted, a move task of SQS continues. A redrive by this program stops after the
/// current messages.
///
/// # Errors
/// If AWS can't be reached or refuses.
pub async fn redrive_dead_letters(
    session: &Session<'_>,
    queue: &DeadLetterQueue,
    options: &RedriveOptions,
    now: &(dyn Fn() -> SystemTime + Sync),
    progress: &(dyn Fn(u64, Option<u64>) + Sync),
) -> Result<Redriven> {
    let transfer = |target| Transfer {
        session,
        queue,
        options,
        target,
        now,
        progress,
    };
    let source_url = match &queue.source {
        DeadLetterSource::Function { function } => {
            return transfer(Target::Function(function)).run().await;
        }
        DeadLetterSource::Queue { source_url } => source_url,
    };
    if let Some(filter) = &options.filter {
        session.note(format!(
            "SQS can't filter: receives all messages of {} and sends the ones that contain {filter:?}, which raises the \
             receive count of the others",
            queue.queue
        ));
        return transfer(Target::Queue(source_url)).run().await;
    }
    match move_all(session, (queue, source_url), options.rate, progress).await? {
        Some(moved) => Ok(moved),
        None => transfer(Target::Queue(source_url)).run().await,
    }
}

/// Makes SQS move all messages. `None` if it doesn't support that for this queue.
async fn move_all(
    session: &Session<'_>,
    (queue, source_url): (&DeadLetterQueue, &str),
    rate: Option<u32>,
    progress: &(dyn Fn(u64, Option<u64>) + Sync),
) -> Result<Option<Redriven>> {
    let arn = read_arn(session, &queue.url).await?;
    // An emulator without move tasks also refuses to start one.
    let before = move_task::latest(session, &arn).await.ok().flatten();
    let after_ms = match before {
        Some(running) if running.is_running() => {
            session.note(format!(
                "SQS is already redriving {}: following it",
                queue.queue
            ));
            running.started_at_ms.saturating_sub(1)
        }
        before => {
            let to = read_arn(session, source_url).await?;
            match move_task::start(session, (&arn, &to), rate).await? {
                move_task::Started::Yes => session.note(format!(
                    "SQS has started to move the messages of {}, and continues without this command",
                    queue.queue
                )),
                move_task::Started::Refused(error) => {
                    note_refusal(session, queue, &error.to_string());
                    return Ok(None);
                }
            }
            before.map_or(i64::MIN, |last| last.started_at_ms)
        }
    };
    let task = move_task::follow(session, &arn, after_ms, progress).await?;
    let failure = task.as_ref().and_then(|task| task.failure.clone());
    if let Some(reason) = failure.filter(|reason| reason.contains(NO_SOURCE)) {
        note_refusal(session, queue, &reason);
        return Ok(None);
    }
    Ok(Some(sum_up(queue, task)))
}

fn note_refusal(session: &Session<'_>, queue: &DeadLetterQueue, reason: &str) {
    session.note(format!(
        "SQS doesn't move the messages of {} itself ({reason}): receives and sends them, which ends with this command",
        name_in(&queue.url)
    ));
}

fn sum_up(queue: &DeadLetterQueue, task: Option<MoveTask>) -> Redriven {
    let state = match task.as_ref().map(|task| &*task.status) {
        Some("COMPLETED") => RedriveState::Completed,
        Some("CANCELLED" | "CANCELLING") => RedriveState::Canceled,
        Some("RUNNING") | None => RedriveState::Continues,
        Some(_) => RedriveState::Failed,
    };
    Redriven {
        queue: queue.clone(),
        way: RedriveWay::MoveTask,
        state,
        moved: task.as_ref().map_or(0, |task| task.moved),
        other: 0,
        kept: Vec::new(),
        failure: task.and_then(|task| task.failure),
    }
}
