"""The log: one JSON object per line on standard output. Moments are milliseconds since 1970."""

import json
import sys
import threading
import time
from typing import Any

_lock = threading.Lock()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def write(event: str, **fields: Any) -> None:
    line = {"event": event} | {name: value for name, value in fields.items() if value is not None}
    text = json.dumps(line | {"at_ms": now_ms()}, ensure_ascii=False) + "\n"
    with _lock:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:
            pass  # There is no place to report it, and the work continues without a log.


def problem(doing: str, error: object, **fields: Any) -> None:
    """An operation failed; the worker continues."""
    write("problem", doing=doing, error=str(error), **fields)
