"""The requests of Application Auto Scaling's emulator to the plugin."""

from __future__ import annotations

import json
import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

SOURCE = Path(__file__).resolve().parent.parent / "src"
sys.path.insert(0, str(SOURCE))

from localstack.aws.api import CommonServiceException  # noqa: E402
from rolo import Request  # noqa: E402

from localstack_ecs import cloudwatch, routes_scaling, scaling  # noqa: E402

ACCOUNT, REGION = "111122223333", "eu-west-3"


def activity(number: int, **changes) -> dict:
    return {
        "ActivityId": f"activity-{number}",
        "ServiceNamespace": "ecs",
        "ResourceId": "service/voucher/worker",
        "ScalableDimension": "ecs:service:DesiredCount",
        "Description": f"Setting desired count to {number}.",
        "Cause": "monitor alarm a in state ALARM triggered policy p",
        "StartTime": 1462575838.5 + number,
        "StatusCode": "InProgress",
        "StatusMessage": "…",
        **changes,
    }


def post(body: object) -> int:
    encoded = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    return routes_scaling.activities(Request("POST", body=encoded, headers=headers)).status_code


def record(found: dict, account: str = ACCOUNT, region: str = REGION) -> None:
    assert post({"account": account, "region": region, "activity": found}) == 204


def describe(region: str = REGION, **request) -> dict:
    context = SimpleNamespace(account_id=ACCOUNT, region=region)
    return scaling.describe_scaling_activities(context, {"ServiceNamespace": "ecs", **request})


def ids(reply: dict) -> list[str]:
    return [found["ActivityId"] for found in reply["ScalingActivities"]]


class ActivitiesTest(unittest.TestCase):
    def setUp(self):
        scaling.ACTIVITIES.clear()

    def test_the_newest_comes_first_and_a_later_word_on_one_takes_its_place(self):
        for number in (1, 2, 3):
            record(activity(number))
        record(activity(2, StatusCode="Successful", EndTime=1462575899.25))
        reply = describe()
        self.assertEqual(ids(reply), ["activity-3", "activity-2", "activity-1"])
        second = reply["ScalingActivities"][1]
        self.assertEqual(second["StatusCode"], "Successful")
        self.assertEqual(second["StartTime"].timestamp(), 1462575840.5)
        self.assertEqual(second["EndTime"].timestamp(), 1462575899.25)
        self.assertNotIn("EndTime", reply["ScalingActivities"][0])
        self.assertNotIn("NextToken", reply)

    def test_only_those_that_are_asked_for(self):
        record(activity(1))
        record(activity(2, ResourceId="service/voucher/worker-2"))
        record(activity(3), region="us-east-1")
        record(activity(4), account="000000000000")
        self.assertEqual(ids(describe(ResourceId="service/voucher/worker")), ["activity-1"])
        self.assertEqual(ids(describe()), ["activity-2", "activity-1"])
        self.assertEqual(ids(describe(region="us-east-1")), ["activity-3"])
        self.assertEqual(ids(describe(ScalableDimension="ecs:other")), [])

    def test_pages(self):
        for number in range(60):
            record(activity(number))
        first = describe()
        self.assertEqual(len(ids(first)), 50)
        second = describe(NextToken=first["NextToken"])
        self.assertEqual(ids(first) + ids(second), [f"activity-{n}" for n in reversed(range(60))])
        self.assertNotIn("NextToken", second)
        few = describe(MaxResults=5)
        self.assertEqual(len(ids(few)), 5)
        with self.assertRaises(CommonServiceException):
            describe(NextToken="x")

    def test_the_oldest_are_forgotten(self):
        for number in range(scaling.KEPT + 3):
            scaling.record(ACCOUNT, REGION, activity(number))
        self.assertEqual(len(scaling.ACTIVITIES[ACCOUNT, REGION]), scaling.KEPT)
        self.assertNotIn("activity-2", scaling.ACTIVITIES[ACCOUNT, REGION])

    def test_what_is_no_activity_is_refused(self):
        for body in ([], {}, {"account": "1", "region": "r"}, {"account": 1, "activity": {}}):
            with self.subTest(body=body):
                self.assertEqual(post(body), 400)
        broken = activity(1, StartTime="yesterday")
        self.assertEqual(post({"account": ACCOUNT, "region": REGION, "activity": broken}), 400)
        self.assertEqual(ids(describe()), [])


class DatapointsTest(unittest.TestCase):
    def test_the_alarms_that_were_evaluated(self):
        arn = "arn:aws:cloudwatch:eu-west-3:111122223333:alarm:a/b c"
        cloudwatch.EVALUATED[arn] = [None, 1.5, None]
        self.addCleanup(cloudwatch.EVALUATED.clear)
        asked = "alarm=arn%3Aaws%3Acloudwatch%3Aeu-west-3%3A111122223333%3Aalarm%3Aa%2Fb%20c&alarm=x"
        reply = routes_scaling.datapoints(Request("GET", query_string=asked))
        self.assertEqual(reply.json, {arn: {"values": [None, 1.5, None]}})


class RegisteredTest(unittest.TestCase):
    def test_where_there_are_scalable_targets_of_services(self):
        backend = scaling.applicationautoscaling_backends[ACCOUNT][REGION]
        self.addCleanup(backend.targets.clear)
        backend.targets["ecs:service:DesiredCount"] = {"service/c/b": None, "service/c/a": None}
        backend.targets["dynamodb:table:ReadCapacityUnits"] = {"table/t": None}
        scaling.applicationautoscaling_backends[ACCOUNT]["us-east-1"]
        reply = routes_scaling.registered(Request("GET"))
        expected = {"account": ACCOUNT, "region": REGION, "targets": ["service/c/a", "service/c/b"]}
        self.assertEqual(reply.json, [expected])


if __name__ == "__main__":
    unittest.main()
