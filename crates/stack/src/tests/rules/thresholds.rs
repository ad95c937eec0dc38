//! The metrics of step scaling, their periods, and the thresholds of its two sides.

use super::check_text;
use super::steps::{HERE, METRIC, fine, web, wrong};
use crate::tests::problems;

#[test]
fn periods() {
    let period = |value: &str| format!("        period: {value}\n        metric:");
    let at = format!("{HERE}.period");
    for value in ["60s", "5m", "1h", "1d"] {
        fine("        metric:", &period(value));
    }
    for (value, message) in [
        (
            "45s",
            "`45s` isn't 10s, 20s, 30s, or a whole number of minutes",
        ),
        (
            "90s",
            "`90s` isn't 10s, 20s, 30s, or a whole number of minutes",
        ),
        ("5s", "5s is out of range"),
        ("2d", "2d is out of range"),
        (
            "30s",
            "AWS's metrics have no datapoints less than a minute apart",
        ),
    ] {
        wrong(
            "        metric:",
            &period(value),
            &format!("error 15:17 {at}: {message}"),
        );
    }
    let own = |namespace: &str| {
        web("        metric:", &period("10s")).replace(
            "metric: request_count",
            &format!("metric: {{namespace: {namespace}, name: Load, statistic: Average}}"),
        )
    };
    assert!(problems(&own("Shop")).is_empty());
    check_text(
        &own("AWS/ECS"),
        &format!("error 15:17 {at}: AWS's metrics have no datapoints less than a minute apart"),
    );
    wrong(
        "for: 5",
        "for: 5, of: 4",
        &format!("error 17:36 {HERE}.scale_in.for: `for` is greater than `of`"),
    );
    // One day of minutes, and seven days of hours.
    fine("for: 5", "for: 1440");
    wrong(
        "for: 5",
        "for: 1441",
        &format!("error 17:36 {HERE}.scale_in.for: the alarm evaluates more than 1d"),
    );
    wrong(
        "for: 5",
        "for: 5, of: 1441",
        &format!("error 17:43 {HERE}.scale_in.of: the alarm evaluates more than 1d"),
    );
    let hours = |count: u32| {
        web("        metric:", &period("1h")).replace("for: 5", &format!("for: {count}"))
    };
    assert!(problems(&hours(168)).is_empty());
    check_text(
        &hours(169),
        &format!("error 18:36 {HERE}.scale_in.for: the alarm evaluates more than 7d"),
    );
}

#[test]
fn metrics() {
    let metric = format!("{HERE}.metric");
    for (to, place, path, message) in [
        (
            "requests",
            "15:17",
            "",
            "expected `request_count` or a metric of a queue as `{queue: …}` or any other metric as `{namespace: …}`, found `requests`",
        ),
        (
            "{name: Load, statistic: Sum}",
            "15:17",
            ".namespace",
            "`namespace` is missing in `services.worker.scaling.alarm_steps.metric`",
        ),
        (
            "{namespace: ':Shop', name: Load, statistic: Sum}",
            "15:29",
            ".namespace",
            "`:Shop` isn't the namespace of a metric",
        ),
        (
            "{namespace: Shop, name: Load, statistic: average}",
            "15:58",
            ".statistic",
            "`average` isn't a statistic",
        ),
        (
            "{namespace: Shop, name: Load, statistic: Sum, dimensions: {':a': b}}",
            "15:76",
            ".dimensions.\":a\"",
            "`:a` isn't the name of a dimension",
        ),
        (
            "{namespace: Shop, name: Load, statistic: Sum, dimensions: {a: ''}}",
            "15:79",
            ".dimensions.a",
            "empty text isn't the value of a dimension",
        ),
        (
            "{queue: orders, name: Visible, statistic: Sum}",
            "15:39",
            ".name",
            "`Visible` isn't one of the 11 supported names",
        ),
        (
            "{queue: orders, namespace: AWS/SQS, name: SentMessageSize, statistic: Sum}",
            "15:33",
            ".namespace",
            "`namespace` isn't allowed on a metric of a queue",
        ),
        (
            "{queue: orders, name: NumberOfDeduplicatedSentMessages, statistic: Sum}",
            "15:39",
            ".name",
            "SQS publishes this metric only for FIFO queues",
        ),
    ] {
        let text = web(METRIC, to);
        let lines: Vec<String> = problems(&text).iter().map(crate::tests::line).collect();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].starts_with(&format!("error {place} {metric}{path}: {message}")),
            "{lines:?}"
        );
    }
    fine(
        METRIC,
        "{namespace: AWS/ApplicationELB, name: TargetResponseTime, dimensions: {LoadBalancer: app/shop/50dc6c495c0c9188}, statistic: p90}",
    );
}

