"""LocalStack's CloudFormation with the refusals that a deployer must handle on AWS.

`engine` corrects how operations work. This module refuses requests that AWS refuses and LocalStack
accepts: a second operation on a busy stack, executing a change set twice, and deleting a protected
stack.
"""

from __future__ import annotations

import threading

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudformation import (
    AlreadyExistsException,
    ChangeSetType,
    CreateChangeSetInput,
    CreateChangeSetOutput,
    DescribeChangeSetOutput,
    ExecuteChangeSetOutput,
    ExecutionStatus,
    StackStatus,
)
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.stores import CloudFormationStore, get_cloudformation_store
from localstack.services.cloudformation.v2.entities import Stack
from localstack.services.cloudformation.v2.provider import (
    CloudformationProviderV2,
    find_change_set_v2,
    find_stack_v2,
)
from localstack.services.plugins import Service, aws_provider

from localstack_ecs import engine, resource_import

DEAD_ENDS = {
    StackStatus.CREATE_FAILED,
    StackStatus.DELETE_FAILED,
    StackStatus.ROLLBACK_COMPLETE,
    StackStatus.ROLLBACK_FAILED,
}
"""Statuses of stacks that can only be deleted."""


@aws_provider(api="cloudformation")
def cloudformation() -> Service:
    """Replaces LocalStack's provider of the same name."""
    engine.install()
    return Service.for_provider(Provider())


def busy(status: str) -> bool:
    """Whether an operation on the stack is in progress."""
    return status.endswith("_IN_PROGRESS") and status != StackStatus.REVIEW_IN_PROGRESS


class Provider(CloudformationProviderV2):
    """The operations that check the stack's state first."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    @handler("CreateChangeSet", expand=False)
    def create_change_set(
        self, context: RequestContext, request: CreateChangeSetInput
    ) -> CreateChangeSetOutput:
        with self._lock:
            stack = self._stack(context, request.get("StackName"))
            if request.get("ChangeSetType") == ChangeSetType.IMPORT:
                return self._create_import(context, request, stack)
            if stack is None or stack.status == StackStatus.DELETE_COMPLETE:
                response = super().create_change_set(context, request)
                # Also if the change set failed because a type doesn't exist.
                self._stack(context, response["StackId"]).status = StackStatus.REVIEW_IN_PROGRESS
                return response
            self._refuse_twice(context, stack, request.get("ChangeSetName"))
            if request.get("ChangeSetType", ChangeSetType.UPDATE) == ChangeSetType.UPDATE:
                refused = DEAD_ENDS | {StackStatus.REVIEW_IN_PROGRESS}
                if busy(stack.status) or stack.status in refused:
                    raise _not_updatable(stack)
            return self._create_quietly(context, request, stack)

    def _create_quietly(
        self, context: RequestContext, request: CreateChangeSetInput, stack: Stack
    ) -> CreateChangeSetOutput:
        """A change set doesn't change the stack yet, but LocalStack puts some stacks back in
        review.
        """
        status, reason, events = stack.status, stack.status_reason, len(stack.events)
        response = super().create_change_set(context, request)
        stack.status, stack.status_reason = status, reason
        del stack.events[: len(stack.events) - events]
        return response

    def _create_import(
        self, context: RequestContext, request: CreateChangeSetInput, stack: Stack | None
    ) -> CreateChangeSetOutput:
        store = self._store(context)
        if stack is not None and stack.status != StackStatus.DELETE_COMPLETE:
            self._refuse_twice(context, stack, request.get("ChangeSetName"))
            if busy(stack.status) or stack.status in DEAD_ENDS:
                raise _not_updatable(stack)
        found = resource_import.prepare(context, request, stack, store)
        if request["ChangeSetType"] == ChangeSetType.UPDATE:
            response = self._create_quietly(context, request, stack)
        else:
            response = super().create_change_set(context, request)
            self._stack(context, response["StackId"]).status = StackStatus.REVIEW_IN_PROGRESS
        store.change_sets[response["Id"]].imports = found
        return response

    @handler("DescribeChangeSet")
    def describe_change_set(
        self, context: RequestContext, change_set_name: str, stack_name: str | None = None, **kwargs
    ) -> DescribeChangeSetOutput:
        described = super().describe_change_set(
            context, change_set_name=change_set_name, stack_name=stack_name, **kwargs
        )
        change_set = find_change_set_v2(self._store(context), change_set_name, stack_name)
        resource_import.describe(change_set, described.get("Changes") or [])
        return described

    @handler("ExecuteChangeSet")
    def execute_change_set(
        self, context: RequestContext, change_set_name: str, stack_name: str | None = None, **kwargs
    ) -> ExecuteChangeSetOutput:
        with self._lock:
            store = self._store(context)
            change_set = find_change_set_v2(store, change_set_name, stack_name)
            if change_set and busy(change_set.stack.status):
                raise _not_updatable(change_set.stack)
            if change_set and change_set.execution_status == ExecutionStatus.AVAILABLE:
                resource_import.name_statuses(change_set)
            response = super().execute_change_set(
                context, change_set_name=change_set_name, stack_name=stack_name, **kwargs
            )
            # The others were created for an earlier state of the stack.
            for other_id in change_set.stack.change_set_ids:
                other = store.change_sets.get(other_id)
                if other and other.execution_status == ExecutionStatus.AVAILABLE:
                    other.set_execution_status(ExecutionStatus.OBSOLETE)
            return response

    @handler("DeleteStack")
    def delete_stack(self, context: RequestContext, stack_name: str, **kwargs) -> None:
        with self._lock:
            stack = self._stack(context, stack_name)
            if stack is not None and stack.status == StackStatus.DELETE_IN_PROGRESS:
                return
            if stack is not None and stack.enable_termination_protection:
                raise ValidationError(
                    f"Stack [{stack.stack_name}] cannot be deleted while TerminationProtection "
                    "is enabled"
                )
            if stack is not None and busy(stack.status):
                raise ValidationError(
                    f"Stack [{stack.stack_id}] cannot be deleted while in status {stack.status}"
                )
            if stack is None or stack.status != StackStatus.DELETE_COMPLETE:
                super().delete_stack(context, stack_name=stack_name, **kwargs)

    def _store(self, context: RequestContext) -> CloudFormationStore:
        return get_cloudformation_store(context.account_id, context.region)

    def _stack(self, context: RequestContext, name: str | None) -> Stack | None:
        try:
            return find_stack_v2(self._store(context), name) if name else None
        except KeyError:
            return None  # an ARN that isn't a stack's

    def _refuse_twice(self, context: RequestContext, stack: Stack, name: str | None) -> None:
        change_sets = self._store(context).change_sets
        for change_set_id in stack.change_set_ids:
            if change_sets[change_set_id].change_set_name == name:
                raise AlreadyExistsException(f"ChangeSet {name} already exists")


def _not_updatable(stack: Stack) -> ValidationError:
    return ValidationError(
        f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
    )
