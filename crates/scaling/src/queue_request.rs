//! An SQS queue, as policies and events name it.

use serde::{Deserialize, Serialize};

/// One SQS queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueRequest {
    /// Queue name: the value of the dimension `QueueName`.
    pub name: String,
    /// Queue URL.
    pub url: String,
}
