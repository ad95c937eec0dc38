"""AWS::WAFv2::WebACLAssociation. WAF isn't emulated, and nothing checks requests here."""

from __future__ import annotations

from localstack_ecs.cfn.base import Provider, schema


class WebACLAssociation(Provider):
    """`Ref` is the load balancer's ARN."""

    TYPE = "AWS::WAFv2::WebACLAssociation"
    SCHEMA = schema(
        TYPE,
        "ResourceArn",
        ("ResourceArn", "WebACLArn"),
        required=("ResourceArn", "WebACLArn"),
        create_only=("ResourceArn", "WebACLArn"),
    )

    def do_create(self, request, model):
        return model

    def do_update(self, request, model, previous):
        return model

    def do_delete(self, request, model):
        return model
