"""AWS::EC2::LaunchTemplate and AWS::AutoScaling::AutoScalingGroup."""

from __future__ import annotations

from localstack_ecs.cfn.base import (
    InvalidProperties,
    Provider,
    generated_name,
    parameters,
    schema,
    selected,
    stack_tags,
)


# Size in GiB of the root volume of the ECS-optimized Amazon Linux 2023 image.
ROOT_VOLUME_SIZE = 30


def with_volume_sizes(given: dict) -> dict:
    """Adds missing volume sizes. EC2 uses the image's, but moto refuses to start the instance."""
    data = given["LaunchTemplateData"]
    mappings = [
        {**mapping, "Ebs": {"VolumeSize": ROOT_VOLUME_SIZE, **mapping["Ebs"]}}
        if "Ebs" in mapping
        else mapping
        for mapping in data.get("BlockDeviceMappings", [])
    ]
    if not mappings:
        return given
    return {**given, "LaunchTemplateData": {**data, "BlockDeviceMappings": mappings}}


class LaunchTemplate(Provider):
    """`Ref` is the ID. A change creates a new version. The default version stays the first one."""

    TYPE = "AWS::EC2::LaunchTemplate"
    SCHEMA = schema(
        TYPE,
        "LaunchTemplateId",
        ("LaunchTemplateData", "LaunchTemplateName", "TagSpecifications", "VersionDescription"),
        required=("LaunchTemplateData",),
        create_only=("LaunchTemplateName",),
        read_only=("DefaultVersionNumber", "LatestVersionNumber", "LaunchTemplateId"),
    )
    GONE = ("InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.NotFoundException")

    def do_create(self, request, model):
        ec2 = request.aws_client_factory.ec2
        model.setdefault("LaunchTemplateName", generated_name(request, 128))
        given = with_volume_sizes(
            selected(model, ("LaunchTemplateData", "LaunchTemplateName", "VersionDescription"))
        )
        tags = self._tags(request, model)
        made = ec2.create_launch_template(
            **parameters(ec2, "CreateLaunchTemplate", given),
            TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
        )
        return self._model(model, made["LaunchTemplate"])

    def do_update(self, request, model, previous):
        ec2, template = request.aws_client_factory.ec2, previous["LaunchTemplateId"]
        given = selected(model, ("LaunchTemplateData", "VersionDescription"))
        if given != selected(previous, ("LaunchTemplateData", "VersionDescription")):
            given = {**with_volume_sizes(given), "LaunchTemplateId": template}
            ec2.create_launch_template_version(
                **parameters(ec2, "CreateLaunchTemplateVersion", given)
            )
        tags = self._tags(request, model)
        keep = {tag["Key"] for tag in tags}
        described = ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"]
        present = [tag["Key"] for tag in described[0].get("Tags") or []]
        if outdated := [{"Key": key} for key in present if key not in keep]:
            ec2.delete_tags(Resources=[template], Tags=outdated)
        ec2.create_tags(Resources=[template], Tags=tags)
        name = {"LaunchTemplateName": previous["LaunchTemplateName"]}
        return self._model({**model, **name}, described[0])

    def do_delete(self, request, model):
        ec2 = request.aws_client_factory.ec2
        ec2.delete_launch_template(LaunchTemplateId=model["LaunchTemplateId"])
        return model

    def _tags(self, request, model: dict) -> list[dict[str, str]]:
        """Returns the template's own tags. The tags of its instances are in its data."""
        own = [
            tag
            for specification in model.get("TagSpecifications") or []
            if specification.get("ResourceType") == "launch-template"
            for tag in specification.get("Tags") or []
        ]
        tags = stack_tags(request, {"Tags": own})
        return [{"Key": key, "Value": value} for key, value in tags.items()]

    def _model(self, model: dict, template: dict) -> dict:
        return {
            **model,
            "LaunchTemplateId": template["LaunchTemplateId"],
            "DefaultVersionNumber": str(template["DefaultVersionNumber"]),
            "LatestVersionNumber": str(template["LatestVersionNumber"]),
        }


