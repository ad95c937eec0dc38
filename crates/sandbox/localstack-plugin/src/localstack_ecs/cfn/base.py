"""The common parts of all resource providers: names, tags, API parameters, readable failures."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable

from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import ListShape, Shape, StructureShape
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)

RANDOM_CHARACTERS = string.ascii_letters + string.digits
RANDOM_LENGTH = 12


class InvalidProperties(Exception):
    """The API doesn't accept a resource's properties. The text contains the property and the
    reason.
    """


class Provider(ResourceProvider):
    """A resource type whose failures contain the service's own reason.

    A subclass has a `SCHEMA` and the three `do_…` methods, which return the resource's model, or
    None while the work is in progress. Deleting a resource that is already gone succeeds.
    """

    GONE: tuple[str, ...] = ()
    """Error codes of the service for a resource that doesn't exist."""

    def do_create(self, request: ResourceRequest, model: dict) -> dict | None:
        raise NotImplementedError

    def do_update(self, request: ResourceRequest, model: dict, previous: dict) -> dict | None:
        raise NotImplementedError

    def do_delete(self, request: ResourceRequest, model: dict) -> dict | None:
        raise NotImplementedError

    def create(self, request: ResourceRequest) -> ProgressEvent:
        model = request.desired_state

        def run():
            check_properties(self.SCHEMA, model)
            return self.do_create(request, model)

        return progress(request, model, run)

    def update(self, request: ResourceRequest) -> ProgressEvent:
        model, previous = request.desired_state, request.previous_state or {}

        def run():
            check_properties(self.SCHEMA, model)
            return self.do_update(request, model, previous)

        return progress(request, model, run)

    def delete(self, request: ResourceRequest) -> ProgressEvent:
        model = request.desired_state
        return progress(request, model, lambda: self.do_delete(request, model), gone=self.GONE)


def progress(request: ResourceRequest, model: dict, run, gone: Iterable[str] = ()) -> ProgressEvent:
    """Returns the outcome of `run` in the format of CloudFormation's engine."""
    try:
        result = run()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in gone:
            return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)
        return failed(model, service_reason(error))
    except (BotoCoreError, InvalidProperties) as error:
        return failed(model, str(error))
    status = OperationStatus.IN_PROGRESS if result is None else OperationStatus.SUCCESS
    return ProgressEvent(
        status,
        resource_model=model if result is None else result,
        custom_context=request.custom_context,
    )


def failed(model: dict, reason: str) -> ProgressEvent:
    """Returns a failure with its reason."""
    return ProgressEvent(OperationStatus.FAILED, resource_model=model, message=reason)


def service_reason(error: ClientError) -> str:
    """Returns a service's error in CloudFormation's words."""
    details, metadata = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    return (
        f"{details.get('Message', error)} (Error Code: {details.get('Code', 'Unknown')}; "
        f"Status Code: {metadata.get('HTTPStatusCode', 'none')}; Operation: {error.operation_name})"
    )


def check_properties(schema: dict, model: dict) -> None:
    """Refuses unknown, missing, and computed properties, as CloudFormation does before it acts."""
    known = schema["properties"]
    for key in schema.get("unavailable", []):
        if model.get(key) is not None:
            raise InvalidProperties(f"#: key [{key}] is not available in the sandbox")
    problems = [f"#: extraneous key [{key}] is not permitted" for key in model if key not in known]
    problems += [
        f"#: required key [{key}] not found"
        for key in schema.get("required", [])
        if model.get(key) is None
    ]
    if problems:
        raise InvalidProperties(
            f"Properties validation failed for resource type {schema['typeName']} with message: "
            + "\n".join(problems)
        )


def schema(
    type_name: str,
    identifier: str,
    properties: Iterable[str],
    *,
    required: Iterable[str] = (),
    create_only: Iterable[str] = (),
    read_only: Iterable[str] = (),
    unavailable: Iterable[str] = (),
) -> dict:
    """Returns the parts of a resource type's schema that LocalStack's engine and this package read.

    `identifier` is the property that `Ref` returns. A change of a `create_only` property, which can
    be the path of a nested one, replaces the resource. `unavailable` properties exist only on AWS.
    """
    return {
        "typeName": type_name,
        "properties": {name: {} for name in (*properties, *read_only, *unavailable)},
        "unavailable": list(unavailable),
        "required": list(required),
        "primaryIdentifier": [f"/properties/{identifier}"],
        "createOnlyProperties": [f"/properties/{name}" for name in create_only],
        "readOnlyProperties": [f"/properties/{name}" for name in read_only],
    }


