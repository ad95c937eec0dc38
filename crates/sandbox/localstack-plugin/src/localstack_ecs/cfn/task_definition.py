"""AWS::ECS::TaskDefinition."""

from __future__ import annotations

from localstack_ecs.cfn.base import (
    Provider,
    all_tags,
    generated_name,
    parameters,
    replace_tags,
    schema,
)

FIXED = (
    "ContainerDefinitions",
    "Cpu",
    "EnableFaultInjection",
    "EphemeralStorage",
    "ExecutionRoleArn",
    "Family",
    "InferenceAccelerators",
    "IpcMode",
    "Memory",
    "NetworkMode",
    "PidMode",
    "PlacementConstraints",
    "ProxyConfiguration",
    "RequiresCompatibilities",
    "RuntimePlatform",
    "TaskRoleArn",
    "Volumes",
)
"""A revision never changes: another value makes the engine register a new one and, when nothing
refers to the old one, deregister that."""


class TaskDefinition(Provider):
    """`Ref` is the ARN with the revision."""

    TYPE = "AWS::ECS::TaskDefinition"
    SCHEMA = schema(
        TYPE,
        "TaskDefinitionArn",
        (*FIXED, "Tags"),
        create_only=FIXED,
        read_only=("TaskDefinitionArn",),
    )

    def do_create(self, request, model):
        ecs = request.aws_client_factory.ecs
        model.setdefault("Family", generated_name(request))
        fixed = {name: model[name] for name in FIXED if name in model}
        registered = ecs.register_task_definition(
            **parameters(ecs, "RegisterTaskDefinition", fixed), tags=all_tags(request, model)
        )
        return {**model, "TaskDefinitionArn": registered["taskDefinition"]["taskDefinitionArn"]}

    def do_update(self, request, model, previous):
        ecs = request.aws_client_factory.ecs
        replace_tags(ecs, previous["TaskDefinitionArn"], all_tags(request, model))
        kept = {name: previous[name] for name in ("Family", "TaskDefinitionArn")}
        return {**model, **kept}

    def do_delete(self, request, model):
        ecs, arn = request.aws_client_factory.ecs, model["TaskDefinitionArn"]
        families = ecs.list_task_definitions(familyPrefix=model["Family"], status="ACTIVE")
        if arn in families["taskDefinitionArns"]:
            ecs.deregister_task_definition(taskDefinition=arn)
        return model
