//! Dead-letter queues of a stack: their content, and what can be done with it.
//!
//! A stack has two kinds: the dead-letter queue of a queue, whose messages can be redriven to that queue, and that
//! of a scaling function, whose messages are events for the function.

mod list;
mod message;
mod move_task;
mod purge;
mod redrive;
mod reinvoke;
mod show;
mod transfer;

use aws_sdk_sqs::types::QueueAttributeName;
use serde::Serialize;
use template::contract::{DEAD_LETTER_QUEUE, types};
use template::names;

use crate::deployed_stack::DeployedStack;
use crate::error::{Error, Kind, Result, aws};
use crate::inspect::is_dead_letter_queue;
use crate::messages::name_in;
use crate::resource::Resource;
use crate::session::Session;

pub use list::{DeadLetters, list_dead_letters};
pub use message::DeadLetter;
pub use move_task::{MoveTask, cancel_redrive};
pub use purge::purge_dead_letters;
pub use redrive::{RedriveOptions, RedriveState, RedriveWay, Redriven, redrive_dead_letters};
pub use show::{LONGEST_LOOK, Look, show_dead_letters};
pub use transfer::Kept;

/// A dead-letter queue of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetterQueue {
    /// Name in the definition: of the queue, or of the service whose scaling function it belongs to.
    pub name: String,
    /// Its name in SQS.
    pub queue: String,
    /// Its URL.
    pub url: String,
    /// Where its messages come from.
    #[serde(flatten)]
    pub source: DeadLetterSource,
}

/// Where the messages of a dead-letter queue come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum DeadLetterSource {
    /// A queue, whose consumers failed to process them.
    Queue {
        /// URL of the queue.
        source_url: String,
    },
    /// A scaling function, which failed to process them, or couldn't be invoked by its topic.
    Function {
        /// Name of the function.
        function: String,
    },
}

impl DeadLetterQueue {
    /// Whether it is a FIFO queue.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.queue.ends_with(".fifo")
    }

    /// Whether this name refers to it: the name in the definition or in SQS, or the queue's URL.
    fn is_called(&self, name: &str) -> bool {
        let source = match &self.source {
            DeadLetterSource::Queue { source_url } => name_in(source_url),
            DeadLetterSource::Function { function } => function,
        };
        [&*self.name, &*self.queue, &*self.url, source].contains(&name)
    }
}

impl DeployedStack {
    /// Returns the dead-letter queues of the stack: all, or the one with the name `only`.
    ///
    /// # Errors
    /// If the stack has no dead-letter queue, or if `only` matches none or several.
    pub fn dead_letter_queues(&self, only: Option<&str>) -> Result<Vec<DeadLetterQueue>> {
        let queues = self.of_type(types::QUEUE);
        let mut all: Vec<DeadLetterQueue> = queues
            .filter(|queue| is_dead_letter_queue(queue, &self.resources))
            .filter_map(|queue| self.dead_letter_queue(queue))
            .collect();
        let stack = &self.stack.name;
        if all.is_empty() {
            let error = format!("the stack {stack} has no dead-letter queue");
            return Err(Error::failed(error).hint(
                "a queue has one with `dead_letter`; a service with `alarm_steps` has one for its scaling function",
            ));
        }
        let Some(only) = only else {
            return Ok(all);
        };
        let names: Vec<String> = all.iter().map(|queue| queue.name.clone()).collect();
        all.retain(|queue| queue.is_called(only));
        match all.len() {
            1 => Ok(all),
            0 => {
                let error = format!("the stack {stack} has no dead-letter queue for {only}");
                let error = Error::new(Kind::Usage, error);
                let hint = stack::suggest_name(only, names.iter().map(String::as_str));
                Err(hint.into_iter().fold(error, Error::hint))
            }
            _ => {
                let queues: Vec<&str> = all.iter().map(|queue| queue.queue.as_str()).collect();
                let error = format!("{only} is the name of a queue and of a service");
                Err(Error::new(Kind::Usage, error).hint(format!(
                    "name the dead-letter queue itself: {}",
                    queues.join(", ")
                )))
            }
        }
    }

    /// `OrdersDeadLetterQueue` belongs to the queue `orders`, and `WebScalingDeadLetterQueue` to the scaling
    /// function of the service `web`. `None` if neither exists.
    fn dead_letter_queue(&self, queue: &Resource) -> Option<DeadLetterQueue> {
        let stem = queue.logical_id.strip_suffix(DEAD_LETTER_QUEUE)?;
        let (name, source) = match self.find(types::QUEUE, &names::queue(stem)) {
            Some(source) => {
                let name = self.short_name(&source.logical_id).unwrap_or(stem);
                let source_url = source.physical_id.clone();
                (name, DeadLetterSource::Queue { source_url })
            }
            None => {
                let service = stem.strip_suffix("Scaling")?;
                let function = self.find(types::FUNCTION, &names::scaling_function(service))?;
                let name = self.short_name(&names::service(service)).unwrap_or(service);
                let function = function.physical_id.clone();
                (name, DeadLetterSource::Function { function })
            }
        };
        Some(DeadLetterQueue {
            name: name.to_owned(),
            queue: name_in(&queue.physical_id).to_owned(),
            url: queue.physical_id.clone(),
            source,
        })
    }
}

/// Returns the ARN of a queue.
async fn read_arn(session: &Session<'_>, url: &str) -> Result<String> {
    let doing = format!("read the ARN of {}", name_in(url));
    let request = session.clients.sqs.get_queue_attributes().queue_url(url);
    let reply = request.attribute_names(QueueAttributeName::QueueArn).send();
    let reply = reply.await.map_err(aws(&*doing))?;
    let attributes = reply.attributes();
    let arn = attributes.and_then(|all| all.get(&QueueAttributeName::QueueArn));
    arn.cloned()
        .ok_or_else(|| Error::failed(format!("failed to {doing}: the reply has none")))
}
