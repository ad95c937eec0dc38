"""Another speed, reports on tasks, and SQS's metrics: the parts, and a LocalStack with speed 20."""

from __future__ import annotations

import json
import sys
import time
import unittest
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from localstack_ecs import rules, speed, sqs_metrics, tasks  # noqa: E402
from localstack_ecs.changes import Changes  # noqa: E402
from sandbox import Sandbox  # noqa: E402

SERVICE = "arn:aws:ecs:us-west-2:000000000000:service/c/s"


class SpeedTest(unittest.TestCase):
    def test_only_speeds_that_leave_a_minute_two_seconds(self):
        self.assertEqual([speed.given(text) for text in (None, "", "1", "30")], [1, 1, 1, 30])
        for wrong in ("0", "31", "-1", "1.5", "fast"):
            with self.assertRaisesRegex(ValueError, "from 1 to 30"):
                speed.given(wrong)

    def test_a_datapoint_lasts_a_second_at_least(self):
        self.assertEqual(speed.real_period(60, 20), 3.0)
        self.assertEqual(speed.real_period(10, 20), 1.0)
        self.assertEqual(speed.real_period(10, 1), 10.0)

    def test_a_scaling_function_waits_its_pauses_in_real_time(self):
        policy = {
            "cluster": "c",
            "scale_out": {"alarm": "a", "steps": [], "cooldown": 60},
            "scale_in": {"alarm": "b", "steps": [], "cooldown": 50},
        }
        found = speed.variables({"SCALING_POLICY": json.dumps(policy), "A": "60"}, 20)
        given = json.loads(found["SCALING_POLICY"])
        pauses = [given[side]["cooldown"] for side in ("scale_out", "scale_in")]
        self.assertEqual(pauses, [3, 3])  # 2.5 s, and no shorter
        self.assertEqual((given["cluster"], found["A"]), ("c", "60"))

    def test_demand_keeps_the_messages_times(self):
        law = {
            "acceptable_latency_ms": 10_000,
            "processing_time_ms": 100,
            "concurrency": 1,
            "task_start_ms": 40_000,
            "window_ms": 120_000,
            "period_ms": 60_000,
        }
        order = {"action": "scale-by-demand", "services": [{"every_ms": 10_000, "law": law}]}
        given = json.loads(speed.event(json.dumps(order).encode(), 20))
        self.assertEqual(given, {**order, "speed": 20})
        short = {"task_start_ms": 2_000, "window_ms": 6_000, "period_ms": 3_000}
        event = {"namespace": "N", "services": [{"service": "a", "demand": law}, {"service": "b"}]}
        given = json.loads(speed.event(json.dumps(event).encode(), 20))
        expected = [{"service": "a", "demand": {**law, **short}}, {"service": "b"}]
        self.assertEqual(given["services"], expected)

    def test_at_speed_1_and_in_what_is_not_ours_nothing_changes(self):
        given = {"SCALING_POLICY": '{"scale_out": {"cooldown": 60}}'}
        self.assertEqual(speed.variables(given, 1), given)
        for payload in (b"", b"[1]", b"x", b'{"services": 3}', b'{"services": [{"demand": 1}]}'):
            self.assertEqual(speed.event(payload, 20), payload)
        self.assertEqual(speed.variables({"SCALING_POLICY": "no"}, 20)["SCALING_POLICY"], "no")

    def test_a_function_sees_an_alarms_period_as_it_lasts(self):
        queries = [{"Id": "m", "MetricStat": {"Period": 60}}, {"Id": "e", "Expression": "m"}]
        alarm = {"AlarmName": "a", "Period": 60, "Metrics": queries}
        shown = speed.alarm(alarm, 20)
        self.assertEqual((shown["Period"], shown["Metrics"][0]["MetricStat"]["Period"]), (3, 3))
        self.assertEqual((alarm["Period"], queries[0]["MetricStat"]["Period"]), (60, 60))

    def test_rates(self):
        crons = ("*/5 * * * *", "0 */2 * * *", "0 0 */1 * *", "0/5 * * * ? *")
        self.assertEqual([rules.rate(cron) for cron in crons], [300, 7200, 86400, None])


class ChangesTest(unittest.TestCase):
    def test_a_version_is_waited_for(self):
        changes = Changes()
        first = changes.version()
        begin = time.monotonic()
        self.assertEqual(changes.wait(first, 0.1), first)
        self.assertGreaterEqual(time.monotonic() - begin, 0.1)
        changes.happened()
        self.assertNotEqual(changes.wait(first, 10), first)
        self.assertNotEqual(Changes().version(), first)


class ReportsTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(setattr, tasks, "_reports", None)

    def service(self, **changes):
        return {
            "serviceArn": SERVICE,
            "serviceName": "s",
            "clusterArn": "arn:aws:ecs:us-west-2:000000000000:cluster/c",
            "status": "ACTIVE",
            "desiredCount": 3,
            "taskDefinition": "t:2",
            "deployments": [{"id": "new", "status": "PRIMARY", "taskDefinition": "t:1"}],
            **changes,
        }

    def report(self, *statuses, **deployment):
        given = {"id": "new", "taskDefinition": "t:2", "running": 1, "pending": 1, **deployment}
        tasks.take_reports(
            {
                SERVICE: {
                    "deployments": [given],
                    "tasks": [
                        {"id": str(n), "taskDefinition": "t:2", "lastStatus": s, "exits": {"w": 1}}
                        for n, s in enumerate(statuses)
                    ],
                }
            }
        )

    def test_what_runs_is_what_is_told(self):
        self.report("RUNNING", "PENDING", "PROVISIONING", "STOPPING", "STOPPED")
        shown = tasks.report(self.service())
        self.assertEqual((shown["runningCount"], shown["pendingCount"]), (1, 2))
        (deployment,) = shown["deployments"]
        self.assertEqual(deployment["rolloutState"], "IN_PROGRESS")
        self.assertEqual(len(tasks.found(self.service())), 3)
        stopped = list(tasks.found(self.service(), "STOPPED").values())
        self.assertEqual([t["desiredStatus"] for t in stopped], ["STOPPED", "STOPPED"])

    def test_a_count_that_changes_is_no_deployment(self):
        self.report("RUNNING", completed=True)
        (deployment,) = tasks.report(self.service())["deployments"]
        self.assertEqual(deployment["rolloutState"], "COMPLETED")

    def test_a_deployment_that_nobody_told_of_has_just_begun(self):
        self.report("RUNNING", id="old", completed=True)
        new, old = tasks.report(self.service())["deployments"]
        self.assertEqual((new["id"], new["status"]), ("new", "PRIMARY"))
        self.assertEqual(new["rolloutState"], "IN_PROGRESS")
        self.assertEqual((old["id"], old["status"], old["desiredCount"]), ("old", "ACTIVE", 0))

    def test_a_service_that_nobody_told_of_runs_nothing(self):
        tasks.take_reports({})
        shown = tasks.report(self.service())
        self.assertEqual((shown["runningCount"], shown["pendingCount"]), (0, 0))

    def test_what_can_not_be_tasks_changes_nothing(self):
        with self.assertRaises((KeyError, TypeError)):
            tasks.take_reports({SERVICE: {"deployments": [{}], "tasks": []}})
        self.assertIsNone(tasks.find_report(self.service()))


class OldestTest(unittest.TestCase):
    def test_a_message_that_was_received_three_times_counts_no_more(self):
        def message(created, receives, deleted=False):
            return SimpleNamespace(created=created, receive_count=receives, deleted=deleted)

        found = [message(10, 3), message(20.5, 2), message(30, 0), message(5, 0, deleted=True)]
        self.assertEqual(sqs_metrics.oldest(iter(found), 100.0), 79.0)
        self.assertEqual(sqs_metrics.oldest(iter([]), 100.0), 0.0)


