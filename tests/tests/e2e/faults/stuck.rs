//! Stacks in states that block a deploy, both ecs-scaler's and others'. The proxy changes the status in the cloud's
//! replies to produce every state. The requests of a command are the same as for a stack that really is in that
//! state.

use fault_proxy::{Fault, Rule};
use futures::future::join_all;

use super::{Scene, assert_says};

/// CloudFormation's statuses of an existing stack. Source: AWS CloudFormation API Reference, Stack.
const STATUSES: [&str; 21] = [
    "CREATE_IN_PROGRESS",
    "CREATE_FAILED",
    "CREATE_COMPLETE",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_FAILED",
    "ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS",
    "DELETE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "IMPORT_ROLLBACK_FAILED",
    "IMPORT_ROLLBACK_COMPLETE",
];

/// Each command that operates on a deployed stack, except `exec`, which opens a terminal.
const COMMANDS: [(&str, &[&str]); 19] = [
    ("compare", &[]),
    ("dead-letters list", &[]),
    ("dead-letters purge", &["jobs", "--yes"]),
    ("dead-letters redrive", &["jobs", "--yes"]),
    ("dead-letters show", &["jobs"]),
    ("deploy", &["--yes", "--allow-loss"]),
    ("destroy", &["--yes", "--force"]),
    ("diff", &[]),
    ("diff", &["--drift"]),
    ("history", &[]),
    ("import resources", &["--yes"]),
    ("invoke", &[]),
    ("logs", &["worker"]),
    ("pause", &["--reason", "a test"]),
    ("resume", &[]),
    ("rollback", &["--yes", "--allow-loss"]),
    ("scale", &["worker", "2", "--yes"]),
    ("status", &[]),
    ("status", &["--why"]),
];

/// Reports this status for the stack, regardless of its real one.
fn pretend(scene: &Scene, status: &'static str) {
    let rewrite = Fault::rewrite(move |body| {
        let is = |word: &str| format!("<StackStatus>{word}</StackStatus>");
        let real = ["CREATE_COMPLETE", "UPDATE_COMPLETE"];
        real.iter().fold(body.to_owned(), |body, real| {
            body.replace(&is(real), &is(status))
        })
    });
    scene.proxy.clear();
    scene
        .proxy
        .inject(Rule::on("cloudformation", "DescribeStacks", rewrite));
}

/// Returns the calls that could have changed something.
fn changing_calls(scene: &Scene) -> Vec<String> {
    let calls = scene.proxy.calls();
    let reads = ["Describe", "List", "Get", "GET ", "HEAD "];
    let changing = calls
        .iter()
        .filter(|call| !reads.iter().any(|read| call.action.starts_with(read)));
    changing.map(ToString::to_string).collect()
}

/// A command never changes a foreign stack, or anything else, in any state.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_foreign_stack_is_left_alone_in_every_state() {
    let scene = Scene::new("foreign").await;
    let template = r#"{"Resources": {"JobsQueue": {"Type": "AWS::SQS::Queue"}}}"#;
    scene.create_foreign(template).await;
    let kept = scene.keep().await;
    for status in STATUSES {
        pretend(&scene, status);
        let runs = COMMANDS.map(|(command, more)| scene.run(command, more).end());
        for ended in join_all(runs).await {
            let error = ended.fails(5);
            assert_says(
                &error,
                &[&scene.stack.name, "already", "choose another `name:`"],
            );
        }
        assert_eq!(changing_calls(&scene), [] as [String; 0], "{status}");
        kept.assert(&scene).await;
    }
    scene.delete_foreign().await;
}

/// States that only a deletion can resolve: refused while a queue has messages, regardless of the flags.
#[tokio::test]
async fn a_stack_that_can_only_be_deleted_keeps_its_messages() {
    let (scene, kept) = Scene::deployed("stuck").await;
    scene.edit();
    for status in [
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "CREATE_FAILED",
        "DELETE_FAILED",
    ] {
        pretend(&scene, status);
        let error = scene
            .run("deploy", &["--yes", "--allow-loss"])
            .end()
            .await
            .fails(5);
        assert_says(&error, &["JobsQueue", "3 messages", status]);
        assert_eq!(scene.proxy.count("cloudformation", "DeleteStack"), 0);
        kept.assert(&scene).await;
    }
}

/// Without messages, the deletion is listed as a loss, and needs `--allow-loss`.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn deleting_a_stuck_stack_is_a_loss() {
    let scene = Scene::new("stuck-empty").await;
    let _ = scene.deploy().await.succeeds();
    for status in [
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "CREATE_FAILED",
        "DELETE_FAILED",
    ] {
        pretend(&scene, status);
        let refused = scene.deploy().await;
        let error = refused.fails(5);
        assert_says(&error, &["JobsQueue", "WorkerService", "--allow-loss"]);
        assert!(refused.stderr.contains("LOSS: "), "{refused}");
        assert_eq!(scene.proxy.count("cloudformation", "DeleteStack"), 0);
        // A plan without execution shows the same.
        let planned = scene.run("diff", &[]).end().await.succeeds();
        assert_eq!(planned["plan"]["recovery"]["status"], status, "{planned}");
        assert_eq!(scene.proxy.count("cloudformation", "DeleteStack"), 0);
    }
    assert_eq!(scene.status().await.as_deref(), Some("CREATE_COMPLETE"));
}

/// A failed rollback is continued, which keeps the queue and its messages.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_failed_rollback_is_continued_in_place() {
    let (scene, kept) = Scene::deployed("half-rolled-back").await;
    scene.edit();
    pretend(&scene, "UPDATE_ROLLBACK_FAILED");
    // The stack isn't in that state, so the cloud refuses. The test checks only the request.
    let ended = scene.deploy().await;
    assert_ne!(ended.code, Some(0), "{ended}");
    assert!(
        scene
            .proxy
            .count("cloudformation", "ContinueUpdateRollback")
            > 0,
        "{ended}"
    );
    assert_eq!(scene.proxy.count("cloudformation", "DeleteStack"), 0);
    kept.assert(&scene).await;
}

/// An update that failed without a rollback is followed by another one. No recovery is needed.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_stack_that_failed_half_way_is_updated() {
    for status in [
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    ] {
        let (scene, kept) = Scene::deployed("half-updated").await;
        scene.edit();
        pretend(&scene, status);
        // It ends once the proxy says that the update is complete.
        let update = scene.run("deploy", &["--yes"]).start();
        super::until_called(&scene, "cloudformation", "ExecuteChangeSet").await;
        scene.proxy.clear();
        let _ = update.end().await.succeeds();
        kept.assert(&scene).await;
        assert!(kept.is_updated(&scene).await);
    }
}
