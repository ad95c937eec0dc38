//! Where the tasks of created services run: a small VPC of the stack, or an existing one.

use serde_json::{Value, json};
use stack::{Network, Stack};

use super::flow_logs;
use crate::builder::{Builder, Resource};
use crate::error::SynthesisError;
use crate::names;
use crate::text::{attribute, reference};

/// Addresses of the created VPC.
const VPC_CIDR: &str = "10.0.0.0/16";
/// Addresses of its public subnets, each in another availability zone: 256 addresses, of which AWS reserves five.
const SUBNET_CIDRS: [&str; 2] = ["10.0.0.0/24", "10.0.1.0/24"];

/// Regions that have a zone without Fargate, which can be an account's first or second zone, and two zones in each
/// that have Fargate. Source: Amazon ECS Developer Guide, "Supported Regions for Amazon ECS on AWS Fargate".
const FARGATE_ZONES: [(&str, [&str; 2]); 5] = [
    ("us-east-1", ["use1-az1", "use1-az2"]),
    ("us-west-1", ["usw1-az1", "usw1-az3"]),
    ("ca-central-1", ["cac1-az1", "cac1-az2"]),
    ("ap-northeast-1", ["apne1-az1", "apne1-az2"]),
    ("cn-north-1", ["cnn1-az1", "cnn1-az2"]),
];

/// Ranges of private addresses (RFC 1918, RFC 6598): the possible clients of an internal load balancer in a VPC
/// whose own range isn't known here. Only the VPC, and networks connected to it, can reach its address.
const PRIVATE_CIDRS: [&str; 4] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
];

/// The network in which tasks are placed.
#[derive(Debug)]
pub(crate) struct Placement {
    /// ID of the VPC, if it is known.
    pub(crate) vpc: Option<Value>,
    /// Address ranges that can reach an internal load balancer.
    pub(crate) inside: Vec<Value>,
    pub(crate) subnets: Vec<Value>,
    /// IDs of the security groups; if empty, the default one of the subnets' VPC.
    pub(crate) security_groups: Vec<Value>,
    /// Whether tasks, or the instances that they run on, get a public address.
    pub(crate) public: bool,
    /// The resources that must exist before a task can reach the internet, and must be deleted only after the last
    /// task.
    pub(crate) depends_on: Vec<String>,
}

impl Placement {
    /// `AwsvpcConfiguration` of a service: whether its tasks get a public address, and an optional additional
    /// security group.
    pub(crate) fn awsvpc(&self, public: bool, more: Option<Value>) -> Value {
        let groups: Vec<Value> = self.security_groups.iter().cloned().chain(more).collect();
        let mut configuration = json!({
            "Subnets": self.subnets,
            "AssignPublicIp": if public { "ENABLED" } else { "DISABLED" },
        });
        if let (Some(map), false) = (configuration.as_object_mut(), groups.is_empty()) {
            map.insert("SecurityGroups".into(), groups.into());
        }
        configuration
    }
}

pub(crate) fn add(builder: &mut Builder, stack: &Stack) -> Result<Placement, SynthesisError> {
    match &stack.network {
        Network::Create { flow_logs } => {
            if let Some(traffic) = flow_logs {
                flow_logs::add(builder, stack, *traffic)?;
            }
            create(builder, stack.region.as_deref())
        }
        Network::Existing {
            vpc,
            subnets,
            security_groups,
            assign_public_ip,
        } => {
            let groups = match (security_groups.as_slice(), vpc) {
                ([], Some(vpc)) => vec![add_security_group(builder, vpc.as_str().into())?],
                (groups, _) => groups.iter().map(|group| json!(group)).collect(),
            };
            Ok(Placement {
                vpc: vpc.as_deref().map(Value::from),
                inside: PRIVATE_CIDRS.map(Value::from).into(),
                subnets: subnets.iter().map(|subnet| json!(subnet)).collect(),
                security_groups: groups,
                public: *assign_public_ip,
                depends_on: Vec::new(),
            })
        }
    }
}

/// Property and value that put a subnet into a zone.
fn zone(region: Option<&str>, index: usize) -> (&'static str, Value) {
    let known = FARGATE_ZONES.iter().find(|(name, _)| region == Some(name));
    match known.and_then(|(_, zones)| zones.get(index)) {
        Some(zone) => ("AvailabilityZoneId", json!(zone)),
        None => (
            "AvailabilityZone",
            json!({ "Fn::Select": [index, { "Fn::GetAZs": "" }] }),
        ),
    }
}

