"""How many tasks of a service run, and which.

moto's ECS starts no task. In the sandbox a service's running count follows its desired count at
once: `observe` is asked for the counts, and the tasks that ListTasks and DescribeTasks show are
made up from them. Whoever starts real processes replaces `observe`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple


class Counts(NamedTuple):
    """Tasks of a service by state."""

    running: int
    pending: int


def follow_desired(service: dict) -> Counts:
    """All tasks that are desired run; none do in a service that is being deleted."""
    if service.get("status", "ACTIVE") != "ACTIVE":
        return Counts(0, 0)
    return Counts(int(service.get("desiredCount") or 0), 0)


observe: Callable[[dict], Counts] = follow_desired
"""The counts of a service as DescribeServices shows it; replace it to report real processes."""


def report(service: dict) -> dict:
    """The service with the observed counts, in itself and in its deployments."""
    counts = observe(service)
    service["runningCount"], service["pendingCount"] = counts
    settled = counts.running == service.get("desiredCount") and counts.pending == 0
    primary = [d for d in service.get("deployments") or [] if d.get("status") == "PRIMARY"]
    if service.get("status", "ACTIVE") != "ACTIVE":
        primary = []
    state = "completed" if settled else "in progress"
    for deployment in primary:
        deployment.update(
            taskDefinition=service.get("taskDefinition"),
            desiredCount=service.get("desiredCount"),
            runningCount=counts.running,
            pendingCount=counts.pending,
            failedTasks=0,
            rolloutState="COMPLETED" if settled else "IN_PROGRESS",
            rolloutStateReason=f"ECS deployment {state}.",
        )
    service["deployments"] = primary
    return service


def task_arns(service: dict) -> list[str]:
    """ARNs of the service's running tasks; the same as long as the count stays the same."""
    prefix, _, path = service["serviceArn"].partition(":service/")
    cluster = service["clusterArn"].rsplit("/", 1)[-1]
    return [f"{prefix}:task/{cluster}/{task_id(path, i)}" for i in range(observe(service).running)]


def task_id(service_path: str, index: int) -> str:
    """A task id of the form that ECS gives: 32 hexadecimal digits."""
    return hashlib.sha256(f"{service_path}#{index}".encode()).hexdigest()[:32]


def describe(service: dict, task_arn: str) -> dict:
    """A running task of the service, as DescribeTasks shows it."""
    return {
        "taskArn": task_arn,
        "clusterArn": service["clusterArn"],
        "taskDefinitionArn": service.get("taskDefinition"),
        "group": f"service:{service['serviceName']}",
        "startedBy": next((d.get("id") for d in service.get("deployments") or []), None),
        "launchType": launch_type(service),
        "createdAt": service.get("createdAt"),
        "startedAt": service.get("createdAt"),
        "desiredStatus": "RUNNING",
        "lastStatus": "RUNNING",
        "healthStatus": "UNKNOWN",
        "connectivity": "CONNECTED",
        "attachments": [],
        "containers": [],
        "overrides": {"containerOverrides": []},
        "tags": [],
        "version": 1,
    }


def launch_type(service: dict) -> str:
    """Where the service's tasks run: FARGATE or EC2."""
    strategy = service.get("capacityProviderStrategy") or []
    providers = [item["capacityProvider"] for item in strategy]
    if providers and not any(name.startswith("FARGATE") for name in providers):
        return "EC2"
    return service.get("launchType") or "FARGATE"
