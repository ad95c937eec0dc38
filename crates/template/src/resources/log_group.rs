//! Log groups, and the permission to write to one.

use serde_json::json;
use stack::Stack;

use super::role::Statement;
use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::text::Text;

/// Longest name of a log group. Source: Amazon CloudWatch Logs API, `CreateLogGroup`.
const LOG_GROUP_NAME: usize = 512;

/// A log group that is deleted with the stack and keeps its lines for the time that the definition sets.
pub(crate) fn add_log_group(
    builder: &mut Builder,
    stack: &Stack,
    id: impl Into<String>,
) -> Result<(), SynthesisError> {
    const DAY_SECONDS: u64 = 86_400;
    let days = stack.metric.log_retention.as_secs().div_ceil(DAY_SECONDS);
    let mut properties = json!({ "RetentionInDays": days });
    if let (Some(map), Some(key)) = (properties.as_object_mut(), &stack.log_key) {
        map.insert("KmsKeyId".into(), key.as_str().into());
    }
    builder.add(id, Resource::new(types::LOG_GROUP, properties).stateful())
}

/// Writes to one log group. The group's ARN, as CloudFormation returns it, ends in `:*`, which stands for its
/// streams.
pub(crate) fn write_logs(log_group: &str) -> Statement {
    Statement::new(
        "WriteLogs",
        &["logs:CreateLogStream", "logs:PutLogEvents"],
        vec![streams(log_group)],
    )
}

pub(crate) fn streams(log_group: &str) -> Text {
    let longest = Text::arn("logs", "log-group::*").longest() + LOG_GROUP_NAME;
    Text::attribute(log_group, "Arn", longest)
}
