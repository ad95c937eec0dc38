"""AWS::ElasticLoadBalancingV2::LoadBalancer, TargetGroup, and Listener."""

from __future__ import annotations

from localstack_ecs.cfn.base import (
    InvalidProperties,
    Provider,
    generated_name,
    parameters,
    schema,
    selected,
    stack_tags,
)

NAME_LENGTH = 32
HEALTH_CHECK = (
    "HealthCheckEnabled",
    "HealthCheckIntervalSeconds",
    "HealthCheckPath",
    "HealthCheckPort",
    "HealthCheckProtocol",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "Matcher",
    "UnhealthyThresholdCount",
)


class LoadBalancer(Provider):
    """`Ref` is the ARN."""

    CHANGED = ("IpAddressType", "SecurityGroups", "SubnetMappings", "Subnets")
    FIXED = ("Name", "Scheme", "Type")
    TYPE = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    SCHEMA = schema(
        TYPE,
        "LoadBalancerArn",
        (*CHANGED, *FIXED, "LoadBalancerAttributes", "Tags"),
        create_only=FIXED,
        read_only=(
            "CanonicalHostedZoneID",
            "DNSName",
            "LoadBalancerArn",
            "LoadBalancerFullName",
            "LoadBalancerName",
        ),
        unavailable=(
            "EnableCapacityReservationProvisionStabilize",
            "EnablePrefixForIpv6SourceNat",
            "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
            "Ipv4IpamPoolId",
            "MinimumLoadBalancerCapacity",
        ),
    )
    GONE = ("LoadBalancerNotFound",)

    def do_create(self, request, model):
        elb = request.aws_client_factory.elbv2
        model.setdefault("Name", generated_name(request, NAME_LENGTH))
        given = parameters(elb, "CreateLoadBalancer", selected(model, (*self.CHANGED, *self.FIXED)))
        made = elb.create_load_balancer(**given, Tags=_tags(request, model))["LoadBalancers"][0]
        arn = made["LoadBalancerArn"]
        _put_attributes(elb, "LoadBalancer", arn, model)
        return {
            **model,
            "LoadBalancerArn": arn,
            "LoadBalancerFullName": arn.split(":loadbalancer/", 1)[-1],
            "LoadBalancerName": made["LoadBalancerName"],
            "DNSName": made["DNSName"],
            "CanonicalHostedZoneID": made["CanonicalHostedZoneId"],
        }

    def do_update(self, request, model, previous):
        elb, arn = request.aws_client_factory.elbv2, previous["LoadBalancerArn"]
        _check_vpc(request, arn, model)
        calls = {
            "SecurityGroups": elb.set_security_groups,
            "Subnets": elb.set_subnets,
            "SubnetMappings": elb.set_subnets,
            "IpAddressType": elb.set_ip_address_type,
        }
        for name, call in calls.items():
            if model.get(name) is not None and model.get(name) != previous.get(name):
                call(LoadBalancerArn=arn, **{name: model[name]})
        _put_attributes(elb, "LoadBalancer", arn, model)
        _replace_tags(elb, arn, _tags(request, model))
        return _kept(self, model, previous)

    def do_delete(self, request, model):
        elb = request.aws_client_factory.elbv2
        elb.delete_load_balancer(LoadBalancerArn=model["LoadBalancerArn"])
        return model


class TargetGroup(Provider):
    """`Ref` is the ARN. ECS registers the targets, so the template contains none."""

    FIXED = (
        "IpAddressType",
        "Name",
        "Port",
        "Protocol",
        "ProtocolVersion",
        "TargetType",
        "VpcId",
    )
    TYPE = "AWS::ElasticLoadBalancingV2::TargetGroup"
    SCHEMA = schema(
        TYPE,
        "TargetGroupArn",
        (*HEALTH_CHECK, *FIXED, "Tags", "TargetGroupAttributes"),
        create_only=FIXED,
        read_only=(
            "LoadBalancerArns",
            "TargetGroupArn",
            "TargetGroupFullName",
            "TargetGroupName",
        ),
        unavailable=("TargetControlPort", "Targets"),
    )
    GONE = ("TargetGroupNotFound",)

    def do_create(self, request, model):
        elb = request.aws_client_factory.elbv2
        model.setdefault("Name", generated_name(request, NAME_LENGTH))
        given = parameters(elb, "CreateTargetGroup", selected(model, (*HEALTH_CHECK, *self.FIXED)))
        made = elb.create_target_group(**given, Tags=_tags(request, model))["TargetGroups"][0]
        arn = made["TargetGroupArn"]
        _put_attributes(elb, "TargetGroup", arn, model)
        return {
            **model,
            "TargetGroupArn": arn,
            "TargetGroupFullName": arn.rsplit(":", 1)[-1],
            "TargetGroupName": made["TargetGroupName"],
            "LoadBalancerArns": made.get("LoadBalancerArns") or [],
        }

    def do_update(self, request, model, previous):
        elb, arn = request.aws_client_factory.elbv2, previous["TargetGroupArn"]
        given = {**selected(model, HEALTH_CHECK), "TargetGroupArn": arn}
        elb.modify_target_group(**parameters(elb, "ModifyTargetGroup", given))
        _put_attributes(elb, "TargetGroup", arn, model)
        _replace_tags(elb, arn, _tags(request, model))
        return _kept(self, model, previous)

    def do_delete(self, request, model):
        request.aws_client_factory.elbv2.delete_target_group(TargetGroupArn=model["TargetGroupArn"])
        return model


