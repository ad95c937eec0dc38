//! A service that other tools created becomes a definition, `init --from`, and a stack's: `import resources`.

mod scene;
mod takeover;

use std::time::Duration;

use e2e::{Bench, until};
use serde_json::Value;

use scene::{BUSY, QUIET, Scene};

/// All of it is measured: 1 in flight ÷ 1 deleted per second = 1 s during the quiet time. A busy task deletes 120 ÷ 60
/// s ÷ 2 tasks = 1 per second, × 1 s = 1 in parallel, of the 10 that it holds.
fn check_facts(adopted: &Value, name: &str) {
    let queue = &adopted["readings"]["queues"][0];
    assert_eq!(queue["name"], name);
    assert_eq!(queue["found"], "QUEUE_URL of container worker");
    let facts = &adopted["facts"];
    assert_eq!(facts["processing"]["value"]["secs"], 1, "{facts}");
    assert_eq!(facts["concurrency"]["value"], 1, "{facts}");
    assert_eq!(facts["work"]["busy"]["held"], 10.0, "{facts}");
    assert_eq!(
        (&facts["min"]["value"], &facts["max"]["value"]),
        (&Value::from(1), &Value::from(10))
    );
    let present = adopted["present"].as_str().unwrap();
    assert!(
        present.starts_with("target tracking of the metric math \"waiting / tasks\""),
        "{present}"
    );
    assert!(
        present.ends_with("at 60 (policy messages-per-task)"),
        "{present}"
    );
}

/// Three objectives to choose from, each with the current policy and with the definition.
fn check_simulation(adopted: &Value) {
    let simulated = &adopted["simulated"];
    assert_eq!(simulated["missing"], Value::Array(vec![]), "{simulated}");
    let rows = simulated["rows"].as_array().unwrap();
    let of = |row: &Value| {
        (
            row["slo"].as_str().unwrap().to_owned(),
            row["present"].as_bool().unwrap(),
        )
    };
    let found: Vec<(String, bool)> = rows.iter().map(of).collect();
    let expected =
        ["10s", "1m", "10m"].map(|slo| [(slo.to_owned(), true), (slo.to_owned(), false)]);
    assert_eq!(found, expected.concat());
    for row in rows {
        assert!(row["tasks"].as_f64().unwrap() >= 1.0, "{row}");
        // Its tasks run on instances whose price isn't known.
        assert_eq!(row["tasks_per_month"], Value::Null, "{row}");
    }
}

#[tokio::test]
async fn a_running_service_becomes_a_definition() {
    let bench = Bench::open();
    let scene = Scene::build(&bench).await;
    let name = scene.name.clone();
    scene.scale().await;
    scene.work().await;
    scene.remember().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stack.yaml");
    let written = file.to_str().unwrap();
    let from = format!("{name}/{name}");

    let nearly = format!("{name}/{name}s");
    let refused = bench
        .xtask(["init", written, "--local", "--from", &nearly])
        .end()
        .await
        .fails(2);
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.starts_with(&format!(
            "there is no service {name}s in the cluster {name}"
        )),
        "{message}"
    );
    assert_eq!(refused["hints"][0], format!("did you mean {name}?"));

    // Published data is readable a moment later.
    let patience = Duration::from_secs(60);
    let adopted = until("all metrics", patience, async || {
        let ended = bench
            .xtask(["init", "-", "--local", "--from", &from])
            .end()
            .await;
        let adopted = ended.succeeds();
        let minutes = adopted["facts"]["work"]["minutes"].as_i64().unwrap();
        let tasks = adopted["facts"]["tasks_from"].is_string();
        (minutes >= QUIET + BUSY && tasks).then_some(adopted)
    })
    .await;
    check_facts(&adopted, &name);
    check_simulation(&adopted);

    let adopted = bench
        .xtask(["init", written, "--local", "--from", &from])
        .end()
        .await
        .succeeds();
    assert_eq!(adopted["written"], written);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(adopted["definition"], text);
    assert!(text.contains("# It runs on EC2 instances"), "{text}");
    // It requires an objective, and is valid with one.
    let invalid = bench.xtask(["validate", written]).end().await;
    assert_eq!(invalid.code, Some(3), "{}", invalid.stdout);
    let answered = text.replace("# slo: 99% within 1m", "slo: 99% within 1m");
    assert_ne!(answered, text);
    std::fs::write(&file, answered).unwrap();
    let _ = bench.xtask(["validate", written]).end().await.succeeds();
    // An existing file is never overwritten.
    let refused = bench
        .xtask(["init", written, "--local", "--from", &from])
        .end()
        .await
        .fails(1);
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .ends_with("already exists")
    );
    scene.remove().await;
}
