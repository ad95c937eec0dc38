"""AWS::CloudWatch::Dashboard."""

from __future__ import annotations

import json

from localstack_ecs.cfn.base import InvalidProperties, Provider, generated_name, schema


class Dashboard(Provider):
    """`Ref` is the dashboard's name."""

    TYPE = "AWS::CloudWatch::Dashboard"
    SCHEMA = schema(
        TYPE,
        "DashboardName",
        ("DashboardBody", "DashboardName"),
        required=("DashboardBody",),
        create_only=("DashboardName",),
    )
    GONE = ("ResourceNotFound", "ResourceNotFoundException", "DashboardNotFoundError")

    def do_create(self, request, model):
        model.setdefault("DashboardName", generated_name(request))
        return self._put(request, model)

    def do_update(self, request, model, previous):
        return self._put(request, {**model, "DashboardName": previous["DashboardName"]})

    def do_delete(self, request, model):
        cloudwatch = request.aws_client_factory.cloudwatch
        cloudwatch.delete_dashboards(DashboardNames=[model["DashboardName"]])
        return model

    def _put(self, request, model):
        body = model["DashboardBody"]
        try:
            json.loads(body)
        except (TypeError, ValueError) as error:
            # LocalStack would accept anything.
            reason = f"The field DashboardBody must be a valid JSON: {error}"
            raise InvalidProperties(reason) from None
        request.aws_client_factory.cloudwatch.put_dashboard(
            DashboardName=model["DashboardName"], DashboardBody=body
        )
        return model
