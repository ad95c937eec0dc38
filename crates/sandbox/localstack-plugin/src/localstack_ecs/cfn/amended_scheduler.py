"""LocalStack's own group of schedules, which lacks updates."""

from __future__ import annotations

from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceRequest,
)
from localstack.services.scheduler.resource_providers.aws_scheduler_schedulegroup import (
    SchedulerScheduleGroupProvider,
)

from localstack_ecs.cfn.base import generated_name


class ScheduleGroup(SchedulerScheduleGroupProvider):
    """Names a group after its stack, deletes where it is gone already, and has only tags to update."""

    def create(self, request: ResourceRequest) -> ProgressEvent:
        if not request.desired_state.get("Name"):
            request.desired_state["Name"] = generated_name(request, 64)
        return super().create(request)

    def update(self, request: ResourceRequest) -> ProgressEvent:
        model, previous = request.desired_state, request.previous_state
        kept = {name: previous[name] for name in ("Name", "Arn") if name in previous}
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={**model, **kept})

    def delete(self, request: ResourceRequest) -> ProgressEvent:
        scheduler = request.aws_client_factory.scheduler
        name = (request.desired_state or request.previous_state)["Name"]
        try:
            scheduler.delete_schedule_group(Name=name)
        except scheduler.exceptions.ResourceNotFoundException:
            pass
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
