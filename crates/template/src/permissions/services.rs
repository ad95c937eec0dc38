//! Statements for clusters, services, their scaling, and the instances that they run on.

use super::document::Statement;
use super::scope::Scope;
use crate::cluster::instances::{IMAGE_PARAMETERS, PROVIDER_PREFIX};

/// Clusters, task definitions, services, and their scaling.
pub(super) fn services(scope: &Scope) -> Vec<Statement> {
    let clusters = || {
        scope
            .clusters
            .iter()
            .map(|name| scope.arn("ecs", &format!("cluster/{name}")))
    };
    let services = |kind: &'static str, more: &'static str| {
        let of = move |name: &String| scope.arn("ecs", &format!("{kind}/{name}{more}"));
        scope.services.iter().map(of)
    };
    let all: Vec<String> = scope
        .all_clusters()
        .map(|name| scope.arn("ecs", &format!("cluster/{name}")))
        .collect();
    let families = scope.arn("ecs", &format!("task-definition/{}", scope.names));
    let target = scope.arn("application-autoscaling", "scalable-target/*");
    vec![
        Statement::allow("MakeClusters", CLUSTERS, clusters()),
        Statement::allow("ReadClusters", &["ecs:DescribeClusters"], all),
        Statement::allow("MakeServices", SERVICES, services("service", "")),
        Statement::allow(
            "FollowDeployments",
            DEPLOYMENTS,
            services("service-deployment", "/*"),
        ),
        Statement::allow("MakeTaskDefinitions", TASK_DEFINITIONS, [families]),
        Statement::allow(
            "MakeWhatHasNoResource",
            &[
                "application-autoscaling:DescribeScalableTargets",
                "application-autoscaling:DescribeScalingPolicies",
                "application-autoscaling:DescribeScheduledActions",
                "ecs:DeregisterTaskDefinition",
                "ecs:DescribeCapacityProviders",
                "ecs:DescribeTaskDefinition",
            ],
            ["*".into()],
        ),
        // A target's ARN has a random part, and doesn't contain the service's name.
        on_counts("MakeScaling", SCALING, target.clone()),
        Statement::allow("TagScaling", SCALING_TAGS, [target]),
    ]
}

/// Clients of Service Connect. ECS reads a namespace with its service-linked role; AWS doesn't document whether it also
/// checks the caller's permission, which `AmazonECS_FullAccess` contains.
pub(super) fn connect_clients(scope: &Scope) -> Option<Statement> {
    let namespaces = scope.namespaces.iter().cloned();
    (!scope.namespaces.is_empty()).then(|| {
        Statement::allow(
            "ReadNamespaces",
            &["servicediscovery:GetNamespace"],
            namespaces,
        )
    })
}

/// The settings that ecs-scaler registers itself: the bounds that a schedule sets, and the suspensions of a
/// scalable target.
pub(super) fn hold_scaling(scope: &Scope) -> Statement {
    let target = scope.arn("application-autoscaling", "scalable-target/*");
    on_counts(
        "HoldScaling",
        &["application-autoscaling:RegisterScalableTarget"],
        target,
    )
}

/// A statement about scalable targets for the desired counts of ECS services.
fn on_counts(sid: &'static str, actions: &[&'static str], target: String) -> Statement {
    Statement::allow(sid, actions, [target])
        .when(
            "StringEquals",
            "application-autoscaling:service-namespace",
            "ecs",
        )
        .when(
            "StringEquals",
            "application-autoscaling:scalable-dimension",
            "ecs:service:DesiredCount",
        )
}

const CLUSTERS: &[&str] = &[
    "ecs:CreateCluster",
    "ecs:DeleteCluster",
    "ecs:ListTagsForResource",
    "ecs:PutClusterCapacityProviders",
    "ecs:TagResource",
    "ecs:UntagResource",
    "ecs:UpdateCluster",
    "ecs:UpdateClusterSettings",
];

const SERVICES: &[&str] = &[
    "ecs:CreateService",
    "ecs:DeleteService",
    "ecs:DescribeServiceDeployments",
    "ecs:DescribeServices",
    "ecs:ListServiceDeployments",
    "ecs:ListTagsForResource",
    "ecs:StopServiceDeployment",
    "ecs:TagResource",
    "ecs:UntagResource",
    "ecs:UpdateService",
];

