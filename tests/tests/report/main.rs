//! The report of a simulation in a real browser: its content, and that it makes no requests.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test they are the assertion; clippy.toml lets them pass in test functions only"
)]

mod browser;
mod knobs;

use std::path::Path;
use std::time::Duration;

use e2e::Bench;
use serde_json::Value;
use simulator::{
    BacklogPolicy, Distribution, MeasuredAction, Measurement, Policy, Prediction, Processing,
    Report, Sample, Scenario,
};

use crate::browser::Page;

const CHARTS: [&str; 4] = ["load", "tasks", "backlog", "wait"];

fn definition() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join("stacks/voucher-worker.yaml")
        .display()
        .to_string()
}

/// Returns the value at a dotted path such as `compared.0.waiting.p99`.
fn at<'v>(document: &'v Value, path: &str) -> &'v Value {
    path.split('.')
        .fold(document, |value, part| match part.parse::<usize>() {
            Ok(index) => &value[index],
            Err(_) => &value[part],
        })
}

#[tokio::test]
async fn a_report_shows_the_figures_of_the_json_and_complains_of_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // A path that would close a script and a tag if it weren't escaped.
    let odd = folder.path().join("a&b<");
    std::fs::create_dir(&odd).unwrap();
    let load = odd.join("script>.csv");
    let rows: String = (0..180)
        .map(|minute| format!("{},{}\n", minute * 60, 60 + minute * 10))
        .collect();
    std::fs::write(&load, format!("timestamp,count\n{rows}")).unwrap();
    let file = folder.path().join("report.html");
    let load = load.display().to_string();
    let arguments = [
        "simulate",
        &definition(),
        "--load",
        &load,
        "--compare",
        "--require",
        "10%",
        "--report",
        &file.display().to_string(),
    ];
    let answer = Bench::open().xtask(arguments).end().await.succeeds();

    let mut page = shown(&file);
    let embedded = page.value("document.getElementById('data').textContent");
    let embedded: Value = serde_json::from_str(embedded.as_str().unwrap()).unwrap();
    let mut document = answer.clone();
    // What says which command printed it isn't part of the page.
    for key in ["schema_version", "command"] {
        document.as_object_mut().unwrap().remove(key).unwrap();
    }
    assert_eq!(embedded, document, "the page carries the very document");
    has_the_figures_of(&mut page, &answer);
    assert!(
        page.value("document.title")
            .as_str()
            .unwrap()
            .starts_with("voucher-worker")
    );
    assert!(
        page.value("document.querySelector('.meta').textContent")
            .as_str()
            .unwrap()
            .contains(&load)
    );

    has_tiles_of(&mut page, &answer);
    explains(&mut page, &answer);
    draws(&mut page);
    zooms(&mut page);
    opens_the_worst(&mut page, &answer);
    lists_its_contents(&mut page);
    let hashes = page.value("document.getElementById('inputs').textContent");
    for key in ["definition_sha256", "load_sha256"] {
        let hash = answer["inputs"][key].as_str().unwrap();
        assert!(
            hash.len() == 64 && hashes.as_str().unwrap().contains(hash),
            "{hashes}"
        );
    }
    adapts(&mut page);
    assert_eq!(page.complaints, Vec::<String>::new());
    reads_without_scripts(&file, &answer);
}

/// A page in a separate browser.
fn open() -> Page {
    let mut page = Page::open(Path::new(
        &std::env::var("ECS_SCALER_TEST_CHROMIUM").unwrap(),
    ));
    page.set_viewport(1_100, 800, "light");
    page
}

/// Draws a report.
fn shown(file: &Path) -> Page {
    let mut page = open();
    page.show(file);
    page.wait_until("document.documentElement.dataset.ready === 'true'");
    page
}

/// Checks that every number on the page is in the document and matches it as text.
fn has_the_figures_of(page: &mut Page, answer: &Value) {
    let shown = page.value(
        "[...document.querySelectorAll('data')].map(one => [one.dataset.path, one.value, one.textContent])",
    );
    let shown = shown.as_array().unwrap();
    assert!(shown.len() > 40, "{shown:?}");
    for figure in shown {
        let (path, text) = (figure[0].as_str().unwrap(), figure[2].as_str().unwrap());
        let value: f64 = figure[1].as_str().unwrap().parse().unwrap();
        assert_eq!(Some(value), at(answer, path).as_f64(), "{path}");
        assert!(reads_as(text, value), "{path}: {text} is not {value}");
    }
}

