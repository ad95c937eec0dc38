"""The speed of the loop's minutes, and how it affects the durations that functions receive.

`SANDBOX_SPEED` is a whole number from 1 to 30. It applies to rules, alarms, cooldowns, and SQS's
metrics. Functions run in real time, and would wait for a compressed minute long after its end. So
they receive the loop's durations (in their variables, their events, and the periods of alarms) as
real time. Messages are real: their processing time and their acceptable latency never change.
"""

from __future__ import annotations

import json
import math
import os

FASTEST = 30
"""Datapoints carry whole seconds, and a minute must hold two of them."""
SHORTEST_PERIOD = 1.0
"""Minimum seconds per datapoint, for the same reason."""

POLICY = "SCALING_POLICY"
"""Variable of a scaling function that takes steps; cooldowns in seconds."""
SCALE_BY_DEMAND = "scale-by-demand"
"""Action of the events of a function for demand scaling, which has a speed."""
LAW_TIMES = ("task_start_ms", "window_ms", "period_ms")
"""Times of the algorithm that are the loop's. The objective and the processing time are the messages'."""

APPLICATION = "sandbox-function"
"""Name that identifies a function's requests."""


def given(text: str | None) -> int:
    """Returns the speed in the variable's text."""
    try:
        speed = int(text or 1)
    except ValueError:
        speed = 0
    if not 1 <= speed <= FASTEST:
        raise ValueError(f"SANDBOX_SPEED is a whole number from 1 to {FASTEST}, not {text!r}")
    return speed


SPEED = given(os.environ.get("SANDBOX_SPEED"))


def real(seconds: float, speed: int = SPEED) -> float:
    """Returns how long a time of the loop lasts, in real seconds."""
    return seconds / speed


def real_period(seconds: float, speed: int = SPEED) -> float:
    """Returns how long the period of a datapoint lasts, in real seconds."""
    return max(min(SHORTEST_PERIOD, seconds), seconds / speed)


def whole(number: int, speed: int = SPEED) -> int:
    """Returns a duration as a whole number, rounded up so that a cooldown never becomes zero."""
    return math.ceil(number / speed)


def variables(found: dict[str, str], speed: int = SPEED) -> dict[str, str]:
    """Returns a function's variables with the loop's durations in real time."""
    if speed == 1:
        return found
    changed = {"AWS_SDK_UA_APP_ID": APPLICATION}
    if POLICY in found and (policy := _object(found[POLICY])) is not None:
        _policy(policy, speed)
        changed[POLICY] = json.dumps(policy)
    return {**found, **changed}


def event(payload: bytes, speed: int = SPEED) -> bytes:
    """Returns a function's event in the same way: the metric function's demand parameters, or the
    speed.
    """
    if speed == 1 or (request := _object(payload)) is None:
        return payload
    if request.get("action") == SCALE_BY_DEMAND:
        return json.dumps({**request, "speed": speed}).encode()
    services = request.get("services")
    for service in services if isinstance(services, list) else []:
        if isinstance(service, dict) and isinstance(law := service.get("demand"), dict):
            _shorten(law, LAW_TIMES, speed)
    return json.dumps(request).encode()


def alarm(described: dict, speed: int = SPEED) -> dict:
    """Returns an alarm as DescribeAlarms returns it to a function: with its datapoints' real
    periods.
    """
    if speed == 1:
        return described
    shown = dict(described)
    if period := shown.get("Period"):
        shown["Period"] = whole(period, speed)
    if queries := shown.get("Metrics"):
        shown["Metrics"] = [_query(query, speed) for query in queries]
    return shown


def asks(user_agent: str | None) -> bool:
    """Whether a request with this user agent comes from a function that received these values."""
    return f"app/{APPLICATION}" in (user_agent or "")


def _query(query: dict, speed: int) -> dict:
    if not (statistic := query.get("MetricStat")):
        return query
    period = whole(statistic["Period"], speed)
    return {**query, "MetricStat": {**statistic, "Period": period}}


def _policy(policy: dict, speed: int) -> None:
    for side in ("scale_out", "scale_in"):
        if isinstance(steps := policy.get(side), dict):
            _shorten(steps, ("cooldown",), speed)


def _shorten(found: dict, names: tuple[str, ...], speed: int) -> None:
    for name in names:
        if isinstance(number := found.get(name), int) and not isinstance(number, bool):
            found[name] = whole(number, speed)


def _object(text: str | bytes) -> dict | None:
    """Returns the JSON object in a text. None for anything else, which isn't changed."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
