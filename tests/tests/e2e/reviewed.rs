//! A plan's description in terms of the definition, and a plan that is reviewed before its execution.

use e2e::{Bench, Cloud, TestStack, edited, worker};
use serde_json::{Value, json};

/// Returns the path, old value, and new value of each change in the definition.
fn words(document: &Value) -> Vec<(&str, &Value, &Value)> {
    let words = document["words"].as_array().unwrap().iter();
    words
        .map(|word| (word["path"].as_str().unwrap(), &word["old"], &word["new"]))
        .collect()
}

#[tokio::test]
async fn a_plan_speaks_in_the_definitions_words_and_only_what_was_reviewed_is_executed() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "reviewed");
    let first = worker(&stack.name);
    let _ = stack.deploy(&first).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.json").display().to_string();
    let with_max = |max: u32| edited(&first, "max: 20", &format!("max: {max}"));

    // The changes in the definition come first, including those that follow from several of them.
    let second = edited(
        &with_max(40),
        "acceptable_latency: 10m",
        "acceptable_latency: 2m",
    );
    stack.write(&second);
    let planned = stack.run("diff", &["--out", &file]).end().await.succeeds();
    let expected = [
        (
            "services.worker.scaling.backlog_per_task.acceptable_latency",
            json!("10m"),
            json!("2m"),
        ),
        ("services.worker.tasks.max", json!(20), json!(40)),
        // 10 min ÷ 1 s, and 2 min ÷ 1 s.
        (
            "services.worker.scaling.backlog_per_task target",
            json!(600.0),
            json!(120.0),
        ),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(path, old, new)| (*path, old, new))
        .collect();
    assert_eq!(words(&planned), expected);
    assert_eq!(words(&planned["plan"]), expected);
    let changes = planned["plan"]["changes"].as_array().unwrap().iter();
    let target = changes
        .clone()
        .find(|change| change["logical_id"] == "WorkerScalableTarget");
    let values = &target.unwrap()["values"];
    assert_eq!(
        values,
        &json!([{"path": "MaxCapacity", "old": 20, "new": 40}])
    );
    let dashboard = changes
        .clone()
        .find(|change| change["logical_id"] == "Dashboard");
    assert_eq!(dashboard.unwrap()["values"], json!([]));
    assert_eq!(planned["template"], Value::Null);
    let full = stack.run("diff", &["--full"]).end().await.succeeds();
    assert!(
        full["template"]
            .as_str()
            .unwrap()
            .contains("+      MaxCapacity: 40"),
        "{full}"
    );

    // The review is the approval, so there is no prompt.
    let run = stack.run("deploy", &["--plan", &file]).end().await;
    let deployed = run.succeeds();
    assert_eq!(deployed["changed"], true);
    assert_eq!(words(&deployed["plan"]), expected);
    assert!(run.stderr.contains("20 → 40"), "{run}");
    assert!(
        run.stderr.contains("the dashboard's widgets change"),
        "{run}"
    );
    assert_eq!(cloud.resources(&stack.name).await, found);
    let planned = stack.run("diff", &[]).end().await.succeeds();
    assert_eq!(
        (&planned["changed"], &planned["words"]),
        (&json!(false), &json!([]))
    );

    // It is valid once, and only for this plan.
    let error = stack.run("deploy", &["--plan", &file]).end().await.fails(5);
    assert!(
        error["message"]
            .to_string()
            .contains("differs from the reviewed plan"),
        "{error}"
    );
    stack.write(&with_max(50));
    let _ = stack.run("diff", &["--out", &file]).end().await.succeeds();
    stack.write(&with_max(60));
    let error = stack.run("deploy", &["--plan", &file]).end().await.fails(5);
    let message = error["message"].to_string();
    assert!(
        message.contains("services.worker.tasks.max: reviewed 50, now 60"),
        "{message}"
    );

    // Another deploy came first.
    let _ = stack.deploy(&with_max(55)).await.succeeds();
    stack.write(&with_max(50));
    let error = stack.run("deploy", &["--plan", &file]).end().await.fails(5);
    assert!(
        error["message"]
            .to_string()
            .contains("differs from the reviewed plan"),
        "{error}"
    );
    let planned = stack.run("diff", &[]).end().await.succeeds();
    assert_eq!(
        words(&planned)[0],
        ("services.worker.tasks.max", &json!(55), &json!(50))
    );

    // A file that was edited.
    let _ = stack.run("diff", &["--out", &file]).end().await.succeeds();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        edited(&text, "\"allow_loss\": false", "\"allow_loss\": true"),
    )
    .unwrap();
    let error = stack.run("deploy", &["--plan", &file]).end().await.fails(5);
    assert!(error["message"].to_string().contains("edited"), "{error}");
}