/// A measured loop of three minutes: a message every half second, processed by one task and, from the second
/// minute on, by two.
fn measured(scenario: &Scenario) -> Report {
    let mut log = Measurement::new(Duration::from_secs(180));
    let mut free = [0.0f64, 60.0];
    for message in 0..360 {
        let sent = f64::from(message) * 0.5;
        let task = usize::from(free[1] < free[0]);
        let began = free[task].max(sent);
        let ended = began + 0.8;
        free[task] = ended;
        let processing = Processing {
            began,
            ended: Some(ended),
            done: true,
            receive_count: 1,
        };
        log.processing(&message.to_string(), sent, processing);
    }
    for second in 0..180 {
        let running = if second < 60 { 1 } else { 2 };
        log.sample(Sample {
            at: f64::from(second),
            desired: running,
            running,
            scale_out_alarm: (55..70).contains(&second),
            ..Sample::default()
        });
    }
    log.action(MeasuredAction {
        at: 58.0,
        from: 1,
        to: 2,
        reason: "monitor alarm <high> in state ALARM & more".to_owned(),
    });
    let outcome = log.outcome(scenario).unwrap();
    let predicted = Prediction::simulate(scenario, &log.load(false), 20).unwrap();
    Report::new("the sent messages".to_owned(), None, outcome).predicted(&predicted)
}

#[test]
fn a_measured_report_has_its_prediction_beside_it() {
    let processing = Distribution::Fixed(Duration::from_millis(800));
    let policy = Policy::BacklogPerTask(BacklogPolicy::copilot(12.0));
    let promise = Duration::from_secs(10);
    let scenario = Scenario::new("live", promise, processing, policy).in_sandbox(20.0);
    let report = measured(&scenario);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    std::fs::write(&file, report.html().unwrap()).unwrap();
    let answer = serde_json::to_value(&report).unwrap();

    let mut page = shown(&file);
    has_the_figures_of(&mut page, &answer);
    assert_eq!(
        page.value("document.title").as_str().unwrap(),
        "live measured"
    );
    let rows = answer["comparison"]["figures"].as_array().unwrap().len();
    let shown = page.value("document.querySelectorAll('#comparison tbody tr').length");
    assert_eq!(shown, rows);
    let reason = page.value("document.querySelector('#actions tbody td:last-child').textContent");
    assert_eq!(reason, "monitor alarm <high> in state ALARM & more");
    lists_its_contents(&mut page);
    // It isn't a command with these options.
    let text = page.value("document.body.textContent");
    assert!(!text.as_str().unwrap().contains("--compare"));
    // A dashed line for each predicted series: load, desired, running, backlog, wait.
    let predicted = page.value("document.querySelectorAll('path.predicted').length");
    assert_eq!(predicted, 5);
    let points = answer["series"].as_array().unwrap().len();
    // The predicted last message can start later than the measured one.
    assert!(answer["predicted"]["series"].as_array().unwrap().len() >= points);
    draws(&mut page);
    zooms(&mut page);
    adapts(&mut page);
    assert_eq!(page.complaints, Vec::<String>::new());
}

