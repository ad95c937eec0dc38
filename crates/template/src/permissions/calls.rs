//! Statements for ecs-scaler's own requests: it reads, plans, uploads, and follows.

use super::document::Statement;
use super::network::READ_BALANCERS;
use super::pauses;
use super::scope::Scope;
use crate::contract::{DRAFTS, STACK_TAG, types};
use crate::names;
use crate::policy::resource_tag;

/// Reads a stack and its resources.
pub(super) fn read(scope: &Scope) -> Vec<Statement> {
    let clusters: Vec<&String> = scope.all_clusters().collect();
    let ecs = |kind: &str| -> Vec<String> {
        let inside = if kind == "cluster" { "" } else { "/*" };
        let of = |cluster: &&String| scope.arn("ecs", &format!("{kind}/{cluster}{inside}"));
        clusters.iter().map(of).collect()
    };
    let named = |service: &str, kind: &str| scope.arn(service, &format!("{kind}{}", scope.names));
    let queues = scope.queues.iter().map(|name| scope.arn("sqs", name));
    let stacks = scope.arn("cloudformation", &format!("stack/{}/*", scope.stack));
    vec![
        Statement::allow("ReadStacks", READ_STACKS, [stacks]),
        Statement::allow(
            "ReadServices",
            READ_SERVICES,
            ["cluster", "container-instance", "service", "task"]
                .iter()
                .flat_map(|kind| ecs(kind)),
        ),
        Statement::allow(
            "ReadQueues",
            &["sqs:GetQueueAttributes"],
            queues.chain(scope.existing_queues.iter().cloned()),
        ),
        Statement::allow(
            "ReadFunctions",
            READ_FUNCTIONS,
            [named("lambda", "function:")],
        ),
        Statement::allow(
            "ReadRules",
            &["events:DescribeRule", "events:ListTargetsByRule"],
            [named("events", "rule/")],
        ),
        Statement::allow(
            "ReadRoles",
            READ_ROLES,
            ["instance-profile/", "policy/", "role/"]
                .map(|kind| scope.global("iam", &format!("{kind}{}", scope.names))),
        ),
        Statement::allow(
            "ReadTopics",
            &["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"],
            [named("sns", "")],
        ),
        Statement::allow(
            "ReadDashboards",
            &["cloudwatch:GetDashboard"],
            scope.dashboards(),
        ),
        Statement::allow(
            "ReadImages",
            &["ecr:DescribeImages"],
            [scope.arn("ecr", "repository/*")]
                .into_iter()
                .chain(scope.repositories.iter().cloned()),
        ),
        Statement::allow("ReadWhatHasNoResource", READ_ANYWHERE, ["*".into()]),
    ]
    .into_iter()
    .chain([pauses::read(scope)])
    .chain(read_demand(scope))
    .chain(read_parts(scope))
    .collect()
}

/// The input of functions that scale by demand, and the logs of all functions with their decisions and failures,
/// but not the logs of tasks.
fn read_demand(scope: &Scope) -> Vec<Statement> {
    let mut statements = Vec::new();
    let of = |function: &str| scope.arn("logs", &format!("log-group:{}{function}*", scope.names));
    // A service's own scaling function has the service's name before this name.
    let scaling = names::demand_function(1);
    let functions = [
        (scope.has_scaling_function, scaling.as_str()),
        (scope.measures, names::METRIC_FUNCTION),
    ];
    let logs: Vec<String> = functions
        .iter()
        .filter(|(has, _)| *has)
        .map(|(_, function)| of(function))
        .collect();
    if !logs.is_empty() {
        let read = Statement::allow("ReadFunctionLogs", &["logs:FilterLogEvents"], logs);
        statements.push(read);
    }
    if scope.reads_fleet {
        let read = Statement::allow("ReadFleet", &["s3:GetObject"], [scope.fleet_objects()]);
        statements.push(read);
    }
    statements
}

/// Networks, load balancers, and instances are read through Cloud Control, which calls their services for the caller.
fn read_parts(scope: &Scope) -> Option<Statement> {
    let reads = READ_PARTS.iter().chain(READ_BALANCERS).copied();
    let reads: Vec<&str> = reads
        .filter(|action| scope.handlers.contains(action))
        .collect();
    let actions = ["cloudformation:GetResource"].into_iter().chain(reads);
    let actions: Vec<&str> = actions.collect();
    (actions.len() > 1).then(|| Statement::allow("ReadParts", &actions, ["*".into()]))
}

