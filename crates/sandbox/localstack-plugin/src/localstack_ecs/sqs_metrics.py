"""SQS's metrics for CloudWatch, with the age of the oldest message, and at the sandbox's speed.

LocalStack omits `ApproximateAgeOfOldestMessage`, and makes one request for every message that is
sent, received, or deleted. Here these are added up for a second first.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from localstack.aws.connect import connect_to
from localstack.services.sqs import provider
from localstack.services.sqs.models import FifoQueue, SqsMessage, SqsQueue, sqs_stores
from localstack.utils.patch import Patch

from localstack_ecs import speed

LOG = logging.getLogger(__name__)

MINUTE = 60
FLUSH = 1.0
"""Seconds for which single observations are added up."""
POISON = 3
"""Number of receives after which a message no longer counts for the age of the oldest one."""
BATCH = 1000
"""Metrics that one PutMetricData takes."""

GAUGES = {
    "ApproximateNumberOfMessagesVisible": lambda q: q.approximate_number_of_messages,
    "ApproximateNumberOfMessagesNotVisible": lambda q: q.approximate_number_of_messages_not_visible,
    "ApproximateNumberOfMessagesDelayed": lambda q: q.approximate_number_of_messages_delayed,
}


def install() -> None:
    """Replaces LocalStack's dispatcher and publisher."""
    dispatch = provider.CloudwatchDispatcher.dispatch_sqs_metric
    Patch.function(dispatch, dispatch_sqs_metric).apply()
    Patch.function(provider.CloudwatchPublishWorker.start, start).apply()


class Sums:
    """Observations that haven't been published yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[tuple, list[float]] = {}

    def add(self, key: tuple, value: float) -> None:
        """Adds one observation."""
        with self._lock:
            count, total, least, most = self._sums.get(key, (0, 0.0, value, value))
            self._sums[key] = [count + 1, total + value, min(least, value), max(most, value)]

    def take(self) -> dict[tuple, list[float]]:
        """Returns all of them and clears the store."""
        with self._lock:
            sums, self._sums = self._sums, {}
        return sums


SUMS = Sums()


def dispatch_sqs_metric(
    _original,
    _dispatcher,
    account_id: str,
    region: str,
    queue_name: str,
    metric: str,
    value: float = 1,
    unit: str = "Count",
) -> None:
    SUMS.add((account_id, region, queue_name, metric, unit), value)


def start(_original, worker: provider.CloudwatchPublishWorker) -> None:
    if worker.thread:
        return
    worker.scheduler = provider.Scheduler()
    period = speed.real(MINUTE)
    now = time.time()
    # In the middle of a compressed minute, so that the second of a sample is within it.
    first = now if speed.SPEED == 1 else (now // period + 1.5) * period
    for task, every, begin in ((publish, period, first), (flush, FLUSH, now + FLUSH)):
        worker.scheduler.schedule(
            task,
            period=every,
            start=begin,
            on_error=lambda error: LOG.error("failed to publish SQS's metrics", exc_info=error),
        )
    scheduler = worker.scheduler
    worker.thread = provider.start_thread(
        lambda *_: scheduler.run(), name="sqs-approx-metrics-cloudwatch-publisher"
    )


def flush() -> None:
    """Publishes the observations since the last call."""
    data: dict[tuple[str, str], list[dict]] = {}
    for (account, region, queue, metric, unit), sums in SUMS.take().items():
        count, total, least, most = sums
        statistics = {"SampleCount": count, "Sum": total, "Minimum": least, "Maximum": most}
        datum = {**_datum(queue, metric, unit), "StatisticValues": statistics}
        data.setdefault((account, region), []).append(datum)
    for (account, region), found in data.items():
        _put(account, region, found)


def publish() -> None:
    """Publishes each queue's number of messages, and the age of the oldest."""
    now = time.time()
    for account, region, store in sqs_stores.iter_stores():
        found = []
        for queue in list(store.queues.values()):
            for metric, value in GAUGES.items():
                found.append({**_datum(queue.name, metric, "Count"), "Value": value(queue)})
            age = _datum(queue.name, "ApproximateAgeOfOldestMessage", "Seconds")
            found.append({**age, "Value": oldest(messages(queue), now)})
        _put(account, region, found)


def messages(queue: SqsQueue) -> Iterator[SqsMessage]:
    """Returns the messages that are waiting or in flight."""
    with queue.mutex:
        found = list(queue.inflight)
        if isinstance(queue, FifoQueue):
            for group in list(queue.message_groups.values()):
                found.extend(group.messages)
        else:
            found.extend(queue.visible.queue)
    return iter(found)


def oldest(found: Iterator[SqsMessage], now: float) -> float:
    """Returns the age of the oldest message that counts in whole seconds. 0 if there is none."""
    begins = (m.created for m in found if m.receive_count < POISON and not m.deleted)
    begin = min(begins, default=now)
    return float(max(0, int(now - begin)))


def _datum(queue: str, metric: str, unit: str) -> dict:
    return {
        "MetricName": metric,
        "Dimensions": [{"Name": "QueueName", "Value": queue}],
        "Unit": unit,
        "Timestamp": datetime.now(UTC),
    }


def _put(account: str, region: str, data: list[dict]) -> None:
    client = connect_to(aws_access_key_id=account, region_name=region).cloudwatch
    for begin in range(0, len(data), BATCH):
        client.put_metric_data(Namespace="AWS/SQS", MetricData=data[begin : begin + BATCH])
