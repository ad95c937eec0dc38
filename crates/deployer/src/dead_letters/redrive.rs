//! Messages go back to where they came from: by SQS's move task, or where SQS doesn't do that, one by one.

use std::time::SystemTime;

use serde::Serialize;

use super::transfer::{Kept, Target, Transfer};
use super::{DeadLetterQueue, DeadLetterSource, MoveTask, move_task, read_arn};
use crate::error::Result;
use crate::messages::name_in;
use crate::session::Session;

/// What to redrive, and how fast.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedriveOptions {
    /// Maximum number of messages per second. `None`: SQS's own pace.
    pub rate: Option<u32>,
    /// Only messages whose body contains this text.
    pub filter: Option<String>,
}

/// How messages were moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedriveWay {
    /// By SQS itself, which continues if this program ends.
    MoveTask,
    /// Received, sent to the source queue, and then deleted, each by this program.
    ReceiveAndSend,
    /// Received, given to the function as its event, and then deleted.
    Invoke,
}

/// How a redrive ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedriveState {
    /// Everything that was to be moved is moved.
    Completed,
    /// Some messages are still in the dead-letter queue, for the reasons that are listed.
    Partial,
    /// SQS has stopped its move task because of an error.
    Failed,
    /// Someone has canceled SQS's move task.
    Canceled,
    /// This program was interrupted, and SQS continues.
    Continues,
    /// This program was interrupted, and nothing continues.
    Interrupted,
}

/// What came of a redrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Redriven {
    /// The dead-letter queue.
    #[serde(flatten)]
    pub queue: DeadLetterQueue,
    /// How the messages were moved.
    pub way: RedriveWay,
    /// How it ended.
    pub state: RedriveState,
    /// Number of messages that were moved; SQS's own is approximate.
    pub moved: u64,
    /// Number of messages that don't contain the text of the filter.
    pub other: u64,
    /// Messages that should have been moved and were not.
    pub kept: Vec<Kept>,
    /// Why SQS has stopped.
    pub failure: Option<String>,
}

/// SQS's reason for messages that no queue has moved to the dead-letter queue, such as those of SNS.
/// Source: Amazon SQS Developer Guide, "Troubleshoot dead-letter queue and DLQ redrive issues".
const NO_SOURCE: &str = "CouldNotDetermineMessageSource";

/// Moves messages of a dead-letter queue back: to its source queue, or into its function. A redrive that SQS is working on
/// is followed instead. `progress` is called with the number of messages that were moved, and of all if that is known.
///
/// If the session is interrupted, SQS continues; what this program does itself ends after the current messages.
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

/// Has SQS move all messages. `None` if it doesn't do that for this queue.
async fn move_all(
    session: &Session<'_>,
    (queue, source_url): (&DeadLetterQueue, &str),
    rate: Option<u32>,
    progress: &(dyn Fn(u64, Option<u64>) + Sync),
) -> Result<Option<Redriven>> {
    let arn = read_arn(session, &queue.url).await?;
    // A cloud without move tasks refuses to start one, too.
    let before = move_task::latest(session, &arn).await.ok().flatten();
    let after_ms = match before {
        Some(running) if running.is_running() => {
            session.note(format!(
                "SQS is working on a redrive of {} already: following it",
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
