"""Corrects where moto's ECS differs from AWS.

Counts and tasks come from `tasks`, refusals from `ecs_rules`. Deleted clusters and services are
removed from the lists, as on AWS. Settings of a service that moto loses (circuit breaker, capacity
providers …) are kept.
"""

from __future__ import annotations

import uuid

from localstack.aws.api import CommonServiceException, RequestContext, ServiceRequest
from localstack.aws.skeleton import DispatchTable
from localstack.services.moto import call_moto, call_moto_with_request
from moto.core.utils import camelcase_to_underscores, utcnow

from localstack_ecs import changes, ecs_rules, protection, tasks
from localstack_ecs.ecs_rules import backend as _backend
from localstack_ecs.ecs_rules import invalid as _invalid
from localstack_ecs.ecs_rules import short as _short

MAX_DESCRIBED = 10
"""Services that one DescribeServices call takes."""

FORGOTTEN = (
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
)
"""Parameters of CreateService that moto drops; a service describes itself with them."""


def register_task_definition(context: RequestContext, request: ServiceRequest):
    if request.get("requiresCompatibilities") != ["EC2"]:
        return call_moto(context)
    # For EC2, moto requires a hard limit of memory; AWS accepts a reservation alone.
    plain = {k: v for k, v in request.items() if k != "requiresCompatibilities"}
    response = call_moto_with_request(context, plain)
    found = response["taskDefinition"]
    revision = _backend(context).task_definitions[found["family"]][found["revision"]]
    revision.requires_compatibilities = found["requiresCompatibilities"] = ["EC2"]
    return response


def create_service(context: RequestContext, request: ServiceRequest):
    cluster, name = _short(request.get("cluster")), request["serviceName"]
    existing = _backend(context).services.get(f"{cluster}:{name}")
    if existing and existing.status == "ACTIVE":
        raise _invalid("Creation of service was not idempotent.")
    ecs_rules.check_service(context, request)
    if awsvpc := (request.get("networkConfiguration") or {}).get("awsvpcConfiguration"):
        # moto fails without the list. AWS then uses the VPC's default group.
        awsvpc.setdefault("securityGroups", [])
    response = call_moto_with_request(context, request)
    service = _backend(context).services[f"{cluster}:{name}"]
    service.created_at = response["service"]["createdAt"] = utcnow()
    for parameter in FORGOTTEN:
        if parameter in request:
            setattr(service, camelcase_to_underscores(parameter), request[parameter])
            response["service"][parameter] = request[parameter]
    if request.get("capacityProviderStrategy"):
        service.launch_type = None
        response["service"].pop("launchType", None)
    changes.SERVICES.happened()
    return {"service": tasks.report(response["service"])}


def update_service(context: RequestContext, request: ServiceRequest):
    ecs_rules.check_strategy(context, request)
    service = _backend(context).services.get(
        f"{_short(request.get('cluster'))}:{_short(request['service'])}"
    )
    before = service.task_definition if service else None
    if service:
        ecs_rules.check_balancers(context, request, request.get("taskDefinition") or before)
    response = call_moto(context)
    described = response["service"]
    for parameter in FORGOTTEN:
        if parameter in request:
            setattr(service, camelcase_to_underscores(parameter), request[parameter])
            described[parameter] = request[parameter]
    _begin_deployment(context, service, before, described)
    changes.SERVICES.happened()
    return {"service": tasks.report(described)}


def _begin_deployment(context: RequestContext, service, before: str | None, shown: dict) -> None:
    """Another task definition starts another deployment. moto supports only forced deployments."""
    if not service.task_definition:
        return  # it consists of task sets
    found = _backend(context).describe_task_definition(service.task_definition)
    service.task_definition = shown["taskDefinition"] = found.arn
    if service.deployments and service.task_definition != before:
        now = utcnow()
        new = {"id": f"ecs-svc/{uuid.uuid4().int % 10**19:019}", "createdAt": now, "updatedAt": now}
        service.deployments[0].update(new)
        for deployment in shown.get("deployments") or []:
            deployment.update(new)


def delete_service(context: RequestContext, _request: ServiceRequest):
    response = call_moto(context)
    changes.SERVICES.happened()
    return {"service": tasks.report(response["service"])}


def describe_services(context: RequestContext, request: ServiceRequest):
    if len(request.get("services") or []) > MAX_DESCRIBED:
        raise _invalid(f"Services cannot have more than {MAX_DESCRIBED} elements.")
    response = call_moto(context)
    return {**response, "services": [tasks.report(s) for s in response.get("services", [])]}


def list_services(context: RequestContext, request: ServiceRequest):
    response = call_moto(context)
    # moto matches clusters by the end of their names and lists deleted ones.
    cluster = _short(request.get("cluster"))
    active = {
        service.arn
        for service in _backend(context).services.values()
        if service.cluster_name == cluster and service.status == "ACTIVE"
    }
    return {"serviceArns": [arn for arn in response.get("serviceArns", []) if arn in active]}


def list_clusters(context: RequestContext, _request: ServiceRequest):
    response = call_moto(context)
    active = {c.arn for c in _backend(context).clusters.values() if c.status == "ACTIVE"}
    return {"clusterArns": [arn for arn in response.get("clusterArns", []) if arn in active]}


