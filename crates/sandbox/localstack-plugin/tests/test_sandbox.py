"""LocalStack with the plugin: stacks, functions, failures, and which addresses are reachable."""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import psutil  # noqa: E402
from bell import Bell  # noqa: E402
from deployment import CODE, Deploying, Stack, changes, upload_function  # noqa: E402
from full_template import ASSUME_LAMBDA, function, template  # noqa: E402
from sandbox import Sandbox, inventory  # noqa: E402
from test_environment import gone  # noqa: E402


def queue(**properties) -> dict:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def resources(**by_name) -> dict:
    return {"Resources": by_name}


NO_CLUSTER = {
    "Type": "AWS::ECS::Service",
    "Properties": {"Cluster": "nowhere", "TaskDefinition": "nothing:1"},
}


class SandboxTest(Deploying):
    @classmethod
    def setUpClass(cls):
        cls.sandbox = Sandbox()
        cls.addClassCleanup(cls.sandbox.stop)
        cls.bell = Bell(cls.sandbox)
        upload_function(cls.sandbox)
        cls.deployed_at = time.monotonic()
        cls.timed = Stack(cls.sandbox, "timed", CODE)
        only_function = {
            name: json.loads(json.dumps(resource).replace("${Service.Name}", "s"))
            for name, resource in function(14, 2).items()
        }
        body = {
            "Parameters": template()["Parameters"],
            "Resources": {**only_function, "Queue": queue()},
            "Outputs": {
                "Function": {"Value": {"Ref": "Function"}},
                "Log": {"Value": {"Ref": "FunctionLog"}},
            },
        }
        assert cls.timed.deploy(body, "CREATE") == "CREATE_COMPLETE", cls.timed.reasons()

    # --- stacks -------------------------------------------------------------------------------

    def test_life_of_a_stack(self):
        before = inventory(self.sandbox)
        stack = self.stack("full", parameters=CODE)
        status = stack.deploy(template(), "CREATE", Tags=[{"Key": "team", "Value": "x"}])
        self.assertEqual(status, "CREATE_COMPLETE", stack.reasons())
        self.check_names(stack)
        self.check_containers(stack)
        self.check_scaling(stack)
        self.check_messaging(stack)
        self.check_function(stack)
        self.check_watching(stack)
        self.update(stack)
        self.assertEqual(stack.delete(), "DELETE_COMPLETE")
        self.assertEqual(inventory(self.sandbox), before)

    def check_names(self, stack: Stack):
        outputs, created = stack.outputs(), stack.resources()
        self.assertEqual(set(created), set(template()["Resources"]))
        self.assertRegex(outputs["ClusterName"], r"^full-Cluster-\w{12}$")
        self.assertRegex(outputs["ServiceName"], r"^full-Service-\w{12}$")
        self.assertRegex(outputs["TopicName"], r"^full-Topic-\w{12}$")
        service = f"service/{outputs['ClusterName']}/{outputs['ServiceName']}"
        self.assertTrue(outputs["ServiceArn"].endswith(f":{service}"))
        self.assertTrue(outputs["TaskDefinition"].endswith(":task-definition/full-worker:1"))
        self.assertEqual(outputs["Target"], f"{service}|ecs:service:DesiredCount|ecs")
        self.assertIn(f"resource/ecs/{service}:policyName/backlog-per-task", outputs["Policy"])
        self.assertTrue(outputs["QueueUrl"].endswith(f"/{outputs['QueueName']}"))
        for output, resource in (("ServiceArn", "Service"), ("ClusterName", "Cluster")):
            self.assertEqual(created[resource]["PhysicalResourceId"], outputs[output])

    def check_containers(self, stack: Stack):
        outputs, ecs = stack.outputs(), self.sandbox.client("ecs")
        cluster = ecs.describe_clusters(clusters=[outputs["ClusterName"]], include=["TAGS"])
        cluster = cluster["clusters"][0]
        self.assertEqual(cluster["clusterArn"], outputs["ClusterArn"])
        self.assertEqual(cluster["capacityProviders"], ["FARGATE", "FARGATE_SPOT"])
        self.assertEqual((cluster["activeServicesCount"], cluster["runningTasksCount"]), (1, 2))
        tags = {tag["key"]: tag["value"] for tag in cluster["tags"]}
        self.assertEqual((tags["team"], tags["own"]), ("x", "tag"))
        self.assertEqual(tags["aws:cloudformation:logical-id"], "Cluster")
        service = self.service(outputs)
        # One task by default; the scalable target's minimum then made it two.
        self.assertEqual((service["desiredCount"], service["runningCount"]), (2, 2))
        self.assertNotIn("launchType", service)
        self.assertEqual(
            [item["capacityProvider"] for item in service["capacityProviderStrategy"]],
            ["FARGATE", "FARGATE_SPOT"],
        )
        breaker = service["deploymentConfiguration"]["deploymentCircuitBreaker"]
        self.assertEqual(breaker, {"enable": True, "rollback": True})
        self.assertEqual(len(service["networkConfiguration"]["awsvpcConfiguration"]["subnets"]), 2)
        listed = ecs.list_tasks(cluster=outputs["ClusterName"], serviceName=outputs["ServiceName"])
        shown = ecs.describe_tasks(cluster=outputs["ClusterName"], tasks=listed["taskArns"])
        self.assertEqual([task["lastStatus"] for task in shown["tasks"]], ["RUNNING"] * 2)
        revision = ecs.describe_task_definition(taskDefinition=outputs["TaskDefinition"])
        container = revision["taskDefinition"]["containerDefinitions"][0]
        self.assertEqual(container["image"], "busybox:1")
        self.assertEqual(container["dockerLabels"], {"Kind": "worker"})
        self.assertEqual(
            revision["taskDefinition"]["runtimePlatform"]["cpuArchitecture"], "ARM64"
        )

    def check_scaling(self, stack: Stack, target: float = 100):
        outputs = stack.outputs()
        scaling = self.sandbox.client("application-autoscaling")
        resource = outputs["Target"].split("|")[0]
        found = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])
        self.assertEqual(found["ScalableTargets"][0]["MaxCapacity"], 10)
        (action,) = self.scheduled_actions(resource)
        self.assertEqual(action["ScheduledActionName"], f"morning of {target:g}")
        self.assertEqual(action["Schedule"], "cron(0 8 ? * MON-FRI *)")
        self.assertEqual(action["Timezone"], "Europe/Berlin")
        bounds = {"MinCapacity": 3, "MaxCapacity": 10}
        self.assertEqual(action["ScalableTargetAction"], bounds)
        policies = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)
        (policy,) = policies["ScalingPolicies"]
        self.assertEqual(policy["PolicyARN"], outputs["Policy"])
        configuration = policy["TargetTrackingScalingPolicyConfiguration"]
        self.assertEqual(configuration["TargetValue"], target)
        alarms = self.sandbox.client("cloudwatch").describe_alarms(
            AlarmNames=[alarm["AlarmName"] for alarm in policy["Alarms"]]
        )["MetricAlarms"]
        self.assertEqual(sorted(a["Threshold"] for a in alarms), [0.9 * target, target])
        self.assertEqual({a["MetricName"] for a in alarms}, {"BacklogPerTask"})
        dimensions = {d["Name"]: d["Value"] for d in alarms[0]["Dimensions"]}
        self.assertEqual(dimensions["ServiceName"], outputs["ServiceName"])

    def scheduled_actions(self, resource: str) -> list[dict]:
        scaling = self.sandbox.client("application-autoscaling")
        found = scaling.describe_scheduled_actions(ServiceNamespace="ecs", ResourceId=resource)
        return found["ScheduledActions"]

    def check_messaging(self, stack: Stack):
        outputs, sqs = stack.outputs(), self.sandbox.client("sqs")
        attributes = sqs.get_queue_attributes(QueueUrl=outputs["QueueUrl"], AttributeNames=["All"])
        attributes = attributes["Attributes"]
        self.assertEqual(attributes["VisibilityTimeout"], "60")
        self.assertEqual(json.loads(attributes["RedrivePolicy"])["maxReceiveCount"], 5)
        self.assertEqual(json.loads(attributes["Policy"])["Statement"][0]["Effect"], "Deny")
        allow = sqs.get_queue_attributes(
            QueueUrl=stack.resources()["RedriveAllow"]["PhysicalResourceId"],
            AttributeNames=["RedriveAllowPolicy"],
        )["Attributes"]["RedriveAllowPolicy"]
        self.assertEqual(json.loads(allow)["sourceQueueArns"], [attributes["QueueArn"]])
        topic = stack.resources()["Topic"]["PhysicalResourceId"]
        sns = self.sandbox.client("sns")
        sns.publish(
            TopicArn=topic,
            Message="a voucher",
            MessageAttributes={"kind": {"DataType": "String", "StringValue": "voucher"}},
        )
        received = sqs.receive_message(QueueUrl=outputs["QueueUrl"], WaitTimeSeconds=5)
        self.assertEqual([m["Body"] for m in received["Messages"]], ["a voucher"])
        policy = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
        self.assertEqual(
            json.loads(policy)["Statement"][0]["Principal"],
            {"Service": "cloudwatch.amazonaws.com"},
        )

    def check_function(self, stack: Stack):
        name, functions = stack.outputs()["Function"], self.sandbox.client("lambda")
        configuration = functions.get_function_configuration(FunctionName=name)
        self.assertEqual(configuration["Architectures"], ["arm64"])
        retries = functions.get_function_event_invoke_config(FunctionName=name)
        self.assertEqual(retries["MaximumRetryAttempts"], 0)
        (statement,) = json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]
        self.assertEqual(
            statement["Condition"],
            {
                "ArnLike": {"AWS:SourceArn": self.rule(stack)["Arn"]},
                "StringEquals": {"AWS:SourceAccount": "000000000000"},
            },
        )
        targets = self.sandbox.client("events").list_targets_by_rule(Rule=stack.outputs()["Rule"])
        self.assertEqual(sorted(t["Id"] for t in targets["Targets"]), ["part0", "part1"])
        self.assertEqual(
            json.loads(targets["Targets"][0]["Input"]),
            {"url": stack.outputs()["QueueUrl"], "service": stack.outputs()["ServiceName"]},
        )
        self.assertEqual(self.log_group(stack)["retentionInDays"], 14)

    def check_watching(self, stack: Stack):
        cloudwatch, outputs = self.sandbox.client("cloudwatch"), stack.outputs()
        name = outputs["AlarmArn"].rsplit(":", 1)[-1]
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        self.assertEqual(alarm["TreatMissingData"], "notBreaching")
        self.assertEqual(alarm["Dimensions"][0]["Value"], outputs["QueueName"])
        tags = cloudwatch.list_tags_for_resource(ResourceARN=outputs["AlarmArn"])["Tags"]
        self.assertEqual(tags, [{"Key": "own", "Value": "tag"}])
        body = cloudwatch.get_dashboard(DashboardName=outputs["Dashboard"])["DashboardBody"]
        self.assertEqual(outputs["Dashboard"], "full-main")
        self.assertIn(outputs["ServiceName"], body)

    def update(self, stack: Stack):
        same = stack.prepare(template())
        self.assertEqual((same["Status"], same["ExecutionStatus"]), ("FAILED", "UNAVAILABLE"))
        self.assertIn("didn't contain changes", same["StatusReason"])
        outputs = stack.outputs()

        # Another target: the policy, its alarms and the scheduled action, in place.
        prepared = stack.prepare(template(target=50))
        modified = ("Modify", "False")
        expected = {"Alarm": modified, "Policy": modified, "Target": modified}
        self.assertEqual(changes(prepared), expected)
        self.assertEqual(stack.execute(prepared), "UPDATE_COMPLETE")
        self.check_scaling(stack, target=50)

        # Another image: a new revision that the service uses, while the autoscaler's count stays.
        ecs = self.sandbox.client("ecs")
        service = {"cluster": outputs["ClusterName"], "service": outputs["ServiceName"]}
        ecs.update_service(**service, desiredCount=7)
        prepared = stack.prepare(template(target=50, image="busybox:2"))
        # The service refers to the replaced task definition, so it is updated.
        expected = {"Task": ("Modify", "True"), "Service": ("Modify", "False")}
        self.assertEqual(changes(prepared), expected)
        self.assertEqual(stack.execute(prepared), "UPDATE_COMPLETE")
        revision = stack.outputs()["TaskDefinition"]
        self.assertTrue(revision.endswith("/full-worker:2"))
        shown = self.service(outputs)
        self.assertEqual(shown["taskDefinition"], revision)
        self.assertEqual(shown["deployments"][0]["taskDefinition"], revision)
        self.assertEqual((shown["desiredCount"], shown["runningCount"]), (7, 7))
        active = ecs.list_task_definitions(familyPrefix="full-worker", status="ACTIVE")
        self.assertEqual(active["taskDefinitionArns"], [revision])
        self.assertEqual(stack.resources()["Task"]["PhysicalResourceId"], revision)

        # Removed and changed in place: a queue, a target of the rule, a retention.
        changed = template(
            target=50, image="busybox:2", spare_queue=False, targets=1, retention=30
        )
        self.assertEqual(stack.deploy(changed), "UPDATE_COMPLETE")
        urls = self.sandbox.client("sqs").list_queues()["QueueUrls"]
        self.assertFalse(any(url.endswith("/spare") for url in urls))
        self.assertNotIn("Spare", stack.resources())
        targets = self.sandbox.client("events").list_targets_by_rule(Rule=outputs["Rule"])
        self.assertEqual([t["Id"] for t in targets["Targets"]], ["part0"])
        self.assertEqual(self.log_group(stack)["retentionInDays"], 30)

    def service(self, outputs: dict) -> dict:
        described = self.sandbox.client("ecs").describe_services(
            cluster=outputs["ClusterName"], services=[outputs["ServiceName"]], include=["TAGS"]
        )
        return described["services"][0]

    def rule(self, stack: Stack) -> dict:
        return self.sandbox.client("events").describe_rule(Name=stack.outputs()["Rule"])

    def log_group(self, stack: Stack) -> dict:
        name = stack.outputs()["LogGroupArn"].removesuffix(":*").rsplit(":", 1)[-1]
        groups = self.sandbox.client("logs").describe_log_groups(logGroupNamePrefix=name)
        return groups["logGroups"][0]

    def test_in_place_updates_of_roles_and_topics(self):
        def body(action: str, name: str) -> dict:
            statement = [{"Effect": "Allow", "Action": action, "Resource": "*"}]
            policy = {"Version": "2012-10-17", "Statement": statement}
            return resources(
                Role={
                    "Type": "AWS::IAM::Role",
                    "Properties": {
                        "AssumeRolePolicyDocument": ASSUME_LAMBDA,
                        "Policies": [{"PolicyName": "p", "PolicyDocument": policy}],
                    },
                },
                Topic={"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name}},
            )

        stack = self.stack("in-place")
        self.assertEqual(stack.deploy(body("sqs:*", "a"), "CREATE"), "CREATE_COMPLETE")
        before = {k: v["PhysicalResourceId"] for k, v in stack.resources().items()}
        self.assertEqual(stack.deploy(body("sns:*", "b")), "UPDATE_COMPLETE")
        after = {k: v["PhysicalResourceId"] for k, v in stack.resources().items()}
        self.assertEqual(after, before)
        role = self.sandbox.client("iam").get_role_policy(RoleName=after["Role"], PolicyName="p")
        self.assertEqual(role["PolicyDocument"]["Statement"][0]["Action"], "sns:*")
        topic = self.sandbox.client("sns").get_topic_attributes(TopicArn=after["Topic"])
        self.assertEqual(topic["Attributes"]["DisplayName"], "b")

    # --- failures -----------------------------------------------------------------------------

    def test_a_failed_create_leaves_nothing(self):
        before = inventory(self.sandbox)
        stack = self.stack("broken")
        body = resources(A=queue(), B={**NO_CLUSTER, "DependsOn": "A"}, C=queue())
        self.assertEqual(stack.deploy(body, "CREATE"), "ROLLBACK_COMPLETE")
        self.assertEqual(
            stack.events(),
            [
                ("broken", "REVIEW_IN_PROGRESS"),
                ("broken", "CREATE_IN_PROGRESS"),
                ("A", "CREATE_IN_PROGRESS"),
                ("A", "CREATE_COMPLETE"),
                ("B", "CREATE_IN_PROGRESS"),
                ("B", "CREATE_FAILED"),
                ("broken", "ROLLBACK_IN_PROGRESS"),
                ("A", "DELETE_IN_PROGRESS"),
                ("A", "DELETE_COMPLETE"),
                ("broken", "ROLLBACK_COMPLETE"),
            ],
        )
        self.assertIn("Cluster not found", stack.reasons()["B"])
        self.assertEqual((inventory(self.sandbox), stack.resources()), (before, {}))
        message = self.refused("ValidationError", stack.prepare, resources(A=queue()))
        self.assertIn("ROLLBACK_COMPLETE state and can not be updated", message)
        self.assertEqual(stack.delete(), "DELETE_COMPLETE")
        self.assertEqual(stack.deploy(resources(A=queue()), "CREATE"), "CREATE_COMPLETE")

    def test_a_failed_update_restores_what_was(self):
        def body(image: str, timeout: int, **more) -> dict:
            task = {"ContainerDefinitions": [{"Name": "c", "Image": image, "Memory": 64}]}
            return resources(
                Changed=queue(VisibilityTimeout=timeout),
                Task={"Type": "AWS::ECS::TaskDefinition", "Properties": {"Family": "t", **task}},
                **more,
            )

        stack = self.stack("half")
        good = body("a:1", 10, Removed=queue(QueueName="removed"))
        self.assertEqual(stack.deploy(good, "CREATE"), "CREATE_COMPLETE")
        before, listed = inventory(self.sandbox), stack.resources()
        stack.events()
        broken = {**NO_CLUSTER, "DependsOn": ["Changed", "Task", "Added"]}
        bad = body("a:2", 20, Added=queue(), Broken=broken)
        self.assertEqual(stack.deploy(bad), "UPDATE_ROLLBACK_COMPLETE")
        events = stack.events()
        self.assertIn(("Broken", "CREATE_FAILED"), events)
        self.assertEqual(
            [status for name, status in events if name == "half"],
            [
                "UPDATE_IN_PROGRESS",
                "UPDATE_ROLLBACK_IN_PROGRESS",
                "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
                "UPDATE_ROLLBACK_COMPLETE",
            ],
        )
        self.assertEqual(inventory(self.sandbox), before)
        self.assertEqual(
            {k: v["PhysicalResourceId"] for k, v in stack.resources().items()},
            {k: v["PhysicalResourceId"] for k, v in listed.items()},
        )
        changed = listed["Changed"]["PhysicalResourceId"]
        attributes = self.sandbox.client("sqs").get_queue_attributes(
            QueueUrl=changed, AttributeNames=["VisibilityTimeout"]
        )
        self.assertEqual(attributes["Attributes"], {"VisibilityTimeout": "10"})
        # The next update starts from the state before the failed one.
        self.assertEqual(stack.prepare(good)["Status"], "FAILED")
        prepared = stack.prepare(body("a:1", 30, Removed=queue(QueueName="removed")))
        self.assertEqual(changes(prepared), {"Changed": ("Modify", "False")})
        self.assertEqual(stack.execute(prepared), "UPDATE_COMPLETE")

    def test_a_failed_replacement_keeps_the_old(self):
        def body(name: str, text: str) -> dict:
            properties = {"DashboardName": name, "DashboardBody": text}
            return resources(
                A=queue(QueueName=f"{name}-queue"),
                B={"Type": "AWS::CloudWatch::Dashboard", "DependsOn": "A", "Properties": properties},
            )

        stack = self.stack("replacing")
        self.assertEqual(stack.deploy(body("old", "{}"), "CREATE"), "CREATE_COMPLETE")
        before = inventory(self.sandbox)
        prepared = stack.prepare(body("new", "not JSON"))
        self.assertEqual(changes(prepared), {"A": ("Modify", "True"), "B": ("Modify", "True")})
        self.assertEqual(stack.execute(prepared), "UPDATE_ROLLBACK_COMPLETE")
        self.assertIn("must be a valid JSON", stack.reasons()["B"])
        self.assertEqual(inventory(self.sandbox), before)
        self.assertEqual(stack.resources()["B"]["PhysicalResourceId"], "old")
        self.assertEqual(stack.deploy(body("new", "{}")), "UPDATE_COMPLETE")
        self.assertEqual(stack.resources()["B"]["PhysicalResourceId"], "new")
        dashboards = inventory(self.sandbox)["dashboards"]
        self.assertEqual([d["DashboardName"] for d in dashboards], ["new"])

    def test_a_failed_deletion_can_be_repeated(self):
        ecs = self.sandbox.client("ecs")
        stack = self.stack("stuck")
        cluster = {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "stuck"}}
        self.assertEqual(stack.deploy(resources(Cluster=cluster), "CREATE"), "CREATE_COMPLETE")
        task = {"name": "c", "image": "i", "memory": 64}
        ecs.register_task_definition(family="foreign", containerDefinitions=[task])
        ecs.create_service(
            cluster="stuck", serviceName="foreign", taskDefinition="foreign", desiredCount=0
        )
        self.assertEqual(stack.delete(), "DELETE_FAILED")
        self.assertIn("while Services are active", stack.reasons()["Cluster"])
        ecs.delete_service(cluster="stuck", service="foreign", force=True)
        ecs.deregister_task_definition(taskDefinition="foreign:1")
        self.assertEqual(stack.delete(), "DELETE_COMPLETE")

    def test_what_was_deleted_by_hand_does_not_block(self):
        stack = self.stack("by-hand", parameters=CODE)
        self.assertEqual(stack.deploy(template(), "CREATE"), "CREATE_COMPLETE", stack.reasons())
        outputs, of = stack.outputs(), self.sandbox.client
        scaling = of("application-autoscaling")
        scaling.deregister_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=outputs["Target"].split("|")[0],
            ScalableDimension="ecs:service:DesiredCount",
        )
        ecs = of("ecs")
        service = {"cluster": outputs["ClusterName"], "service": outputs["ServiceName"]}
        ecs.delete_service(**service, force=True)
        ecs.deregister_task_definition(taskDefinition=outputs["TaskDefinition"])
        ecs.delete_cluster(cluster=outputs["ClusterName"])
        of("sqs").delete_queue(QueueUrl=outputs["QueueUrl"])
        of("lambda").delete_function(FunctionName=outputs["Function"])
        of("cloudwatch").delete_dashboards(DashboardNames=[outputs["Dashboard"]])
        self.assertEqual(stack.delete(), "DELETE_COMPLETE", stack.reasons())

    def test_a_type_that_is_not_there_fails_the_change_set(self):
        stack = self.stack("unsupported")
        prepared = stack.prepare(
            resources(A=queue(), B={"Type": "AWS::Batch::JobQueue", "Properties": {}}), "CREATE"
        )
        self.assertEqual(prepared["Status"], "FAILED")
        self.assertEqual(prepared["ExecutionStatus"], "UNAVAILABLE")
        self.assertIn("AWS::Batch::JobQueue", prepared["StatusReason"])
        self.assertEqual(stack.describe()["StackStatus"], "REVIEW_IN_PROGRESS")

    def test_invalid_properties_are_named(self):
        cluster = {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterNme": "x"}}
        stack = self.stack("invalid")
        self.assertEqual(stack.deploy(resources(A=cluster), "CREATE"), "ROLLBACK_COMPLETE")
        self.assertIn("extraneous key [ClusterNme] is not permitted", stack.reasons()["A"])

    def test_refusals(self):
        stack = self.stack("guarded")
        first = stack.prepare(resources(A=queue(VisibilityTimeout=1)), "CREATE")
        second = stack.prepare(resources(A=queue(VisibilityTimeout=2)), "CREATE")
        self.assertEqual(stack.execute(first), "CREATE_COMPLETE")
        self.refused("InvalidChangeSetStatus", stack.execute, first)
        self.refused("InvalidChangeSetStatus", stack.execute, second)
        protect = stack.cloudformation.update_termination_protection
        protect(StackName="guarded", EnableTerminationProtection=True)
        message = self.refused("ValidationError", stack.delete)
        self.assertIn("TerminationProtection is enabled", message)
        protect(StackName="guarded", EnableTerminationProtection=False)
        self.assertEqual(stack.delete(), "DELETE_COMPLETE")

    def test_a_busy_stack_takes_no_second_operation(self):
        stack = self.stack("busy", parameters=CODE)
        prepared = stack.prepare(template(), "CREATE")
        stack.cloudformation.execute_change_set(ChangeSetName=prepared["ChangeSetId"])
        message = self.refused("ValidationError", stack.delete)
        self.assertIn("cannot be deleted while in status CREATE_IN_PROGRESS", message)
        message = self.refused("ValidationError", stack.prepare, template(target=1))
        self.assertIn("is in CREATE_IN_PROGRESS state and can not be updated", message)
        self.assertEqual(stack.settled(), "CREATE_COMPLETE")

    def test_retained_resources_stay(self):
        stack = self.stack("keeper")
        kept = {**queue(QueueName="kept"), "DeletionPolicy": "Retain"}
        self.assertEqual(stack.deploy(resources(A=kept, B=queue()), "CREATE"), "CREATE_COMPLETE")
        self.assertEqual(stack.delete(), "DELETE_COMPLETE")
        self.assertIn(("A", "DELETE_SKIPPED"), stack.events())
        sqs = self.sandbox.client("sqs")
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="kept")["QueueUrl"])

    # --- services -----------------------------------------------------------------------------

    def test_ecs_by_hand(self):
        ecs, scaling = self.sandbox.client("ecs"), self.sandbox.client("application-autoscaling")
        for cluster in ("hand", "second-hand"):
            ecs.create_cluster(clusterName=cluster)
        task = {"name": "c", "image": "i", "memory": 64}
        ecs.register_task_definition(family="hand", containerDefinitions=[task])
        service = {"cluster": "hand", "serviceName": "s", "taskDefinition": "hand"}
        ecs.create_service(**service, desiredCount=1)
        self.refused("InvalidParameterException", ecs.create_service, **service, desiredCount=1)
        names = [f"s{i}" for i in range(11)]
        self.refused(
            "InvalidParameterException", ecs.describe_services, cluster="hand", services=names
        )
        self.assertEqual(ecs.list_services(cluster="second-hand")["serviceArns"], [])
        missing = ecs.describe_services(cluster="hand", services=["none"])
        self.assertEqual(missing["failures"][0]["reason"], "MISSING")
        target = {
            "ServiceNamespace": "ecs",
            "ResourceId": "service/hand/s",
            "ScalableDimension": "ecs:service:DesiredCount",
        }
        for bounds, desired in (((3, 9), 3), ((1, 2), 2)):
            scaling.register_scalable_target(**target, MinCapacity=bounds[0], MaxCapacity=bounds[1])
            (shown,) = ecs.describe_services(cluster="hand", services=["s"])["services"]
            self.assertEqual((shown["desiredCount"], shown["runningCount"]), (desired, desired))
        scaling.deregister_scalable_target(**target)
        ecs.delete_service(cluster="hand", service="s", force=True)
        (shown,) = ecs.describe_services(cluster="hand", services=["s"])["services"]
        self.assertEqual((shown["status"], shown["runningCount"]), ("INACTIVE", 0))
        self.assertEqual(ecs.list_tasks(cluster="hand")["taskArns"], [])
        ecs.deregister_task_definition(taskDefinition="hand:1")
        for cluster in ("hand", "second-hand"):
            ecs.delete_cluster(cluster=cluster)

    def test_functions(self):
        functions, name = self.sandbox.client("lambda"), self.timed.outputs()["Function"]

        def invoke(**event):
            answer = functions.invoke(
                FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail"
            )
            log = base64.b64decode(answer["LogResult"]).decode()
            return json.load(answer["Payload"]), answer.get("FunctionError"), log

        variables, error, log = invoke(do="environment")
        self.assertIsNone(error)
        self.assertRegex(log, r"^START RequestId: .*\nhandling .*\nEND RequestId: .*\nREPORT ")
        self.assertEqual(variables["AWS_LAMBDA_FUNCTION_NAME"], name)
        self.assertEqual(variables["AWS_REGION"], "us-west-2")
        self.assertEqual(variables["AWS_ENDPOINT_URL"], self.sandbox.url)
        self.assertEqual(variables["AWS_LAMBDA_LOG_GROUP_NAME"], self.timed.outputs()["Log"])
        payload, error, _ = invoke(do="error")
        self.assertEqual((payload["errorMessage"], error), ("asked to fail", "Unhandled"))
        payload, error, log = invoke(do="crash")
        self.assertEqual((payload["errorType"], error), ("Runtime.ExitError", "Unhandled"))
        self.assertIn("about to crash", log)

    def test_nothing_but_loopback(self):
        process = psutil.Process(self.sandbox.process.pid)
        processes = [process, *process.children(recursive=True)]
        listening = {
            connection.laddr.ip
            for each in processes
            for connection in each.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN or not connection.raddr
        }
        self.assertEqual(listening, {"127.0.0.1"})

    def test_killed_localstack_leaves_no_function(self):
        sandbox = Sandbox()
        self.addCleanup(sandbox.stop)
        upload_function(sandbox)
        functions, iam = sandbox.client("lambda"), sandbox.client("iam")
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(ASSUME_LAMBDA))
        functions.create_function(
            FunctionName="f",
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role=role["Role"]["Arn"],
            Code={"S3Bucket": "assets", "S3Key": "function.zip"},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName="f")
        functions.invoke(FunctionName="f", Payload=b"{}")
        children = psutil.Process(sandbox.process.pid).children(recursive=True)
        self.assertEqual(len(children), 2, "the function and the reaper")
        os.kill(sandbox.process.pid, signal.SIGKILL)
        for child in children:
            self.assertTrue(gone(child.pid), child)

    def test_zy_alarms_are_evaluated_every_minute(self):
        """Runs late because of its name, for the same reason as the next test."""
        self.bell.check(self)
        self.bell.remove()
        self.assertEqual(self.bell.states(), {})

    def test_zz_the_rule_fires_unaided(self):
        """Runs last because of its name, so that the other tests take the first minute."""
        logs, group = self.sandbox.client("logs"), self.timed.outputs()["Log"]
        while time.monotonic() < self.deployed_at + 100:
            found = logs.filter_log_events(logGroupName=group)["events"]
            fired = [e for e in found if "handling {'url'" in e["message"]]
            if len(fired) >= 2:
                break
            time.sleep(0.5)
        self.assertGreaterEqual(len(fired), 2, "one for each of the rule's targets")
        groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
        self.assertEqual(groups, [], "the log goes where LoggingConfig says, only there")


if __name__ == "__main__":
    unittest.main()