class FastTest(unittest.TestCase):
    """LocalStack at speed 20, where a minute takes three seconds."""

    @classmethod
    def setUpClass(cls):
        cls.sandbox = Sandbox(SANDBOX_SPEED="20")
        cls.addClassCleanup(cls.sandbox.stop)

    def http(self, method, route, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.sandbox.url}/_ecs_scaler/{route}",
            data=data,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, json.loads(reply.read() or b"null")
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, json.loads(text) if text.startswith(b"{") else text

    def test_a_rule_fires_an_alarm_rings_and_sqs_is_measured_in_compressed_minutes(self):
        sqs, events = self.sandbox.client("sqs"), self.sandbox.client("events")
        cloudwatch = self.sandbox.client("cloudwatch")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        arn = "arn:aws:sqs:us-west-2:000000000000:q"
        events.put_rule(Name="r", ScheduleExpression="rate(1 minute)")
        # LocalStack sends no event for an empty object. The second text replaces the first one.
        for text in ('{"a": 0}', '{"a": 1}'):
            events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": arn, "Input": text}])
        cloudwatch.put_metric_alarm(
            AlarmName="waiting",
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            Dimensions=[{"Name": "QueueName", "Value": "q"}],
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=3,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )
        begin = time.monotonic()
        while True:
            (alarm,) = cloudwatch.describe_alarms(AlarmNames=["waiting"])["MetricAlarms"]
            if alarm["StateValue"] == "ALARM":
                break
            self.assertLess(time.monotonic() - begin, 45)
            time.sleep(0.2)
        took = time.monotonic() - begin
        self.assertEqual(alarm["Period"], 60)
        self.assertGreater(took, 6, "three datapoints take at least two periods")
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        sent = int(counts["ApproximateNumberOfMessages"])
        self.assertLessEqual(abs(sent - took // 3), 2, f"{sent} in {took:.1f} s")
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        self.assertEqual(json.loads(message["Body"]), {"a": 1})
        events.disable_rule(Name="r")
        time.sleep(1.5)
        asked = {"NumberOfMessagesSent": "Sum", "ApproximateAgeOfOldestMessage": "Maximum"}
        now = datetime.now(UTC)
        found = cloudwatch.get_metric_data(
            StartTime=now - timedelta(seconds=120),
            EndTime=now,
            MetricDataQueries=[
                {
                    "Id": statistic.lower(),
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/SQS",
                            "MetricName": metric,
                            "Dimensions": [{"Name": "QueueName", "Value": "q"}],
                        },
                        "Period": 120,
                        "Stat": statistic,
                    },
                }
                for metric, statistic in asked.items()
            ],
        )["MetricDataResults"]
        values = {result["Id"]: result["Values"][0] for result in found}
        self.assertGreaterEqual(values["sum"], sent)
        self.assertGreater(values["maximum"], 2)
        self.assertLess(values["maximum"], took + 3)

    def test_tasks_and_their_protection(self):
        ecs = self.sandbox.client("ecs")
        ecs.create_cluster(clusterName="c")
        container = {
            "name": "w",
            "image": "i",
            "memory": 64,
            "stopTimeout": 5,
            "command": ["a"],
            "environment": [{"name": "N", "value": "V"}],
        }
        ecs.register_task_definition(family="t", containerDefinitions=[container])
        status, empty = self.http("GET", "services")
        self.assertEqual((status, empty["services"]), (200, []))
        ecs.create_service(cluster="c", serviceName="s", taskDefinition="t", desiredCount=2)
        _, listing = self.http("GET", f"services?since={empty['version']}&wait=10")
        (found,) = listing["services"]
        self.assertEqual((found["name"], found["status"]), ("s", "ACTIVE"))
        self.assertEqual(found["desiredCount"], 2)
        (given,) = found["taskDefinition"]["containers"]
        self.assertEqual((given["command"], given["environment"]), (["a"], {"N": "V"}))
        self.assertEqual((given["stopTimeout"], given["essential"]), (5, True))
        _, same = self.http("GET", f"services?since={listing['version']}&wait=0.1")
        self.assertIsNone(same["services"])
        self.assertEqual(self.http("PUT", "tasks", {"services": {"a": {}}})[0], 400)

        def report(protection=None):
            task = {
                "id": "0" * 32,
                "deployment": found["deployment"],
                "taskDefinition": found["taskDefinition"]["arn"],
                "lastStatus": "RUNNING",
                "createdAt": 1.0,
                "exits": {},
                "protection": protection,
            }
            deployment = {
                "id": found["deployment"],
                "taskDefinition": task["taskDefinition"],
                "running": 1,
                "pending": 0,
            }
            body = {"services": {found["arn"]: {"deployments": [deployment], "tasks": [task]}}}
            self.assertEqual(self.http("PUT", "tasks", body)[0], 204)

        report()
        (described,) = ecs.describe_services(cluster="c", services=["s"])["services"]
        self.assertEqual((described["desiredCount"], described["runningCount"]), (2, 1))
        (arn,) = ecs.list_tasks(cluster="c", serviceName="s")["taskArns"]
        (task,) = ecs.describe_tasks(cluster="c", tasks=[arn])["tasks"]
        self.assertEqual([c["name"] for c in task["containers"]], ["w"])
        agent = f"agent/{'0' * 32}/task-protection/v1/state"
        unprotected = {"ProtectionEnabled": False, "TaskArn": arn}
        self.assertEqual(self.http("GET", agent), (200, {"protection": unprotected}))
        for wrong in ({}, {"ProtectionEnabled": True, "ExpiresInMinutes": 0}):
            self.assertEqual(self.http("PUT", agent, wrong)[0], 400)
        self.assertEqual(self.http("GET", agent.replace("0", "1"))[0], 404)
        # No process makes a decision.
        self.assertEqual(self.http("PUT", agent, {"ProtectionEnabled": True})[0], 500)
        until = 4_000_000_000.5
        report({"id": 10**9, "until": until, "blocked": False})
        _, answer = self.http("PUT", agent, {"ProtectionEnabled": True, "ExpiresInMinutes": 1})
        expected = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%dT%H:%M:%S.500Z")
        self.assertEqual(answer["protection"]["ExpirationDate"], expected)
        (shown,) = ecs.get_task_protection(cluster="c", tasks=[arn])["protectedTasks"]
        self.assertEqual((shown["taskArn"], shown["protectionEnabled"]), (arn, True))
        report({"id": 10**9, "until": until, "blocked": True})
        _, answer = self.http("PUT", agent, {"ProtectionEnabled": True})
        self.assertEqual(answer["failure"]["Reason"], "DEPLOYMENT_BLOCKED")
        ecs.update_service(cluster="c", service="s", desiredCount=0)
        ecs.delete_service(cluster="c", service="s")
        _, listing = self.http("GET", f"services?since={listing['version']}&wait=10")
        self.assertEqual(listing["services"], [])


if __name__ == "__main__":
    unittest.main()
