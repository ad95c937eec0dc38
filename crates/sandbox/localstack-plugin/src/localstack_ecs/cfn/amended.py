"""LocalStack's own resource types, if they ignore properties or lack updates.

Each class documents what it adds. `amended_lambda` and `amended_messaging` contain more. An entry
point with the same name as LocalStack's takes precedence.
"""

from __future__ import annotations

import json

from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceRequest,
)
from localstack.services.cloudwatch.resource_providers.aws_cloudwatch_alarm import (
    CloudWatchAlarmProvider,
)
from localstack.services.events.resource_providers.aws_events_rule import (
    EventsRuleProvider,
    extract_rule_name,
)
from localstack.services.iam.resource_providers.aws_iam_instanceprofile import (
    IAMInstanceProfileProvider,
)
from localstack.services.iam.resource_providers.aws_iam_role import IAMRoleProvider
from localstack.services.logs.resource_providers.aws_logs_loggroup import LogsLogGroupProvider


class Alarm(CloudWatchAlarmProvider):
    """Adds updates and tags. Keeps other tags, which aren't in the template."""

    def create(self, request: ResourceRequest) -> ProgressEvent:
        event = super().create(request)
        if event.status == OperationStatus.SUCCESS and (tags := event.resource_model.get("Tags")):
            request.aws_client_factory.cloudwatch.tag_resource(
                ResourceARN=event.resource_model["Arn"], Tags=tags
            )
        return event

    def update(self, request: ResourceRequest) -> ProgressEvent:
        previous = request.previous_state
        request.desired_state["AlarmName"] = previous["AlarmName"]
        keep = {tag["Key"] for tag in request.desired_state.get("Tags") or []}
        before = [tag["Key"] for tag in previous.get("Tags") or []]
        if outdated := [key for key in before if key not in keep]:
            request.aws_client_factory.cloudwatch.untag_resource(
                ResourceARN=previous["Arn"], TagKeys=outdated
            )
        return self.create(request)


class Rule(EventsRuleProvider):
    """Adds updates, which write the rule and its targets again and remove other targets."""

    def update(self, request: ResourceRequest) -> ProgressEvent:
        name = extract_rule_name(request.previous_state["Id"])
        request.desired_state["Name"] = name
        event = self.create(request)
        events = request.aws_client_factory.events
        keep = {target["Id"] for target in request.desired_state.get("Targets") or []}
        bus = {k: v for k, v in request.desired_state.items() if k == "EventBusName" and v}
        present = events.list_targets_by_rule(Rule=name, **bus)["Targets"]
        if outdated := [target["Id"] for target in present if target["Id"] not in keep]:
            events.remove_targets(Rule=name, Ids=outdated, **bus)
        return event


class Role(IAMRoleProvider):
    """Updates in place. LocalStack ignores changed inline policies, and replaces the role for other
    changes.
    """

    def update(self, request: ResourceRequest) -> ProgressEvent:
        model, previous = request.desired_state, request.previous_state
        iam = request.aws_client_factory.iam
        name = previous["RoleName"]
        iam.update_assume_role_policy(
            RoleName=name, PolicyDocument=json.dumps(model["AssumeRolePolicyDocument"])
        )
        details = {k: model[k] for k in ("Description", "MaxSessionDuration") if k in model}
        iam.update_role(RoleName=name, **details)
        self._update_policies(iam, name, model, previous)
        if boundary := model.get("PermissionsBoundary"):
            iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
        elif previous.get("PermissionsBoundary"):
            iam.delete_role_permissions_boundary(RoleName=name)
        self._update_tags(iam, name, model)
        kept = {key: previous[key] for key in ("RoleName", "Arn", "RoleId")}
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={**model, **kept})

    def _update_policies(self, iam, name: str, model: dict, previous: dict) -> None:
        inline = {policy["PolicyName"]: policy for policy in model.get("Policies") or []}
        for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            if policy_name not in inline:
                iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
        for policy_name, policy in inline.items():
            document = json.dumps(policy["PolicyDocument"])
            iam.put_role_policy(RoleName=name, PolicyName=policy_name, PolicyDocument=document)
        managed = set(model.get("ManagedPolicyArns") or [])
        before = set(previous.get("ManagedPolicyArns") or [])
        for arn in before - managed:
            iam.detach_role_policy(RoleName=name, PolicyArn=arn)
        for arn in managed - before:
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)

    def _update_tags(self, iam, name: str, model: dict) -> None:
        tags = model.get("Tags") or []
        keep = {tag["Key"] for tag in tags}
        present = [tag["Key"] for tag in iam.list_role_tags(RoleName=name)["Tags"]]
        if outdated := [key for key in present if key not in keep]:
            iam.untag_role(RoleName=name, TagKeys=outdated)
        if tags:
            iam.tag_role(RoleName=name, Tags=tags)


class LogGroup(LogsLogGroupProvider):
    """Adds retention, tags, and updates."""

    def create(self, request: ResourceRequest) -> ProgressEvent:
        event = super().create(request)
        self._settle(request, event.resource_model, {})
        return event

    def update(self, request: ResourceRequest) -> ProgressEvent:
        previous = request.previous_state
        kept = {key: previous[key] for key in ("LogGroupName", "Arn")}
        model = {**request.desired_state, **kept}
        self._settle(request, model, previous)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def _settle(self, request: ResourceRequest, model: dict, previous: dict) -> None:
        logs, name = request.aws_client_factory.logs, model["LogGroupName"]
        if days := model.get("RetentionInDays"):
            logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))
        elif previous.get("RetentionInDays"):
            logs.delete_retention_policy(logGroupName=name)
        tags = {tag["Key"]: tag["Value"] for tag in model.get("Tags") or []}
        before = [tag["Key"] for tag in previous.get("Tags") or []]
        if outdated := [key for key in before if key not in tags]:
            logs.untag_log_group(logGroupName=name, tags=outdated)
        if tags:
            logs.tag_log_group(logGroupName=name, tags=tags)


class InstanceProfile(IAMInstanceProfileProvider):
    """Adds updates. Its deletion succeeds if the profile is already gone."""

    def update(self, request: ResourceRequest) -> ProgressEvent:
        model, previous = request.desired_state, request.previous_state
        name, iam = previous["InstanceProfileName"], request.aws_client_factory.iam
        roles, before = model.get("Roles") or [], previous.get("Roles") or []
        # At most one role is allowed, so the old one is removed first.
        for role in before:
            if role not in roles:
                iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
        for role in roles:
            if role not in before:
                iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
        kept = {"InstanceProfileName": name, "Arn": previous["Arn"]}
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={**model, **kept})

    def delete(self, request: ResourceRequest) -> ProgressEvent:
        try:
            return super().delete(request)
        except request.aws_client_factory.iam.exceptions.NoSuchEntityException:
            return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
