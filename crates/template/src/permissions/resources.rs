//! Statements for what CloudFormation asks while it makes a stack's resources.
//!
//! Each keeps to the stack's own resources by their names, or by the tag that CloudFormation puts on what it makes and
//! that nobody else can write. Source of the actions' resources and condition keys: AWS Service Authorization Reference.

use super::document::Statement;
use super::scope::Scope;

/// The tag of CloudFormation by which EC2 and Elastic Load Balancing know a stack's resources.
const STACK_NAME: &str = "aws:ResourceTag/aws:cloudformation:stack-name";

/// Roles, policies, functions, rules, and log groups.
pub(super) fn functions(scope: &Scope) -> Vec<Statement> {
    let named = |service: &str, kind: &str| [scope.arn(service, &format!("{kind}{}", scope.names))];
    let code = format!("{}/*", scope.assets_bucket());
    vec![
        Statement::allow("MakeFunctions", FUNCTIONS, named("lambda", "function:")),
        Statement::allow(
            "ReadFunctionCode",
            &["s3:GetObject", "s3:GetObjectVersion"],
            [code],
        ),
        Statement::allow("MakeRules", RULES, named("events", "rule/")),
        Statement::allow("MakeLogGroups", LOG_GROUPS, named("logs", "log-group:")),
        Statement::allow("FindLogGroups", &["logs:DescribeLogGroups"], ["*".into()]),
    ]
}

const FUNCTIONS: &[&str] = &[
    "lambda:AddPermission",
    "lambda:CreateFunction",
    "lambda:DeleteFunction",
    "lambda:DeleteFunctionConcurrency",
    "lambda:DeleteFunctionEventInvokeConfig",
    "lambda:GetFunction",
    "lambda:GetFunctionCodeSigningConfig",
    "lambda:GetFunctionConfiguration",
    "lambda:GetFunctionEventInvokeConfig",
    "lambda:GetFunctionRecursionConfig",
    "lambda:GetFunctionScalingConfig",
    "lambda:GetPolicy",
    "lambda:GetRuntimeManagementConfig",
    "lambda:ListTags",
    "lambda:PutFunctionConcurrency",
    "lambda:PutFunctionEventInvokeConfig",
    "lambda:RemovePermission",
    "lambda:TagResource",
    "lambda:UntagResource",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:UpdateFunctionEventInvokeConfig",
];

const RULES: &[&str] = &[
    "events:DeleteRule",
    "events:DescribeRule",
    "events:ListTagsForResource",
    "events:ListTargetsByRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
    "events:TagResource",
    "events:UntagResource",
];

const LOG_GROUPS: &[&str] = &[
    "logs:CreateLogGroup",
    "logs:DeleteLogGroup",
    "logs:DeleteRetentionPolicy",
    "logs:GetDataProtectionPolicy",
    "logs:ListTagsForResource",
    "logs:ListTagsLogGroup",
    "logs:PutRetentionPolicy",
    "logs:TagLogGroup",
    "logs:TagResource",
    "logs:UntagLogGroup",
    "logs:UntagResource",
];

/// Queues, the alarm topic, alarms, and the dashboard.
pub(super) fn queues(scope: &Scope) -> Vec<Statement> {
    let queues = scope.queues.iter().map(|name| scope.arn("sqs", name));
    let topic = scope.arn("sns", &scope.names);
    // Application Auto Scaling makes these with the caller's permissions.
    let tracking = scope.all_services().map(|service| {
        scope.arn(
            "cloudwatch",
            &format!("alarm:TargetTracking-service/{service}*"),
        )
    });
    let alarms = scope.arn("cloudwatch", &format!("alarm:{}", scope.names));
    // CloudFormation names a dashboard after its logical ID.
    let dashboards = ["Dashboard-*", &scope.names]
        .map(|name| scope.global("cloudwatch", &format!("dashboard/{name}")));
    let endpoints: Vec<String> = scope
        .queues
        .iter()
        .map(|name| scope.arn("sqs", name))
        .collect();
    vec![
        Statement::allow("MakeQueues", QUEUES, queues),
        Statement::allow("MakeAlarmTopic", TOPIC, [topic]),
        Statement::allow(
            "Subscribe",
            &["sns:Subscribe"],
            scope.topics.iter().cloned(),
        )
        .when("StringEquals", "sns:Protocol", "sqs")
        .when("StringLike", "sns:Endpoint", endpoints),
        Statement::allow(
            "ChangeSubscriptions",
            SUBSCRIPTIONS,
            scope.topics.iter().cloned(),
        ),
        Statement::allow("MakeAlarms", ALARMS, [alarms].into_iter().chain(tracking)),
        Statement::allow("MakeDashboards", DASHBOARDS, dashboards),
        Statement::allow(
            "ReadMetrics",
            &["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"],
            ["*".into()],
        ),
    ]
}