/// In addition to load balancers. Source: the `read` handlers in CloudFormation's resource schemas. A test compares
/// them.
const READ_PARTS: [&str; 13] = [
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeScalingActivities",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeLaunchTemplates",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcs",
    "ec2:DescribeVpnGateways",
];

const READ_STACKS: &[&str] = &[
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListChangeSets",
    "cloudformation:ListStackResources",
];

const READ_SERVICES: &[&str] = &[
    "ecs:DescribeClusters",
    "ecs:DescribeContainerInstances",
    "ecs:DescribeServices",
    "ecs:DescribeTasks",
    "ecs:ListContainerInstances",
    "ecs:ListTasks",
];

const READ_FUNCTIONS: &[&str] = &[
    "lambda:GetFunction",
    "lambda:GetFunctionConfiguration",
    "lambda:GetFunctionEventInvokeConfig",
    "lambda:GetPolicy",
];

const READ_ROLES: &[&str] = &[
    "iam:GetInstanceProfile",
    "iam:GetPolicy",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
];

/// Actions for which IAM has no resources, and actions on names that aren't known in advance.
const READ_ANYWHERE: &[&str] = &[
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingActivities",
    "application-autoscaling:DescribeScalingPolicies",
    "application-autoscaling:DescribeScheduledActions",
    "cloudtrail:LookupEvents",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListDashboards",
    "cloudwatch:ListTagsForResource",
    "ecs:DescribeCapacityProviders",
    "ecs:DescribeTaskDefinition",
    "iam:ListRoles",
    "lambda:GetAccountSettings",
    "logs:DescribeLogGroups",
    "sns:GetSubscriptionAttributes",
];

/// Imports of services and queues. CloudFormation adds the stack's tags to them, with the permissions of a deploy.
///
/// Source: AWS CloudFormation User Guide, "Allow import operations for specific resource types".
pub(super) fn import(scope: &Scope) -> Vec<Statement> {
    let stack = scope.arn("cloudformation", &format!("stack/{}/*", scope.stack));
    let queues = scope.queues.iter().map(|name| scope.arn("sqs", name));
    vec![
        Statement::allow(
            "ImportIntoStacks",
            &["cloudformation:CreateChangeSet"],
            [stack],
        )
        .when(
            "ForAllValues:StringEquals",
            IMPORTED_TYPES,
            vec![types::SERVICE, types::QUEUE],
        )
        .when("Null", IMPORTED_TYPES, "false"),
        // A queue that leaves the stack gets back its policy.
        Statement::allow(
            "FindAndRestoreQueues",
            &["sqs:GetQueueUrl", "sqs:SetQueueAttributes"],
            queues,
        ),
    ]
}

const IMPORTED_TYPES: &str = "cloudformation:ImportResourceTypes";

/// Change sets, and the assets that they need. No import: otherwise, a change set could take over a resource that
/// another stack or a person created.
pub(super) fn plan(scope: &Scope) -> Vec<Statement> {
    let stacks = || [scope.arn("cloudformation", &format!("stack/{}/*", scope.stack))];
    let bucket = scope.assets_bucket();
    vec![
        Statement::allow("PlanStacks", &["cloudformation:CreateChangeSet"], stacks()).when(
            "Null",
            IMPORTED_TYPES,
            "true",
        ),
        Statement::allow("DropPlans", DROP_PLANS, stacks()),
        match scope.makes_bucket() {
            true => Statement::allow("MakeAssetsBucket", MAKE_BUCKET, [bucket.clone()]),
            false => Statement::allow("FindAssetsBucket", FIND_BUCKET, [bucket.clone()]),
        },
        // No records of other stacks: they hold templates.
        Statement::allow(
            "UploadAssets",
            &["s3:GetObject", "s3:PutObject"],
            [
                format!("{bucket}/functions/*"),
                format!("{bucket}/templates/*"),
                format!("{bucket}/{DRAFTS}*"),
                scope.fleet_objects(),
                scope.deploy_records(),
            ],
        ),
        // `diff` removes the template that it uploaded.
        Statement::allow(
            "DropDrafts",
            &["s3:DeleteObject", "s3:DeleteObjectVersion"],
            [format!("{bucket}/{DRAFTS}*")],
        ),
    ]
}

const DROP_PLANS: &[&str] = &[
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:TagResource",
];

/// An existing bucket is set up by its owner.
const FIND_BUCKET: &[&str] = &["s3:ListBucket"];

