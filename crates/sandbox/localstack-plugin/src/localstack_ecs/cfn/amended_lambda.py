"""LocalStack's own Lambda types, if they ignore properties or lack updates."""

from __future__ import annotations

from botocore.exceptions import ClientError
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceRequest,
)
from localstack.services.lambda_.resource_providers.aws_lambda_eventinvokeconfig import (
    LambdaEventInvokeConfigProvider,
)
from localstack.services.lambda_.resource_providers.aws_lambda_function import (
    LambdaFunctionProvider,
)
from localstack.services.lambda_.resource_providers.aws_lambda_permission import (
    LambdaPermissionProvider,
)

from localstack_ecs.cfn.base import failed, generated_name, service_reason


class Function(LambdaFunctionProvider):
    """Adds reserved concurrency, changed tags, and properties that an update removes."""

    DEFAULTS = {
        "DeadLetterConfig": {"TargetArn": ""},
        "Description": "",
        "Environment": {"Variables": {}},
        "Layers": [],
        "MemorySize": 128,
        "Timeout": 3,
        "TracingConfig": {"Mode": "PassThrough"},
    }
    """Defaults of absent properties."""

    def create(self, request: ResourceRequest) -> ProgressEvent:
        event = super().create(request)
        if event.status != OperationStatus.SUCCESS:
            return event
        model = event.resource_model
        try:
            self._reserve(request, model["FunctionName"], model, {})
        except ClientError as error:
            # The engine treats a failed resource as one that was never created.
            request.aws_client_factory.lambda_.delete_function(FunctionName=model["FunctionName"])
            return failed(model, service_reason(error))
        return event

    def update(self, request: ResourceRequest) -> ProgressEvent:
        model, previous = dict(request.desired_state), request.previous_state
        kept = {name: previous[name] for name in ("FunctionName", "Arn")}
        for name, default in self.DEFAULTS.items():
            if previous.get(name) is not None and model.get(name) is None:
                request.desired_state[name] = default
        if previous.get("VpcConfig") and not (model.get("VpcConfig") or {}).get("SubnetIds"):
            # The engine passes empty lists as the previous ones.
            request.desired_state["VpcConfig"] = {"SubnetIds": [], "SecurityGroupIds": []}
        try:
            self._reserve(request, kept["FunctionName"], model, previous)
            super().update(request)
            self._tag(request, kept["Arn"], model, previous)
        except ClientError as error:
            return failed(model, service_reason(error))
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={**model, **kept})

    def _reserve(self, request, name: str, model: dict, previous: dict) -> None:
        client = request.aws_client_factory.lambda_
        reserved = model.get("ReservedConcurrentExecutions")
        if reserved is not None:
            client.put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=int(reserved)
            )
        elif previous.get("ReservedConcurrentExecutions") is not None:
            client.delete_function_concurrency(FunctionName=name)

    def _tag(self, request, arn: str, model: dict, previous: dict) -> None:
        client = request.aws_client_factory.lambda_
        tags = {tag["Key"]: str(tag["Value"]) for tag in model.get("Tags") or []}
        before = [tag["Key"] for tag in previous.get("Tags") or []]
        if outdated := [key for key in before if key not in tags]:
            client.untag_resource(Resource=arn, TagKeys=outdated)
        if tags:
            client.tag_resource(Resource=arn, Tags=tags)


class EventInvokeConfig(LambdaEventInvokeConfigProvider):
    """Adds updates."""

    def update(self, request: ResourceRequest) -> ProgressEvent:
        request.aws_client_factory.lambda_.put_function_event_invoke_config(**request.desired_state)
        model = {**request.desired_state, "Id": request.previous_state["Id"]}
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)


class Permission(LambdaPermissionProvider):
    """Adds the conditions on account, organization, and event source, which LocalStack drops."""

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
