//! The SDK clients of an invocation.

use lambda_kit::aws_config;

/// The clients that an invocation needs. Its role decides what they can call.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Reads queues.
    pub sqs: aws_sdk_sqs::Client,
    /// Describes services, and sets their counts.
    pub ecs: aws_sdk_ecs::Client,
    /// Publishes datapoints and reads metrics; describes alarms and keeps their tags.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// Reads the object with the services to scale by demand, if they don't fit into a rule's input.
    pub s3: aws_sdk_s3::Client,
    /// Reads which services are paused.
    pub ssm: aws_sdk_ssm::Client,
}

impl Clients {
    /// Clients for the region, credentials, and endpoint of the environment, as set by Lambda.
    pub async fn from_environment() -> Self {
        let config = aws_config().await;
        // Endpoints other than AWS's own have no host name per bucket.
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(config.endpoint_url().is_some());
        Self {
            sqs: aws_sdk_sqs::Client::new(&config),
            ecs: aws_sdk_ecs::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            ssm: aws_sdk_ssm::Client::new(&config),
        }
    }
}
