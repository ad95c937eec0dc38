//! Settings for functions in a VPC, and for functions that X-Ray traces.

use serde_json::{Value, json};
use stack::{FunctionNetwork, Stack};

use super::role::Statement;
use crate::builder::{Builder, Resource};
use crate::error::SynthesisError;
use crate::names;
use crate::text::{Text, attribute, text};

/// HTTPS port.
const HTTPS: u16 = 443;

/// Longest ID of a security group: `sg-` and 17 hexadecimal digits.
const GROUP_ID: usize = 20;

/// Adds the security group of the functions, if the definition names none.
pub(crate) fn add_security_group(
    builder: &mut Builder,
    stack: &Stack,
) -> Result<(), SynthesisError> {
    let Some(vpc) = own_group(stack) else {
        return Ok(());
    };
    let properties = json!({
        "GroupDescription": "Functions: no way in, HTTPS out",
        "VpcId": vpc,
        "SecurityGroupEgress": [{
            "IpProtocol": "tcp",
            "FromPort": HTTPS,
            "ToPort": HTTPS,
            "CidrIp": "0.0.0.0/0",
            "Description": "APIs of AWS: ECS, SQS, CloudWatch and S3",
        }],
    });
    builder.add(
        names::FUNCTION_SECURITY_GROUP,
        Resource::new("AWS::EC2::SecurityGroup", properties),
    )
}

/// The VPC in which the stack creates the functions' security group, if it creates one.
fn own_group(stack: &Stack) -> Option<&str> {
    let network = stack.metric.vpc.as_ref()?;
    let vpc = network.vpc.as_deref()?;
    network.security_groups.is_empty().then_some(vpc)
}

/// `VpcConfig` of each function.
pub(super) fn vpc_config(network: &FunctionNetwork) -> Value {
    let groups = match network.security_groups.as_slice() {
        [] => json!([attribute(names::FUNCTION_SECURITY_GROUP, "GroupId")]),
        groups => json!(groups),
    };
    json!({ "SubnetIds": network.subnets, "SecurityGroupIds": groups })
}

/// Lambda keeps a setting that is missing in an update, so the template of a function that leaves its VPC, or is no
/// longer traced, resets these settings. Source: AWS Lambda API, `UpdateFunctionConfiguration`.
pub(crate) fn reset(function: &mut Value, before: &Value) {
    let Some(properties) = function
        .get_mut("Properties")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    for (name, off) in [
        (
            "VpcConfig",
            json!({ "SubnetIds": [], "SecurityGroupIds": [] }),
        ),
        ("TracingConfig", json!({ "Mode": "PassThrough" })),
    ] {
        if before.get(name).is_some() {
            properties.entry(name).or_insert(off);
        }
    }
}

/// The permissions that Lambda and X-Ray need in the function's role.
pub(super) fn statements(stack: &Stack) -> Vec<Statement> {
    let connect = stack.metric.vpc.as_ref().map(connect);
    let trace = stack.metric.tracing.then(trace);
    connect.into_iter().flatten().chain(trace).collect()
}

/// Tracing. X-Ray supports no resources for these. Source: AWS Lambda Developer Guide, "Visualize Lambda function
/// invocations using AWS X-Ray".
fn trace() -> Statement {
    let actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];
    let trace = Statement::new("Trace", &actions, vec!["*".into()]);
    trace.when("StringEquals", "aws:RequestedRegion", vec![Text::region()])
}

/// Lambda creates the network interfaces with the function's role, only in these subnets and security groups. A
/// call from the function's own code has its ARN in `lambda:SourceFunctionArn`, and is denied. Source: AWS Lambda
/// Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC".
fn connect(network: &FunctionNetwork) -> [Statement; 2] {
    let any = |resource: Text| {
        // A shared subnet or group belongs to another account. Its ID is unique.
        let (partition, region) = (Text::partition(), Text::region());
        text!["arn:", partition, ":ec2:", region, ":*:", resource]
    };
    let subnets = network.subnets.iter();
    let subnets = subnets.map(|subnet| any(text!["subnet/", subnet.as_str()]));
    let groups: Vec<Text> = match network.security_groups.as_slice() {
        [] => {
            let group = names::FUNCTION_SECURITY_GROUP;
            vec![Text::attribute(group, "GroupId", GROUP_ID)]
        }
        groups => groups.iter().map(|group| group.as_str().into()).collect(),
    };
    let groups = groups.into_iter();
    let groups = groups.map(|group| any(text!["security-group/", group]));
    let interfaces = Text::arn("ec2", "network-interface/*");
    let make = std::iter::once(interfaces).chain(subnets).chain(groups);
    let by_lambda = |statement: Statement| {
        statement.when("Null", "lambda:SourceFunctionArn", vec!["true".into()])
    };
    [
        Statement::new("MakeInterfaces", MAKE, make.collect()),
        Statement::new("KeepInterfaces", KEEP, vec!["*".into()]),
    ]
    .map(by_lambda)
}

pub(crate) const MAKE: &[&str] = &["ec2:CreateNetworkInterface"];

/// On all resources: EC2 supports none for describing, and Lambda can't connect a function whose role can only
/// delete certain interfaces.
pub(crate) const KEEP: &[&str] = &[
    "ec2:AssignPrivateIpAddresses",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
];