def describe_clusters(context: RequestContext, _request: ServiceRequest):
    response = call_moto(context)
    for cluster in response.get("clusters", []):
        counts = [tasks.observe(s) for s in _services(context, cluster["clusterName"])]
        cluster.update(
            activeServicesCount=len(counts),
            runningTasksCount=sum(c.running for c in counts),
            pendingTasksCount=sum(c.pending for c in counts),
        )
    return response


def delete_cluster(context: RequestContext, request: ServiceRequest):
    if _services(context, _short(request["cluster"])):
        raise CommonServiceException(
            "ClusterContainsServicesException",
            "The Cluster cannot be deleted while Services are active.",
        )
    return call_moto(context)


def list_tasks(context: RequestContext, request: ServiceRequest):
    own = [] if request.get("serviceName") else call_moto(context).get("taskArns", [])
    if request.get("containerInstance"):
        return {"taskArns": own}
    status = request.get("desiredStatus", "RUNNING")
    services = _selected(context, request)
    started_by = request.get("startedBy")
    listed = [
        arn
        for service in services
        for arn, task in tasks.found(service, status).items()
        if not started_by or task["startedBy"] == started_by
    ]
    return {"taskArns": own + listed}


def describe_tasks(context: RequestContext, request: ServiceRequest):
    known = {
        arn.rsplit("/", 1)[-1]: task
        for service in _services(context, _short(request.get("cluster")), deleted=True)
        for status in ("RUNNING", "STOPPED")
        for arn, task in tasks.found(service, status).items()
    }
    ids = {task: task.rsplit("/", 1)[-1] for task in request.get("tasks") or []}
    rest = [task for task, short in ids.items() if short not in known]
    response = {"tasks": [], "failures": []}
    if rest or not ids:
        response = call_moto_with_request(context, {**request, "tasks": rest})
    found = [known[short] for short in ids.values() if short in known]
    return {**response, "tasks": found + response.get("tasks", [])}


def get_task_protection(context: RequestContext, request: ServiceRequest):
    asked = request.get("tasks") or _known_tasks(context, _short(request["cluster"]))
    return _protections({task: tasks.find(_short(task)) for task in asked})


def update_task_protection(context: RequestContext, request: ServiceRequest):
    try:
        minutes = protection.minutes(request["protectionEnabled"], request.get("expiresInMinutes"))
        found = {}
        for task in request["tasks"]:
            found[task] = known = tasks.find(_short(task))
            if known:
                found[task] = known[0], protection.protect(_short(task), minutes)
    except protection.Refused as refused:
        raise CommonServiceException(refused.code, refused.message) from refused
    return _protections(found, asked=True)


def _known_tasks(context: RequestContext, cluster: str) -> list[str]:
    return [arn for service in _services(context, cluster) for arn in tasks.found(service)]


def _protections(found: dict[str, tuple[str, dict] | None], asked: bool = False) -> dict:
    response = {"protectedTasks": [], "failures": []}
    for task, known in found.items():
        arn, reported = known or (task, None)
        if reason := protection.failure(reported, asked):
            response["failures"].append({"arn": arn, "reason": reason})
        else:
            response["protectedTasks"].append({"taskArn": arn, **protection.state(reported)})
    return response


CORRECTIONS: DispatchTable = {
    "RegisterTaskDefinition": register_task_definition,
    "CreateService": create_service,
    "UpdateService": update_service,
    "DeleteService": delete_service,
    "DescribeServices": describe_services,
    "ListServices": list_services,
    "ListClusters": list_clusters,
    "DescribeClusters": describe_clusters,
    "DeleteCluster": delete_cluster,
    "ListTasks": list_tasks,
    "GetTaskProtection": get_task_protection,
    "UpdateTaskProtection": update_task_protection,
    "DescribeTasks": describe_tasks,
    "CreateCapacityProvider": ecs_rules.create_capacity_provider,
    "DescribeCapacityProviders": ecs_rules.describe_capacity_providers,
    "UpdateCapacityProvider": ecs_rules.update_capacity_provider,
    "DeleteCapacityProvider": ecs_rules.delete_capacity_provider,
    "PutClusterCapacityProviders": ecs_rules.put_cluster_capacity_providers,
}


def _services(context: RequestContext, cluster: str, deleted: bool = False) -> list[dict]:
    """Returns the cluster's active services, with the data that `tasks` needs."""
    return [
        {
            "serviceArn": service.arn,
            "serviceName": service.name,
            "clusterArn": service.cluster_arn,
            "status": service.status,
            "desiredCount": service.desired_count,
            "taskDefinition": service.task_definition,
            "launchType": service.launch_type,
            "capacityProviderStrategy": getattr(service, "capacity_provider_strategy", None),
            "deployments": service.deployments,
            "createdAt": getattr(service, "created_at", None),
        }
        for service in _backend(context).services.values()
        if service.cluster_name == cluster and (deleted or service.status == "ACTIVE")
    ]


def _selected(context: RequestContext, request: ServiceRequest) -> list[dict]:
    """Returns the active services whose tasks a ListTasks request selects."""
    services = _services(context, _short(request.get("cluster")))
    if name := request.get("serviceName"):
        services = [s for s in services if s["serviceName"] == _short(name)]
    if family := request.get("family"):
        services = [s for s in services if _family(s["taskDefinition"]) == family]
    if launch_type := request.get("launchType"):
        services = [s for s in services if tasks.launch_type(s) == launch_type]
    return services


def _family(task_definition: str | None) -> str:
    return _short(task_definition or "").split(":")[0]
