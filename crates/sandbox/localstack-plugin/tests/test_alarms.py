"""The rules by which alarms change state, compared with the examples in AWS's documentation."""

from __future__ import annotations

import sys
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
sys.path.insert(0, str(SOURCE))

from localstack_ecs import alarms  # noqa: E402
from localstack_ecs.alarm_message import moment, trigger  # noqa: E402
from localstack_ecs.datapoints import Sample, aggregate  # noqa: E402

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
    """`0` is within the threshold, `X` beyond it, and `-` missing."""
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
            # Not in the table, but in the text below it: about a single, late datapoint.
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
        self.assertEqual(alarms.window(alarm(3), 60, 60, 605.0), (300, 600))
        # A longer period's windows slide by a minute.
        self.assertEqual(alarms.window(alarm(1), 300, 60, 605.0), (-300, 600))
        self.assertEqual(alarms.window(alarm(1), 10, 10, 605.0), (570, 600))
        # At speed 20, a minute takes three seconds.
        self.assertEqual(alarms.window(alarm(3), 3.0, 3.0, 605.0), (588, 603))

    def test_how_often(self):
        self.assertEqual([alarms.interval(s) for s in (10, 20, 30, 60, 300)], [10, 10, 10, 60, 60])


class MathTest(unittest.TestCase):
    def metric(self, name: str, **changes) -> dict:
        returned = changes.pop("ReturnData", False)
        stat = {"Metric": {"MetricName": name}, "Period": 60, "Stat": "Average", **changes}
        return {"Id": name, "MetricStat": stat, "ReturnData": returned}

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

    def test_functions(self):
        series = {"m1": [6.0, 0.0, None, 8.0], "m2": [3.0, 2.0, 1.0, None]}
        for expression, result in (
            ("IF(m1 > 0, m2 / m1, 7)", [0.5, 7.0, None, None]),
            ("IF(m1 <= m2, 1)", [None, 1.0, None, None]),
            ("m1 == 0", [0.0, 1.0, None, 0.0]),
            ("FILL(m1, 5) + FILL(m2, REPEAT)", [9.0, 2.0, 6.0, 9.0]),
            ("MAX([m1, m2, 1])", [6.0, 2.0, 1.0, 8.0]),
            ("SUM([m1, m2])", [9.0, 2.0, 1.0, 8.0]),
            ("MIN([m1, m2]) * AVG([m1, m2])", [13.5, 0.0, 1.0, 64.0]),
        ):
            with self.subTest(expression):
                found = alarms.queries(alarm(1, Metrics=self.math(expression, "m1", "m2")))
                self.assertEqual(alarms.combine(found, series), result)

    def test_expressions_of_expressions(self):
        half = {"Id": "half", "Expression": "m1 / 2", "ReturnData": False}
        found = alarms.queries(alarm(1, Metrics=[half, *self.math("IF(half > 1, half, 0)", "m1")]))
        self.assertEqual(alarms.combine(found, {"m1": [6.0, 1.0, None]}), [3.0, 0.0, None])
        loop = {"Id": "half", "Expression": "e / 2", "ReturnData": False}
        with self.assertRaises(alarms.Unsupported):
            alarms.queries(alarm(1, Metrics=[loop, *self.math("half", "m1")]))

    def test_a_plain_metric(self):
        found = alarms.queries(
            alarm(1, MetricName="m", Namespace="n", Period=60, Statistic="Sum", Dimensions=[])
        )
        self.assertEqual(alarms.combine(found, {"metric": [1.0, None]}), [1.0, None])

    def test_what_is_not_evaluated_is_said(self):
        for expression in (
            "SUM(METRICS())",
            "MAX(m1)",
            "IF(m1)",
            "FILL(m1, LINEAR)",
            "1 < m1 < 2",
            "RATE(m1)",
            "m1 ** 2",
            "m1 +",
            "",
            "m3",
            "IF(m3 > 1, m1, m1)",
            "e",
            "m1 or m1",
            "'m1'",
            "-m1",
        ):
            with self.subTest(expression), self.assertRaises(alarms.Unsupported):
                alarms.queries(alarm(1, Metrics=self.math(expression, "m1")))
        two = [*self.math("m1", "m1"), {**self.metric("m2"), "ReturnData": True}]
        plain = {"MetricName": "m", "Namespace": "n", "Period": 60}
        for changes in (
            {"Metrics": two},
            {"Metrics": [self.metric("m1", Stat="tm99", ReturnData=True)]},
            {**plain, "ExtendedStatistic": "tm99"},
            {**plain, "ExtendedStatistic": "p101"},
            {**plain, "ExtendedStatistic": "p99", "EvaluateLowSampleCountPercentile": "ignore"},
            {**plain, "Statistic": "Sum", "ComparisonOperator": "GreaterThanUpperThreshold"},
        ):
            with self.subTest(changes), self.assertRaises(alarms.Unsupported):
                alarms.queries(alarm(1, **changes))


class StatisticTest(unittest.TestCase):
    def test_which_are_percentiles(self):
        for statistic, result in (
            ("p50", 50.0),
            ("p99.9", 99.9),
            ("p0", 0.0),
            ("p100", 100.0),
            ("p100.1", None),
            ("p1000", None),
            ("pr(1:2)", None),
            ("Average", None),
            (None, None),
        ):
            self.assertEqual(alarms.percentile(statistic), result, statistic)

    def test_over_values_and_statistic_sets(self):
        values = [Sample(v, 1, v, v) for v in (1.0, 2.0, 3.0, 10.0)]
        same, mixed = Sample(40.0, 4, 10.0, 10.0), Sample(40.0, 4, 1.0, 20.0)
        for statistic, samples, result in (
            ("Average", values, 4.0),
            ("Sum", [*values, mixed], 56.0),
            ("SampleCount", [*values, mixed], 8.0),
            ("Minimum", [same, mixed], 1.0),
            ("Maximum", [same, mixed], 20.0),
            ("p50", values, 2.0),
            ("p0", values, 1.0),
            ("p75", values, 3.0),
            ("p75.1", values, 10.0),
            ("p100", values, 10.0),
            ("p50", [*values, same], 10.0),
            ("p50", [*values, mixed], None),
            ("p50", [], None),
            ("Average", [], None),
        ):
            self.assertEqual(aggregate(statistic, samples), result, (statistic, samples))


class MessageTest(unittest.TestCase):
    def test_times(self):
        berlin = timezone(timedelta(hours=1))
        time = datetime(2026, 11, 21, 11, 0, 0, 123456, tzinfo=berlin)
        self.assertEqual(moment(time), "2026-11-21T10:00:00.123+0000")

    def test_metric_math(self):
        found = trigger({"Metrics": MathTest().math("m1", "m1"), "EvaluationPeriods": 2})
        self.assertEqual(found["Period"], 60)
        self.assertEqual([query["Id"] for query in found["Metrics"]], ["m1", "e"])
        self.assertNotIn("MetricName", found)

    def test_a_percentile(self):
        found = trigger({"MetricName": "m", "ExtendedStatistic": "p99", "DatapointsToAlarm": 1})
        self.assertEqual(found["StatisticType"], "ExtendedStatistic")
        self.assertEqual((found["ExtendedStatistic"], found["DatapointsToAlarm"]), ("p99", 1))


if __name__ == "__main__":
    unittest.main()