const DEPLOYMENTS: &[&str] = &[
    "ecs:DescribeServiceDeployments",
    "ecs:StopServiceDeployment",
];

const TASK_DEFINITIONS: &[&str] = &[
    "ecs:ListTagsForResource",
    "ecs:RegisterTaskDefinition",
    "ecs:TagResource",
    "ecs:UntagResource",
];

const SCALING: &[&str] = &[
    "application-autoscaling:DeleteScalingPolicy",
    "application-autoscaling:DeleteScheduledAction",
    "application-autoscaling:DeregisterScalableTarget",
    "application-autoscaling:PutScalingPolicy",
    "application-autoscaling:PutScheduledAction",
    "application-autoscaling:RegisterScalableTarget",
];

const SCALING_TAGS: &[&str] = &[
    "application-autoscaling:ListTagsForResource",
    "application-autoscaling:TagResource",
    "application-autoscaling:UntagResource",
];

/// EC2 instances: their group, launch template, and capacity provider.
pub(super) fn instances(scope: &Scope) -> Vec<Statement> {
    let group = format!("autoScalingGroup:*:autoScalingGroupName/{}", scope.names);
    // ECS reserves some name prefixes; the template then gives the provider another name.
    let providers = [&scope.names, &format!("{PROVIDER_PREFIX}{}", scope.stack)]
        .map(|name| scope.arn("ecs", &format!("capacity-provider/{name}")));
    let launched = [
        "instance",
        "network-interface",
        "security-group",
        "subnet",
        "volume",
    ]
    .map(|kind| scope.arn("ec2", &format!("{kind}/*")));
    let template = scope.arn("ec2", "launch-template/*");
    let image = format!("arn:{}:ec2:{}::image/*", scope.partition, scope.region);
    let parameter = scope.image.clone().unwrap_or_else(|| {
        let (partition, region) = (&scope.partition, &scope.region);
        format!("arn:{partition}:ssm:{region}::parameter{IMAGE_PARAMETERS}*")
    });
    vec![
        Statement::allow("MakeGroups", GROUPS, [scope.arn("autoscaling", &group)]),
        Statement::allow("MakeCapacityProviders", PROVIDERS, providers),
        Statement::allow("MakeLaunchTemplates", LAUNCH_TEMPLATES, [template.clone()]),
        // The group checks whether its creator can launch instances as in its launch template.
        Statement::allow(
            "LaunchInstances",
            &["ec2:RunInstances"],
            launched.into_iter().chain([image, template.clone()]),
        )
        .when("ArnLike", "ec2:LaunchTemplate", template),
        Statement::allow("FindImages", &["ssm:GetParameters"], [parameter]),
        Statement::allow("ReadInstances", READ_INSTANCES, ["*".into()]),
    ]
}

const GROUPS: &[&str] = &[
    "autoscaling:CreateAutoScalingGroup",
    "autoscaling:CreateOrUpdateTags",
    "autoscaling:DeleteAutoScalingGroup",
    "autoscaling:DeleteTags",
    "autoscaling:ResumeProcesses",
    "autoscaling:SuspendProcesses",
    "autoscaling:TerminateInstanceInAutoScalingGroup",
    "autoscaling:UpdateAutoScalingGroup",
];

const PROVIDERS: &[&str] = &[
    "ecs:CreateCapacityProvider",
    "ecs:DeleteCapacityProvider",
    "ecs:DescribeCapacityProviders",
    "ecs:ListTagsForResource",
    "ecs:TagResource",
    "ecs:UntagResource",
    "ecs:UpdateCapacityProvider",
];

const LAUNCH_TEMPLATES: &[&str] = &[
    "ec2:CreateLaunchTemplate",
    "ec2:CreateLaunchTemplateVersion",
    "ec2:DeleteLaunchTemplate",
];

const READ_INSTANCES: &[&str] = &[
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeScalingActivities",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:DescribeLaunchTemplates",
];
