"""LocalStack's own SNS and SQS types, if they ignore properties or lack updates."""

from __future__ import annotations

import json

from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceRequest,
)
from localstack.services.sns.models import sns_stores
from localstack.services.sns.resource_providers.aws_sns_subscription import SNSSubscriptionProvider
from localstack.services.sns.resource_providers.aws_sns_topic import SNSTopicProvider
from localstack.services.sns.resource_providers.aws_sns_topicpolicy import SNSTopicPolicyProvider
from localstack.services.sqs.resource_providers.aws_sqs_queuepolicy import SQSQueuePolicyProvider
from localstack.utils.aws.arns import parse_arn

from localstack_ecs.cfn.base import generated_name


class QueuePolicy(SQSQueuePolicyProvider):
    """Its deletion succeeds if a queue is already gone."""

    def delete(self, request: ResourceRequest) -> ProgressEvent:
        sqs = request.aws_client_factory.sqs
        for queue in request.previous_state["Queues"]:
            try:
                sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
            except sqs.exceptions.QueueDoesNotExist:
                pass
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})


class Topic(SNSTopicProvider):
    """Names a topic after its stack, and keeps an unnamed topic's name in an update."""

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


class Subscription(SNSSubscriptionProvider):
    """Gives a name to a subscription that isn't confirmed yet, and removes attributes again."""

    DEFAULTS = {"FilterPolicy": "{}", "FilterPolicyScope": "MessageAttributes"}
    """Defaults of absent attributes."""
    DEFAULTS |= {"RawMessageDelivery": "false"}
    # The scope determines how a filter is parsed, so it is set first.
    ATTRIBUTES = (
        "FilterPolicyScope",
        "FilterPolicy",
        "DeliveryPolicy",
        "RawMessageDelivery",
        "RedrivePolicy",
    )

    def create(self, request: ResourceRequest) -> ProgressEvent:
        model = request.desired_state
        attributes = {
            name: self.attr_val(model[name])
            for name in self.ATTRIBUTES
            if model.get(name) is not None
        }
        subscribed = self._get_client(request).sns.subscribe(
            TopicArn=model["TopicArn"],
            Protocol=model["Protocol"],
            Endpoint=model.get("Endpoint"),
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )
        model = {**model, "Id": subscribed["SubscriptionArn"]}
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def update(self, request: ResourceRequest) -> ProgressEvent:
        model, previous = request.desired_state, request.previous_state
        arn, sns = previous["Id"], self._get_client(request).sns
        if model.get("FilterPolicyScope") != previous.get("FilterPolicyScope"):
            # A filter of the old scope could conflict with the new scope.
            sns.set_subscription_attributes(
                SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="{}"
            )
        for name in self.ATTRIBUTES:
            if model.get(name) is not None:
                given = self.attr_val(model[name])
            elif previous.get(name) is None:
                continue
            elif (given := self.DEFAULTS.get(name)) is None:
                self._forget(arn, name)
                continue
            sns.set_subscription_attributes(
                SubscriptionArn=arn, AttributeName=name, AttributeValue=given
            )
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={**model, "Id": arn})

    def delete(self, request: ResourceRequest) -> ProgressEvent:
        sns = request.aws_client_factory.sns
        try:
            sns.unsubscribe(SubscriptionArn=request.previous_state["Id"])
        except sns.exceptions.InvalidParameterException:
            pass  # deleted with its topic
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})

    def _forget(self, arn: str, name: str) -> None:
        """Removes an attribute for which LocalStack's API has no empty value."""
        found = parse_arn(arn)
        stored = sns_stores[found["account"]][found["region"]].subscriptions.get(arn)
        if stored:
            stored.pop(name, None)
