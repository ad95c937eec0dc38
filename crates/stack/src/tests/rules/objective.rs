//! Objectives, the metric, and its alarms.

use super::{IMAGE, NOTIFY, PROMISE, check, check_text, fine};
use crate::tests::{changed, line, problems};

#[test]
fn promises() {
    let latency = format!("{PROMISE}.acceptable_latency");
    check(
        "10m",
        "10s",
        &format!(
            "warning 15:29 {latency}: the latency objective is shorter than the scaling delay"
        ),
    );
    check(
        "10m",
        "4m59s",
        &format!(
            "warning 15:29 {latency}: the latency objective is shorter than the scaling delay"
        ),
    );
    fine("10m", "5m");
    let text = changed("10m", "500ms");
    let lines: Vec<String> = problems(&text).iter().map(line).collect();
    assert_eq!(
        lines[0],
        format!(
            "error 15:29 {latency}: the latency objective is shorter than the processing time of one message"
        )
    );
    // A target of exactly one message is still valid.
    let one = changed("10m", "1s");
    assert!(
        problems(&one)
            .iter()
            .all(|problem| problem.severity() == crate::Severity::Warning)
    );
}

#[test]
fn what_is_shorter_than_a_message() {
    // 45 s per message: above the default stop timeout, below the visibility timeout.
    let slow = |lines: &str| {
        changed("processing_time: 1s", "processing_time: 45s")
            .replace(IMAGE, &format!("{IMAGE}{lines}"))
    };
    let stop = "the stop timeout is shorter than the processing time of one message";
    check_text(
        &slow(
            "    stop_timeout: 44s
",
        )
        .replace("60s", "90s"),
        &format!("error 11:19 services.worker.stop_timeout: {stop}"),
    );
    check_text(
        &slow("").replace("60s", "90s"),
        &format!("error 9:3 services.worker.stop_timeout: {stop}"),
    );
    let fine = slow(
        "    stop_timeout: 45s
",
    )
    .replace("60s", "90s");
    assert!(problems(&fine).is_empty());
    check_text(
        &slow("    stop_timeout: 60s\n"),
        "warning 6:25 queues.orders.visibility_timeout: the visibility timeout is less than twice the processing time of one message",
    );
    check_text(
        &slow("    stop_timeout: 60s\n")
            .replace("visibility_timeout: 60s", "visibility_timeout: 44s"),
        "error 6:25 queues.orders.visibility_timeout: the visibility timeout is shorter than the processing time of one message",
    );
    check(
        IMAGE,
        &format!("{IMAGE}    stop_timeout: 121s\n"),
        "error 11:19 services.worker.stop_timeout: Fargate waits at most 2m for a task to stop",
    );
    check(
        "{after: 5}",
        "{after: 5}\n    retention: 9m",
        "error 8:16 queues.orders.retention: the retention is shorter than the latency objective",
    );
}

#[test]
fn counting_messages_in_flight() {
    let count = "processing_time: 1m\n        count: [visible, in_flight]";
    let text = changed("processing_time: 1s", count)
        .replace(IMAGE, &format!("{IMAGE}    stop_timeout: 60s\n"))
        .replace("timeout: 60s\n    dead", "timeout: 2m\n    dead");
    fine("processing_time: 1s", &count.replace("1m", "1s"));
    // A target of 10 is large enough, and one of 9 isn't.
    assert!(problems(&text).is_empty());
    let path = format!("{PROMISE}.count");
    check_text(
        &text.replace("10m", "9m"),
        &format!("warning 18:16 {path}: messages in flight count toward a small target"),
    );
    check(
        "processing_time: 1s",
        "processing_time: 1s\n        count: []",
        &format!("error 17:16 {path}: `{path}` is empty"),
    );
}