const MAKE_BUCKET: &[&str] = &[
    "s3:CreateBucket",
    "s3:GetBucketPolicy",
    "s3:GetLifecycleConfiguration",
    "s3:ListBucket",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
];

/// Executes a plan, with the requests of a deploy or a deletion outside of CloudFormation.
pub(super) fn execute(scope: &Scope) -> Vec<Statement> {
    let stacks = scope.arn("cloudformation", &format!("stack/{}/*", scope.stack));
    let function = scope.arn("lambda", &format!("function:{}", scope.names));
    let tasks = |clusters: &[String]| -> Vec<String> {
        let of = |cluster: &String| scope.arn("ecs", &format!("task/{cluster}/*"));
        clusters.iter().map(of).collect()
    };
    let services = |clusters: &[String]| -> Vec<String> {
        let of = |cluster: &String| scope.arn("ecs", &format!("service/{cluster}/{}", scope.names));
        clusters.iter().map(of).collect()
    };
    let clusters = scope.clusters.iter();
    let clusters = clusters.map(|cluster| scope.arn("ecs", &format!("cluster/{cluster}")));
    let mut statements = vec![
        Statement::allow("ChangeStacks", CHANGE_STACKS, [stacks]),
        // The records of deploys that are too many, and all when the stack is destroyed.
        Statement::allow(
            "FindOldDeploys",
            &["s3:ListBucketVersions"],
            [scope.assets_bucket()],
        ),
        Statement::allow(
            "DropOldDeploys",
            &["s3:DeleteObject", "s3:DeleteObjectVersion"],
            [scope.fleet_objects(), scope.deploy_records()],
        ),
        Statement::allow("InvokeFunctions", &["lambda:InvokeFunction"], [function]),
        // Sets the count of a service whose scaling an update removed.
        Statement::allow(
            "SetCounts",
            &["ecs:UpdateService"],
            services(&scope.clusters),
        ),
        Statement::allow(
            "SetCountsElsewhere",
            &["ecs:UpdateService"],
            services(&scope.existing_clusters),
        )
        .when("StringLike", &resource_tag(STACK_TAG), scope.stack.as_str()),
        Statement::allow("StopTasks", &["ecs:StopTask"], tasks(&scope.clusters)),
        Statement::allow(
            "StopTasksElsewhere",
            &["ecs:StopTask"],
            tasks(&scope.existing_clusters),
        )
        .when("StringLike", &resource_tag(STACK_TAG), scope.stack.as_str()),
        Statement::allow(
            "RemoveInstances",
            &["ecs:DeregisterContainerInstance"],
            clusters,
        ),
    ];
    if !scope.keys.is_empty() {
        let keys = scope.keys.iter().cloned();
        statements.push(Statement::allow(
            "ReadKeyPolicies",
            &["kms:GetKeyPolicy"],
            keys,
        ));
    }
    statements
}

const CHANGE_STACKS: &[&str] = &[
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:RollbackStack",
    "cloudformation:UntagResource",
    "cloudformation:UpdateTerminationProtection",
];

/// ecs-scaler's own requests to repair manual changes.
pub(super) const REPAIR: &[&str] = &[
    "application-autoscaling:DeleteScalingPolicy",
    "application-autoscaling:PutScalingPolicy",
    "application-autoscaling:PutScheduledAction",
    "application-autoscaling:RegisterScalableTarget",
    "application-autoscaling:TagResource",
    "cloudwatch:PutDashboard",
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:TagResource",
    "ecs:CreateCluster",
    "ecs:CreateService",
    "ecs:PutClusterCapacityProviders",
    "ecs:TagResource",
    "ecs:UpdateClusterSettings",
    "ecs:UpdateService",
    "events:ListTargetsByRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
    "events:TagResource",
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:PassRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "lambda:AddPermission",
    "lambda:CreateFunction",
    "lambda:DeleteFunctionConcurrency",
    "lambda:PutFunctionConcurrency",
    "lambda:PutFunctionEventInvokeConfig",
    "lambda:RemovePermission",
    "lambda:TagResource",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "logs:CreateLogGroup",
    "logs:PutRetentionPolicy",
    "logs:TagResource",
    "sns:CreateTopic",
    "sns:SetSubscriptionAttributes",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
    "sns:TagResource",
    "sqs:CreateQueue",
    "sqs:SetQueueAttributes",
    "sqs:TagQueue",
];
