"""The Lambda Runtime API of one execution environment, on a loopback port.

A function's process polls `next`, posts a response or an error, or reports that its start failed:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, version 2018-06-01.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "/2018-06-01/runtime"
MAX_RESPONSE = 6 * 1024 * 1024 + 100
"""Maximum size of a synchronous invocation's response, in bytes."""


@dataclass
class FunctionResult:
    """The outcome of an invocation, or of a start."""

    payload: bytes
    is_error: bool


@dataclass
class Invocation:
    """One event for the function, and the place for its outcome."""

    request_id: str
    payload: bytes
    function_arn: str
    deadline_ms: int
    trace_id: str = ""
    outcome: queue.Queue[FunctionResult] = field(default_factory=lambda: queue.Queue(maxsize=1))

    def settle(self, outcome: FunctionResult) -> bool:
        """Sets the first outcome. Refuses a later one."""
        try:
            self.outcome.put_nowait(outcome)
        except queue.Full:
            return False
        return True


def error_payload(error_type: str, message: str) -> bytes:
    """Returns an error as Lambda reports it to the caller."""
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


class RuntimeApi:
    """Serves one function process; `polled` is set when the process requests its first event."""

    def __init__(self) -> None:
        self.polled = threading.Event()
        self.init_error: FunctionResult | None = None
        self._todo: queue.Queue[Invocation | None] = queue.Queue()
        self._current: dict[str, Invocation] = {}
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """Returns HOST:PORT for AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def submit(self, invocation: Invocation) -> None:
        """Passes this event to the next poll."""
        self._current[invocation.request_id] = invocation
        self._todo.put(invocation)

    def forget(self, invocation: Invocation) -> None:
        """Refuses responses to this event from now on."""
        self._current.pop(invocation.request_id, None)

    def next(self) -> Invocation | None:
        """Returns the next event. None when the environment ends."""
        self.polled.set()
        invocation = self._todo.get()
        if invocation is None:
            self._todo.put(None)  # for other callers that poll
        return invocation

    def settle(self, request_id: str, outcome: FunctionResult) -> bool:
        """Passes on the function's result. False if no caller waits for it."""
        invocation = self._current.pop(request_id, None)
        return invocation is not None and invocation.settle(outcome)

    def close(self) -> None:
        """Stops serving, and ends polls that are waiting."""
        self._todo.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)
        # Otherwise, the process ended during the response, and its environment detects that.


def _handler(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args) -> None:
            pass

        def do_GET(self) -> None:
            if self.path != f"{PREFIX}/invocation/next":
                return self._answer(404)
            invocation = api.next()
            if invocation is None:
                self.close_connection = True
                return None
            return self._answer(200, invocation.payload, _headers(invocation))

        def do_POST(self) -> None:
            body = self._body()
            if body is None:
                return self._answer(413, error_payload("RequestEntityTooLarge", "too large"))
            parts = self.path.removeprefix(PREFIX).strip("/").split("/")
            if parts == ["init", "error"]:
                api.init_error = FunctionResult(body, is_error=True)
                return self._answer(202)
            if len(parts) == 3 and parts[0] == "invocation" and parts[2] in ("response", "error"):
                taken = api.settle(parts[1], _limit_response(body, parts[2] == "error"))
                return self._answer(202 if taken else 400)
            return self._answer(404)

        def _body(self) -> bytes | None:
            """Returns the request's body. None if it is longer than Lambda accepts."""
            if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
                return self._chunks()
            length = int(self.headers.get("Content-Length") or 0)
            if length <= 2 * MAX_RESPONSE:
                return self.rfile.read(length)
            self.close_connection = True
            return None

        def _chunks(self) -> bytes | None:
            body = bytearray()
            while size := int(self.rfile.readline().split(b";")[0].strip() or b"0", 16):
                if len(body) + size > 2 * MAX_RESPONSE:
                    self.close_connection = True
                    return None
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
            return bytes(body)

        def _answer(self, status: int, body: bytes = b"", headers: dict | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _headers(invocation: Invocation) -> dict[str, str]:
    headers = {
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
    }
    if invocation.trace_id:
        headers["Lambda-Runtime-Trace-Id"] = invocation.trace_id
    return headers


def _limit_response(body: bytes, is_error: bool) -> FunctionResult:
    if len(body) > MAX_RESPONSE:
        message = (
            f"Response payload size ({len(body)} bytes) exceeded maximum allowed payload size "
            f"({MAX_RESPONSE} bytes)."
        )
        return FunctionResult(error_payload("Function.ResponseSizeTooLarge", message), is_error=True)
    return FunctionResult(body, is_error)


def deadline_ms(timeout_seconds: float) -> int:
    """Returns the time in milliseconds since the epoch at which an invocation that starts now times
    out.
    """
    return int((time.time() + timeout_seconds) * 1000)
