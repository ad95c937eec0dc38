//! Why a target isn't published.

use lambda_kit::CallError;
use scaling::DemandPolicyError;
use serde::{Serialize, Serializer};

/// Why a target's datapoint wasn't published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The request lists the service without a queue.
    #[error("the service names no queue")]
    NoQueue,
    /// The request counts no kind of message: the published value would be a false zero.
    #[error("`count` is empty, so there is nothing to measure")]
    NothingCounted,
    /// A name in the request that AWS would refuse, together with the valid targets of the same call.
    #[error("{value:?} is not a {kind}: {rule}")]
    Name {
        /// The kind of the named object.
        kind: &'static str,
        /// The name.
        value: String,
        /// The valid form of the name.
        rule: &'static str,
    },
    /// The request contains the target twice, with different URLs or counts, or its service has different settings.
    #[error("the request contains it twice, with different queue URLs, counts, or demand settings")]
    Ambiguous,
    /// The numbers of its demand settings aren't valid.
    #[error("the demand settings aren't valid: {0}")]
    Demand(#[from] DemandPolicyError),
    /// An AWS call has no answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// ECS doesn't find the service.
    #[error("ECS reports the service as {0}")]
    ServiceFailure(String),
    /// ECS's answer neither contains the service nor reports it as failed.
    #[error("the DescribeServices response doesn't contain the service")]
    ServiceAbsent,
    /// The service is deleted, or in a state that this function doesn't know.
    #[error("service is {0}")]
    ServiceStatus(String),
    /// An impossible running count.
    #[error("service reports {0} running tasks")]
    RunningCount(i32),
    /// An impossible desired count.
    #[error("service reports {0} desired tasks")]
    DesiredCount(i32),
    /// SQS's answer lacks a requested attribute.
    #[error("the GetQueueAttributes response doesn't contain {0}")]
    AttributeAbsent(&'static str),
    /// An attribute that isn't a number of messages.
    #[error("{attribute} is {value:?}, not a number of messages")]
    AttributeValue {
        /// Attribute name.
        attribute: &'static str,
        /// Its value.
        value: String,
    },
    /// The sum of the counted messages exceeds 64 bits.
    #[error("the counted messages add up to more than 64 bits hold")]
    TooManyMessages,
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
