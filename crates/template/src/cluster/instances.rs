//! The EC2 instances that tasks run on: their group, their launch settings, and the capacity provider by which ECS
//! scales them for the needs of its tasks.

use serde_json::{Value, json};
use stack::{Architecture, ServiceSource, Stack};

use super::network::Placement;
use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::names;
use crate::resolved::Resolved;
use crate::resources::role::Role;
use crate::text::{Text, attribute, reference, text};

/// The launch settings of an instance.
pub(super) struct Start<'a> {
    pub(super) instance_type: &'a str,
    /// AMI ID, or the name of a parameter; otherwise, AWS's image.
    pub(super) image: Option<&'a str>,
    /// ARN of the key of its root volume, if it isn't the account's default one.
    pub(super) volume_key: Option<&'a str>,
}

/// Instances from `bounds.0` to `bounds.1`.
///
/// Each resource refers to the ones that it depends on, and CloudFormation deletes in the opposite order: the
/// services, the cluster's association with the provider, the provider, the group with its instances, and only then
/// the cluster (the launch template names it) and the network. A cluster with instances can't be deleted, and an
/// instance without a network can't deregister.
pub(super) fn add(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    placement: &Placement,
    start: &Start<'_>,
    bounds: (u32, u32),
) -> Result<(), SynthesisError> {
    let stack = resolved.stack;
    add_profile(builder, stack)?;
    add_launch_template(builder, resolved, placement, start)?;
    add_group(builder, placement, bounds)?;
    add_provider(builder, stack)
}

/// ARN suffix of the AWS policy for the ECS agent on an instance.
pub(crate) const AGENT_POLICY: &str = "policy/service-role/AmazonEC2ContainerServiceforEC2Role";

/// AWS defines the permissions of the ECS agent on an instance, and changes them with the agent.
fn add_profile(builder: &mut Builder, stack: &Stack) -> Result<(), SynthesisError> {
    let role = Role {
        id: names::INSTANCE_ROLE.to_owned(),
        description: "Permissions of the ECS agent on an instance".to_owned(),
        principal: "ec2.amazonaws.com",
        trust: Vec::new(),
        statements: Vec::new(),
        managed: vec![text!["arn:", Text::partition(), ":iam::aws:", AGENT_POLICY]],
    };
    role.add(builder, stack)?;
    let properties = json!({ "Roles": [reference(names::INSTANCE_ROLE)] });
    builder.add(
        names::INSTANCE_PROFILE,
        Resource::new(types::INSTANCE_PROFILE, properties),
    )
}

/// The instruction set of all created services.
fn find_architecture(resolved: &Resolved<'_>) -> Result<Architecture, SynthesisError> {
    let mut found = None;
    for service in &resolved.services {
        if let ServiceSource::Create(spec) = &service.service.source {
            match found {
                Some(other) if other != spec.architecture => {
                    return Err(SynthesisError::MixedArchitectures);
                }
                _ => found = Some(spec.architecture),
            }
        }
    }
    Ok(found.unwrap_or(Architecture::X86_64))
}

/// The parameters that contain the ECS-optimized Amazon Linux 2023. Source: Amazon ECS Developer Guide, "Retrieving
/// Amazon ECS-optimized Linux AMI metadata".
pub(crate) const IMAGE_PARAMETERS: &str = "/aws/service/ecs/optimized-ami/amazon-linux-2023/";

/// The image of the definition, or the ECS-optimized Amazon Linux 2023, as its parameter is when the launch
/// template is written. It isn't `resolve:ssm:`, which EC2 would resolve for every launch: two instances of one
/// group could then differ without any deploy.
fn resolve_image(given: Option<&str>, architecture: Architecture) -> String {
    let resolve = |parameter: &str| format!("{{{{resolve:ssm:{parameter}}}}}");
    let variant = match architecture {
        Architecture::Arm64 => "arm64/",
        Architecture::X86_64 => "",
    };
    match given {
        Some(parameter) if parameter.starts_with('/') => resolve(parameter),
        Some(image) => image.to_owned(),
        None => resolve(&format!("{IMAGE_PARAMETERS}{variant}recommended/image_id")),
    }
}

/// The root volume device of the ECS-optimized Amazon Linux 2023. Size and type stay the image's. Source: Amazon
/// ECS Developer Guide, "Amazon ECS-optimized Linux AMIs": one volume, at `/dev/xvda`.
const ROOT_DEVICE: &str = "/dev/xvda";

