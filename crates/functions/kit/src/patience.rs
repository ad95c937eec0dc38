//! The timeouts and retries of the SDK clients.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// The configuration of all clients: region, credentials, and endpoint from the environment, as Lambda
/// sets it, with [`timeouts`] and [`retries`].
pub async fn aws_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .timeout_config(timeouts())
        .retry_config(retries())
        .load()
        .await
}

/// One call, including retries, ends within 12 s, so that two rounds of calls fit into a function's 30 s; the
/// invocation's deadlines limit other cases. The SDK's own defaults would wait forever for an answer that doesn't
/// come.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .read_timeout(Duration::from_secs(4))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(12))
        .build()
}

/// Up to three retries after waits of at most 0.5, 1, and 2 s.
#[must_use]
pub fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(4)
        .with_initial_backoff(Duration::from_millis(500))
        .with_max_backoff(Duration::from_secs(3))
}
