//! SQS's own redrive: a message move task, which runs independently of this program.

use aws_sdk_sqs::types::ListMessageMoveTasksResultEntry;
use serde::Serialize;
use tokio::time::Instant;

use super::{DeadLetterQueue, read_arn};
use crate::error::{Error, Kind, Result, aws, code, is_denied, is_passing, text};
use crate::messages::name_in_arn;
use crate::session::Session;

/// A message move task of SQS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MoveTask {
    /// SQS's status: `RUNNING`, `COMPLETED`, `CANCELLING`, `CANCELLED`, or `FAILED`.
    pub status: String,
    /// Messages that were moved, approximately.
    pub moved: u64,
    /// Messages that the queue held at the start, approximately.
    pub total: Option<u64>,
    /// Start, in milliseconds since 1970.
    pub started_at_ms: i64,
    /// Why it failed.
    pub failure: Option<String>,
    /// The handle to cancel it. Only a running task has one.
    #[serde(skip)]
    handle: Option<String>,
}

impl MoveTask {
    /// Whether it is in progress.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.status == "RUNNING" || self.status == "CANCELLING"
    }

    /// Whether it moved more than twice the messages that were there, and at least a few: then they fail at once and come back.
    fn comes_back(&self) -> bool {
        let most = self.total.map(|total| total.saturating_mul(2).max(FEW));
        self.status == "RUNNING" && most.is_some_and(|most| self.moved > most)
    }
}

/// New messages that can come while others are moved.
const FEW: u64 = 20;

impl From<ListMessageMoveTasksResultEntry> for MoveTask {
    fn from(entry: ListMessageMoveTasksResultEntry) -> Self {
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        Self {
            moved: count(entry.approximate_number_of_messages_moved()),
            total: entry.approximate_number_of_messages_to_move().map(count),
            started_at_ms: entry.started_timestamp(),
            status: entry.status.unwrap_or_default(),
            failure: entry.failure_reason,
            handle: entry.task_handle,
        }
    }
}

/// The result of a request to start a move task.
pub(super) enum Started {
    /// SQS accepted it.
    Yes,
    /// SQS doesn't support it for this queue.
    Refused(Error),
}

/// Returns the newest move task of a dead-letter queue. SQS keeps them for a day.
pub(super) async fn latest(session: &Session<'_>, arn: &str) -> Result<Option<MoveTask>> {
    let request = session.clients.sqs.list_message_move_tasks();
    let reply = request.source_arn(arn).max_results(1).send().await;
    let doing = format!("list the redrives of {}", name_in_arn(arn));
    let results = reply.map_err(aws(doing))?.results.unwrap_or_default();
    Ok(results.into_iter().next().map(MoveTask::from))
}

/// Starts a move task from one queue to another.
///
/// # Errors
/// If these credentials don't have the permission, or AWS can't be reached.
pub(super) async fn start(
    session: &Session<'_>,
    (from, to): (&str, &str),
    rate: Option<u32>,
) -> Result<Started> {
    let request = session.clients.sqs.start_message_move_task();
    let sent = request
        .source_arn(from)
        .destination_arn(to)
        .set_max_number_of_messages_per_second(rate.and_then(|rate| i32::try_from(rate).ok()))
        .send()
        .await;
    let doing = format!("redrive {}", name_in_arn(from));
    match sent {
        Ok(_) => Ok(Started::Yes),
        Err(error) if is_denied(&error) => Err(aws(doing)(error).hint(
            "a redrive needs sqs:StartMessageMoveTask, ReceiveMessage, DeleteMessage, and GetQueueAttributes on the \
             dead-letter queue, and sqs:SendMessage on the source queue",
        )),
        Err(error) if is_passing(&error) => Err(aws(doing)(error)),
        // SQS uses the same codes for this error.
        Err(error) if text(&error).contains("already a task running") => Err(aws(doing)(error)),
        Err(error) if is_unsupported(code(&error)) => Ok(Started::Refused(aws(doing)(error))),
        Err(error) => Err(aws(doing)(error)),
    }
}

/// Whether the code means that SQS can't move messages from this queue, or that the emulator has no move tasks.
/// Source: Amazon SQS API, `StartMessageMoveTask`. LocalStack reports an invalid parameter.
fn is_unsupported(code: &str) -> bool {
    [
        "UnsupportedOperation",
        "InvalidParameterValue",
        "NotImplemented",
        "InvalidAction",
    ]
    .iter()
    .any(|known| code.contains(known))
}

/// Follows the move task that started after `after_ms` until it ends or the session is interrupted.
///
/// # Errors
/// If SQS can't be reached, or doesn't list the task.
pub(super) async fn follow(
    session: &Session<'_>,
    arn: &str,
    after_ms: i64,
    progress: &(dyn Fn(u64, Option<u64>) + Sync),
) -> Result<Option<MoveTask>> {
    let began = Instant::now();
    let mut delay = session.pace.first;
    loop {
        let task = latest(session, arn).await?;
        let task = task.filter(|task| task.started_at_ms > after_ms);
        if let Some(task) = &task {
            progress(task.moved, task.total);
        }
        if let Some(running) = task.as_ref().filter(|task| task.comes_back()) {
            return cancel(session, running.clone(), arn).await.map(Some);
        }
        let ended = task.as_ref().is_some_and(|task| !task.is_running());
        if ended || session.is_interrupted() {
            return Ok(task);
        }
        if task.is_none() && began.elapsed() > session.pace.patience {
            let name = name_in_arn(arn);
            let error = format!("SQS accepted a redrive of {name}, but doesn't list it");
            return Err(Error::new(Kind::Unreachable, error));
        }
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
    }
}

/// Cancels the redrive in progress. `None` if there is none. Messages that were already moved stay there.
///
/// # Errors
/// If SQS can't be reached or refuses.
pub async fn cancel_redrive(
    session: &Session<'_>,
    queue: &DeadLetterQueue,
) -> Result<Option<MoveTask>> {
    let arn = read_arn(session, &queue.url).await?;
    let task = latest(session, &arn).await?;
    let Some(task) = task.filter(|task| task.status == "RUNNING") else {
        return Ok(None);
    };
    cancel(session, task, &queue.queue).await.map(Some)
}

async fn cancel(session: &Session<'_>, task: MoveTask, queue: &str) -> Result<MoveTask> {
    let failure = task.comes_back().then(|| {
        format!(
            "{} messages were moved, and the queue held {}: they fail at once and come back; fix the cause first",
            task.moved,
            task.total.unwrap_or_default()
        )
    });
    let request = session.clients.sqs.cancel_message_move_task();
    let request = request.task_handle(task.handle.as_deref().unwrap_or_default());
    let reply = request.send().await;
    let reply = reply.map_err(aws(format!("cancel the redrive of {queue}")))?;
    let moved = u64::try_from(reply.approximate_number_of_messages_moved()).unwrap_or_default();
    Ok(MoveTask {
        status: "CANCELLING".to_owned(),
        moved: moved.max(task.moved),
        failure,
        ..task
    })
}
