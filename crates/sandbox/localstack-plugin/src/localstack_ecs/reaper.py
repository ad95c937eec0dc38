"""Kills the processes that LocalStack leaves behind, even if LocalStack is killed.

Run as a script in its own session, it reads lines of JSON from a pipe whose other end only
LocalStack holds: `{"group": PGID, "folder": PATH}` when a function's process starts, `{"group":
PGID}` when it has ended. When the pipe ends, it kills the remaining groups and removes their
folders. It imports only the standard library, so that it starts within a few milliseconds.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import threading

MARK = "ECS_SCALER_SANDBOX_FOLDER"
"""Marks the processes that `local start` started. One that has the mark and no record is ended, so processes that
LocalStack starts must not inherit it."""


class Reaper:
    """The LocalStack side of the pipe. Starts with the first function process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: dict[int, str] = {}
        self._child: subprocess.Popen | None = None
        atexit.register(self._close)

    def watch(self, group: int, folder: str) -> None:
        """Registers a process group to kill, and a folder to remove, when LocalStack is gone."""
        with self._lock:
            self._groups[group] = folder
            self._send({"group": group, "folder": folder})

    def release(self, group: int) -> None:
        """Releases a group: it has ended, and the system can reuse its ID."""
        with self._lock:
            self._groups.pop(group, None)
            self._send({"group": group})

    def _send(self, message: dict) -> None:
        if self._child is None or self._child.poll() is not None:
            self._start()
            return  # the new one knows every group
        try:
            self._write(message)
        except OSError:
            self._start()

    def _start(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            env={name: value for name, value in os.environ.items() if name != MARK},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for group, folder in self._groups.items():
            self._write({"group": group, "folder": folder})

    def _close(self) -> None:
        if self._child is not None:
            self._child.stdin.close()
            self._child.wait()

    def _write(self, message: dict) -> None:
        self._child.stdin.write(json.dumps(message).encode() + b"\n")
        self._child.stdin.flush()


REAPER = Reaper()
"""The one of this process."""


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: dict[int, str] = {}
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "folder" in message:
            groups[message["group"]] = message["folder"]
        else:
            groups.pop(message["group"], None)
    for group, folder in groups.items():
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
