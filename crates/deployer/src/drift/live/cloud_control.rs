//! Networks, load balancers, and instances, read through Cloud Control, which returns a resource in the form of
//! CloudFormation's properties. EC2's own SDK is larger than everything that this crate uses together.
//!
//! Compares only the resources that scaling and serving depend on. A route table or an internet gateway doesn't need a
//! check, because it can't be deleted before its routes, associations, and attachment.

use aws_sdk_cloudcontrol::error::SdkError;
use serde_json::{Map, Value};
use template::contract::types;

use crate::error::{Result, aws};
use crate::session::Session;

use super::super::compare::is_same;
use super::super::intended::Intended;
use super::part::Live;

const GATEWAY_ATTACHMENT: &str = "AWS::EC2::VPCGatewayAttachment";
const INGRESS: &str = "AWS::EC2::SecurityGroupIngress";
const ROUTE: &str = "AWS::EC2::Route";

/// The types to read here, and the properties to compare. For a type without properties, only its existence is
/// checked.
const COMPARED: [(&str, &[&str]); 13] = [
    (
        "AWS::AutoScaling::AutoScalingGroup",
        &["MaxSize", "MinSize", "VPCZoneIdentifier"],
    ),
    (types::FLOW_LOG, &[]),
    ("AWS::EC2::LaunchTemplate", &[]),
    (ROUTE, &["GatewayId"]),
    (
        "AWS::EC2::SecurityGroup",
        &["SecurityGroupEgress", "SecurityGroupIngress"],
    ),
    (
        INGRESS,
        &["FromPort", "IpProtocol", "SourceSecurityGroupId", "ToPort"],
    ),
    ("AWS::EC2::Subnet", &[]),
    ("AWS::EC2::SubnetRouteTableAssociation", &[]),
    ("AWS::EC2::VPC", &["EnableDnsHostnames", "EnableDnsSupport"]),
    (GATEWAY_ATTACHMENT, &["InternetGatewayId"]),
    (
        types::LISTENER,
        &["Certificates", "DefaultActions", "Port", "Protocol"],
    ),
    (
        types::LOAD_BALANCER,
        &["LoadBalancerAttributes", "SecurityGroups", "Subnets"],
    ),
    (
        types::TARGET_GROUP,
        &[
            "HealthCheckIntervalSeconds",
            "HealthCheckPath",
            "HealthCheckPort",
            "HealthCheckProtocol",
            "HealthCheckTimeoutSeconds",
            "HealthyThresholdCount",
            "Matcher",
            "TargetGroupAttributes",
            "UnhealthyThresholdCount",
        ],
    ),
];

pub(super) fn reads(resource_type: &str) -> bool {
    COMPARED.iter().any(|(kind, _)| *kind == resource_type)
}

/// Reads a part through Cloud Control. If an emulator doesn't support Cloud Control, or can't read the type with it,
/// the part stays unchecked.
pub(super) async fn read(session: &Session<'_>, one: &Intended) -> Result<Live> {
    let Some(identifier) = identify(one) else {
        let reason = format!("Cloud Control doesn't know it by {}", one.physical_id);
        return Ok(Live::Unchecked(reason));
    };
    Ok(
        match get_resource(session, &one.resource_type, &identifier).await? {
            Live::Found(found) => Live::Found(select(one, &found)),
            other => other,
        },
    )
}

/// Reads a resource with all of its properties through Cloud Control.
pub(crate) async fn get_resource(
    session: &Session<'_>,
    resource_type: &str,
    identifier: &str,
) -> Result<Live> {
    let request = session.clients.cloudcontrol.get_resource();
    let request = request.type_name(resource_type).identifier(identifier);
    let reply = match request.send().await {
        Ok(reply) => reply,
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_resource_not_found_exception()) =>
        {
            return Ok(Live::Missing);
        }
        Err(error) => {
            let is_answered = matches!(
                error,
                SdkError::ServiceError(_) | SdkError::ResponseError(_)
            );
            let error = aws(format!("read {identifier}"))(error);
            return match is_answered {
                true => Ok(Live::Unchecked(error.to_string())),
                false => Err(error),
            };
        }
    };
    let text = reply
        .resource_description()
        .and_then(|found| found.properties());
    Ok(
        match text.and_then(|text| serde_json::from_str(text).ok()) {
            Some(found) => Live::Found(found),
            None => Live::Unchecked(format!(
                "Cloud Control returned no properties of {identifier}"
            )),
        },
    )
}