const QUEUES: &[&str] = &[
    "sqs:CreateQueue",
    "sqs:DeleteQueue",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ListQueueTags",
    "sqs:SetQueueAttributes",
    "sqs:TagQueue",
    "sqs:UntagQueue",
];

const TOPIC: &[&str] = &[
    "sns:CreateTopic",
    "sns:DeleteTopic",
    "sns:GetDataProtectionPolicy",
    "sns:GetSubscriptionAttributes",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:ListTagsForResource",
    "sns:SetSubscriptionAttributes",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
    "sns:TagResource",
    "sns:Unsubscribe",
    "sns:UntagResource",
];

const SUBSCRIPTIONS: &[&str] = &[
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
];

const ALARMS: &[&str] = &[
    "cloudwatch:DeleteAlarms",
    "cloudwatch:ListTagsForResource",
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:TagResource",
    "cloudwatch:UntagResource",
];

const DASHBOARDS: &[&str] = &[
    "cloudwatch:DeleteDashboards",
    "cloudwatch:GetDashboard",
    "cloudwatch:ListTagsForResource",
    "cloudwatch:PutDashboard",
    "cloudwatch:TagResource",
    "cloudwatch:UntagResource",
];

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
        // A target's ARN has a random part, and the service's name isn't in it.
        Statement::allow("MakeScaling", SCALING, [target.clone()])
            .when(
                "StringEquals",
                "application-autoscaling:service-namespace",
                "ecs",
            )
            .when(
                "StringEquals",
                "application-autoscaling:scalable-dimension",
                "ecs:service:DesiredCount",
            ),
        Statement::allow("TagScaling", SCALING_TAGS, [target]),
    ]
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
    "application-autoscaling:DeregisterScalableTarget",
    "application-autoscaling:PutScalingPolicy",
    "application-autoscaling:RegisterScalableTarget",
];

const SCALING_TAGS: &[&str] = &[
    "application-autoscaling:ListTagsForResource",
    "application-autoscaling:TagResource",
    "application-autoscaling:UntagResource",
];

/// The network that a stack makes, or its security groups in an existing one.
pub(super) fn network(scope: &Scope) -> Vec<Statement> {
    let ec2 = |kind: &str| scope.arn("ec2", &format!("{kind}/*"));
    let kinds = [
        "internet-gateway",
        "route-table",
        "security-group",
        "subnet",
        "vpc",
    ];
    let [parts @ .., _] = kinds;
    let vpcs = scope
        .vpcs
        .iter()
        .map(|vpc| scope.arn("ec2", &format!("vpc/{vpc}")));
    let own = |statement: Statement| statement.when("StringLike", STACK_NAME, scope.stack.as_str());
    vec![
        // A network's parts are made in a network: neither of these two reaches somebody else's.
        Statement::allow("MakeNetwork", &["ec2:CreateVpc"], [ec2("vpc")]),
        Statement::allow("MakeParts", PARTS, parts.map(ec2)),
        Statement::allow("MakeInExistingNetwork", &["ec2:CreateSecurityGroup"], vpcs),
        own(Statement::allow(
            "MakeInOwnNetwork",
            &[
                "ec2:CreateRouteTable",
                "ec2:CreateSecurityGroup",
                "ec2:CreateSubnet",
            ],
            [ec2("vpc")],
        )),
        Statement::allow("TagNewNetwork", &["ec2:CreateTags"], kinds.map(ec2)).when(
            "StringEquals",
            "ec2:CreateAction",
            MADE.to_vec(),
        ),
        own(Statement::allow(
            "ChangeNetwork",
            CHANGE_NETWORK,
            kinds.map(ec2),
        )),
        Statement::allow(
            "MakeRulesOfGroups",
            &[
                "ec2:AuthorizeSecurityGroupEgress",
                "ec2:AuthorizeSecurityGroupIngress",
            ],
            [ec2("security-group-rule")],
        ),
        Statement::allow("ReadNetwork", READ_NETWORK, ["*".into()]),
    ]
}

