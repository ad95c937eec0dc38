"""The state of an alarm, by the rules that AWS documents.

Source: Amazon CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms
treat missing data", whose tables of examples are this module's tests.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

from localstack_ecs import metric_math
from localstack_ecs.metric_math import Unsupported, Values

Alarm = dict
"""An alarm as DescribeAlarms shows it."""

MINUTE = 60
HIGH_RESOLUTION = 10
"""Seconds between the evaluations of an alarm with a period under a minute."""
EXTRA_PERIODS = 2
"""Datapoints looked back at beyond the evaluation periods, in case some are missing. AWS keeps the
rule for itself; this is the number in its examples."""

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100(?:\.0{1,10})?)")


def queries(alarm: Alarm) -> list[dict]:
    """Returns the alarm's metric data queries: its metric, or its metric math."""
    found = alarm.get("Metrics") or [
        {
            "Id": "metric",
            "ReturnData": True,
            "MetricStat": {
                "Metric": {
                    "Namespace": alarm.get("Namespace"),
                    "MetricName": alarm.get("MetricName"),
                    "Dimensions": alarm.get("Dimensions") or [],
                },
                "Period": alarm.get("Period"),
                "Stat": alarm.get("Statistic") or alarm.get("ExtendedStatistic"),
                **({"Unit": alarm["Unit"]} if alarm.get("Unit") else {}),
            },
        }
    ]
    if alarm.get("ComparisonOperator") not in COMPARISONS or alarm.get("Threshold") is None:
        raise Unsupported("only fixed thresholds are evaluated")
    if alarm.get("EvaluateLowSampleCountPercentile") == "ignore":
        raise Unsupported("percentiles of few samples are always evaluated, not ignored")
    for query in found:
        if (statistic := (query.get("MetricStat") or {}).get("Stat")) and not (
            statistic in STATISTICS or percentile(statistic) is not None
        ):
            raise Unsupported(f"the statistic {statistic} is not evaluated")
    check_references(found, returned(found)["Id"], ())
    return found


def check_references(found: list[dict], wanted: str, users: tuple[str, ...]) -> None:
    """Refuses an expression that refers to nothing or to itself, or has an unsupported part."""
    by_id = {query["Id"]: query for query in found}
    if wanted not in by_id:
        raise Unsupported(f"no metric is called {wanted}")
    if wanted in users:
        raise Unsupported(f"{wanted} refers to itself")
    if by_id[wanted].get("MetricStat"):
        return
    used = metric_math.metrics(metric_math.parse(by_id[wanted].get("Expression") or ""))
    for name in sorted(used):
        check_references(found, name, (*users, wanted))


def percentile(statistic: str | None) -> float | None:
    """Returns 99.9 for `p99.9`. None for a statistic that isn't a percentile."""
    found = PERCENTILE.fullmatch(statistic or "")
    return float(found[1]) if found else None


def returned(found: list[dict]) -> dict:
    """Returns the query whose datapoints are compared with the threshold."""
    compared = [query for query in found if query.get("ReturnData", True)]
    if len(compared) != 1:
        raise Unsupported("exactly one of the queries has to return data")
    return compared[0]


def period(found: list[dict]) -> int:
    """Returns the seconds of a datapoint of these queries. If they differ, the longest period."""
    periods = [query["MetricStat"]["Period"] for query in found if query.get("MetricStat")]
    if not periods:
        raise Unsupported("there is no metric")
    return int(max(periods))


def interval(seconds: int) -> int:
    """Returns the seconds between the evaluations of an alarm with this period."""
    return MINUTE if seconds >= MINUTE else HIGH_RESOLUTION


def window(alarm: Alarm, seconds: float, every: float, now: float) -> tuple[float, float]:
    """Returns the start and end of an evaluation's range, as Unix times.

    The range contains as many datapoints of this period as the evaluation needs, up to the end of
    the last completed interval. `every` is the interval's length.
    """
    end = now // every * every
    return end - (alarm["EvaluationPeriods"] + EXTRA_PERIODS) * seconds, end


def combine(found: list[dict], series: dict[str, Values]) -> Values:
    """Returns the datapoints that the alarm compares, of its metric or its metric math."""
    query = returned(found)
    if query.get("MetricStat"):
        return series[query["Id"]]
    trees = {
        query["Id"]: metric_math.parse(query["Expression"])
        for query in found
        if query.get("Expression")
    }
    return metric_math.values(trees, query["Id"], series)


def next_state(values: Values, alarm: Alarm) -> str | None:
    """Returns the state that results from these datapoints. None if the state doesn't change.

    Real datapoints come first, including datapoints before the evaluation periods. Only the missing
    ones are filled in, according to `TreatMissingData`.
    """
    needed = alarm["EvaluationPeriods"]
    to_alarm = alarm.get("DatapointsToAlarm") or needed
    treatment = alarm.get("TreatMissingData") or "missing"
    breaches = COMPARISONS[alarm["ComparisonOperator"]]
    # Ordered by age: 0 is the newest datapoint.
    real = [
        (age, breaches(value, alarm["Threshold"]))
        for age, value in enumerate(reversed(values))
        if value is not None
    ][:needed]
    lacking = needed - len(real)
    breaching = sum(breach for _, breach in real)
    if treatment == "breaching":
        breaching += lacking
    if not real and treatment in ("missing", "ignore"):
        return "INSUFFICIENT_DATA" if treatment == "missing" else None
    if breaching >= to_alarm:
        return "ALARM"
    # AWS calls this premature: only breaching datapoints, too few, but old enough.
    old_enough = real and real[-1][0] + 1 >= to_alarm
    if lacking and treatment in ("missing", "ignore") and breaching == len(real) and old_enough:
        return "ALARM" if treatment == "missing" else None
    return "OK"


def reason(values: Values, alarm: Alarm) -> str:
    """Returns the reason why an evaluation changed the alarm's state."""
    real = [value for value in values if value is not None][-alarm["EvaluationPeriods"] :]
    missing = alarm.get("TreatMissingData") or "missing"
    shown = ", ".join(f"{value:g}" for value in real)
    return (
        f"Threshold Crossed: datapoints [{shown}] compared with {alarm['ComparisonOperator']} "
        f"{alarm['Threshold']:g}; missing ones treated as {missing}."
    )