def generated_name(request: ResourceRequest, limit: int = 255) -> str:
    """Returns a name like CloudFormation's: stack, logical ID, and random text; at most `limit`
    characters.
    """
    random = "".join(secrets.choice(RANDOM_CHARACTERS) for _ in range(RANDOM_LENGTH))
    room = limit - RANDOM_LENGTH - 2
    logical = request.logical_resource_id[: room // 2]
    stack = request.stack_name[: room - len(logical)]
    return f"{stack}-{logical}-{random}"


def all_tags(request: ResourceRequest, model: dict) -> list[dict[str, str]]:
    """Returns `stack_tags` in ECS's format."""
    return [{"key": key, "value": value} for key, value in stack_tags(request, model).items()]


def stack_tags(request: ResourceRequest, model: dict) -> dict[str, str]:
    """Returns the resource's own tags, the stack's, and the tags that CloudFormation adds.

    LocalStack doesn't pass stack tags to providers, so they are read.
    """
    stacks = request.aws_client_factory.cloudformation.describe_stacks(StackName=request.stack_name)
    stack = stacks["Stacks"][0]
    return {
        "aws:cloudformation:stack-name": stack["StackName"],
        "aws:cloudformation:stack-id": stack["StackId"],
        "aws:cloudformation:logical-id": request.logical_resource_id,
        **{tag["Key"]: tag["Value"] for tag in stack.get("Tags") or []},
        **{tag["Key"]: str(tag["Value"]) for tag in model.get("Tags") or []},
    }


def replace_tags(ecs, arn: str, tags: list[dict[str, str]]) -> None:
    """Makes `tags` the only tags of an ECS resource."""
    present = ecs.list_tags_for_resource(resourceArn=arn).get("tags", [])
    keep = {tag["key"] for tag in tags}
    if outdated := [tag["key"] for tag in present if tag["key"] not in keep]:
        ecs.untag_resource(resourceArn=arn, tagKeys=outdated)
    ecs.tag_resource(resourceArn=arn, tags=tags)


def selected(model: dict, names: Iterable[str]) -> dict:
    """Returns the properties with these names that have a value."""
    return {name: model[name] for name in names if model.get(name) is not None}


def parameters(client, operation: str, properties: dict) -> dict:
    """Converts CloudFormation properties to parameters of an operation, with the API's names and
    types.

    Maps such as a container's labels keep their keys. Properties that the operation doesn't support
    are refused with their path.
    """
    shape = client.meta.service_model.operation_model(operation).input_shape
    return _converted(shape, properties, "")


def _converted(shape: Shape, value, path: str):
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            raise InvalidProperties(f"#{path}: expected type: JSONObject, found: {_type(value)}")
        members = {name.lower(): name for name in shape.members}
        result = {}
        for key, item in value.items():
            name = members.get(key.lower())
            if name is None:
                raise InvalidProperties(f"#{path}: extraneous key [{key}] is not permitted")
            result[name] = _converted(shape.members[name], item, f"{path}/{key}")
        return result
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            raise InvalidProperties(f"#{path}: expected type: JSONArray, found: {_type(value)}")
        return [_converted(shape.member, item, f"{path}/{i}") for i, item in enumerate(value)]
    return _scalar(shape, value, path)


def _scalar(shape: Shape, value, path: str):
    """Converts a scalar: templates can contain numbers and Booleans as text, and text as numbers.
    """
    try:
        if shape.type_name in ("integer", "long") and not isinstance(value, bool):
            return int(value)
        if shape.type_name in ("double", "float") and not isinstance(value, bool):
            return float(value)
    except (TypeError, ValueError):
        raise InvalidProperties(
            f"#{path}: expected type: Number, found: {_type(value)}"
        ) from None
    if shape.type_name == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    if shape.type_name == "string" and isinstance(value, (bool, int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


def _type(value) -> str:
    names = {str: "String", bool: "Boolean", dict: "JSONObject", list: "JSONArray"}
    return names.get(type(value), type(value).__name__)
