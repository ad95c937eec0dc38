"""AWS::ECS::Cluster, CapacityProvider, and ClusterCapacityProviderAssociations."""

from __future__ import annotations

from localstack_ecs.cfn.base import (
    Provider,
    all_tags,
    generated_name,
    parameters,
    replace_tags,
    schema,
)


class Cluster(Provider):
    """`Ref` is the cluster's name."""

    TYPE = "AWS::ECS::Cluster"
    SCHEMA = schema(
        TYPE,
        "ClusterName",
        (
            "CapacityProviders",
            "ClusterName",
            "ClusterSettings",
            "Configuration",
            "DefaultCapacityProviderStrategy",
            "ServiceConnectDefaults",
            "Tags",
        ),
        create_only=("ClusterName",),
        read_only=("Arn",),
    )
    GONE = ("ClusterNotFoundException",)

    def do_create(self, request, model):
        ecs = request.aws_client_factory.ecs
        model.setdefault("ClusterName", generated_name(request))
        settings = {**_settings(model), **_capacity(model), "ClusterName": model["ClusterName"]}
        created = ecs.create_cluster(
            **parameters(ecs, "CreateCluster", settings), tags=all_tags(request, model)
        )
        return {**model, "Arn": created["cluster"]["clusterArn"]}

    def do_update(self, request, model, previous):
        ecs = request.aws_client_factory.ecs
        name, arn = previous["ClusterName"], previous["Arn"]
        settings = {**_settings(model), "Cluster": name}
        ecs.update_cluster(**parameters(ecs, "UpdateCluster", settings))
        if _capacity(model) != _capacity(previous):
            put_capacity(ecs, name, model)
        replace_tags(ecs, arn, all_tags(request, model))
        return {**model, "ClusterName": name, "Arn": arn}

    def do_delete(self, request, model):
        request.aws_client_factory.ecs.delete_cluster(cluster=model["ClusterName"])
        return model


class CapacityProvider(Provider):
    """`Ref` is the name."""

    GROUP = "AutoScalingGroupProvider"
    TYPE = "AWS::ECS::CapacityProvider"
    SCHEMA = schema(
        TYPE,
        "Name",
        (GROUP, "Name", "Tags"),
        required=(GROUP,),
        create_only=("Name", f"{GROUP}/AutoScalingGroupArn"),
        unavailable=("ClusterName", "ManagedInstancesProvider"),
    )

    def do_create(self, request, model):
        ecs = request.aws_client_factory.ecs
        model.setdefault("Name", generated_name(request))
        given = {"Name": model["Name"], self.GROUP: model[self.GROUP]}
        ecs.create_capacity_provider(
            **parameters(ecs, "CreateCapacityProvider", given), tags=all_tags(request, model)
        )
        return model

    def do_update(self, request, model, previous):
        ecs, name = request.aws_client_factory.ecs, previous["Name"]
        changed = {k: v for k, v in model[self.GROUP].items() if k != "AutoScalingGroupArn"}
        given = {"Name": name, self.GROUP: changed}
        updated = ecs.update_capacity_provider(**parameters(ecs, "UpdateCapacityProvider", given))
        arn = updated["capacityProvider"]["capacityProviderArn"]
        replace_tags(ecs, arn, all_tags(request, model))
        return {**model, "Name": name}

    def do_delete(self, request, model):
        ecs, name = request.aws_client_factory.ecs, model["Name"]
        if ecs.describe_capacity_providers(capacityProviders=[name])["capacityProviders"]:
            ecs.delete_capacity_provider(capacityProvider=name)
        return model


class ClusterCapacityProviderAssociations(Provider):
    """`Ref` is the cluster's name."""

    TYPE = "AWS::ECS::ClusterCapacityProviderAssociations"
    SCHEMA = schema(
        TYPE,
        "Cluster",
        ("CapacityProviders", "Cluster", "DefaultCapacityProviderStrategy"),
        required=("Cluster", "DefaultCapacityProviderStrategy"),
        create_only=("Cluster",),
    )
    GONE = ("ClusterNotFoundException",)

    def do_create(self, request, model):
        put_capacity(request.aws_client_factory.ecs, model["Cluster"], model)
        return model

    def do_update(self, request, model, previous):
        return self.do_create(request, model)

    def do_delete(self, request, model):
        put_capacity(request.aws_client_factory.ecs, model["Cluster"], {})
        return model


def put_capacity(ecs, cluster: str, model: dict) -> None:
    """Sets the cluster's capacity providers and strategy to the model's."""
    capacity = {"CapacityProviders": [], "DefaultCapacityProviderStrategy": [], **_capacity(model)}
    ecs.put_cluster_capacity_providers(
        **parameters(ecs, "PutClusterCapacityProviders", {**capacity, "Cluster": cluster})
    )


def _settings(model: dict) -> dict:
    names = {
        "ClusterSettings": "Settings",
        "Configuration": "Configuration",
        "ServiceConnectDefaults": "ServiceConnectDefaults",
    }
    return {api: model[name] for name, api in names.items() if name in model}


def _capacity(model: dict) -> dict:
    names = ("CapacityProviders", "DefaultCapacityProviderStrategy")
    return {name: model[name] for name in names if name in model}
