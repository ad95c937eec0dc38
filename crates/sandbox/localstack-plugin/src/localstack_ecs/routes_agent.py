"""The container agent's endpoint for task protection, at `$ECS_AGENT_URI/task-protection/v1/state`."""

from __future__ import annotations

from rolo import Request, Response
from rolo.routing import route

PATH = "/_ecs_scaler/agent/<task>/task-protection/v1/state"


@route(PATH, methods=["GET", "PUT"])
def task_protection(request: Request, task: str) -> Response:
    from localstack_ecs import protection, tasks

    found = tasks.find(task)
    if found is None:
        return _error("", "ResourceNotFoundException", "Failed to find a task for the request", 404)
    arn, known = found
    asked = request.method == "PUT"
    try:
        if asked:
            body = request.get_json(silent=True)
            body = body if isinstance(body, dict) else {}
            wanted = protection.minutes(body.get("ProtectionEnabled"), body.get("ExpiresInMinutes"))
            known = protection.protect(task, wanted)
    except protection.Refused as refused:
        status = 500 if refused.code == "ServerException" else 400
        return _error(arn, refused.code, refused.message, status)
    if reason := protection.failure(known, asked):
        return Response.for_json({"failure": {"Arn": arn, "Detail": None, "Reason": reason}})
    state = protection.state(known)
    shown = {"ProtectionEnabled": state["protectionEnabled"], "TaskArn": arn}
    if until := state.get("expirationDate"):
        shown["ExpirationDate"] = until.strftime("%Y-%m-%dT%H:%M:%S.") + (
            f"{until.microsecond // 1000:03d}Z"
        )
    return Response.for_json({"protection": shown})


def _error(arn: str, code: str, message: str, status: int) -> Response:
    return Response.for_json(
        {"error": {"Arn": arn, "Code": code, "Message": message}}, status=status
    )


ROUTES = [task_protection]
