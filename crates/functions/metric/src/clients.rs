//! The SDK clients.

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
        let config = lambda_kit::aws_config().await;
        Self {
            sqs: aws_sdk_sqs::Client::new(&config),
            ecs: aws_sdk_ecs::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        }
    }
}