/// Whether a text for people can represent a value: a duration, a share, dollars, or seconds as hours.
fn reads_as(text: &str, value: f64) -> bool {
    if let Some((lowest, highest)) = text.split_once(" to ") {
        let number = |text: &str| -> f64 {
            let plain = text.replace([',', '$'], "");
            match plain.strip_suffix('%') {
                Some(percent) => percent.parse::<f64>().unwrap() / 100.0,
                None => plain.parse().unwrap(),
            }
        };
        // Shares are rounded down to 0.01%, and dollars to the last digit that is shown.
        let rounding = 1e-4 + 0.005 * value.abs();
        return number(lowest) <= value + rounding && value <= number(highest) + rounding;
    }
    // An amount that isn't zero, but less than the smallest one that is shown.
    if let Some(bound) = text.strip_prefix("<$") {
        return 0.0 < value && value < bound.parse().unwrap();
    }
    let plain = text.replace([',', '$'], "");
    if let Some(percent) = plain.strip_suffix('%') {
        let percent: f64 = percent.parse().unwrap();
        return (percent - value).abs() <= 0.05 || (percent - value * 100.0).abs() <= 0.01 + 1e-6;
    }
    if let Ok(number) = plain.parse::<f64>() {
        let decimals = plain
            .split_once('.')
            .map_or(0, |(_, decimals)| decimals.len());
        let exact = if text.starts_with('$') {
            decimals
        } else {
            decimals.min(1)
        };
        let near = |value: f64| (number - value).abs() <= 0.5 * 0.1f64.powi(exact as i32) + 1e-9;
        return near(value) || near(value / 3_600.0);
    }
    let (mut seconds, mut unit) = (0.0, 1.0);
    for part in plain.split(' ') {
        let digits = part.find(|c: char| c.is_ascii_alphabetic()).unwrap();
        unit = match &part[digits..] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => 86_400.0,
        };
        seconds += part[..digits].parse::<f64>().unwrap() * unit;
    }
    (seconds - value).abs() <= unit
}

/// The tiles show the document's values, as the text output writes them.
fn has_tiles_of(page: &mut Page, answer: &Value) {
    let tile = |page: &mut Page, id: &str| {
        let shown = page.value(&format!(
            "(() => {{ const one = document.querySelector('#{id} .big data'); return [one.dataset.path, one.textContent]; }})()"
        ));
        let path = shown[0].as_str().unwrap().to_owned();
        (path, shown[1].as_str().unwrap().to_owned())
    };
    let value = |path: &str| at(answer, path).as_f64().unwrap();
    let (path, text) = tile(page, "within");
    assert_eq!(path, "phases.within_objective.lowest");
    assert_eq!(text, simulator::format_share(value(&path)));
    let (path, text) = tile(page, "cost");
    assert_eq!(path, "cost.per_month");
    assert_eq!(text, simulator::format_dollars(value(&path)));
    let (path, text) = tile(page, "p99");
    assert_eq!(path, "waiting.p99");
    assert_eq!(text, simulator::format_duration(value(&path)));
    let (path, text) = tile(page, "peak");
    assert_eq!(path, "tasks.most");
    assert_eq!(text, answer["tasks"]["most"].to_string());
}

/// Cause and advice are the document's.
fn explains(page: &mut Page, answer: &Value) {
    let text = |page: &mut Page, id: &str| {
        page.value(&format!("document.querySelector('{id}').textContent"))
    };
    let plain = |value: &Value| value.as_str().unwrap().replace('`', "");
    assert!(answer["cause"]["kind"].is_string());
    assert_eq!(text(page, "#why p"), plain(&answer["cause"]["text"]));
    assert_eq!(text(page, "#advice p"), plain(&answer["advice"]["text"]));
    let command = text(page, "#advice .command code");
    assert_eq!(command, answer["advice"]["command"]);
    assert!(
        command
            .as_str()
            .unwrap()
            .contains("stacks/voucher-worker.yaml")
    );
    page.value("document.querySelector('#advice .copy').click()");
    page.wait_until(
        "['copied', 'selected'].includes(document.querySelector('#advice .copy').textContent)",
    );
}

/// The drawings of all charts.
const PATHS: &str =
    "[...document.querySelectorAll('.chart path[data-y]')].map(path => path.getAttribute('d'))";

/// Each chart has lines over its whole width, within its height.
fn draws(page: &mut Page) {
    for chart in CHARTS {
        let lines = page.value(&format!(
            "[...document.querySelectorAll('#{chart} path[data-y]:not([d=\"\"])')].map(path => {{ const box = path.getBBox(); return [box.x, box.width, box.y, box.height]; }})"
        ));
        let lines = lines.as_array().unwrap();
        assert!(!lines.is_empty(), "{chart}");
        for line in lines {
            let [left, width, top, height] =
                [0, 1, 2, 3].map(|place| line[place].as_f64().unwrap());
            assert!(left < 40.0 && left + width > 960.0, "{chart}: {line}");
            assert!(top >= 0.0 && top + height <= 100.1, "{chart}: {line}");
        }
    }
}

