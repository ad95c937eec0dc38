//! A new user's first steps: an empty folder, a definition to start from, and a stack.

use std::fs;

use e2e::{Bench, Cloud, TestStack, edited};

#[tokio::test]
async fn what_init_writes_validates_and_deploys() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "init");
    let folder = stack.file().parent().unwrap().to_owned();
    let init = || bench.xtask(["init"]).within(&folder).end();
    let written = init().await.succeeds();
    assert_eq!(written["written"], "stack.yaml");
    let text = fs::read_to_string(stack.file()).unwrap();
    assert!(text.starts_with('#'), "it is commented: {text}");

    let there = init().await.fails(1);
    assert!(there["hints"].to_string().contains("--force"), "{there}");
    fs::write(stack.file(), "mine").unwrap();
    let _ = init().await.fails(1);
    assert_eq!(
        fs::read_to_string(stack.file()).unwrap(),
        "mine",
        "it was written over"
    );
    let forced = bench.xtask(["init", "--force"]).within(&folder).end().await;
    let _ = forced.succeeds();
    assert_eq!(fs::read_to_string(stack.file()).unwrap(), text);

    let valid = bench
        .xtask(["validate", "stack.yaml"])
        .within(&folder)
        .end()
        .await
        .succeeds();
    assert_eq!(valid["definitions"][0]["valid"], true);
    // Unchanged except for the name, because a parallel run would use the same one.
    stack.write(&edited(
        &text,
        "name: my-worker ",
        &format!("name: {} ", stack.name),
    ));
    let deploy = bench
        .xtask(["deploy", "stack.yaml", "--local", "--yes"])
        .within(&folder);
    let outcome = deploy.end().await.succeeds();
    assert_eq!(outcome["stack"], &*stack.name);
    let found = cloud.resources(&stack.name).await;
    assert_eq!(
        cloud
            .service(found.id("WorkerService"))
            .await
            .unwrap()
            .running_count(),
        1
    );
    assert_eq!(outcome["outputs"]["JobsQueueUrl"], found.id("JobsQueue"));
}
