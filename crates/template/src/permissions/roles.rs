//! Statements for the stack's roles, and the boundary that limits these roles to the needs of a stack.

use std::collections::BTreeSet;

use super::document::Statement;
use super::scope::Scope;
use super::services;
use crate::cluster::instances::AGENT_POLICY;
use crate::resources::function_network as interfaces;
use crate::services::secrets::{STORES, store_of};
use crate::services::task_roles::CHANNELS;
use crate::services::volumes::MOUNT;

/// Roles, the policies attached to them, and the services that they are passed to.
///
/// With a boundary, roles can be created only with it, and only bounded roles get permissions. The boundary's
/// permissions, and the boundary of a role, can't be changed: otherwise, the boundary would limit nothing.
pub(super) fn make(scope: &Scope) -> Vec<Statement> {
    let roles = || {
        scope
            .roles
            .iter()
            .map(|name| scope.global("iam", &format!("role/{name}")))
    };
    let named = |kind: &str| [scope.global("iam", &format!("{kind}/{}", scope.names))];
    let bounded = |statement: Statement| match &scope.boundary {
        Some(boundary) => {
            statement.when("StringEquals", "iam:PermissionsBoundary", boundary.as_str())
        }
        None => statement,
    };
    let mut attached = vec![
        scope.global("iam", &format!("policy/{}", scope.names)),
        format!("arn:{}:iam::aws:{AGENT_POLICY}", scope.partition),
    ];
    attached.extend(scope.policies.iter().cloned());
    let passed = roles().chain(scope.existing_roles.iter().cloned());
    let mut statements = vec![
        bounded(Statement::allow("MakeRoles", MAKE, roles())),
        bounded(Statement::allow("AttachPolicies", ATTACH, roles())).when(
            "ArnLike",
            "iam:PolicyARN",
            attached,
        ),
        Statement::allow("KeepRoles", KEEP, roles()),
        Statement::allow("PassRoles", &["iam:PassRole"], passed).when(
            "StringEquals",
            "iam:PassedToService",
            vec![
                "chatbot.amazonaws.com",
                "ec2.amazonaws.com",
                "ecs-tasks.amazonaws.com",
                "lambda.amazonaws.com",
                "vpc-flow-logs.amazonaws.com",
            ],
        ),
        Statement::allow("MakePolicies", POLICIES, named("policy")),
        Statement::allow("MakeInstanceProfiles", PROFILES, named("instance-profile")),
        Statement::allow("FillInstanceProfiles", FILL_PROFILES, roles()),
        link(scope),
    ];
    match &scope.boundary {
        None => statements.push(Statement::allow("FreeRoles", FREE, roles())),
        Some(boundary) => statements.extend([
            Statement::deny("KeepBoundary", REWRITE, [boundary.clone()]),
            Statement::deny(
                "KeepBounded",
                &["iam:DeleteRolePermissionsBoundary"],
                ["*".into()],
            ),
        ]),
    }
    statements
}

/// Creates the service-linked roles of AWS services. ecs-scaler itself creates a missing one before CloudFormation
/// needs it.
pub(super) fn link(scope: &Scope) -> Statement {
    let linked =
        LINKED.map(|service| scope.global("iam", &format!("role/aws-service-role/{service}/*")));
    Statement::allow(
        "MakeServiceLinkedRoles",
        &["iam:CreateServiceLinkedRole"],
        linked,
    )
}

/// AWS services whose service-linked roles might be missing in an account.
const LINKED: [&str; 5] = [
    "autoscaling.amazonaws.com",
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "management.chatbot.amazonaws.com",
];

const MAKE: &[&str] = &[
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
];

const ATTACH: &[&str] = &["iam:AttachRolePolicy", "iam:DetachRolePolicy"];

const KEEP: &[&str] = &[
    "iam:DeleteRole",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListInstanceProfilesForRole",
    "iam:ListRolePolicies",
    "iam:ListRoleTags",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
];

const FREE: &[&str] = &["iam:DeleteRolePermissionsBoundary"];

const POLICIES: &[&str] = &[
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListEntitiesForPolicy",
    "iam:ListPolicyTags",
    "iam:ListPolicyVersions",
    "iam:TagPolicy",
    "iam:UntagPolicy",
];