/// What CloudFormation tags while it makes it.
const MADE: [&str; 5] = [
    "CreateInternetGateway",
    "CreateRouteTable",
    "CreateSecurityGroup",
    "CreateSubnet",
    "CreateVpc",
];

const PARTS: &[&str] = &[
    "ec2:CreateInternetGateway",
    "ec2:CreateRouteTable",
    "ec2:CreateSecurityGroup",
    "ec2:CreateSubnet",
];

const CHANGE_NETWORK: &[&str] = &[
    "ec2:AssociateRouteTable",
    "ec2:AttachInternetGateway",
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateRoute",
    "ec2:CreateTags",
    "ec2:DeleteInternetGateway",
    "ec2:DeleteRoute",
    "ec2:DeleteRouteTable",
    "ec2:DeleteSecurityGroup",
    "ec2:DeleteSubnet",
    "ec2:DeleteTags",
    "ec2:DeleteVpc",
    "ec2:DetachInternetGateway",
    "ec2:DisassociateRouteTable",
    "ec2:ModifySubnetAttribute",
    "ec2:ModifyVpcAttribute",
    "ec2:ReplaceRoute",
    "ec2:ReplaceRouteTableAssociation",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
];

const READ_NETWORK: &[&str] = &[
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcs",
    "ec2:DescribeVpnGateways",
];

/// Load balancers. Their names are cut so short that only their tags tell whose they are.
pub(super) fn balancers(scope: &Scope) -> Vec<Statement> {
    let arns = || {
        ["listener/app/*", "loadbalancer/app/*", "targetgroup/*"]
            .map(|kind| scope.arn("elasticloadbalancing", kind))
    };
    let own = |statement: Statement| statement.when("StringLike", STACK_NAME, scope.stack.as_str());
    vec![
        Statement::allow("MakeLoadBalancers", MAKE_BALANCERS, arns()),
        Statement::allow(
            "TagNewLoadBalancers",
            &["elasticloadbalancing:AddTags"],
            arns(),
        )
        .when(
            "StringEquals",
            "elasticloadbalancing:CreateAction",
            vec!["CreateListener", "CreateLoadBalancer", "CreateTargetGroup"],
        ),
        own(Statement::allow(
            "ChangeLoadBalancers",
            CHANGE_BALANCERS,
            arns(),
        )),
        Statement::allow("ReadLoadBalancers", READ_BALANCERS, ["*".into()]),
    ]
}

const MAKE_BALANCERS: &[&str] = &[
    "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:CreateTargetGroup",
];

const CHANGE_BALANCERS: &[&str] = &[
    "elasticloadbalancing:AddTags",
    "elasticloadbalancing:CreateListener",
    "elasticloadbalancing:DeleteListener",
    "elasticloadbalancing:DeleteLoadBalancer",
    "elasticloadbalancing:DeleteTargetGroup",
    "elasticloadbalancing:ModifyListener",
    "elasticloadbalancing:ModifyListenerAttributes",
    "elasticloadbalancing:ModifyLoadBalancerAttributes",
    "elasticloadbalancing:ModifyTargetGroup",
    "elasticloadbalancing:ModifyTargetGroupAttributes",
    "elasticloadbalancing:RemoveTags",
    "elasticloadbalancing:SetIpAddressType",
    "elasticloadbalancing:SetSecurityGroups",
    "elasticloadbalancing:SetSubnets",
];

const READ_BALANCERS: &[&str] = &[
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
];

/// EC2 instances: their group, launch template, and capacity provider.
pub(super) fn instances(scope: &Scope) -> Vec<Statement> {
    let group = format!("autoScalingGroup:*:autoScalingGroupName/{}", scope.names);
    // ECS keeps some beginnings of names for itself; the template then names the provider otherwise.
    let providers = [&scope.names, &format!("capacity-of-{}", scope.stack)]
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
    let parameter = "parameter/aws/service/ecs/optimized-ami/amazon-linux-2023/*";
    let parameter = format!("arn:{}:ssm:{}::{parameter}", scope.partition, scope.region);
    vec![
        Statement::allow("MakeGroups", GROUPS, [scope.arn("autoscaling", &group)]),
        Statement::allow("MakeCapacityProviders", PROVIDERS, providers),
        Statement::allow("MakeLaunchTemplates", LAUNCH_TEMPLATES, [template.clone()]),
        // The group asks whether its maker may start what its launch template says.
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
