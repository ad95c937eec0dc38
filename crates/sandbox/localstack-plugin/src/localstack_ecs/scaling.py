"""Corrects where moto's Application Auto Scaling differs from AWS.

A policy's alarms are created in LocalStack's CloudWatch, with AWS's metrics and thresholds, so they
change state like any other alarm. Nothing here acts on that state. The emulators do, and record
their scaling activities here. Without them, the desired count changes only when a scalable target's
bounds require it, or when a user updates the service.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

from localstack.aws.api import CommonServiceException, RequestContext, ServiceRequest
from localstack.aws.connect import connect_to
from localstack.aws.skeleton import DispatchTable
from localstack.services.moto import call_moto
from localstack.utils.aws.arns import cloudwatch_alarm_arn
from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeApplicationAutoscalingPolicy,
    applicationautoscaling_backends,
)

from localstack_ecs import ecs

PERIOD = 60
"""Seconds of a target tracking alarm's datapoint."""
HIGH_PERIODS = 3
"""Datapoints over the target before scaling out."""
LOW_PERIODS = 15
"""Datapoints under the low threshold before scaling in."""
LOW_FRACTION = 0.9
"""The low alarm's threshold as a fraction of the target."""

PREDEFINED = {
    "ECSServiceAverageCPUUtilization": "CPUUtilization",
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
    "ECSServiceAverageCPUUtilizationHighResolution": "CPUUtilization",
    "ECSServiceAverageMemoryUtilizationHighResolution": "MemoryUtilization",
}

ACTIVITIES: defaultdict[tuple[str, str], dict[str, dict]] = defaultdict(dict)
"""Scaling activities by account and region, then by ID, in the order of their start."""
KEPT = 1000
"""Activities kept per account and region. AWS keeps six weeks of them."""
PAGE = 50
"""Default and maximum number of activities per page."""


def register_scalable_target(context: RequestContext, request: ServiceRequest):
    response = call_moto(context)
    target = _backend(context).targets[request["ScalableDimension"]][request["ResourceId"]]
    if request["ServiceNamespace"] == "ecs":
        _enforce_bounds(context, request["ResourceId"], target.min_capacity, target.max_capacity)
    return response


def deregister_scalable_target(context: RequestContext, request: ServiceRequest):
    response = call_moto(context)
    # AWS deletes the target's policies and scheduled actions with it.
    for key, policy in list(_backend(context).policies.items()):
        if _same_target(policy, request):
            _delete_alarms(context, policy)
            del _backend(context).policies[key]
    backend = _backend(context)
    of = ("ServiceNamespace", "ResourceId", "ScalableDimension")
    target = tuple(request[name] for name in of)
    backend.scheduled_actions = [
        action
        for action in backend.scheduled_actions
        if (action.service_namespace, action.resource_id, action.scalable_dimension) != target
    ]
    return response


def put_scaling_policy(context: RequestContext, request: ServiceRequest):
    _require_target(context, request)
    backend = _backend(context)
    key = FakeApplicationAutoscalingPolicy.formulate_key(
        request["ServiceNamespace"],
        request["ResourceId"],
        request["ScalableDimension"],
        request["PolicyName"],
    )
    old = backend.policies.get(key)
    response = call_moto(context)
    policy = backend.policies[key]
    # moto puts alarms on the wrong metric into a separate CloudWatch.
    policy.delete_alarms(context.account_id, context.region)
    policy.alarms = []
    if old:
        policy.policy_arn, policy.creation_time = old.policy_arn, old.creation_time
        _delete_alarms(context, old)
    if policy.policy_type == "TargetTrackingScaling":
        _put_alarms(context, policy)
    described = [{"AlarmName": a.name, "AlarmARN": a.alarm_arn} for a in policy.alarms]
    return {**response, "PolicyARN": policy.policy_arn, "Alarms": described}


def describe_scaling_policies(context: RequestContext, request: ServiceRequest):
    response = call_moto(context)
    # moto also returns policies whose resource ID is a part of the requested one.
    names, resource = request.get("PolicyNames"), request.get("ResourceId")
    policies = [
        policy
        for policy in response.get("ScalingPolicies", [])
        if (not resource or policy["ResourceId"] == resource)
        and (not names or policy["PolicyName"] in names)
    ]
    return {**response, "ScalingPolicies": policies}


def delete_scaling_policy(context: RequestContext, request: ServiceRequest):
    for policy in _backend(context).policies.values():
        if _same_target(policy, request) and policy.policy_name == request["PolicyName"]:
            _delete_alarms(context, policy)
    return call_moto(context)


def describe_scaling_activities(context: RequestContext, request: ServiceRequest):
    of = ("ServiceNamespace", "ResourceId", "ScalableDimension")
    found = [
        activity
        for activity in reversed(list(ACTIVITIES[context.account_id, context.region].values()))
        if all(not request.get(name) or activity[name] == request[name] for name in of)
    ]
    try:
        begin = int(request.get("NextToken") or 0)
    except ValueError as error:
        raise CommonServiceException(
            "InvalidNextTokenException", "The specified next token is not valid."
        ) from error
    end = begin + min(request.get("MaxResults") or PAGE, PAGE)
    page = {"ScalingActivities": found[begin:end]}
    return {**page, "NextToken": str(end)} if end < len(found) else page


def record(account: str, region: str, activity: dict) -> None:
    """Stores a scaling activity in the API's format, with times in seconds since 1970."""
    times = {
        name: datetime.fromtimestamp(activity[name], UTC)
        for name in ("StartTime", "EndTime")
        if activity.get(name) is not None
    }
    kept = ACTIVITIES[account, region]
    kept[activity["ActivityId"]] = {**activity, **times}
    for oldest in list(kept)[:-KEPT]:
        del kept[oldest]