/// Public subnets without NAT: tasks have public addresses for outgoing connections (to their registry, SQS, logs),
/// and their security group allows no incoming ones.
fn create(builder: &mut Builder, region: Option<&str>) -> Result<Placement, SynthesisError> {
    let vpc = reference(names::VPC);
    add_vpc(builder)?;
    let mut subnets = Vec::new();
    let mut depends_on = vec![names::PUBLIC_ROUTE.to_owned()];
    for (index, cidr) in SUBNET_CIDRS.into_iter().enumerate() {
        let number = index + 1;
        let id = names::public_subnet(number);
        let mut properties = json!({
            "VpcId": vpc,
            "CidrBlock": cidr,
            "Tags": name_tag(&format!("${{AWS::StackName}}-public-{number}")),
        });
        let (key, zone) = zone(region, index);
        if let Some(map) = properties.as_object_mut() {
            map.insert(key.into(), zone);
        }
        builder.add(&id, Resource::new("AWS::EC2::Subnet", properties))?;
        let properties =
            json!({ "SubnetId": reference(&id), "RouteTableId": reference(ROUTE_TABLE) });
        let association = format!("{id}RouteTable");
        builder.add(
            &association,
            Resource::new("AWS::EC2::SubnetRouteTableAssociation", properties),
        )?;
        subnets.push(reference(&id));
        depends_on.push(association);
    }
    let group = add_security_group(builder, vpc.clone())?;
    Ok(Placement {
        vpc: Some(vpc),
        inside: vec![attribute(names::VPC, "CidrBlock")],
        subnets,
        security_groups: vec![group],
        public: true,
        depends_on,
    })
}

const INTERNET_GATEWAY: &str = "InternetGateway";
const GATEWAY_ATTACHMENT: &str = "InternetGatewayAttachment";
const ROUTE_TABLE: &str = "PublicRouteTable";

fn add_vpc(builder: &mut Builder) -> Result<(), SynthesisError> {
    let vpc = reference(names::VPC);
    let tags = name_tag("${AWS::StackName}");
    let properties = json!({
        "CidrBlock": VPC_CIDR,
        "EnableDnsSupport": true,
        "EnableDnsHostnames": true,
        "Tags": tags,
    });
    builder.add(names::VPC, Resource::new("AWS::EC2::VPC", properties))?;
    let properties = json!({ "Tags": tags });
    builder.add(
        INTERNET_GATEWAY,
        Resource::new("AWS::EC2::InternetGateway", properties),
    )?;
    let properties = json!({ "VpcId": vpc, "InternetGatewayId": reference(INTERNET_GATEWAY) });
    builder.add(
        GATEWAY_ATTACHMENT,
        Resource::new("AWS::EC2::VPCGatewayAttachment", properties),
    )?;
    let properties = json!({ "VpcId": vpc, "Tags": tags });
    builder.add(
        ROUTE_TABLE,
        Resource::new("AWS::EC2::RouteTable", properties),
    )?;
    let properties = json!({
        "RouteTableId": reference(ROUTE_TABLE),
        "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": reference(INTERNET_GATEWAY),
    });
    let route = Resource::new("AWS::EC2::Route", properties).depends_on([GATEWAY_ATTACHMENT]);
    builder.add(names::PUBLIC_ROUTE, route)
}

/// No ingress, because workers fetch their messages. All egress, because only their team knows which services they
/// call; a stricter group can be set with `network.security_groups`.
fn add_security_group(builder: &mut Builder, vpc: Value) -> Result<Value, SynthesisError> {
    let properties = json!({
        "GroupDescription": "Tasks: no way in, all ways out",
        "VpcId": vpc,
        "SecurityGroupEgress": [{
            "IpProtocol": "-1",
            "CidrIp": "0.0.0.0/0",
            "Description": "Image registry, SQS, CloudWatch Logs and what the worker calls",
        }],
    });
    builder.add(
        names::SECURITY_GROUP,
        Resource::new("AWS::EC2::SecurityGroup", properties),
    )?;
    Ok(attribute(names::SECURITY_GROUP, "GroupId"))
}

/// The `Name` tag, which the console shows for EC2 resources.
fn name_tag(sub: &str) -> Value {
    let value = match sub {
        "${AWS::StackName}" => reference("AWS::StackName"),
        sub => json!({ "Fn::Sub": sub }),
    };
    json!([{ "Key": "Name", "Value": value }])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Amazon ECS Developer Guide, "Supported Regions for Amazon ECS on AWS Fargate": the zones that it lists as
    /// the only ones, in its current and earlier editions, and all except `use1-az3`.
    #[test]
    fn a_subnet_is_in_a_zone_with_fargate() {
        let supported = [
            ("us-east-1", "use1-az1 use1-az2 use1-az4 use1-az5 use1-az6"),
            ("us-west-1", "usw1-az1 usw1-az3"),
            ("ca-central-1", "cac1-az1 cac1-az2"),
            ("ap-northeast-1", "apne1-az1 apne1-az2 apne1-az4"),
            ("cn-north-1", "cnn1-az1 cnn1-az2"),
        ];
        for (region, supported) in supported {
            let zones = [0, 1].map(|index| zone(Some(region), index));
            for (property, id) in &zones {
                assert_eq!(*property, "AvailabilityZoneId", "{region}");
                let id = id.as_str().unwrap();
                assert!(supported.split(' ').any(|zone| zone == id), "{id}");
            }
            assert_ne!(zones[0], zones[1]);
        }
        // Everywhere else, any zone is fine.
        assert_eq!(zone(Some("us-west-2"), 0).0, "AvailabilityZone");
        assert_eq!(zone(None, 1).0, "AvailabilityZone");
    }
}
