"""Routes for the emulator of ECS's scheduler, for data without an AWS API.

`GET services?since=VERSION&wait=SECONDS`: every active service with its task definition, and the
version of the response; without the services if `since` is still the version after that time. It
also lists the tasks that should be protected from scale-in, until the emulator has decided. `PUT
tasks`: the running tasks by service. Services that aren't in the request keep their last report.
"""

from __future__ import annotations

from rolo import Request, Response
from rolo.routing import route

PREFIX = "/_ecs_scaler"
LONGEST_WAIT = 20.0
"""Maximum delay of an answer, in seconds."""


@route(f"{PREFIX}/services", methods=["GET"])
def services(request: Request) -> Response:
    from localstack_ecs import changes, protection

    since = request.args.get("since", "")
    try:
        wait = min(float(request.args.get("wait", 0)), LONGEST_WAIT)
    except ValueError:
        return Response("wait is a number of seconds", status=400)
    version = changes.SERVICES.wait(since, wait) if since else changes.SERVICES.version()
    known = None if version == since else active_services()
    asked = dict(protection.ASKED)
    return Response.for_json({"version": version, "services": known, "protections": asked})


@route(f"{PREFIX}/tasks", methods=["PUT"])
def tasks(request: Request) -> Response:
    from localstack_ecs import tasks as known

    body = request.get_json()
    try:
        known.take_reports(body["services"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return Response(f"no tasks: {error!r}", status=400)
    return Response(status=204)


ROUTES = [services, tasks]


def active_services() -> list[dict]:
    """Returns every active service of every account and region."""
    from moto.ecs.models import ecs_backends

    found = []
    for account, regions in list(ecs_backends.items()):
        for region, backend in list(regions.items()):
            for service in list(backend.services.values()):
                if service.status == "ACTIVE":
                    found.append(_service(account, region, backend, service))
    return found


def _service(account: str, region: str, backend, service) -> dict:
    configuration = getattr(service, "deployment_configuration", None) or {}
    deployments = service.deployments or []
    return {
        "arn": service.arn,
        "account": account,
        "region": region,
        "cluster": service.cluster_name,
        "name": service.name,
        "status": service.status,
        "desiredCount": int(service.desired_count or 0),
        "deployment": deployments[0]["id"] if deployments else service.arn,
        "minimumHealthyPercent": _percent(configuration, "minimumHealthyPercent", 100),
        "maximumPercent": _percent(configuration, "maximumPercent", 200),
        "taskDefinition": _task_definition(backend, service.task_definition),
    }


def _percent(configuration: dict, name: str, default: int) -> int:
    value = configuration.get(name)
    return default if value is None else int(value)


def _task_definition(backend, name: str | None) -> dict:
    try:
        found = backend.describe_task_definition(name)
    except Exception:
        return {"arn": name or "", "containers": []}  # deleted, or there is none
    return {"arn": found.arn, "containers": [_container(c) for c in found.container_definitions]}


def _container(definition: dict) -> dict:
    environment = definition.get("environment") or []
    return {
        "name": definition["name"],
        "image": definition.get("image"),
        "command": definition.get("command") or [],
        "environment": {pair["name"]: pair.get("value") or "" for pair in environment},
        "stopTimeout": definition.get("stopTimeout"),
        "essential": definition.get("essential", True),
    }
