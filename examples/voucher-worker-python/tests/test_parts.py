import contextlib
import io
import unittest

from voucher_worker.check import Message, voucher_check
from voucher_worker.config import ConfigError, read_config, seconds
from voucher_worker.protection import Protection

QUEUE = {"QUEUE_URL": "https://sqs.us-west-2.amazonaws.com/111122223333/vouchers"}


class ConfigTest(unittest.TestCase):
    def test_durations(self) -> None:
        for text, expected in [("100ms", 0.1), ("1m 30s", 90.0), ("12h", 43200.0), ("1", None), ("", None), ("1.5s", None)]:
            self.assertEqual(seconds(text), expected, text)

    def test_each_queue_is_polled_once(self) -> None:
        other = "https://sqs.us-west-2.amazonaws.com/111122223333/other"
        config = read_config(QUEUE | {"QUEUE_URL_VOUCHERS": QUEUE["QUEUE_URL"], "QUEUE_URL_OTHER": other, "X": other})
        self.assertEqual(config.queues, (QUEUE["QUEUE_URL"], other))

    def test_a_poll_ends_within_the_stop(self) -> None:
        # 30 s − 3 s to give back − 2 s for the last messages = 25 s, so 20 s fit; 8 s − 2 s − 2 s = 4 s.
        self.assertEqual(read_config(QUEUE).wait, 20)
        self.assertEqual(read_config(QUEUE | {"STOP_TIMEOUT": "8s"}).wait, 4)

    def test_all_problems_are_reported(self) -> None:
        with self.assertRaises(ConfigError) as raised:
            read_config({"QUEUE_URL": "vouchers", "CONCURRENCY": "0", "WAIT_TIME": "21s", "WORK_LIMIT": "x"})
        names = [line.split()[0] for line in str(raised.exception).splitlines()[1:]]
        self.assertEqual(sorted(names), ["CONCURRENCY", "QUEUE_URL", "WAIT_TIME", "WORK_LIMIT"])


class CheckTest(unittest.TestCase):
    def test_what_is_no_voucher_is_malformed(self) -> None:
        check = voucher_check(lambda: 0.0)
        for body in ["", "[]", "null", "{}", '{"voucher": -1}', '{"voucher": true}', '{"voucher": 1, "work_ms": "x"}', "[" * 10**5]:
            with self.assertRaisesRegex(ValueError, "^malformed: ", msg=body[:40]):
                check(Message("m", body, None, None))
        check(Message("m", '{"voucher": 1, "work_ms": 1}', None, None))


class ProtectionTest(unittest.TestCase):
    def test_it_is_switched_on_renewed_held_and_switched_off(self) -> None:
        asked: list[bool] = []
        is_long = True
        protection = Protection(asked.append, lambda: is_long)
        steps = {}
        with contextlib.redirect_stdout(io.StringIO()):
            for now in range(100, 900):
                is_long = 110 <= now < 500
                before = len(asked)
                protection.step(float(now))
                if len(asked) > before:
                    steps[now] = asked[-1]
        # Renewed after 300 s; held for 5 s after the last moment of work.
        self.assertEqual(steps, {110: True, 410: True, 504: False})

    def test_a_refusal_is_repeated_less_and_less_often(self) -> None:
        tries: list[int] = []

        def put(_: bool) -> None:
            tries.append(now)
            raise OSError("DEPLOYMENT_BLOCKED")

        protection = Protection(put, lambda: True)
        with contextlib.redirect_stdout(io.StringIO()):
            for now in range(0, 40):
                protection.step(float(now))
        self.assertEqual(tries, [0, 1, 3, 7, 15, 31])


if __name__ == "__main__":
    unittest.main()
