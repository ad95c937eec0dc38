"""The number of running tasks of a service, and the tasks themselves.

moto's ECS starts no tasks. The emulators start or count them, and report them. From then on,
counts, deployments, and tasks are the reported ones. Without them, a service's running count
follows its desired count immediately, and ListTasks and DescribeTasks return invented tasks.
"""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

REMEMBERED = 3600
"""Seconds for which DescribeTasks shows a task that stopped."""
CONSECUTIVE = 2
"""Failed tasks of a deployment after which ECS reports them in an event."""
LIVE = ("PROVISIONING", "PENDING", "RUNNING")
"""The last status of tasks that should keep running."""

_reports: dict[str, dict] | None = None
"""What runs, by the service's ARN: deployments and tasks as the emulator reports them."""
_news = threading.Condition()
"""Notified of every report."""


class Counts(NamedTuple):
    """Tasks of a service by state."""

    running: int
    pending: int


def take_reports(services: dict[str, dict]) -> None:
    """Stores the report of these services. Others keep their last report."""
    global _reports
    for given in services.values():
        _ = [(d["id"], d["running"], d["pending"]) for d in given["deployments"]]
        _ = [(t["id"], t["lastStatus"], t["taskDefinition"]) for t in given["tasks"]]
    past = time.time() - REMEMBERED
    with _news:
        kept = {
            arn: given
            for arn, given in (_reports or {}).items()
            if any((task.get("stoppedAt") or time.time()) > past for task in given["tasks"])
        }
        _reports = {**kept, **services}
        _news.notify_all()


def find(short_id: str) -> tuple[str, dict] | None:
    """Returns the ARN of a reported task, and its report."""
    for service, given in (_reports or {}).items():
        for task in given["tasks"]:
            if task["id"] == short_id:
                prefix, _, path = service.partition(":service/")
                return f"{prefix}:task/{path.split('/')[0]}/{short_id}", task
    return None


def await_task(short_id: str, ready: Callable[[dict], bool], seconds: float) -> dict | None:
    """Returns the report of a task as soon as it is available. None if that takes longer."""

    def find_ready() -> dict | None:
        found = find(short_id)
        return found[1] if found and ready(found[1]) else None

    with _news:
        return _news.wait_for(find_ready, timeout=seconds)


def find_report(service: dict) -> dict | None:
    """Returns the report on the service. None if no emulator is running."""
    if _reports is None:
        return None
    return _reports.get(service["serviceArn"]) or {"deployments": [], "tasks": []}


def count(service: dict) -> Counts:
    """Returns the reported tasks. Without an emulator, all desired tasks are running."""
    if (known := find_report(service)) is None:
        return follow_desired(service)
    if service.get("status", "ACTIVE") != "ACTIVE":
        return Counts(0, 0)
    states = [task["lastStatus"] for task in known["tasks"] if task["lastStatus"] in LIVE]
    running = states.count("RUNNING")
    return Counts(running, len(states) - running)


def follow_desired(service: dict) -> Counts:
    """Counts all desired tasks as running, and none in a service that is being deleted."""
    if service.get("status", "ACTIVE") != "ACTIVE":
        return Counts(0, 0)
    return Counts(int(service.get("desiredCount") or 0), 0)


observe: Callable[[dict], Counts] = count
"""The counts of a service as DescribeServices shows it."""


def report(service: dict) -> dict:
    """Returns the service with the observed counts, in itself and in its deployments."""
    counts = observe(service)
    service["runningCount"], service["pendingCount"] = counts
    if (known := find_report(service)) is not None:
        service["deployments"] = _deployments(service, known)
        service["events"] = _events(service, known) + (service.get("events") or [])
        return service
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


def _events(service: dict, known: dict) -> list[dict]:
    """Returns ECS's event about tasks that end again and again, if the deployment has them.

    Source of the text: "Amazon ECS service event messages". The emulator has no other events.
    """
    failing = {d["id"] for d in known["deployments"] if d.get("failed", 0) >= CONSECUTIVE}
    codes = ("EssentialContainerExited", "TaskFailedToStart")
    ends = [
        task["stoppedAt"]
        for task in known["tasks"]
        if task.get("deployment") in failing and task.get("stopCode") in codes
    ]
    if not ends:
        return []
    text = (
        f"(service {service['serviceName']}) is unable to consistently start tasks successfully. "
        "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
    )
    at = max(ends)
    event_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{service['serviceArn']}@{at}"))
    return [{"id": event_id, "createdAt": moment(at), "message": text}]


