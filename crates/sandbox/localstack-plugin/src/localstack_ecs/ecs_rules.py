"""Refuses requests that AWS's ECS refuses and moto's accepts: services, capacity, and load
balancers that don't match.

Without these refusals, a template could lack a `DependsOn` and still be deployed and deleted here.
"""

from __future__ import annotations

from localstack.aws.api import CommonServiceException, RequestContext, ServiceRequest
from localstack.services.moto import call_moto, call_moto_with_request
from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.elbv2.models import elbv2_backends

FARGATE = ("FARGATE", "FARGATE_SPOT")
RESERVED_PREFIXES = ("aws", "ecs", "fargate")
"""Prefixes that a capacity provider's name must not have."""


def invalid(message: str) -> CommonServiceException:
    """Returns ECS's general error."""
    return CommonServiceException("InvalidParameterException", message)


def backend(context: RequestContext) -> EC2ContainerServiceBackend:
    """Returns moto's ECS of the request's account and region."""
    return ecs_backends[context.account_id][context.region]


def short(name_or_arn: str | None) -> str:
    """Returns the name in an ARN. `default` if there is none."""
    return (name_or_arn or "default").rsplit("/", 1)[-1]


def check_service(context: RequestContext, request: ServiceRequest) -> None:
    """Refuses a new service whose parts don't match."""
    check_strategy(context, request)
    mode = network_mode(context, request.get("taskDefinition"))
    if mode == "awsvpc" and not request.get("networkConfiguration"):
        raise invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    if mode not in ("awsvpc", None) and request.get("networkConfiguration"):
        raise invalid(
            "Network Configuration is not valid for the given networkMode of this task definition."
        )
    check_balancers(context, request, request.get("taskDefinition"))


def check_balancers(context: RequestContext, request: ServiceRequest, task: str | None) -> None:
    """Refuses target groups with which tasks of this definition can't register."""
    for balancer in request.get("loadBalancers") or []:
        if arn := balancer.get("targetGroupArn"):
            check_target_group(context, arn, network_mode(context, task) or "bridge")


def check_strategy(context: RequestContext, request: ServiceRequest) -> None:
    """Refuses capacity providers that the cluster doesn't have."""
    cluster = backend(context).clusters.get(short(request.get("cluster")))
    strategy = request.get("capacityProviderStrategy") or []
    present = {short(name) for name in (cluster and cluster.capacity_providers) or []}
    if cluster and any(short(item["capacityProvider"]) not in present for item in strategy):
        raise invalid(
            "The specified capacity provider strategy cannot contain a capacity provider that is "
            "not associated with the cluster. Associate the capacity provider with the cluster and "
            "try again."
        )


def check_target_group(context: RequestContext, arn: str, mode: str) -> None:
    """Refuses a target group without a load balancer, or of a type that the tasks can't have."""
    group = elbv2_backends[context.account_id][context.region].target_groups.get(arn)
    if group is None:
        raise invalid(f"Unable to find target group with ARN {arn}")
    if not group.load_balancer_arns:
        raise invalid(
            f"The target group with targetGroupArn {arn} does not have an associated load balancer."
        )
    expected = "ip" if mode == "awsvpc" else "instance"
    if (group.target_type or "instance") != expected:
        raise invalid(
            f"The provided target group {arn} has target type {group.target_type}, which is "
            f"incompatible with the {mode} network mode specified in the task definition."
        )


def network_mode(context: RequestContext, task_definition: str | None) -> str | None:
    """Returns the network mode of a task definition. None if it doesn't exist."""
    try:
        found = backend(context).describe_task_definition(task_definition)
    except Exception:
        return None  # moto then returns its own error
    return found.network_mode or "bridge"


def create_capacity_provider(context: RequestContext, request: ServiceRequest):
    if request["name"].lower().startswith(RESERVED_PREFIXES):
        raise invalid(
            "The specified capacity provider name is invalid. The name can't be prefixed with "
            '"aws", "ecs", or "fargate". Specify a valid name and try again.'
        )
    return call_moto(context)


def update_capacity_provider(context: RequestContext, request: ServiceRequest):
    response = call_moto(context)
    provider = backend(context)._get_provider(request["name"])
    if draining := (request.get("autoScalingGroupProvider") or {}).get("managedDraining"):
        # moto keeps it on creation and loses it on an update.
        provider.auto_scaling_group_provider["managedDraining"] = draining
        response["capacityProvider"]["autoScalingGroupProvider"]["managedDraining"] = draining
    return response


def delete_capacity_provider(context: RequestContext, request: ServiceRequest):
    name = short(request["capacityProvider"])
    for cluster in backend(context).clusters.values():
        associated = cluster.status == "ACTIVE" and cluster.capacity_providers or []
        if name in map(short, associated):
            raise _in_use()
    return call_moto(context)


def put_cluster_capacity_providers(context: RequestContext, request: ServiceRequest):
    known = {*FARGATE, *backend(context).capacity_providers}
    for name in map(short, request.get("capacityProviders") or []):
        if name not in known:
            raise invalid(f"The specified capacity provider {name} was not found.")
    kept = set(map(short, request.get("capacityProviders") or []))
    cluster = short(request["cluster"])
    for service in backend(context).services.values():
        if service.cluster_name != cluster or service.status != "ACTIVE":
            continue
        strategy = getattr(service, "capacity_provider_strategy", None) or []
        if any(short(item["capacityProvider"]) not in kept for item in strategy):
            raise _in_use()
    return call_moto(context)


def describe_capacity_providers(context: RequestContext, request: ServiceRequest):
    """Also returns Fargate's two, and all others. moto does neither."""
    names = request.get("capacityProviders") or [*FARGATE, *backend(context).capacity_providers]
    own = [name for name in names if short(name) not in FARGATE]
    response = {"capacityProviders": [], "failures": []}
    if own:
        response = call_moto_with_request(context, {**request, "capacityProviders": own})
    arn = f"arn:aws:ecs:{context.region}:{context.account_id}:capacity-provider"
    fargate = [
        {"name": name, "capacityProviderArn": f"{arn}/{name}", "status": "ACTIVE", "tags": []}
        for name in FARGATE
        if name in map(short, names)
    ]
    return {**response, "capacityProviders": fargate + response["capacityProviders"]}


def _in_use() -> CommonServiceException:
    return CommonServiceException(
        "ResourceInUseException",
        "The specified capacity provider is in use and cannot be removed.",
    )
