"""EventBridge Scheduler: moto keeps schedules, and this carries them out.

`at(…)` once and `rate(…)` again and again, by the real clock, however fast the sandbox is. Two kinds of
targets: the templated one of SNS, and the universal one of Application Auto Scaling's
RegisterScalableTarget. Anything else is logged and not carried out. Roles aren't checked.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from localstack.aws.connect import connect_to
from moto.scheduler.models import Schedule, ScheduleGroup, scheduler_backends

LOG = logging.getLogger(__name__)

TICK = 1.0
"""Seconds between two checks. Scheduler has a precision of a minute."""
AT = re.compile(r"at\((.+)\)")
RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
REGISTER = ":aws-sdk:applicationautoscaling:registerScalableTarget"


def install() -> None:
    """Start to carry schedules out."""
    threading.Thread(target=loop, name="schedules", daemon=True).start()


def loop() -> None:
    while True:
        time.sleep(TICK)
        try:
            check_all(time.time())
        except Exception:
            LOG.exception("failed to check the schedules")


def check_all(now: float) -> None:
    """Carry out what is due in all accounts and regions."""
    for account, regions in list(scheduler_backends.items()):
        for region, backend in list(regions.items()):
            for group in list(backend.schedule_groups.values()):
                for schedule in list(group.schedules.values()):
                    check(account, region, group, schedule, now)


def check(account: str, region: str, group: ScheduleGroup, schedule: Schedule, now: float) -> None:
    """Carry the schedule out if it is due."""
    # An update takes effect as a new schedule does.
    version = (schedule.schedule_expression, schedule.last_modified_date)
    if getattr(schedule, "version", None) != version:
        schedule.version, schedule.due = version, first(schedule)
    if schedule.due is None or now < schedule.due or schedule.state == "DISABLED":
        return
    period = rate(schedule.schedule_expression)
    schedule.due = None if period is None else max(schedule.due + period, now)
    try:
        invoke(account, region, schedule.target)
    except Exception:
        LOG.exception("failed to carry out the schedule %s", schedule.arn)
    if period is None and schedule.action_after_completion == "DELETE":
        group.schedules.pop(schedule.name, None)


def first(schedule: Schedule) -> float | None:
    """When the schedule is due for the first time, in seconds since 1970; None if it never is here."""
    expression = schedule.schedule_expression
    if found := AT.fullmatch(expression):
        zone = ZoneInfo(schedule.schedule_expression_timezone or "UTC")
        return datetime.fromisoformat(found[1]).replace(tzinfo=zone).timestamp()
    if rate(expression) is not None:
        # Without a start, the first time is at once.
        start = moment(schedule.start_date)
        return schedule.last_modified_date if start is None else start
    LOG.warning("the schedule %s is not carried out: %s", schedule.arn, expression)
    return None


def rate(expression: str) -> int | None:
    """Seconds between two times; None if it isn't a rate."""
    found = RATE.fullmatch(expression)
    return int(found[1]) * SECONDS[found[2]] if found else None


def moment(value: float | str | None) -> float | None:
    """A time of the API, in seconds since 1970."""
    if value is None or isinstance(value, int | float):
        return value
    parsed = datetime.fromisoformat(value)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def invoke(account: str, region: str, target: dict) -> None:
    """Do what the target says."""
    clients = connect_to(aws_access_key_id=account, region_name=region)
    arn, given = target["Arn"], target.get("Input") or "{}"
    if arn.endswith(REGISTER):
        clients.application_autoscaling.register_scalable_target(**json.loads(given))
    elif ":sns:" in arn:
        clients.sns.publish(TopicArn=arn, Message=given)
    else:
        LOG.warning("schedules invoke no %s here", arn)
