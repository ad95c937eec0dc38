"""Statistics, including percentiles, over the data in LocalStack's CloudWatch.

LocalStack doesn't support percentiles, and confuses metrics with additional dimensions with the
requested one. This module reads the datapoints of exactly these dimensions, and computes statistics
from them.
"""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from localstack.aws.api.cloudwatch import MetricDataQuery, ScanBy
from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase

from localstack_ecs.alarms import percentile

ROWS = """
SELECT timestamp, value, 1, value, value FROM {single} WHERE {condition}
UNION ALL
SELECT timestamp, sum, sample_count, min, max FROM {aggregated} WHERE {condition}
"""
CONDITION = """account_id = :account AND region = :region AND namespace = :namespace
AND metric_name = :name AND dimensions IS :dimensions AND timestamp >= :start AND timestamp < :end
AND (:any_unit OR unit IS :unit)"""


@dataclass(frozen=True)
class Sample:
    """A published value or statistic set."""

    total: float
    count: float
    least: float
    most: float


def get_metric_data_stat(
    _original,
    database: CloudwatchDatabase,
    account_id: str,
    region: str,
    query: MetricDataQuery,
    start_time: datetime,
    end_time: datetime,
    scan_by: str | None,
) -> dict[str, list]:
    """Replaces LocalStack's method of this name."""
    statistic = query["MetricStat"]
    start, end = start_time.timestamp(), end_time.timestamp()
    if float(statistic["Period"]).is_integer():
        start, end = int(start), int(end)
    by_period: defaultdict[int, list[Sample]] = defaultdict(list)
    for timestamp, sample in _read(database, account_id, region, statistic, start, end):
        by_period[int((timestamp - start) // statistic["Period"])].append(sample)
    found = [
        (start + index * statistic["Period"], value)
        for index, samples in sorted(by_period.items())
        if (value := aggregate(statistic["Stat"], samples)) is not None
    ]
    if scan_by is None or scan_by == ScanBy.TimestampDescending:
        found.reverse()
    return {"timestamps": [time for time, _ in found], "values": [value for _, value in found]}


def aggregate(statistic: str, samples: list[Sample]) -> float | None:
    """Returns a statistic over the samples of one period. None if they don't determine it."""
    count = sum(sample.count for sample in samples)
    total = sum(sample.total for sample in samples)
    if not count:
        return None
    if (percent := percentile(statistic)) is not None:
        return _percentile(percent, samples)
    if statistic == "Average":
        return total / count
    if statistic == "Minimum":
        return min(sample.least for sample in samples)
    if statistic == "Maximum":
        return max(sample.most for sample in samples)
    return {"Sum": total, "SampleCount": count}.get(statistic)


def _percentile(percent: float, samples: list[Sample]) -> float | None:
    """Uses the nearest rank. AWS also has no percentile of statistic sets whose values differ."""
    if any(sample.least != sample.most for sample in samples):
        return None
    rank = max(1, math.ceil(percent / 100 * sum(sample.count for sample in samples)))
    for sample in sorted(samples, key=lambda sample: sample.least):
        rank -= sample.count
        if rank <= 0:
            break
    return sample.least


def _read(
    database: CloudwatchDatabase, account: str, region: str, statistic: dict, start: float, end: float
) -> list[tuple[float, Sample]]:
    metric, unit = statistic["Metric"], statistic.get("Unit")
    arguments = {
        "account": account,
        "region": region,
        "namespace": metric.get("Namespace"),
        "name": metric.get("MetricName"),
        "dimensions": database._get_ordered_dimensions_with_separator(metric.get("Dimensions")),
        "start": start,
        "end": end,
        "any_unit": not unit,
        # LocalStack's own name for a datapoint without a unit.
        "unit": None if unit == "NULL_VALUE" else unit,
    }
    rows = ROWS.format(
        single=database.TABLE_SINGLE_METRICS,
        aggregated=database.TABLE_AGGREGATED_METRICS,
        condition=CONDITION,
    )
    with (
        database.DATABASE_LOCK,
        sqlite3.connect(database.METRICS_DB_READ_ONLY, uri=True) as connection,
    ):
        return [(row[0], Sample(*row[1:])) for row in connection.execute(rows, arguments)]
