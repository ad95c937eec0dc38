//! Standard output is for programs: always exactly one JSON document.

use std::fs;

use e2e::{Bench, TestStack, edited, worker};
use serde_json::{Value, json};

const INVALID: &str = "name: wrong\nservcies: {}\n";

#[tokio::test]
async fn every_verb_answers_in_json() {
    let bench = Bench::open();
    let stack = TestStack::new(&bench, "output");
    stack.write(&worker(&stack.name));
    let file = stack.file().display().to_string();
    let name = &*stack.name;

    let valid = bench.xtask(["validate", &file]).end().await.succeeds();
    let valid = &valid["definitions"][0];
    assert_eq!(valid["stack"], name);
    assert_eq!(valid["valid"], true);
    assert_eq!([&valid["queues"], &valid["services"]], [1, 1]);

    let template = bench.xtask(["synth", &file]).end().await.succeeds();
    assert_eq!(
        template["Resources"]["JobsQueue"]["Type"],
        "AWS::SQS::Queue"
    );
    assert_eq!(
        valid["resources"],
        template["Resources"].as_object().unwrap().len()
    );

    let schema = bench.xtask(["schema"]).end().await.succeeds();
    assert!(schema["properties"]["queues"].is_object(), "{schema}");

    let planned = stack.run("diff", &[]).end().await.succeeds();
    assert_eq!(planned["changed"], true);
    assert_eq!(planned["plan"]["creates_stack"], true);
    assert_eq!(
        planned["plan"]["changes"].as_array().unwrap().len(),
        valid["resources"]
    );
    // The sandbox has no ECR to return a digest, so the tag stays.
    let image = "services.worker.image=111122223333.dkr.ecr.us-east-1.amazonaws.com/worker:1";
    let digest = "services.worker.image_digest=resolve";
    let mut resolving = stack
        .run("diff", &["--set", image, "--set", digest])
        .start();
    resolving
        .says("isn't resolved, because ECR doesn't respond here")
        .await;
    assert_eq!(resolving.end().await.succeeds()["changed"], true);

    let absent = stack.run("status", &[]).end().await;
    let error = absent.fails(1);
    assert!(
        error["message"].as_str().unwrap().contains(name),
        "diff left a stack behind: {error}"
    );

    let deployed = stack.run("deploy", &["--yes"]).end().await.succeeds();
    assert_eq!(deployed["stack"], name);
    let url = deployed["outputs"]["JobsQueueUrl"].as_str().unwrap();

    let status = stack.status().await;
    assert_eq!(status["stack"]["status_name"], "CREATE_COMPLETE");
    assert_eq!(status["services"][0]["queues"][0]["url"], url);
    let by_name = bench
        .xtask(["status", name, "--local"])
        .end()
        .await
        .succeeds();
    assert_eq!(by_name["services"][0]["queues"][0]["url"], url);

    let local = bench.xtask(["local", "status"]).end().await.succeeds();
    assert_eq!(local["state"], "running");
    assert_eq!(local["endpoint_url"], bench.endpoint());

    let destroyed = stack.destroy(&[]).await.succeeds();
    assert_eq!(destroyed["existed"], true);
}

#[tokio::test]
async fn every_failure_answers_in_json_too() {
    let bench = Bench::open();
    let stack = TestStack::new(&bench, "failures");
    stack.write(INVALID);
    let file = stack.file().display().to_string();

    for verb in ["validate", "synth"] {
        invalid(&bench.xtask([verb, &file]).end().await.fails(3));
    }
    for (verb, more) in [
        ("diff", &[] as &[&str]),
        ("deploy", &["--yes"]),
        ("destroy", &["--yes"]),
        ("status", &[]),
    ] {
        invalid(&stack.run(verb, more).end().await.fails(3));
    }
    // One of several files is enough.
    let good = stack.file().with_file_name("good.yaml");
    fs::write(&good, worker("good")).unwrap();
    let run = bench
        .xtask(["validate", &good.display().to_string(), &file])
        .end()
        .await;
    invalid(&run.fails(3));

    let missing = stack.file().with_file_name("missing.yaml");
    let error = bench
        .xtask(["validate", &missing.display().to_string()])
        .end()
        .await
        .fails(3);
    assert!(
        error["message"].as_str().unwrap().contains("missing.yaml"),
        "{error}"
    );

    // There is no terminal, and nothing changes without confirmation.
    stack.write(&worker(&stack.name));
    for verb in ["deploy", "destroy"] {
        let error = stack.run(verb, &[]).end().await.fails(5);
        assert!(error["hints"].to_string().contains("--yes"), "{error}");
    }
    let _ = stack.run("status", &[]).end().await.fails(1);

    // A missing cluster is detected before anything is created.
    let text = edited(
        &worker(&stack.name),
        "network: create",
        "network: create\ncluster: {existing: no-such}",
    );
    let error = stack.deploy(&text).await.fails(1);
    assert!(
        error["message"].as_str().unwrap().contains("no-such"),
        "{error}"
    );
    let _ = stack.run("status", &[]).end().await.fails(1);
}

/// Checks the error of an invalid definition: each problem has its place.
#[track_caller]
fn invalid(error: &Value) {
    assert_eq!(error["kind"], "InvalidDefinition");
    let problems = error["problems"]["problems"].as_array().unwrap();
    let unknown = problems
        .iter()
        .find(|problem| problem["line"] == 2)
        .unwrap();
    assert_eq!(unknown["column"], 1);
    assert!(
        unknown.to_string().contains("services"),
        "it suggests the nearest key: {unknown}"
    );
}

#[tokio::test]
async fn wrong_usage_answers_in_json_too() {
    let bench = Bench::open();
    for (arguments, command) in [
        (&["simulate"] as &[&str], "simulate"),
        (&["no-such-verb"], "cargo xtask"),
        (&["deploy", "x.yaml", "--local", "--profile", "p"], "deploy"),
    ] {
        let run = bench.xtask(arguments).end().await;
        let error = run.fails(2);
        assert_eq!(error["kind"], "Usage", "{run}");
        assert_eq!(run.json()["command"], command, "{run}");
        assert!(run.stderr.contains("Usage"), "{run}");
    }
    let help = bench.xtask(["--help"]).end().await;
    assert_eq!(help.code, Some(0), "{help}");
    assert_eq!(json!(help.stderr), "", "{help}");
}
