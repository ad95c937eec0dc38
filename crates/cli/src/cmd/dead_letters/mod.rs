//! `dead-letters`: messages that consumers or scaling functions failed to process, and what can be done with
//! them.

mod listing;
mod look;
mod purging;
mod redriving;

use deployer::{DeadLetterQueue, DeadLetterSource, Session};

use crate::connect::Cloud;
use crate::definition::Known;
use crate::deployed::{DeployedArgs, read_stack};
use crate::failure::Result;
use crate::output::Format;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show each dead-letter queue of a stack: how many messages it holds, and since when
    List(listing::Args),
    /// Show messages; others can receive them again right afterward
    Show(look::Args),
    /// Move messages back to their queue, or into their scaling function
    Redrive(redriving::Args),
    /// Delete all messages of a dead-letter queue
    Purge(purging::Args),
}

/// A stack, and which of its dead-letter queues is meant.
#[derive(Debug, clap::Args)]
struct QueueArgs {
    #[command(flatten)]
    deployed: DeployedArgs,
    /// Queue, or service with a scaling function, by its name in the definition; or the dead-letter queue's name in SQS
    /// [default: all; `purge` needs a name if there are several]
    #[arg(value_name = "QUEUE")]
    queue: Option<String>,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    match args.action {
        Action::List(args) => listing::run(&args, format).await,
        Action::Show(args) => look::run(&args, format).await,
        Action::Redrive(args) => redriving::run(&args, format).await,
        Action::Purge(args) => purging::run(&args, format).await,
    }
}

impl QueueArgs {
    /// Finds the selected dead-letter queues.
    async fn find(
        &self,
        cloud: &Cloud,
        session: &Session<'_>,
        known: &Known,
    ) -> Result<Vec<DeadLetterQueue>> {
        let stack = read_stack(cloud, session, known).await?;
        Ok(stack.dead_letter_queues(self.queue.as_deref())?)
    }
}

/// Describes where the messages of the queue come from, by the names in the definition.
fn describe_source(queue: &DeadLetterQueue) -> String {
    match &queue.source {
        DeadLetterSource::Queue { .. } => format!("queue {}", queue.name),
        DeadLetterSource::Function { .. } => format!("scaling function of {}", queue.name),
    }
}

/// `about 1 message`, `about 12 messages`.
fn about(messages: u64) -> String {
    match messages {
        1 => "about 1 message".to_owned(),
        messages => format!("about {messages} messages"),
    }
}
