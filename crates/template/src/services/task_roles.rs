//! The permissions of a service's containers, and of ECS to start them.

use std::collections::BTreeSet;

use stack::{EcrImage, ServiceSpec, Stack};

use super::destinations::{SentQueue, key_of};
use super::{destinations, permissions, secrets, volumes};
use crate::builder::Builder;
use crate::contract::STACK_TAG;
use crate::error::SynthesisError;
use crate::names;
use crate::policy::resource_tag;
use crate::resolved::ResolvedService;
use crate::resources::log_group::write_logs;
use crate::resources::role::{Condition, Role, Statement};
use crate::text::{Text, text};

/// The AWS service that assumes the roles of a task.
const PRINCIPAL: &str = "ecs-tasks.amazonaws.com";

pub(super) fn add(
    builder: &mut Builder,
    stack: &Stack,
    service: &ResolvedService<'_>,
    spec: &ServiceSpec,
    sent: &[SentQueue<'_>],
) -> Result<(), SynthesisError> {
    let short = service.short;
    if spec.task_role.is_none() {
        let (granted, managed) = permissions::granted(&spec.permissions);
        let task = Role {
            id: names::task_role(short),
            description: format!("Permissions of the containers of service {short}"),
            principal: PRINCIPAL,
            trust: trust_conditions(),
            statements: [
                task_statements(stack, service),
                Vec::from_iter(spec.exec.then(open_channels)),
                destinations::send(sent, spec),
                volumes::mount(spec),
                granted,
            ]
            .concat(),
            managed,
        };
        task.add(builder, stack)?;
    }
    if spec.execution_role.is_some() {
        return Ok(());
    }
    let execution = Role {
        id: names::execution_role(short),
        description: format!("Permissions of ECS to start the tasks of service {short}"),
        principal: PRINCIPAL,
        trust: trust_conditions(),
        statements: execution_statements(short, spec),
        managed: Vec::new(),
    };
    execution.add(builder, stack)
}

/// Only ECS on behalf of this account, so that no other account's tasks can use the role.
fn trust_conditions() -> Vec<Condition> {
    vec![
        Condition::new("StringEquals", "aws:SourceAccount", Text::account()),
        Condition::new("ArnLike", "aws:SourceArn", Text::arn("ecs", "*")),
    ]
}

fn task_statements(stack: &Stack, service: &ResolvedService<'_>) -> Vec<Statement> {
    let queues: Vec<_> = service
        .queues
        .iter()
        .map(|queue| queue.arn.clone())
        .collect();
    let mut keys: Vec<&str> = service
        .queues
        .iter()
        .filter_map(|queue| key_of(queue.queue))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let mut statements = Vec::new();
    if !queues.is_empty() {
        statements.push(Statement::new("ConsumeQueues", CONSUME, queues));
    }
    if !keys.is_empty() {
        let keys = keys.into_iter().map(Text::from).collect();
        statements.push(Statement::new("DecryptMessages", &["kms:Decrypt"], keys));
    }
    statements.push(protect_tasks(stack, service));
    statements
}

/// A worker protects its own task from scale-in while it processes a message. A task's ID isn't known in advance,
/// so the service's tags on the tasks distinguish them from other tasks in the cluster. Tasks that version 0.1.0
/// started have only the service's name, and not the stack's, hence `IfExists`.
fn protect_tasks(stack: &Stack, service: &ResolvedService<'_>) -> Statement {
    let tasks = Text::arn("ecs", text!["task/", &service.cluster, "/*"]);
    Statement::new("ProtectTask", PROTECT, vec![tasks])
        .when(
            "ArnEquals",
            "ecs:cluster",
            vec![service.cluster_arn.clone()],
        )
        .when(
            "StringEquals",
            resource_tag(names::NAME_TAG),
            vec![service.short.into()],
        )
        .when(
            "StringEqualsIfExists",
            resource_tag(STACK_TAG),
            vec![stack.name.as_str().into()],
        )
}

/// Session Manager's channels, over which ECS Exec runs commands. They support no resources; the region limits
/// them. Source: Amazon ECS Developer Guide, "Amazon ECS task IAM role", ECS Exec.
fn open_channels() -> Statement {
    let open = Statement::new("OpenChannels", CHANNELS, vec!["*".into()]);
    open.when("StringEquals", "aws:RequestedRegion", vec![Text::region()])
}

/// The actions of Session Manager's channels.
pub(crate) const CHANNELS: &[&str] = &[
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
];

const CONSUME: &[&str] = &[
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
];

const PROTECT: &[&str] = &["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"];

fn execution_statements(short: &str, spec: &ServiceSpec) -> Vec<Statement> {
    let mut statements = vec![write_logs(&names::service_log_group(short))];
    statements.extend(pull_images(spec));
    statements.extend(secrets::read_all(spec));
    statements.extend(read_environment_files(spec));
    statements
}

/// Pulls the images of a task that are in ECR.
fn pull_images(spec: &ServiceSpec) -> Vec<Statement> {
    let images = spec.containers();
    let images = images.filter_map(|one| EcrImage::parse(one.image));
    let mut images: Vec<EcrImage<'_>> = images.collect();
    if images.is_empty() {
        return Vec::new();
    }
    images.sort_by_key(|image| (image.account, image.region, image.repository));
    let regions: BTreeSet<&str> = images.iter().map(|image| image.region).collect();
    let mut repositories: Vec<Text> = images.iter().map(repository_arn).collect();
    repositories.dedup();
    // ECR supports no resources for this action; the registry's region limits it.
    let authorize = Statement::new("EcrLogin", &["ecr:GetAuthorizationToken"], vec!["*".into()]);
    let regions = regions.into_iter().map(Text::from).collect();
    vec![
        authorize.when("StringEquals", "aws:RequestedRegion", regions),
        Statement::new("PullImage", PULL, repositories),
    ]
}

/// Source: Amazon ECS Developer Guide, "Pass environment variables to an Amazon ECS container", IAM permissions.
fn read_environment_files(spec: &ServiceSpec) -> Vec<Statement> {
    let files: BTreeSet<&str> = files_of(spec).collect();
    let buckets: BTreeSet<&str> = files
        .iter()
        .filter_map(|arn| Some(arn.split_once('/')?.0))
        .collect();
    let on = |arns: BTreeSet<&str>| arns.into_iter().map(Text::from).collect::<Vec<_>>();
    let statements = [
        Statement::new("ReadEnvironmentFiles", &["s3:GetObject"], on(files)),
        Statement::new(
            "LocateEnvironmentFiles",
            &["s3:GetBucketLocation"],
            on(buckets),
        ),
    ];
    let needed = statements.into_iter();
    needed.filter(|one| !one.resources.is_empty()).collect()
}

/// The environment files of a service's containers.
pub(crate) fn files_of(spec: &ServiceSpec) -> impl Iterator<Item = &str> {
    let files = spec
        .containers()
        .flat_map(|container| &container.container.environment_files);
    files.map(String::as_str)
}

const PULL: &[&str] = &[
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
];

fn repository_arn(image: &EcrImage<'_>) -> Text {
    let partition = Text::partition();
    text![
        "arn:",
        partition,
        ":ecr:",
        image.region,
        ":",
        image.account,
        ":repository/",
        image.repository
    ]
}
