//! The SQS client, and how patient it is.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Region;

use crate::config::Config;

/// Timeout of a reply. The SDK's own defaults would wait forever for a held reply.
const REPLY: Duration = Duration::from_secs(5);

/// A client for the region, credentials and endpoint of the environment. Without a region there, it is
/// that of the first queue's URL.
pub async fn client(config: &Config) -> Client {
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(config.queues.first().and_then(|queue| region(&queue.url)))
        .or_default_provider();
    let shared = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(region)
        .timeout_config(timeouts())
        .retry_config(retries())
        // The timeouts bound a stalled reply, and a long poll transfers nothing while it waits.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .load()
        .await;
    Client::new(&shared)
}

/// One call, retries included, ends within 12 s.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .read_timeout(REPLY)
        .operation_attempt_timeout(REPLY)
        .operation_timeout(Duration::from_secs(12))
        .build()
}

/// A poll has the time that it waits for messages on top. It isn't retried within the SDK: the loop
/// does that, and sees a stop in between.
pub(crate) fn poll_timeouts(wait: Duration) -> TimeoutConfig {
    let longest = wait + REPLY;
    timeouts()
        .to_builder()
        .read_timeout(longest)
        .operation_attempt_timeout(longest)
        .operation_timeout(longest)
        .build()
}

pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(300))
        .with_max_backoff(Duration::from_secs(2))
}

/// `us-west-2` of `https://sqs.us-west-2.amazonaws.com/111122223333/vouchers`.
fn region(url: &str) -> Option<Region> {
    let host = url.split("://").nth(1)?.split('/').next()?;
    let mut parts = host.split('.');
    let (service, region) = (parts.next()?, parts.next()?);
    let is_aws = parts.next() == Some("amazonaws");
    (service == "sqs" && is_aws).then(|| Region::new(region.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_in_a_queue_s_url() {
        for (url, expected) in [
            ("https://sqs.us-west-2.amazonaws.com/1/q", Some("us-west-2")),
            (
                "https://sqs.cn-north-1.amazonaws.com.cn/1/q",
                Some("cn-north-1"),
            ),
            ("http://127.0.0.1:4566/queue/us-east-1/0/q", None),
            ("http://sqs.local/q", None),
            ("q", None),
        ] {
            assert_eq!(region(url).as_ref().map(AsRef::as_ref), expected, "{url}");
        }
    }
}
