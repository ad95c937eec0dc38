"""LocalStack's CloudWatch, with alarms that are evaluated when and how AWS does.

LocalStack looks at an alarm every `Period × EvaluationPeriods` seconds, counts datapoints beyond
the evaluation periods, and never looks at metric math. Here an alarm is evaluated at the end of
every minute (every ten seconds with a period under a minute), by the rules in `alarms`; the first
time at the end of the minute in which it was made. Changes of state act as in LocalStack: SNS and
Lambda hear of them, Auto Scaling doesn't.
"""

from __future__ import annotations

import json
import logging
import random
import time
from datetime import UTC, datetime

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudwatch import PutMetricAlarmInput, ScanBy
from localstack.aws.connect import connect_to
from localstack.services.cloudwatch.alarm_scheduler import AlarmScheduler
from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase
from localstack.services.cloudwatch.models import cloudwatch_stores
from localstack.services.cloudwatch.provider_v2 import CloudwatchProvider
from localstack.services.plugins import Service, aws_provider
from localstack.utils.aws.arns import cloudwatch_alarm_arn, parse_arn
from localstack.utils.patch import Patch

from localstack_ecs import alarms

LOG = logging.getLogger(__name__)

LAG = (1.0, 4.0)
"""Seconds after a minute's end at which its alarms are evaluated. Each alarm has its own moment in
it, since LocalStack's scheduler fails on two tasks that are due at the very same time."""

STATE = ("StateValue", "StateReason", "StateReasonData")
STATE_TIMES = ("StateUpdatedTimestamp", "StateTransitionedTimestamp")


@aws_provider(api="cloudwatch")
def cloudwatch() -> Service:
    """Takes the place of LocalStack's provider of the same name."""
    helper = CloudwatchDatabase._get_ordered_dimensions_with_separator
    Patch.function(helper, ordered_dimensions).apply()
    return Service.for_provider(Provider())


def ordered_dimensions(_original, _self, dims: list[dict] | None, for_search: bool = False):
    """Dimensions in LocalStack's database. Its own pattern takes `worker-10` for `worker-1`."""
    if not dims:
        return None
    ordered = sorted(dims, key=lambda dimension: dimension["Name"])
    wild = "%" if for_search else ""
    return "".join(f"{wild}{d['Name']}={d.get('Value', '')}\t{wild}" for d in ordered)


class Provider(CloudwatchProvider):
    """Schedules alarms here, and keeps an updated alarm's state as AWS does."""

    def start_alarm_scheduler(self) -> None:
        if not self.alarm_scheduler:
            self.alarm_scheduler = MinuteScheduler(self.cloudwatch_database)

    @handler("PutMetricAlarm", expand=False)
    def put_metric_alarm(self, context: RequestContext, request: PutMetricAlarmInput) -> None:
        store = self.get_store(context.account_id, context.region)
        arn = cloudwatch_alarm_arn(request["AlarmName"], context.account_id, context.region)
        before = store.alarms.get(arn)
        super().put_metric_alarm(context, request)
        if before:
            kept = {key: before.alarm[key] for key in STATE + STATE_TIMES if key in before.alarm}
            store.alarms[arn].alarm.update(kept)


class MinuteScheduler(AlarmScheduler):
    """Evaluates every alarm at the end of every minute."""

    def __init__(self, database: CloudwatchDatabase) -> None:
        super().__init__()
        self._database = database

    def schedule_metric_alarm(self, alarm_arn: str) -> None:
        self.delete_scheduler_for_alarm(alarm_arn)
        alarm = alarm_of(alarm_arn)
        if alarm is None:
            return
        try:
            interval = alarms.interval(alarms.period(alarms.queries(alarm)))
        except alarms.Unsupported as error:
            LOG.warning("alarm %s is not evaluated: %s", alarm["AlarmName"], error)
            return
        self.scheduled_alarms[alarm_arn] = self.scheduler.schedule(
            self.evaluate,
            period=interval,
            start=(time.time() // interval + 1) * interval + random.uniform(*LAG),
            on_error=lambda error: LOG.error("failed to evaluate %s", alarm_arn, exc_info=error),
            args=[alarm_arn],
        )

    def evaluate(self, alarm_arn: str) -> None:
        """Give the alarm the state that its datapoints say, and tell whom it tells."""
        alarm = alarm_of(alarm_arn)
        if alarm is None:
            return
        values = self._values(alarm_arn, alarm)
        state = alarms.next_state(values, alarm)
        if state is None or state == alarm["StateValue"]:
            return
        found = parse_arn(alarm_arn)
        client = connect_to(aws_access_key_id=found["account"], region_name=found["region"])
        client.cloudwatch.set_alarm_state(
            AlarmName=alarm["AlarmName"],
            StateValue=state,
            StateReason=alarms.reason(values, alarm),
            StateReasonData=json.dumps(
                {
                    "queryDate": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
                    "recentDatapoints": [value for value in values if value is not None],
                    "threshold": alarm["Threshold"],
                }
            ),
        )

    def _values(self, alarm_arn: str, alarm: alarms.Alarm) -> alarms.Values:
        queries = alarms.queries(alarm)
        period = alarms.period(queries)
        begin, end = alarms.window(alarm, period, time.time())
        series = {
            query["Id"]: self._series(alarm_arn, query, period, begin, end)
            for query in queries
            if query.get("MetricStat")
        }
        return alarms.combine(queries, series)

    def _series(
        self, alarm_arn: str, query: dict, period: int, begin: float, end: float
    ) -> alarms.Values:
        found = parse_arn(alarm_arn)
        data = self._database.get_metric_data_stat(
            account_id=found["account"],
            region=found["region"],
            query={**query, "MetricStat": {**query["MetricStat"], "Period": period}},
            start_time=datetime.fromtimestamp(begin, UTC),
            end_time=datetime.fromtimestamp(end, UTC),
            scan_by=ScanBy.TimestampAscending,
        )
        values: alarms.Values = [None] * int((end - begin) // period)
        for timestamp, value in zip(data["timestamps"], data["values"], strict=True):
            values[int((timestamp - begin) // period)] = float(value)
        return values


def alarm_of(arn: str) -> alarms.Alarm | None:
    """The metric alarm of this ARN."""
    found = parse_arn(arn)
    stored = cloudwatch_stores[found["account"]][found["region"]].alarms.get(arn)
    return stored.alarm if stored else None
