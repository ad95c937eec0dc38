"""Scheduled rules: one schedule per rule, at the sandbox's speed.

LocalStack schedules a rule again with every PutTargets, so an updated rule fires twice, the second
time with its old input. It also ignores DisableRule and EnableRule.

LocalStack checks every minute, counted from its own start, which schedules are due. At a speed
above 1, a `rate(…)` fires one compressed period after the rule was created, and then once per
period. A `cron(…)` contains times of day, which aren't compressed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from localstack.services.events.rule import RuleService
from localstack.services.events.scheduler import Job, JobScheduler
from localstack.utils.patch import Patch

from localstack_ecs import speed

TICK = 0.05
"""Seconds between two checks."""
CRON_LOOK = 59.9
"""Seconds between two checks of a `cron(…)`, as in LocalStack."""
RATES = (
    (re.compile(r"\*/(\d+) \* \* \* \*"), 60),
    (re.compile(r"0 \*/(\d+) \* \* \*"), 3600),
    (re.compile(r"0 0 \*/(\d+) \* \*"), 86400),
)
"""What LocalStack makes of a rate in minutes, hours and days. AWS's own cron has six fields."""


JOBS: dict[str, str] = {}
"""The job of each rule, by the rule's ARN."""


def install() -> None:
    """Replaces LocalStack's scheduling, and its loop if that is too slow."""
    Patch.function(RuleService.create_schedule_job, create_schedule_job).apply()
    if speed.SPEED > 1:
        Patch.function(JobScheduler.loop, loop).apply()
        Patch.function(Job.should_run_now, should_run_now).apply()


def create_schedule_job(original, service: RuleService, send: Callable) -> None:
    scheduler = JobScheduler.instance()
    if earlier := JOBS.get(service.arn):
        scheduler.cancel_job(earlier)

    def send_when_enabled(*_args) -> None:
        if service.rule.state != "DISABLED":
            send()

    original(service, send_when_enabled)
    JOBS[service.arn] = service.job_id
    scheduler.get_job(service.job_id).is_enabled = True


def rate(schedule: str) -> int | None:
    """Returns the seconds of a rate. None for a cron expression."""
    for pattern, unit in RATES:
        if found := pattern.fullmatch(schedule):
            return int(found[1]) * unit
    return None


def loop(_original, scheduler: JobScheduler, *_args) -> None:
    while not scheduler._stop_event.wait(timeout=TICK):
        for job in list(scheduler.jobs):
            job.run()


def should_run_now(original, job: Job) -> bool:
    now = time.monotonic()
    seconds = rate(job.schedule)
    period = CRON_LOOK if seconds is None else speed.real(seconds)
    due = getattr(job, "due", None)
    if due is None:
        # The first check of a new schedule.
        job.due = due = now if seconds is None else now + period
    if now < due:
        return False
    job.due = max(due + period, now)
    return original(job) if seconds is None else True
