//! What the containers of a service may do, and what ECS may do to start them.

use std::collections::BTreeMap;

use stack::{Encryption, Queue, ServiceSpec, Stack};

use crate::builder::Builder;
use crate::contract::STACK_TAG;
use crate::error::SynthesisError;
use crate::names;
use crate::policy::resource_tag;
use crate::resolved::ResolvedService;
use crate::resources::log_group::write_logs;
use crate::resources::role::{Condition, Role, Statement};
use crate::text::{Text, text};

/// The service of AWS that assumes the roles of a task.
const PRINCIPAL: &str = "ecs-tasks.amazonaws.com";

pub(crate) fn add(
    builder: &mut Builder,
    stack: &Stack,
    service: &ResolvedService<'_>,
    spec: &ServiceSpec,
) -> Result<(), SynthesisError> {
    let short = service.short;
    let task = Role {
        id: names::task_role(short),
        description: format!("What the containers of service {short} may do"),
        principal: PRINCIPAL,
        trust: trust_conditions(),
        statements: task_statements(stack, service),
        managed: Vec::new(),
    };
    let execution = Role {
        id: names::execution_role(short),
        description: format!("What ECS may do to start the tasks of service {short}"),
        principal: PRINCIPAL,
        trust: trust_conditions(),
        statements: execution_statements(short, spec),
        managed: Vec::new(),
    };
    task.add(builder, stack)?;
    execution.add(builder, stack)
}

/// Only ECS on behalf of this account, so that nobody else's tasks can borrow the role.
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
        .filter_map(|queue| match queue.queue {
            Queue::Create(spec) => match &spec.encryption {
                Encryption::Kms(key) => Some(key.as_str()),
                Encryption::Sqs => None,
            },
            Queue::Existing(existing) => existing.key.as_deref(),
        })
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

/// A worker protects its own task from scale-in while it works on a message. A task's ID isn't known
/// beforehand, so the tags tell the service's tasks from others of the cluster: they carry the service's.
/// Tasks that version 0.1.0 started carry its name alone, and not the stack's, hence `IfExists`.
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
    if let Some(image) = EcrImage::parse(&spec.image) {
        // ECR offers no resource for this action; the registry's region is what can be asked of it.
        let everything = vec![Text::from("*")];
        let authorize = Statement::new("EcrLogin", &["ecr:GetAuthorizationToken"], everything);
        let region = vec![image.region.into()];
        statements.push(authorize.when("StringEquals", "aws:RequestedRegion", region));
        statements.push(Statement::new(
            "PullImage",
            PULL,
            vec![image.repository_arn()],
        ));
    }
    statements.extend(read_secrets(
        spec,
        "secretsmanager",
        "ReadSecrets",
        &["secretsmanager:GetSecretValue"],
    ));
    statements.extend(read_secrets(
        spec,
        "ssm",
        "ReadParameters",
        &["ssm:GetParameters"],
    ));
    statements.extend(decrypt_secrets(spec));
    statements
}

const PULL: &[&str] = &[
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
];

/// Reading the secrets of one store, which is the third field of an ARN.
fn read_secrets(
    spec: &ServiceSpec,
    store: &str,
    sid: &'static str,
    actions: &'static [&'static str],
) -> Option<Statement> {
    let mut arns: Vec<String> = spec
        .secrets
        .values()
        .filter(|arn| arn.split(':').nth(2) == Some(store))
        .map(|arn| secret_itself(arn))
        .collect();
    arns.sort();
    arns.dedup();
    let resources: Vec<_> = arns.into_iter().map(Text::from).collect();
    (!resources.is_empty()).then(|| Statement::new(sid, actions, resources))
}

