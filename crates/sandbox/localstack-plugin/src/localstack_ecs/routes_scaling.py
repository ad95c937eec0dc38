"""Routes for the emulator of Application Auto Scaling, for data without an AWS API.

`GET scaling`: the accounts and regions with scalable targets. `GET
datapoints?alarm=ARN&alarm=ARN…`: the values in the alarms' evaluations. `POST activities`: a
scaling activity, for DescribeScalingActivities. With the same ID, it replaces an earlier one. The
modules behind the routes are imported at the first request, so that they don't slow down
LocalStack's start.
"""

from __future__ import annotations

from rolo import Request, Response
from rolo.routing import route

PREFIX = "/_ecs_scaler"
DIMENSION = "ecs:service:DesiredCount"


@route(f"{PREFIX}/scaling", methods=["GET"])
def registered(_request: Request) -> Response:
    from localstack_ecs import scaling

    return Response.for_json(
        [
            {"account": account, "region": region, "targets": targets}
            for account, region, backend in scaling.backends()
            if (targets := sorted(backend.targets.get(DIMENSION, {})))
        ]
    )


@route(f"{PREFIX}/datapoints", methods=["GET"])
def datapoints(request: Request) -> Response:
    from localstack_ecs import cloudwatch

    asked = request.args.getlist("alarm")
    known = {arn: cloudwatch.EVALUATED.get(arn) for arn in asked}
    return Response.for_json(
        {arn: {"values": values} for arn, values in known.items() if values is not None}
    )


@route(f"{PREFIX}/activities", methods=["POST"])
def activities(request: Request) -> Response:
    from localstack_ecs import scaling

    body = request.get_json()
    try:
        scaling.record(body["account"], body["region"], body["activity"])
    except (KeyError, TypeError, ValueError) as error:
        return Response(f"no scaling activity: {error!r}", status=400)
    return Response(status=204)


ROUTES = [registered, datapoints, activities]
