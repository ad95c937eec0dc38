"""A LocalStack for the tests, started as described in README.md."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3

PLUGIN = Path(__file__).resolve().parent.parent / "src"
REGION = "us-west-2"
START_SECONDS = 60


class Sandbox:
    """A running LocalStack with the plugin, in a temporary folder."""

    def __init__(self, **variables: str) -> None:
        """Starts it, with these variables in addition to README.md's."""
        self.folder = Path(tempfile.mkdtemp(prefix="sandbox-test-"))
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = open(self.folder / "localstack.log", "wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "localstack.runtime.main"],
            env={**settings(self.folder, self.port), **variables},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait()

    def client(self, service: str, **arguments):
        """Returns a client of the sandbox, with test credentials."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            **arguments,
        )

    def log(self) -> str:
        """Returns LocalStack's log so far."""
        return (self.folder / "localstack.log").read_text(errors="replace")

    def stop(self) -> None:
        """Stops LocalStack and removes its folder."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_localstack/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        log = self.log()
        self.stop()
        raise RuntimeError(f"LocalStack did not start:\n{log}")


def settings(folder: Path, port: int) -> dict[str, str]:
    """Returns the complete environment of LocalStack's process."""
    for name in ("home", "cache", "tmp", "filesystem", "volume"):
        (folder / name).mkdir(exist_ok=True)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(PLUGIN),
        "PYTHONUNBUFFERED": "1",
        "HOME": str(folder / "home"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "TEMP": str(folder / "tmp"),
        "FILESYSTEM_ROOT": str(folder / "filesystem"),
        "LOCALSTACK_VOLUME_DIR": str(folder / "volume"),
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LOCALSTACK_HOST": f"127.0.0.1:{port}",
        "SQS_ENDPOINT_STRATEGY": "path",
        "LAMBDA_RUNTIME_EXECUTOR": "process",
        "LAMBDA_RETRY_BASE_DELAY": "1",
        "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "0",
        "DNS_ADDRESS": "0",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "EAGER_SERVICE_LOADING": "0",
        "DEBUG": os.environ.get("SANDBOX_DEBUG", "0"),
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def inventory(sandbox: Sandbox) -> dict[str, list]:
    """Returns everything in the services that stacks of this project use."""
    of = sandbox.client
    ecs, ec2, logs = of("ecs"), of("ec2"), of("logs")
    clusters = ecs.list_clusters()["clusterArns"]
    scaling = of("application-autoscaling")
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    elb, groups, iam = of("elbv2"), of("autoscaling"), of("iam")
    instances = [
        instance["InstanceId"]
        for reservation in ec2.describe_instances()["Reservations"]
        for instance in reservation["Instances"]
        if instance["State"]["Name"] != "terminated"
    ]
    balancers = [b["LoadBalancerArn"] for b in elb.describe_load_balancers()["LoadBalancers"]]
    providers = ecs.describe_capacity_providers()["capacityProviders"]
    policies = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    return {
        "clusters": clusters,
        "services": [a for c in clusters for a in ecs.list_services(cluster=c)["serviceArns"]],
        "task definitions": ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"],
        "scalable targets": [target["ResourceId"] for target in targets],
        "scaling policies": [policy["PolicyARN"] for policy in policies],
        "queues": of("sqs").list_queues().get("QueueUrls", []),
        "topics": of("sns").list_topics()["Topics"],
        "subscriptions": of("sns").list_subscriptions()["Subscriptions"],
        "roles": [role["RoleName"] for role in of("iam").list_roles()["Roles"]],
        "functions": [f["FunctionName"] for f in of("lambda").list_functions()["Functions"]],
        "rules": [rule["Name"] for rule in of("events").list_rules()["Rules"]],
        "log groups": [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]],
        "alarms": [a["AlarmName"] for a in of("cloudwatch").describe_alarms()["MetricAlarms"]],
        "dashboards": of("cloudwatch").list_dashboards()["DashboardEntries"],
        "capacity providers": sorted(provider["name"] for provider in providers),
        "load balancers": balancers,
        "target groups": elb.describe_target_groups()["TargetGroups"],
        "listeners": [
            listener["ListenerArn"]
            for balancer in balancers
            for listener in elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
        ],
        "auto scaling groups": groups.describe_auto_scaling_groups()["AutoScalingGroups"],
        "launch templates": ec2.describe_launch_templates()["LaunchTemplates"],
        "instances": instances,
        "volumes": [volume["VolumeId"] for volume in ec2.describe_volumes()["Volumes"]],
        "interfaces": ec2.describe_network_interfaces()["NetworkInterfaces"],
        "instance profiles": iam.list_instance_profiles()["InstanceProfiles"],
        "roles' policies": [
            (role["RoleName"], iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"])
            for role in iam.list_roles()["Roles"]
        ],
        "vpcs": [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]],
        "subnets": [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]],
        "gateways": ec2.describe_internet_gateways()["InternetGateways"],
        "route tables": [t["RouteTableId"] for t in ec2.describe_route_tables()["RouteTables"]],
        "security groups": [g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"]],
    }
