"""A function's process. It has its own group, which ends as a whole, and writes its output to a
file.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from localstack_ecs.reaper import REAPER

STOP_SECONDS = 2.0
"""Between SIGTERM and SIGKILL."""
MAX_OUTPUT = 1024 * 1024
"""Bytes of output that one read returns; older output is dropped."""


class FunctionProcess:
    """A running `bootstrap`. `on_exit` is called with the exit status, from another thread."""

    def __init__(
        self,
        bootstrap: Path,
        environment: dict[str, str],
        on_exit: Callable[[int], None] = lambda _status: None,
    ) -> None:
        """Starts it. Raises OSError if it can't be executed."""
        self.folder = Path(tempfile.mkdtemp(prefix="lambda-environment-"))
        scratch = self.folder / "tmp"
        scratch.mkdir(mode=0o700)
        # Opened for appending, so that the reader never moves the writer's position.
        self._output = os.open(self.folder / "output", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._position = 0
        try:
            self._process = subprocess.Popen(
                [str(bootstrap)],
                cwd=bootstrap.parent,
                env={**environment, "TMPDIR": str(scratch)},
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError:
            self._clean()
            raise
        REAPER.watch(self._process.pid, str(self.folder))
        self._waiter = threading.Thread(target=self._wait, args=(on_exit,), daemon=True)
        self._waiter.start()

    @property
    def pid(self) -> int:
        """Process ID, which is also its group's ID."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether it is running."""
        return self._process.poll() is None

    def output(self) -> str:
        """Returns the output since the last call."""
        try:
            end = os.fstat(self._output).st_size
            start = max(self._position, end - MAX_OUTPUT)
            text = os.pread(self._output, end - start, start)
            self._position = end
            if end > MAX_OUTPUT:
                os.ftruncate(self._output, 0)
                self._position = 0
        except OSError:
            return ""  # stopped in the meantime
        return text.decode(errors="replace")

    def peak_memory_mb(self) -> int | None:
        """Returns the maximum resident size so far in MiB, if the system reports it."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return None
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                return -(-int(line.split()[1]) // 1024)
        return None

    def stop(self, patience: float = STOP_SECONDS) -> None:
        """Kills the whole group, waits for it, and removes its folder."""
        if self.alive():
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._waiter.join(timeout=STOP_SECONDS)
        REAPER.release(self.pid)
        self._clean()

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass  # no process remains (macOS reports that as PermissionError)

    def _wait(self, on_exit: Callable[[int], None]) -> None:
        on_exit(self._process.wait())

    def _clean(self) -> None:
        os.close(self._output)
        self._output = -1
        shutil.rmtree(self.folder, ignore_errors=True)


def exit_reason(status: int) -> str:
    """Returns an exit status in Lambda's words."""
    if status < 0:
        try:
            name = {signal.SIGKILL: "killed", signal.SIGTERM: "terminated"}.get(
                signal.Signals(-status), signal.strsignal(-status)
            )
        except ValueError:
            name = str(-status)
        return f"Runtime exited with error: signal: {str(name).lower()}"
    if status == 0:
        return "Runtime exited without providing a reason"
    return f"Runtime exited with error: exit status {status}"
