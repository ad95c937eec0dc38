//! Scaling by demand.

use std::time::Duration;

use super::{TASKS, check_text};
use crate::tests::{changed, line, problems, shown};
use crate::{Actuator, Cooldown, Demand, Warm, parse};

/// The scaling of the base, which is replaced by demand.
const BACKLOG: &str =
    "      backlog_per_task:\n        acceptable_latency: 10m\n        processing_time: 1s\n";
const HERE: &str = "services.worker.scaling.demand";

/// A demand without any problem. Its keys start in line 15.
const DEMAND: &str = "      demand:\n        acceptable_latency: 1m\n        processing_time: 2s\n";

fn scaled(more: &str) -> String {
    changed(BACKLOG, &format!("{DEMAND}{more}"))
}

#[track_caller]
fn check(more: &str, expected: &str) {
    check_text(&scaled(more), expected);
}

#[track_caller]
fn fine(text: &str) {
    let lines: Vec<String> = problems(text).iter().map(line).collect();
    assert!(lines.is_empty(), "{lines:?}\n{text}");
}

fn read(text: &str) -> Demand {
    let loaded = parse("shop.yaml", text).unwrap_or_else(|report| panic!("{}", shown(&report)));
    let worker = loaded.stack.services.get("worker").unwrap();
    worker.demand().unwrap().clone()
}

#[test]
fn every_key_is_read() {
    let seconds = Duration::from_secs;
    let defaults = Demand {
        acceptable_latency: seconds(60),
        processing_time: Some(seconds(2)),
        concurrency: 1,
        actuator: Actuator::Function,
        every: scaling::DEMAND_INTERVAL,
        warm: Warm::Auto,
        task_start: scaling::DEMAND_TASK_START,
        window: scaling::DEMAND_WINDOW,
        cooldown: Cooldown {
            out: Duration::ZERO,
            r#in: Duration::ZERO,
        },
    };
    assert_eq!(read(&scaled("")), defaults);
    let all = "        concurrency: 8\n        actuator: target_tracking\n        task_start: 1m\n        window: 10m\n        cooldown: {out: 30s, in: 5m}\n";
    let text = changed(
        BACKLOG,
        &format!(
            "{}{all}",
            DEMAND.replace("2s", "measured").replace("1m", "5m")
        ),
    );
    let expected = Demand {
        acceptable_latency: seconds(300),
        processing_time: None,
        concurrency: 8,
        actuator: Actuator::TargetTracking,
        every: seconds(5),
        warm: Warm::Auto,
        task_start: seconds(60),
        window: seconds(600),
        cooldown: Cooldown {
            out: seconds(30),
            r#in: seconds(300),
        },
    };
    assert_eq!(read(&text), expected);
    fine(&text);
    let ours = "        every: 30s\n        warm: 3\n";
    let expected = Demand {
        every: seconds(30),
        warm: Warm::Tasks(3),
        ..defaults
    };
    assert_eq!(
        read(&scaled(ours).replace("latency: 1m", "latency: 2m")).every,
        expected.every
    );
    assert_eq!(read(&scaled(ours)).warm, expected.warm);
    assert_eq!(read(&scaled("        warm: off\n")).warm, Warm::Off);
}

#[test]
fn the_promise_is_that_of_the_queue() {
    let stack = parse("shop.yaml", &scaled("")).unwrap().stack;
    assert_eq!(
        stack.oldest_message("orders"),
        Some(Duration::from_secs(60))
    );
    let worker = stack.services.get("worker").unwrap();
    assert!(worker.has_scaling_function() && !worker.is_measured());
    let tracked = scaled("        actuator: target_tracking\n");
    let stack = parse("shop.yaml", &tracked).unwrap().stack;
    let worker = stack.services.get("worker").unwrap();
    assert!(!worker.has_scaling_function() && worker.is_measured());
}

