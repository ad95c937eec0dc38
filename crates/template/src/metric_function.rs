//! The metric function: code, role, log group, and how it is invoked asynchronously.

use serde_json::json;
use stack::{Architecture, Stack};

use crate::builder::{Builder, Resource};
use crate::error::SynthesisError;
use crate::grants::{Role, Statement};
use crate::names;
use crate::resolved::Scaled;
use crate::services::add_log_group;
use crate::synthesize::{PARAMETER_ASSETS_BUCKET, PARAMETER_METRIC_FUNCTION_KEY};
use crate::task_roles::write_logs;
use crate::text::{Text, attribute, reference};

/// Longest run of the function. The next minute brings the next run, which then measures afresh.
const TIMEOUT_SECONDS: u64 = 30;

/// Age at which an event that could not be delivered is dropped: the next one is there by then.
pub(crate) const EVENT_AGE_SECONDS: u64 = 60;

pub(crate) fn add(
    builder: &mut Builder,
    stack: &Stack,
    scaled: &[Scaled<'_, '_>],
) -> Result<(), SynthesisError> {
    builder.parameter(
        PARAMETER_ASSETS_BUCKET,
        "S3 bucket that holds the functions' code",
    );
    builder.parameter(
        PARAMETER_METRIC_FUNCTION_KEY,
        "Key of the metric function's zip in the bucket",
    );
    add_log_group(builder, stack, names::METRIC_FUNCTION_LOGS)?;
    let role = Role {
        id: names::METRIC_FUNCTION_ROLE.to_owned(),
        description: "What the metric function may do".to_owned(),
        principal: "lambda.amazonaws.com",
        trust: Vec::new(),
        statements: statements(stack, scaled),
    };
    role.add(builder, stack)?;
    add_function(builder, stack)?;
    // No retries: the next run measures afresh, and a late datapoint would only mislead.
    let properties = json!({
        "FunctionName": reference(names::METRIC_FUNCTION),
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 0,
        "MaximumEventAgeInSeconds": EVENT_AGE_SECONDS,
    });
    let resource = Resource::new("AWS::Lambda::EventInvokeConfig", properties);
    builder.add(names::METRIC_FUNCTION_INVOKE_CONFIG, resource)
}

/// No environment: the event says everything. No reserved concurrency: an account whose quota leaves
/// too little unreserved refuses it, and the stack with it.
fn add_function(builder: &mut Builder, stack: &Stack) -> Result<(), SynthesisError> {
    let architecture = match stack.metric.architecture {
        Architecture::Arm64 => "arm64",
        Architecture::X86_64 => "x86_64",
    };
    let properties = json!({
        "Description": "Publishes the backlog per task of the services that its event names",
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Architectures": [architecture],
        "MemorySize": stack.metric.memory,
        "Timeout": TIMEOUT_SECONDS,
        "Role": attribute(names::METRIC_FUNCTION_ROLE, "Arn"),
        "Code": {
            "S3Bucket": reference(PARAMETER_ASSETS_BUCKET),
            "S3Key": reference(PARAMETER_METRIC_FUNCTION_KEY),
        },
        // The group is the stack's own, so that it has the retention asked for and ends with the stack.
        "LoggingConfig": { "LogGroup": reference(names::METRIC_FUNCTION_LOGS) },
    });
    builder.add(
        names::METRIC_FUNCTION,
        Resource::new("AWS::Lambda::Function", properties),
    )
}

/// Exactly what measuring takes: each service and queue by its ARN.
fn statements(stack: &Stack, scaled: &[Scaled<'_, '_>]) -> Vec<Statement> {
    let services = scaled
        .iter()
        .map(|scaled| scaled.service.arn.clone())
        .collect();
    let mut queues: Vec<Text> = Vec::new();
    for queue in scaled.iter().flat_map(|scaled| &scaled.service.queues) {
        if !queues.contains(&queue.arn) {
            queues.push(queue.arn.clone());
        }
    }
    let namespace = vec![stack.metric.namespace.as_str().into()];
    // CloudWatch offers no resource for this action; the namespace bounds it.
    let publish = Statement::new(
        "PublishBacklog",
        &["cloudwatch:PutMetricData"],
        vec!["*".into()],
    )
    .when("StringEquals", "cloudwatch:namespace", namespace);
    vec![
        write_logs(names::METRIC_FUNCTION_LOGS),
        publish,
        Statement::new("ReadServices", &["ecs:DescribeServices"], services),
        Statement::new("ReadQueues", &["sqs:GetQueueAttributes"], queues),
    ]
}
