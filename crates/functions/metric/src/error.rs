//! How an invocation fails.

use std::fmt::Write as _;

use lambda_runtime::Diagnostic;

use crate::Answer;

/// Maximum number of characters in the message of a failed invocation: enough for a few dozen targets, and far
/// below the limits of every service that shows or forwards it.
const MESSAGE_LIMIT: usize = 4_096;

/// Maximum number of characters of one target's reason in that message. The log has the complete reason.
const REASON_LIMIT: usize = 256;

const EXPECTED: &str = r#"expected {"namespace": "…", "services": [{"cluster": "…", "service": "…", "queues": [{"name": "…", "url": "https://…"}], "count": ["visible"]}]}"#;

/// Why an invocation failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvocationError {
    /// The event isn't a request to measure.
    #[error("the event is not a request to measure: {problem}; {EXPECTED}")]
    MalformedEvent {
        /// The place in the event, and the problem.
        problem: String,
    },
    /// The event contains no service, which is a mistake in the event.
    #[error("the event names no service to measure; {EXPECTED}")]
    NoServices,
    /// Some targets have no datapoint. The datapoints of readable targets were published.
    #[error("{}", summarize(.0))]
    TargetsFailed(Answer),
}

impl InvocationError {
    /// The error's name, as Lambda reports it (`errorType`).
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::MalformedEvent { .. } => "MalformedEvent",
            Self::NoServices => "NoServices",
            Self::TargetsFailed(_) => "TargetsFailed",
        }
    }
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self {
            error_type: error.name().to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// Both lists in short form: as many failed targets with their reasons as fit, then as many published targets.
fn summarize(answer: &Answer) -> String {
    let failed = &answer.failed;
    let published: Vec<String> = list_values(answer).collect();
    let all = failed.len() + published.len();
    let mut text = format!("{} of {all} targets failed: ", failed.len());
    let reasons = failed.iter().map(|one| {
        format!(
            "{} ({})",
            one.target,
            shorten_reason(&one.reason.to_string())
        )
    });
    append_items(&mut text, reasons, MESSAGE_LIMIT * 3 / 4);
    let _ = write!(text, ". {} published", published.len());
    if !published.is_empty() {
        text.push_str(": ");
        append_items(&mut text, published.into_iter(), MESSAGE_LIMIT - 64);
    }
    text
}

fn list_values(answer: &Answer) -> impl Iterator<Item = String> {
    let per_task = answer
        .published
        .iter()
        .map(|one| format!("{} = {}", one.target, one.backlog_per_task));
    let without_tasks = answer.waking.iter().map(|one| {
        let (cluster, service) = (&one.cluster, &one.service);
        format!(
            "{cluster}/{service} without tasks = {}",
            one.backlog_without_tasks
        )
    });
    let needs = answer.needs.iter().map(|one| {
        format!(
            "{}/{} {} = {}",
            one.cluster, one.service, one.metric, one.value
        )
    });
    per_task.chain(without_tasks).chain(needs)
}

/// Appends items while the text stays within `limit` bytes, then the number of omitted ones.
fn append_items(text: &mut String, items: impl ExactSizeIterator<Item = String>, limit: usize) {
    let all = items.len();
    for (index, item) in items.enumerate() {
        let separator = if index == 0 { "" } else { "; " };
        if text.len() + separator.len() + item.len() > limit {
            let _ = write!(text, "{separator}{} more, see the log", all - index);
            return;
        }
        text.push_str(separator);
        text.push_str(&item);
    }
}

fn shorten_reason(reason: &str) -> String {
    match reason.char_indices().nth(REASON_LIMIT) {
        Some((end, _)) => format!("{}…", reason.get(..end).unwrap_or_default()),
        None => reason.to_owned(),
    }
}
