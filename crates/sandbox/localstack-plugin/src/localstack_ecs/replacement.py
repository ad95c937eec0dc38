"""Determines by values whether an update replaces a resource.

LocalStack replaces a resource as soon as one of its create-only properties refers to a resource
that changes, even if the value stays the same. A scalable target would be registered again and then
deregistered under the same name.
"""

from __future__ import annotations

from typing import Any

from localstack.services.cloudformation.engine.v2.change_set_model import is_nothing
from localstack.services.cloudformation.engine.v2.change_set_model_describer import (
    CHANGESET_KNOWN_AFTER_APPLY,
)
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import PreprocResource
from localstack.services.cloudformation.resource_provider import ResourceProviderExecutor


def replaces(before: PreprocResource, after: PreprocResource) -> bool:
    """Whether a create-only property has another value."""
    provider = ResourceProviderExecutor.try_load_resource_provider(after.resource_type)
    if provider is None:
        return False
    old, new = properties_of(before), properties_of(after)
    fixed = provider.SCHEMA.get("createOnlyProperties") or []
    paths = [path.removeprefix("/properties/").split("/") for path in fixed]
    return any(at(old, path) != at(new, path) for path in paths)


def at(properties: Any, path: list[str]) -> Any:
    """Returns the property at a path. For a list, the property of each element."""
    for index, name in enumerate(path):
        if isinstance(properties, list):
            rest = path[index + 1 :] if name == "*" else path[index:]
            return [at(element, rest) for element in properties]
        if not isinstance(properties, dict):
            return properties
        properties = properties.get(name)
    return properties


def properties_of(resource: PreprocResource) -> dict:
    """Returns the resource's properties. Empty if it has none."""
    return {} if is_nothing(resource.properties) else resource.properties.properties


def visit_node_resource(default, self, node_resource: Any):
    """Makes a change set list resources that refer to a replaced one, because its ID changes."""
    delta = default(self, node_resource)
    before, after = delta.before, delta.after
    if not is_nothing(before) and not is_nothing(after):
        if before.resource_type == after.resource_type and replaces(before, after):
            after.physical_resource_id = CHANGESET_KNOWN_AFTER_APPLY
    return delta


def describe_resource_change(default, self, name: str, before: Any, after: Any) -> None:
    """Bases a change set's "replacement" on the properties' values, as the operation does."""
    if not is_nothing(before) and not is_nothing(after):
        if before.resource_type == after.resource_type:
            after.requires_replacement = replaces(before, after)
    default(self, name, before, after)