/// A drag over one chart zooms all of them; the pointer over one reads the values of all.
fn zooms(page: &mut Page) {
    page.value("document.querySelector('#tasks .area').scrollIntoView({block: 'center'})");
    let place =
        page.value("document.querySelector('#tasks .area').getBoundingClientRect().toJSON()");
    let [left, top] = ["left", "top"].map(|side| place[side].as_f64().unwrap());
    let mouse = |page: &mut Page, kind: &str, x: f64, buttons: u32| {
        let button = if kind == "mouseMoved" && buttons == 0 {
            "none"
        } else {
            "left"
        };
        page.call(
            "Input.dispatchMouseEvent",
            serde_json::json!({"type": kind, "x": left + x, "y": top + 20.0, "button": button, "buttons": buttons, "clickCount": 1}),
        );
    };
    mouse(page, "mouseMoved", 300.0, 0);
    page.wait_until(
        "['load', 'tasks', 'backlog', 'wait'].every(id => document.querySelector('#' + id + ' output').textContent.length > 0)",
    );
    let before = page.value(PATHS);
    mouse(page, "mousePressed", 300.0, 1);
    mouse(page, "mouseMoved", 450.0, 1);
    mouse(page, "mouseReleased", 500.0, 1);
    page.wait_until("Number(document.getElementById('time').dataset.from) > 0");
    let after = page.value(PATHS);
    let (before_all, after_all) = (before.as_array().unwrap(), after.as_array().unwrap());
    assert_eq!(before_all.len(), after_all.len());
    assert!(
        before_all
            .iter()
            .zip(after_all)
            .filter(|(one, other)| one != other)
            .count()
            >= 5
    );
    assert!(!after.to_string().contains("NaN"), "{after}");
    page.value("document.getElementById('whole').click()");
    page.wait_until("Number(document.getElementById('time').dataset.from) === 0");
    assert_eq!(page.value(PATHS), before);
}

/// A click on the worst interval shows its course in finer steps.
fn opens_the_worst(page: &mut Page, answer: &Value) {
    let worst = &answer["late_times"]["worst"][0];
    page.value("document.querySelector('button[data-late]').click()");
    let range = page.value("[document.getElementById('time').dataset.from, document.getElementById('time').dataset.to].map(Number)");
    let (from, to) = (range[0].as_f64().unwrap(), range[1].as_f64().unwrap());
    let (begin, lasts) = (
        worst["at"].as_f64().unwrap(),
        worst["lasts"].as_f64().unwrap(),
    );
    assert!(
        from <= begin && begin + lasts <= to,
        "{range} {begin} {lasts}"
    );
    assert!(to - from < answer["duration"].as_f64().unwrap());
    draws(page);
    assert!(!page.value(PATHS).to_string().contains("NaN"));
    // Each event has its number above the charts, and a line in each of the four charts and the alarms.
    let events = page.value("[...document.querySelectorAll('ol.events:not([hidden]) li')].map(one => Number(one.dataset.at))");
    let events: Vec<f64> = serde_json::from_value(events).unwrap();
    assert!(events.len() >= 3 && events.is_sorted(), "{events:?}");
    assert!(
        events.iter().all(|at| (from..=to).contains(at)),
        "{events:?}"
    );
    let shown = page.value("[document.querySelectorAll('b.event').length, document.querySelectorAll('i.event').length]");
    let areas = page.value("document.querySelectorAll('.chart .area').length");
    assert_eq!(
        shown,
        serde_json::json!([events.len(), events.len() as u64 * areas.as_u64().unwrap()])
    );
    page.value("document.getElementById('whole').click()");
    assert_eq!(page.value("document.querySelectorAll('.event').length"), 0);
}