#[test]
fn a_processing_time_is_a_duration_or_a_word() {
    let with = |value: &str| scaled("").replace("time: 2s", &format!("time: {value}"));
    let path = format!("{HERE}.processing_time");
    for (value, message, help) in [
        (
            "measurd",
            "`measurd` is neither a duration nor `measured`",
            "did you mean `measured`?",
        ),
        (
            "2",
            "expected a duration or `measured`, found the number 2",
            "write `2s`",
        ),
        ("2 s", "`2 s` isn't a duration", "write `2s`"),
        ("0s", "0s is out of range", "1ms to 14d"),
        (
            "{}",
            "expected a duration or `measured`, found a mapping",
            "or `measured`",
        ),
        (
            "[2s]",
            "expected a duration or `measured`, found a list",
            "or `measured`",
        ),
        (
            "soon",
            "`soon` is neither a duration nor `measured`",
            "; or `measured`",
        ),
    ] {
        let text = with(value);
        check_text(&text, &format!("error 16:26 {path}: {message}"));
        let found = problems(&text)[0].help().unwrap().to_owned();
        assert!(found.contains(help), "{value}: {found}");
    }
}

#[test]
fn values_out_of_range() {
    for (more, expected) in [
        (
            "concurrency: 0",
            "error 17:22 {HERE}.concurrency: 0 is out of range",
        ),
        (
            "window: 30s",
            "error 17:17 {HERE}.window: 30s is out of range",
        ),
        (
            "task_start: 2h",
            "error 17:21 {HERE}.task_start: 2h is out of range",
        ),
        (
            "actuator: lambda",
            "error 17:19 {HERE}.actuator: expected `function`, `target_tracking` or `none`, found `lambda`",
        ),
        (
            "cooldown: {in: 1.5s}",
            "error 17:24 {HERE}.cooldown.in: `1.5s` isn't a duration",
        ),
        ("every: 7s", "error 17:16 {HERE}.every: 7s is not supported"),
        ("warm: 0", "error 17:15 {HERE}.warm: 0 is out of range"),
        (
            "warm: of",
            "error 17:15 {HERE}.warm: expected a whole number, `auto` or `off`, found `of`",
        ),
        (
            "warm: 11",
            "error 17:15 {HERE}.warm: more warm tasks than the service can have",
        ),
        (
            "cool_down: {}",
            "error 17:9 {HERE}.cool_down: unknown key `cool_down`",
        ),
        (
            "count: [visible]",
            "error 17:9 {HERE}.count: unknown key `count`",
        ),
    ] {
        check(
            &format!("        {more}\n"),
            &expected.replace("{HERE}", HERE),
        );
    }
}

#[test]
fn it_stands_alone() {
    let scaling = "services.worker.scaling";
    for (way, actuator, reason) in [
        (
            "cpu: {target: 60}",
            "function",
            "undo the other's changes within seconds",
        ),
        (
            "memory: {target: 60}",
            "target_tracking",
            "only if every policy agrees",
        ),
        (
            "backlog_per_task: {acceptable_latency: 10m, processing_time: 1s}",
            "function",
            "undo the other's changes within seconds",
        ),
        (
            "steps: {metric: {queue: orders, name: NumberOfMessagesSent, statistic: Sum}, scale_out: {at_or_above: 1, add: 1}}",
            "target_tracking",
            "only if every policy agrees",
        ),
        (
            "alarm_steps: {metric: {queue: orders, name: NumberOfMessagesSent, statistic: Sum}, scale_out: {at_or_above: 1, add: 1}}",
            "function",
            "undo the other's changes within seconds",
        ),
    ] {
        let more = format!("        actuator: {actuator}\n      {way}\n");
        let text = scaled(&more).replace("latency: 1m", "latency: 10m");
        let name = way.split_once(':').unwrap().0;
        check_text(
            &text,
            &format!("error 14:7 {scaling}.demand: `demand` can't be combined with `{name}`"),
        );
        let help = problems(&text)[0].help().unwrap().to_owned();
        assert!(help.contains(reason), "{name}: {help}");
    }
}