/// Returns the primary identifier. Source: `primaryIdentifier` in CloudFormation's schema of the type. `None` if it
/// isn't known: stacks from earlier years list a rule of a security group under another name.
fn identify(one: &Intended) -> Option<String> {
    let named = |property: &str| Some(one.text(property)).filter(|value| !value.is_empty());
    match one.resource_type.as_str() {
        ROUTE => Some(format!(
            "{}|{}",
            named("RouteTableId")?,
            named("DestinationCidrBlock")?
        )),
        GATEWAY_ATTACHMENT => Some(format!("IGW|{}", named("VpcId")?)),
        INGRESS if !one.physical_id.starts_with("sgr-") => None,
        _ => Some(one.physical_id.clone()),
    }
}

/// Returns the properties to compare.
fn select(one: &Intended, found: &Map<String, Value>) -> Map<String, Value> {
    let kind = COMPARED.iter().find(|(kind, _)| *kind == one.resource_type);
    let names = kind.map_or(&[][..], |(_, names)| names).iter();
    names
        .filter_map(|name| {
            let value = match *name {
                "SecurityGroupEgress" | "SecurityGroupIngress" => {
                    keep_rules(one.items(name), found, name)
                }
                "LoadBalancerAttributes" | "TargetGroupAttributes" => {
                    keep_attributes(one.items(name), found.get(*name)?)
                }
                "DefaultActions" => found.get(*name).map(fill_target)?,
                _ => found.get(*name)?.clone(),
            };
            Some(((*name).to_owned(), value))
        })
        .collect()
}

/// Returns the template's rules that the group contains, regardless of their descriptions. Users can add rules, and a
/// group without rules has no list of them.
fn keep_rules(wanted: &[Value], found: &Map<String, Value>, name: &str) -> Value {
    let found = found.get(name).and_then(Value::as_array);
    let found = found.map_or(&[][..], Vec::as_slice);
    let has = |rule: &&Value| found.iter().any(|found| is_rule(rule, found));
    wanted.iter().filter(has).cloned().collect()
}

fn is_rule(wanted: &Value, found: &Value) -> bool {
    let fields = wanted.as_object().into_iter().flatten();
    fields
        .filter(|(name, _)| *name != "Description")
        .all(|(name, value)| is_same(value, found.get(name).unwrap_or(&Value::Null)))
}

/// Returns the attributes that the template sets.
fn keep_attributes(wanted: &[Value], found: &Value) -> Value {
    let is_wanted = |found: &&Value| {
        let same = |wanted: &Value| wanted.get("Key") == found.get("Key");
        wanted.iter().any(same)
    };
    let found = found.as_array().into_iter().flatten();
    found.filter(is_wanted).cloned().collect()
}

