//! The SDK clients of an invocation.

use lambda_kit::aws_config;

/// The clients that an invocation needs. Its role decides what they can call.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Reads queues.
    pub sqs: aws_sdk_sqs::Client,
    /// Describes services.
    pub ecs: aws_sdk_ecs::Client,
    /// Publishes datapoints and reads metrics.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
}

impl Clients {
    /// Clients for the region, credentials, and endpoint of the environment, as set by Lambda.
    pub async fn from_environment() -> Self {
        let config = aws_config().await;
        Self {
            sqs: aws_sdk_sqs::Client::new(&config),
            ecs: aws_sdk_ecs::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        }
    }
}
