"""The parts that don't need a running LocalStack."""

from __future__ import annotations

import sys
import unittest
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

SOURCE = Path(__file__).resolve().parent.parent / "src"
sys.path.insert(0, str(SOURCE))

import boto3  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402
from localstack.services.cloudformation.resource_provider import OperationStatus  # noqa: E402
from localstack_ecs import engine, executor, replacement, scaling, tasks  # noqa: E402
from localstack_ecs.cfn import application_autoscaling, base, service, task_definition  # noqa: E402
from localstack_ecs.cloudformation import busy  # noqa: E402

ECS = boto3.client("ecs", region_name="us-west-2", aws_access_key_id="a", aws_secret_access_key="b")


def request(**changes):
    fields = {
        "desired_state": {},
        "previous_state": None,
        "custom_context": {},
        "stack_name": "stack",
        "logical_resource_id": "Logical",
    }
    return SimpleNamespace(**{**fields, **changes})


class ParametersTest(unittest.TestCase):
    def convert(self, properties, operation="RegisterTaskDefinition"):
        return base.parameters(ECS, operation, properties)

    def test_names_follow_the_api_and_maps_keep_their_keys(self):
        self.assertEqual(
            self.convert(
                {
                    "Family": "f",
                    "ContainerDefinitions": [
                        {
                            "Name": "c",
                            "Image": "i",
                            "DockerLabels": {"Kind": "Worker"},
                            "LogConfiguration": {"LogDriver": "awslogs", "Options": {"Mode": "X"}},
                        }
                    ],
                    "Volumes": [{"Name": "v", "EFSVolumeConfiguration": {"FilesystemId": "fs"}}],
                }
            ),
            {
                "family": "f",
                "containerDefinitions": [
                    {
                        "name": "c",
                        "image": "i",
                        "dockerLabels": {"Kind": "Worker"},
                        "logConfiguration": {"logDriver": "awslogs", "options": {"Mode": "X"}},
                    }
                ],
                "volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs"}}],
            },
        )

    def test_types_follow_the_api(self):
        self.assertEqual(
            self.convert(
                {
                    "Cpu": 256,
                    "ContainerDefinitions": [{"Essential": "true", "StopTimeout": "30"}],
                }
            ),
            {"cpu": "256", "containerDefinitions": [{"essential": True, "stopTimeout": 30}]},
        )

    def test_what_the_api_does_not_have_is_refused_by_its_path(self):
        for properties, problem in (
            ({"Nope": 1}, "#: extraneous key [Nope] is not permitted"),
            (
                {"ContainerDefinitions": [{"Nam": "x"}]},
                "#/ContainerDefinitions/0: extraneous key [Nam] is not permitted",
            ),
            (
                {"ContainerDefinitions": {"Name": "x"}},
                "#/ContainerDefinitions: expected type: JSONArray, found: JSONObject",
            ),
            (
                {"ContainerDefinitions": [{"StopTimeout": "soon"}]},
                "#/ContainerDefinitions/0/StopTimeout: expected type: Number, found: String",
            ),
        ):
            with self.subTest(properties), self.assertRaises(base.InvalidProperties) as raised:
                self.convert(properties)
            self.assertEqual(str(raised.exception), problem)