/// An action that forwards to one group can name it only in the groups of its configuration.
fn fill_target(actions: &Value) -> Value {
    const TARGET: &str = "TargetGroupArn";
    let mut actions = actions.clone();
    for action in actions.as_array_mut().into_iter().flatten() {
        let groups = action.pointer("/ForwardConfig/TargetGroups");
        let only = match groups.and_then(Value::as_array).map(Vec::as_slice) {
            Some([only]) => only.get(TARGET).cloned(),
            _ => None,
        };
        if let (Some(action), Some(only)) = (action.as_object_mut(), only) {
            action.entry(TARGET).or_insert(only);
        }
    }
    actions
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::compare::compare;
    use super::*;
    use crate::finding::Problem;

    fn part(kind: &str, physical_id: &str, properties: Value) -> Intended {
        Intended {
            lately: None,
            logical_id: "Part".to_owned(),
            resource_type: kind.to_owned(),
            physical_id: physical_id.to_owned(),
            properties: serde_json::from_value(properties).unwrap(),
        }
    }

    fn differences(one: &Intended, found: Value) -> Vec<String> {
        let live = Live::Found(select(one, &serde_json::from_value(found).unwrap()));
        let findings = compare(&[(one.clone(), live)]).findings.into_iter();
        let properties = findings.map(|finding| match finding.problem {
            Problem::Different { property, .. } => property,
            other => panic!("{other:?}"),
        });
        let mut properties: Vec<String> = properties.collect();
        properties.sort();
        properties
    }

    /// `primaryIdentifier` of each type's schema.
    #[test]
    fn each_part_has_the_identifier_of_its_schema() {
        let route = json!({ "RouteTableId": "rtb-1", "DestinationCidrBlock": "0.0.0.0/0" });
        let cases = [
            (part(ROUTE, "shop-Route", route), Some("rtb-1|0.0.0.0/0")),
            (part(ROUTE, "shop-Route", json!({})), None),
            (
                part(GATEWAY_ATTACHMENT, "any", json!({ "VpcId": "vpc-1" })),
                Some("IGW|vpc-1"),
            ),
            (part(INGRESS, "sgr-1", json!({})), Some("sgr-1")),
            (part(INGRESS, "WebTargetIngress", json!({})), None),
            (
                part("AWS::EC2::Subnet", "subnet-1", json!({})),
                Some("subnet-1"),
            ),
        ];
        for (one, expected) in cases {
            assert_eq!(identify(&one).as_deref(), expected, "{one:?}");
        }
    }

    #[test]
    fn a_removed_rule_is_a_difference_and_an_added_or_renamed_one_is_none() {
        let rule = |port: u32| json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "0.0.0.0/0", "Description": "Requests" });
        let group = part(
            "AWS::EC2::SecurityGroup",
            "sg-1",
            json!({ "SecurityGroupIngress": [rule(80)], "SecurityGroupEgress": [rule(443)] }),
        );
        let mut renamed = rule(80);
        renamed["Description"] = json!("manual");
        let more = json!({
            "SecurityGroupIngress": [rule(22), renamed],
            "SecurityGroupEgress": [rule(443)],
        });
        assert_eq!(differences(&group, more), [""; 0]);
        let fewer = json!({ "SecurityGroupIngress": [rule(81)] });
        assert_eq!(
            differences(&group, fewer),
            ["SecurityGroupEgress", "SecurityGroupIngress"]
        );
    }

    #[test]
    fn a_listener_that_forwards_elsewhere_is_different() {
        let forward = |group: &str| json!({ "Type": "forward", "TargetGroupArn": group });
        let listener = part(
            types::LISTENER,
            "arn",
            json!({ "Port": 80, "Protocol": "HTTP", "DefaultActions": [forward("ours")] }),
        );
        let found =
            |action: Value| json!({ "Port": 80, "Protocol": "HTTP", "DefaultActions": [action] });
        assert_eq!(differences(&listener, found(forward("ours"))), [""; 0]);
        let by_configuration = json!({
            "Type": "forward",
            "ForwardConfig": { "TargetGroups": [{ "TargetGroupArn": "ours", "Weight": 1 }] },
        });
        assert_eq!(differences(&listener, found(by_configuration)), [""; 0]);
        let split = json!({
            "Type": "forward",
            "ForwardConfig": { "TargetGroups": [{ "TargetGroupArn": "ours" }, { "TargetGroupArn": "other" }] },
        });
        for changed in [forward("other"), json!({ "Type": "fixed-response" }), split] {
            assert_eq!(differences(&listener, found(changed)), ["DefaultActions"]);
        }
    }

    #[test]
    fn of_the_attributes_those_that_the_template_sets_are_compared() {
        let delay =
            |value: &str| json!({ "Key": "deregistration_delay.timeout_seconds", "Value": value });
        let group = part(
            types::TARGET_GROUP,
            "arn",
            json!({ "Port": 80, "TargetGroupAttributes": [delay("30")] }),
        );
        let other = json!({ "Key": "stickiness.enabled", "Value": "false" });
        let same = json!({ "Port": 81, "TargetGroupAttributes": [other, delay("30")] });
        assert_eq!(differences(&group, same), [""; 0]);
        let longer = json!({ "TargetGroupAttributes": [delay("300")] });
        assert_eq!(differences(&group, longer), ["TargetGroupAttributes"]);
    }
}
