//! Statements for identities that operate a deployed stack: messages in dead-letter queues, logs, counts, commands
//! in tasks.

use super::document::Statement;
use super::scope::Scope;
use super::{pauses, services};
use crate::contract::STACK_TAG;
use crate::policy::resource_tag;
use crate::scaling_function::{NEVER_GIVEN, NEVER_ON};

/// In addition to reading.
pub(super) fn operate(scope: &Scope) -> Vec<Statement> {
    let queues = |names: &[String]| -> Vec<String> {
        names.iter().map(|name| scope.arn("sqs", name)).collect()
    };
    let functions = scope.failing.iter();
    let functions = functions.map(|name| scope.arn("lambda", &format!("function:{name}")));
    let logs = scope.arn("logs", &format!("log-group:{}", scope.names));
    let stacks = scope.arn("cloudformation", "stack/*/*");
    let mut statements = vec![
        Statement::allow("UseDeadLetters", DEAD_LETTERS, queues(&scope.dead_letters)),
        Statement::allow("SendBack", &["sqs:SendMessage"], queues(&scope.sources)),
        use_keys(scope),
        Statement::allow(
            "InvokeWithDeadLetters",
            &["lambda:InvokeFunction"],
            functions,
        ),
        Statement::allow("ReadLogs", &["logs:FilterLogEvents"], [logs]),
        set_counts(scope),
        // Without a stack's name, the action needs permission for all stacks.
        Statement::allow("ListStacks", &["cloudformation:DescribeStacks"], [stacks]),
    ];
    statements.push(pauses::record(scope));
    statements.extend(pauses::schedule(scope));
    if scope.holds_scaling {
        statements.push(services::hold_scaling(scope));
    }
    if scope.execs {
        statements.extend(run_commands(scope));
    }
    statements
}

const DEAD_LETTERS: &[&str] = &[
    "sqs:CancelMessageMoveTask",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:ListMessageMoveTasks",
    "sqs:PurgeQueue",
    "sqs:ReceiveMessage",
    "sqs:StartMessageMoveTask",
];

/// Messages are decrypted when they are received, and encrypted when they are sent.
fn use_keys(scope: &Scope) -> Statement {
    let keys = scope.queue_keys.iter().cloned();
    Statement::allow(
        "UseQueueKeys",
        &["kms:Decrypt", "kms:GenerateDataKey"],
        keys,
    )
    .when("StringLike", "kms:ViaService", "sqs.*.amazonaws.com*")
}

/// The count, and nothing else in a service for which IAM has a condition.
fn set_counts(scope: &Scope) -> Statement {
    let services = scope.all_services();
    let services = services.map(|name| scope.arn("ecs", &format!("service/{name}")));
    let mut statement = Statement::allow("SetCounts", &["ecs:UpdateService"], services);
    for key in NEVER_GIVEN {
        statement = statement.when("Null", key, "true");
    }
    for key in NEVER_ON {
        statement = statement.when("StringEqualsIfExists", key, "false");
    }
    statement
}

/// In tasks of the stack. Source: Service Authorization Reference, Amazon ECS, `ExecuteCommand`: it names the cluster and
/// the task.
fn run_commands(scope: &Scope) -> [Statement; 3] {
    let each = |clusters: &[String], kind: &str, inside: &str| -> Vec<String> {
        let arn = |cluster: &String| scope.arn("ecs", &format!("{kind}/{cluster}{inside}"));
        clusters.iter().map(arn).collect()
    };
    let tasks = each(&scope.clusters, "task", "/*");
    let elsewhere = each(&scope.existing_clusters, "task", "/*");
    let clusters: Vec<String> = scope.all_clusters().cloned().collect();
    let run = |sid, resources| Statement::allow(sid, &["ecs:ExecuteCommand"], resources);
    [
        run("RunCommands", tasks),
        run("RunCommandsElsewhere", elsewhere).when(
            "StringLike",
            &resource_tag(STACK_TAG),
            scope.stack.as_str(),
        ),
        run("RunCommandsInClusters", each(&clusters, "cluster", "")),
    ]
}
