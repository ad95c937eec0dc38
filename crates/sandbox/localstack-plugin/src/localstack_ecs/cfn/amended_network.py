"""LocalStack's own network types, if they ignore properties."""

from __future__ import annotations

from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceRequest,
)
from localstack.services.ec2.resource_providers.aws_ec2_route import (
    EC2RouteProvider,
    generate_route_id,
)
from localstack.services.ec2.resource_providers.aws_ec2_securitygroup import (
    EC2SecurityGroupProvider,
)
from localstack.services.ec2.resource_providers.aws_ec2_vpc import EC2VPCProvider

from localstack_ecs.cfn.base import parameters, selected
from localstack_ecs.cfn.security_group_ingress import permission

EVERYWHERE = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
"""The rule that EC2 gives a new group."""


class VPC(EC2VPCProvider):
    """Adds the DNS settings."""

    def create(self, request: ResourceRequest) -> ProgressEvent:
        wanted = selected(request.desired_state, ("EnableDnsSupport", "EnableDnsHostnames"))
        if request.desired_state.get("VpcId"):
            # Called again, with the values that it read.
            wanted = {}
        event = super().create(request)
        for name, value in wanted.items():
            on = str(value).lower() == "true"
            request.aws_client_factory.ec2.modify_vpc_attribute(
                VpcId=event.resource_model["VpcId"], **{name: {"Value": on}}
            )
        return event


class Route(EC2RouteProvider):
    """Adds the route's target."""

    def create(self, request: ResourceRequest) -> ProgressEvent:
        model = request.desired_state
        names = ("RouteTableId", "DestinationCidrBlock", "GatewayId")
        request.aws_client_factory.ec2.create_route(**selected(model, names))
        model["Id"] = generate_route_id(model["RouteTableId"], model["DestinationCidrBlock"], "")
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)


class SecurityGroup(EC2SecurityGroupProvider):
    """Adds the rules, and their updates. Keeps rules that are separate resources."""

    def create(self, request: ResourceRequest) -> ProgressEvent:
        event = super().create(request)
        model, ec2 = event.resource_model, request.aws_client_factory.ec2
        if model.get("SecurityGroupEgress"):
            ec2.revoke_security_group_egress(GroupId=model["GroupId"], IpPermissions=[EVERYWHERE])
        self._settle(ec2, model, {})
        return event

    def update(self, request: ResourceRequest) -> ProgressEvent:
        previous = request.previous_state
        model = {**request.desired_state, **selected(previous, ("GroupId", "Id", "GroupName"))}
        self._settle(request.aws_client_factory.ec2, model, previous)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def _settle(self, ec2, model: dict, previous: dict) -> None:
        calls = {
            "SecurityGroupEgress": (
                ec2.revoke_security_group_egress,
                ec2.authorize_security_group_egress,
            ),
            "SecurityGroupIngress": (
                ec2.revoke_security_group_ingress,
                ec2.authorize_security_group_ingress,
            ),
        }
        for name, (revoke, authorize) in calls.items():
            rules, before = model.get(name) or [], previous.get(name) or []
            for call, changed in [
                (revoke, [rule for rule in before if rule not in rules]),
                (authorize, [rule for rule in rules if rule not in before]),
            ]:
                for rule in changed:
                    given = permission({**rule, "GroupId": model["GroupId"]})
                    call(**parameters(ec2, f"Authorize{name}", given))
