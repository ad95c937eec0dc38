//! `calibrate` recovers the behavior of the sandbox's target tracking, and leaves nothing behind.
//!
//! In the tests' own sandboxes, whose minute takes six seconds and whose tasks start in 100 s ÷ 10.

use std::path::PathBuf;

use e2e::{OwnSandbox, Started};
use rustix::process::Signal;
use serde_json::Value;

const STACK: &str = "ecs-scaler-calibration";

async fn sandbox(label: &str, tracking: &[&str]) -> OwnSandbox {
    let mut own = OwnSandbox::new(label);
    let arguments = [&["--speed", "10", "--task-start", "100s"], tracking].concat();
    own.start(&arguments).await;
    own
}

fn calibrate(own: &OwnSandbox, folder: &tempfile::TempDir) -> (Started, PathBuf) {
    let file = folder.path().join("assumptions.yaml");
    let to = file.to_str().unwrap().to_owned();
    let arguments = ["calibrate", "--local", "--yes", "--to", &to];
    (own.bench.xtask(arguments).start(), file)
}

/// Returns the settled values by key.
fn settled(answer: &Value) -> Vec<(&str, &str)> {
    let parts = answer["parts"].as_array().unwrap().iter();
    let values = parts.map(|part| {
        let values = part["values"].as_array().unwrap();
        assert_eq!(values.len(), 1, "{part}");
        (part["key"].as_str().unwrap(), values[0].as_str().unwrap())
    });
    values.collect()
}

async fn is_gone(own: &OwnSandbox) {
    let destroyed = own.bench.xtask(["destroy", STACK, "--local", "--yes"]);
    assert_eq!(destroyed.end().await.succeeds()["existed"], false);
}

#[tokio::test]
async fn the_default_behavior_is_recovered() {
    let own = sandbox("calibrate", &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let (run, file) = calibrate(&own, &folder);
    let answer = run.end().await.succeeds();
    assert_eq!(
        settled(&answer),
        [
            ("tracking_base", "desired"),
            ("tracking_cooldown", "larger_passes"),
            ("tracking_datapoint", "latest"),
            ("tracking_scale_in", "one_task"),
            ("tracking_flapping_guard", "on"),
        ],
        "{answer}"
    );
    is_gone(&own).await;

    // The measurements alone result in the same file.
    let written = std::fs::read_to_string(&file).unwrap();
    let measured = file.with_extension("measured.json");
    let again = folder.path().join("again.yaml");
    let arguments = ["calibrate", "--from", measured.to_str().unwrap(), "--to"];
    let again_text = again.to_str().unwrap();
    let refit = own.bench.xtask([&arguments[..], &[again_text]].concat());
    let _ = refit.end().await.succeeds();
    assert_eq!(std::fs::read_to_string(&again).unwrap(), written);
}

#[tokio::test]
async fn another_behavior_is_recovered() {
    let variant = "base=running,cooldown=blocks,scale_in=10%,flapping_guard=off";
    let own = sandbox("calibrate-other", &["--tracking", variant]).await;
    let folder = tempfile::tempdir().unwrap();
    let answer = calibrate(&own, &folder).0.end().await.succeeds();
    assert_eq!(
        settled(&answer),
        [
            ("tracking_base", "running"),
            ("tracking_cooldown", "blocks"),
            ("tracking_datapoint", "latest"),
            ("tracking_scale_in", "10%"),
            ("tracking_flapping_guard", "off"),
        ],
        "{answer}"
    );
    is_gone(&own).await;
}

#[tokio::test]
async fn a_signal_ends_it_and_a_kill_is_cleaned_up() {
    let own = sandbox("calibrate-signal", &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let (mut run, _) = calibrate(&own, &folder);
    run.says("running the experiments").await;
    run.signal(Signal::TERM);
    let ended = run.end().await;
    assert_eq!(ended.fails(1)["message"], "interrupted");
    is_gone(&own).await;

    let (mut run, _) = calibrate(&own, &folder);
    run.says("running the experiments").await;
    run.signal(Signal::KILL);
    let _ = run.end().await;
    let (mut run, _) = calibrate(&own, &folder);
    run.says("deleted the stack of an earlier run").await;
    run.signal(Signal::TERM);
    let _ = run.end().await;
    is_gone(&own).await;
}
