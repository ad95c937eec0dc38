//! The SDK clients, and how patient they are.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// The clients that an invocation needs.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Reads queues.
    pub sqs: aws_sdk_sqs::Client,
    /// Describes services.
    pub ecs: aws_sdk_ecs::Client,
    /// Publishes datapoints.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
}

impl Clients {
    /// Clients for the region, credentials and endpoint of the environment, as Lambda sets it.
    pub async fn from_environment() -> Self {
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .timeout_config(timeouts())
            .retry_config(retries())
            .load()
            .await;
        Self::new(&config)
    }

    fn new(config: &SdkConfig) -> Self {
        Self {
            sqs: aws_sdk_sqs::Client::new(config),
            ecs: aws_sdk_ecs::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
        }
    }
}

/// One call, retries included, ends within 12 s, so that a round of reading and one of publishing stay
/// within the function's 30 s; the invocation's deadlines bound several rounds. The SDK's own defaults
/// would wait for a held answer without end.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .read_timeout(Duration::from_secs(4))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(12))
        .build()
}

/// Up to three retries after waits of at most 0.5, 1 and 2 s.
pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(4)
        .with_initial_backoff(Duration::from_millis(500))
        .with_max_backoff(Duration::from_secs(3))
}
