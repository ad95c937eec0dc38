"""The rules by which alarms change state, against the examples in AWS's documentation."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
sys.path.insert(0, str(SOURCE))

from localstack_ecs import alarms  # noqa: E402

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def alarm(needed: int, to_alarm: int | None = None, **changes) -> dict:
    found = {
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 100.0,
        "EvaluationPeriods": needed,
        **changes,
    }
    return found if to_alarm is None else {**found, "DatapointsToAlarm": to_alarm}


def values(text: str) -> list[float | None]:
    """`0` is within the threshold, `X` over it, `-` missing."""
    return [{"0": 100.0, "X": 150.0, "-": None}[letter] for letter in text.replace(" ", "")]


class StateTest(unittest.TestCase):
    def check(self, needed: int, to_alarm: int | None, rows: list[tuple[str, str]]):
        names = {"A": "ALARM", "O": "OK", "I": "INSUFFICIENT_DATA", "=": None}
        for points, states in rows:
            for treatment, state in zip(TREATMENTS, states.split(), strict=True):
                with self.subTest(points, treatment=treatment):
                    found = alarm(needed, to_alarm, TreatMissingData=treatment)
                    self.assertEqual(alarms.next_state(values(points), found), names[state])

    def test_three_of_three(self):
        rows = [
            ("0 - X - X", "O O O O"),
            ("0 - - - -", "O O O O"),
            ("- - - - -", "I = A O"),
            ("0 X X - X", "A A A A"),
            ("- - X - -", "A = A O"),
            # Not in the table: what the text beneath it says of a lone, late datapoint.
            ("- - - - X", "O O A O"),
            ("- - - X -", "O O A O"),
        ]
        self.check(3, 3, rows)
        self.check(3, None, rows)

    def test_two_of_three(self):
        rows = [
            ("0 - X - X", "A A A A"),
            ("0 0 X 0 X", "A A A A"),
            ("0 - X - -", "O O A O"),
            ("- - - - 0", "O O A O"),
            ("- - - X -", "A = A O"),
        ]
        self.check(3, 2, rows)

    def test_old_datapoints_count_only_where_newer_ones_are_missing(self):
        self.check(3, 3, [("X X X 0 0", "O O O O"), ("X X X - -", "A A A A")])

    def test_missing_is_the_default(self):
        self.assertEqual(alarms.next_state([None] * 3, alarm(1)), "INSUFFICIENT_DATA")

    def test_every_comparison(self):
        for comparison, states in (
            ("GreaterThanThreshold", ("OK", "OK", "ALARM")),
            ("GreaterThanOrEqualToThreshold", ("OK", "ALARM", "ALARM")),
            ("LessThanThreshold", ("ALARM", "OK", "OK")),
            ("LessThanOrEqualToThreshold", ("ALARM", "ALARM", "OK")),
        ):
            found = alarm(1, ComparisonOperator=comparison)
            states_found = tuple(alarms.next_state([v], found) for v in (99.0, 100.0, 101.0))
            self.assertEqual(states_found, states, comparison)


class WindowTest(unittest.TestCase):
    def test_whole_minutes_that_are_over(self):
        self.assertEqual(alarms.window(alarm(3), 60, 605.0), (300, 600))
        # A longer period's windows slide by a minute.
        self.assertEqual(alarms.window(alarm(1), 300, 605.0), (-300, 600))
        self.assertEqual(alarms.window(alarm(1), 10, 605.0), (570, 600))

    def test_how_often(self):
        self.assertEqual([alarms.interval(s) for s in (10, 20, 30, 60, 300)], [10, 10, 10, 60, 60])


class MathTest(unittest.TestCase):
    def metric(self, name: str, **changes) -> dict:
        stat = {"Metric": {"MetricName": name}, "Period": 60, "Stat": "Average", **changes}
        return {"Id": name, "MetricStat": stat, "ReturnData": False}

    def math(self, expression: str, *names: str) -> list[dict]:
        metrics = [self.metric(name) for name in names]
        return [*metrics, {"Id": "e", "Expression": expression, "ReturnData": True}]

    def test_a_sum_is_missing_where_a_summand_is(self):
        found = alarms.queries(alarm(1, Metrics=self.math("m1 + m2", "m1", "m2")))
        self.assertEqual(alarms.period(found), 60)
        series = {"m1": [1.0, 2.0, None], "m2": [10.0, None, 30.0]}
        self.assertEqual(alarms.combine(found, series), [11.0, None, None])

    def test_arithmetic(self):
        series = {"m1": [6.0, 6.0], "m2": [3.0, 0.0]}
        for expression, result in (
            ("m1 / m2", [2.0, None]),
            ("(m1 - m2) * 2.5", [7.5, 15.0]),
            ("m1", [6.0, 6.0]),
        ):
            found = alarms.queries(alarm(1, Metrics=self.math(expression, "m1", "m2")))
            self.assertEqual(alarms.combine(found, series), result, expression)

    def test_a_plain_metric(self):
        found = alarms.queries(
            alarm(1, MetricName="m", Namespace="n", Period=60, Statistic="Sum", Dimensions=[])
        )
        self.assertEqual(alarms.combine(found, {"metric": [1.0, None]}), [1.0, None])

    def test_what_is_not_evaluated_is_said(self):
        for expression in ("SUM(METRICS())", "m1 ** 2", "m1 +", "", "m3", "m1 or m1", "'m1'", "-m1"):
            with self.subTest(expression), self.assertRaises(alarms.Unsupported):
                alarms.queries(alarm(1, Metrics=self.math(expression, "m1")))
        two = [*self.math("m1", "m1"), {**self.metric("m2"), "ReturnData": True}]
        plain = {"MetricName": "m", "Namespace": "n", "Period": 60}
        for changes in (
            {"Metrics": two},
            {"Metrics": [self.metric("m1", Stat="p99")]},
            {**plain, "ExtendedStatistic": "p99"},
            {**plain, "Statistic": "Sum", "ComparisonOperator": "GreaterThanUpperThreshold"},
        ):
            with self.subTest(changes), self.assertRaises(alarms.Unsupported):
                alarms.queries(alarm(1, **changes))


if __name__ == "__main__":
    unittest.main()
