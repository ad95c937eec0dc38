//! The names of created queues, and their maximum length.

use stack::QueueSpec;

use crate::error::SynthesisError;
use crate::limits;
use crate::text::{Text, text};

/// Name of a created queue: the user's, or else its short name and a part of the stack's ID.
///
/// CloudFormation doesn't choose the name, for two reasons. A dead-letter queue's redrive-allow policy needs the
/// ARN of its source queue, whose redrive policy needs the dead-letter queue's ARN: only a name known in advance
/// breaks the circle. And CloudFormation ignores a FIFO name's limit of 80 characters when it generates one. The
/// stack's ID distinguishes two stacks, and also a stack from its predecessor with the same name: SQS refuses a
/// deleted queue's name for a minute. A queue is replaced only if `fifo` or `name` changes, and both change the
/// name, so replacement stays possible.
pub(crate) fn queue_name(short: &str, spec: &QueueSpec) -> Text {
    match &spec.name {
        Some(name) => name.as_str().into(),
        None => generated_queue_name(short, spec.fifo.is_some()),
    }
}

/// Name of the dead-letter queue of a created queue. It is FIFO like its source, as SQS requires.
pub(crate) fn dead_letter_queue_name(short: &str, spec: &QueueSpec) -> Text {
    generated_queue_name(&format!("{short}-dead-letter"), spec.fifo.is_some())
}

/// `Fn::Sub` variable for the first group of the UUID in the stack's ID.
pub(crate) const STACK_SUFFIX: &str = "StackSuffix";

fn generated_queue_name(stem: &str, fifo: bool) -> Text {
    let suffix = Text::reference(STACK_SUFFIX, limits::STACK_SUFFIX);
    text![stem, "-", suffix, if fifo { ".fifo" } else { "" }]
}

/// A queue's URL in the form that SQS returns. The function's SDK client uses only the account and the name in it,
/// so it also works if a custom endpoint emulates SQS.
pub(crate) fn queue_url(region: Text, account: Text, name: &Text) -> Text {
    text![
        "https://sqs.",
        region,
        ".",
        Text::url_suffix(),
        "/",
        account,
        "/",
        name
    ]
}

pub(crate) fn check_queue_name(short: &str, name: &Text) -> Result<(), SynthesisError> {
    if name.longest() <= limits::QUEUE_NAME {
        return Ok(());
    }
    let unknown = "X".repeat(limits::STACK_SUFFIX);
    let name = name
        .sub()
        .replace(&format!("${{{STACK_SUFFIX}}}"), &unknown);
    Err(SynthesisError::QueueNameTooLong {
        queue: short.to_owned(),
        name,
    })
}