const PROFILES: &[&str] = &[
    "iam:AddRoleToInstanceProfile",
    "iam:CreateInstanceProfile",
    "iam:DeleteInstanceProfile",
    "iam:GetInstanceProfile",
    "iam:RemoveRoleFromInstanceProfile",
];

const FILL_PROFILES: &[&str] = &[
    "iam:AddRoleToInstanceProfile",
    "iam:RemoveRoleFromInstanceProfile",
];

/// Ways to change the permissions of a policy.
const REWRITE: &[&str] = &[
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:SetDefaultPolicyVersion",
];

/// The maximum permissions of a stack's roles, whoever writes their policies.
pub(super) fn bound(scope: &Scope) -> Vec<Statement> {
    let queues = scope.queues.iter().map(|name| scope.arn("sqs", name));
    let queues: Vec<String> = queues
        .chain(scope.existing_queues.iter().cloned())
        .chain(scope.sent_queues.iter().cloned())
        .collect();
    let services = scope
        .all_services()
        .map(|name| scope.arn("ecs", &format!("service/{name}")));
    let tasks = scope
        .all_clusters()
        .map(|name| scope.arn("ecs", &format!("task/{name}/*")));
    let logs = scope.arn("logs", &format!("log-group:{}:*", scope.names));
    let alarms = scope.arn("cloudwatch", &format!("alarm:{}", scope.names));
    let everywhere = || ["*".to_owned()];
    let image = format!("arn:{}:ecr:*:*:repository/*", scope.partition);
    let keys = || [format!("arn:{}:kms:*:*:key/*", scope.partition)];
    let mut statements = vec![
        Statement::allow("UseQueues", USE_QUEUES, queues),
        Statement::allow(
            "ScaleServices",
            &["ecs:DescribeServices", "ecs:UpdateService"],
            services,
        ),
        Statement::allow(
            "ProtectTasks",
            &["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"],
            tasks,
        ),
        Statement::allow(
            "WriteLogs",
            &["logs:CreateLogStream", "logs:PutLogEvents"],
            [logs],
        ),
        Statement::allow(
            "RememberSteps",
            &["cloudwatch:ListTagsForResource", "cloudwatch:TagResource"],
            [alarms],
        ),
        Statement::allow("ReadMetrics", METRICS, everywhere()),
        Statement::allow(
            "PublishMetrics",
            &["cloudwatch:PutMetricData"],
            everywhere(),
        )
        .when(
            "StringEquals",
            "cloudwatch:namespace",
            scope.namespace.as_str(),
        ),
        Statement::allow("LogIn", &["ecr:GetAuthorizationToken"], everywhere()),
        Statement::allow("PullImages", PULL, [image]),
        Statement::allow("Decrypt", &["kms:Decrypt"], keys()).when(
            "StringLike",
            "kms:ViaService",
            vec![
                "secretsmanager.*.amazonaws.com*",
                "sqs.*.amazonaws.com*",
                "ssm.*.amazonaws.com*",
            ],
        ),
    ];
    if scope.has_scaling_function {
        let read = Statement::allow("ReadPauses", &["ssm:GetParameters"], [scope.pauses()]);
        statements.push(read);
    }
    statements.extend(end_pauses(scope));
    if scope.reads_fleet {
        let read = Statement::allow("ReadFleet", &["s3:GetObject"], [scope.fleet_objects()]);
        statements.push(read);
    }
    statements.extend(run_functions(scope));
    statements.extend(read_secrets(scope));
    statements.extend(read_environment_files(scope));
    if scope.encrypts {
        let encrypt = Statement::allow("Encrypt", &["kms:GenerateDataKey"], keys());
        statements.push(encrypt.when("StringLike", "kms:ViaService", "sqs.*.amazonaws.com*"));
    }
    if !scope.file_systems.is_empty() {
        let systems = scope.file_systems.iter();
        let systems =
            systems.map(|id| scope.arn("elasticfilesystem", &format!("file-system/{id}")));
        statements.push(Statement::allow("MountFileSystems", MOUNT, systems));
    }
    if scope.exec {
        statements.push(Statement::allow("OpenChannels", CHANNELS, everywhere()));
    }
    if !scope.published.is_empty() {
        let topics = scope.published.iter().cloned();
        statements.push(Statement::allow("Publish", &["sns:Publish"], topics));
    }
    statements.extend(grant(scope));
    if scope
        .handlers
        .contains("autoscaling:CreateAutoScalingGroup")
    {
        statements.push(Statement::allow("RunAgent", AGENT, everywhere()));
    }
    statements
}