/// Each link of the contents leads to a section.
fn lists_its_contents(page: &mut Page) {
    let links = page.value("[...document.querySelectorAll('nav a')].map(one => one.hash.slice(1))");
    let links = links.as_array().unwrap();
    assert!(links.len() >= 6, "{links:?}");
    let missing = page.value("[...document.querySelectorAll('nav a')].filter(one => document.getElementById(one.hash.slice(1))?.tagName !== 'SECTION').length");
    assert_eq!(missing, 0, "{links:?}");
}

/// From a wide screen to a phone, in the light and the dark, nothing is wider than the screen. Print is light.
fn adapts(page: &mut Page) {
    let background = "getComputedStyle(document.body).backgroundColor";
    for (scheme, color) in [("light", "rgb(255, 255, 255)"), ("dark", "rgb(15, 18, 22)")] {
        for width in [1_400, 820, 390] {
            page.set_viewport(width, 850, scheme);
            page.wait_until(&format!("innerWidth === {width}"));
            // A scrollbar takes some of the width.
            let beyond =
                "document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(page.value(beyond), 0, "{width} {scheme}");
            assert_eq!(page.value(background), color);
        }
    }
    let scatters = page.value("[...document.querySelectorAll('svg.scatter')].filter(one => one.getClientRects().length > 0).length");
    assert!(scatters.as_u64().unwrap() <= 1, "{scatters}");
    page.call(
        "Emulation.setEmulatedMedia",
        serde_json::json!({"media": "print"}),
    );
    assert_eq!(page.value(background), "rgb(255, 255, 255)");
    let printed = page.call(
        "Page.printToPDF",
        serde_json::json!({"printBackground": true}),
    );
    assert!(printed["data"].as_str().unwrap().len() > 10_000);
}

/// Without scripts, verdict, tiles, drawings and tables are there, and nothing that needs a script.
fn reads_without_scripts(file: &Path, answer: &Value) {
    let mut page = open();
    page.call(
        "Emulation.setScriptExecutionDisabled",
        serde_json::json!({"value": true}),
    );
    page.show(file);
    assert_eq!(
        page.value("document.documentElement.dataset.ready ?? null"),
        Value::Null
    );
    has_the_figures_of(&mut page, answer);
    draws(&mut page);
    let hidden = page.value("[...document.querySelectorAll('.copy, .js, #zoom')].every(one => one.getClientRects().length === 0)");
    assert_eq!(hidden, true);
    assert_eq!(page.complaints, Vec::<String>::new());
}

/// The README's picture: at most 200 KB. `UPDATE_PICTURES=1 cargo xtask test the_picture` draws it anew.
#[tokio::test]
async fn the_picture_of_the_readme_is_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let picture = root.join("docs/report.png");
    if std::env::var_os("UPDATE_PICTURES").is_some() {
        draw_picture(root, &picture).await;
    }
    let bytes = std::fs::read(&picture).unwrap();
    assert!(
        bytes.starts_with(b"\x89PNG") && bytes.len() < 200_000,
        "{}",
        bytes.len()
    );
}

async fn draw_picture(root: &Path, picture: &Path) {
    let folder = tempfile::tempdir().unwrap();
    // As the picture shows it.
    let name = "voucher-worker.yaml";
    std::fs::copy(root.join("stacks").join(name), folder.path().join(name)).unwrap();
    let load = "mmpp:rates=4/s|60/s,stays=50m|10m,for=1d";
    let file = folder.path().join("report.html");
    let program = std::env::var("ECS_SCALER_XTASK").unwrap();
    let arguments = [
        "simulate",
        name,
        "--load",
        load,
        "--assume",
        "slo=1m",
        "--require",
        "99%",
        "--compare",
        "--report",
    ];
    // It fails, because the objective is missed.
    let ran = std::process::Command::new(program)
        .args(arguments)
        .arg(&file)
        .current_dir(&folder)
        .status();
    assert_eq!(ran.unwrap().code(), Some(1));
    let mut page = open();
    page.set_viewport(1_160, 1_110, "light");
    page.call(
        "Emulation.setScrollbarsHidden",
        serde_json::json!({"hidden": true}),
    );
    page.show(&file);
    page.save_picture(picture);
}