fn add_launch_template(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    placement: &Placement,
    start: &Start<'_>,
) -> Result<(), SynthesisError> {
    let image = resolve_image(start.image, find_architecture(resolved)?);
    let mut volume = json!({ "Encrypted": true, "DeleteOnTermination": true });
    if let (Some(map), Some(key)) = (volume.as_object_mut(), start.volume_key) {
        map.insert("KmsKeyId".into(), key.into());
    }
    let mut groups = placement.security_groups.clone();
    if resolved.is_balanced() {
        groups.push(attribute(names::INSTANCE_SECURITY_GROUP, "GroupId"));
    }
    let mut interface = json!({
        "DeviceIndex": 0,
        "AssociatePublicIpAddress": placement.public,
        "DeleteOnTermination": true,
    });
    // Without groups, EC2 uses the default security group of the subnets' VPC.
    if let (Some(map), false) = (interface.as_object_mut(), groups.is_empty()) {
        map.insert("Groups".into(), groups.into());
    }
    let user_data = "#!/bin/bash\necho ECS_CLUSTER=${Cluster} >> /etc/ecs/ecs.config\n";
    let data = json!({
        "ImageId": image,
        "InstanceType": start.instance_type,
        "IamInstanceProfile": { "Arn": attribute(names::INSTANCE_PROFILE, "Arn") },
        // One hop: containers on the bridge are one hop further away and don't get the instance's role.
        "MetadataOptions": { "HttpTokens": "required", "HttpPutResponseHopLimit": 1 },
        "NetworkInterfaces": [interface],
        "BlockDeviceMappings": [{ "DeviceName": ROOT_DEVICE, "Ebs": volume }],
        "UserData": { "Fn::Base64": { "Fn::Sub": user_data } },
    });
    builder.add(
        names::LAUNCH_TEMPLATE,
        Resource::new(
            "AWS::EC2::LaunchTemplate",
            json!({ "LaunchTemplateData": data }),
        ),
    )
}

/// No `DesiredCapacity`: ECS decides it, and a deploy would reset it.
fn add_group(
    builder: &mut Builder,
    placement: &Placement,
    (min, max): (u32, u32),
) -> Result<(), SynthesisError> {
    let properties = json!({
        "VPCZoneIdentifier": placement.subnets,
        "MinSize": min.to_string(),
        "MaxSize": max.to_string(),
        "LaunchTemplate": {
            "LaunchTemplateId": reference(names::LAUNCH_TEMPLATE),
            "Version": attribute(names::LAUNCH_TEMPLATE, "LatestVersionNumber"),
        },
        "Tags": [
            tag("Name", reference("AWS::StackName")),
            // ECS sets this tag on the groups that it scales; a template without it would remove the tag.
            tag("AmazonECSManaged", "true".into()),
        ],
    });
    let group = Resource::new("AWS::AutoScaling::AutoScalingGroup", properties)
        .depends_on(placement.depends_on.iter().cloned())
        .update_policy(update_policy(min, max));
    builder.add(names::AUTO_SCALING_GROUP, group)
}

/// A changed launch template reaches the running instances one after the other, each after its tasks have moved
/// (managed draining). The group's minimum stays in service, and must be below its maximum. Processes that would
/// undo the replacement are suspended in the meantime, as AWS recommends. Source: AWS CloudFormation User Guide,
/// "UpdatePolicy attribute".
fn update_policy(min: u32, max: u32) -> Value {
    json!({ "AutoScalingRollingUpdate": {
        "MaxBatchSize": 1,
        "MinInstancesInService": min.min(max.saturating_sub(1)),
        "SuspendProcesses": [
            "HealthCheck",
            "ReplaceUnhealthy",
            "AZRebalance",
            "AlarmNotification",
            "ScheduledActions",
        ],
    }})
}

/// Prefix of the provider's name, before the stack's name, if ECS refuses the name that CloudFormation would
/// generate.
pub(crate) const PROVIDER_PREFIX: &str = "capacity-of-";

/// Target 100: as many instances as the tasks fill. No termination protection: protected instances would prevent
/// the stack from being deleted. An instance to be removed is drained first.
fn add_provider(builder: &mut Builder, stack: &Stack) -> Result<(), SynthesisError> {
    let mut properties = json!({
        "AutoScalingGroupProvider": {
            "AutoScalingGroupArn": reference(names::AUTO_SCALING_GROUP),
            "ManagedScaling": { "Status": "ENABLED", "TargetCapacity": 100 },
            "ManagedDraining": "ENABLED",
            "ManagedTerminationProtection": "DISABLED",
        },
    });
    if let (Some(map), true) = (properties.as_object_mut(), is_reserved(&stack.name)) {
        map.insert(
            "Name".into(),
            json!({ "Fn::Sub": format!("{PROVIDER_PREFIX}${{AWS::StackName}}") }),
        );
    }
    builder.add(
        names::CAPACITY_PROVIDER,
        Resource::new(types::CAPACITY_PROVIDER, properties),
    )
}

/// Whether ECS refuses the name that CloudFormation would generate, which starts with the stack's name. A fixed
/// name causes no problem here, because no change ever replaces the provider. Source: Amazon ECS API,
/// `CreateCapacityProvider$name`.
fn is_reserved(stack_name: &str) -> bool {
    let name = stack_name.to_ascii_lowercase();
    ["aws", "ecs", "fargate"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

fn tag(key: &str, value: Value) -> Value {
    json!({ "Key": key, "Value": value, "PropagateAtLaunch": true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_ecs_keeps_for_itself() {
        for name in ["ecs-demo", "AWS1", "fargate", "Ecscaler"] {
            assert!(is_reserved(name), "{name}");
        }
        assert!(!is_reserved("voucher-ecs"));
    }

    #[test]
    fn a_replacement_always_may_take_one_instance() {
        for (min, max, kept) in [(0, 1, 0), (1, 1, 0), (1, 4, 1), (4, 4, 3)] {
            let policy = update_policy(min, max);
            assert_eq!(
                policy["AutoScalingRollingUpdate"]["MinInstancesInService"],
                kept
            );
        }
    }
}
