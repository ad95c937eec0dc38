//! `dead-letters redrive`.

use std::time::SystemTime;

use deployer::{
    DeadLetterQueue, DeadLetterSource, DeadLetters, MoveTask, RedriveOptions, RedriveState,
    RedriveWay, Redriven, Session, cancel_redrive, list_dead_letters, redrive_dead_letters,
};
use serde::Serialize;

use super::{QueueArgs, about, describe_source};
use crate::confirm::require_terminal;
use crate::connect::Cloud;
use crate::definition::Known;
use crate::failure::{Code, Failure, Result};
use crate::output::{self, Format};
use crate::signals::wait_for_interruption;
use crate::ui::Ui;
use crate::workshop::program;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    queue: QueueArgs,
    /// Maximum number of messages per second, up to 500 (otherwise SQS's own pace)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    rate: Option<u32>,
    /// Only messages whose body contains this text; they are received and sent one by one
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    filter: Option<String>,
    /// Cancel the redrive that SQS is working on
    #[arg(long, conflicts_with_all = ["rate", "filter"])]
    cancel: bool,
    /// Don't ask for confirmation
    #[arg(long, short)]
    yes: bool,
}

/// The result of a redrive.
#[derive(Debug, Serialize)]
struct Outcome {
    stack: String,
    /// One for each dead-letter queue with messages.
    redriven: Vec<Redriven>,
}

pub(super) async fn run(args: &Args, format: Format) -> Result<()> {
    if !args.cancel {
        require_terminal("dead-letters redrive", args.yes)?;
    }
    let known = args.queue.deployed.resolve()?;
    let ui = Ui::new();
    let cloud = args.queue.deployed.connect(&known, &ui).await?;
    if args.cancel {
        let canceled = cancel(args, &cloud, &known, &ui).await;
        let canceled = canceled.map_err(|failure| cloud.explain(failure))?;
        ui.finish();
        format.print(&canceled, format_canceled);
        return Ok(());
    }
    let outcome = redrive(args, &cloud, &known, &ui).await;
    let outcome = outcome.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    let again = format!(
        "{} dead-letters redrive {}",
        program(),
        args.queue.deployed.as_written(&known)
    );
    match explain(&outcome, &again) {
        None => {
            format.print(&outcome, format_outcome);
            Ok(())
        }
        Some(failure) => {
            if format == Format::Text {
                output::text(&format_outcome(&outcome));
            }
            Err(failure.document(&outcome))
        }
    }
}

async fn redrive(args: &Args, cloud: &Cloud, known: &Known, ui: &Ui) -> Result<Outcome> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let work = redrive_all(args, cloud, known, (&session, ui));
    let mut work = std::pin::pin!(work);
    tokio::select! {
        outcome = &mut work => return outcome,
        () = wait_for_interruption() => session.interrupt(),
    }
    ui.note("interrupted: finishing the messages in hand; a second signal ends this at once");
    tokio::select! {
        outcome = work => outcome,
        () = wait_for_interruption() => {
            Err(Failure::failed("interrupted")
                .hint("messages that this command had received are visible again after 5 minutes"))
        }
    }
}

async fn redrive_all(
    args: &Args,
    cloud: &Cloud,
    known: &Known,
    (session, ui): (&Session<'_>, &Ui),
) -> Result<Outcome> {
    let queues = args.queue.find(cloud, session, known).await?;
    let mut found = list_dead_letters(session, &queues, SystemTime::now()).await?;
    found.retain(|queue| queue.messages() > 0 || is_running(queue));
    let options = RedriveOptions {
        rate: args.rate,
        filter: args.filter.clone(),
    };
    let mut redriven = Vec::new();
    for queue in &found {
        if session.is_interrupted() {
            break;
        }
        approve(args, queue, ui)?;
        let queue = &queue.queue;
        let source = describe_source(queue);
        let report = |moved: u64, total: Option<u64>| {
            let total = total.map(|total| format!(" of about {total}"));
            let total = total.unwrap_or_default();
            ui.status(format!("{source}: {moved}{total} messages moved"));
        };
        let moved = redrive_dead_letters(session, queue, &options, &SystemTime::now, &report);
        redriven.push(moved.await?);
    }
    Ok(Outcome {
        stack: known.name.clone(),
        redriven,
    })
}

fn is_running(queue: &DeadLetters) -> bool {
    queue.redrive.as_ref().is_some_and(MoveTask::is_running)
}

/// Prompts. If SQS is already redriving, it is only followed.
fn approve(args: &Args, queue: &DeadLetters, ui: &Ui) -> Result<()> {
    let source = describe_source(&queue.queue);
    if is_running(queue) {
        return match args.filter {
            None => Ok(()),
            Some(_) => Err(Failure::new(
                Code::Refused,
                format!("SQS is moving all messages of the dead-letter queue of {source} already"),
            )
            .hint("wait for its end, or cancel it with --cancel")),
        };
    }
    let messages = about(queue.messages());
    let of = match &args.filter {
        Some(filter) => format!("the ones that contain {filter:?}, of {messages}"),
        None => messages,
    };
    let question = match &queue.queue.source {
        DeadLetterSource::Queue { .. } => format!("Move {of} back to the {source}?"),
        DeadLetterSource::Function { .. } => format!("Invoke the {source} with {of}?"),
    };
    if args.yes || ui.confirm(&question) == Some(true) {
        return Ok(());
    }
    let error = format!("canceled: not confirmed; nothing of the {source} was moved");
    Err(Failure::new(Code::Refused, error))
}

/// A redrive that was canceled.
#[derive(Debug, Serialize)]
struct Canceled {
    stack: String,
    queues: Vec<CanceledQueue>,
}

#[derive(Debug, Serialize)]
struct CanceledQueue {
    #[serde(flatten)]
    queue: DeadLetterQueue,
    /// The redrive that was in progress, if there was one.
    redrive: Option<MoveTask>,
}

async fn cancel(args: &Args, cloud: &Cloud, known: &Known, ui: &Ui) -> Result<Canceled> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let mut queues = args.queue.find(cloud, &session, known).await?;
    queues.retain(|queue| matches!(queue.source, DeadLetterSource::Queue { .. }));
    let mut canceled = Vec::new();
    for queue in queues {
        let redrive = cancel_redrive(&session, &queue).await?;
        canceled.push(CanceledQueue { queue, redrive });
    }
    Ok(Canceled {
        stack: known.name.clone(),
        queues: canceled,
    })
}