#[test]
fn a_queue_is_needed_and_ten_are_enough() {
    let text = scaled("").replace("    consumes: [orders]\n", "").replace(
        "queues:\n  orders:\n    visibility_timeout: 60s\n    dead_letter: {after: 5}\n",
        "",
    );
    check_text(
        &text,
        "error 5:3 services.worker.consumes: scaling by demand needs a queue, but the service consumes none",
    );
    let many = |count: usize| {
        let keys: Vec<String> = (0..count).map(|number| format!("q{number}")).collect();
        let queues: String = keys
            .iter()
            .map(|key| format!("  {key}: {{visibility_timeout: 60s, dead_letter: {{after: 5}}}}\n"))
            .collect();
        scaled("")
            .replace("[orders]", &format!("[orders, {}]", keys.join(", ")))
            .replace("services:\n", &format!("{queues}services:\n"))
    };
    fine(&many(9));
    check_text(
        &many(10),
        "error 21:15 services.worker.consumes: a service scaled by demand can consume at most 10 queues",
    );
}

#[test]
fn queues_that_the_estimate_does_not_know() {
    let fifo = "the demand of a FIFO queue is estimated too high";
    check_text(
        &scaled("").replace("  orders:\n", "  orders:\n    fifo: true\n"),
        &format!("warning 12:16 services.worker.consumes[0]: {fifo}"),
    );
    let theirs = scaled("").replace(
        "    visibility_timeout: 60s\n    dead_letter: {after: 5}\n",
        "    existing: arn:aws:sqs:us-west-2:111122223333:orders.fifo\n",
    );
    check_text(
        &theirs,
        &format!("warning 10:16 services.worker.consumes[0]: {fifo}"),
    );
    let second = "  archiver:\n    image: example/archiver:1.0.0\n    consumes: [orders]\nnotify:";
    check_text(
        &scaled("").replace("notify:", second),
        "warning 11:16 services.worker.consumes[0]: `archiver` also consumes the queue",
    );
}

#[test]
fn promises_that_a_burst_breaks() {
    let latency = format!("{HERE}.acceptable_latency");
    let late = "the latency objective is shorter than the scaling delay";
    let promise = |promise: &str, more: &str| {
        scaled(more).replace("latency: 1m", &format!("latency: {promise}"))
    };
    // Checks are 5 s apart, and a task takes 40 s.
    fine(&promise("45s", ""));
    check_text(
        &promise("44s", ""),
        &format!("warning 15:29 {latency}: {late}"),
    );
    fine(&promise("20s", "        task_start: 15s\n"));
    fine(&promise("1m10s", "        every: 30s\n"));
    // 10 messages per second of 2 s; 35 s of every 45 s are missing: 10 × 2 × 35 / 45 = 15.6 tasks.
    let help = |text: &str| problems(text)[0].help().unwrap().to_owned();
    let ten = help(&promise("10s", ""));
    assert!(
        ten.contains("about 15.6 warm tasks for each 10 messages per second"),
        "{ten}"
    );
    assert!(help(&promise("10s", "        concurrency: 4\n")).contains("about 3.9 warm tasks"));
    assert!(
        help(&promise("10s", "        warm: off\n")).contains("`warm: off` keeps no warm tasks")
    );
    let tracked = "        actuator: target_tracking\n";
    fine(&promise("5m", tracked));
    check_text(
        &promise("4m59s", tracked),
        &format!("warning 15:29 {latency}: {late}"),
    );
    // Two seconds per message, eight at once, drained within a quarter of a second.
    let several = promise("250ms", "        concurrency: 8\n");
    check_text(&several, &format!("warning 15:29 {latency}: {late}"));
    let lines: Vec<String> = problems(&promise("250ms", "        concurrency: 7\n"))
        .iter()
        .map(line)
        .collect();
    assert_eq!(
        lines[1],
        format!("warning 15:29 {latency}: a single waiting message requires more than one task")
    );
}

#[test]
fn what_is_shorter_than_a_message() {
    let slow = scaled("").replace("time: 2s", "time: 45s");
    let lines: Vec<String> = problems(&slow).iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "error 9:3 services.worker.stop_timeout: the stop timeout is shorter than the processing time of one message",
            "warning 6:25 queues.orders.visibility_timeout: the visibility timeout is less than twice the processing time of one message",
        ]
    );
    // A measured value isn't known in advance.
    fine(&slow.replace("45s", "measured"));
    check_text(
        &scaled("")
            .replace("{after: 5}", "{after: 5}\n    retention: 60s")
            .replace("latency: 1m", "latency: 2m"),
        "error 8:16 queues.orders.retention: the retention is shorter than the latency objective",
    );
}