class SchemaTest(unittest.TestCase):
    def test_unknown_and_missing_properties_are_named_together(self):
        schema = application_autoscaling.ScalableTarget.SCHEMA
        with self.assertRaises(base.InvalidProperties) as raised:
            base.check_properties(schema, {"MinCapacity": 1, "MaxCapcity": 2})
        self.assertEqual(
            str(raised.exception),
            "Properties validation failed for resource type "
            "AWS::ApplicationAutoScaling::ScalableTarget with message: "
            "#: extraneous key [MaxCapcity] is not permitted\n"
            "#: required key [ServiceNamespace] not found\n"
            "#: required key [ResourceId] not found\n"
            "#: required key [ScalableDimension] not found\n"
            "#: required key [MaxCapacity] not found",
        )

    def test_a_revision_is_replaced_and_a_service_is_not(self):
        fixed = task_definition.TaskDefinition.SCHEMA["createOnlyProperties"]
        self.assertIn("/properties/ContainerDefinitions", fixed)
        self.assertNotIn("/properties/Tags", fixed)
        fixed = service.Service.SCHEMA["createOnlyProperties"]
        self.assertIn("/properties/ServiceName", fixed)
        self.assertNotIn("/properties/TaskDefinition", fixed)

    def test_the_engine_compares_values(self):
        def resource(**properties):
            return SimpleNamespace(
                resource_type="AWS::ECS::Service",
                properties=engine.PreprocProperties(properties=properties),
            )

        old = resource(ServiceName="a", TaskDefinition="t:1")
        self.assertFalse(replacement.replaces(old, resource(ServiceName="a", TaskDefinition="t:2")))
        self.assertTrue(replacement.replaces(old, resource(ServiceName="b", TaskDefinition="t:1")))

    def test_a_nested_property_can_be_fixed(self):
        def provider(group: str, target: int):
            scaling = {"TargetCapacity": target}
            properties = {"AutoScalingGroupArn": group, "ManagedScaling": scaling}
            return SimpleNamespace(
                resource_type="AWS::ECS::CapacityProvider",
                properties=engine.PreprocProperties(
                    properties={"Name": "n", "AutoScalingGroupProvider": properties}
                ),
            )

        old = provider("a", 100)
        self.assertFalse(replacement.replaces(old, provider("a", 80)))
        self.assertTrue(replacement.replaces(old, provider("b", 100)))
        listed = {"A": [{"B": 1}, {"B": 2}]}
        self.assertEqual(replacement.at(listed, ["A", "*", "B"]), [1, 2])
        self.assertIsNone(replacement.at({}, ["A", "B"]))


class NameTest(unittest.TestCase):
    def test_parts_and_length(self):
        self.assertRegex(base.generated_name(request()), r"^stack-Logical-[A-Za-z0-9]{12}$")
        long = request(stack_name="s" * 128, logical_resource_id="L" * 255)
        self.assertRegex(base.generated_name(long, 64), r"^s{25}-L{25}-[A-Za-z0-9]{12}$")
        self.assertNotEqual(base.generated_name(request()), base.generated_name(request()))


class ProgressTest(unittest.TestCase):
    def refusal(self, code):
        response = {
            "Error": {"Code": code, "Message": "No such thing."},
            "ResponseMetadata": {"HTTPStatusCode": 400},
        }
        return ClientError(response, "DeleteThing")

    def run_with(self, error, gone=()):
        def run():
            raise error

        return base.progress(request(), {"Id": "x"}, run, gone)

    def test_a_refusal_is_the_reason(self):
        event = self.run_with(self.refusal("Denied"))
        self.assertEqual(event.status, OperationStatus.FAILED)
        self.assertEqual(
            event.message,
            "No such thing. (Error Code: Denied; Status Code: 400; Operation: DeleteThing)",
        )

    def test_deleting_what_is_gone_succeeds(self):
        event = self.run_with(self.refusal("NotFound"), gone=("NotFound",))
        self.assertEqual(event.status, OperationStatus.SUCCESS)

    def test_unfinished_work_goes_on(self):
        event = base.progress(request(), {"Id": "x"}, lambda: None)
        self.assertEqual(event.status, OperationStatus.IN_PROGRESS)
        self.assertEqual(event.resource_model, {"Id": "x"})


class TargetTest(unittest.TestCase):
    def test_by_reference_or_by_parts(self):
        parts = {
            "ResourceId": "service/c/s",
            "ScalableDimension": "ecs:service:DesiredCount",
            "ServiceNamespace": "ecs",
        }
        reference = "service/c/s|ecs:service:DesiredCount|ecs"
        target_of = application_autoscaling.target_of
        self.assertEqual(target_of({"ScalingTargetId": reference}), parts)
        self.assertEqual(target_of(parts), parts)
        with self.assertRaises(base.InvalidProperties):
            target_of({"ScalingTargetId": "service/c/s"})
        with self.assertRaises(base.InvalidProperties):
            target_of({"ResourceId": "service/c/s"})


