"""LocalStack's CloudWatch, with alarms that are evaluated when and how AWS does.

LocalStack checks an alarm every `Period × EvaluationPeriods` seconds, counts datapoints outside the
evaluation periods, and never evaluates metric math. Here an alarm is evaluated at the end of every
minute (every ten seconds with a period under a minute), by the rules in `alarms`. The first
evaluation is at the end of the minute in which it was created. SNS and Lambda receive state
changes, Auto Scaling doesn't. Statistics come from `datapoints`, messages from `alarm_message`.
"""

from __future__ import annotations

import json
import logging
import math
import random
import re
import time
from datetime import UTC, datetime

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudwatch import (
    AlarmNames,
    DescribeAlarmsOutput,
    GetMetricDataOutput,
    InvalidParameterValueException,
    ListTagsForResourceOutput,
    MetricDataResult,
    PutMetricAlarmInput,
    ResourceNotFoundException,
    ScanBy,
    TagResourceOutput,
    UntagResourceOutput,
)
from localstack.aws.connect import connect_to
from localstack.services.cloudwatch import provider_v2
from localstack.services.cloudwatch.alarm_scheduler import AlarmScheduler
from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase
from localstack.services.cloudwatch.models import cloudwatch_stores
from localstack.services.cloudwatch.provider_v2 import CloudwatchProvider
from localstack.services.plugins import Service, aws_provider
from localstack.utils.aws.arns import cloudwatch_alarm_arn, parse_arn
from localstack.utils.patch import Patch

from localstack_ecs import alarm_message, alarms, datapoints, speed

LOG = logging.getLogger(__name__)

LAG = (1.0, 4.0)
"""Seconds, at speed 1, after a minute's end at which its alarms are evaluated. Each alarm has its own
moment in it, because LocalStack's scheduler fails if two tasks are due at the same time."""

OTHER_STATISTICS = re.compile(r"(tm|wm|tc|ts)\d{1,2}(\.\d{1,10})?|(TM|WM|TC|TS|PR)\(.+\)|iqm|IQM")
"""Extended statistics that AWS takes and LocalStack refuses."""

EVALUATED: dict[str, alarms.Values] = {}
"""The values of each alarm's last evaluation, by its ARN: the newest last, None for a missing one."""

STATE = ("StateValue", "StateReason", "StateReasonData")
STATE_TIMES = ("StateUpdatedTimestamp", "StateTransitionedTimestamp")


@aws_provider(api="cloudwatch")
def cloudwatch() -> Service:
    """Replaces LocalStack's provider of the same name."""
    helper = CloudwatchDatabase._get_ordered_dimensions_with_separator
    Patch.function(helper, ordered_dimensions).apply()
    statistics = CloudwatchDatabase.get_metric_data_stat
    Patch.function(statistics, datapoints.get_metric_data_stat).apply()
    Patch(
        provider_v2, "create_message_response_update_state_sns", alarm_message.message
    ).apply()
    return Service.for_provider(Provider())


def ordered_dimensions(_original, _self, dims: list[dict] | None, for_search: bool = False):
    """Dimensions in LocalStack's database. Its own pattern treats `worker-10` as `worker-1`."""
    if not dims:
        return None
    ordered = sorted(dims, key=lambda dimension: dimension["Name"])
    wild = "%" if for_search else ""
    return "".join(f"{wild}{d['Name']}={d.get('Value', '')}\t{wild}" for d in ordered)


def check_tag(tag: dict) -> None:
    """Refuses a tag that AWS refuses: only letters, digits, spaces, and _ . : / = + - @ are valid.
    """
    for part, least, most in (("Key", 1, 128), ("Value", 0, 256)):
        text = tag.get(part) or ""
        plain = all(letter.isalnum() or letter in " _.:/=+-@" for letter in text)
        reserved = part == "Key" and text.lower().startswith("aws:")
        if not plain or reserved or not least <= len(text) <= most:
            raise InvalidParameterValueException(f"The tag {part.lower()} {text!r} is not valid.")