def backends() -> Iterator[tuple[str, str, ApplicationAutoscalingBackend]]:
    """Returns every account and region in which Application Auto Scaling was used."""
    for account, regions in list(applicationautoscaling_backends.items()):
        for region, backend in list(regions.items()):
            yield account, region, backend


CORRECTIONS: DispatchTable = {
    "RegisterScalableTarget": register_scalable_target,
    "DeregisterScalableTarget": deregister_scalable_target,
    "PutScalingPolicy": put_scaling_policy,
    "DescribeScalingActivities": describe_scaling_activities,
    "DescribeScalingPolicies": describe_scaling_policies,
    "DeleteScalingPolicy": delete_scaling_policy,
}


def bounded(count: int, minimum: int | None, maximum: int | None) -> int:
    """Returns the count within the bounds of a scalable target."""
    count = count if minimum is None else max(count, minimum)
    return count if maximum is None else min(count, maximum)


def target_metric(configuration: dict, resource_id: str) -> dict | None:
    """Returns the alarm parameters of the metric that a target tracking policy tracks on an ECS
    service.

    None for a metric that this plugin doesn't support, such as load balancer requests.
    """
    if custom := configuration.get("CustomizedMetricSpecification"):
        if queries := custom.get("Metrics"):
            return {"Metrics": [_alarm_query(query) for query in queries]}
        names = ("MetricName", "Namespace", "Dimensions", "Statistic", "Unit")
        return {**{name: custom[name] for name in names if custom.get(name)}, "Period": PERIOD}
    specification = configuration.get("PredefinedMetricSpecification") or {}
    predefined = specification.get("PredefinedMetricType")
    if predefined not in PREDEFINED:
        return None
    _, cluster, service = resource_id.split("/")
    return {
        "MetricName": PREDEFINED[predefined],
        "Namespace": "AWS/ECS",
        "Dimensions": [
            {"Name": "ClusterName", "Value": cluster},
            {"Name": "ServiceName", "Value": service},
        ],
        "Statistic": "Average",
        "Period": PERIOD,
    }


def target_alarms(configuration: dict, resource_id: str, policy_arn: str) -> list[dict]:
    """Returns the PutMetricAlarm requests of a target tracking policy: high, and low unless
    disabled.
    """
    metric = target_metric(configuration, resource_id)
    if metric is None:
        return []
    target = float(configuration["TargetValue"])
    sides = [("High", "GreaterThanThreshold", HIGH_PERIODS, target)]
    if not configuration.get("DisableScaleIn"):
        sides.append(("Low", "LessThanThreshold", LOW_PERIODS, LOW_FRACTION * target))
    return [
        {
            **metric,
            "AlarmName": f"TargetTracking-{resource_id}-Alarm{side}-{uuid.uuid4()}",
            "AlarmDescription": "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy "
            f"{policy_arn}.",
            "ComparisonOperator": operator,
            "EvaluationPeriods": periods,
            "Threshold": threshold,
            "AlarmActions": [policy_arn],
        }
        for side, operator, periods, threshold in sides
    ]


def _alarm_query(query: dict) -> dict:
    """Returns a target tracking metric query in an alarm's format: with a period."""
    if statistic := query.get("MetricStat"):
        return {**query, "MetricStat": {"Period": PERIOD, **statistic}}
    return query


def _backend(context: RequestContext) -> ApplicationAutoscalingBackend:
    return applicationautoscaling_backends[context.account_id][context.region]


def _require_target(context: RequestContext, request: ServiceRequest) -> None:
    targets = _backend(context).targets.get(request["ScalableDimension"], {})
    if request["ResourceId"] not in targets:
        raise CommonServiceException(
            "ObjectNotFoundException",
            f"No scalable target registered for service namespace: {request['ServiceNamespace']}, "
            f"resource ID: {request['ResourceId']}, "
            f"scalable dimension: {request['ScalableDimension']}",
        )


def _enforce_bounds(
    context: RequestContext, resource_id: str, minimum: int | None, maximum: int | None
) -> None:
    """Moves the service's desired count within the bounds, as AWS does on registration."""
    _, cluster, name = resource_id.split("/")
    service = ecs._backend(context).services.get(f"{cluster}:{name}")
    if service is None or service.status != "ACTIVE":
        return
    desired = bounded(service.desired_count, minimum, maximum)
    if desired != service.desired_count:
        _clients(context).ecs.update_service(cluster=cluster, service=name, desiredCount=desired)


def _same_target(policy: FakeApplicationAutoscalingPolicy, request: ServiceRequest) -> bool:
    return (policy.service_namespace, policy.resource_id, policy.scalable_dimension) == (
        request["ServiceNamespace"],
        request["ResourceId"],
        request["ScalableDimension"],
    )


def _put_alarms(context: RequestContext, policy: FakeApplicationAutoscalingPolicy) -> None:
    cloudwatch = _clients(context).cloudwatch
    configuration = policy.target_tracking_scaling_policy_configuration
    for alarm in target_alarms(configuration, policy.resource_id, policy.policy_arn):
        cloudwatch.put_metric_alarm(**alarm)
        arn = cloudwatch_alarm_arn(alarm["AlarmName"], context.account_id, context.region)
        policy.alarms.append(SimpleNamespace(name=alarm["AlarmName"], alarm_arn=arn))


def _delete_alarms(context: RequestContext, policy: FakeApplicationAutoscalingPolicy) -> None:
    if names := [alarm.name for alarm in policy.alarms]:
        _clients(context).cloudwatch.delete_alarms(AlarmNames=names)
    policy.alarms = []


def _clients(context: RequestContext):
    return connect_to(aws_access_key_id=context.account_id, region_name=context.region)