def _deployments(service: dict, known: dict) -> list[dict]:
    """Returns the reported deployments, in the format of the service's own."""
    shape = next(iter(service.get("deployments") or []), None)
    if shape is None or service.get("status", "ACTIVE") != "ACTIVE":
        return []
    found = [_deployment(service, shape, deployment) for deployment in known["deployments"]]
    if not any(deployment["status"] == "PRIMARY" for deployment in found):
        # It has just started, so no report contains it yet.
        just_begun = {"id": shape["id"], "taskDefinition": service.get("taskDefinition")}
        found.insert(0, _deployment(service, shape, just_begun))
    return found


def _deployment(service: dict, shape: dict, given: dict) -> dict:
    primary = given["id"] == shape["id"]
    completed = bool(given.get("completed"))
    state = "completed" if completed else "in progress"
    times = {name: moment(given[name]) for name in ("createdAt", "updatedAt") if given.get(name)}
    return {
        **shape,
        **times,
        "id": given["id"],
        "status": "PRIMARY" if primary else "ACTIVE",
        "taskDefinition": given["taskDefinition"],
        "desiredCount": service.get("desiredCount") if primary else 0,
        "runningCount": given.get("running", 0),
        "pendingCount": given.get("pending", 0),
        "failedTasks": given.get("failed", 0),
        "rolloutState": "COMPLETED" if completed else "IN_PROGRESS",
        "rolloutStateReason": f"ECS deployment {state}.",
    }


def found(service: dict, desired_status: str = "RUNNING") -> dict[str, dict]:
    """Returns the service's tasks by ARN, each as DescribeTasks returns it."""
    if (known := find_report(service)) is None:
        arns = task_arns(service) if desired_status == "RUNNING" else []
        return {arn: describe(service, arn) for arn in arns}
    past = time.time() - REMEMBERED
    return {
        task_arn(service, task["id"]): _task(service, task)
        for task in known["tasks"]
        if (task["lastStatus"] in LIVE) == (desired_status == "RUNNING")
        and (task.get("stoppedAt") or time.time()) > past
    }


def _task(service: dict, given: dict) -> dict:
    times = ("createdAt", "startedAt", "stoppingAt", "stoppedAt")
    texts = ("stopCode", "stoppedReason")
    arn = task_arn(service, given["id"])
    return {
        **describe(service, arn),
        "createdAt": None,
        "startedAt": None,
        **{name: moment(given[name]) for name in times if given.get(name)},
        **{name: given[name] for name in texts if given.get(name)},
        "taskDefinitionArn": given["taskDefinition"],
        "startedBy": given.get("deployment"),
        "desiredStatus": "RUNNING" if given["lastStatus"] in LIVE else "STOPPED",
        "lastStatus": given["lastStatus"],
        "containers": [
            {
                "name": name,
                "taskArn": arn,
                "lastStatus": "STOPPED" if name in given.get("exits", {}) else given["lastStatus"],
                **({"exitCode": given["exits"][name]} if name in given.get("exits", {}) else {}),
            }
            for name in container_names(given["taskDefinition"])
        ],
    }


def container_names(task_definition: str) -> list[str]:
    """Returns the names in an existing task definition."""
    from moto.ecs.models import ecs_backends

    try:
        _, _, _, region, account, _ = task_definition.split(":", 5)
        definition = ecs_backends[account][region].describe_task_definition(task_definition)
    except Exception:
        return []
    return [container["name"] for container in definition.container_definitions]


def moment(seconds: float) -> datetime:
    """Formats a Unix time for the API."""
    return datetime.fromtimestamp(seconds, UTC)


def task_arn(service: dict, short_id: str) -> str:
    """Returns the ARN of a task of the service."""
    prefix = service["serviceArn"].partition(":service/")[0]
    return f"{prefix}:task/{service['clusterArn'].rsplit('/', 1)[-1]}/{short_id}"


def task_arns(service: dict) -> list[str]:
    """Returns ARNs of invented tasks. They stay the same while the count does."""
    path = service["serviceArn"].partition(":service/")[2]
    return [task_arn(service, task_id(path, i)) for i in range(observe(service).running)]


def task_id(service_path: str, index: int) -> str:
    """Returns a task ID in ECS's format: 32 hexadecimal digits."""
    return hashlib.sha256(f"{service_path}#{index}".encode()).hexdigest()[:32]


def describe(service: dict, task_arn: str) -> dict:
    """Returns a running task of the service, as DescribeTasks returns it."""
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
    """Returns where the service's tasks run: FARGATE or EC2."""
    strategy = service.get("capacityProviderStrategy") or []
    providers = [item["capacityProvider"] for item in strategy]
    if providers and not any(name.startswith("FARGATE") for name in providers):
        return "EC2"
    return service.get("launchType") or "FARGATE"
