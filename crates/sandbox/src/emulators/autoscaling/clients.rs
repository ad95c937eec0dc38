//! The SDK clients of one account and region of the sandbox.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ecs::config::{Credentials, SharedCredentialsProvider};

/// Clients that act as one account in one region.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    pub autoscaling: aws_sdk_applicationautoscaling::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub ecs: aws_sdk_ecs::Client,
}

impl Clients {
    /// LocalStack uses an access key that is an account number for that account. Nothing is read from the
    /// user's configuration. Calls aren't retried, because the next check repeats them.
    pub(super) fn new(endpoint_url: &str, account: &str, region: &str) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .read_timeout(Duration::from_secs(5))
            .operation_timeout(Duration::from_secs(10))
            .build();
        let credentials = Credentials::new(account, "test", None, None, "sandbox");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .timeout_config(timeouts)
            .retry_config(RetryConfig::disabled())
            .region(Region::new(region.to_owned()))
            .endpoint_url(endpoint_url)
            .build();
        Self {
            autoscaling: aws_sdk_applicationautoscaling::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            ecs: aws_sdk_ecs::Client::new(&config),
        }
    }
}
