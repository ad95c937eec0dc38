//! `dead-letters list`.

use std::time::SystemTime;

use deployer::{DeadLetters, MoveTask, list_dead_letters};
use serde::Serialize;

use super::{QueueArgs, describe_source};
use crate::failure::Result;
use crate::output::Format;
use crate::table::Table;
use crate::ui::Ui;
use crate::words::age;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    queue: QueueArgs,
}

/// The dead-letter queues of a stack.
#[derive(Debug, Serialize)]
struct Listing {
    stack: String,
    queues: Vec<DeadLetters>,
}

pub(super) async fn run(args: &Args, format: Format) -> Result<()> {
    let args = &args.queue;
    let known = args.deployed.resolve()?;
    let ui = Ui::new();
    let cloud = args.deployed.connect(&known, &ui).await?;
    let listing = async {
        let progress = |progress| ui.progress(progress);
        let session = cloud.session(&progress);
        let queues = args.find(&cloud, &session, &known).await?;
        let queues = list_dead_letters(&session, &queues, SystemTime::now()).await?;
        Ok(Listing {
            stack: known.name.clone(),
            queues,
        })
    };
    let listing = listing.await.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    format.print(&listing, |listing| format_listing(&listing.queues));
    Ok(())
}

fn format_listing(queues: &[DeadLetters]) -> String {
    let mut table = Table::new([
        "dead-letter queue of",
        "name in SQS",
        "messages",
        "in flight",
        "oldest",
    ])
    .texts(2);
    for queue in queues {
        let oldest = match (queue.messages(), queue.oldest_seconds) {
            (0, _) => "-".to_owned(),
            (_, None) => "unknown".to_owned(),
            (_, Some(seconds)) => age(seconds),
        };
        table.row([
            describe_source(&queue.queue),
            queue.queue.queue.clone(),
            queue.visible.saturating_add(queue.delayed).to_string(),
            queue.in_flight.to_string(),
            oldest,
        ]);
    }
    let mut text = table.format();
    for queue in queues {
        if let Some(redrive) = &queue.redrive {
            let line = format_redrive(redrive);
            text.push_str(&format!("{}: {line}\n", describe_source(&queue.queue)));
        }
    }
    text
}

fn format_redrive(redrive: &MoveTask) -> String {
    let total = redrive.total.map(|total| format!(" of about {total}"));
    let moved = format!(
        "moved {}{} messages",
        redrive.moved,
        total.unwrap_or_default()
    );
    match (redrive.is_running(), &redrive.failure) {
        (true, _) => format!("a redrive is in progress, has {moved}"),
        (false, Some(failure)) => format!("the last redrive failed ({failure}), {moved}"),
        (false, None) => format!(
            "the last redrive ({}) {moved}",
            redrive.status.to_lowercase()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deployer::{DeadLetterQueue, DeadLetterSource};

    fn queue(name: &str, source: DeadLetterSource) -> DeadLetterQueue {
        DeadLetterQueue {
            name: name.into(),
            queue: format!("{name}-dead-letter-1a2b3c4d"),
            url: format!("https://sqs/{name}-dead-letter-1a2b3c4d"),
            source,
        }
    }

    #[test]
    fn each_queue_has_a_line() {
        let source_url = "https://sqs/vouchers".into();
        let function = "shop-WebScalingFunction-1".into();
        let queues = [
            DeadLetters {
                queue: queue("vouchers", DeadLetterSource::Queue { source_url }),
                visible: 12,
                in_flight: 1,
                delayed: 0,
                oldest_seconds: Some(7_300.0),
                redrive: None,
            },
            DeadLetters {
                queue: queue("web", DeadLetterSource::Function { function }),
                visible: 0,
                in_flight: 0,
                delayed: 0,
                oldest_seconds: None,
                redrive: None,
            },
        ];
        insta::assert_snapshot!(format_listing(&queues));
    }
}
