//! Limits of the services that receive the template. Lengths are in characters, unless documented otherwise.

/// Maximum number of resources in a template. Source: AWS CloudFormation quotas, "Resources".
pub(crate) const RESOURCES: usize = 500;

/// Maximum number of outputs in a template. Source: AWS CloudFormation quotas, "Outputs".
pub(crate) const OUTPUTS: usize = 200;

/// Maximum size in bytes of a template in the request itself; a larger one is uploaded to S3. Source: AWS
/// CloudFormation quotas, "Template body size in a request".
pub const INLINE_BODY_BYTES: usize = 51_200;

/// Maximum size in bytes of a template in S3. The quota is called 1 MB; the service's own message says "Template
/// may not exceed 1000000 bytes in size". Source: AWS CloudFormation quotas, "Template body size in an Amazon S3
/// object".
pub(crate) const BODY_BYTES: usize = 1_000_000;

/// Longest constant input of an EventBridge target. Source: Amazon EventBridge API, `Target$Input`.
pub(crate) const TARGET_INPUT: usize = 8_192;

/// Maximum number of targets of an EventBridge rule. Source: Amazon EventBridge quotas, "Targets".
pub(crate) const TARGETS_PER_RULE: usize = 5;

/// Maximum number of characters of all inline policies of a role together, not counting white space. Source: IAM
/// quotas, "Role policy size".
pub(crate) const INLINE_POLICIES: usize = 10_240;

/// Maximum number of characters of a managed policy, not counting white space. Source: IAM quotas.
pub(crate) const MANAGED_POLICY: usize = 6_144;

/// Maximum number of managed policies on a role, without a quota increase. Source: IAM quotas, "Managed policies
/// attached to an IAM role".
pub(crate) const MANAGED_POLICIES_PER_ROLE: usize = 10;

/// Maximum number of metrics in the metric math of an alarm, and so of a target tracking policy, which works
/// through alarms. Source: Amazon CloudWatch API, `MetricDataQuery` in `PutMetricAlarm`.
pub(crate) const METRICS_PER_EXPRESSION: usize = 10;

/// Longest time that an alarm with a period under an hour can evaluate, in seconds. Source: Amazon
/// CloudWatch API, `PutMetricAlarm$EvaluationPeriods`.
pub(crate) const ALARM_WINDOW_SECONDS: u64 = 86_400;

/// The same as [`ALARM_WINDOW_SECONDS`], with a period of an hour or more.
pub(crate) const LONG_ALARM_WINDOW_SECONDS: u64 = 604_800;

/// Maximum number of alarms in one dashboard widget. Source: Amazon CloudWatch User Guide, "Dashboard body
/// structure and syntax", `alarms`.
pub(crate) const ALARMS_PER_WIDGET: usize = 100;

/// Longest queue name, including a FIFO queue's suffix. Source: Amazon SQS quotas, "Queue name".
pub(crate) const QUEUE_NAME: usize = 80;

/// Longest ECS cluster or service name. Source: Amazon ECS API, `CreateCluster`, `CreateService`.
pub(crate) const ECS_NAME: usize = 255;

/// Longest name of a partition, `aws-us-gov`.
pub(crate) const PARTITION: usize = 10;

/// Longest name of a region, with one more letter than `us-isof-south-1`.
pub(crate) const REGION: usize = 16;

/// Length of an account number.
pub(crate) const ACCOUNT: usize = 12;

/// Longest domain of a partition, `amazonaws.com.cn`.
pub(crate) const URL_SUFFIX: usize = 16;

/// The characters that CloudFormation adds to a stack's name and a logical ID when it names a resource: two hyphens
/// and at most 13 characters.
pub(crate) const GENERATED_SUFFIX: usize = 15;

/// First group of the UUID in the stack's ID, which makes queue names unique.
pub(crate) const STACK_SUFFIX: usize = 8;

/// Longest alarm name. Source: Amazon CloudWatch API, `PutMetricAlarm$AlarmName`.
pub(crate) const ALARM_NAME: usize = 255;

/// Longest bucket name. Source: Amazon S3 User Guide, "General purpose bucket naming rules".
pub(crate) const BUCKET_NAME: usize = 63;

/// Maximum number of bytes of a Lambda function's environment: names and values of all its variables. Source: AWS
/// Lambda quotas, "Environment variables".
pub(crate) const LAMBDA_ENVIRONMENT: usize = 4_096;

/// Maximum number of security groups of a task or an instance, without a quota increase. Source: Amazon ECS API,
/// `AwsVpcConfiguration$securityGroups`; Amazon VPC quotas, "Security groups per network interface".
pub(crate) const SECURITY_GROUPS: usize = 5;
