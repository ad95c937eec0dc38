"""What state an alarm has, by the rules that AWS documents.

Source: Amazon CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms
treat missing data", whose tables of examples are this module's tests.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

Alarm = dict
"""An alarm as DescribeAlarms shows it."""
Values = list[float | None]
"""Datapoints of equal distance, the newest last; None where there is none."""

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
OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Unsupported(Exception):
    """The alarm asks for more than is evaluated here."""


def queries(alarm: Alarm) -> list[dict]:
    """What the alarm looks at, as metric data queries: its metric, or its metric math."""
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
                "Stat": alarm.get("Statistic"),
            },
        }
    ]
    if alarm.get("ComparisonOperator") not in COMPARISONS or alarm.get("Threshold") is None:
        raise Unsupported("only fixed thresholds are evaluated")
    metrics = {query["Id"]: query["MetricStat"] for query in found if query.get("MetricStat")}
    if any(statistic.get("Stat") not in STATISTICS for statistic in metrics.values()):
        raise Unsupported("percentiles are not evaluated")
    if returned(found)["Id"] not in metrics:
        nodes = ast.walk(parse(returned(found).get("Expression") or ""))
        used = {node.id for node in nodes if isinstance(node, ast.Name)}
        if unknown := used - metrics.keys():
            raise Unsupported(f"no metric is called {', '.join(sorted(unknown))}")
    return found


def returned(found: list[dict]) -> dict:
    """The query whose datapoints are compared with the threshold."""
    compared = [query for query in found if query.get("ReturnData", True)]
    if len(compared) != 1:
        raise Unsupported("exactly one of the queries has to return data")
    return compared[0]


def period(found: list[dict]) -> int:
    """Seconds of a datapoint of these queries: the longest, if they have several."""
    periods = [query["MetricStat"]["Period"] for query in found if query.get("MetricStat")]
    if not periods:
        raise Unsupported("there is no metric")
    return int(max(periods))


def interval(seconds: int) -> int:
    """Seconds between the evaluations of an alarm with this period."""
    return MINUTE if seconds >= MINUTE else HIGH_RESOLUTION


def window(alarm: Alarm, seconds: int, now: float) -> tuple[float, float]:
    """Begin and end of what an evaluation looks at: whole minutes that are over, as Unix times."""
    end = now // interval(seconds) * interval(seconds)
    return end - (alarm["EvaluationPeriods"] + EXTRA_PERIODS) * seconds, end


def combine(found: list[dict], series: dict[str, Values]) -> Values:
    """The datapoints that the alarm compares. Metric math is computed datapoint by datapoint; where
    an operand is missing, so is the result."""
    query = returned(found)
    if query.get("MetricStat"):
        return series[query["Id"]]
    expression = parse(query["Expression"])
    length = min((len(values) for values in series.values()), default=0)
    return [
        compute(expression, {name: values[index] for name, values in series.items()})
        for index in range(length)
    ]


def parse(expression: str) -> ast.expr:
    """Metric math of numbers, metrics and `+ - * /`; other functions are not evaluated."""
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise Unsupported(f"not understood: {expression}") from error
    for node in ast.walk(tree):
        plain = isinstance(node, ast.BinOp | ast.Name | ast.Load) or type(node) in OPERATIONS
        number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
        if not (plain or number):
            raise Unsupported(f"only + - * / are evaluated: {expression}")
    return tree


def compute(node: ast.expr, values: dict[str, float | None]) -> float | None:
    """The value of an expression for one datapoint."""
    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.Name):
        return values[node.id]
    left, right = compute(node.left, values), compute(node.right, values)
    if left is None or right is None or (isinstance(node.op, ast.Div) and right == 0):
        return None
    return OPERATIONS[type(node.op)](left, right)


def next_state(values: Values, alarm: Alarm) -> str | None:
    """The state that these datapoints give the alarm; None: the state that it has.

    Real datapoints come first, also those from before the evaluation periods; only as many as are
    still lacking are filled in as `TreatMissingData` says.
    """
    needed = alarm["EvaluationPeriods"]
    to_alarm = alarm.get("DatapointsToAlarm") or needed
    treatment = alarm.get("TreatMissingData") or "missing"
    breaches = COMPARISONS[alarm["ComparisonOperator"]]
    # By age: 0 is the newest datapoint's.
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
    # What AWS calls premature: nothing but breaching datapoints, too few, but long enough ago.
    old_enough = real and real[-1][0] + 1 >= to_alarm
    if lacking and treatment in ("missing", "ignore") and breaching == len(real) and old_enough:
        return "ALARM" if treatment == "missing" else None
    return "OK"


def reason(values: Values, alarm: Alarm) -> str:
    """Why an evaluation changed the alarm's state."""
    real = [value for value in values if value is not None][-alarm["EvaluationPeriods"] :]
    missing = alarm.get("TreatMissingData") or "missing"
    shown = ", ".join(f"{value:g}" for value in real)
    return (
        f"Threshold Crossed: datapoints [{shown}] compared with {alarm['ComparisonOperator']} "
        f"{alarm['Threshold']:g}; missing ones treated as {missing}."
    )
