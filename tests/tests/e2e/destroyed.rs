//! Deleting a stack: which deletions are refused, the check that nothing remains, and the retained resources.

use e2e::{Bench, Cloud, Inventory, TestStack, inventory, worker};
use serde_json::json;

#[tokio::test]
async fn messages_are_refused_unless_forced_and_then_nothing_is_left() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "destroyed");
    let outcome = stack.deploy(&worker(&stack.name)).await.succeeds();
    let id = outcome["stack_id"].as_str().unwrap();
    let found = cloud.resources(&stack.name).await;
    let before = inventory(&cloud, id, &found).await;
    every_kind_is_there(&before);
    cloud.send(found.id("JobsQueue"), 3).await;
    cloud.send(found.id("JobsDeadLetterQueue"), 2).await;

    let refused = stack.destroy(&[]).await;
    let error = refused.fails(5);
    let text = format!("{} {}", error["message"], error["hints"]);
    for detail in [
        "JobsQueue",
        "3 messages",
        "JobsDeadLetterQueue",
        "2 messages",
        "--force",
    ] {
        assert!(text.contains(detail), "{detail:?} is not reported: {text}");
    }
    assert_eq!(
        inventory(&cloud, id, &found).await,
        before,
        "something was deleted"
    );
    let queue = cloud.queue(found.id("JobsQueue")).await.unwrap();
    assert_eq!(queue["ApproximateNumberOfMessages"], "3");
    let status = cloud.stack_status(&stack.name).await;
    assert_eq!(status.as_deref(), Some("CREATE_COMPLETE"));

    let destroyed = stack.destroy(&["--force"]).await.succeeds();
    assert_eq!(destroyed["existed"], true);
    assert_eq!(destroyed["remains"]["left"], json!([]));
    assert_eq!(inventory(&cloud, id, &found).await, Inventory::new());
    assert_eq!(cloud.stack_status(&stack.name).await, None);

    let again = stack.destroy(&[]).await.succeeds();
    assert_eq!(again["existed"], false);
    let by_name = ["destroy", &stack.name, "--local", "--yes"];
    let again = bench.xtask(by_name).end().await.succeeds();
    assert_eq!(again["existed"], false);
    // By ID, the check is repeated on AWS. LocalStack forgets deleted resources, so it can't verify anything.
    let by_id = ["destroy", id, "--local", "--yes"];
    let error = bench.xtask(by_id).end().await.fails(1);
    assert!(
        error["hints"].to_string().contains("the stack is deleted"),
        "{error}"
    );
}

/// Otherwise, an empty inventory would prove nothing.
fn every_kind_is_there(before: &Inventory) {
    let count = |kind: &str| before.get(kind).map_or(0, |things| things.len());
    let expected = [
        ("queues", 2),
        ("topics", 1),
        ("subscriptions", 1),
        ("roles", 3),
        ("functions", 1),
        ("rules", 1),
        ("log groups", 2),
        ("dashboards", 1),
        // Four of the stack, and the two of the scaling policy.
        ("alarms", 6),
        ("clusters", 1),
        ("services", 1),
        ("task definitions", 1),
        ("scalable targets", 1),
        ("scaling policies", 1),
        ("VPCs", 1),
        ("subnets", 2),
        ("internet gateways", 1),
        ("route tables", 1),
        ("security groups", 1),
    ];
    for (kind, wanted) in expected {
        assert!(
            count(kind) >= wanted,
            "{kind}: {:?} in {before:#?}",
            count(kind)
        );
    }
    assert_eq!(before.len(), expected.len(), "{:?}", before.keys());
}

#[tokio::test]
async fn a_protected_stack_stays() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "protected");
    let open = worker(&stack.name);
    let _ = stack
        .deploy(&format!("{open}termination_protection: true\n"))
        .await
        .succeeds();
    let refused = stack.destroy(&["--force"]).await;
    let error = refused.fails(5);
    assert!(
        error["message"].as_str().unwrap().contains("protected"),
        "{error}"
    );
    let status = cloud.stack_status(&stack.name).await;
    assert_eq!(status.as_deref(), Some("CREATE_COMPLETE"));
    let opened = stack.deploy(&open).await.succeeds();
    assert_eq!(opened["changed"], false, "protection isn't a resource");
    let _ = stack.destroy(&[]).await.succeeds();
    assert_eq!(cloud.stack_status(&stack.name).await, None);
}
