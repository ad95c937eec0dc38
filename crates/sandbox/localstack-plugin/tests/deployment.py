"""Stacks that are deployed through change sets, as the deployer does."""

from __future__ import annotations

import io
import itertools
import json
import sys
import time
import unittest
import zipfile
from pathlib import Path

from botocore.exceptions import ClientError
from sandbox import REGION, Sandbox

BUCKET = "assets"
CODE = [
    {"ParameterKey": "CodeBucket", "ParameterValue": BUCKET},
    {"ParameterKey": "CodeKey", "ParameterValue": "function.zip"},
]
NUMBERS = itertools.count()


class Stack:
    """A stack, identified by its name."""

    def __init__(self, sandbox: Sandbox, name: str, parameters: list | None = None) -> None:
        self.name, self.id, self.seen = name, "", 0
        self.cloudformation = sandbox.client("cloudformation")
        self.parameters = parameters or []

    def prepare(self, template: dict, kind: str = "UPDATE", **arguments) -> dict:
        """Creates a change set and describes it."""
        change_set = f"change-{next(NUMBERS)}"
        created = self.cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=change_set,
            ChangeSetType=kind,
            TemplateBody=json.dumps(template),
            Parameters=self.parameters,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            **arguments,
        )
        self.id = created["StackId"]
        return self.cloudformation.describe_change_set(
            StackName=self.name, ChangeSetName=change_set
        )

    def execute(self, change_set: dict) -> str:
        """Executes a change set. Returns the settled status of the stack."""
        self.cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
        return self.settled()

    def deploy(self, template: dict, kind: str = "UPDATE", **arguments) -> str:
        """Creates a change set and executes it."""
        return self.execute(self.prepare(template, kind, **arguments))

    def delete(self) -> str:
        """Deletes the stack. Returns its settled status."""
        self.cloudformation.delete_stack(StackName=self.name)
        return self.settled()

    def describe(self) -> dict:
        return self.cloudformation.describe_stacks(StackName=self.id)["Stacks"][0]

    def settled(self, seconds: float = 60) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status = self.describe()["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                return status
            time.sleep(0.05)
        raise TimeoutError(f"{self.name} is still {status}")

    def outputs(self) -> dict[str, str]:
        return {o["OutputKey"]: o["OutputValue"] for o in self.describe().get("Outputs", [])}

    def resources(self) -> dict[str, dict]:
        listed = self.cloudformation.list_stack_resources(StackName=self.id)
        return {r["LogicalResourceId"]: r for r in listed["StackResourceSummaries"]}

    def events(self) -> list[tuple[str, str]]:
        """Returns the logical ID and status of the events since the last call, oldest first."""
        listed = self.cloudformation.describe_stack_events(StackName=self.id)["StackEvents"]
        new = listed[: len(listed) - self.seen]
        self.seen = len(listed)
        return [(e["LogicalResourceId"], e["ResourceStatus"]) for e in reversed(new)]

    def reasons(self) -> dict[str, str]:
        """Returns the reasons of all events that have one, by logical ID. The latest one counts."""
        listed = self.cloudformation.describe_stack_events(StackName=self.id)["StackEvents"]
        return {
            e["LogicalResourceId"]: e["ResourceStatusReason"]
            for e in reversed(listed)
            if e.get("ResourceStatusReason")
        }


class Deploying(unittest.TestCase):
    """Tests against the LocalStack that a subclass starts as `sandbox`."""

    sandbox: Sandbox

    def stack(self, name: str, parameters: list | None = None) -> Stack:
        """A stack that is deleted when the test ends."""
        stack = Stack(self.sandbox, name, parameters)
        self.addCleanup(lambda: stack.id and stack.delete())
        return stack

    def refused(self, code: str, call, *arguments, **keywords) -> str:
        """Returns the reason with which a service refuses, for this error code."""
        with self.assertRaises(ClientError) as raised:
            call(*arguments, **keywords)
        self.assertEqual(raised.exception.response["Error"]["Code"], code)
        return raised.exception.response["Error"]["Message"]


def upload_function(sandbox: Sandbox) -> None:
    """Uploads the test function to `CODE`'s location."""
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    source = (Path(__file__).resolve().parent / "bootstrap.py").read_text()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        zipped.writestr(entry, f"#!{sys.executable}\n{source}")
    s3.put_object(Bucket=BUCKET, Key="function.zip", Body=archive.getvalue())


def changes(change_set: dict) -> dict[str, tuple[str, str | None]]:
    """Returns the action and replacement of each change by logical ID."""
    return {
        change["ResourceChange"]["LogicalResourceId"]: (
            change["ResourceChange"]["Action"],
            change["ResourceChange"].get("Replacement"),
        )
        for change in change_set["Changes"]
    }
