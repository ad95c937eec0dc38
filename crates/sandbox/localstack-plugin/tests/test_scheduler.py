"""When schedules of EventBridge Scheduler are carried out, and what they do."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from localstack_ecs import scheduler  # noqa: E402
from moto.scheduler.models import Schedule, ScheduleGroup  # noqa: E402

REGISTER = "arn:aws:scheduler:::aws-sdk:applicationautoscaling:registerScalableTarget"
TOPIC = "arn:aws:sns:us-east-1:000000000000:alarms"
NOON = 1_795_262_400
"""2026-11-21T12:00:00Z."""


def group_of(expression: str, target: dict, **more) -> tuple[ScheduleGroup, Schedule]:
    group = ScheduleGroup("us-east-1", "000000000000", "shop")
    given = {"start_date": None, "action_after_completion": "NONE", "state": "ENABLED", **more}
    schedule = Schedule(
        region="us-east-1",
        account_id="000000000000",
        group_name="shop",
        name="worker",
        description=None,
        schedule_expression=expression,
        schedule_expression_timezone=None,
        flexible_time_window={"Mode": "OFF"},
        target=target,
        kms_key_arn=None,
        end_date=None,
        **given,
    )
    schedule.last_modified_date = NOON
    group.add_schedule(schedule)
    return group, schedule


class SchedulerTest(unittest.TestCase):
    def times(self, group: ScheduleGroup, schedule: Schedule, seconds) -> list[int]:
        """The seconds after noon at which the schedule is carried out."""
        done = []
        for second in seconds:
            with patch.object(scheduler, "invoke") as invoke:
                scheduler.check("0", "us-east-1", group, schedule, NOON + second)
            if invoke.called:
                done.append(second)
        return done

    def test_once_and_then_deleted(self):
        expression = "at(2026-11-21T12:01:00)"
        group, schedule = group_of(expression, {"Arn": REGISTER}, action_after_completion="DELETE")
        self.assertEqual(self.times(group, schedule, range(0, 60)), [])
        self.assertIn("worker", group.schedules)
        self.assertEqual(self.times(group, schedule, range(60, 180)), [60])
        self.assertNotIn("worker", group.schedules)

    def test_an_update_counts_as_new(self):
        group, schedule = group_of("at(2026-11-21T12:01:00)", {"Arn": REGISTER})
        self.assertEqual(self.times(group, schedule, range(0, 70)), [60])
        schedule.schedule_expression = "at(2026-11-21T12:02:00)"
        self.assertEqual(self.times(group, schedule, range(70, 180)), [120])

    def test_a_rate_begins_at_its_start(self):
        group, schedule = group_of("rate(1 minute)", {"Arn": TOPIC}, start_date=NOON + 30)
        self.assertEqual(self.times(group, schedule, range(0, 160)), [30, 90, 150])
        group, schedule = group_of("rate(2 hours)", {"Arn": TOPIC})
        self.assertEqual(self.times(group, schedule, (0, 7199, 7200)), [0, 7200])

    def test_disabled_and_unknown_schedules_do_nothing(self):
        group, schedule = group_of("rate(1 minute)", {"Arn": TOPIC}, state="DISABLED")
        self.assertEqual(self.times(group, schedule, range(0, 120)), [])
        group, schedule = group_of("cron(0 12 * * ? *)", {"Arn": TOPIC})
        with self.assertLogs(scheduler.LOG, "WARNING"):
            self.assertEqual(self.times(group, schedule, range(0, 120)), [])

    def test_a_failure_is_not_repeated(self):
        group, schedule = group_of("at(2026-11-21T12:00:00)", {"Arn": REGISTER, "Input": "{}"})
        with patch.object(scheduler, "invoke", side_effect=ValueError) as invoke:
            with self.assertLogs(scheduler.LOG, "ERROR"):
                scheduler.check("0", "us-east-1", group, schedule, NOON)
            scheduler.check("0", "us-east-1", group, schedule, NOON + 1)
        self.assertEqual(invoke.call_count, 1)

    def test_what_targets_do(self):
        calls = []
        clients = SimpleNamespace(
            sns=SimpleNamespace(publish=lambda **given: calls.append(given)),
            application_autoscaling=SimpleNamespace(
                register_scalable_target=lambda **given: calls.append(given)
            ),
        )
        with patch.object(scheduler, "connect_to", return_value=clients):
            scheduler.invoke("0", "us-east-1", {"Arn": TOPIC, "Input": "paused"})
            scheduler.invoke("0", "us-east-1", {"Arn": REGISTER, "Input": '{"MinCapacity": 1}'})
            with self.assertLogs(scheduler.LOG, "WARNING"):
                scheduler.invoke("0", "us-east-1", {"Arn": "arn:aws:sqs:us-east-1:0:q"})
        self.assertEqual(calls, [{"TopicArn": TOPIC, "Message": "paused"}, {"MinCapacity": 1}])


if __name__ == "__main__":
    unittest.main()