#[test]
fn keys_of_the_function_alone() {
    for key in ["every: 10s", "warm: 2"] {
        let tracked = format!("        actuator: target_tracking\n        {key}\n");
        let name = key.split_once(':').unwrap().0;
        check_text(
            &scaled(&tracked).replace("latency: 1m", "latency: 5m"),
            &format!(
                "error 18:{} {HERE}.{name}: `{name}` can't be combined with `actuator: target_tracking`",
                name.len() + 11
            ),
        );
    }
}

#[test]
fn windows() {
    let start = "        actuator: target_tracking\n        task_start: 3m\n";
    check_text(
        &scaled(start).replace("latency: 1m", "latency: 5m"),
        &format!("warning 14:7 {HERE}.window: the window is shorter than a task start"),
    );
    let text = scaled(&format!("{start}        window: 3m\n"));
    fine(&text.replace("latency: 1m", "latency: 5m"));
}

#[test]
fn how_often_the_metric_function_looks() {
    let tracked = "        actuator: target_tracking\n";
    let every = |more: &str, every: &str| {
        scaled(more)
            .replace("latency: 1m", "latency: 5m")
            .replace("notify:", &format!("metric: {{{every}}}\nnotify:"))
    };
    let lines: Vec<String> = problems(&every(tracked, "every: 2m"))
        .iter()
        .map(line)
        .collect();
    assert_eq!(
        lines,
        [
            "error 18:17 metric.every: `demand` needs checks at most a minute apart",
            "warning 18:17 metric.every: the metric is published less often than target tracking checks it",
        ]
    );
    fine(&every(tracked, "every: 1m"));
    check_text(
        &every("", "every: 1m"),
        "warning 17:10 metric.every: `every` isn't used",
    );
    fine(&every("", "namespace: Shop"));
}

#[test]
fn no_task_is_woken_by_what_waits() {
    for actuator in ["function", "target_tracking"] {
        let text = scaled(&format!("        actuator: {actuator}\n"))
            .replace(TASKS, "{min: 0, max: 10}")
            .replace("latency: 1m", "latency: 5m");
        fine(&text);
    }
}

#[test]
fn a_policy_that_only_observes_goes_with_every_other() {
    let observed = scaled("        actuator: none\n");
    for other in [
        "backlog_per_task: {processing_time: 2s, acceptable_latency: 5m}",
        "cpu: {target: 50}",
        "alarm_steps: {metric: {queue: orders, name: NumberOfMessagesSent, statistic: Sum}, scale_out: {above: 100, add: 1}}",
    ] {
        let both = observed.replace(
            "      demand:\n",
            &format!("      {other}\n      demand:\n"),
        );
        assert_ne!(both, observed);
        let parsed =
            parse("shop.yaml", &both).unwrap_or_else(|report| panic!("{}", shown(&report)));
        let worker = parsed.stack.services.get("worker").unwrap();
        assert!(
            worker.is_scaled() && worker.has_scaling_function(),
            "{other}"
        );
        let acting = both.replace("actuator: none", "actuator: function");
        let refused = shown(&parse("shop.yaml", &acting).unwrap_err());
        assert!(
            refused.contains("`demand` can't be combined with"),
            "{refused}"
        );
    }
}

#[test]
fn a_service_whose_only_policy_observes_is_not_scaled() {
    let parsed = parse("shop.yaml", &scaled("        actuator: none\n")).unwrap();
    let worker = parsed.stack.services.get("worker").unwrap();
    assert!(worker.has_scaling_function() && !worker.is_scaled() && !worker.has_scalable_target());
    let warnings = shown(&parsed.warnings);
    assert!(
        warnings.contains("nothing sets the number of tasks"),
        "{warnings}"
    );
}
