//! Step scaling: metrics, periods, thresholds, and steps.

use std::time::Duration;

use super::check_text;
use crate::tests::{changed, problems};
use crate::{
    AdjustmentType, AlarmMetric, Comparison, MissingData, Statistic, Step, StepScaling, parse,
};

pub(super) const HERE: &str = "services.worker.scaling.alarm_steps";
pub(super) const OUT: &str = "{at_or_above: 100, for: 1, add: 1}";
pub(super) const IN: &str = "{below: 20, for: 5, remove: 1}";
pub(super) const METRIC: &str = "request_count";

/// A valid web service, with one piece of its steps replaced.
pub(super) fn web(from: &str, to: &str) -> String {
    let text = changed(
        "    scaling:\n      backlog_per_task:\n        acceptable_latency: 10m\n        processing_time: 1s\n",
        &format!(
            "    scaling:\n      alarm_steps:\n        metric: {METRIC}\n        scale_out: {OUT}\n        scale_in: {IN}\n    port: 80\n    load_balancer: {{internal: true}}\n"
        ),
    );
    assert_eq!(text.matches(from).count(), 1, "`{from}`");
    text.replace(from, to)
}

pub(super) fn read(text: &str) -> StepScaling {
    let loaded = parse("shop.yaml", text)
        .unwrap_or_else(|report| panic!("{}", crate::tests::shown(&report)));
    let scaling = loaded.stack.services.get("worker").unwrap().scaling.clone();
    scaling.unwrap().alarm_steps.unwrap()
}

#[track_caller]
pub(super) fn fine(from: &str, to: &str) {
    let text = web(from, to);
    assert!(problems(&text).is_empty(), "{:?}\n{text}", problems(&text));
}

#[track_caller]
pub(super) fn wrong(from: &str, to: &str, expected: &str) {
    check_text(&web(from, to), expected);
}

