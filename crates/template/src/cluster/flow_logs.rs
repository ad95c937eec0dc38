//! The log of a created VPC's connections.

use serde_json::json;
use stack::{Stack, Traffic};

use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::names;
use crate::resources::log_group::{add_log_group, streams};
use crate::resources::role::{Condition, Role, Statement};
use crate::text::{Text, attribute, reference};

/// Adds the flow log, with its log group and its role.
pub(super) fn add(
    builder: &mut Builder,
    stack: &Stack,
    traffic: Traffic,
) -> Result<(), SynthesisError> {
    let logs = names::flow_log_logs(traffic);
    add_log_group(builder, stack, logs)?;
    let role = Role {
        id: names::FLOW_LOG_ROLE.to_owned(),
        description: "Permissions of the VPC's flow log".to_owned(),
        principal: "vpc-flow-logs.amazonaws.com",
        trust: vec![
            Condition::new("StringEquals", "aws:SourceAccount", Text::account()),
            Condition::new(
                "ArnLike",
                "aws:SourceArn",
                Text::arn("ec2", "vpc-flow-log/*"),
            ),
        ],
        statements: role_statements(logs),
        managed: Vec::new(),
    };
    role.add(builder, stack)?;
    let traffic = match traffic {
        Traffic::All => "ALL",
        Traffic::Accepted => "ACCEPT",
        Traffic::Rejected => "REJECT",
    };
    let properties = json!({
        "ResourceId": reference(names::VPC),
        "ResourceType": "VPC",
        "TrafficType": traffic,
        "LogDestinationType": "cloud-watch-logs",
        "LogGroupName": reference(logs),
        "DeliverLogsPermissionArn": attribute(names::FLOW_LOG_ROLE, "Arn"),
    });
    builder.add(names::FLOW_LOG, Resource::new(types::FLOW_LOG, properties))
}

/// Only writes to the log group, which the template creates. The action to find log groups supports no resources,
/// and can be restricted only to the region. Source: Amazon VPC User Guide, "IAM role for publishing flow logs to
/// CloudWatch Logs".
fn role_statements(logs: &str) -> Vec<Statement> {
    let write = [
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ];
    let find = Statement::new(
        "FindLogGroups",
        &["logs:DescribeLogGroups"],
        vec!["*".into()],
    );
    vec![
        Statement::new("WriteLogs", &write, vec![streams(logs)]),
        find.when("StringEquals", "aws:RequestedRegion", vec![Text::region()]),
    ]
}