class AutoScalingGroup(Provider):
    """`Ref` is the name."""

    CHANGED = (
        "AvailabilityZones",
        "CapacityRebalance",
        "Cooldown",
        "DefaultInstanceWarmup",
        "DesiredCapacity",
        "HealthCheckGracePeriod",
        "HealthCheckType",
        "LaunchTemplate",
        "MaxInstanceLifetime",
        "MaxSize",
        "MinSize",
        "MixedInstancesPolicy",
        "NewInstancesProtectedFromScaleIn",
        "TerminationPolicies",
        "VPCZoneIdentifier",
    )
    TYPE = "AWS::AutoScaling::AutoScalingGroup"
    SCHEMA = schema(
        TYPE,
        "AutoScalingGroupName",
        (*CHANGED, "AutoScalingGroupName", "Tags"),
        required=("MinSize", "MaxSize"),
        create_only=("AutoScalingGroupName",),
        read_only=("AutoScalingGroupARN",),
        unavailable=(
            "AvailabilityZoneDistribution",
            "AvailabilityZoneIds",
            "AvailabilityZoneImpairmentPolicy",
            "CapacityReservationSpecification",
            "Context",
            "DeletionProtection",
            "DesiredCapacityType",
            "InstanceId",
            "InstanceLifecyclePolicy",
            "InstanceMaintenancePolicy",
            "LaunchConfigurationName",
            "LifecycleHookSpecificationList",
            "LoadBalancerNames",
            "MetricsCollection",
            "NotificationConfiguration",
            "NotificationConfigurations",
            "PlacementGroup",
            "ServiceLinkedRoleARN",
            "SkipZonalShiftValidation",
            "TargetGroupARNs",
            "TrafficSources",
        ),
    )

    def do_create(self, request, model):
        scaling = request.aws_client_factory.autoscaling
        model.setdefault("AutoScalingGroupName", generated_name(request))
        given = {**self._api(model), "AutoScalingGroupName": model["AutoScalingGroupName"]}
        scaling.create_auto_scaling_group(
            **parameters(scaling, "CreateAutoScalingGroup", given), Tags=self._tags(request, model)
        )
        group = describe_group(scaling, model["AutoScalingGroupName"])
        return {**model, "AutoScalingGroupARN": group["AutoScalingGroupARN"]}

    def do_update(self, request, model, previous):
        scaling, name = request.aws_client_factory.autoscaling, previous["AutoScalingGroupName"]
        given = {**self._api(model), "AutoScalingGroupName": name}
        if given.get("DesiredCapacity") == previous.get("DesiredCapacity"):
            # Only a changed count is sent, because managed scaling might have changed it since
            # then.
            given.pop("DesiredCapacity", None)
        scaling.update_auto_scaling_group(
            **parameters(scaling, "UpdateAutoScalingGroup", given)
        )
        tags = self._tags(request, {**model, "AutoScalingGroupName": name})
        keep = {tag["Key"] for tag in tags}
        # Keeps other tags, because ECS tags the groups that it manages.
        before = {tag["Key"] for tag in previous.get("Tags") or []}
        if outdated := before - keep:
            common = {"ResourceId": name, "ResourceType": "auto-scaling-group"}
            scaling.delete_tags(Tags=[{**common, "Key": key} for key in outdated])
        scaling.create_or_update_tags(Tags=tags)
        kept = {key: previous[key] for key in ("AutoScalingGroupName", "AutoScalingGroupARN")}
        return {**model, **kept}

    def do_delete(self, request, model):
        scaling, name = request.aws_client_factory.autoscaling, model["AutoScalingGroupName"]
        if describe_group(scaling, name) is None:
            return model
        # Like CloudFormation: terminates instances that aren't protected first.
        scaling.update_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=0, MaxSize=0, DesiredCapacity=0
        )
        if left := (describe_group(scaling, name) or {}).get("Instances"):
            ids = ", ".join(instance["InstanceId"] for instance in left)
            raise InvalidProperties(f"instances are protected from scale-in: {ids}")
        scaling.delete_auto_scaling_group(AutoScalingGroupName=name)
        return model

    def _api(self, model: dict) -> dict:
        given = selected(model, self.CHANGED)
        if zones := given.get("VPCZoneIdentifier"):
            given["VPCZoneIdentifier"] = ",".join(zones)
        if "Cooldown" in given:
            given["DefaultCooldown"] = given.pop("Cooldown")
        return given

    def _tags(self, request, model: dict) -> list[dict]:
        at_launch = {
            tag["Key"]: str(tag.get("PropagateAtLaunch")).lower() == "true"
            for tag in model.get("Tags") or []
        }
        return [
            {
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": at_launch.get(key, True),
                "ResourceId": model["AutoScalingGroupName"],
                "ResourceType": "auto-scaling-group",
            }
            for key, value in stack_tags(request, model).items()
        ]


def describe_group(scaling, name: str) -> dict | None:
    """Returns an Auto Scaling group as its API does."""
    found = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return next(iter(found["AutoScalingGroups"]), None)
