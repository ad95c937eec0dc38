//! The SDK clients and their connection.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};

use crate::credentials::{read_profile, resolve};
use crate::error::{Error, Kind, Result};
use crate::http::http_client;
use crate::region::require_known;
use crate::unreadable::UnreadableReply;

/// How to reach AWS.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// Profile of the shared configuration files. `None`: the SDK's default chain.
    pub profile: Option<String>,
    /// Region. `None`: the profile's region.
    pub region: Option<String>,
    /// Endpoint other than AWS itself, such as LocalStack.
    pub endpoint_url: Option<String>,
    /// Use fixed test credentials and read nothing of the user's configuration.
    pub test_credentials: bool,
}

/// One client for each service that the deployer calls.
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "each field is the client of the service that it is named after"
)]
pub struct Clients {
    pub applicationautoscaling: aws_sdk_applicationautoscaling::Client,
    pub cloudcontrol: aws_sdk_cloudcontrol::Client,
    pub cloudformation: aws_sdk_cloudformation::Client,
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub cloudwatchlogs: aws_sdk_cloudwatchlogs::Client,
    pub ecr: aws_sdk_ecr::Client,
    pub ecs: aws_sdk_ecs::Client,
    pub eventbridge: aws_sdk_eventbridge::Client,
    pub iam: aws_sdk_iam::Client,
    pub kms: aws_sdk_kms::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub s3: aws_sdk_s3::Client,
    pub scheduler: aws_sdk_scheduler::Client,
    pub sns: aws_sdk_sns::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub ssm: aws_sdk_ssm::Client,
    pub sts: aws_sdk_sts::Client,
    region: String,
    endpoint_url: Option<String>,
}

/// The client of a service's crate.
macro_rules! client {
    ($service:ident, $config:expr) => {
        $service::Client::from_conf(
            $service::config::Builder::from($config)
                .retry_classifier(UnreadableReply)
                .build(),
        )
    };
}

impl Clients {
    /// Reads the configuration that `connection` names, resolves the credentials, and builds the clients.
    ///
    /// # Errors
    /// If no region is set, or the region doesn't exist; if the profile doesn't exist; if no credentials are found,
    /// or they have expired.
    pub async fn connect(connection: &Connection) -> Result<Self> {
        let config = if connection.test_credentials {
            test_config(connection)
        } else {
            user_config(connection).await?
        };
        Self::new(&config)
    }

    /// Builds the clients from an SDK configuration.
    ///
    /// # Errors
    /// If the configuration has no region.
    pub fn new(config: &SdkConfig) -> Result<Self> {
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(Error::new(Kind::Usage, "no AWS region is set")
                .hint("set --region, `region:` in the stack definition, or AWS_REGION"));
        };
        // An endpoint that isn't AWS rarely supports bucket names in host names.
        let s3 = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(config.endpoint_url().is_some())
            .retry_classifier(UnreadableReply)
            .build();
        Ok(Self {
            applicationautoscaling: client!(aws_sdk_applicationautoscaling, config),
            cloudcontrol: client!(aws_sdk_cloudcontrol, config),
            cloudformation: client!(aws_sdk_cloudformation, config),
            cloudtrail: client!(aws_sdk_cloudtrail, config),
            cloudwatch: client!(aws_sdk_cloudwatch, config),
            cloudwatchlogs: client!(aws_sdk_cloudwatchlogs, config),
            ecr: client!(aws_sdk_ecr, config),
            ecs: client!(aws_sdk_ecs, config),
            eventbridge: client!(aws_sdk_eventbridge, config),
            iam: client!(aws_sdk_iam, config),
            kms: client!(aws_sdk_kms, config),
            lambda: client!(aws_sdk_lambda, config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            scheduler: client!(aws_sdk_scheduler, config),
            sns: client!(aws_sdk_sns, config),
            sqs: client!(aws_sdk_sqs, config),
            ssm: client!(aws_sdk_ssm, config),
            sts: client!(aws_sdk_sts, config),
            region,
            endpoint_url: config.endpoint_url().map(str::to_owned),
        })
    }

    /// The region that the clients talk to.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The endpoint used instead of AWS's, such as LocalStack's.
    #[must_use]
    pub fn endpoint_url(&self) -> Option<&str> {
        self.endpoint_url.as_deref()
    }

    /// Returns the same clients, except that CloudFormation's is for another region.
    pub(crate) fn with_cloudformation_in(&self, region: &str) -> Self {
        let config = self.cloudformation.config().to_builder();
        let config = config.region(Region::new(region.to_owned())).build();
        Self {
            cloudformation: aws_sdk_cloudformation::Client::from_conf(config),
            region: region.to_owned(),
            ..self.clone()
        }
    }

    /// Whether the clients call AWS and not an emulator.
    pub(crate) fn is_aws(&self) -> bool {
        self.endpoint_url.is_none()
    }
}

/// By default, the SDK waits forever for a reply. The limit for an operation includes all its retries, and the
/// limit for an attempt must allow an upload of a few MB on a slow line.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(30))
        .operation_attempt_timeout(Duration::from_secs(60))
        .operation_timeout(Duration::from_secs(180))
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(5)
        .with_max_backoff(Duration::from_secs(20))
}

async fn user_config(connection: &Connection) -> Result<SdkConfig> {
    let profile = read_profile(connection.profile.as_deref()).await?;
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts())
        .retry_config(retries())
        .http_client(http_client());
    if let Some(profile) = &connection.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &connection.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = &connection.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    let config = loader.load().await;
    // An emulator can have its own regions.
    if let (Some(region), None) = (config.region(), config.endpoint_url()) {
        require_known(region.as_ref()).await?;
    }
    let credentials = resolve(&config, &profile).await?;
    Ok(config
        .into_builder()
        .credentials_provider(credentials)
        .build())
}

/// Built without the loader, because the loader would read the user's profiles and environment.
fn test_config(connection: &Connection) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "sandbox");
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .timeout_config(timeouts())
        .retry_config(retries())
        .http_client(http_client())
        .region(connection.region.clone().map(Region::new));
    builder.set_endpoint_url(connection.endpoint_url.clone());
    builder.build()
}
