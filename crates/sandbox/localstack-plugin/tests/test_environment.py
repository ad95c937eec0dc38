"""Functions as processes: outcomes, logs, limits, and that nothing remains."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "src"))

from localstack_ecs.environment import Environment, Function  # noqa: E402
from localstack_ecs.process import exit_reason  # noqa: E402
from localstack_ecs.runtime_api import MAX_RESPONSE  # noqa: E402

ARN = "arn:aws:lambda:us-west-2:000000000000:function:f"


def write_bootstrap(folder: Path) -> None:
    source = (HERE / "bootstrap.py").read_text()
    bootstrap = folder / "bootstrap"
    bootstrap.write_text(f"#!{sys.executable}\n{source}")
    bootstrap.chmod(0o755)


def gone(pid: int, seconds: float = 5) -> bool:
    """Whether the process ends within this time. An unreaped zombie counts as ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
        if not state.stdout.strip() or state.stdout.strip().startswith("Z"):
            return True
        time.sleep(0.05)
    return False


class EnvironmentTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.code = Path(folder.name)
        write_bootstrap(self.code)

    def start(self, timeout=20, **variables) -> Environment:
        environment = Environment(Function(self.code, timeout, 128, "$LATEST", variables))
        self.addCleanup(environment.stop)
        environment.start()
        return environment

    def invoke(self, environment: Environment, request="r1", **event):
        result = environment.invoke(request, json.dumps(event).encode(), ARN)
        return json.loads(result.payload), result

    def test_answers_and_logs(self):
        environment = self.start()
        payload, result = self.invoke(environment, x=1)
        self.assertEqual(payload, {"event": {"x": 1}, "count": 1})
        self.assertFalse(result.is_error)
        lines = result.logs.splitlines()
        self.assertEqual(lines[0], "START RequestId: r1 Version: $LATEST")
        self.assertEqual(lines[1], "handling {'x': 1}")
        self.assertEqual(lines[2], "END RequestId: r1")
        self.assertRegex(
            lines[3],
            r"^REPORT RequestId: r1\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
            r"Memory Size: 128 MB(\tMax Memory Used: \d+ MB)?\tInit Duration: [\d.]+ ms$",
        )

    def test_a_process_serves_many_invocations(self):
        environment = self.start()
        for count in (1, 2, 3):
            payload, result = self.invoke(environment, request=f"r{count}", do="echo")
            self.assertEqual(payload["count"], count)
        self.assertNotIn("Init Duration", result.logs)
        self.assertEqual(result.logs.count("handling"), 1)

    def test_the_functions_own_error(self):
        payload, result = self.invoke(self.start(), do="error")
        self.assertTrue(result.is_error)
        self.assertEqual(payload, {"errorType": "ValueError", "errorMessage": "asked to fail"})

    def test_a_crash_is_reported_with_its_output_and_the_next_invocation_starts_anew(self):
        environment = self.start()
        payload, result = self.invoke(environment, do="crash")
        self.assertEqual(
            payload,
            {
                "errorType": "Runtime.ExitError",
                "errorMessage": "RequestId: r1 Error: Runtime exited with error: exit status 3",
            },
        )
        self.assertIn("about to crash", result.logs)
        payload, result = self.invoke(environment, request="r2")
        self.assertEqual((payload["count"], result.is_error), (1, False))

    def test_an_exit_between_invocations_is_not_the_next_ones_fault(self):
        environment = self.start()
        variables, _ = self.invoke(environment, do="environment")
        os.kill(environment._life._process.pid, signal.SIGKILL)
        self.assertTrue(gone(environment._life._process.pid))
        payload, result = self.invoke(environment, request="r2")
        self.assertEqual((payload["count"], result.is_error), (1, False))

    def test_a_killed_function(self):
        payload, _ = self.invoke(self.start(), do="kill")
        self.assertEqual(
            payload["errorMessage"],
            "RequestId: r1 Error: Runtime exited with error: signal: killed",
        )

    def test_a_timeout_ends_the_whole_group(self):
        environment = self.start(timeout=1)
        pids = self.code / "pids"
        started = time.monotonic()
        payload, result = self.invoke(environment, do="hang", file=str(pids))
        self.assertLess(time.monotonic() - started, 6)
        self.assertEqual(
            payload,
            {
                "errorType": "Sandbox.Timedout",
                "errorMessage": "RequestId: r1 Error: Task timed out after 1.00 seconds",
            },
        )
        self.assertIn("r1 Task timed out after 1.00 seconds", result.logs)
        self.assertIn("handling", result.logs)
        for pid in pids.read_text().split():
            self.assertTrue(gone(int(pid)), pid)
        payload, _ = self.invoke(environment, request="r2")
        self.assertEqual(payload["count"], 1)

    def test_a_failing_start(self):
        payload, result = self.invoke(self.start(INIT="exit"))
        self.assertEqual(payload["errorType"], "Runtime.ExitError")
        self.assertIn("exit status 1", payload["errorMessage"])
        self.assertIn("no configuration", result.logs)

    def test_a_start_that_reports_its_error(self):
        environment = self.start(INIT="error")
        for request in ("r1", "r2"):
            payload, result = self.invoke(environment, request=request)
            self.assertTrue(result.is_error)
            self.assertEqual(
                payload, {"errorType": "Init.Failed", "errorMessage": "bad configuration"}
            )

    def test_a_slow_start_is_waited_for(self):
        payload, result = self.invoke(self.start(INIT="slow"))
        self.assertEqual(payload["count"], 1)
        self.assertRegex(result.logs, r"Init Duration: [12]\d{3}\.")

    def test_no_bootstrap(self):
        (self.code / "bootstrap").unlink()
        payload, result = self.invoke(self.start())
        self.assertTrue(result.is_error)
        self.assertEqual(payload["errorType"], "Runtime.InvalidEntrypoint")
        self.assertIn("Couldn't find valid bootstrap", payload["errorMessage"])

    def test_a_bootstrap_of_another_architecture(self):
        machine = 0xB7 if os.uname().machine == "x86_64" else 0x3E
        header = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + bytes([machine, 0]) + bytes(44)
        (self.code / "bootstrap").write_bytes(header)
        payload, _ = self.invoke(self.start())
        self.assertEqual(
            payload["errorMessage"],
            "RequestId: r1 Error: fork/exec /var/task/bootstrap: exec format error",
        )

    def test_a_bootstrap_that_may_not_be_executed(self):
        (self.code / "bootstrap").chmod(0o644)
        payload, _ = self.invoke(self.start())
        self.assertIn("fork/exec /var/task/bootstrap: permission denied", payload["errorMessage"])

    def test_big_payloads(self):
        environment = self.start()
        text = "x" * (6 * 1024 * 1024 - 100)
        payload, _ = self.invoke(environment, text=text)
        self.assertEqual(len(payload["event"]["text"]), len(text))
        payload, result = self.invoke(environment, request="r2", do="big", bytes=MAX_RESPONSE)
        self.assertTrue(result.is_error)
        self.assertEqual(payload["errorType"], "Function.ResponseSizeTooLarge")

    def test_the_environment(self):
        environment = self.start(AWS_REGION="us-west-2", TZ=":UTC", OWN="1")
        variables, _ = self.invoke(environment, do="environment")
        self.assertEqual((variables["OWN"], variables["TZ"]), ("1", ":UTC"))
        self.assertEqual(variables["LAMBDA_TASK_ROOT"], str(self.code))
        self.assertNotIn("HOME", variables)
        self.assertTrue(Path(variables["TMPDIR"]).is_dir())
        environment.stop()
        self.assertFalse(Path(variables["TMPDIR"]).parent.exists())

    def test_several_environments_at_once(self):
        environments = [self.start() for _ in range(4)]
        started = time.monotonic()
        with ThreadPoolExecutor() as pool:
            results = list(
                pool.map(lambda e: self.invoke(e, do="sleep", seconds=1)[1], environments)
            )
        self.assertFalse(any(result.is_error for result in results))
        self.assertLess(time.monotonic() - started, 3)

    def test_stop_ends_a_running_invocation(self):
        environment = self.start()
        pids = self.code / "pids"
        results = []
        invocation = threading.Thread(
            target=lambda: results.append(self.invoke(environment, do="hang", file=str(pids)))
        )
        invocation.start()
        while not (pids.exists() and len(pids.read_text().split()) == 2):
            time.sleep(0.02)
        environment.stop()
        invocation.join(5)
        self.assertFalse(invocation.is_alive())
        self.assertTrue(results[0][1].is_error)
        for pid in pids.read_text().split():
            self.assertTrue(gone(int(pid)), pid)

    def test_nothing_outlives_a_killed_parent(self):
        pids = self.code / "pids"
        script = (
            "import sys, json, pathlib\n"
            f"sys.path.insert(0, {str(HERE.parent / 'src')!r})\n"
            "from localstack_ecs.environment import Environment, Function\n"
            f"e = Environment(Function(pathlib.Path({str(self.code)!r}), 60, 128, '1', {{}}))\n"
            "e.start()\n"
            "print(e._life._process.folder, flush=True)\n"
            f"e.invoke('r', json.dumps({{'do': 'hang', 'file': {str(pids)!r}}}).encode(), 'a')\n"
        )
        parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        folder = Path(parent.stdout.readline().strip())
        while not (pids.exists() and len(pids.read_text().split()) == 2):
            time.sleep(0.02)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
        for pid in pids.read_text().split():
            self.assertTrue(gone(int(pid)), pid)
        deadline = time.monotonic() + 5
        while folder.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertFalse(folder.exists())


class ExitReasonTest(unittest.TestCase):
    def test_words(self):
        self.assertEqual(exit_reason(0), "Runtime exited without providing a reason")
        self.assertEqual(exit_reason(2), "Runtime exited with error: exit status 2")
        self.assertEqual(exit_reason(-9), "Runtime exited with error: signal: killed")
        self.assertEqual(exit_reason(-11), "Runtime exited with error: signal: segmentation fault")


if __name__ == "__main__":
    unittest.main()
