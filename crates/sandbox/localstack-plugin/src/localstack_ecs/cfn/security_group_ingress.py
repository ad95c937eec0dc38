"""AWS::EC2::SecurityGroupIngress."""

from __future__ import annotations

from localstack_ecs.cfn.base import InvalidProperties, Provider, parameters, schema, selected

PORTS = ("FromPort", "IpProtocol", "ToPort")
SOURCES = {
    "CidrIp": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "SourcePrefixListId": ("PrefixListIds", "PrefixListId"),
    "SourceSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}
"""Each property's list and name in the API."""
DESTINATIONS = {"DestinationSecurityGroupId": ("UserIdGroupPairs", "GroupId")}


class SecurityGroupIngress(Provider):
    """`Ref` is the rule's ID."""

    TYPE = "AWS::EC2::SecurityGroupIngress"
    SCHEMA = schema(
        TYPE,
        "Id",
        ("Description", "GroupId", *PORTS, *SOURCES),
        required=("GroupId", "IpProtocol"),
        create_only=("GroupId", *PORTS, *SOURCES),
        read_only=("Id",),
        unavailable=("GroupName", "SourceSecurityGroupName", "SourceSecurityGroupOwnerId"),
    )
    GONE = (
        "InvalidGroup.NotFound",
        "InvalidPermission.NotFound",
        "InvalidSecurityGroupRuleId.NotFound",
    )

    def do_create(self, request, model):
        ec2 = request.aws_client_factory.ec2
        given = parameters(ec2, "AuthorizeSecurityGroupIngress", permission(model))
        made = ec2.authorize_security_group_ingress(**given)
        return {**model, "Id": made["SecurityGroupRules"][0]["SecurityGroupRuleId"]}

    def do_update(self, request, model, previous):
        ec2 = request.aws_client_factory.ec2
        given = parameters(ec2, "UpdateSecurityGroupRuleDescriptionsIngress", permission(model))
        ec2.update_security_group_rule_descriptions_ingress(**given)
        return {**model, "Id": previous["Id"]}

    def do_delete(self, request, model):
        ec2 = request.aws_client_factory.ec2
        given = parameters(ec2, "RevokeSecurityGroupIngress", permission(model))
        ec2.revoke_security_group_ingress(**given)
        return model


def permission(model: dict) -> dict:
    """Returns the rule in the API's format."""
    others = {**SOURCES, **DESTINATIONS}
    found = [name for name in others if model.get(name)]
    if len(found) != 1:
        raise InvalidProperties(f"#: exactly one of {', '.join(others)} is needed")
    listed, name = others[found[0]]
    source = {name: model[found[0]], **selected(model, ("Description",))}
    return {
        "GroupId": model["GroupId"],
        "IpPermissions": [{**selected(model, PORTS), listed: [source]}],
    }
