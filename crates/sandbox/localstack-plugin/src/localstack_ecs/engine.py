"""Corrects how LocalStack's CloudFormation engine handles failures.

LocalStack reports a failed operation as rolled back without undoing anything, executes an update's
deletions even if the update failed, replaces resources whose create-only properties stay the same,
deletes resources that should be retained, and reports a failed deletion as successful. Here:

- a failed create deletes the resources that it created, and ends in ROLLBACK_COMPLETE;
- a failed update undoes its steps in reverse order, and ends in UPDATE_ROLLBACK_COMPLETE with the
  previous template and resources;
- `DeletionPolicy` and `UpdateReplacePolicy: Retain` are supported;
- a failed deletion ends in DELETE_FAILED and can be repeated.

The names are LocalStack 4.13's internals. The tests fail if another version has different ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api.cloudformation import (
    ChangeAction,
    ResourceStatus,
    StackStatus,
)
from localstack.services.cloudformation.engine.v2.change_set_model import is_nothing
from localstack.services.cloudformation.engine.v2.change_set_model_describer import (
    ChangeSetModelDescriber,
)
from localstack.services.cloudformation.engine.v2.change_set_model_executor import (
    ChangeSetModelExecutor,
    ChangeSetModelExecutorResult,
    EventOperationFromAction,
    TriggerRollback,
)
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import (
    PreprocProperties,
    PreprocResource,
)
from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent
from localstack.services.cloudformation.v2.entities import ResolvedResource
from localstack.utils.patch import Patch

from localstack_ecs.replacement import (
    describe_resource_change,
    properties_of,
    replaces,
    visit_node_resource,
)
from localstack_ecs.resource_import import Imported, imported

EMPTY_TEMPLATE = {"Resources": {}}
RETAINED = ("Retain", "RetainExceptOnCreate")


@dataclass
class Step:
    """A change that an operation made, with the data to undo it."""

    name: str
    before: PreprocResource | None
    after: PreprocResource
    old: dict | None
    """The deployed resource."""

    @property
    def created(self) -> bool:
        """Whether undoing means deleting: a new resource, or one that replaced another."""
        return (
            self.before is None
            or self.after.requires_replacement
            or self.before.resource_type != self.after.resource_type
        )


class Executor(ChangeSetModelExecutor):
    """An operation on a stack. Its methods replace the methods of LocalStack's class."""

    def execute(self) -> ChangeSetModelExecutorResult:
        stack = self._change_set.stack
        self._steps: list[Step] = []
        self._failed: list[tuple[str, str]] = []
        self._retained: set[str] = set()
        self._discarded: set[str] = set()
        failure = None
        try:
            self.process()
        except TriggerRollback as error:
            failure = error.reason or "a resource failed"
        except Exception as error:
            failure = str(error)
        if stack.status == StackStatus.DELETE_IN_PROGRESS:
            return self._delete_stack(failure)
        if failure:
            return self._roll_back(failure)
        if self._deferred_actions:
            stack.set_stack_status(StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS)
            self._run_deferred()
        # The caller sets them after the status, and whoever waits for the status would find none.
        stack.resolved_outputs = self.outputs
        return ChangeSetModelExecutorResult(resources=self.resources, outputs=self.outputs)

    def _delete_stack(self, failure: str | None) -> ChangeSetModelExecutorResult:
        if failure is None:
            self._run_deferred()
        if failure or self._failed:
            names = ", ".join(name for name, _ in self._failed)
            reason = failure or f"The following resource(s) failed to delete: [{names}]. "
            # DeleteStack's own handler sets DELETE_FAILED, without a reason.
            self._change_set.stack.status_reason = reason
            raise RuntimeError(reason)
        return ChangeSetModelExecutorResult(resources={}, outputs=[])

    def _run_deferred(self) -> None:
        for deferred in reversed(self._deferred_actions):
            deferred.action()

    def _roll_back(self, failure: str) -> ChangeSetModelExecutorResult:
        stack, change_set = self._change_set.stack, self._change_set
        creating = stack.status == StackStatus.CREATE_IN_PROGRESS
        prefix = "" if creating else "UPDATE_"
        reason = rollback_reason(self._failed, failure)
        stack.set_stack_status(StackStatus(f"{prefix}ROLLBACK_IN_PROGRESS"), reason)
        failed = dict(self._failed)
        self._failed = []
        resources = dict(stack.resolved_resources)
        for step in reversed([s for s in self._steps if not s.created]):
            resources[step.name] = self._revert(step)
        if not creating:
            stack.set_stack_status(StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS)
        for step in reversed([s for s in self._steps if s.created]):
            # A failed resource wasn't created, and its name can belong to the old one or to another
            # resource.
            if step.name not in failed and step.name in self.resources:
                self._discard(step)
        self._forget_failed(failed)
        # Later code makes the change set's template and resources the stack's own.
        if creating:
            change_set.template = change_set.processed_template = EMPTY_TEMPLATE
            # CreateStack checks here whether it succeeded.
            resources = {name: self.resources[name] for name in failed if name in self.resources}
        else:
            change_set.template = stack.template
            change_set.processed_template = stack.processed_template
            change_set.template_body = stack.template_body
            change_set.resolved_parameters = stack.resolved_parameters
        outcome = "ROLLBACK_FAILED" if self._failed else "ROLLBACK_COMPLETE"
        stack.set_stack_status(StackStatus(prefix + outcome))
        return ChangeSetModelExecutorResult(
            resources=resources, outputs=stack.resolved_outputs, failure_message=failure
        )

    def _revert(self, step: Step) -> dict:
        """Restores a changed resource's old properties. Returns the restored resource."""
        current = self.resources[step.name].get("Properties") or step.old.get("Properties") or {}
        kind = step.before.resource_type
        self._report(ChangeAction.Modify, step.name, OperationStatus.IN_PROGRESS, kind)
        event = self._execute_resource_action(
            action=ChangeAction.Modify,
            logical_resource_id=step.name,
            resource_type=kind,
            before_properties=PreprocProperties(properties={**step.old["Properties"], **current}),
            after_properties=PreprocProperties(properties=properties_of(step.before)),
        )
        self._report(ChangeAction.Modify, step.name, event.status, kind, event.message)
        return self.resources[step.name] if event.status == OperationStatus.SUCCESS else step.old

    def _discard(self, step: Step) -> None:
        """Deletes the resource that a step created. If it replaced another one, restores that one.
        """
        kind = step.after.resource_type
        self._discarded.add(step.name)
        self._report(ChangeAction.Remove, step.name, OperationStatus.IN_PROGRESS, kind)
        event = self._execute_resource_action(
            action=ChangeAction.Remove,
            logical_resource_id=step.name,
            resource_type=kind,
            before_properties=PreprocProperties(properties=self.resources[step.name]["Properties"]),
            after_properties=None,
            part_of_replacement=True,
        )
        self._report(ChangeAction.Remove, step.name, event.status, kind, event.message)
        if step.old and event.status == OperationStatus.SUCCESS:
            self._list_again(step.name, step.old)

    def _forget_failed(self, failed: dict[str, str]) -> None:
        """Removes resources from the list that were never created, and keeps those that were never
        replaced.
        """
        stack = self._change_set.stack
        for name in failed:
            if old := stack.resolved_resources.get(name):
                self._list_again(name, old)
            else:
                stack.resource_states.pop(name, None)

    def _list_again(self, name: str, resource: dict) -> None:
        """Makes the list of the stack's resources show this one, without an event."""
        stack = self._change_set.stack
        events = list(stack.events)
        stack.set_resource_status(
            logical_resource_id=name,
            physical_resource_id=resource.get("PhysicalResourceId"),
            resource_type=resource["Type"],
            status=ResourceStatus(resource["ResourceStatus"]),
        )
        stack.events = events

    def _execute_resource_change(self, name: str, before: Any, after: Any) -> None:
        changed = not is_nothing(before) and not is_nothing(after)
        if changed and before.resource_type == after.resource_type:
            after.requires_replacement = replaces(before, after)
        stack = self._change_set.stack
        old = stack.resolved_resources.get(name)
        if not is_nothing(after):
            self._steps.append(Step(name, None if is_nothing(before) else before, after, old))
        ORIGINAL["_execute_resource_change"](self, name, before, after)

    def _execute_resource_action(
        self,
        action: ChangeAction,
        logical_resource_id: str,
        part_of_replacement: bool = False,
        **kwargs,
    ) -> ProgressEvent:
        if action == ChangeAction.Remove and self._kept(logical_resource_id, part_of_replacement):
            self._retained.add(logical_resource_id)
            return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
        if found := imported(self._change_set, logical_resource_id):
            return self._import(logical_resource_id, found, kwargs)
        return ORIGINAL["_execute_resource_action"](
            self,
            action=action,
            logical_resource_id=logical_resource_id,
            part_of_replacement=part_of_replacement,
            **kwargs,
        )

    def _import(self, name: str, found: Imported, action: dict) -> ProgressEvent:
        """Records a resource that exists."""
        model = {**action["after_properties"].properties, **found.model}
        self.resources[name] = ResolvedResource(
            Properties=model,
            LogicalResourceId=name,
            Type=action["resource_type"],
            LastUpdatedTimestamp=datetime.now(UTC),
            PhysicalResourceId=found.physical_id,
            # LocalStack asks for this status before it uses the id; the stack's list has its own.
            ResourceStatus=ResourceStatus.CREATE_COMPLETE,
        )
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def _kept(self, name: str, part_of_replacement: bool) -> bool:
        template = self._change_set.stack.template or self._change_set.template or EMPTY_TEMPLATE
        policy = "UpdateReplacePolicy" if part_of_replacement else "DeletionPolicy"
        return (template["Resources"].get(name) or {}).get(policy) in RETAINED

    def _process_event(
        self,
        *,
        action: ChangeAction,
        logical_resource_id: str,
        event_status: OperationStatus,
        resource_type: str,
        special_action: str | None = None,
        reason: str | None = None,
    ) -> None:
        verb = special_action or EventOperationFromAction[action.value]
        if imported(self._change_set, logical_resource_id):
            verb = "IMPORT"
        if event_status == OperationStatus.FAILED:
            self._failed.append((logical_resource_id, verb))
        stack = self._change_set.stack
        status = {OperationStatus.SUCCESS: f"{verb}_COMPLETE"}.get(
            event_status, f"{verb}_{event_status.name}"
        )
        if status == ResourceStatus.DELETE_COMPLETE and logical_resource_id in self._retained:
            status = ResourceStatus.DELETE_SKIPPED
        stack.set_resource_status(
            logical_resource_id=logical_resource_id,
            physical_resource_id=self._get_physical_id(logical_resource_id, False),
            resource_type=resource_type,
            status=ResourceStatus(status),
            resource_status_reason=reason,
        )
        if status == ResourceStatus.DELETE_SKIPPED:
            stack.resource_states.pop(logical_resource_id, None)
        if verb == "DELETE" and logical_resource_id not in self._discarded:
            current = self.resources.get(logical_resource_id, {})
            if current.get("PhysicalResourceId"):
                # Another resource has taken its place in the stack.
                self._list_again(logical_resource_id, current)

    def _report(
        self,
        action: ChangeAction,
        name: str,
        status: OperationStatus,
        resource_type: str,
        reason: str | None = None,
    ) -> None:
        self._process_event(
            action=action,
            logical_resource_id=name,
            event_status=status,
            resource_type=resource_type,
            reason=reason,
        )


def rollback_reason(failed: list[tuple[str, str]], failure: str) -> str:
    """Returns the reason for a rollback, in CloudFormation's words."""
    parts = []
    for verb, word in (("CREATE", "create"), ("UPDATE", "update"), ("DELETE", "delete")):
        if names := [name for name, failed_verb in failed if failed_verb == verb]:
            parts.append(f"The following resource(s) failed to {word}: [{', '.join(names)}]. ")
    return "".join(parts) or failure


ORIGINAL: dict[str, Any] = {}
"""LocalStack's own methods that `Executor` calls."""


def install() -> None:
    """Puts `Executor`'s methods into LocalStack's class, once."""
    if ORIGINAL:
        return
    for name, method in vars(Executor).items():
        if callable(method) and not name.startswith("__"):
            if name in vars(ChangeSetModelExecutor):
                ORIGINAL[name] = vars(ChangeSetModelExecutor)[name]
            setattr(ChangeSetModelExecutor, name, method)
    Patch.function(
        ChangeSetModelDescriber._describe_resource_change, describe_resource_change
    ).apply()
    Patch.function(ChangeSetModelDescriber.visit_node_resource, visit_node_resource).apply()