class ScalingTest(unittest.TestCase):
    CUSTOM = {
        "TargetValue": 100,
        "CustomizedMetricSpecification": {
            "MetricName": "BacklogPerTask",
            "Namespace": "EcsScaler",
            "Statistic": "Average",
            "Dimensions": [{"Name": "ServiceName", "Value": "s"}],
        },
    }

    def test_bounds(self):
        self.assertEqual(scaling.bounded(1, 2, 10), 2)
        self.assertEqual(scaling.bounded(11, 2, 10), 10)
        self.assertEqual(scaling.bounded(5, 2, 10), 5)
        self.assertEqual(scaling.bounded(0, None, None), 0)

    def test_two_alarms_at_the_target_and_nine_tenths_of_it(self):
        high, low = scaling.target_alarms(self.CUSTOM, "service/c/s", "arn:policy")
        self.assertRegex(high["AlarmName"], r"^TargetTracking-service/c/s-AlarmHigh-[0-9a-f-]{36}$")
        self.assertRegex(low["AlarmName"], r"^TargetTracking-service/c/s-AlarmLow-[0-9a-f-]{36}$")
        shape = ("ComparisonOperator", "EvaluationPeriods", "Period", "Threshold")
        self.assertEqual([high[k] for k in shape], ["GreaterThanThreshold", 3, 60, 100.0])
        self.assertEqual([low[k] for k in shape], ["LessThanThreshold", 15, 60, 90.0])
        self.assertNotIn("TreatMissingData", high)
        self.assertEqual(high["AlarmActions"], ["arn:policy"])

    def test_no_low_alarm_without_scale_in(self):
        alarms = scaling.target_alarms({**self.CUSTOM, "DisableScaleIn": True}, "service/c/s", "p")
        self.assertEqual(len(alarms), 1)

    def test_predefined_and_computed_metrics(self):
        predefined = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
        metric = scaling.target_metric({"PredefinedMetricSpecification": predefined}, "service/c/s")
        self.assertEqual((metric["Namespace"], metric["MetricName"]), ("AWS/ECS", "CPUUtilization"))
        unknown = {"PredefinedMetricType": "ALBRequestCountPerTarget"}
        self.assertIsNone(
            scaling.target_metric({"PredefinedMetricSpecification": unknown}, "service/c/s")
        )
        queries = [
            {"Id": "m", "MetricStat": {"Metric": {"MetricName": "x"}, "Stat": "Sum"}},
            {"Id": "e", "Expression": "m / 2", "ReturnData": True},
        ]
        metric = scaling.target_metric(
            {"CustomizedMetricSpecification": {"Metrics": queries}}, "service/c/s"
        )
        self.assertEqual(metric["Metrics"][0]["MetricStat"]["Period"], 60)
        self.assertEqual(metric["Metrics"][1], queries[1])


