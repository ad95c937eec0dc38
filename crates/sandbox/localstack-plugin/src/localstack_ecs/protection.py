"""Protection of tasks from scale-in, requested by a container or through ECS's API.

The emulator decides, because it stops the tasks. A request waits here until the emulator has
reported its decision, so that a task that was reported as protected isn't being stopped at the same
time.

Source: Amazon ECS Developer Guide, "Task scale-in protection endpoint".
"""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime

from localstack_ecs import changes, tasks

DEFAULT_MINUTES = 120
LONGEST_MINUTES = 2880
PATIENCE = 5.0
"""Seconds that the emulator has to decide."""

ASKED: dict[str, dict] = {}
"""Requests that the emulator has not decided on, by the task's id."""
_ids = itertools.count(1)


class Refused(Exception):
    """The request can't be met. The reason is in ECS's words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def minutes(enabled: object, expires: object) -> int | None:
    """Returns the requested minutes. None ends the protection."""
    if not isinstance(enabled, bool):
        raise Refused(
            "InvalidParameterException",
            "Invalid request: does not contain 'ProtectionEnabled' field",
        )
    if not enabled:
        return None
    if expires is None:
        return DEFAULT_MINUTES
    whole = isinstance(expires, int) and not isinstance(expires, bool)
    if not whole or not 1 <= expires <= LONGEST_MINUTES:
        raise Refused(
            "InvalidParameterException",
            f"Invalid expiration: expiresInMinutes must be between 1 and {LONGEST_MINUTES}",
        )
    return expires


def protect(task: str, wanted: int | None) -> dict:
    """Requests this many minutes, or none. Returns the emulator's decision."""
    asked = {"id": next(_ids), "until": wanted and time.time() + wanted * 60}
    ASKED[task] = asked
    changes.SERVICES.happened()
    try:
        decided = tasks.await_task(task, lambda report: _decided(report, asked["id"]), PATIENCE)
    finally:
        if ASKED.get(task) is asked:
            del ASKED[task]
    if decided is None:
        raise Refused("ServerException", "the emulator for ECS's agent does not answer")
    return decided


def state(task: dict) -> dict:
    """Returns whether a reported task is protected, and until when."""
    until = (task.get("protection") or {}).get("until")
    if not until or until <= time.time():
        return {"protectionEnabled": False}
    return {"protectionEnabled": True, "expirationDate": datetime.fromtimestamp(until, UTC)}


def failure(task: dict | None, asked: bool = False) -> str | None:
    """Returns the reason why a task isn't protected as requested, in ECS's words."""
    if task is None:
        return "MISSING"
    if asked and (task.get("protection") or {}).get("blocked"):
        return "DEPLOYMENT_BLOCKED"
    if task["lastStatus"] not in tasks.LIVE:
        return "TASK_NOT_VALID"
    return None


def _decided(task: dict, request: int) -> bool:
    known = (task.get("protection") or {}).get("id") or 0
    return known >= request or task["lastStatus"] not in tasks.LIVE
