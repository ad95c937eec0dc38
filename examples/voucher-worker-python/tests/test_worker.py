import contextlib
import io
import json
import threading
import time
import unittest
from collections.abc import Callable

from voucher_worker.check import Message
from voucher_worker.config import read_config
from voucher_worker.worker import Worker

from .fake_sqs import FakeSqs


def work(
    sqs: FakeSqs, check: Callable[[Message], None], until: Callable[[], bool], **variables: str
) -> tuple[dict, list]:
    """Runs a worker until the condition holds; returns its counts and its log."""
    config = read_config({"QUEUE_URL": "https://sqs/1/vouchers", "WAIT_TIME": "1s", "STOP_TIMEOUT": "4s"} | variables)
    worker = Worker(config, sqs, sqs, check)

    def stop() -> None:
        end = time.monotonic() + 10
        while not until() and time.monotonic() < end:
            time.sleep(0.01)
        worker.stop()

    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        threading.Thread(target=stop, daemon=True).start()
        counts = worker.run()
    return counts, [json.loads(line) for line in output.getvalue().splitlines()]


class WorkerTest(unittest.TestCase):
    def test_a_check_that_raises_costs_its_message_only(self) -> None:
        def check(message: Message) -> None:
            if message.body == "bad":
                raise RuntimeError("no")

        sqs = FakeSqs(["good", "bad", "good"])
        counts, said = work(sqs, check, lambda: len(sqs.deleted) == 2, CONCURRENCY="2")
        self.assertEqual(counts, {"done": 2, "failed": 1, "given_back": 0, "not_deleted": 0})
        self.assertEqual(sorted(sqs.deleted), ["m0", "m2"])
        self.assertEqual([line["reason"] for line in said if line.get("outcome") == "failed"], ["no"])
        self.assertLessEqual(max(sqs.asked), 2)

    def test_a_failed_deletion_is_repeated_unless_the_message_is_lost(self) -> None:
        sqs = FakeSqs(["a"], ["InternalError"])
        counts, _ = work(sqs, lambda _: None, lambda: bool(sqs.deleted))
        self.assertEqual((sqs.deleted, counts["not_deleted"]), (["m0"], 0))
        sqs = FakeSqs(["a"], ["ReceiptHandleIsInvalid"])
        counts, said = work(sqs, lambda _: None, lambda: not sqs.delete_failures)
        self.assertEqual((sqs.deleted, counts["not_deleted"]), ([], 1))
        self.assertEqual(said[-1]["error"], "no; it will be delivered again")

    def test_a_message_over_the_limit_has_failed_and_its_late_success_is_ignored(self) -> None:
        ended = threading.Event()

        def check(_: Message) -> None:
            time.sleep(1)
            ended.set()

        sqs = FakeSqs(["slow"])
        counts, said = work(sqs, check, ended.is_set, WORK_LIMIT="300ms")
        self.assertEqual((counts["done"], counts["failed"], sqs.deleted), (0, 1, []))
        self.assertEqual(said[0]["reason"], "it took longer than the work limit of 0.3s")

    def test_a_stop_gives_unfinished_messages_back(self) -> None:
        sqs = FakeSqs(["slow"] * 12)
        counts, said = work(sqs, lambda _: time.sleep(60), lambda: not sqs.waiting, CONCURRENCY="12", STOP_TIMEOUT="1s")
        self.assertEqual((counts["given_back"], sqs.deleted), (12, []))
        self.assertEqual(sorted(receipt for receipt, timeout in sqs.hidden if timeout == 0), sorted(f"m{n}" for n in range(12)))

    def test_the_visibility_timeout_is_extended_at_its_half(self) -> None:
        sqs = FakeSqs(["slow"])
        work(sqs, lambda _: time.sleep(1.3), lambda: bool(sqs.deleted))
        # After 0.5 s, and 0.5 s after that; each up to a tick later.
        self.assertEqual(sqs.hidden, [("m0", 1)] * 2)


if __name__ == "__main__":
    unittest.main()
