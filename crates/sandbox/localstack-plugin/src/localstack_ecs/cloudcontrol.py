"""Cloud Control's GetResource for networks, load balancers, and Auto Scaling groups.

Returns at least the properties that ecs-scaler compares, read from the services' own APIs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from botocore.exceptions import ClientError
from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudcontrol import (
    CloudcontrolApi,
    ResourceNotFoundException,
    UnsupportedActionException,
)
from localstack.aws.connect import connect_to
from localstack.services.plugins import Service, aws_provider

@aws_provider(api="cloudcontrol")
def cloudcontrol() -> Service:
    return Service.for_provider(Provider())


class Provider(CloudcontrolApi):
    @handler("GetResource", expand=False)
    def get_resource(self, context: RequestContext, request: dict):
        kind, identifier = request["TypeName"], request["Identifier"]
        read = READERS.get(kind)
        if read is None:
            raise UnsupportedActionException(f"Resource type {kind} does not support READ action")
        clients = connect_to(aws_access_key_id=context.account_id, region_name=context.region)
        try:
            found = next(read(clients, *identifier.split("|")), None)
        except ClientError as error:
            if "NotFound" not in error.response["Error"]["Code"]:
                raise
            found = None
        if found is None:
            raise ResourceNotFoundException(f"Resource of type '{kind}' was not found: {identifier}")
        return {
            "TypeName": kind,
            "ResourceDescription": {"Identifier": identifier, "Properties": json.dumps(found)},
        }


def group(clients, name: str) -> Iterator[dict]:
    found = clients.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    for one in found["AutoScalingGroups"]:
        yield {
            "MinSize": str(one["MinSize"]),
            "MaxSize": str(one["MaxSize"]),
            "VPCZoneIdentifier": one["VPCZoneIdentifier"].split(","),
        }


def launch_template(clients, identifier: str) -> Iterator[dict]:
    found = clients.ec2.describe_launch_templates(LaunchTemplateIds=[identifier])
    yield from ({} for _ in found["LaunchTemplates"])


def route(clients, table: str, destination: str) -> Iterator[dict]:
    for one in clients.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]:
        for found in one["Routes"]:
            if found.get("DestinationCidrBlock") == destination:
                yield {"GatewayId": found.get("GatewayId")}


def security_group(clients, identifier: str) -> Iterator[dict]:
    for one in clients.ec2.describe_security_groups(GroupIds=[identifier])["SecurityGroups"]:
        yield {
            "SecurityGroupIngress": list(rules(one["IpPermissions"], "Source")),
            "SecurityGroupEgress": list(rules(one["IpPermissionsEgress"], "Destination")),
        }


def rules(permissions: list[dict], side: str) -> Iterator[dict]:
    """Returns one rule per source, as CloudFormation does."""
    for permission in permissions:
        names = ("IpProtocol", "FromPort", "ToPort")
        rule = {name: permission[name] for name in names if name in permission}
        for other in permission.get("IpRanges", []):
            yield {**rule, "CidrIp": other["CidrIp"]}
        for other in permission.get("UserIdGroupPairs", []):
            yield {**rule, f"{side}SecurityGroupId": other["GroupId"]}


def ingress(clients, identifier: str) -> Iterator[dict]:
    found = clients.ec2.describe_security_group_rules(SecurityGroupRuleIds=[identifier])
    for rule in found["SecurityGroupRules"]:
        yield {
            "IpProtocol": rule["IpProtocol"],
            "FromPort": rule["FromPort"],
            "ToPort": rule["ToPort"],
            "SourceSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
        }


def flow_log(clients, identifier: str) -> Iterator[dict]:
    yield from ({} for _ in clients.ec2.describe_flow_logs(FlowLogIds=[identifier])["FlowLogs"])


def subnet(clients, identifier: str) -> Iterator[dict]:
    yield from ({} for _ in clients.ec2.describe_subnets(SubnetIds=[identifier])["Subnets"])


def association(clients, identifier: str) -> Iterator[dict]:
    for table in clients.ec2.describe_route_tables()["RouteTables"]:
        for one in table["Associations"]:
            if one["RouteTableAssociationId"] == identifier:
                yield {}


def network(clients, identifier: str) -> Iterator[dict]:
    names = ("EnableDnsHostnames", "EnableDnsSupport")
    found = {}
    for name in names:
        attribute = name[0].lower() + name[1:]
        reply = clients.ec2.describe_vpc_attribute(VpcId=identifier, Attribute=attribute)
        found[name] = reply[name]["Value"]
    yield found


def attachment(clients, _kind: str, vpc: str) -> Iterator[dict]:
    for gateway in clients.ec2.describe_internet_gateways()["InternetGateways"]:
        if any(one["VpcId"] == vpc for one in gateway["Attachments"]):
            yield {"InternetGatewayId": gateway["InternetGatewayId"]}


def listener(clients, arn: str) -> Iterator[dict]:
    yield from clients.elbv2.describe_listeners(ListenerArns=[arn])["Listeners"]


def load_balancer(clients, arn: str) -> Iterator[dict]:
    elb = clients.elbv2
    for one in elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]:
        attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        yield {
            "LoadBalancerAttributes": attributes,
            "SecurityGroups": one["SecurityGroups"],
            "Subnets": [zone["SubnetId"] for zone in one["AvailabilityZones"]],
        }


def target_group(clients, arn: str) -> Iterator[dict]:
    elb = clients.elbv2
    for one in elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]:
        attributes = elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        yield {**one, "TargetGroupAttributes": attributes}


READERS = {
    "AWS::AutoScaling::AutoScalingGroup": group,
    "AWS::EC2::FlowLog": flow_log,
    "AWS::EC2::LaunchTemplate": launch_template,
    "AWS::EC2::Route": route,
    "AWS::EC2::SecurityGroup": security_group,
    "AWS::EC2::SecurityGroupIngress": ingress,
    "AWS::EC2::Subnet": subnet,
    "AWS::EC2::SubnetRouteTableAssociation": association,
    "AWS::EC2::VPC": network,
    "AWS::EC2::VPCGatewayAttachment": attachment,
    "AWS::ElasticLoadBalancingV2::Listener": listener,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": load_balancer,
    "AWS::ElasticLoadBalancingV2::TargetGroup": target_group,
}
"""Each function gets the clients and the parts of the primary identifier."""
