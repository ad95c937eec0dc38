"""The second system in the sandbox: its template's life cycle, and the chain from alarm to
function.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import time
import unittest
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from botocore.config import Config  # noqa: E402
from deployment import CODE, Deploying, Stack, changes, upload_function  # noqa: E402
from sandbox import Sandbox, inventory  # noqa: E402
from web_template import Web, alarm_function, web_template  # noqa: E402


def chain_template(web: Web) -> dict:
    """Only an alarm, a topic, a function, and a dead-letter queue."""
    return {
        "Parameters": web_template(web)["Parameters"],
        "Resources": alarm_function(web),
        "Outputs": {
            "Function": {"Value": {"Ref": "Function"}},
            "Log": {"Value": {"Ref": "FunctionLog"}},
            "Letters": {"Value": {"Ref": "Letters"}},
            "LettersArn": {"Value": {"Fn::GetAtt": ["Letters", "Arn"]}},
            "Topic": {"Value": {"Ref": "Topic"}},
            "High": {"Value": {"Ref": "High"}},
            "HighArn": {"Value": {"Fn::GetAtt": ["High", "Arn"]}},
            "Subscription": {"Value": {"Ref": "Subscription"}},
        },
    }


class WebTest(Deploying):
    @classmethod
    def setUpClass(cls):
        cls.sandbox = Sandbox()
        cls.addClassCleanup(cls.sandbox.stop)
        upload_function(cls.sandbox)
        cls.publish("chain", 150.0)
        cls.chain = Stack(cls.sandbox, "chain", CODE)
        status = cls.chain.deploy(chain_template(Web()), "CREATE")
        assert status == "CREATE_COMPLETE", cls.chain.reasons()
        cls.names = cls.chain.outputs()

    @classmethod
    def publish(cls, service: str, *values: float, unit: str | None = None) -> None:
        """Publishes datapoints for the period that has just ended."""
        cls.sandbox.client("cloudwatch").put_metric_data(
            Namespace="Web",
            MetricData=[
                {
                    "MetricName": "Requests",
                    "Dimensions": [{"Name": "Service", "Value": service}],
                    "Values": list(values),
                    "Timestamp": datetime.now(UTC) - timedelta(seconds=10),
                    **({"Unit": unit} if unit else {}),
                }
            ],
        )

    def until(self, found, seconds: float = 30):
        """Returns the result of `found` as soon as it isn't empty."""
        deadline = time.monotonic() + seconds
        while not (answer := found()):
            self.assertLess(time.monotonic(), deadline, "it took too long")
            time.sleep(0.2)
        return answer

    # --- the template ---------------------------------------------------------------------------

    def test_life_on_instances(self):
        before = inventory(self.sandbox)
        stack, web = self.stack("web", CODE), Web()
        status = stack.deploy(web_template(web), "CREATE", Tags=[{"Key": "team", "Value": "x"}])
        self.assertEqual(status, "CREATE_COMPLETE", stack.reasons())
        self.check_balancer(stack, "instance")
        self.check_instances(stack, web, version="1")
        self.check_service(stack, "EC2")
        self.check_steps(stack, web)
        self.update(stack)
        self.assertEqual(stack.delete(), "DELETE_COMPLETE", stack.reasons())
        self.assertEqual(inventory(self.sandbox), before)

    def test_life_on_fargate(self):
        before = inventory(self.sandbox)
        stack = self.stack("fargate", CODE)
        template = web_template(Web(instances=False))
        self.assertEqual(stack.deploy(template, "CREATE"), "CREATE_COMPLETE", stack.reasons())
        self.check_balancer(stack, "ip")
        self.check_service(stack, "FARGATE")
        self.assertEqual(stack.delete(), "DELETE_COMPLETE", stack.reasons())
        self.assertEqual(inventory(self.sandbox), before)

    def check_balancer(
        self, stack: Stack, target_type: str, path: str = "/", first_port: int = 32768
    ):
        outputs, elb = stack.outputs(), self.sandbox.client("elbv2")
        arn = outputs["BalancerArn"]
        (balancer,) = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
        self.assertEqual(balancer["DNSName"], outputs["BalancerDns"])
        self.assertEqual(balancer["CanonicalHostedZoneId"], outputs["BalancerZone"])
        self.assertEqual(len(balancer["AvailabilityZones"]), 2)
        self.assertTrue(arn.endswith(f":loadbalancer/{outputs['BalancerFullName']}"))
        self.assertRegex(outputs["BalancerFullName"], r"^app/[\w-]{1,32}/\w{16}$")
        self.assertRegex(outputs["TargetGroupFullName"], r"^targetgroup/[\w-]{1,32}/\w{16}$")
        (described,) = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
        tags = {tag["Key"]: tag["Value"] for tag in described["Tags"]}
        self.assertEqual(tags["own"], "tag")
        self.assertEqual(tags["aws:cloudformation:logical-id"], "Balancer")
        (group,) = elb.describe_target_groups(LoadBalancerArn=arn)["TargetGroups"]
        self.assertEqual(group["TargetGroupArn"], outputs["TargetGroupArn"])
        self.assertEqual((group["TargetType"], group["HealthCheckPath"]), (target_type, path))
        self.assertEqual(group["Matcher"], {"HttpCode": "200-399"})
        attributes = elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])
        self.assertIn(
            {"Key": "deregistration_delay.timeout_seconds", "Value": "30"},
            attributes["Attributes"],
        )
        group_id = stack.resources()["SecurityGroup"]["PhysicalResourceId"]
        (found,) = self.sandbox.client("ec2").describe_security_groups(GroupIds=[group_id])[
            "SecurityGroups"
        ]
        (rule,) = found["IpPermissions"]
        self.assertEqual((rule["FromPort"], rule["ToPort"]), (first_port, 65535))
        self.assertEqual(rule["UserIdGroupPairs"][0]["GroupId"], balancer["SecurityGroups"][0])
        (listener,) = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        (action,) = listener["DefaultActions"]
        self.assertEqual((listener["Port"], action["Type"]), (80, "forward"))
        self.assertEqual(action["TargetGroupArn"], outputs["TargetGroupArn"])

    def check_instances(self, stack: Stack, web: Web, version: str):
        outputs, ec2 = stack.outputs(), self.sandbox.client("ec2")
        self.assertEqual(outputs["TemplateVersion"], version)
        (found,) = ec2.describe_launch_template_versions(
            LaunchTemplateId=outputs["Template"], Versions=[version]
        )["LaunchTemplateVersions"]
        data = found["LaunchTemplateData"]
        self.assertEqual(data["InstanceType"], web.instance_type)
        self.assertEqual(data["MetadataOptions"]["HttpTokens"], "required")
        script = base64.b64decode(data["UserData"]).decode()
        self.assertIn(f"ECS_CLUSTER={outputs['Cluster']}", script)
        (image,) = self.sandbox.client("ssm").get_parameters(
            Names=[
                "/aws/service/ecs/optimized-ami/amazon-linux-2023/"
                + ("arm64/" if web.arm else "")
                + "recommended/image_id"
            ]
        )["Parameters"]
        self.assertRegex(image["Value"], r"^ami-[0-9a-f]{17}$")
        self.assertEqual(data["ImageId"], image["Value"])
        (group,) = self.sandbox.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[outputs["Group"]]
        )["AutoScalingGroups"]
        self.assertEqual(group["AutoScalingGroupARN"], outputs["GroupArn"])
        self.assertEqual((group["MinSize"], group["MaxSize"]), (1, web.most_instances))
        self.assertEqual(group["LaunchTemplate"]["Version"], version)
        self.assertEqual(len(group["VPCZoneIdentifier"].split(",")), 2)
        tags = {tag["Key"]: tag["Value"] for tag in group["Tags"]}
        self.assertEqual((tags["own"], tags["team"]), ("tag", "x"))
        (provider,) = self.sandbox.client("ecs").describe_capacity_providers(
            capacityProviders=[outputs["Provider"]]
        )["capacityProviders"]
        managed = provider["autoScalingGroupProvider"]
        self.assertEqual(managed["managedScaling"]["targetCapacity"], web.target_capacity)
        self.assertEqual(managed["managedDraining"], "ENABLED")
        profile = stack.resources()["Profile"]["PhysicalResourceId"]
        roles = self.sandbox.client("iam").get_instance_profile(InstanceProfileName=profile)
        self.assertEqual(len(roles["InstanceProfile"]["Roles"]), 1)

    def check_service(self, stack: Stack, launch_type: str):
        outputs, ecs = stack.outputs(), self.sandbox.client("ecs")
        (cluster,) = ecs.describe_clusters(
            clusters=[outputs["Cluster"]], include=["SETTINGS"]
        )["clusters"]
        self.assertEqual(
            cluster["settings"], [{"name": "containerInsights", "value": "enabled"}]
        )
        provider = outputs.get("Provider", "FARGATE")
        self.assertEqual(cluster["capacityProviders"], [provider])
        known = {"cluster": outputs["Cluster"], "services": [outputs["Service"]]}
        (service,) = ecs.describe_services(**known)["services"]
        self.assertEqual(service["loadBalancers"][0]["targetGroupArn"], outputs["TargetGroupArn"])
        self.assertEqual(service["capacityProviderStrategy"][0]["capacityProvider"], provider)
        self.assertEqual(service["deployments"][0]["rolloutState"], "COMPLETED")
        self.assertEqual(bool(service.get("networkConfiguration")), launch_type == "FARGATE")
        task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
        task = task["taskDefinition"]
        bridge = launch_type == "EC2"
        self.assertEqual(task["networkMode"], "bridge" if bridge else "awsvpc")
        self.assertEqual(task["requiresCompatibilities"], [launch_type])
        port = task["containerDefinitions"][0]["portMappings"][0]
        self.assertEqual(port["containerPort"], 8080)
        self.assertEqual(port.get("hostPort", 8080), 0 if bridge else 8080)
        changed = ecs.update_service(
            cluster=outputs["Cluster"], service=outputs["Service"], desiredCount=3
        )["service"]
        (shown,) = ecs.describe_services(**known)["services"]
        for found in (changed, shown):
            (deployment,) = found["deployments"]
            self.assertEqual((found["desiredCount"], found["runningCount"]), (3, 3))
            self.assertEqual(deployment["rolloutState"], "COMPLETED")
        tasks = ecs.list_tasks(cluster=outputs["Cluster"])["taskArns"]
        described = ecs.describe_tasks(cluster=outputs["Cluster"], tasks=tasks)["tasks"]
        self.assertEqual([task["launchType"] for task in described], [launch_type] * 3)

    def check_steps(self, stack: Stack, web: Web):
        outputs = stack.outputs()
        policies = self.sandbox.client("application-autoscaling").describe_scaling_policies(
            ServiceNamespace="ecs", ResourceId=f"service/{outputs['Cluster']}/{outputs['Service']}"
        )["ScalingPolicies"]
        by_name = {policy["PolicyName"]: policy for policy in policies}
        self.assertEqual(set(by_name), {"out", "CPU", "Memory"})
        self.assertEqual(by_name["out"]["PolicyARN"], outputs["StepPolicy"])
        steps = by_name["out"]["StepScalingPolicyConfiguration"]["StepAdjustments"]
        self.assertEqual([step["ScalingAdjustment"] for step in steps], [web.step, web.step + 2])
        watched = {alarm["MetricName"]: alarm for alarm in self.alarms(by_name["CPU"])}
        self.assertEqual(set(watched), {"CPUUtilization"})
        names = {
            name: stack.resources()[name]["PhysicalResourceId"]
            for name in ("StepAlarm", "Slow", "Share")
        }
        described = self.sandbox.client("cloudwatch").describe_alarms(AlarmNames=[*names.values()])
        alarms = {alarm["AlarmName"]: alarm for alarm in described["MetricAlarms"]}
        own = alarms[names["StepAlarm"]]
        self.assertEqual(own["AlarmActions"], [outputs["StepPolicy"]])
        self.assertEqual(
            [dimension["Value"] for dimension in own["Dimensions"]],
            [outputs["BalancerFullName"], outputs["TargetGroupFullName"]],
        )
        self.assertEqual(alarms[names["Slow"]]["ExtendedStatistic"], "p99.9")
        self.assertEqual(len(alarms[names["Share"]]["Metrics"]), 2)
        self.assertNotIn("is not evaluated", self.sandbox.log())

    def alarms(self, policy: dict) -> list[dict]:
        names = [alarm["AlarmName"] for alarm in policy["Alarms"]]
        return self.sandbox.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]

    def update(self, stack: Stack):
        """Changes everything that can be updated in place. The counts of other services stay."""
        outputs, before = stack.outputs(), stack.resources()
        groups = self.sandbox.client("autoscaling")
        groups.set_desired_capacity(AutoScalingGroupName=outputs["Group"], DesiredCapacity=2)
        web = Web(
            instance_type="t3.large",
            arm=True,
            most_instances=6,
            target_capacity=80,
            health_path="/health",
            first_port=1024,
            step=2,
        )
        prepared = stack.prepare(web_template(web), Tags=[{"Key": "team", "Value": "x"}])
        modified = ("Modify", "False")
        for name in ("Launch", "Group", "Provider", "Targets", "Steps"):
            self.assertEqual(changes(prepared)[name], modified)
        self.assertEqual(stack.execute(prepared), "UPDATE_COMPLETE", stack.reasons())
        self.check_balancer(stack, "instance", "/health", first_port=1024)
        self.check_instances(stack, web, version="2")
        self.check_steps(stack, web)
        for name, resource in stack.resources().items():
            if name == "FromBalancer":
                continue  # replaced: a rule never changes
            self.assertEqual(
                resource["PhysicalResourceId"], before[name]["PhysicalResourceId"], name
            )
        (group,) = groups.describe_auto_scaling_groups(AutoScalingGroupNames=[outputs["Group"]])[
            "AutoScalingGroups"
        ]
        self.assertEqual((group["DesiredCapacity"], len(group["Instances"])), (2, 2))
        known = {"cluster": outputs["Cluster"], "services": [outputs["Service"]]}
        (service,) = self.sandbox.client("ecs").describe_services(**known)["services"]
        self.assertEqual(service["desiredCount"], 3)

    def test_what_ecs_refuses(self):
        stack = self.stack("unready", CODE)
        template = web_template(Web())
        template["Resources"]["Service"]["DependsOn"] = ["Listener"]
        template["Resources"]["Capacity"]["DependsOn"] = ["Service"]
        self.assertEqual(stack.deploy(template, "CREATE"), "ROLLBACK_COMPLETE")
        self.assertIn("not associated with the cluster", stack.reasons()["Service"])
        stack.delete()
        template = web_template(Web())
        template["Resources"]["Service"]["DependsOn"] = ["Capacity"]
        template["Resources"]["Listener"]["DependsOn"] = ["Service"]
        self.assertEqual(stack.deploy(template, "CREATE"), "ROLLBACK_COMPLETE")
        self.assertIn("does not have an associated load balancer", stack.reasons()["Service"])
        ecs = self.sandbox.client("ecs")
        message = self.refused(
            "InvalidParameterException",
            ecs.create_capacity_provider,
            name="ecs-capacity",
            autoScalingGroupProvider={"autoScalingGroupArn": "group"},
        )
        self.assertIn("prefixed", message)

    def test_unknown_properties_are_named(self):
        for name, change, problem in (
            (
                "Launch",
                {"LaunchTemplateData": {"ImageIds": "x"}},
                "#/LaunchTemplateData: extraneous key [ImageIds]",
            ),
            ("Group", {"MinimumSize": 1}, "#: extraneous key [MinimumSize]"),
            ("Group", {"MetricsCollection": []}, "[MetricsCollection] is not available"),
            ("Balancer", {"Zone": 1}, "#: extraneous key [Zone]"),
            ("Targets", {"Matcher": {"Code": 1}}, "#/Matcher: extraneous key [Code]"),
            (
                "Listener",
                {"DefaultActions": [{"Kind": 1}]},
                "#/DefaultActions/0: extraneous key [Kind]",
            ),
            ("Provider", {"AutoScalingGroupProvider": {"Group": 1}}, "extraneous key [Group]"),
        ):
            with self.subTest(name, change=change):
                resource = web_template(Web())["Resources"][name]
                plain = {**resource["Properties"], **change}
                referred = re.sub(r'\{"(Ref|Fn::GetAtt)": [^{}]*\}', '"x"', json.dumps(plain))
                plain = json.loads(referred)
                stack = self.stack(f"unknown-{name}-{next(iter(change))}", CODE)
                body = {"Resources": {"A": {"Type": resource["Type"], "Properties": plain}}}
                self.assertEqual(stack.deploy(body, "CREATE"), "ROLLBACK_COMPLETE")
                self.assertIn(problem, stack.reasons()["A"])

    # --- from the alarm to the function ---------------------------------------------------------

    def heard(self) -> list[dict]:
        """Returns the records that the function received, as it logged them."""
        logs = self.sandbox.client("logs").filter_log_events(logGroupName=self.names["Log"])
        lines = [event["message"] for event in logs["events"]]
        return [json.loads(line[6:]) for line in lines if line.startswith("heard ")]

    def test_za_alarm_calls_its_function(self):
        cloudwatch = self.sandbox.client("cloudwatch")
        record = self.until(self.heard)[0]
        self.assertEqual((record["EventSource"], record["EventVersion"]), ("aws:sns", "1.0"))
        self.assertEqual(record["Sns"]["Type"], "Notification")
        self.assertEqual(record["Sns"]["TopicArn"], self.names["Topic"])
        self.assertEqual(record["EventSubscriptionArn"], self.names["Subscription"])
        message, name = record["Sns"]["Message"], self.names["High"]
        self.assertTrue(record["Sns"]["Subject"].startswith(f'ALARM: "{name}" in '))
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        self.assertEqual(message["AlarmName"], name)
        self.assertEqual(message["AlarmArn"], self.names["HighArn"])
        self.assertEqual(message["AWSAccountId"], "000000000000")
        self.assertEqual(message["AlarmDescription"], '{"do": "echo"}')
        self.assertEqual(message["NewStateValue"], "ALARM")
        self.assertEqual(message["OldStateValue"], "INSUFFICIENT_DATA")
        self.assertEqual(message["NewStateReason"], alarm["StateReason"])
        self.assertEqual(message["Region"], "US West (Oregon)")
        moment = message["StateChangeTime"]
        self.assertRegex(moment, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$")
        changed = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%f%z")
        self.assertEqual(alarm["StateTransitionedTimestamp"], changed)
        self.assertEqual(alarm["StateUpdatedTimestamp"], changed)
        self.assertLess(abs((datetime.now(UTC) - changed).total_seconds()), 60)
        expected = {
            "MetricName": "Requests",
            "Namespace": "Web",
            "StatisticType": "Statistic",
            "Statistic": "SUM",
            "Unit": None,
            "Dimensions": [{"value": "chain", "name": "Service"}],
            "Period": 10,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 100.0,
            "TreatMissingData": "ignore",
            "EvaluateLowSampleCountPercentile": "",
        }
        self.assertEqual(message["Trigger"], expected)
        # The other alarm's message took the same path, past the filter.
        foreign = self.chain.resources()["Foreign"]["PhysicalResourceId"]
        (other,) = cloudwatch.describe_alarms(AlarmNames=[foreign])["MetricAlarms"]
        self.assertEqual(other["StateValue"], "ALARM")
        time.sleep(1)
        self.assertEqual({each["Sns"]["Message"]["AlarmName"] for each in self.heard()}, {name})

    def test_zb_failures_end_in_the_dead_letters(self):
        before = len(self.heard())
        sent = self.tell({"do": "error"})
        letter = self.letter()
        event = json.loads(letter["Body"])
        self.assertEqual(event["Records"][0]["Sns"]["Message"], sent)
        attributes = {k: v["StringValue"] for k, v in letter["MessageAttributes"].items()}
        self.assertEqual(attributes["ErrorMessage"], "asked to fail")
        self.assertEqual(attributes["ErrorCode"], "200")
        self.until(lambda: len(self.heard()) == before + 3)

    def test_zc_one_call_at_a_time(self):
        functions, name = self.sandbox.client("lambda"), self.names["Function"]
        event = json.dumps({"do": "sleep", "seconds": 2}).encode()
        for _ in range(2):
            functions.invoke(FunctionName=name, InvocationType="Event", Payload=event)
        impatient = self.sandbox.client("lambda", config=Config(retries={"total_max_attempts": 1}))

        def busy() -> bool:
            try:
                impatient.invoke(FunctionName=name, Payload=b"{}")
            except impatient.exceptions.TooManyRequestsException:
                return True
            return False

        self.until(busy)
        self.until(lambda: len(self.lines("slept")) == 2)
        order = [line.split()[0] for line in self.lines("handling {'do': 'sleep'", "slept")]
        self.assertEqual(order, ["handling", "slept"] * 2)

    def tell(self, task: dict) -> str:
        """Publishes a message as the alarm would. The function executes its description."""
        body = {"AlarmArn": self.names["HighArn"], "AlarmDescription": json.dumps(task)}
        message = json.dumps(body)
        self.sandbox.client("sns").publish(TopicArn=self.names["Topic"], Message=message)
        return message

    def letter(self) -> dict:
        """Returns the next message in the dead-letter queue."""
        sqs, url = self.sandbox.client("sqs"), self.names["Letters"]

        def receive() -> list[dict] | None:
            return sqs.receive_message(
                QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=1
            ).get("Messages")

        (found,) = self.until(receive)
        sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
        return found

    def lines(self, *beginnings: str) -> list[str]:
        logs = self.sandbox.client("logs").filter_log_events(logGroupName=self.names["Log"])
        events = sorted(logs["events"], key=lambda event: event["timestamp"])
        return [e["message"] for e in events if e["message"].startswith(beginnings)]

    def test_zd_the_chain_is_updated_in_place(self):
        functions, cloudwatch = self.sandbox.client("lambda"), self.sandbox.client("cloudwatch")
        sns, name = self.sandbox.client("sns"), self.names["Function"]
        limit = functions.get_account_settings()["AccountLimit"]
        self.assertEqual(limit["UnreservedConcurrentExecutions"], limit["ConcurrentExecutions"] - 1)
        configuration = functions.get_function_configuration(FunctionName=name)
        self.assertEqual(configuration["DeadLetterConfig"]["TargetArn"], self.names["LettersArn"])
        self.assertEqual(configuration["Environment"]["Variables"], {"SCALING_POLICY": "one"})
        arn = self.names["HighArn"]
        ours = {"Key": "ecs-scaler:last-step", "Value": "2026-11-21T10:00:12Z step + - = . _ : / @"}
        cloudwatch.tag_resource(ResourceARN=arn, Tags=[ours])
        (before,) = cloudwatch.describe_alarms(AlarmNames=[self.names["High"]])["MetricAlarms"]
        web = Web(policy="two", reserved=None, dead_letters=False, scope="MessageAttributes")
        status = self.chain.deploy(chain_template(web))
        self.assertEqual(status, "UPDATE_COMPLETE", self.chain.reasons())
        configuration = functions.get_function_configuration(FunctionName=name)
        self.assertFalse((configuration.get("DeadLetterConfig") or {}).get("TargetArn"))
        self.assertEqual(configuration["Environment"]["Variables"], {"SCALING_POLICY": "two"})
        answer = functions.invoke(FunctionName=name, Payload=b'{"do": "environment"}')
        self.assertEqual(json.load(answer["Payload"])["SCALING_POLICY"], "two")
        limit = functions.get_account_settings()["AccountLimit"]
        self.assertEqual(limit["UnreservedConcurrentExecutions"], limit["ConcurrentExecutions"])
        subscription = sns.get_subscription_attributes(SubscriptionArn=self.names["Subscription"])
        self.assertEqual(subscription["Attributes"]["FilterPolicyScope"], "MessageAttributes")
        # A tag that isn't in the template stays, and so does the alarm's state.
        tags = cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]
        self.assertCountEqual(tags, [ours, {"Key": "own", "Value": "two"}])
        (after,) = cloudwatch.describe_alarms(AlarmNames=[self.names["High"]])["MetricAlarms"]
        for key in ("StateValue", "StateTransitionedTimestamp"):
            self.assertEqual(after[key], before[key])
        cloudwatch.untag_resource(ResourceARN=arn, TagKeys=[ours["Key"]])
        tags = cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]
        self.assertEqual(tags, [{"Key": "own", "Value": "two"}])
        self.refused(
            "InvalidParameterValue",
            cloudwatch.tag_resource,
            ResourceARN=arn,
            Tags=[{**ours, "Value": "1 -> 2"}],
        )
        self.refused(
            "ResourceNotFoundException",
            cloudwatch.tag_resource,
            ResourceARN=arn + "-nowhere",
            Tags=[ours],
        )
        self.assertEqual(self.chain.deploy(chain_template(Web())), "UPDATE_COMPLETE")
        reserved = functions.get_function_concurrency(FunctionName=name)
        self.assertEqual(reserved["ReservedConcurrentExecutions"], 1)

    def test_ze_nothing_is_left_of_the_chain(self):
        # A message that no function receives moves to the subscription's dead-letter queue.
        self.sandbox.client("lambda").delete_function(FunctionName=self.names["Function"])
        sent = self.tell({})
        self.assertEqual(json.loads(self.letter()["Body"])["Message"], sent)
        self.assertEqual(self.chain.delete(), "DELETE_COMPLETE", self.chain.reasons())
        for kind in ("functions", "alarms", "topics", "subscriptions", "queues", "log groups"):
            self.assertEqual(inventory(self.sandbox)[kind], [], kind)
        cloudwatch = self.sandbox.client("cloudwatch")
        arn = self.names["HighArn"]
        self.refused(
            "ResourceNotFoundException", cloudwatch.list_tags_for_resource, ResourceARN=arn
        )

    def test_too_much_is_not_reserved(self):
        stack = self.stack("greedy", CODE)
        template = chain_template(Web(reserved=950))
        self.assertEqual(stack.deploy(template, "CREATE"), "ROLLBACK_COMPLETE")
        self.assertIn("UnreservedConcurrentExecution", stack.reasons()["Function"])
        functions = self.sandbox.client("lambda").list_functions()["Functions"]
        self.assertFalse(any(f["FunctionName"].startswith("greedy") for f in functions))

    def test_zc_the_log_of_a_call(self):
        functions = self.sandbox.client("lambda")
        answer = functions.invoke(
            FunctionName=self.names["Function"],
            LogType="Tail",
            Payload=json.dumps({"do": "talk", "bytes": 9000}).encode(),
        )
        log = base64.b64decode(answer["LogResult"])
        self.assertEqual(len(log), 4096)
        self.assertRegex(log.decode(), r"^x+\nEND RequestId: .*\nREPORT RequestId: ")

    # --- statistics -----------------------------------------------------------------------------

    def test_percentiles(self):
        cloudwatch = self.sandbox.client("cloudwatch")
        self.publish("slow", *map(float, range(1, 101)), unit="Seconds")
        metric = {
            "Namespace": "Web",
            "MetricName": "Requests",
            "Dimensions": [{"Name": "Service", "Value": "slow"}],
        }
        queries = [
            {"Id": f"q{index}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}}
            for index, statistic in enumerate(("p50", "p99", "p99.9", "Average", "SampleCount"))
        ]
        now = datetime.now(UTC)
        answer = cloudwatch.get_metric_data(
            MetricDataQueries=queries,
            StartTime=now - timedelta(seconds=60),
            EndTime=now + timedelta(seconds=60),
        )
        values = [result["Values"] for result in answer["MetricDataResults"]]
        self.assertEqual(values, [[50.0], [99.0], [100.0], [50.5], [100.0]])
        common = {
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            **metric,
            "Period": 10,
        }
        for name, statistic, threshold, more in (
            ("median-over", "p50", 49, {}),
            ("median-within", "p50", 50, {}),
            ("other-unit", "p50", 49, {"Unit": "Count"}),
            ("trimmed", "tm90", 1, {}),
        ):
            cloudwatch.put_metric_alarm(
                AlarmName=name, ExtendedStatistic=statistic, Threshold=threshold, **common, **more
            )
        self.addCleanup(
            cloudwatch.delete_alarms,
            AlarmNames=["median-over", "median-within", "other-unit", "trimmed"],
        )
        self.refused(
            "InvalidParameterValue",
            cloudwatch.put_metric_alarm,
            AlarmName="none",
            ExtendedStatistic="q50",
            Threshold=1,
            **common,
        )

        def states() -> dict[str, str]:
            found = cloudwatch.describe_alarms()["MetricAlarms"]
            return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}

        self.until(lambda: states()["median-over"] == "ALARM")
        self.until(lambda: states()["median-within"] == "OK")
        self.assertEqual(states()["other-unit"], "INSUFFICIENT_DATA")
        self.assertIn("trimmed is not evaluated: the statistic tm90", self.sandbox.log())


if __name__ == "__main__":
    unittest.main()
