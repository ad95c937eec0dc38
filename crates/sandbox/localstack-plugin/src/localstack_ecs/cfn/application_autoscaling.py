"""AWS::ApplicationAutoScaling::ScalableTarget and ScalingPolicy."""

from __future__ import annotations

from localstack_ecs.cfn.base import InvalidProperties, Provider, parameters, schema

TARGET = ("ServiceNamespace", "ResourceId", "ScalableDimension")
"""The properties that identify a scalable target, in the API and in its policies."""
IDENTITY = ("ResourceId", "ScalableDimension", "ServiceNamespace")
"""The order of these parts in a scalable target's `Ref`."""
POLICY = (
    "PolicyName",
    "PolicyType",
    "PredictiveScalingPolicyConfiguration",
    "StepScalingPolicyConfiguration",
    "TargetTrackingScalingPolicyConfiguration",
)
NOT_FOUND = ("ObjectNotFoundException",)


class ScalableTarget(Provider):
    """`Ref` is RESOURCE-ID|DIMENSION|NAMESPACE."""

    TYPE = "AWS::ApplicationAutoScaling::ScalableTarget"
    SCHEMA = schema(
        TYPE,
        "Id",
        (*TARGET, "MaxCapacity", "MinCapacity", "RoleARN", "ScheduledActions", "SuspendedState"),
        required=(*TARGET, "MaxCapacity", "MinCapacity"),
        create_only=TARGET,
        read_only=("Id",),
    )
    GONE = NOT_FOUND

    def do_create(self, request, model):
        client = request.aws_client_factory.get_client("application-autoscaling")
        names = (*TARGET, "MaxCapacity", "MinCapacity", "RoleARN", "SuspendedState")
        properties = {name: model[name] for name in names if name in model}
        client.register_scalable_target(**parameters(client, "RegisterScalableTarget", properties))
        target = {name: model[name] for name in TARGET}
        for action in model.get("ScheduledActions") or []:
            put = parameters(client, "PutScheduledAction", {**action, **target})
            client.put_scheduled_action(**put)
        return {**model, "Id": "|".join(model[name] for name in IDENTITY)}

    def do_update(self, request, model, previous):
        client = request.aws_client_factory.get_client("application-autoscaling")
        kept = {name_of(action) for action in model.get("ScheduledActions") or []}
        for action in previous.get("ScheduledActions") or []:
            if name_of(action) not in kept:
                target = {name: model[name] for name in TARGET}
                client.delete_scheduled_action(ScheduledActionName=name_of(action), **target)
        return self.do_create(request, model)

    def do_delete(self, request, model):
        client = request.aws_client_factory.get_client("application-autoscaling")
        found = client.describe_scalable_targets(
            ServiceNamespace=model["ServiceNamespace"],
            ResourceIds=[model["ResourceId"]],
            ScalableDimension=model["ScalableDimension"],
        )
        if found["ScalableTargets"]:
            client.deregister_scalable_target(**{name: model[name] for name in TARGET})
        return model


class ScalingPolicy(Provider):
    """`Ref` is the policy's ARN."""

    TYPE = "AWS::ApplicationAutoScaling::ScalingPolicy"
    SCHEMA = schema(
        TYPE,
        "Arn",
        (*POLICY, *TARGET, "ScalingTargetId"),
        required=("PolicyName", "PolicyType"),
        create_only=("PolicyName", *TARGET, "ScalingTargetId"),
        read_only=("Arn",),
    )
    GONE = NOT_FOUND

    def do_create(self, request, model):
        client = request.aws_client_factory.get_client("application-autoscaling")
        properties = {name: model[name] for name in POLICY if name in model}
        put = client.put_scaling_policy(
            **parameters(client, "PutScalingPolicy", {**properties, **target_of(model)})
        )
        return {**model, "Arn": put["PolicyARN"]}

    def do_update(self, request, model, previous):
        return self.do_create(request, model)

    def do_delete(self, request, model):
        client = request.aws_client_factory.get_client("application-autoscaling")
        target = target_of(model)
        found = client.describe_scaling_policies(**target)["ScalingPolicies"]
        if any(policy["PolicyName"] == model["PolicyName"] for policy in found):
            client.delete_scaling_policy(PolicyName=model["PolicyName"], **target)
        return model


def name_of(action: dict) -> str:
    """Returns the name of a scheduled action within its scalable target."""
    return action["ScheduledActionName"]


def target_of(model: dict) -> dict[str, str]:
    """Returns the scalable target of a policy, from its parts or from the target's `Ref`."""
    if reference := model.get("ScalingTargetId"):
        parts = reference.split("|")
        if len(parts) != 3:
            raise InvalidProperties(f"#/ScalingTargetId: not a scalable target: {reference}")
        return dict(zip(IDENTITY, parts, strict=True))
    if missing := [name for name in TARGET if not model.get(name)]:
        raise InvalidProperties(f"#: required key [{missing[0]}] not found")
    return {name: model[name] for name in TARGET}