#[test]
fn metric_and_alarms() {
    let with = |lines: &str| format!("{lines}{NOTIFY}");
    check(NOTIFY, "", "warning 1:1 notify: the alarms notify no one");
    check(
        NOTIFY,
        &with("metric: {every: 2m}\n"),
        "warning 17:17 metric.every: the metric is published less often than target tracking checks it",
    );
    check(
        NOTIFY,
        &with("metric: {every: 30s}\n"),
        "error 17:17 metric.every: 30s is out of range",
    );
    check(
        NOTIFY,
        &with("metric: {every: 90s}\n"),
        "error 17:17 metric.every: `90s` isn't a whole number of minutes",
    );
    check(
        NOTIFY,
        &with("metric: {memory: 64}\n"),
        "error 17:18 metric.memory: 64 is out of range",
    );
    check(
        NOTIFY,
        &with("metric: {log_retention: 10d}\n"),
        "error 17:25 metric.log_retention: 10d is not supported",
    );
    fine(
        NOTIFY,
        &with("metric: {log_retention: 24h, architecture: x86_64, namespace: Shop/Scaling}\n"),
    );
    check(
        NOTIFY,
        &with("metric: {namespace: AWS/Shop}\n"),
        "error 17:21 metric.namespace: `AWS/Shop` isn't a metric namespace",
    );
    check(
        NOTIFY,
        &with("alarms: {metric_silent: 1m}\n"),
        "error 17:25 alarms.metric_silent: `alarms.metric_silent` is too short: one late datapoint would trigger the alarm",
    );
    check(
        NOTIFY,
        &with("alarms: {oldest_message: 500ms}\n"),
        "error 17:26 alarms.oldest_message: 500ms is out of range",
    );
    check(
        NOTIFY,
        &with("alarms: {dead_letters: 0}\n"),
        "error 17:24 alarms.dead_letters: 0 is out of range",
    );
}

#[test]
fn several_messages_at_once_share_a_task() {
    let with = |concurrency: u32, latency: &str, processing: &str| {
        changed(
            "processing_time: 1s",
            &format!("processing_time: {processing}\n        concurrency: {concurrency}"),
        )
        .replace("latency: 10m", &format!("latency: {latency}"))
        .replace("timeout: 60s", "timeout: 1h")
        .replace(IMAGE, &format!("{IMAGE}    stop_timeout: 2m\n"))
    };
    let target = |text: &str| {
        let stack = crate::parse("shop.yaml", text).unwrap().stack;
        let worker = stack.services.get("worker").unwrap();
        worker.backlog_per_task().unwrap().target()
    };
    assert_eq!(target(&with(1, "10m", "60s")), Some(10.0));
    assert_eq!(target(&with(200, "10m", "60s")), Some(2_000.0));
    // Four at once start within a quarter of the time for one.
    let fine = with(4, "30s", "2m");
    assert!(
        problems(&fine)
            .iter()
            .all(|problem| problem.severity() == crate::Severity::Warning)
    );
    let refused = with(4, "29s", "2m");
    let lines: Vec<String> = problems(&refused).iter().map(line).collect();
    assert!(
        lines[0]
            .ends_with("the latency objective is shorter than the processing time of one message"),
        "{lines:?}"
    );
}

#[test]
fn what_is_protected_takes_its_time() {
    let slow = |lines: &str| {
        changed("processing_time: 1s", "processing_time: 5m")
            .replace(IMAGE, &format!("{IMAGE}{lines}"))
            .replace("60s", "10m")
    };
    let fine = |text: String| {
        let lines: Vec<String> = problems(&text).iter().map(line).collect();
        assert!(lines.is_empty(), "{lines:?}");
    };
    fine(slow("    protect: true\n"));
    fine(slow("    heartbeat: true\n"));
    fine(
        slow("    heartbeat: true\n").replace("visibility_timeout: 10m", "visibility_timeout: 1m"),
    );
    check_text(
        &slow(""),
        "warning 9:3 services.worker.stop_timeout: a stopped task drops the message that it works on",
    );
    // Even a heartbeat can't hide a message for longer.
    let day = slow("    protect: true\n    heartbeat: true\n")
        .replace("5m", "13h")
        .replace("latency: 10m", "latency: 13h");
    check_text(
        &day,
        "error 18:26 services.worker.scaling.backlog_per_task.processing_time: SQS can't hide a message for as long as its processing takes",
    );
}
