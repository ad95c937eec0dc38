//! The policies are such that IAM takes them, and the table behind them is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use template::permissions::{Permissions, list_handler_actions};
use template::synthesize;

use crate::stacks;
use crate::templates::{listed, resources};

/// Most characters of a managed policy, white space not counted. Source: IAM quotas.
const MANAGED_POLICY: usize = 6_144;
/// Most managed policies of a role or user, at the default quota. Source: IAM quotas.
const POLICIES: usize = 10;

fn all_permissions() -> Vec<(&'static str, Permissions)> {
    let of = |(name, stack): (&'static str, stack::Stack)| (name, Permissions::of(&stack).unwrap());
    let mut all: Vec<_> = stacks::all().into_iter().map(of).collect();
    all.push(("any", Permissions::of_any()));
    all
}

fn actions(documents: &[Value]) -> BTreeSet<String> {
    let statements = documents
        .iter()
        .flat_map(|document| document["Statement"].as_array().unwrap());
    let allowed = statements.filter(|statement| statement["Effect"] == "Allow");
    allowed
        .flat_map(|statement| listed(&statement["Action"]))
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn each_policy_is_one_that_iam_takes() {
    for (name, permissions) in all_permissions() {
        for policy in permissions.policies() {
            let documents = policy.documents;
            assert!(
                (1..=POLICIES).contains(&documents.len()),
                "{name}: {}",
                policy.name
            );
            for document in documents {
                assert_eq!(document["Version"], "2012-10-17");
                assert!(
                    document.to_string().len() <= MANAGED_POLICY,
                    "{name}: {}",
                    policy.name
                );
                let mut ids = BTreeSet::new();
                for statement in document["Statement"].as_array().unwrap() {
                    let id = statement["Sid"].as_str().unwrap();
                    assert!(ids.insert(id), "{name}: {id}");
                    assert!(
                        id.chars().all(|letter| letter.is_ascii_alphanumeric()),
                        "{id}"
                    );
                    for action in listed(&statement["Action"]) {
                        let action = action.as_str().unwrap();
                        assert!(action.contains(':') && !action.contains('*'), "{action}");
                    }
                }
            }
        }
    }
}

/// The simulation asks for resources and conditions, too; this one runs without the simulator.
#[test]
fn each_resource_type_of_each_template_is_covered() {
    let handlers = list_handler_actions();
    let mut used = BTreeSet::new();
    for (name, stack) in stacks::all() {
        let template = synthesize(&stack).unwrap();
        let permissions = Permissions::of(&stack).unwrap();
        let (deploy, role) = (actions(&permissions.deploy), actions(&permissions.role));
        for (_, kind, _) in resources(template.to_json()) {
            let needed = handlers
                .get(kind)
                .unwrap_or_else(|| panic!("{name}: no row for {kind}"));
            for action in *needed {
                // A boundary that is set can't be removed.
                let is_kept = *action == "iam:DeleteRolePermissionsBoundary"
                    && stack.permissions_boundary.is_some();
                // CloudFormation tags a launch template only if the template does.
                let is_untagged = kind == "AWS::EC2::LaunchTemplate" && action.ends_with("Tags");
                let covered = deploy.contains(*action) && role.contains(*action);
                assert!(
                    covered || is_kept || is_untagged,
                    "{name}: {kind}: {action}"
                );
            }
            used.insert(kind.to_owned());
        }
    }
    let idle: Vec<_> = handlers
        .keys()
        .filter(|kind| !used.contains(**kind))
        .collect();
    assert!(idle.is_empty(), "no template has {idle:?}");
}

/// Actions of CloudFormation's schemas that our templates don't make it need.
const NOT_NEEDED: &[(&str, &[&str], &str)] = &[
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
        &["logs:AssociateKmsKey", "logs:DisassociateKmsKey"],
        "no key of a customer",
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

/// The schemas of CloudFormation's resource types, as cfn-lint ships them.
fn schemas(kinds: &BTreeSet<&str>) -> BTreeMap<String, Value> {
    let cfn_lint = std::env::var_os("CFN_LINT").map_or_else(
        || stacks::root().join(".sandbox/venv/bin/cfn-lint"),
        PathBuf::from,
    );
    let lib = cfn_lint
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .join("lib");
    let python = std::fs::read_dir(lib)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let folder = python.join("site-packages/cfnlint/data/schemas/resources");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found = BTreeMap::new();
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "json")) {
        let text = std::fs::read_to_string(file).unwrap();
        // Parsing each of the 1,900 files would take long.
        if kinds
            .iter()
            .any(|kind| text.contains(&format!("\"{kind}\"")))
        {
            let schema: Value = serde_json::from_str(&text).unwrap();
            let kind = schema["typeName"].as_str().unwrap().to_owned();
            found.insert(kind, schema);
        }
    }
    found
}

#[test]
fn the_table_has_what_the_schemas_of_cloudformation_name() {
    let handlers = list_handler_actions();
    let kinds = handlers.keys().copied().collect();
    let schemas = schemas(&kinds);
    for (kind, actions) in handlers {
        let schema = &schemas[kind]["handlers"];
        let named: BTreeSet<&str> = schema
            .as_object()
            .unwrap()
            .values()
            .flat_map(|handler| handler["permissions"].as_array().unwrap())
            .map(|action| action.as_str().unwrap())
            .collect();
        let ours: BTreeSet<&str> = actions.iter().copied().collect();
        let rows = NOT_NEEDED.iter().filter(|(other, ..)| *other == kind);
        let not_needed: BTreeSet<&str> =
            rows.flat_map(|(_, actions, _)| *actions).copied().collect();
        let missing: Vec<_> = named
            .difference(&ours)
            .filter(|action| !not_needed.contains(**action))
            .collect();
        assert!(missing.is_empty(), "{kind} may need {missing:?}");
        let stale: Vec<_> = not_needed
            .iter()
            .filter(|action| !named.contains(**action) || ours.contains(**action))
            .collect();
        assert!(stale.is_empty(), "{kind}: {stale:?}");
    }
}
