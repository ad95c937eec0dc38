"""Resource import: what exists becomes a stack's, unchanged, and outlives the stack."""

from __future__ import annotations

import copy
import sys
import unittest
from pathlib import Path

from botocore.exceptions import ClientError

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "src"))

from deployment import Deploying  # noqa: E402
from sandbox import Sandbox  # noqa: E402


class ImportTest(Deploying):
    @classmethod
    def setUpClass(cls):
        cls.sandbox = Sandbox()
        cls.addClassCleanup(cls.sandbox.stop)

    def make(self, name: str) -> tuple[str, str]:
        """Creates a queue and a service. Returns the queue's URL and the service's ARN."""
        sqs, ecs = self.sandbox.client("sqs"), self.sandbox.client("ecs")
        url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "45"})["QueueUrl"]
        container = {"name": "worker", "image": "busybox:1.37", "memory": 64}
        ecs.register_task_definition(family=name, containerDefinitions=[container])
        ecs.create_cluster(clusterName=name)
        service = ecs.create_service(
            cluster=name, serviceName=name, taskDefinition=name, desiredCount=2
        )
        return url, service["service"]["serviceArn"]

    def test_as_aws_documents_it(self):
        url, arn = self.make("taken")
        sqs, ecs = self.sandbox.client("sqs"), self.sandbox.client("ecs")
        sqs.send_message(QueueUrl=url, MessageBody="kept")
        queue = {
            "Type": "AWS::SQS::Queue",
            "DeletionPolicy": "Retain",
            "Properties": {"QueueName": "taken", "VisibilityTimeout": 45},
        }
        service = {
            "Type": "AWS::ECS::Service",
            "DeletionPolicy": "Retain",
            "Properties": {"Cluster": "taken", "ServiceName": "taken", "TaskDefinition": "taken"},
        }
        wanted = [
            {
                "ResourceType": "AWS::SQS::Queue",
                "LogicalResourceId": "Queue",
                "ResourceIdentifier": {"QueueUrl": url},
            },
            {
                "ResourceType": "AWS::ECS::Service",
                "LogicalResourceId": "Service",
                "ResourceIdentifier": {"Cluster": "taken", "ServiceArn": arn},
            },
        ]
        stack = self.stack("import-new")
        template = {"Resources": {"Queue": queue, "Service": service}}
        change_set = stack.prepare(template, "IMPORT", ResourcesToImport=wanted)
        changes = [one["ResourceChange"] for one in change_set["Changes"]]
        self.assertEqual({one["Action"] for one in changes}, {"Import"})
        self.assertEqual({one["PhysicalResourceId"] for one in changes}, {url, arn})
        self.assertEqual(stack.execute(change_set), "IMPORT_COMPLETE")
        cloudformation = self.sandbox.client("cloudformation")
        listed = cloudformation.list_stack_resources(StackName="import-new")
        physical = {one["PhysicalResourceId"] for one in listed["StackResourceSummaries"]}
        self.assertEqual(physical, {url, arn})
        for one in listed["StackResourceSummaries"]:
            self.assertEqual(one["ResourceStatus"], "IMPORT_COMPLETE")
        described = ecs.describe_services(cluster="taken", services=["taken"])["services"][0]
        self.assertEqual(described["desiredCount"], 2)

        with self.subTest("it belongs to one stack"):
            with self.assertRaisesRegex(ClientError, "already exists in stack"):
                self.stack("import-other").prepare(template, "IMPORT", ResourcesToImport=wanted)

        with self.subTest("the next update changes it in place"):
            updated = copy.deepcopy(template)
            updated["Resources"]["Queue"]["Properties"]["VisibilityTimeout"] = 60
            updated["Resources"]["Topic"] = {"Type": "AWS::SNS::Topic"}
            updated["Outputs"] = {"Url": {"Value": {"Ref": "Queue"}}}
            self.assertEqual(stack.deploy(updated), "UPDATE_COMPLETE", stack.reasons())
            self.assertEqual(stack.outputs()["Url"], url)
            read = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            self.assertEqual(read["VisibilityTimeout"], "60")

        with self.subTest("into a stack, and nothing else"):
            more, _ = self.make("more")
            other = copy.deepcopy(updated)
            other["Resources"]["More"] = {**queue, "Properties": {"QueueName": "more"}}
            one = [{**wanted[0], "LogicalResourceId": "More"}]
            one[0]["ResourceIdentifier"] = {"QueueUrl": more}
            changed = copy.deepcopy(other)
            changed["Resources"]["Queue"]["Properties"]["VisibilityTimeout"] = 90
            unmarked = copy.deepcopy(other)
            del unmarked["Resources"]["More"]["DeletionPolicy"]
            for refused, why in (
                (changed, "modified resources .Queue."),
                ({**other, "Outputs": {}}, "modify or add .Outputs."),
                (unmarked, "DeletionPolicy"),
            ):
                with self.assertRaisesRegex(ClientError, why):
                    stack.prepare(refused, "IMPORT", ResourcesToImport=one)
            absent = [{**one[0], "ResourceIdentifier": {"QueueUrl": f"{more}-absent"}}]
            with self.assertRaisesRegex(ClientError, "does not exist"):
                stack.prepare(other, "IMPORT", ResourcesToImport=absent)
            self.assertEqual(
                stack.deploy(other, "IMPORT", ResourcesToImport=one), "IMPORT_COMPLETE"
            )

        with self.subTest("it outlives the stack"):
            self.assertEqual(stack.delete(), "DELETE_COMPLETE")
            message = sqs.receive_message(QueueUrl=url)["Messages"][0]
            self.assertEqual(message["Body"], "kept")
            described = ecs.describe_services(cluster="taken", services=["taken"])["services"][0]
            self.assertEqual(described["status"], "ACTIVE")


if __name__ == "__main__":
    unittest.main()
