//! An SQS queue in policies and events.

use serde::{Deserialize, Serialize};

use crate::DemandPolicyError;

/// One SQS queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueRequest {
    /// Queue name: the value of the dimension `QueueName`.
    pub name: String,
    /// Queue URL.
    pub url: String,
    /// How long a message of this queue can wait, in milliseconds, if that differs from the service's
    /// policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptable_latency_ms: Option<u64>,
    /// Share of the messages that must meet this queue's own objective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Average processing time of a message of this queue, in milliseconds, if that differs from the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing_time_ms: Option<u64>,
}

impl QueueRequest {
    /// A queue without its own settings.
    #[must_use]
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            ..Self::default()
        }
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// If a number is zero that must not be.
    pub fn check(&self) -> Result<(), DemandPolicyError> {
        let zero = |number: Option<u64>, name| match number {
            Some(0) => Err(DemandPolicyError::Zero(name)),
            _ => Ok(()),
        };
        zero(self.acceptable_latency_ms, "queues.acceptable_latency_ms")?;
        zero(self.processing_time_ms, "queues.processing_time_ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stacks deployed by earlier versions send only names and URLs, and so do stacks without such
    /// settings.
    #[test]
    fn a_queue_without_settings_is_what_it_was() {
        let text = r#"{"name":"orders","url":"https://sqs/orders"}"#;
        let read: QueueRequest = serde_json::from_str(text).unwrap();
        assert_eq!(read, QueueRequest::new("orders", "https://sqs/orders"));
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert_eq!(read.check(), Ok(()));
    }

    #[test]
    fn settings_are_positive() {
        let text = r#"{"name":"orders","url":"u","acceptable_latency_ms":900000,"share":0.95,"processing_time_ms":0}"#;
        let read: QueueRequest = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        let zero = DemandPolicyError::Zero("queues.processing_time_ms");
        assert_eq!(read.check(), Err(zero));
    }
}
