"""Notifies waiting callers that ECS's services have changed."""

from __future__ import annotations

import threading
import uuid


class Changes:
    """A counter of changes that callers can wait for."""

    def __init__(self) -> None:
        # Another process starts from zero, and its versions must differ from this one's.
        self._life = uuid.uuid4().hex[:8]
        self._count = 0
        self._changed = threading.Condition()

    def happened(self) -> None:
        """Records a change."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def version(self) -> str:
        """Returns the current version."""
        with self._changed:
            return self._version()

    def wait(self, since: str, seconds: float) -> str:
        """Returns the version as soon as it differs from `since`, or after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self._version() != since, timeout=seconds)
            return self._version()

    def _version(self) -> str:
        return f"{self._life}-{self._count}"


SERVICES = Changes()
"""Every change of the answer of `GET /_ecs_scaler/services`."""
