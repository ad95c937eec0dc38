"""Alarms that are created when the tests start, and checked after a minute."""

from __future__ import annotations

import json
import time
import unittest
from datetime import UTC, datetime, timedelta

from sandbox import REGION, Sandbox

NAMESPACE = "Bell"


class Bell:
    """Alarms, and a queue that receives their messages."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.cloudwatch, self._sqs = sandbox.client("cloudwatch"), sandbox.client("sqs")
        self._sns = sandbox.client("sns")
        self._url = self._sqs.create_queue(QueueName="bell")["QueueUrl"]
        self._topic = self._sns.create_topic(Name="bell")["TopicArn"]
        self._sns.subscribe(
            TopicArn=self._topic,
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:{REGION}:000000000000:bell",
            Attributes={"RawMessageDelivery": "true"},
        )
        self._publish(("worker-1", 150.0), ("worker-10", 1.0), ("a", 60.0), ("b", 60.0))
        self._put("bell-over", 100, **self._metric("worker-1"))
        self._put("bell-within", 200, **self._metric("worker-1"))
        self._put("bell-silent", 1, TreatMissingData="breaching", **self._metric("nothing"))
        self._put("bell-unknown", 1, **self._metric("nothing"))
        metrics = [
            {
                "Id": name,
                "MetricStat": {"Metric": self._named(name), "Period": 60, "Stat": "Average"},
                "ReturnData": False,
            }
            for name in ("a", "b")
        ]
        math = {"Id": "sum", "Expression": "a + b", "ReturnData": True}
        self._put("bell-sum", 100, Metrics=[*metrics, math])
        self.made_at = time.monotonic()
        self.at_first = self.states()

    def states(self) -> dict[str, str]:
        """Returns each alarm's state."""
        found = self.cloudwatch.describe_alarms(AlarmNamePrefix="bell-")["MetricAlarms"]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}

    def check(self, test: unittest.TestCase) -> None:
        """Checks the conditions that must hold a minute later."""
        test.assertEqual(set(self.at_first.values()), {"INSUFFICIENT_DATA"})
        expected = {
            "bell-over": "ALARM",
            "bell-within": "OK",
            "bell-silent": "ALARM",
            "bell-unknown": "INSUFFICIENT_DATA",
            "bell-sum": "ALARM",
        }
        while self.states() != expected and time.monotonic() < self.made_at + 70:
            time.sleep(0.5)
        test.assertEqual(self.states(), expected)
        told = {(m["AlarmName"], m["OldStateValue"], m["NewStateValue"]) for m in self._heard(4)}
        test.assertEqual(
            told,
            {(n, "INSUFFICIENT_DATA", s) for n, s in expected.items() if n != "bell-unknown"},
        )
        (alarm,) = self.cloudwatch.describe_alarms(AlarmNames=["bell-over"])["MetricAlarms"]
        # Not mixed with worker-10's.
        test.assertIn("[150]", alarm["StateReason"])
        self._put("bell-over", 120, **self._metric("worker-1"))
        test.assertEqual(self.states(), expected, "an update keeps the state")

    def remove(self) -> None:
        """Deletes everything again."""
        self.cloudwatch.delete_alarms(AlarmNames=list(self.at_first))
        self._sns.delete_topic(TopicArn=self._topic)
        self._sqs.delete_queue(QueueUrl=self._url)

    def _publish(self, *values: tuple[str, float]) -> None:
        # The current minute isn't evaluated.
        then = datetime.now(UTC) - timedelta(minutes=1)
        data = [{**self._named(name), "Value": value, "Timestamp": then} for name, value in values]
        for item in data:
            del item["Namespace"]
        self.cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)

    def _put(self, name: str, threshold: float, **arguments) -> None:
        self.cloudwatch.put_metric_alarm(
            AlarmName=name,
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            Threshold=threshold,
            AlarmActions=[self._topic],
            OKActions=[self._topic],
            InsufficientDataActions=[self._topic],
            **arguments,
        )

    def _metric(self, name: str) -> dict:
        return {**self._named(name), "Period": 60, "Statistic": "Average"}

    def _named(self, name: str) -> dict:
        dimensions = [{"Name": "Worker", "Value": name}]
        return {"Namespace": NAMESPACE, "MetricName": "Backlog", "Dimensions": dimensions}

    def _heard(self, count: int) -> list[dict]:
        heard, deadline = [], time.monotonic() + 10
        while len(heard) < count and time.monotonic() < deadline:
            answer = self._sqs.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            heard += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return heard
