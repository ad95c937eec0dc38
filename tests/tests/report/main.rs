//! The report of a simulation in a real browser: its content, and that it makes no requests.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test they are the assertion; clippy.toml lets them pass in test functions only"
)]

mod browser;

use std::path::Path;
use std::time::Duration;

use e2e::Bench;
use serde_json::Value;
use simulator::{
    BacklogPolicy, Distribution, MeasuredAction, Measurement, Policy, Prediction, Processing,
    Report, Sample, Scenario,
};

use crate::browser::Page;

const PANELS: [&str; 4] = ["load", "backlog", "tasks", "wait"];

fn definition() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join("stacks/voucher-worker.yaml")
        .display()
        .to_string()
}

/// Where a dotted path such as `compared.0.waiting.p99` leads.
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
    // A path that would end a script and a tag, if it were not escaped.
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
    assert_eq!(embedded, answer, "the page carries the very document");
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

    draws(&mut page, answer["series"].as_array().unwrap().len());
    zooms(&mut page);
    adapts(&mut page);
    assert_eq!(page.complaints, Vec::<String>::new());
}

/// Draws a report in a separate browser.
fn shown(file: &Path) -> Page {
    let mut page = Page::open(Path::new(
        &std::env::var("ECS_SCALER_TEST_CHROMIUM").unwrap(),
    ));
    page.set_viewport(1_100, 800, "light");
    page.show(file);
    page.wait_until("document.documentElement.dataset.ready === 'true'");
    page
}

/// Every number on the page is in the document, and matches it as text.
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

/// A measured loop of three minutes: a message every half second, processed by one task and, from the
/// second minute on, by two.
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
    // A dashed line for each predicted series: load, backlog, desired, running, wait.
    let predicted = page.value(
        "[...document.querySelectorAll('.u-legend .u-label')].filter(label => label.textContent.endsWith(', predicted')).length",
    );
    assert_eq!(predicted, 5);
    let points = answer["series"].as_array().unwrap().len();
    // The predicted last message can start later than the measured one.
    assert!(answer["predicted"]["series"].as_array().unwrap().len() >= points);
    draws(&mut page, points);
    zooms(&mut page);
    adapts(&mut page);
    assert_eq!(page.complaints, Vec::<String>::new());
}

/// Whether a text for people can stand for a value: a duration, a share, dollars, hours of seconds.
fn reads_as(text: &str, value: f64) -> bool {
    if let Some((lowest, highest)) = text.split_once(" to ") {
        let number = |text: &str| -> f64 {
            let plain = text.replace([',', '$'], "");
            match plain.strip_suffix('%') {
                Some(percent) => percent.parse::<f64>().unwrap() / 100.0,
                None => plain.parse().unwrap(),
            }
        };
        // Shares are rounded down to 0.01%, dollars to the last digit that is shown.
        let rounding = 1e-4 + 0.005 * value.abs();
        return number(lowest) <= value + rounding && value <= number(highest) + rounding;
    }
    // An amount that isn't nothing, and less than the smallest that is shown.
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

/// Each panel has drawn every point, and something stands on its canvas.
fn draws(page: &mut Page, points: usize) {
    for panel in PANELS {
        let drawn = page.value(&format!(
            "document.getElementById('{panel}').dataset.points"
        ));
        assert_eq!(drawn.as_str().unwrap(), points.to_string(), "{panel}");
        let colors = page.value(&format!(
            "(() => {{ const canvas = document.querySelector('#{panel} canvas');
                const all = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
                return new Set(all).size; }})()"
        ));
        assert!(colors.as_u64().unwrap() > 10, "{panel}: {colors} colors");
    }
}

/// A drag over one chart zooms all of them; hovering over one shows the values of all.
fn zooms(page: &mut Page) {
    let ticks = "[...document.querySelectorAll('.panel')].map(panel => panel.querySelector('.u-over').getBoundingClientRect().toJSON())";
    let boxes = page.value(ticks);
    let (left, top) = (
        boxes[1]["left"].as_f64().unwrap(),
        boxes[1]["top"].as_f64().unwrap(),
    );
    let mouse = |page: &mut Page, kind: &str, x: f64, buttons: u32| {
        let button = if kind == "mouseMoved" && buttons == 0 {
            "none"
        } else {
            "left"
        };
        page.call(
            "Input.dispatchMouseEvent",
            serde_json::json!({"type": kind, "x": left + x, "y": top + 50.0, "button": button, "buttons": buttons, "clickCount": 1}),
        );
    };
    mouse(page, "mouseMoved", 300.0, 0);
    page.wait_until("[...document.querySelectorAll('.panel')].every(panel => !panel.querySelector('.u-legend').textContent.includes('–'))");
    let before = page.value("[...document.querySelectorAll('.panel')].map(panel => panel.dataset.from + ' ' + panel.dataset.to)");
    mouse(page, "mousePressed", 300.0, 1);
    mouse(page, "mouseMoved", 450.0, 1);
    mouse(page, "mouseReleased", 500.0, 0);
    page.wait_until(
        "[...document.querySelectorAll('.panel')].every(panel => Number(panel.dataset.from) > 0)",
    );
    let after = page.value("[...document.querySelectorAll('.panel')].map(panel => panel.dataset.from + ' ' + panel.dataset.to)");
    let after = after.as_array().unwrap();
    assert!(
        after.iter().all(|range| range == &after[0]),
        "one time axis: {after:?}"
    );
    page.value("document.querySelector('[data-zoom=all]').click()");
    page.wait_until(
        "[...document.querySelectorAll('.panel')].every(panel => Number(panel.dataset.from) === 0)",
    );
    let whole = page.value("[...document.querySelectorAll('.panel')].map(panel => panel.dataset.from + ' ' + panel.dataset.to)");
    assert_eq!(whole, before);
}

/// A phone in the dark: nothing is wider than the screen, and it is dark. Print: light again.
fn adapts(page: &mut Page) {
    let background = "getComputedStyle(document.body).backgroundColor";
    assert_eq!(page.value(background), "rgb(255, 255, 255)");
    page.set_viewport(390, 800, "dark");
    page.wait_until("document.querySelector('#load canvas').getBoundingClientRect().width <= 390");
    assert_eq!(page.value("document.documentElement.scrollWidth"), 390);
    assert_eq!(page.value(background), "rgb(13, 17, 23)");
    page.value("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(page.value(background), "rgb(255, 255, 255)");
    page.value("dispatchEvent(new Event('afterprint'))");
    assert_eq!(page.value(background), "rgb(13, 17, 23)");
    let printed = page.call("Page.printToPDF", serde_json::json!({}));
    assert!(printed["data"].as_str().unwrap().len() > 10_000);
}