/// What the role for schedules does: it ends a pause, and reminds of it.
fn end_pauses(scope: &Scope) -> Vec<Statement> {
    if !scope.schedules_pauses() {
        return Vec::new();
    }
    let mut statements = Vec::new();
    if scope.holds_scaling {
        statements.push(services::hold_scaling(scope));
    }
    if !scope.reminded.is_empty() {
        let topics = scope.reminded.iter().cloned();
        statements.push(Statement::allow("Remind", &["sns:Publish"], topics));
        let keys = [format!("arn:{}:kms:*:*:key/*", scope.partition)];
        let actions = &["kms:Decrypt", "kms:GenerateDataKey"];
        let encrypt = Statement::allow("EncryptReminders", actions, keys);
        statements.push(encrypt.when("StringLike", "kms:ViaService", "sns.*.amazonaws.com*"));
    }
    statements
}

/// What Lambda takes the roles of functions for, and the flow log of a VPC its own.
fn run_functions(scope: &Scope) -> Vec<Statement> {
    let mut statements = Vec::new();
    if scope.connects {
        let actions = [interfaces::MAKE, interfaces::KEEP].concat();
        let connect = Statement::allow("ConnectFunctions", &actions, ["*".to_owned()]);
        statements.push(connect.when("Null", "lambda:SourceFunctionArn", "true"));
    }
    if scope.traces {
        let actions = &["xray:PutTelemetryRecords", "xray:PutTraceSegments"];
        statements.push(Statement::allow("Trace", actions, ["*".to_owned()]));
    }
    if scope.handlers.contains("ec2:CreateFlowLogs") {
        let group = scope.arn("logs", &format!("log-group:{}:*", scope.names));
        statements.extend([
            Statement::allow(
                "FindLogGroups",
                &["logs:DescribeLogGroups"],
                ["*".to_owned()],
            ),
            Statement::allow("FindLogStreams", &["logs:DescribeLogStreams"], [group]),
        ]);
    }
    statements
}

/// The secrets in the definition, by their store.
fn read_secrets(scope: &Scope) -> impl Iterator<Item = Statement> {
    STORES.into_iter().filter_map(|(store, sid, action)| {
        let is_stored = |arn: &&String| store_of(arn) == store;
        let secrets: Vec<String> = scope.secrets.iter().filter(is_stored).cloned().collect();
        (!secrets.is_empty()).then(|| Statement::allow(sid, &[action], secrets))
    })
}

fn read_environment_files(scope: &Scope) -> Vec<Statement> {
    let files = &scope.environment_files;
    if files.is_empty() {
        return Vec::new();
    }
    let buckets = files.iter().filter_map(|arn| Some(arn.split_once('/')?.0));
    let buckets: BTreeSet<String> = buckets.map(str::to_owned).collect();
    vec![
        Statement::allow("ReadFiles", &["s3:GetObject"], files.iter().cloned()),
        Statement::allow("LocateFiles", &["s3:GetBucketLocation"], buckets),
    ]
}

/// The permissions that the definition grants its tasks. Only AWS knows the permissions in the policies that it
/// names.
fn grant(scope: &Scope) -> impl Iterator<Item = Statement> {
    scope.granted.iter().enumerate().map(|(index, granted)| {
        let sid = format!("Grant{}", index + 1);
        let statement = Statement::allow(sid, &granted.allow, granted.on.iter().cloned());
        let conditions = granted.conditions();
        conditions.fold(statement, |statement, (operator, key, values)| {
            statement.when(operator, key, values.to_vec())
        })
    })
}

const USE_QUEUES: &[&str] = &[
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
];

const METRICS: &[&str] = &["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"];

const PULL: &[&str] = &[
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
];

/// Source: the AWS managed policy `AmazonEC2ContainerServiceforEC2Role`, without the permission to create a
/// cluster.
const AGENT: &[&str] = &[
    "ec2:DescribeTags",
    "ecs:DeregisterContainerInstance",
    "ecs:DiscoverPollEndpoint",
    "ecs:Poll",
    "ecs:RegisterContainerInstance",
    "ecs:StartTelemetrySession",
    "ecs:SubmitAttachmentStateChanges",
    "ecs:SubmitContainerStateChange",
    "ecs:SubmitTaskStateChange",
    "ecs:UpdateContainerInstancesState",
];
