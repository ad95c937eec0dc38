//! `acceptance` runs a system through its life cycle, continues after a kill, and leaves nothing behind.

use std::path::Path;

use e2e::{OwnSandbox, Started};
use rustix::process::Signal;
use serde_json::Value;

/// Starts the command, which writes its report to a file.
fn start(own: &OwnSandbox, report: &Path, more: &[&str]) -> Started {
    let report = report.to_str().unwrap();
    let usual = [
        "acceptance",
        "--local",
        "--yes",
        "--suffix",
        "e2e",
        "--report",
        report,
    ];
    own.bench.xtask([&usual[..], more].concat()).start()
}

/// In a sandbox whose minute takes six seconds.
#[tokio::test]
async fn a_run_that_was_killed_is_continued_to_its_end() {
    let mut own = OwnSandbox::new("acceptance");
    own.start(&["--speed", "10"]).await;
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("acceptance.md");
    let arguments = |more: &[&str]| start(&own, &report, more);
    let expensive = arguments(&["--max-cost", "0.01"]).end().await;
    let refused = expensive.fails(5);
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("higher than --max-cost"), "{message}");

    let mut killed = arguments(&[]);
    killed.says("scale out for messages that wait").await;
    killed.signal(Signal::KILL);
    let _ = killed.end().await;
    let state = folder.path().join("acceptance.state.json");
    let state: Value = serde_json::from_slice(&std::fs::read(state).unwrap()).unwrap();

    // The limit applies only to the start: a run in progress is completed.
    let record = arguments(&["--max-cost", "0.01"]).end().await.succeeds();
    assert_eq!(record["steps"][0], state["steps"][0], "deployed once");
    let steps = record["steps"].as_array().unwrap().iter();
    let steps: Vec<&str> = steps.map(|done| done["step"].as_str().unwrap()).collect();
    let expected = [
        "deploy",
        "scale_out",
        "scale_in",
        "update",
        "drift",
        "destroy",
    ];
    assert_eq!(steps, expected, "{record}");
    let text = std::fs::read_to_string(&report).unwrap();
    assert!(text.contains(": accepted\n"), "{text}");
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 1, "the report alone");

    let destroy = ["destroy", "ecs-scaler-acceptance-e2e", "--local", "--yes"];
    let destroyed = own.bench.xtask(destroy).end().await.succeeds();
    assert_eq!(destroyed["existed"], false);
}

#[tokio::test]
#[ignore = "runs in test --full"]
async fn what_a_killed_run_left_is_cleaned_up() {
    let mut own = OwnSandbox::new("acceptance-clean");
    own.start(&["--speed", "10"]).await;
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("acceptance.md");
    let mut killed = start(&own, &report, &[]);
    killed.says("scale out for messages that wait").await;
    killed.signal(Signal::KILL);
    let _ = killed.end().await;
    let clean = start(&own, &report, &["--clean-up"]);
    let record = clean.end().await.succeeds();
    assert_eq!(record["failure"], "ended by --clean-up");
    assert_eq!(record["steps"][1]["step"], "destroy", "{record}");
    let destroy = ["destroy", "ecs-scaler-acceptance-e2e", "--local", "--yes"];
    let destroyed = own.bench.xtask(destroy).end().await.succeeds();
    assert_eq!(destroyed["existed"], false);
}
