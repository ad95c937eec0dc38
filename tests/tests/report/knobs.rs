//! The knobs in a report's page: the simulator that it contains returns what the command prints, and the page follows it.

use std::path::Path;
use std::process::Command;

use e2e::Bench;
use serde_json::{Value, json};

use crate::{adapts, definition, draws, has_the_figures_of, shown};

/// Whether knobs can be tested: `cargo xtask test` says if not.
fn is_possible() -> bool {
    std::env::var_os("ECS_SCALER_TEST_KNOBS").is_some()
}

/// Two weeks of minutes with a load by day, as a file.
fn write_fortnight(file: &Path) {
    let row = |minute: u64| {
        let hour = minute / 60 % 24;
        let count = 1 + (12 - hour.abs_diff(14).min(12)) / 2 + minute * 7 % 5;
        let at = 1_762_646_400 + minute * 60;
        format!("{at},{count}\n")
    };
    let rows: String = (0..14 * 24 * 60).map(row).collect();
    std::fs::write(file, format!("timestamp,count\n{rows}")).unwrap();
}

/// The answer of a page's simulator in Node.js.
fn ask(page: &Path, turns: &Value, extent: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/knobs.mjs");
    let node = std::env::var("ECS_SCALER_TEST_NODE").unwrap();
    let asked = Command::new(node)
        .arg(script)
        .arg(page)
        .arg(json!({"turns": turns, "extent": extent}).to_string())
        .output()
        .unwrap();
    assert!(asked.status.success(), "{asked:?}");
    serde_json::from_slice(&asked.stdout).unwrap()
}

/// The document that a command prints, without what says which command it was.
async fn simulate(arguments: &[&str], more: &[String]) -> Value {
    let all = arguments
        .iter()
        .copied()
        .chain(more.iter().map(String::as_str));
    let all: Vec<&str> = std::iter::once("simulate").chain(all).collect();
    let answer = Bench::open().xtask(all).end().await.json();
    // An objective that is missed is a failure.
    let mut document = match answer.get("error") {
        Some(error) => error["details"].clone(),
        None => answer,
    };
    let keys = document.as_object_mut().unwrap();
    for key in ["schema_version", "command"] {
        keys.remove(key);
    }
    document
}

/// A page, and its command's arguments.
async fn write_page(folder: &Path, name: &str, arguments: &[&str]) -> std::path::PathBuf {
    let page = folder.join(name);
    let path = page.display().to_string();
    let all = ["simulate"].iter().chain(arguments).copied();
    let all: Vec<&str> = all.chain(["--report", &path]).collect();
    Bench::open().xtask(all).end().await;
    page
}

#[tokio::test]
async fn the_page_returns_what_the_command_prints() {
    if !is_possible() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let load = folder.path().join("fortnight.csv");
    write_fortnight(&load);
    let load = load.display().to_string();
    let demand = folder.path().join("demand.yaml");
    let text = std::fs::read_to_string(definition()).unwrap();
    let (before, rest) = text.split_once("      backlog_per_task:").unwrap();
    let after = rest.split_once("metric:").unwrap().1;
    // Environment variables don't belong into a page.
    let secret = "    environment: {TOKEN: hunter2-hunter2}\n    consumes:";
    let before = before.replace("    consumes:", secret);
    let rewritten = format!(
        "{before}      demand: {{acceptable_latency: 20s, processing_time: measured}}\nmetric:{after}"
    );
    std::fs::write(&demand, rewritten).unwrap();
    let demand = demand.display().to_string();
    let own = definition();
    let generated = "mmpp:rates=4/s|60/s,stays=50m|10m,for=2h";
    let resizer = own.replace("voucher-worker.yaml", "image-resizer.yaml");
    let cases: [(&str, &[&str], Value); 8] = [
        (
            "fortnight.html",
            &[&own, "--load", &load],
            json!({"min": "3", "cooldown_in": "60s"}),
        ),
        (
            "own.html",
            &[&own, "--load", generated, "--assume", "slo=1m"],
            json!({"slo": "30s", "share": "99%", "task_start": "20s"}),
        ),
        (
            "switch.html",
            &[&own, "--load", generated, "--seed=7"],
            json!({"policy": "demand", "processing_time": "200ms", "max": "40"}),
        ),
        (
            "demand.html",
            &[
                &demand,
                "--load",
                "daily:low=1/s,high=9/s,for=6h",
                "--assume",
                "processing_time=lognormal:300ms,0.5",
                "--require=95%",
            ],
            json!({"processing_time": "500ms", "slo": "30s", "schedule": "Mon-Fri 08:00-18:00", "schedule_min": "5"}),
        ),
        (
            "fixed.html",
            &[
                &demand,
                "--load",
                "poisson:rate=9/s,for=1h",
                "--assume",
                "processing_time=300ms",
            ],
            json!({"policy": "fixed", "min": "6"}),
        ),
        (
            "keda.html",
            &[&own, "--load", generated],
            json!({"policy": "keda", "min": "2"}),
        ),
        (
            "cdk.html",
            &[&own, "--load", generated, "--require=99%"],
            json!({"policy": "cdk", "slo": "30s"}),
        ),
        (
            "queues.html",
            &[&resizer, "--load", "poisson:rate=2/s,for=2h"],
            json!({"slo.backfill": "30m", "processing_time.uploads": "5s"}),
        ),
    ];
    for (name, arguments, turns) in cases {
        let page = write_page(folder.path(), name, arguments).await;
        let html = std::fs::read_to_string(&page).unwrap();
        assert!(html.len() < 3_000_000, "{name}: {}", html.len());
        assert!(!html.contains("hunter2"), "{name}");
        assert_eq!(
            ask(&page, &json!({}), "all")["report"],
            simulate(arguments, &[]).await,
            "{name}"
        );
        let answer = ask(&page, &turns, "all");
        let more: Vec<String> = serde_json::from_value(answer["arguments"].clone()).unwrap();
        assert!(!more.is_empty(), "{name}");
        let document = simulate(arguments, &more).await;
        assert_eq!(answer["report"], document, "{name}: {more:?}");
        assert_ne!(document["cost"]["total"], Value::Null, "{name}");
        // One run, and the range without what AWS doesn't document, are the same as far as they go.
        let phase = ask(&page, &turns, "phase")["report"].clone();
        let phases = ask(&page, &turns, "phases")["report"].clone();
        assert_eq!(phase["cost"], document["cost"], "{name}");
        assert_eq!(phases["phases"], document["phases"], "{name}");
    }
}

