//! A reviewed table: what CloudFormation's schemas name, and our templates don't need.

/// Actions of CloudFormation's schemas that our templates don't make it need.
pub(crate) const NOT_NEEDED: &[(&str, &[&str], &str)] = &[
    (
        "AWS::ApplicationAutoScaling::ScalableTarget",
        &[
            "application-autoscaling:DeleteScheduledAction",
            "application-autoscaling:PutScheduledAction",
        ],
        "no scheduled actions",
    ),
    (
        "AWS::ApplicationAutoScaling::ScalableTarget",
        &["iam:PassRole"],
        "no role: ECS targets have a service-linked one",
    ),
    (
        "AWS::ApplicationAutoScaling::ScalableTarget",
        &[
            "lambda:DeleteProvisionedConcurrencyConfig",
            "lambda:GetProvisionedConcurrencyConfig",
            "lambda:PutProvisionedConcurrencyConfig",
        ],
        "not a target in Lambda",
    ),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        &[
            "autoscaling:AttachLoadBalancerTargetGroups",
            "autoscaling:AttachLoadBalancers",
            "autoscaling:AttachTrafficSources",
            "autoscaling:DetachLoadBalancerTargetGroups",
            "autoscaling:DetachLoadBalancers",
            "autoscaling:DetachTrafficSources",
            "elasticloadbalancing:Describe*",
        ],
        "ECS registers tasks; the group has no load balancer",
    ),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        &[
            "autoscaling:CancelInstanceRefresh",
            "autoscaling:StartInstanceRefresh",
        ],
        "rolling update instead",
    ),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        &[
            "autoscaling:DeleteLifecycleHook",
            "autoscaling:PutLifecycleHook",
        ],
        "ECS makes the hook for draining",
    ),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        &[
            "autoscaling:DeleteNotificationConfiguration",
            "autoscaling:PutNotificationConfiguration",
            "autoscaling:DisableMetricsCollection",
            "autoscaling:EnableMetricsCollection",
            "cloudwatch:PutMetricAlarm",
        ],
        "neither notifications nor metrics nor alarms",
    ),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        &[
            "autoscaling:Describe*",
            "ec2:Describe*",
            "ec2:Get*",
            "ssm:Get*",
        ],
        "the ones that it needs are named",
    ),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        &[
            "managed-fleets:CreateAutoScalingGroup",
            "managed-fleets:DeleteAutoScalingGroup",
            "managed-fleets:DeregisterAutoScalingGroup",
            "managed-fleets:Get*",
            "managed-fleets:RegisterAutoScalingGroup",
            "managed-fleets:UpdateAutoScalingGroup",
            "vpc-lattice:DeregisterTargets",
            "vpc-lattice:GetTargetGroup",
            "vpc-lattice:ListTargets",
            "vpc-lattice:RegisterTargets",
        ],
        "neither managed fleets nor VPC Lattice",
    ),
    (
        "AWS::CloudWatch::Dashboard",
        &["cloudwatch:ListDashboards"],
        "listing",
    ),
    (
        "AWS::EC2::SecurityGroupIngress",
        &["ec2:DescribeSecurityGroups"],
        "the group's own row has it",
    ),
    (
        "AWS::EC2::Subnet",
        &[
            "ec2:AssociateSubnetCidrBlock",
            "ec2:DisassociateSubnetCidrBlock",
        ],
        "no IPv6",
    ),
    (
        "AWS::EC2::VPC",
        &[
            "ec2:CreateVpcEncryptionControl",
            "ec2:DescribeVpcEncryptionControls",
            "ec2:ModifyVpcTenancy",
        ],
        "neither encryption controls nor dedicated tenancy",
    ),
    (
        "AWS::EC2::VPCGatewayAttachment",
        &["ec2:AttachVpnGateway", "ec2:DetachVpnGateway"],
        "no VPN",
    ),
    (
        "AWS::ECS::CapacityProvider",
        &[
            "ecs:ListTagsForResource",
            "ecs:PutClusterCapacityProviders",
            "iam:CreateServiceLinkedRole",
            "iam:PassRole",
        ],
        "for managed instances, which it isn't",
    ),
    ("AWS::ECS::Cluster", &["ecs:ListClusters"], "listing"),
    (
        "AWS::ECS::Cluster",
        &["ecs:PutAccountSetting", "ecs:PutAccountSettingDefault"],
        "account settings stay as they are",
    ),
    (
        "AWS::ECS::Cluster",
        &["kms:DescribeKey"],
        "no key for storage",
    ),
    (
        "AWS::ECS::ClusterCapacityProviderAssociations",
        &["ecs:ListClusters"],
        "listing",
    ),
    (
        "AWS::ECS::Service",
        &["ecs:ListClusters", "ecs:ListServices"],
        "listing",
    ),
    (
        "AWS::ECS::TaskDefinition",
        &["ecs:ListTaskDefinitions"],
        "listing",
    ),
    (
        "AWS::ElasticLoadBalancingV2::Listener",
        &["cognito-idp:DescribeUserPoolClient"],
        "no sign-in at the load balancer",
    ),
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        &[
            "ec2:DescribeIpamPools",
            "elasticloadbalancing:DescribeCapacityReservation",
            "elasticloadbalancing:ModifyCapacityReservation",
            "elasticloadbalancing:ModifyIpPools",
        ],
        "neither address pools nor reserved capacity",
    ),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        &[
            "ec2:DescribeVpcs",
            "elasticloadbalancing:DeregisterTargets",
            "elasticloadbalancing:RegisterTargets",
        ],
        "ECS registers the targets",
    ),
    ("AWS::Events::Rule", &["events:ListRules"], "listing"),
    (
        "AWS::Events::Rule",
        &["iam:PassRole"],
        "targets have no role",
    ),
    (
        "AWS::IAM::InstanceProfile",
        &["iam:ListInstanceProfiles"],
        "listing",
    ),
    (
        "AWS::IAM::ManagedPolicy",
        &[
            "iam:AttachGroupPolicy",
            "iam:AttachRolePolicy",
            "iam:AttachUserPolicy",
            "iam:DetachGroupPolicy",
            "iam:DetachUserPolicy",
        ],
        "the role attaches it",
    ),
    ("AWS::IAM::ManagedPolicy", &["iam:ListPolicies"], "listing"),
    ("AWS::IAM::Role", &["iam:ListRoles"], "listing"),
    (
        "AWS::Lambda::EventInvokeConfig",
        &["lambda:ListFunctionEventInvokeConfigs"],
        "listing",
    ),
    (
        "AWS::Lambda::Function",
        &[
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "elasticfilesystem:DescribeMountTargets",
            "s3files:ListMountTargets",
        ],
        "not in a VPC, no file system",
    ),
    (
        "AWS::Lambda::Function",
        &[
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
        ],
        "no key of a customer",
    ),
    (
        "AWS::Lambda::Function",
        &[
            "lambda:AssociateRuntimeAlias",
            "lambda:DeleteFunctionCodeSigningConfig",
            "lambda:GetCodeSigningConfig",
            "lambda:GetLayerVersion",
            "lambda:PassCapacityProvider",
            "lambda:PublishVersion",
            "lambda:PutFunctionCodeSigningConfig",
            "lambda:PutFunctionRecursionConfig",
            "lambda:PutFunctionScalingConfig",
            "lambda:PutRuntimeManagementConfig",
        ],
        "neither layers, versions, signing, nor other settings",
    ),
    (
        "AWS::Lambda::Function",
        &["lambda:ListFunctions"],
        "listing",
    ),
    (
        "AWS::Logs::LogGroup",
        &[
            "firehose:TagDeliveryStream",
            "logs:CreateLogDelivery",
            "s3:REST.PUT.OBJECT",
            "logs:PutBearerTokenAuthentication",
        ],
        "no delivery elsewhere",
    ),
    (
        "AWS::Logs::LogGroup",
        &[
            "logs:DeleteDataProtectionPolicy",
            "logs:PutDataProtectionPolicy",
            "logs:DeleteIndexPolicy",
            "logs:DescribeIndexPolicies",
            "logs:PutIndexPolicy",
            "logs:DeleteResourcePolicy",
            "logs:DescribeResourcePolicies",
            "logs:PutResourcePolicy",
            "logs:PutLogGroupDeletionProtection",
        ],
        "no policies, no deletion protection",
    ),
    (
        "AWS::SNS::Subscription",
        &["iam:GetRole", "iam:PassRole"],
        "no delivery to Firehose",
    ),
    (
        "AWS::SNS::Subscription",
        &["sns:ListSubscriptions"],
        "listing",
    ),
    (
        "AWS::SNS::Topic",
        &[
            "iam:GetRole",
            "iam:PassRole",
            "sns:PutDataProtectionPolicy",
            "sns:Subscribe",
            "sns:Unsubscribe",
        ],
        "neither delivery status, data protection, nor inline subscriptions",
    ),
    ("AWS::SNS::Topic", &["sns:ListTopics"], "listing"),
    ("AWS::SQS::Queue", &["sqs:ListQueues"], "listing"),
];
