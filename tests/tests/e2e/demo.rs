//! `demo`: the closed loop as a new user runs it, and its end by a signal.

use std::path::Path;

use e2e::{Bench, OwnSandbox, unique_name};
use rustix::process::Signal;
use serde_json::{Value, json};

/// Forty messages per second for a while keep four tasks busy.
const LOAD: &str = "step:from=2/s,to=40/s,at=3s,for=24s";

#[tokio::test]
async fn the_story_is_told_and_nothing_is_left() {
    let (bench, demos) = benches("demo");
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("deep/report.html");
    let path = report.display().to_string();
    let arguments = [
        "demo", "--system", "backlog", "--speed", "30", "--load", LOAD, "--report", &path,
    ];
    let ended = bench.xtask(arguments).end().await;
    let answer = ended.succeeds();

    let chapters: Vec<&str> = answer["story"]["chapters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|chapter| chapter[0].as_str().unwrap())
        .collect();
    let expected = [
        "scaled_out",
        "more_run",
        "load_ended",
        "drained",
        "scaled_in",
    ];
    for chapter in expected {
        assert!(chapters.contains(&chapter), "{chapter} in {chapters:?}");
    }
    assert_eq!(chapters.last(), Some(&"scaled_in"));
    let messages = &answer["messages"];
    assert!(messages["sent"].as_u64().unwrap() > 700, "{messages}");
    assert_eq!(messages["not_done"], 0, "{messages}");
    assert_eq!(messages["strange_lines"], 0, "{messages}");
    let most = answer["story"]["most_running"].as_u64().unwrap();
    assert!((2..=20).contains(&most), "{most} tasks");
    let actions = answer["actions"].as_array().unwrap();
    let reason = actions[0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("in state ALARM triggered policy"),
        "{reason}"
    );

    // Measured and predicted values are for the same messages.
    let (measured, predicted) = (&answer["measured"], &answer["predicted"]);
    assert_eq!(measured["messages"]["sent"], messages["sent"]);
    assert_eq!(predicted["messages"]["sent"], messages["sent"]);
    assert_eq!(
        answer["comparison"]["figures"][0]["name"],
        "within objective"
    );
    // If the loop differs from every simulation of it, one of the two has a bug.
    let apart = answer["differing"].as_array().unwrap();
    assert!(apart.is_empty(), "{apart:?}: {}", answer["comparison"]);
    let page = std::fs::read_to_string(&report).unwrap();
    assert!(page.contains("Measured and predicted"));
    assert!(
        ended
            .stderr
            .contains("waiting for the decision to add tasks"),
        "{ended}"
    );
    assert!(
        !ended.stderr.contains('\x1b'),
        "no cursor is moved: {ended}"
    );

    assert_eq!(answer["destroyed"]["existed"], true);
    is_stopped(&demos).await;
}

/// The race: the same messages to a service that target tracking scales, and to one whose count a function sets. The latter
/// starts each message within 10 s, as predicted.
#[tokio::test]
async fn the_race_is_as_predicted_and_deadlines_are_met() {
    let (bench, demos) = benches("race");
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.html");
    let path = report.display().to_string();
    let arguments = [
        "demo",
        "--speed",
        "20",
        "--against",
        "keda",
        "--report",
        &path,
    ];
    let ended = bench.xtask(arguments).end().await;
    let answer = ended.succeeds();
    for service in answer["services"].as_array().unwrap() {
        let (messages, comparison) = (&service["messages"], &service["comparison"]);
        assert_eq!(messages["not_done"], 0, "{messages}");
        let apart = service["differing"].as_array().unwrap();
        assert!(apart.is_empty(), "{apart:?}: {comparison}");
    }
    let [demand, backlog] = [0, 1].map(|place| &answer["services"][place]);
    assert_eq!(
        (&demand["service"], &backlog["service"]),
        (&json!("demand"), &json!("backlog-per-task"))
    );
    assert_eq!(demand["messages"]["sent"], backlog["messages"]["sent"]);
    let within = |service: &Value| service["measured"]["within_objective"].as_f64().unwrap();
    assert!(within(demand) >= 0.99, "{}", demand["comparison"]);
    // 40 messages of 0.1 s a second need four tasks, and one doesn't meet the objective.
    let most = demand["story"]["most_running"].as_u64().unwrap();
    assert!((2..=6).contains(&most), "{most} tasks");
    assert_eq!(
        answer["against"][0]["predicted"]["messages"]["sent"],
        demand["messages"]["sent"]
    );
    assert!(ended.stderr.contains("✓ demand: none late"), "{ended}");
    assert_eq!(answer["destroyed"]["existed"], true);
    is_stopped(&demos).await;
}

/// The signal that is sent when its terminal is closed.
#[tokio::test]
async fn a_hangup_ends_it_and_clears_up() {
    let (bench, demos) = benches("signal");
    let mut demo = bench
        .xtask([
            "demo", "--system", "backlog", "--speed", "30", "--load", LOAD,
        ])
        .start();
    demo.says("sending the load").await;
    demo.says("running").await;
    demo.signal(Signal::HUP);
    let ended = demo.end().await;
    let error = ended.fails(1);
    assert_eq!(error["message"], "interrupted");
    assert_eq!(
        error["hints"][0], "its tasks, its stack and its sandbox are gone",
        "{ended}"
    );
    is_stopped(&demos).await;
}

/// Returns the environment in which a demo runs, and the sandbox that it creates.
fn benches(label: &str) -> (Bench, OwnSandbox) {
    let bench = Bench::open().with_sandbox(&unique_name(label));
    let demos = OwnSandbox::named(&format!("{}-demo", bench.sandbox()));
    (bench, demos)
}

/// Checks that the demo's sandbox was stopped and none of its processes remain.
async fn is_stopped(demos: &OwnSandbox) {
    assert_eq!(demos.local("status").await["state"], "stopped");
    let left: Vec<String> = processes_of(demos.bench.sandbox());
    assert!(left.is_empty(), "{left:?}");
}

/// Returns the command lines of the processes that use the sandbox's folder.
fn processes_of(name: &str) -> Vec<String> {
    let folder = format!("/{name}/");
    let mut found = Vec::new();
    for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let read = |file: &str| std::fs::read(process.path().join(file)).unwrap_or_default();
        let line = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
        let within = std::fs::read_link(process.path().join("cwd")).unwrap_or_default();
        if line.contains(&folder) || is_within(&within, name) {
            found.push(line);
        }
    }
    found
}

fn is_within(folder: &Path, name: &str) -> bool {
    folder.iter().any(|part| part == name)
}
