"""Task protection: while a message takes long, ECS doesn't end the task for scale-in or a deployment.

Source: ECS Developer Guide, Task scale-in protection endpoint.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from . import log

TICK = 0.2
EXPIRES_MINUTES = 10  # A worker that hangs doesn't block a deployment for longer.
RENEW = 300.0
HOLD = 5.0  # Protection outlasts the work: ECS throttles requests, and the next long message may follow.
# The agent is on this host, which a proxy for the internet can't reach.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def put(agent: str, enabled: bool) -> None:
    """Asks the agent; raises OSError if it doesn't do it."""
    body = {"ProtectionEnabled": enabled} | ({"ExpiresInMinutes": EXPIRES_MINUTES} if enabled else {})
    request = urllib.request.Request(
        f"{agent}/task-protection/v1/state",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
        method="PUT",
    )
    try:
        with _direct.open(request, timeout=5) as response:
            text = response.read()
    except urllib.error.HTTPError as error:
        text = error.read()
    try:
        reply = json.loads(text)
        if reply.get("protection", {}).get("ProtectionEnabled") is enabled:
            return
    except (ValueError, AttributeError):
        pass
    raise OSError(f"the ECS agent answered {text.decode(errors='replace')[:300]}")


class Protection:
    """Calls the agent only on a change, and to renew. The work continues whatever the agent responds."""

    def __init__(self, put: Callable[[bool], None], is_long: Callable[[], bool]) -> None:
        self._put, self._is_long = put, is_long
        self._protected: bool | None = False  # None: unknown, because a request failed
        self._again = self._held = 0.0
        self._failures = 0

    def run(self) -> None:
        while True:
            self.step(time.monotonic())
            time.sleep(TICK)

    def step(self, now: float) -> None:
        is_long = self._is_long()
        if is_long:
            self._held = now + HOLD
        wanted = is_long or (self._protected is not False and now < self._held)
        due = now >= self._again and (wanted or self._protected is None)
        if not due and self._protected is not (not wanted):
            return
        try:
            self._put(wanted)
        except Exception as error:  # The agent must not end the worker.
            doing = "protecting the task" if wanted else "ending the task's protection"
            log.problem(doing, error)
            self._failures += 1
            self._protected, self._again = None, now + min(0.5 * 2**self._failures, 60.0)
            return
        if self._protected is not wanted:
            log.write("protection", enabled=wanted)
        self._failures, self._protected, self._again = 0, wanted, now + RENEW