class Listener(Provider):
    """`Ref` is the ARN."""

    CHANGED = (
        "AlpnPolicy",
        "Certificates",
        "DefaultActions",
        "MutualAuthentication",
        "Port",
        "Protocol",
        "SslPolicy",
    )
    TYPE = "AWS::ElasticLoadBalancingV2::Listener"
    SCHEMA = schema(
        TYPE,
        "ListenerArn",
        (*CHANGED, "LoadBalancerArn", "Tags"),
        required=("LoadBalancerArn", "DefaultActions"),
        create_only=("LoadBalancerArn",),
        read_only=("ListenerArn",),
        unavailable=("ListenerAttributes",),
    )
    GONE = ("ListenerNotFound", "LoadBalancerNotFound")

    def do_create(self, request, model):
        elb = request.aws_client_factory.elbv2
        given = selected(model, (*self.CHANGED, "LoadBalancerArn"))
        _check_targets(elb, model)
        made = elb.create_listener(
            **parameters(elb, "CreateListener", given), Tags=_tags(request, model)
        )
        return {**model, "ListenerArn": made["Listeners"][0]["ListenerArn"]}

    def do_update(self, request, model, previous):
        elb, arn = request.aws_client_factory.elbv2, previous["ListenerArn"]
        given = {**selected(model, self.CHANGED), "ListenerArn": arn}
        _check_targets(elb, model)
        elb.modify_listener(**parameters(elb, "ModifyListener", given))
        _replace_tags(elb, arn, _tags(request, model))
        return _kept(self, model, previous)

    def do_delete(self, request, model):
        request.aws_client_factory.elbv2.delete_listener(ListenerArn=model["ListenerArn"])
        return model


def _check_vpc(request, arn: str, model: dict) -> None:
    """Refuses subnets outside the load balancer's VPC, which moto accepts."""
    elb, ec2 = request.aws_client_factory.elbv2, request.aws_client_factory.ec2
    (balancer,) = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    subnets = ec2.describe_subnets(SubnetIds=model.get("Subnets") or [])["Subnets"]
    if any(subnet["VpcId"] != balancer["VpcId"] for subnet in subnets):
        raise InvalidProperties(
            f"The subnets are not in the load balancer's VPC {balancer['VpcId']} "
            "(Error Code: InvalidConfigurationRequest)"
        )


def _check_targets(elb, model: dict) -> None:
    """Refuses a target group of another load balancer, which moto accepts."""
    actions = model["DefaultActions"]
    groups = [action["TargetGroupArn"] for action in actions if action.get("TargetGroupArn")]
    if not groups:
        return
    present = elb.describe_load_balancers()["LoadBalancers"]
    others = {one["LoadBalancerArn"] for one in present} - {model["LoadBalancerArn"]}
    for group in elb.describe_target_groups(TargetGroupArns=groups)["TargetGroups"]:
        if others & set(group.get("LoadBalancerArns") or []):
            raise InvalidProperties(
                "The following target groups cannot be associated with more than one load "
                f"balancer: {group['TargetGroupArn']} (Error Code: TargetGroupAssociationLimit)"
            )


def _tags(request, model: dict) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in stack_tags(request, model).items()]


def _replace_tags(elb, arn: str, tags: list[dict[str, str]]) -> None:
    (described,) = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    keep = {tag["Key"] for tag in tags}
    if outdated := [tag["Key"] for tag in described["Tags"] if tag["Key"] not in keep]:
        elb.remove_tags(ResourceArns=[arn], TagKeys=outdated)
    elb.add_tags(ResourceArns=[arn], Tags=tags)


def _put_attributes(elb, kind: str, arn: str, model: dict) -> None:
    """Sets the attributes of a load balancer or a target group. Keeps absent ones, as AWS does."""
    if attributes := model.get(f"{kind}Attributes"):
        call = {
            "LoadBalancer": elb.modify_load_balancer_attributes,
            "TargetGroup": elb.modify_target_group_attributes,
        }[kind]
        given = [{"Key": item["Key"], "Value": str(item["Value"])} for item in attributes]
        call(**{f"{kind}Arn": arn}, Attributes=given)


def _kept(provider: Provider, model: dict, previous: dict) -> dict:
    """Returns the model with the values that the resource received at its creation."""
    names = [path.rsplit("/", 1)[-1] for path in provider.SCHEMA["readOnlyProperties"]]
    return {**selected(previous, ("Name",)), **model, **selected(previous, names)}