/// Decrypting secrets that are under a KMS key of one's own. Which key that is, an ARN doesn't tell, so
/// every one in the secret's account and region is meant; but only through the store that holds the
/// secret, which decrypts nothing but what the role may read. The key's policy has to agree.
fn decrypt_secrets(spec: &ServiceSpec) -> Vec<Statement> {
    let mut keys: BTreeMap<(String, String), Vec<Text>> = BTreeMap::new();
    for arn in spec.secrets.values() {
        let mut fields = arn.split(':').skip(1);
        let mut next = || fields.next().unwrap_or_default().to_owned();
        let (partition, store, region, account) = (next(), next(), next(), next());
        let all = Text::from(format!("arn:{partition}:kms:{region}:{account}:key/*"));
        let found = keys.entry((store, region)).or_default();
        if !found.contains(&all) {
            found.push(all);
        }
    }
    let statement = |((store, region), keys): ((String, String), Vec<Text>)| {
        let through = text![store, ".", region, ".", Text::url_suffix()];
        // A policy's statement ids are unique, and each store and region is a statement of its own.
        Statement::new("", &["kms:Decrypt"], keys).when(
            "StringEquals",
            "kms:ViaService",
            vec![through],
        )
    };
    keys.into_iter().map(statement).collect()
}

/// The ARN without what ECS lets follow it: `:json-key:version-stage:version-id`.
pub(crate) fn secret_itself(arn: &str) -> String {
    const FIELDS: usize = 7;
    match arn.split(':').nth(2) {
        Some("secretsmanager") => arn.split(':').take(FIELDS).collect::<Vec<_>>().join(":"),
        _ => arn.to_owned(),
    }
}

/// An image in a private ECR repository.
#[derive(Debug, PartialEq, Eq)]
struct EcrImage<'a> {
    account: &'a str,
    region: &'a str,
    repository: &'a str,
}

impl<'a> EcrImage<'a> {
    /// Reads `111122223333.dkr.ecr.us-west-2.amazonaws.com/team/worker:1.2.0`, also with a digest, and
    /// also the registry's FIPS endpoint; `None` for an image from elsewhere.
    fn parse(image: &'a str) -> Option<Self> {
        let (registry, path) = image.split_once('/')?;
        let mut labels = registry.split('.');
        let account = labels.next()?;
        let (dkr, ecr, region) = (labels.next()?, labels.next()?, labels.next()?);
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if !is_account || dkr != "dkr" || !matches!(ecr, "ecr" | "ecr-fips") {
            return None;
        }
        let untagged = path.split_once('@').map_or(path, |(name, _)| name);
        let repository = untagged.split_once(':').map_or(untagged, |(name, _)| name);
        Some(Self {
            account,
            region,
            repository,
        })
    }

    fn repository_arn(&self) -> Text {
        let partition = Text::partition();
        text![
            "arn:",
            partition,
            ":ecr:",
            self.region,
            ":",
            self.account,
            ":repository/",
            self.repository
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_in_private_ecr_need_its_permissions() {
        let expected = EcrImage {
            account: "111122223333",
            region: "us-west-2",
            repository: "team/worker",
        };
        for tail in ["", ":1.2.0", "@sha256:abc", ":1@sha256:abc"] {
            let image = format!("111122223333.dkr.ecr.us-west-2.amazonaws.com/team/worker{tail}");
            assert_eq!(EcrImage::parse(&image).as_ref(), Some(&expected));
        }
        let elsewhere = [
            "nginx",
            "public.ecr.aws/nginx/nginx:stable",
            "1.dkr.ecr.x.amazonaws.com/a",
            "localhost:5000/a",
        ];
        for image in elsewhere {
            assert_eq!(EcrImage::parse(image), None, "{image}");
        }
    }

    #[test]
    fn a_secret_is_read_whole() {
        let arn = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf";
        assert_eq!(secret_itself(&format!("{arn}:password::")), arn);
        assert_eq!(secret_itself(arn), arn);
        let parameter = "arn:aws:ssm:us-west-2:111122223333:parameter/db/password";
        assert_eq!(secret_itself(parameter), parameter);
    }
}
