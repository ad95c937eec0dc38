"""LocalStack's own resource types, where it ignores properties or leaves updates out.

Each class says what it adds. An entry point of the same name as LocalStack's puts it in front.
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
from localstack.services.iam.resource_providers.aws_iam_role import IAMRoleProvider
from localstack.services.lambda_.resource_providers.aws_lambda_eventinvokeconfig import (
    LambdaEventInvokeConfigProvider,
)
from localstack.services.lambda_.resource_providers.aws_lambda_permission import (
    LambdaPermissionProvider,
)
from localstack.services.logs.resource_providers.aws_logs_loggroup import LogsLogGroupProvider
from localstack.services.sns.resource_providers.aws_sns_topic import SNSTopicProvider
from localstack.services.sns.resource_providers.aws_sns_topicpolicy import SNSTopicPolicyProvider
from localstack.services.sqs.resource_providers.aws_sqs_queuepolicy import SQSQueuePolicyProvider

from localstack_ecs.cfn.base import generated_name


class Alarm(CloudWatchAlarmProvider):
    """Adds updates and tags."""

    def create(self, request: ResourceRequest) -> ProgressEvent:
        event = super().create(request)
        if event.status == OperationStatus.SUCCESS and (tags := event.resource_model.get("Tags")):
            request.aws_client_factory.cloudwatch.tag_resource(
                ResourceARN=event.resource_model["Arn"], Tags=tags
            )
        return event

    def update(self, request: ResourceRequest) -> ProgressEvent:
        request.desired_state["AlarmName"] = request.previous_state["AlarmName"]
        return self.create(request)


class Rule(EventsRuleProvider):
    """Adds updates, which put the rule and its targets anew and remove the targets left over."""

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
    """Updates in place; LocalStack ignores changed inline policies and replaces for the others."""

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


class EventInvokeConfig(LambdaEventInvokeConfigProvider):
    """Adds updates."""

    def update(self, request: ResourceRequest) -> ProgressEvent:
        request.aws_client_factory.lambda_.put_function_event_invoke_config(**request.desired_state)
        model = {**request.desired_state, "Id": request.previous_state["Id"]}
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)


class Permission(LambdaPermissionProvider):
    """Adds the conditions on account, organisation and event source that LocalStack drops."""

    PARAMETERS = (
        "Action",
        "EventSourceToken",
        "FunctionName",
        "FunctionUrlAuthType",
        "Principal",
        "PrincipalOrgID",
        "SourceAccount",
        "SourceArn",
    )

    def create(self, request: ResourceRequest) -> ProgressEvent:
        model = request.desired_state
        statement = generated_name(request, 100)
        request.aws_client_factory.lambda_.add_permission(
            StatementId=statement,
            **{name: model[name] for name in self.PARAMETERS if model.get(name) is not None},
        )
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={**model, "Id": statement})

    # Every property is create-only, so the engine never updates.


class LogGroup(LogsLogGroupProvider):
    """Adds retention, tags and updates."""

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


class QueuePolicy(SQSQueuePolicyProvider):
    """Deletes where a queue is gone already."""

    def delete(self, request: ResourceRequest) -> ProgressEvent:
        sqs = request.aws_client_factory.sqs
        for queue in request.previous_state["Queues"]:
            try:
                sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
            except sqs.exceptions.QueueDoesNotExist:
                pass
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})


class Topic(SNSTopicProvider):
    """Names a topic after its stack, and keeps an unnamed topic's name when it is updated."""

    ATTRIBUTES = ("KmsMasterKeyId", "SignatureVersion", "TracingConfig")

    def create(self, request: ResourceRequest) -> ProgressEvent:
        if not request.desired_state.get("TopicName"):
            fifo = str(request.desired_state.get("FifoTopic", "")).lower() == "true"
            name = generated_name(request, 250)
            request.desired_state["TopicName"] = f"{name}.fifo" if fifo else name
        return super().create(request)

    def update(self, request: ResourceRequest) -> ProgressEvent:
        model, previous = request.desired_state, request.previous_state
        model["TopicName"] = previous["TopicName"]
        for name in self.ATTRIBUTES:
            if model.get(name) != previous.get(name):
                request.aws_client_factory.sns.set_topic_attributes(
                    TopicArn=previous["TopicArn"],
                    AttributeName=name,
                    AttributeValue=str(model.get(name) or ""),
                )
        return super().update(request)


class TopicPolicy(SNSTopicPolicyProvider):
    """Adds updates."""

    def update(self, request: ResourceRequest) -> ProgressEvent:
        event = self.create(request)
        event.resource_model["Id"] = request.previous_state["Id"]
        return event