class Provider(CloudwatchProvider):
    """Schedules alarms here, and keeps the state of an updated alarm as AWS does."""

    def start_alarm_scheduler(self) -> None:
        if not self.alarm_scheduler:
            self.alarm_scheduler = MinuteScheduler(self.cloudwatch_database)

    @handler("GetMetricData")
    def get_metric_data(
        self,
        context: RequestContext,
        metric_data_queries: list[dict],
        start_time: datetime,
        end_time: datetime,
        **others,
    ) -> GetMetricDataOutput:
        """Also returns metric math, which LocalStack refuses."""
        metrics = [query for query in metric_data_queries if query.get("MetricStat")]
        found = super().get_metric_data(context, metrics, start_time, end_time, **others)
        if len(metrics) == len(metric_data_queries):
            return found
        begin, period = start_time.timestamp(), alarms.period(metrics)
        length = math.ceil((end_time.timestamp() - begin) / period)
        series: dict[str, alarms.Values] = {}
        for result in found["MetricDataResults"]:
            values = series[result["Id"]] = [None] * length
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                values[int((at.timestamp() - begin) // period)] = value
        for query in metric_data_queries:
            if query.get("Expression") and query.get("ReturnData", True):
                only = [{**other, "ReturnData": other is query} for other in metric_data_queries]
                values = alarms.combine(only, series)
                there = [(at, value) for at, value in enumerate(values) if value is not None]
                if others.get("scan_by") != ScanBy.TimestampAscending:
                    there.reverse()
                times = [datetime.fromtimestamp(begin + at * period, UTC) for at, _ in there]
                found["MetricDataResults"].append(
                    MetricDataResult(
                        Id=query["Id"],
                        Label=query.get("Label") or query["Id"],
                        StatusCode="Complete",
                        Timestamps=times,
                        Values=[value for _, value in there],
                    )
                )
        shown = {query["Id"] for query in metric_data_queries if query.get("ReturnData", True)}
        results = found["MetricDataResults"]
        found["MetricDataResults"] = [result for result in results if result["Id"] in shown]
        return found

    @handler("PutMetricAlarm", expand=False)
    def put_metric_alarm(self, context: RequestContext, request: PutMetricAlarmInput) -> None:
        store = self.get_store(context.account_id, context.region)
        arn = cloudwatch_alarm_arn(request["AlarmName"], context.account_id, context.region)
        before = store.alarms.get(arn)
        given, tags = {**request}, request.get("Tags")
        given.pop("Tags", None)
        extended = request.get("ExtendedStatistic")
        if foreign := extended and OTHER_STATISTICS.fullmatch(extended):
            given["ExtendedStatistic"] = "p50"  # which LocalStack accepts
        elif extended and alarms.percentile(extended) is None:
            raise InvalidParameterValueException(
                f"The value {extended} for parameter ExtendedStatistic is not supported."
            )
        super().put_metric_alarm(context, given)
        if foreign:
            store.alarms[arn].alarm["ExtendedStatistic"] = extended
            self.alarm_scheduler.schedule_metric_alarm(arn)
        if before:
            kept = {key: before.alarm[key] for key in STATE + STATE_TIMES if key in before.alarm}
            store.alarms[arn].alarm.update(kept)
        elif tags:
            # AWS also ignores the tags in a request that changes an alarm.
            store.TAGS.tag_resource(arn, tags)

    @handler("DeleteAlarms")
    def delete_alarms(self, context: RequestContext, alarm_names: AlarmNames, **kwargs) -> None:
        super().delete_alarms(context, alarm_names, **kwargs)
        store = self.get_store(context.account_id, context.region)
        for name in alarm_names:
            arn = cloudwatch_alarm_arn(name, context.account_id, context.region)
            store.TAGS.del_resource(arn)
            EVALUATED.pop(arn, None)

    @handler("DescribeAlarms")
    def describe_alarms(self, context: RequestContext, **kwargs) -> DescribeAlarmsOutput:
        response = super().describe_alarms(context, **kwargs)
        headers = context.request.headers
        agents = [headers.get(name) for name in ("User-Agent", "X-Amz-User-Agent")]
        if not any(speed.asks(agent) for agent in agents):
            return response
        found = response.get("MetricAlarms") or []
        return {**response, "MetricAlarms": [speed.alarm(alarm) for alarm in found]}

    @handler("ListTagsForResource")
    def list_tags_for_resource(
        self, context: RequestContext, resource_arn: str, **kwargs
    ) -> ListTagsForResourceOutput:
        self._require(context, resource_arn)
        return super().list_tags_for_resource(context, resource_arn, **kwargs)

    @handler("TagResource")
    def tag_resource(
        self, context: RequestContext, resource_arn: str, tags: list[dict], **kwargs
    ) -> TagResourceOutput:
        self._require(context, resource_arn)
        for tag in tags:
            check_tag(tag)
        return super().tag_resource(context, resource_arn, tags, **kwargs)

    @handler("UntagResource")
    def untag_resource(
        self, context: RequestContext, resource_arn: str, tag_keys: list[str], **kwargs
    ) -> UntagResourceOutput:
        self._require(context, resource_arn)
        return super().untag_resource(context, resource_arn, tag_keys, **kwargs)

    def _require(self, context: RequestContext, arn: str) -> None:
        """Refuses an alarm that doesn't exist. LocalStack would store its tags anyway."""
        store = self.get_store(context.account_id, context.region)
        if ":alarm:" in arn and arn not in store.alarms:
            raise ResourceNotFoundException(
                f"Unknown resource {arn}", ResourceType="alarm", ResourceId=arn
            )

    def _update_state(self, context: RequestContext, alarm, *arguments, **keywords) -> None:
        super()._update_state(context, alarm, *arguments, **keywords)
        # LocalStack uses two different times, one of them a local time without a zone.
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        alarm.alarm.update(dict.fromkeys(STATE_TIMES, now))


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
            period = alarms.period(alarms.queries(alarm))
        except alarms.Unsupported as error:
            LOG.warning("alarm %s is not evaluated: %s", alarm["AlarmName"], error)
            return
        interval = speed.real_period(alarms.interval(period))
        lag = speed.real(random.uniform(*LAG))
        self.scheduled_alarms[alarm_arn] = self.scheduler.schedule(
            self.evaluate,
            period=interval,
            start=(time.time() // interval + 1) * interval + lag,
            on_error=lambda error: LOG.error("failed to evaluate %s", alarm_arn, exc_info=error),
            args=[alarm_arn],
        )

    def evaluate(self, alarm_arn: str) -> None:
        """Sets the alarm's state from its datapoints, and notifies its targets."""
        alarm = alarm_of(alarm_arn)
        if alarm is None:
            return
        values = EVALUATED[alarm_arn] = self._values(alarm_arn, alarm)
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
        seconds = alarms.period(queries)
        period = speed.real_period(seconds)
        every = speed.real_period(alarms.interval(seconds))
        begin, end = alarms.window(alarm, period, every, time.time())
        series = {
            query["Id"]: self._series(alarm_arn, query, period, begin, end)
            for query in queries
            if query.get("MetricStat")
        }
        return alarms.combine(queries, series)

    def _series(
        self, alarm_arn: str, query: dict, period: float, begin: float, end: float
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
        values: alarms.Values = [None] * round((end - begin) / period)
        for timestamp, value in zip(data["timestamps"], data["values"], strict=True):
            values[round((timestamp - begin) / period)] = float(value)
        return values


def alarm_of(arn: str) -> alarms.Alarm | None:
    """Returns the metric alarm with this ARN."""
    found = parse_arn(arn)
    stored = cloudwatch_stores[found["account"]][found["region"]].alarms.get(arn)
    return stored.alarm if stored else None
