"""Updates that AWS and moto handle differently: replacements, absent properties, and refusals."""

from __future__ import annotations

import json
import sys
import unittest
from importlib import import_module, resources
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "src"))

from deployment import CODE, Deploying, upload_function  # noqa: E402
from sandbox import Sandbox  # noqa: E402
from web_template import Web, web_template  # noqa: E402

MODULES = (
    "application_autoscaling",
    "cluster",
    "dashboard",
    "instances",
    "load_balancing",
    "security_group_ingress",
    "service",
    "slack_channel",
    "task_definition",
    "flow_log",
    "web_acl",
)


class SchemasTest(unittest.TestCase):
    """CloudFormation's own schemas, which are part of cfn-lint, specify which changes replace a
    resource.
    """

    SCHEMAS = resources.files("cfnlint.data.schemas")

    def documented(self, type_name: str) -> tuple[set[str], set[str]]:
        """Returns the create-only properties, and the conditional ones."""
        files = json.loads((self.SCHEMAS / "providers/us-west-2.json").read_text())
        schema = json.loads((self.SCHEMAS / f"resources/{files[type_name]}.json").read_text())
        lists = ("createOnlyProperties", "conditionalCreateOnlyProperties")
        return tuple(set(schema.get(name, [])) for name in lists)

    def test_replacements_are_those_of_cloudformation(self):
        checked = 0
        for module in MODULES:
            for provider in vars(import_module(f"localstack_ecs.cfn.{module}")).values():
                schema = getattr(provider, "SCHEMA", None)
                if schema is None:
                    continue
                with self.subTest(schema["typeName"]):
                    always, sometimes = self.documented(schema["typeName"])
                    ours = set(schema["createOnlyProperties"])
                    known = {f"/properties/{name}" for name in schema["properties"]}
                    known -= {f"/properties/{name}" for name in schema["unavailable"]}
                    top = {path for path in always if "/".join(path.split("/")[:3]) in known}
                    self.assertEqual(top - ours, set(), "changed in place here, replaced on AWS")
                    self.assertEqual(ours - always - sometimes, set(), "replaced here alone")
                    checked += 1
        self.assertEqual(checked, 17)


class UpdatesTest(Deploying):
    @classmethod
    def setUpClass(cls):
        cls.sandbox = Sandbox()
        cls.addClassCleanup(cls.sandbox.stop)
        upload_function(cls.sandbox)

    def service(self, stack) -> dict:
        names, ecs = stack.outputs(), self.sandbox.client("ecs")
        found = ecs.describe_services(cluster=names["Cluster"], services=[names["Service"]])
        return found["services"][0]

    def test_as_aws_documents_them(self):
        stack, template = self.stack("updates", CODE), web_template(Web(instances=False))
        properties = {
            name: one["Properties"]
            for name, one in template["Resources"].items()
            if "Properties" in one
        }
        properties["Capacity"]["CapacityProviders"] = ["FARGATE", "FARGATE_SPOT"]
        self.assertEqual(stack.deploy(template, "CREATE"), "CREATE_COMPLETE", stack.reasons())
        first = self.service(stack)

        with self.subTest("another strategy starts no deployment, and a forced one does"):
            spot = [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1, "Base": 0}]
            properties["Service"]["CapacityProviderStrategy"] = spot
            self.assertEqual(stack.deploy(template), "UPDATE_COMPLETE", stack.reasons())
            moved = self.service(stack)
            self.assertEqual(
                moved["capacityProviderStrategy"][0]["capacityProvider"], "FARGATE_SPOT"
            )
            self.assertEqual(moved["deployments"][0]["id"], first["deployments"][0]["id"])
            properties["Service"]["ForceNewDeployment"] = {
                "EnableForceNewDeployment": True,
                "ForceNewDeploymentNonce": "spot",
            }
            self.assertEqual(stack.deploy(template), "UPDATE_COMPLETE", stack.reasons())
            self.assertNotEqual(
                self.service(stack)["deployments"][0]["id"], moved["deployments"][0]["id"]
            )

        with self.subTest("a target group has one load balancer"):
            properties["Balancer"]["Scheme"] = "internal"
            self.assertEqual(stack.deploy(template), "UPDATE_ROLLBACK_COMPLETE")
            self.assertIn("more than one load balancer", stack.reasons()["Listener"])
            properties["Balancer"]["Scheme"] = "internet-facing"

        with self.subTest("a load balancer stays in its VPC"):
            ec2 = self.sandbox.client("ec2")
            vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
            zones = ec2.describe_availability_zones()["AvailabilityZones"][:2]
            there = [
                ec2.create_subnet(
                    VpcId=vpc, CidrBlock=f"10.9.{i}.0/24", AvailabilityZone=zone["ZoneName"]
                )["Subnet"]["SubnetId"]
                for i, zone in enumerate(zones)
            ]
            here, properties["Balancer"]["Subnets"] = properties["Balancer"]["Subnets"], there
            self.assertEqual(stack.deploy(template), "UPDATE_ROLLBACK_COMPLETE")
            self.assertIn("not in the load balancer's VPC", stack.reasons()["Balancer"])
            properties["Balancer"]["Subnets"] = here

        with self.subTest("absent properties keep their values"):
            for name, absent in (
                ("Service", "CapacityProviderStrategy"),
                ("Service", "LoadBalancers"),
                ("Service", "HealthCheckGracePeriodSeconds"),
                ("Cluster", "ClusterSettings"),
            ):
                del properties[name][absent]
            self.assertEqual(stack.deploy(template), "UPDATE_COMPLETE", stack.reasons())
            left, ecs = self.service(stack), self.sandbox.client("ecs")
            self.assertEqual(
                left["capacityProviderStrategy"][0]["capacityProvider"], "FARGATE_SPOT"
            )
            self.assertEqual(len(left["loadBalancers"]), 1)
            self.assertEqual(left["healthCheckGracePeriodSeconds"], 60)
            cluster = ecs.describe_clusters(
                clusters=[stack.outputs()["Cluster"]], include=["SETTINGS"]
            )["clusters"][0]
            self.assertEqual(cluster["settings"], [{"name": "containerInsights", "value": "enabled"}])

        with self.subTest("an empty list removes the load balancer"):
            properties["Service"]["LoadBalancers"] = []
            self.assertEqual(stack.deploy(template), "UPDATE_COMPLETE", stack.reasons())
            self.assertEqual(self.service(stack)["loadBalancers"], [])


if __name__ == "__main__":
    unittest.main()
