"""The message that CloudWatch sends to SNS when an alarm changes its state.

LocalStack formats times as in Lambda's console, uses its own name for the region, and omits metric
math and the number of datapoints. This module uses the format of AWS's own messages.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from botocore.loaders import Loader
from localstack.services.cloudwatch.models import LocalStackMetricAlarm
from localstack.utils.strings import camel_to_snake_case

TRIGGER_ALWAYS = {
    "Period": None,
    "EvaluationPeriods": None,
    "ComparisonOperator": "",
    "Threshold": 0.0,
    "TreatMissingData": "missing",
    "EvaluateLowSampleCountPercentile": "",
}


def message(stored: LocalStackMetricAlarm, old_state: str) -> str:
    """Returns the message's text, for an alarm that has its new state."""
    alarm = stored.alarm
    return json.dumps(
        {
            "AlarmName": alarm["AlarmName"],
            "AlarmDescription": alarm.get("AlarmDescription"),
            "AWSAccountId": stored.account_id,
            "AlarmConfigurationUpdatedTimestamp": moment(
                alarm["AlarmConfigurationUpdatedTimestamp"]
            ),
            "NewStateValue": alarm["StateValue"],
            "NewStateReason": alarm["StateReason"],
            "StateChangeTime": moment(alarm["StateTransitionedTimestamp"]),
            "Region": region_name(stored.region),
            "AlarmArn": alarm["AlarmArn"],
            "OldStateValue": old_state,
            "OKActions": alarm.get("OKActions") or [],
            "AlarmActions": alarm.get("AlarmActions") or [],
            "InsufficientDataActions": alarm.get("InsufficientDataActions") or [],
            "Trigger": trigger(alarm),
        }
    )


def moment(time: datetime) -> str:
    """Formats a time as 2026-11-21T10:00:00.123+0000."""
    time = time.astimezone(UTC)
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}+0000"


def trigger(alarm: dict) -> dict:
    """Returns the alarm's metric or metric math."""
    common = {name: alarm.get(name, default) for name, default in TRIGGER_ALWAYS.items()}
    if alarm.get("DatapointsToAlarm"):
        common["DatapointsToAlarm"] = alarm["DatapointsToAlarm"]
    if metrics := alarm.get("Metrics"):
        periods = [query["MetricStat"]["Period"] for query in metrics if query.get("MetricStat")]
        common["Period"] = max(periods, default=None)
        return {**common, "Metrics": [_query(query) for query in metrics]}
    found = {
        "MetricName": alarm.get("MetricName"),
        "Namespace": alarm.get("Namespace"),
        "Unit": alarm.get("Unit"),
        "Dimensions": _dimensions(alarm.get("Dimensions")),
    }
    if extended := alarm.get("ExtendedStatistic"):
        found |= {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": extended}
    elif statistic := alarm.get("Statistic"):
        upper = camel_to_snake_case(statistic).upper()
        found |= {"StatisticType": "Statistic", "Statistic": upper}
    return {**found, **common}


def region_name(region: str) -> str:
    """Returns `US West (Oregon)` for us-west-2."""
    for partition in Loader().load_data("endpoints")["partitions"]:
        if described := partition["regions"].get(region):
            return described["description"]
    return region


def _query(query: dict) -> dict:
    if not (statistic := query.get("MetricStat")):
        return query
    metric = statistic["Metric"]
    metric = {**metric, "Dimensions": _dimensions(metric.get("Dimensions"))}
    return {**query, "MetricStat": {**statistic, "Metric": metric}}


def _dimensions(dimensions: list[dict] | None) -> list[dict]:
    return [{"value": item["Value"], "name": item["Name"]} for item in dimensions or []]
