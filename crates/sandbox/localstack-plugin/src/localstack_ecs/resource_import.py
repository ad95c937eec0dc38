"""CloudFormation's resource import, which LocalStack lacks: services and queues that exist become
a stack's, and nothing in them changes.

A change set of type IMPORT is checked as AWS documents it, and then handled as one that creates or
updates the stack. `engine` asks `imported` for a resource's data instead of creating the resource.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.cloudformation import (
    ChangeAction,
    ChangeSetType,
    CreateChangeSetInput,
    StackStatus,
)
from localstack.aws.connect import connect_to
from localstack.services.cloudformation import api_utils
from localstack.services.cloudformation.engine import template_preparer
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.stores import CloudFormationStore
from localstack.services.cloudformation.v2.entities import ChangeSet, Stack

FIXED = ("Outputs", "Parameters", "Conditions", "Mappings", "Rules", "Transform")
"""Sections of a template that an import can't change."""


@dataclass
class Imported:
    """An existing resource."""

    physical_id: str
    model: dict[str, Any]
    """The properties that its type has in addition to the template's."""


def prepare(
    context: RequestContext,
    request: CreateChangeSetInput,
    stack: Stack | None,
    store: CloudFormationStore,
) -> dict[str, Imported]:
    """Checks an import as CloudFormation does. Returns its resources by logical id, and changes the
    request into one that LocalStack knows.
    """
    new = stack is None or stack.status in (
        StackStatus.REVIEW_IN_PROGRESS,
        StackStatus.DELETE_COMPLETE,
    )
    body = api_utils.extract_template_body(request)
    template = template_preparer.parse_template(body)
    old = {} if new else (stack.template or {})
    wanted = {one["LogicalResourceId"]: one for one in request.get("ResourcesToImport") or []}
    if not wanted:
        raise ValidationError("ResourcesToImport must be specified for an import operation")
    _check(template, old, wanted)
    found = {name: _read(context, one) for name, one in wanted.items()}
    for name, one in found.items():
        _refuse_owned(store, name, one.physical_id)
    request.pop("ResourcesToImport")
    request["ChangeSetType"] = ChangeSetType.CREATE if new else ChangeSetType.UPDATE
    return found


def _check(template: dict, old: dict, wanted: dict) -> None:
    for section in FIXED:
        if (template.get(section) or {}) != (old.get(section) or {}):
            raise ValidationError(
                f"As part of the import operation, you cannot modify or add [{section}]"
            )
    resources, before = template.get("Resources") or {}, old.get("Resources") or {}
    changed = [name for name in before if resources.get(name) != before[name]]
    changed += [name for name in resources if name not in before and name not in wanted]
    if changed:
        raise ValidationError(
            f"You have modified resources [{', '.join(changed)}] in your template that are not "
            "being imported. Update, create or delete operations cannot be executed during import "
            "operations."
        )
    for name, one in wanted.items():
        resource = resources.get(name)
        if resource is None or name in before or resource["Type"] != one["ResourceType"]:
            raise ValidationError(f"Resource {name} can't be imported with this template")
        if "DeletionPolicy" not in resource:
            raise ValidationError(
                f"Resource {name} must have a DeletionPolicy attribute to be imported"
            )


def _read(context: RequestContext, one: dict) -> Imported:
    """Reads a resource by the identifier of its type."""
    clients = connect_to(aws_access_key_id=context.account_id, region_name=context.region)
    kind, identifier = one["ResourceType"], one["ResourceIdentifier"]
    missing = ValidationError(f"Resource {one['LogicalResourceId']} ({identifier}) does not exist")
    if kind == "AWS::SQS::Queue":
        url = identifier["QueueUrl"]
        try:
            attributes = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        except clients.sqs.exceptions.QueueDoesNotExist as error:
            raise missing from error
        arn = attributes["Attributes"]["QueueArn"]
        name = arn.rsplit(":", 1)[1]
        model = {"QueueUrl": url, "Arn": arn, "QueueName": name}
        return Imported(url, {**model, "FifoQueue": name.endswith(".fifo")})
    if kind == "AWS::ECS::Service":
        arn, cluster = identifier["ServiceArn"], identifier["Cluster"]
        try:
            described = clients.ecs.describe_services(cluster=cluster, services=[arn])["services"]
        except clients.ecs.exceptions.ClusterNotFoundException as error:
            raise missing from error
        active = [service for service in described if service["status"] == "ACTIVE"]
        if not active:
            raise missing
        name = active[0]["serviceName"]
        return Imported(arn, {"ServiceArn": arn, "Name": name, "ServiceName": name})
    raise ValidationError(f"The sandbox imports only services and queues, not {kind}")


def _refuse_owned(store: CloudFormationStore, name: str, physical_id: str) -> None:
    for stack in store.stacks_v2.values():
        if stack.status == StackStatus.DELETE_COMPLETE:
            continue
        for resource in stack.resource_states.values():
            if resource.get("PhysicalResourceId") == physical_id:
                raise ValidationError(
                    f"Resource {name} ({physical_id}) already exists in stack {stack.stack_id}"
                )


def imported(change_set: ChangeSet, name: str) -> Imported | None:
    """Returns the resource that a change set imports under this logical id."""
    return getattr(change_set, "imports", {}).get(name)


def describe(change_set: ChangeSet, changes: list) -> None:
    """Makes the description of a change set say what it imports."""
    for change in changes:
        described = change["ResourceChange"]
        if found := imported(change_set, described["LogicalResourceId"]):
            described["Action"] = ChangeAction.Import
            described["PhysicalResourceId"] = found.physical_id


def name_statuses(change_set: ChangeSet) -> None:
    """Gives the stack the statuses of an import, until it ends."""
    stack = change_set.stack

    def set_stack_status(status: StackStatus, reason: str | None = None) -> None:
        word = str(status.value).replace("CREATE_", "IMPORT_").replace("UPDATE_", "IMPORT_")
        if not word.endswith("_IN_PROGRESS"):
            del stack.set_stack_status
        Stack.set_stack_status(stack, StackStatus(word), reason)

    if getattr(change_set, "imports", None):
        stack.set_stack_status = set_stack_status
