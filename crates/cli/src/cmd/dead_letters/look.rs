//! `dead-letters show`.

use std::time::{SystemTime, UNIX_EPOCH};

use deployer::{DeadLetter, Look, show_dead_letters};
use serde::Serialize;

use super::{QueueArgs, about, describe_source};
use crate::escape::{Keep, escape};
use crate::failure::Result;
use crate::output::Format;
use crate::ui::{Ui, warn};
use crate::words::age;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    queue: QueueArgs,
    /// Maximum number of messages per queue; at most 100
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Show whole bodies
    #[arg(long)]
    full: bool,
}

/// Maximum number of characters of a body without `--full`.
const SHOWN: usize = 200;

/// Messages of the dead-letter queues of a stack.
#[derive(Debug, Serialize)]
struct Looks {
    stack: String,
    /// Whether the bodies are complete.
    full: bool,
    queues: Vec<Look>,
}

pub(super) async fn run(args: &Args, format: Format) -> Result<()> {
    let known = args.queue.deployed.resolve()?;
    let ui = Ui::new();
    let cloud = args.queue.deployed.connect(&known, &ui).await?;
    let looks = async {
        let progress = |progress| ui.progress(progress);
        let session = cloud.session(&progress);
        let mut looks = Vec::new();
        for queue in args.queue.find(&cloud, &session, &known).await? {
            looks.push(show_dead_letters(&session, &queue, usize::from(args.limit)).await?);
        }
        Ok(looks)
    };
    let mut queues = looks.await.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    if !args.full {
        let messages = queues.iter_mut().flat_map(|look| &mut look.messages);
        messages.for_each(|message| message.body = shorten(&message.body));
    }
    if queues.iter().any(|look| !look.messages.is_empty()) {
        warn("showing messages raises their receive count by 1");
    }
    let looks = Looks {
        stack: known.name,
        full: args.full,
        queues,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_ms = now.unwrap_or_default().as_millis();
    format.print(&looks, |looks| {
        let queues = looks.queues.iter();
        queues
            .map(|look| format_look(look, u64::try_from(now_ms).unwrap_or(u64::MAX)))
            .collect()
    });
    Ok(())
}

/// Returns the start of a long body, and its size.
fn shorten(body: &str) -> String {
    match body.char_indices().nth(SHOWN) {
        None => body.to_owned(),
        Some((end, _)) => {
            let start = body.get(..end).unwrap_or_default();
            format!("{start}… ({} bytes)", body.len())
        }
    }
}

fn format_look(look: &Look, now_ms: u64) -> String {
    let source = describe_source(&look.queue);
    if look.messages.is_empty() {
        return format!("{source}: no message in {}\n", look.queue.queue);
    }
    let mut text = format!(
        "{source}: {} shown of {}\n",
        about(look.messages.len() as u64).replace("about ", ""),
        look.queue.queue
    );
    for message in &look.messages {
        text.push_str(&format_message(message, now_ms));
    }
    if look.queue.is_fifo() {
        text.push_str("  (SQS shows at most ten messages of each message group)\n");
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "an age in seconds")]
fn format_message(message: &DeadLetter, now_ms: u64) -> String {
    let sent = message.sent_at_ms.map_or_else(
        || "sent at an unknown time".to_owned(),
        |at| {
            format!(
                "sent {} ago",
                age(now_ms.saturating_sub(at) as f64 / 1_000.0)
            )
        },
    );
    let count = message.receive_count.map_or_else(
        || "an unknown number of times".to_owned(),
        |count| match count {
            1 => "once".to_owned(),
            count => format!("{count} times"),
        },
    );
    let mut text = format!("\n  {}  {sent}, received {count}\n", message.id);
    if let Some(group) = &message.group_id {
        text.push_str(&format!("    group {}\n", one_line(group)));
    }
    for (name, value) in &message.attributes {
        text.push_str(&format!("    {}: {}\n", one_line(name), one_line(value)));
    }
    for line in message.body.split('\n') {
        text.push_str(&format!("    {}\n", one_line(line)));
    }
    text
}

fn one_line(text: &str) -> String {
    escape(text, Keep::NOTHING).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use deployer::{DeadLetterQueue, DeadLetterSource};

    #[test]
    fn a_message_shows_its_age_its_count_and_what_it_contains() {
        let look = Look {
            queue: DeadLetterQueue {
                name: "vouchers".into(),
                queue: "vouchers-dead-letter-1a2b3c4d.fifo".into(),
                url: "https://sqs/dead".into(),
                source: DeadLetterSource::Queue {
                    source_url: "https://sqs/vouchers".into(),
                },
            },
            messages: vec![DeadLetter {
                id: "5fea7756-0ea4-451a-a703-a558b933e274".into(),
                sent_at_ms: Some(1_000_000),
                receive_count: Some(6),
                group_id: Some("customer-7".into()),
                deduplication_id: Some("d".into()),
                attributes: [("kind".to_owned(), "vou\u{1b}[2Jcher".to_owned())].into(),
                body: "{\"voucher\":\r\n 1}".into(),
            }],
        };
        insta::assert_snapshot!(format_look(&look, 8_300_000), @r#"
        queue vouchers: 1 message shown of vouchers-dead-letter-1a2b3c4d.fifo

          5fea7756-0ea4-451a-a703-a558b933e274  sent 2h 1m 40s ago, received 6 times
            group customer-7
            kind: vou\x1b[2Jcher
            {"voucher":\r
             1}
          (SQS shows at most ten messages of each message group)
        "#);
    }

    #[test]
    fn a_long_body_is_cut_between_characters() {
        let body = "ü".repeat(201);
        assert_eq!(shorten(&body), format!("{}… (402 bytes)", "ü".repeat(200)));
        let body = "ü".repeat(200);
        assert_eq!(shorten(&body), body);
    }
}