fn format_canceled(canceled: &Canceled) -> String {
    let queues = canceled.queues.iter().map(|one| {
        let source = describe_source(&one.queue);
        match &one.redrive {
            Some(redrive) => format!(
                "{source}: canceled after {} moved messages, which stay in the queue\n",
                redrive.moved
            ),
            None => format!("{source}: no redrive is in progress\n"),
        }
    });
    queues.collect()
}

fn format_outcome(outcome: &Outcome) -> String {
    if outcome.redriven.is_empty() {
        return "no dead-letter queue holds messages\n".to_owned();
    }
    outcome.redriven.iter().map(format_redriven).collect()
}

fn format_redriven(redriven: &Redriven) -> String {
    let source = describe_source(&redriven.queue);
    let count = |count: u64| about(count).replace("about ", "");
    let mut text = match redriven.way {
        RedriveWay::MoveTask => format!("{source}: SQS moved {} back", about(redriven.moved)),
        RedriveWay::ReceiveAndSend => format!("{source}: sent {} back", count(redriven.moved)),
        RedriveWay::Invoke => format!("{source}: handled {}", count(redriven.moved)),
    };
    if redriven.other > 0 {
        text.push_str(&format!(
            "; {} that the filter doesn't match stayed",
            count(redriven.other)
        ));
        if redriven.queue.is_fifo() {
            text.push_str(", and SQS shows no message behind ten of its group that stay");
        }
    }
    text.push('\n');
    for kept in &redriven.kept {
        text.push_str(&format!("  {} stayed: {}\n", kept.id, kept.reason));
    }
    text
}

/// Why the redrive isn't complete. `None` if it is.
fn explain(outcome: &Outcome, again: &str) -> Option<Failure> {
    let is_done = |redriven: &&Redriven| redriven.state == RedriveState::Completed;
    let incomplete = outcome.redriven.iter().find(|one| !is_done(one))?;
    let source = describe_source(&incomplete.queue);
    let again = format!("{again} {}", incomplete.queue.name);
    Some(match incomplete.state {
        RedriveState::Continues => Failure::failed(format!(
            "interrupted: SQS continues to redrive the {source}"
        ))
        .hint(format!("to cancel it: {again} --cancel"))
        .hint(format!("to follow it: {again}")),
        RedriveState::Canceled => {
            let reason = incomplete
                .failure
                .as_ref()
                .map(|reason| format!(": {reason}"));
            let reason = reason.unwrap_or_default();
            Failure::failed(format!("the redrive of the {source} was canceled{reason}"))
        }
        RedriveState::Failed => {
            let reason = incomplete.failure.as_deref().unwrap_or("without a reason");
            Failure::failed(format!("SQS failed to redrive the {source}: {reason}"))
        }
        RedriveState::Interrupted => Failure::failed(format!(
            "interrupted: the redrive of the {source} has ended"
        ))
        .hint(format!("to continue it: {again}")),
        RedriveState::Completed | RedriveState::Partial => Failure::failed(format!(
            "{} of the {source} stayed in the dead-letter queue",
            about(incomplete.kept.len() as u64).replace("about ", "")
        )),
    })
}
