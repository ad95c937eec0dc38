//! `dead-letters purge`.

use std::time::SystemTime;

use deployer::{DeadLetters, list_dead_letters, purge_dead_letters};
use serde::Serialize;

use super::{QueueArgs, about, describe_source};
use crate::confirm::require_terminal;
use crate::connect::Cloud;
use crate::definition::Known;
use crate::failure::{Code, Failure, Result};
use crate::output::Format;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    queue: QueueArgs,
    /// Don't ask for confirmation
    #[arg(long, short)]
    yes: bool,
}

/// The deleted messages.
#[derive(Debug, Serialize)]
struct Purged {
    stack: String,
    queue: String,
    /// Number of messages, approximately.
    messages: u64,
}

pub(super) async fn run(args: &Args, format: Format) -> Result<()> {
    require_terminal("dead-letters purge", args.yes)?;
    let known = args.queue.deployed.resolve()?;
    let ui = Ui::new();
    let cloud = args.queue.deployed.connect(&known, &ui).await?;
    let purged = purge(args, &cloud, &known, &ui).await;
    let (found, purged) = purged.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    format.print(&purged, |purged| {
        let source = describe_source(&found.queue);
        match purged.messages {
            0 => format!("{source}: {} is empty\n", purged.queue),
            messages => format!(
                "{source}: deleted {} of {}; SQS takes up to a minute for it\n",
                about(messages),
                purged.queue
            ),
        }
    });
    Ok(())
}

async fn purge(
    args: &Args,
    cloud: &Cloud,
    known: &Known,
    ui: &Ui,
) -> Result<(DeadLetters, Purged)> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let queues = args.queue.find(cloud, &session, known).await?;
    let [queue] = queues.as_slice() else {
        let names: Vec<&str> = queues.iter().map(|queue| queue.name.as_str()).collect();
        let error = format!("the stack {} has several dead-letter queues", known.name);
        return Err(Failure::new(Code::Usage, error)
            .hint(format!("name the one to purge: {}", names.join(", "))));
    };
    let found = list_dead_letters(&session, std::slice::from_ref(queue), SystemTime::now());
    let found = found.await?.remove(0);
    let messages = found.messages();
    if messages > 0 {
        let question = format!(
            "Delete {} of the dead-letter queue of {}, for good?",
            about(messages),
            describe_source(queue)
        );
        if !args.yes && ui.confirm(&question) != Some(true) {
            let error = "canceled: not confirmed; nothing was deleted";
            return Err(Failure::new(Code::Refused, error));
        }
        purge_dead_letters(&session, queue).await?;
    }
    let purged = Purged {
        stack: known.name.clone(),
        queue: queue.queue.clone(),
        messages,
    };
    Ok((found, purged))
}
