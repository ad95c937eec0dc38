//! Statements for `init --from`, which reads a service created by another tool.

use super::document::Statement;
use super::scope::Scope;

/// Reads a running service and its resources. A definition without an existing service has placeholders.
pub(super) fn read(scope: &Scope) -> Vec<Statement> {
    let named = |names: &[String], placeholder: &str| match names.is_empty() {
        true => vec![placeholder.to_owned()],
        false => names.to_vec(),
    };
    let services = named(
        &scope.existing_services,
        "EXISTING_CLUSTER/EXISTING_SERVICE",
    );
    let mut clusters: Vec<&str> = services
        .iter()
        .filter_map(|service| service.split('/').next())
        .collect();
    clusters.dedup();
    let queue = scope.arn("sqs", "EXISTING_QUEUE");
    let queues = named(&scope.existing_queues, &queue);
    let in_clusters = clusters.iter().flat_map(|cluster| {
        ["cluster/{}", "container-instance/{}/*", "task/{}/*"]
            .map(|kind| scope.arn("ecs", &kind.replace("{}", cluster)))
    });
    let services = services
        .iter()
        .map(|service| scope.arn("ecs", &format!("service/{service}")));
    // AWS managed policies belong to no account.
    let managed = format!("arn:{}:iam::aws:policy/*", scope.partition);
    vec![
        Statement::allow("AdoptService", SERVICE, services.chain(in_clusters)),
        Statement::allow("AdoptQueues", QUEUES, queues),
        Statement::allow("AdoptRole", ROLE, [scope.global("iam", "role/*")]),
        Statement::allow(
            "AdoptPolicies",
            POLICIES,
            [scope.global("iam", "policy/*"), managed],
        ),
        Statement::allow("AdoptWhatHasNoResource", ANYWHERE, ["*".into()]),
    ]
}

const SERVICE: &[&str] = &[
    "ecs:DescribeClusters",
    "ecs:DescribeServices",
    "ecs:DescribeTasks",
    "ecs:ListTasks",
];

const QUEUES: &[&str] = &["sqs:GetQueueAttributes", "sqs:GetQueueUrl"];

/// The task role's name isn't known before its task definition is read.
const ROLE: &[&str] = &[
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
];

const POLICIES: &[&str] = &["iam:GetPolicy", "iam:GetPolicyVersion"];

/// Actions for which IAM has no resources. The lists of clusters and services are only needed for the names in an
/// error.
const ANYWHERE: &[&str] = &[
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "application-autoscaling:DescribeScheduledActions",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "ecs:DescribeTaskDefinition",
    "ecs:ListClusters",
    "ecs:ListServices",
];
