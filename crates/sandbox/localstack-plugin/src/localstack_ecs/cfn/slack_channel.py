"""AWS::Chatbot::SlackChannelConfiguration. Nothing is sent to Slack from here."""

from __future__ import annotations

from localstack_ecs.cfn.base import Provider, schema


class SlackChannelConfiguration(Provider):
    """`Ref` is the configuration's ARN."""

    TYPE = "AWS::Chatbot::SlackChannelConfiguration"
    SCHEMA = schema(
        TYPE,
        "Arn",
        (
            "ConfigurationName",
            "SlackWorkspaceId",
            "SlackChannelId",
            "SnsTopicArns",
            "IamRoleArn",
            "GuardrailPolicies",
        ),
        required=("ConfigurationName", "SlackWorkspaceId", "SlackChannelId", "IamRoleArn"),
        create_only=("ConfigurationName", "SlackWorkspaceId"),
    )

    def do_create(self, request, model):
        name = model["ConfigurationName"]
        kind = "chat-configuration/slack-channel"
        model["Arn"] = f"arn:aws:chatbot::{request.account_id}:{kind}/{name}"
        return model

    def do_update(self, request, model, previous):
        model["Arn"] = previous["Arn"]
        return model

    def do_delete(self, request, model):
        return model
