"""One Lambda execution environment: a `bootstrap` process and the Runtime API that it polls.

Independent of LocalStack. A function's own failures (a bootstrap that can't be executed, an exit, a
timeout) are results with Lambda's error messages, never exceptions.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty

from localstack_ecs.process import FunctionProcess, exit_reason
from localstack_ecs.runtime_api import (
    Invocation,
    FunctionResult,
    RuntimeApi,
    deadline_ms,
    error_payload,
)

INIT_SECONDS = 10.0
"""How long an invocation waits for a start; a slower start continues within the invocation's own time."""


@dataclass(frozen=True)
class Function:
    """The function of an environment."""

    code: Path
    timeout_seconds: int
    memory_mb: int
    version: str
    variables: dict[str, str]


@dataclass(frozen=True)
class Result:
    """The result of an invocation, with the log that Lambda would write."""

    payload: bytes
    is_error: bool
    logs: str


class Environment:
    """Serves one invocation at a time; restarts its process if it has ended."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._life: Life | None = None

    def start(self) -> None:
        """Starts the process and waits until it polls, fails, or takes too long."""
        self._life = Life(self._function)

    def invoke(
        self, request_id: str, payload: bytes, function_arn: str, trace_id: str = ""
    ) -> Result:
        """Lets the function handle one event. Returns at its timeout at the latest."""
        life = self._life
        if life is None or (life.failure and life.served):
            self._end()
            life = self._life = Life(self._function)
        started = time.monotonic()
        timeout = self._function.timeout_seconds
        invocation = Invocation(request_id, payload, function_arn, deadline_ms(timeout), trace_id)
        life.submit(invocation)
        try:
            outcome, note = invocation.outcome.get(timeout=timeout), ""
        except Empty:
            outcome, note = timed_out(request_id, timeout)
        life.api.forget(invocation)
        logs = self._logs(life, request_id, (time.monotonic() - started) * 1000, note)
        if note or life.failure:
            self._end()
        return Result(outcome.payload, outcome.is_error, logs)

    def output(self) -> str:
        """Returns the process's output since the last invocation."""
        return self._life.output() if self._life else ""

    def stop(self) -> None:
        """Stops the process. A running invocation fails."""
        self._end()

    def _end(self) -> None:
        life, self._life = self._life, None
        if life is not None:
            life.stop()

    def _logs(self, life: Life, request_id: str, duration_ms: float, note: str) -> str:
        output = life.output()
        if output and not output.endswith("\n"):
            output += "\n"
        if life.failure and not note:
            error_type, message = life.failure
            note = f"RequestId: {request_id} Error: {message}\n{error_type}\n"
        report = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {duration_ms:.2f} ms",
            f"Billed Duration: {-int(-duration_ms // 1)} ms",
            f"Memory Size: {self._function.memory_mb} MB",
        ]
        if (memory := life.peak_memory_mb()) is not None:
            report.append(f"Max Memory Used: {memory} MB")
        if (init_ms := life.take_init_ms()) is not None:
            report.append(f"Init Duration: {init_ms:.2f} ms")
        return (
            f"START RequestId: {request_id} Version: {self._function.version}\n"
            f"{output}{note}END RequestId: {request_id}\n" + "\t".join(report) + "\n"
        )


class Life:
    """The process from its start to its end, with its own Runtime API."""

    def __init__(self, function: Function) -> None:
        self.api = RuntimeApi()
        self.failure: tuple[str, str] | None = None
        """Type and message of the error that ended the process."""
        self.served = False
        """Whether it was given an event."""
        self._lock = threading.Lock()
        self._invocation: Invocation | None = None
        self._init_ms: float | None = None
        self._process: FunctionProcess | None = None
        started = time.monotonic()
        try:
            bootstrap = function.code / "bootstrap"
            if not bootstrap.is_file():
                raise FileNotFoundError("bootstrap")
            variables = process_variables(function, self.api.address)
            self._process = FunctionProcess(bootstrap, variables, self._exited)
        except OSError as error:
            self._fail("Runtime.InvalidEntrypoint", not_executable(error))
            return
        if self.api.polled.wait(INIT_SECONDS) and self.failure is None:
            self._init_ms = (time.monotonic() - started) * 1000

    def submit(self, invocation: Invocation) -> None:
        """Passes an event to the process. Fails immediately if the process has ended."""
        self.served = True
        self.api.submit(invocation)
        with self._lock:
            self._invocation = invocation
            self._settle_failure()

    def output(self) -> str:
        """Returns the process's output since the last call."""
        return self._process.output() if self._process else ""

    def peak_memory_mb(self) -> int | None:
        """Returns the process's maximum resident size in MiB, if it is known."""
        return self._process.peak_memory_mb() if self._process else None

    def take_init_ms(self) -> float | None:
        """Returns the milliseconds from the start to the first poll, once."""
        init_ms, self._init_ms = self._init_ms, None
        return init_ms

    def stop(self) -> None:
        """Stops the process and its API. A running invocation fails."""
        if self._process is not None:
            self._process.stop()
        self._fail("Runtime.ExitError", "Runtime was stopped")
        self.api.close()

    def _exited(self, status: int) -> None:
        self._fail("Runtime.ExitError", exit_reason(status))
        self.api.polled.set()

    def _fail(self, error_type: str, message: str) -> None:
        with self._lock:
            if self.failure is None:
                self.failure = (error_type, message)
            self._settle_failure()

    def _settle_failure(self) -> None:
        """If the process has ended, ends its invocation, if any, with the error that ended the
        process.
        """
        if self._invocation is None or self.failure is None:
            return
        outcome = self.api.init_error
        if outcome is None:
            error_type, message = self.failure
            text = f"RequestId: {self._invocation.request_id} Error: {message}"
            outcome = FunctionResult(error_payload(error_type, text), is_error=True)
        self._invocation.settle(outcome)


def process_variables(function: Function, api: str) -> dict[str, str]:
    """Returns the complete environment of the process."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "LANG": "en_US.UTF-8",
        **function.variables,
        "AWS_LAMBDA_RUNTIME_API": api,
        "LAMBDA_TASK_ROOT": str(function.code),
        "LAMBDA_RUNTIME_DIR": str(function.code),
    }


def timed_out(request_id: str, timeout_seconds: int) -> tuple[FunctionResult, str]:
    """Returns the outcome of an invocation that took too long, and its line in the log."""
    message = f"Task timed out after {timeout_seconds:.2f} seconds"
    payload = error_payload("Sandbox.Timedout", f"RequestId: {request_id} Error: {message}")
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return FunctionResult(payload, is_error=True), f"{stamp} {request_id} {message}\n"


def not_executable(error: OSError) -> str:
    """Returns the reason why a bootstrap can't be started, in Lambda's words."""
    if error.errno is None:
        return "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    return f"fork/exec /var/task/bootstrap: {os.strerror(error.errno).lower()}"
