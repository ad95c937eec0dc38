"""AWS::ECS::Service."""

from __future__ import annotations

from localstack_ecs.cfn.base import (
    InvalidProperties,
    Provider,
    all_tags,
    generated_name,
    parameters,
    replace_tags,
    schema,
)

UPDATABLE = (
    "AvailabilityZoneRebalancing",
    "CapacityProviderStrategy",
    "DeploymentConfiguration",
    "DeploymentController",
    "DesiredCount",
    "EnableECSManagedTags",
    "EnableExecuteCommand",
    "HealthCheckGracePeriodSeconds",
    "LoadBalancers",
    "NetworkConfiguration",
    "PlacementConstraints",
    "PlacementStrategies",
    "PlatformVersion",
    "PropagateTags",
    "ServiceConnectConfiguration",
    "ServiceRegistries",
    "TaskDefinition",
    "VolumeConfigurations",
    "VpcLatticeConfigurations",
)
FIXED = (
    "Cluster",
    "LaunchType",
    "Role",
    "SchedulingStrategy",
    "ServiceName",
)
API_NAMES = {"PlacementStrategies": "PlacementStrategy"}
"""Properties that the API calls by another name."""


class Service(Provider):
    """`Ref` is the service's ARN."""

    TYPE = "AWS::ECS::Service"
    SCHEMA = schema(
        TYPE,
        "ServiceArn",
        (*UPDATABLE, *FIXED, "ForceNewDeployment", "Monitoring", "Tags"),
        create_only=FIXED,
        read_only=("ServiceArn", "Name"),
    )
    GONE = ("ServiceNotFoundException", "ClusterNotFoundException")

    def do_create(self, request, model):
        ecs = request.aws_client_factory.ecs
        model.setdefault("ServiceName", generated_name(request))
        if model.get("LaunchType") and model.get("CapacityProviderStrategy"):
            raise InvalidProperties(
                "Specifying both a launch type and capacity provider strategy is not supported. "
                "Remove one and try again."
            )
        properties = _api(model, (*UPDATABLE, *FIXED))
        properties.setdefault("DesiredCount", 1)
        created = ecs.create_service(
            **parameters(ecs, "CreateService", properties), tags=all_tags(request, model)
        )
        return _model(model, created["service"])

    def do_update(self, request, model, previous):
        ecs = request.aws_client_factory.ecs
        properties = _api(model, UPDATABLE)
        if "DesiredCount" in properties and model["DesiredCount"] == previous.get("DesiredCount"):
            # Only a changed count is sent, because the autoscaler might have changed it since then.
            del properties["DesiredCount"]
        properties |= {
            "Cluster": model.get("Cluster", "default"),
            "Service": previous["ServiceName"],
            "ForceNewDeployment": _forced(model) and _forced(model) != _forced(previous),
        }
        updated = ecs.update_service(**parameters(ecs, "UpdateService", properties))
        replace_tags(ecs, previous["ServiceArn"], all_tags(request, model))
        return _model({**model, "ServiceName": previous["ServiceName"]}, updated["service"])

    def do_delete(self, request, model):
        ecs = request.aws_client_factory.ecs
        cluster, name = model.get("Cluster", "default"), model["ServiceName"]
        if not request.custom_context.get("Deleting"):
            request.custom_context["Deleting"] = True
            ecs.delete_service(cluster=cluster, service=name, force=True)
        described = ecs.describe_services(cluster=cluster, services=[name])["services"]
        gone = all(service["status"] == "INACTIVE" for service in described)
        return model if gone else None


def _api(model: dict, names) -> dict:
    return {API_NAMES.get(name, name): model[name] for name in names if name in model}


def _forced(model: dict):
    """Returns the value that CloudFormation compares to decide on a forced deployment: the nonce.
    """
    force = model.get("ForceNewDeployment") or {}
    enabled = str(force.get("EnableForceNewDeployment", "")).lower() == "true"
    return enabled and (force.get("ForceNewDeploymentNonce") or True)


def _model(model: dict, service: dict) -> dict:
    return {**model, "ServiceArn": service["serviceArn"], "Name": service["serviceName"]}
