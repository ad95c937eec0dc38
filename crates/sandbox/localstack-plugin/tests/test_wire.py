"""The golden exchanges with the emulators in `wire/`, from the plugin's side.

The crate's Rust tests check the same files from the emulators' side. Requests use the real routes.
Responses come from fixed state of moto and of the plugin.
"""

from __future__ import annotations

import json
import sys
import unittest
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "src"))

from moto.ecs.models import ecs_backends  # noqa: E402
from rolo import Request  # noqa: E402
from rolo.routing import Router, handler_dispatcher  # noqa: E402

from localstack_ecs import (  # noqa: E402
    changes,
    cloudwatch,
    ecs,
    protection,
    routes_scaling,
    routes_tasks,
    scaling,
    tasks,
)

ACCOUNT, REGION = "111122223333", "eu-west-3"
NOW = 1795000000.5
CONTEXT = SimpleNamespace(account_id=ACCOUNT, region=REGION)
DEPLOYMENT = "ecs-svc/0000000000000000001"


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(1795000000 + seconds, UTC)


def read_golden(name: str) -> dict:
    return json.loads((HERE / "wire" / f"{name}.json").read_text())


def send(request: dict):
    """Returns the response of the plugin's real routes."""
    router = Router(dispatcher=handler_dispatcher())
    router.add([*routes_tasks.ROUTES, *routes_scaling.ROUTES])
    path, _, query = request["path"].partition("?")
    body = json.dumps(request["body"]).encode() if "body" in request else None
    headers = {"Content-Type": "application/json"}
    return router.dispatch(
        Request(request["method"], path, query_string=query, body=body, headers=headers)
    )


class WireTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.backend = ecs_backends[ACCOUNT][REGION]
        for state in (ecs_backends, scaling.applicationautoscaling_backends):
            self.addCleanup(state.reset)
        for state in (scaling.ACTIVITIES, cloudwatch.EVALUATED):
            self.addCleanup(state.clear)
        self.patch(tasks, "_reports", None)
        for module in (tasks, protection):
            self.patch(module, "time", SimpleNamespace(time=lambda: NOW))

    def patch(self, owner: object, name: str, value: object) -> None:
        patched = mock.patch.object(owner, name, value)
        patched.start()
        self.addCleanup(patched.stop)

    def assert_answer(self, name: str, answer=None) -> None:
        """Checks that the response is the golden one, byte by byte except for the order of keys."""
        golden = read_golden(name)
        answer = answer or send(golden["request"])
        self.assertEqual(answer.status_code, 200)
        both = (answer.json, golden["answer"])
        self.assertEqual(*(json.dumps(value, indent=1, sort_keys=True) for value in both))

    def assert_taken(self, name: str) -> None:
        self.assertEqual(send(read_golden(name)["request"]).status_code, 204)

    def make_services(self) -> None:
        self.backend.create_cluster("voucher")
        worker = {
            "name": "worker",
            "image": "repo/worker:1",
            "command": ["worker", "--verbose"],
            "environment": [{"name": "QUEUE", "value": "q"}, {"name": "EMPTY"}],
            "stopTimeout": 120,
            "essential": True,
            "memory": 64,
        }
        sidecar = {"name": "sidecar", "image": "repo/sidecar:1", "essential": False, "memory": 64}
        self.backend.register_task_definition("worker", [worker, sidecar])
        made = self.backend.create_service("voucher", "worker", 3, "worker")
        made.deployments[0]["id"] = DEPLOYMENT
        made.deployment_configuration = {"minimumHealthyPercent": 50, "maximumPercent": 150}
        external = {"type": "EXTERNAL"}
        self.backend.create_service("voucher", "empty", 0, deployment_controller=external)
        self.patch(changes.SERVICES, "_life", "0123abcd")
        self.patch(changes.SERVICES, "_count", 6)

    def describe_worker(self) -> dict:
        return ecs._services(CONTEXT, "voucher")[0]

    def test_services(self):
        self.make_services()
        self.patch(protection, "_ids", count(1))
        answers = []

        def while_asked(task: str, *_args) -> dict:
            if task == "task-a":
                protection.protect("task-b", None)
            else:
                answers.append(send(read_golden("services")["request"]))
            return {}

        self.patch(tasks, "await_task", while_asked)
        protection.protect("task-a", 60)
        self.assert_answer("services", *answers)

    def test_services_unchanged(self):
        self.make_services()
        self.patch(changes.SERVICES, "_count", 8)
        self.patch(routes_tasks, "LONGEST_WAIT", 0.0)
        self.assert_answer("services-unchanged")

    def test_scaling(self):
        for region in (REGION, "us-east-1", "us-west-2"):
            backend = scaling.applicationautoscaling_backends[ACCOUNT][region]
            backend.targets["dynamodb:table:ReadCapacityUnits"] = {"table/t": None}
            if region == "us-east-1":
                backend.targets["ecs:service:DesiredCount"] = {"service/voucher/a": None}
        targets = {"service/voucher/b": None, "service/voucher/a": None}
        backend = scaling.applicationautoscaling_backends[ACCOUNT][REGION]
        backend.targets["ecs:service:DesiredCount"] = targets
        self.assert_answer("scaling")

    def test_datapoints(self):
        prefix = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:"
        cloudwatch.EVALUATED[f"{prefix}a/b c"] = [None, 3.0, 1.5, None]
        cloudwatch.EVALUATED[f"{prefix}missing"] = [None]
        cloudwatch.EVALUATED[f"{prefix}other"] = [2.0]
        self.assert_answer("datapoints")

    def test_tasks_as_describe_tasks_shows_them(self):
        self.make_services()
        service = self.describe_worker()
        self.assert_taken("tasks")
        definition = service["taskDefinition"]
        common = {"createdAt": at(1), "startedBy": DEPLOYMENT, "taskDefinitionArn": definition}
        scheduler = "Scaling activity initiated by (service worker)"
        expected = {
            "provisioning": {"lastStatus": "PROVISIONING", "startedAt": None},
            "pending": {"lastStatus": "PENDING", "startedAt": None},
            "running": {"lastStatus": "RUNNING", "startedAt": at(2.5)},
            "outdated": {
                "lastStatus": "RUNNING",
                "startedAt": at(2.5),
                "startedBy": "ecs-svc/0000000000000000000",
            },
            "stopping": {
                "lastStatus": "STOPPING",
                "startedAt": at(2.5),
                "stoppingAt": at(3.25),
                "stopCode": "ServiceSchedulerInitiated",
                "stoppedReason": scheduler,
            },
            "crashed": {
                "lastStatus": "STOPPED",
                "startedAt": at(2.5),
                "stoppingAt": at(3.25),
                "stoppedAt": at(4),
                "stopCode": "EssentialContainerExited",
                "stoppedReason": "Essential container in task exited",
            },
            "not-started": {
                "lastStatus": "STOPPED",
                "startedAt": None,
                "stoppingAt": at(3.25),
                "stoppedAt": at(3.25),
                "stopCode": "TaskFailedToStart",
                "stoppedReason": "no such program",
            },
        }
        shown = {}
        for status in ("RUNNING", "STOPPED"):
            for arn, task in tasks.found(service, status).items():
                self.assertEqual(task["desiredStatus"], status)
                shown[arn.rsplit("/", 1)[-1]] = task
        names = {*common, *(name for task in expected.values() for name in task)}
        picked = {
            task_id: {name: task[name] for name in names if name in task}
            for task_id, task in shown.items()
        }
        expected = {task_id: {**common, **task} for task_id, task in expected.items()}
        self.assertEqual(picked, expected)
        exits = {c["name"]: c.get("exitCode") for c in shown["crashed"]["containers"]}
        self.assertEqual(exits, {"worker": 137, "sidecar": 0})

    def test_tasks_as_describe_services_shows_them(self):
        self.make_services()
        service = self.describe_worker()
        definition = service["taskDefinition"]
        self.assert_taken("tasks")
        shown = tasks.report(service)
        self.assertEqual((shown["runningCount"], shown["pendingCount"]), (2, 2))
        current, outdated = shown["deployments"]
        state = {"taskDefinition": definition, "status": "PRIMARY", "desiredCount": 3}
        counts = {"runningCount": 1, "pendingCount": 2, "failedTasks": 2}
        times = {"createdAt": at(0.5), "updatedAt": at(0.75)}
        expected = {"id": DEPLOYMENT, "rolloutState": "IN_PROGRESS", **state, **counts, **times}
        self.assertEqual(current, {**current, **expected})
        state = {"taskDefinition": definition, "status": "ACTIVE", "desiredCount": 0}
        counts = {"runningCount": 1, "pendingCount": 0, "failedTasks": 0}
        times = {"createdAt": at(-100), "updatedAt": at(-50)}
        old = "ecs-svc/0000000000000000000"
        expected = {"id": old, "rolloutState": "COMPLETED", **state, **counts, **times}
        self.assertEqual(outdated, {**outdated, **expected})

    def test_decisions_on_protections(self):
        self.assert_taken("tasks")
        self.patch(protection, "_ids", count(2))
        running = protection.protect("running", 60)
        state = {"protectionEnabled": True, "expirationDate": at(3600)}
        self.assertEqual(protection.state(running), state)
        self.assertIsNone(protection.failure(running, asked=True))
        outdated = protection.protect("outdated", 60)
        self.assertEqual(protection.state(outdated), {"protectionEnabled": False})
        self.assertEqual(protection.failure(outdated, asked=True), "DEPLOYMENT_BLOCKED")
        self.patch(protection, "PATIENCE", 0.0)
        with self.assertRaises(protection.Refused):
            protection.protect("running", 60)  # decided only for an earlier request

    def test_no_tasks_yet(self):
        service = {"serviceArn": "a", "desiredCount": 1}
        self.assertEqual(tasks.count(service).running, 1)
        self.assert_taken("tasks-none")
        self.assertEqual(tasks.count(service).running, 0)

    def test_activities(self):
        prefix = "Successfully set desired count to 3. "
        for status, message in (
            ("InProgress", prefix + "Waiting for change to be fulfilled by ecs."),
            ("Successful", prefix + "Change successfully fulfilled by ecs."),
            ("Overridden", "Set desired count to 3. Change overridden by a later one."),
            ("Failed", "Failed to set desired count to 3. Reason: denied"),
        ):
            name = "in-progress" if status == "InProgress" else status.lower()
            self.assert_taken(f"activity-{name}")
            reply = scaling.describe_scaling_activities(CONTEXT, {"ServiceNamespace": "ecs"})
            expected = {
                "ActivityId": "",
                "ServiceNamespace": "ecs",
                "ResourceId": "service/voucher/worker",
                "ScalableDimension": "ecs:service:DesiredCount",
                "Description": "Setting desired count to 3.",
                "Cause": "monitor alarm a in state ALARM triggered policy p",
                "StartTime": at(0.25),
                "StatusCode": status,
                "StatusMessage": message,
                **({} if status == "InProgress" else {"EndTime": at(60.5)}),
            }
            # All four are the same activity. Each replaces the previous one.
            [activity] = reply["ScalingActivities"]
            self.assertEqual({**activity, "ActivityId": ""}, expected)


if __name__ == "__main__":
    unittest.main()