#[test]
fn a_web_service_is_read() {
    let steps = read(&web(IN, IN));
    assert_eq!(steps.metric, AlarmMetric::RequestCount);
    assert_eq!(steps.period, Duration::from_secs(60));
    let (out, r#in) = (steps.scale_out.unwrap(), steps.scale_in.unwrap());
    assert_eq!(
        (out.comparison, out.threshold),
        (Comparison::AtOrAbove, 100.0)
    );
    assert_eq!((out.datapoints, out.periods), (1, 1));
    assert_eq!((r#in.comparison, r#in.threshold), (Comparison::Below, 20.0));
    assert_eq!((r#in.datapoints, r#in.periods), (5, 5));
    // No datapoint means no requests.
    assert_eq!(
        (out.missing, r#in.missing),
        (MissingData::NotBreaching, MissingData::Breaching)
    );
    assert_eq!(
        out.steps.as_slice(),
        [Step {
            from: 0.0,
            adjustment: 1
        }]
    );
    assert_eq!(
        r#in.steps.as_slice(),
        [Step {
            from: 0.0,
            adjustment: -1
        }]
    );
}

#[test]
fn what_a_missing_datapoint_counts_as() {
    let missing = |text: &str| {
        let steps = read(text);
        (
            steps.scale_out.unwrap().missing,
            steps.scale_in.unwrap().missing,
        )
    };
    let common = web(
        "        metric:",
        "        missing: ignore\n        metric:",
    );
    assert_eq!(missing(&common), (MissingData::Ignore, MissingData::Ignore));
    let one = common.replace("{below: 20,", "{below: 20, missing: missing,");
    assert_eq!(missing(&one), (MissingData::Ignore, MissingData::Missing));
    let own = web(METRIC, "{namespace: Shop, name: Load, statistic: Average}");
    assert_eq!(missing(&own), (MissingData::Missing, MissingData::Missing));
    wrong(
        "        metric:",
        "        missing: breach\n        metric:",
        &format!(
            "error 15:18 {HERE}.missing: expected `missing`, `ignore`, `breaching` or `not_breaching`, found `breach`"
        ),
    );
}

#[test]
fn steps_of_every_kind_are_read() {
    let out = |to: &str| {
        read(&web(OUT, &format!("{{above: 99.5, {to}}}")))
            .scale_out
            .unwrap()
    };
    let several = out("steps: [{from: 0, add: 1}, {from: 200.5, add: 3}]");
    assert_eq!(
        (several.comparison, several.threshold),
        (Comparison::Above, 99.5)
    );
    assert_eq!(
        several.steps.as_slice()[1],
        Step {
            from: 200.5,
            adjustment: 3
        }
    );
    let percent = out("add: 10%, at_least: 2");
    assert_eq!(
        percent.steps.adjustment_type(),
        AdjustmentType::PercentChangeInCapacity
    );
    assert_eq!(
        (
            percent.steps.at_least(),
            percent.steps.as_slice()[0].adjustment
        ),
        (Some(2), 10)
    );
    let set = out("set: 5");
    assert_eq!(set.steps.adjustment_type(), AdjustmentType::ExactCapacity);
    let percent = read(&web(
        "remove: 1",
        "steps: [{from: 0, remove: 10%}, {from: 5, remove: 100%}]",
    ));
    let percent = percent.scale_in.unwrap();
    assert_eq!(percent.steps.as_slice()[1].adjustment, -100);
    assert_eq!(out("for: 2, of: 3, add: 1").periods, 3);
    // A custom metric can be negative.
    let own = web(
        METRIC,
        "{namespace: Shop, name: Balance, statistic: p99.9, dimensions: {Shop: north}}",
    )
    .replace("at_or_above: 100", "at_or_below: -1.5e3")
    .replace("below: 20", "above: -2");
    let own = read(&own);
    assert_eq!(own.scale_out.unwrap().threshold, -1_500.0);
    let AlarmMetric::Other {
        dimensions,
        statistic,
        ..
    } = own.metric
    else {
        panic!("a metric of one's own");
    };
    assert_eq!(statistic, Statistic::Extended("p99.9".to_owned()));
    assert_eq!(dimensions.get("Shop").map(String::as_str), Some("north"));
}

#[test]
fn a_side_has_one_threshold_and_one_action() {
    let (out, r#in) = (format!("{HERE}.scale_out"), format!("{HERE}.scale_in"));
    let comparisons = "`at_or_above`, `above`, `below`, `at_or_below`";
    for (to, expected) in [
        (
            "{for: 1, add: 1}",
            format!("error 16:20 {out}: `{out}` has none of {comparisons}"),
        ),
        (
            "{at_or_above: 100, above: 99, add: 1}",
            format!("error 16:39 {out}: `at_or_above` and `above` exclude each other"),
        ),
        (
            "{at_or_above: 100}",
            format!("error 16:20 {out}: `{out}` has none of `add`, `set`, `steps`"),
        ),
        (
            "{at_or_above: 100, add: 1, set: 2}",
            format!("error 16:47 {out}: `add` and `set` exclude each other"),
        ),
        (
            "{at_or_above: 100, remove: 1}",
            format!("error 16:39 {out}.remove: `remove` isn't allowed on the scale-out"),
        ),
        (
            "{at_or_abov: 100, add: 1}",
            format!("error 16:21 {out}.at_or_abov: unknown key `at_or_abov`"),
        ),
        (
            "{at_or_above: 100, ad: 1}",
            format!("error 16:39 {out}.ad: unknown key `ad`"),
        ),
    ] {
        wrong(OUT, to, &expected);
    }
    wrong(
        "remove: 1",
        "remove: 1, add: 1",
        &format!("error 17:50 {in}.add: `add` isn't allowed on the scale-in", in = r#in),
    );
    let none = web(OUT, OUT).replace(
        &format!("        scale_out: {OUT}\n        scale_in: {IN}\n"),
        "",
    );
    check_text(
        &none,
        &format!("error 14:7 {HERE}: `{HERE}` has none of `scale_out`, `scale_in`"),
    );
    fine(&format!("        scale_in: {IN}\n"), "");
    fine(&format!("        scale_out: {OUT}\n"), "");
}

#[test]
fn numbers_of_a_side() {
    let (out, at) = (format!("{HERE}.scale_out"), "16:34");
    for (value, message) in [
        (".nan", ".nan is out of range"),
        (".inf", ".inf is out of range"),
        ("-.inf", "-.inf is out of range"),
        ("1e400", "1e400 is out of range"),
        ("'100'", "expected a number, found `100`"),
        ("100%", "expected a number, found `100%`"),
        ("true", "expected a number, found the boolean true"),
    ] {
        wrong(
            OUT,
            &format!("{{at_or_above: {value}, add: 1}}"),
            &format!("error {at} {out}.at_or_above: {message}"),
        );
    }
    for (value, message) in [
        ("0", "0 is out of range"),
        ("-1", "-1 is out of range"),
        ("5001", "5001 is out of range"),
        ("1001%", "1001% is out of range"),
        (
            "0%",
            "expected a number of tasks or a percentage, found `0%`",
        ),
        (
            "1.5",
            "expected a number of tasks or a percentage, found the number 1.5",
        ),
        (
            "10 %",
            "expected a number of tasks or a percentage, found `10 %`",
        ),
        (
            "'1'",
            "expected a number of tasks or a percentage, found `1`",
        ),
    ] {
        wrong(
            OUT,
            &format!("{{at_or_above: 100, add: {value}}}"),
            &format!("error 16:44 {out}.add: {message}"),
        );
    }
    wrong(
        "remove: 1",
        "remove: 101%",
        &format!("error 17:47 {HERE}.scale_in.remove: 101% is out of range"),
    );
    wrong(
        "add: 1",
        "add: 1, at_least: 2",
        &format!("error 16:65 {out}.at_least: `at_least` requires percentages"),
    );
    wrong(
        "add: 1",
        "set: 11",
        &format!("error 16:52 {out}.set: 11 tasks are outside the bounds"),
    );
    wrong(
        "remove: 1",
        "set: 0",
        &format!("error 17:44 {HERE}.scale_in.set: 0 tasks are outside the bounds"),
    );
    fine("add: 1", "set: 10");
    fine("remove: 1", "set: 1");
}

#[test]
fn steps_are_in_order_and_of_one_kind() {
    let out = format!("{HERE}.scale_out");
    for (steps, place, path, message) in [
        ("[]", "16:54", "", format!("`{out}.steps` is empty")),
        (
            "[{from: 1, add: 1}]",
            "16:62",
            "[0].from",
            "the first step starts 1 beyond the threshold, not at it".to_owned(),
        ),
        (
            "[{from: 0, add: 1}, {from: 0, add: 2}]",
            "16:81",
            "[1].from",
            "the steps aren't in ascending order".to_owned(),
        ),
        (
            "[{from: 0, add: 1}, {from: -5, add: 2}]",
            "16:81",
            "[1].from",
            "-5 is out of range".to_owned(),
        ),
        (
            "[{from: 0, add: 1}, {from: .nan, add: 2}]",
            "16:81",
            "[1].from",
            ".nan is out of range".to_owned(),
        ),
        (
            "[{from: 0, add: 1}, {from: 5, add: 20%}]",
            "16:89",
            "[1].add",
            "this step is in percent, and the first one in tasks".to_owned(),
        ),
        (
            "[{from: 0, add: 1}, {from: 5, set: 5}]",
            "16:89",
            "[1].set",
            "this step is in the count itself, and the first one in tasks".to_owned(),
        ),
        (
            "[{from: 0}]",
            "16:55",
            "[0]",
            format!("`{out}.steps[0]` has none of `add`, `set`"),
        ),
        (
            "[{from: 0, remove: 1}]",
            "16:65",
            "[0].remove",
            "`remove` isn't allowed on a step that adds tasks".to_owned(),
        ),
        (
            "[{add: 1}]",
            "16:55",
            "[0].from",
            format!("`from` is missing in `{out}.steps[0]`"),
        ),
    ] {
        wrong(
            "add: 1",
            &format!("steps: {steps}"),
            &format!("error {place} {out}.steps{path}: {message}"),
        );
    }
    wrong(
        "add: 1",
        "steps: [{from: 0, add: 3}, {from: 5, add: 1}]",
        &format!("warning 16:89 {out}.steps[1].add: this step does less than the one before it"),
    );
    wrong(
        "remove: 1",
        "steps: [{from: 0, set: 1}, {from: 5, set: 2}]",
        &format!(
            "warning 17:81 {HERE}.scale_in.steps[1].set: this step does less than the one before it"
        ),
    );
    fine("add: 1", "steps: [{from: 0, set: 3}, {from: 5, set: 5}]");
    fine(
        "remove: 1",
        "steps: [{from: 0, remove: 1}, {from: 5, remove: 2}]",
    );
}

#[test]
fn each_side_has_a_metric() {
    let queue = "{queue: orders, count: [visible, in_flight], statistic: Maximum}";
    let own = web(
        "        scale_out: {",
        &format!("        scale_out: {{metric: {queue}, "),
    );
    let stack = parse("shop.yaml", &own).unwrap().stack;
    let service = stack.services.get("worker").unwrap();
    let steps = service.scaling.clone().unwrap().alarm_steps.unwrap();
    let queues: Vec<Option<&str>> = steps.metrics().map(AlarmMetric::queue).collect();
    assert_eq!(queues, [Some("orders"), None]);
    let without = own.replace("        metric: request_count\n", "");
    check_text(
        &without,
        "error 16:9 services.worker.scaling.alarm_steps.scale_in: `scale_in` has no metric to watch",
    );
}