class TasksTest(unittest.TestCase):
    def service(self, **changes):
        return {
            "serviceArn": "arn:aws:ecs:us-west-2:000000000000:service/c/s",
            "serviceName": "s",
            "clusterArn": "arn:aws:ecs:us-west-2:000000000000:cluster/c",
            "status": "ACTIVE",
            "desiredCount": 2,
            "taskDefinition": "t:2",
            "deployments": [{"id": "d", "status": "PRIMARY", "taskDefinition": "t:1"}],
            **changes,
        }

    def test_the_running_count_follows_the_desired_count(self):
        shown = tasks.report(self.service())
        self.assertEqual((shown["runningCount"], shown["pendingCount"]), (2, 0))
        deployment = shown["deployments"][0]
        self.assertEqual(
            (deployment["taskDefinition"], deployment["runningCount"], deployment["rolloutState"]),
            ("t:2", 2, "COMPLETED"),
        )

    def test_a_deleted_service_runs_nothing(self):
        shown = tasks.report(self.service(status="INACTIVE"))
        self.assertEqual((shown["runningCount"], shown["deployments"]), (0, []))

    def test_whoever_runs_tasks_reports_the_counts(self):
        original = tasks.observe
        self.addCleanup(setattr, tasks, "observe", original)
        tasks.observe = lambda _service: tasks.Counts(running=1, pending=1)
        shown = tasks.report(self.service())
        self.assertEqual((shown["runningCount"], shown["pendingCount"]), (1, 1))
        self.assertEqual(shown["deployments"][0]["rolloutState"], "IN_PROGRESS")
        self.assertEqual(len(tasks.task_arns(self.service())), 1)

    def test_task_arns_stay(self):
        two, three = (tasks.task_arns(self.service(desiredCount=n)) for n in (2, 3))
        self.assertEqual(three[:2], two)
        self.assertRegex(two[0], r"^arn:aws:ecs:us-west-2:000000000000:task/c/[0-9a-f]{32}$")


class EngineTest(unittest.TestCase):
    def test_reasons(self):
        failed = [("A", "CREATE"), ("B", "UPDATE"), ("C", "CREATE")]
        self.assertEqual(
            engine.rollback_reason(failed, "x"),
            "The following resource(s) failed to create: [A, C]. "
            "The following resource(s) failed to update: [B]. ",
        )
        self.assertEqual(engine.rollback_reason([], "no such parameter"), "no such parameter")

    def test_busy(self):
        self.assertTrue(busy("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"))
        self.assertFalse(busy("REVIEW_IN_PROGRESS"))
        self.assertFalse(busy("UPDATE_ROLLBACK_COMPLETE"))

    def test_localstack_still_has_what_is_replaced(self):
        ours = {name for name in vars(engine.Executor) if name in CORRECTED}
        self.assertEqual(ours, CORRECTED)
        for name in CORRECTED:
            self.assertIn(name, vars(engine.ChangeSetModelExecutor))


CORRECTED = {
    "execute",
    "_execute_resource_change",
    "_execute_resource_action",
    "_process_event",
}


class ExecutorTest(unittest.TestCase):
    def test_what_it_can_not_run_is_refused(self):
        self.assertIsNone(executor.refused("Zip", "provided.al2023", []))
        self.assertIn("provided", executor.refused("Zip", "nodejs20.x", []))
        self.assertIn("image", executor.refused("Image", None, []))
        self.assertIn("layers", executor.refused("Zip", "provided.al2023", ["layer"]))

    def test_variables_of_the_container_helper_are_left_out(self):
        variables = {
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": 128,
            "LOCALSTACK_RUNTIME_ID": "x",
            "LOCALSTACK_HOSTNAME": "127.0.0.1",
            "OWN": None,
        }
        self.assertEqual(
            executor.function_variables(variables),
            {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "LOCALSTACK_HOSTNAME": "127.0.0.1"},
        )


class EntryPointsTest(unittest.TestCase):
    def test_each_names_something(self):
        distribution = metadata.Distribution.at(SOURCE / "localstack_ecs-0.1.0.dist-info")
        self.assertEqual(distribution.version, "0.1.0")
        points = list(distribution.entry_points)
        self.assertGreater(len(points), 15)
        for point in points:
            with self.subTest(point.name):
                self.assertIsNotNone(point.load())

    def test_each_resource_type_loads(self):
        distribution = metadata.Distribution.at(SOURCE / "localstack_ecs-0.1.0.dist-info")
        for point in distribution.entry_points:
            if point.group == "localstack.cloudformation.resource_providers":
                plugin = point.load()()
                plugin.load()
                with self.subTest(point.name):
                    # LocalStack's own are overridden by the same name in lowercase.
                    self.assertEqual(point.name.lower(), plugin.name.lower())
                    self.assertEqual(plugin.factory.TYPE, plugin.name)


if __name__ == "__main__":
    unittest.main()