#[tokio::test]
async fn a_turned_knob_changes_the_page_and_reset_restores_it() {
    if !is_possible() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let load = "mmpp:rates=4/s|60/s,stays=50m|10m,for=3h";
    let own = definition();
    let arguments = [own.as_str(), "--load", load, "--compare"];
    let file = write_page(folder.path(), "report.html", &arguments).await;
    let mut page = shown(&file);
    let state = "(document.documentElement.dataset.knobs ?? null)";
    assert_eq!(
        page.value("document.getElementById('whatif').hidden"),
        false
    );
    assert_eq!(page.value(state), Value::Null);
    let tiles = "['first', 'rest'].map(id => document.getElementById(id).textContent)";
    let before = page.value(tiles);
    turn(&mut page, "min", "5");
    page.wait_until(&format!("{state} === 'done'"));

    let document = simulate(
        &[
            &own,
            "--load",
            load,
            "--set",
            "services.voucher-worker.tasks.min=5",
        ],
        &[],
    )
    .await;
    has_the_figures_of(&mut page, &document);
    let cost = page.value("document.querySelector('#cost .big data').textContent");
    let now = simulator::format_dollars(document["cost"]["per_month"].as_f64().unwrap());
    assert_eq!(cost, now.as_str());
    assert_eq!(
        page.value("document.querySelector('#now [data-tile=cost] b').textContent"),
        now.as_str()
    );
    let yaml = page.value("document.getElementById('yaml').textContent");
    assert_eq!(
        yaml,
        "services:\n  voucher-worker:\n    tasks:\n      min: 5\n"
    );
    let changed = page.value("document.querySelector('.changed').textContent");
    assert!(
        changed.as_str().unwrap().contains("minimum tasks 5 (1)"),
        "{changed}"
    );
    page.value("document.querySelector('#change .copy').click()");
    page.wait_until(
        "['copied', 'selected'].includes(document.querySelector('#change .copy').textContent)",
    );
    draws(&mut page);
    adapts(&mut page);
    page.call("Emulation.setEmulatedMedia", json!({"media": ""}));

    // What can't be is refused in the definition's words, and nothing is left to copy.
    turn(&mut page, "max", "3");
    page.wait_until(&format!("{state} === 'wrong'"));
    let refused = page.value("document.getElementById('state').textContent");
    assert!(
        refused
            .as_str()
            .unwrap()
            .starts_with("`min` is greater than `max`"),
        "{refused}"
    );
    assert_eq!(page.value("document.getElementById('change').hidden"), true);

    page.value("document.getElementById('reset').click()");
    page.wait_until(&format!("{state} === 'reset'"));
    assert_eq!(page.value(tiles), before);
    assert_eq!(page.value("document.getElementById('now').hidden"), true);
    let turned = "[...document.querySelectorAll('.knob:not([data-knob=load])')].every(one => one.querySelector('input, select').value === one.dataset.now)";
    assert_eq!(page.value(turned), true);
    assert_eq!(page.complaints, Vec::<String>::new());
}

/// Moves a knob to a value, as its user does.
fn turn(page: &mut crate::browser::Page, knob: &str, value: &str) {
    page.value(&format!(
        "(() => {{ const one = document.querySelector('[data-knob={knob}]'), input = one.querySelector('input, select'); \
         input.value = JSON.parse(one.dataset.values).findIndex(([value]) => value === '{value}'); \
         input.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"
    ));
}
