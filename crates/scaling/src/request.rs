//! The request to the metric function: the constant input of the EventBridge rule's target.

use serde::{Deserialize, Serialize};

use crate::demand::DemandRequest;
use crate::queue_request::QueueRequest;

/// Name of the metric that the metric function publishes.
pub const METRIC_NAME: &str = "BacklogPerTask";

/// Name of the metric that scales a service from zero: the whole backlog if the desired count is 0,
/// otherwise 0. Its dimensions are `ClusterName` and `ServiceName`.
pub const WAKE_METRIC_NAME: &str = "BacklogWithoutTasks";

/// The metric function's event. It has all settings, so the function itself has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricRequest {
    /// CloudWatch namespace to publish to.
    pub namespace: String,
    /// The services to measure.
    pub services: Vec<ServiceRequest>,
}

/// One ECS service and the queues that it consumes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceRequest {
    /// Cluster name (not ARN): also the value of the dimension `ClusterName`.
    pub cluster: String,
    /// Service name (not ARN): also the value of the dimension `ServiceName`.
    pub service: String,
    /// The queues that the service consumes; one datapoint each.
    pub queues: Vec<QueueRequest>,
    /// The kinds of messages that count as backlog.
    #[serde(default = "visible_only")]
    pub count: Vec<Count>,
    /// Whether to publish [`WAKE_METRIC_NAME`] too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub wake: bool,
    /// Target of the policy that tracks [`METRIC_NAME`], in messages per task, for a service that can scale
    /// to zero: while there is work, it keeps its last task ([`crate::held_backlog`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// The settings of the demand algorithm, to publish [`crate::NEED_PER_TASK_METRIC`] and
    /// [`crate::TASKS_NEEDED_METRIC`] instead of [`METRIC_NAME`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand: Option<DemandRequest>,
}

/// A kind of message that counts as backlog. Each is an `Approximate…` attribute of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// `ApproximateNumberOfMessages`: waiting to be received.
    Visible,
    /// `ApproximateNumberOfMessagesNotVisible`: received and not yet deleted.
    InFlight,
    /// `ApproximateNumberOfMessagesDelayed`: sent with a delay that has not passed.
    Delayed,
}

impl Count {
    /// Every kind, in the order of the SQS documentation.
    pub const ALL: [Self; 3] = [Self::Visible, Self::InFlight, Self::Delayed];

    /// Its word in a stack definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::InFlight => "in_flight",
            Self::Delayed => "delayed",
        }
    }

    /// Name of the metric that SQS publishes. The queue attribute has a slightly different name.
    #[must_use]
    pub fn metric_name(self) -> &'static str {
        match self {
            Self::Visible => "ApproximateNumberOfMessagesVisible",
            Self::InFlight => "ApproximateNumberOfMessagesNotVisible",
            Self::Delayed => "ApproximateNumberOfMessagesDelayed",
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference over"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn visible_only() -> Vec<Count> {
    vec![Count::Visible]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_documented_event() {
        let text = r#"{"namespace": "EcsScaler",
          "services": [{"cluster": "voucher", "service": "voucher-worker",
                        "queues": [{"name": "vouchers", "url": "https://sqs/vouchers"}],
                        "count": ["visible", "in_flight"]}]}"#;
        let request: MetricRequest = serde_json::from_str(text).unwrap();
        assert_eq!(request.services[0].count, [Count::Visible, Count::InFlight]);
        let again: MetricRequest =
            serde_json::from_str(&serde_json::to_string(&request).unwrap()).unwrap();
        assert_eq!(again, request);
    }

    #[test]
    fn names_are_those_of_serde() {
        for count in Count::ALL {
            assert_eq!(serde_json::to_value(count).unwrap(), count.name());
        }
    }
}
