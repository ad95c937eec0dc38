"""AWS::EC2::FlowLog to a log group. It is stored, but the sandbox has no connections to log."""

from __future__ import annotations

from localstack_ecs.cfn.base import InvalidProperties, Provider, schema

GIVEN = (
    "DeliverLogsPermissionArn",
    "LogDestinationType",
    "LogGroupName",
    "ResourceType",
    "TrafficType",
)


class FlowLog(Provider):
    """`Ref` is the flow log's ID."""

    TYPE = "AWS::EC2::FlowLog"
    SCHEMA = schema(
        TYPE,
        "Id",
        ("ResourceId", *GIVEN),
        required=("ResourceId", "ResourceType"),
        create_only=("ResourceId", *GIVEN),
        read_only=("Id",),
        unavailable=(
            "DeliverCrossAccountRole",
            "DestinationOptions",
            "LogDestination",
            "LogFormat",
            "MaxAggregationInterval",
            "Tags",
        ),
    )
    GONE = ("InvalidFlowLogId.NotFound",)

    def do_create(self, request, model):
        made = request.aws_client_factory.ec2.create_flow_logs(
            ResourceIds=[model["ResourceId"]],
            **{name: model[name] for name in GIVEN if model.get(name)},
        )
        for refused in made.get("Unsuccessful", []):
            raise InvalidProperties(refused["Error"]["Message"])
        return {**model, "Id": made["FlowLogIds"][0]}

    def do_update(self, request, model, previous):
        return {**model, "Id": previous["Id"]}

    def do_delete(self, request, model):
        request.aws_client_factory.ec2.delete_flow_logs(FlowLogIds=[model["Id"]])
        return model