#[test]
fn statistics() {
    let with = |statistic: &str| {
        problems(&web(
            METRIC,
            &format!("{{namespace: Shop, name: Load, statistic: '{statistic}'}}"),
        ))
    };
    for taken in [
        "Average",
        "Sum",
        "Minimum",
        "Maximum",
        "SampleCount",
        "p0",
        "p0.0",
        "p99",
        "p99.9",
        "p100",
        "p95.0123456789",
        "tm90",
        "tc90",
        "ts90",
        "wm90.5",
        "IQM",
        "TM(10%:90%)",
        "TC(20.5%:80%)",
        "TS(10%:90.0%)",
        "WM(45%:55%)",
        "PR(0:100)",
        "PR(:300)",
        "PR(100:)",
        "PR(-1.5:2)",
    ] {
        assert!(with(taken).is_empty(), "{taken}");
    }
    for refused in [
        "",
        "sum",
        "AVG",
        "p",
        "p101",
        "p100.1",
        "p-1",
        "p99.",
        "p1e1",
        "P99",
        "p95.01234567891",
        "iqm",
        "tm(10%:90%)",
        "TM(5%:95%)",
        "TM(90%:10%)",
        "TM(50%:50%)",
        "TM(10:90%)",
        "PR(:)",
        "PR(5:1)",
        "PR(1%:2%)",
        "p99 ",
    ] {
        assert_eq!(with(refused).len(), 1, "{refused}");
    }
}

#[test]
fn a_load_balancer_counts_requests() {
    let needs = "the service has no load balancer to count its requests";
    wrong(
        "    port: 80\n    load_balancer: {internal: true}\n",
        "",
        &format!("error 15:17 {HERE}.metric: {needs}"),
    );
    wrong(
        "    load_balancer: {internal: true}\n",
        "",
        &format!("error 15:17 {HERE}.metric: {needs}"),
    );
    let theirs = web("    port: 80\n    load_balancer: {internal: true}\n", "")
        .replace("image: example/worker:1.0.0", "existing: shop/worker");
    check_text(
        &theirs,
        &format!("error 15:17 {HERE}.metric: the stack doesn't know this service's load balancer"),
    );
}

#[test]
fn thresholds_that_are_never_or_always_passed() {
    let (out, r#in) = (format!("{HERE}.scale_out"), format!("{HERE}.scale_in"));
    wrong(
        "at_or_above: 100",
        "at_or_above: 0",
        &format!("error 16:34 {out}.at_or_above: this alarm is always in ALARM"),
    );
    wrong(
        "below: 20",
        "below: 0",
        &format!("error 17:27 {in}.below: this alarm never goes into ALARM", in = r#in),
    );
    wrong(
        "below: 20",
        "at_or_below: -1",
        &format!("error 17:33 {in}.at_or_below: this alarm never goes into ALARM", in = r#in),
    );
    fine("below: 20", "at_or_below: 0");
    fine("at_or_above: 100", "above: 20.5");
}

#[test]
fn the_two_sides_leave_room() {
    let below = format!("{HERE}.scale_in.below");
    let both = "both alarms would be in ALARM at the same time";
    wrong(
        "below: 20",
        "below: 100.5",
        &format!("error 17:27 {below}: {both}"),
    );
    wrong(
        "below: 20",
        "above: 20",
        &format!("error 17:27 {HERE}.scale_in.above: {both}"),
    );
    wrong(
        "below: 20",
        "at_or_below: 100",
        &format!("error 17:33 {HERE}.scale_in.at_or_below: {both}"),
    );
    wrong(
        "below: 20",
        "below: 100",
        &format!("warning 17:27 {below}: there is no gap between the two thresholds"),
    );
    fine("below: 20", "below: 99");
    // The other way round: more tasks if the metric falls.
    let credits = web(
        METRIC,
        "{namespace: Shop, name: Credits, statistic: Minimum}",
    )
    .replace("at_or_above: 100", "below: 10");
    check_text(&credits, &format!("error 17:27 {below}: {both}"));
    assert!(problems(&credits.replace("{below: 20", "{above: 20")).is_empty());
    check_text(
        &credits.replace("{below: 20", "{at_or_above: 9"),
        &format!("error 17:33 {HERE}.scale_in.at_or_above: {both}"),
    );
}

#[test]
fn an_average_that_a_scale_in_lifts_over_the_threshold() {
    let cpu = web(
        METRIC,
        "{namespace: AWS/ECS, name: CPUUtilization, statistic: Average}",
    )
    .replace("at_or_above: 100", "at_or_above: 80");
    assert!(problems(&cpu).is_empty(), "20 doubles to 40");
    let close = cpu.replace("below: 20", "below: 50");
    check_text(
        &close,
        &format!("warning 17:27 {HERE}.scale_in.below: a scale-in can cause a scale-out"),
    );
    let help = problems(&close)[0].help().unwrap().to_owned();
    assert_eq!(
        help,
        "from 2 to 1 tasks the average grows from 50 to 100.0: remove tasks below 40.0, or fewer at once"
    );
    assert!(
        problems(&close.replace("{min: 1, max: 10}", "{min: 2, max: 10}")).is_empty(),
        "50 grows to 75"
    );
}
