//! Scaling policies: alone, together, and with scale to zero.

use super::{TASKS, check, check_text, fine};
use crate::tests::{changed, problems};
use crate::{AdjustmentType, AlarmMetric, BacklogSource, MissingData, Scaling, Statistic, parse};

/// The scaling of the base, which the tests replace.
const SCALING: &str = "    scaling:\n      backlog_per_task:\n        acceptable_latency: 10m\n        processing_time: 1s\n";
/// The same on one line, so that tests can add something.
const BACKLOG: &str =
    "      backlog_per_task:\n        acceptable_latency: 10m\n        processing_time: 1s\n";
const HERE: &str = "services.worker.scaling";
/// Steps on the base's queue.
const QUEUE_STEPS: &str = "{metric: {queue: orders, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}, scale_out: {at_or_above: 1, add: 1}}";

fn scaled(way: &str) -> String {
    changed(SCALING, &format!("    scaling:\n      {way}\n"))
}

fn read(text: &str) -> Scaling {
    let loaded = parse("shop.yaml", text)
        .unwrap_or_else(|report| panic!("{}", crate::tests::shown(&report)));
    let worker = loaded.stack.services.get("worker").unwrap();
    worker.scaling.clone().unwrap()
}

#[test]
fn every_way_is_read() {
    let text = changed(
        BACKLOG,
        &format!(
            "{BACKLOG}      cpu: {{target: 60, cooldown: {{out: 30s}}}}\n      memory: {{target: 80}}\n      steps: {QUEUE_STEPS}\n"
        ),
    );
    let scaling = read(&text);
    assert_eq!(
        scaling.backlog_per_task.unwrap().source,
        BacklogSource::Lambda
    );
    let cpu = scaling.cpu.unwrap();
    assert_eq!(
        (
            cpu.target,
            cpu.cooldown.out.as_secs(),
            cpu.cooldown.r#in.as_secs()
        ),
        (60, 30, 300)
    );
    assert_eq!(scaling.memory.unwrap().target, 80);
    let steps = scaling.steps.unwrap();
    assert_eq!(steps.period.as_secs(), 60);
    assert!(steps.scale_in.is_none() && scaling.alarm_steps.is_none());
    let AlarmMetric::Queue {
        queue, statistic, ..
    } = steps.metric
    else {
        panic!("a queue's metric");
    };
    assert_eq!(
        (queue.as_str(), statistic),
        ("orders", Statistic::Plain("Maximum".to_owned()))
    );
    let out = steps.scale_out.unwrap();
    assert_eq!(
        (out.datapoints, out.periods, out.missing),
        (1, 1, MissingData::Missing)
    );
    assert_eq!(
        out.steps.adjustment_type(),
        AdjustmentType::ChangeInCapacity
    );
}

#[test]
fn a_way_is_needed() {
    check_text(
        &scaled("{}").replace("    scaling:\n      {}", "    scaling: {}"),
        &format!(
            "error 13:14 {HERE}: `{HERE}` has none of `backlog_per_task`, `demand`, `cpu`, `memory`, `steps`, `alarm_steps`"
        ),
    );
    check_text(
        &scaled("alarm_stepps: {}"),
        &format!("error 14:7 {HERE}.alarm_stepps: unknown key `alarm_stepps`"),
    );
    check_text(
        &scaled("cpu: {target: 101}"),
        &format!("error 14:21 {HERE}.cpu.target: 101 is out of range"),
    );
}

#[test]
fn queues_are_needed_for_a_backlog_only() {
    let without = |text: &str| {
        let unread = text.replace("    consumes: [orders]\n", "");
        unread.replace(
            "queues:\n  orders:\n    visibility_timeout: 60s\n    dead_letter: {after: 5}\n",
            "",
        )
    };
    let text = without(&changed(TASKS, TASKS));
    check_text(
        &text,
        "error 5:3 services.worker.consumes: scaling by backlog needs a queue, but the service consumes none",
    );
    assert!(problems(&without(&scaled("cpu: {target: 60}"))).is_empty());
    let theirs = without(&scaled("cpu: {target: 60}"))
        .replace("image: example/worker:1.0.0", "existing: shop/worker");
    assert!(problems(&theirs).is_empty(), "{:?}", problems(&theirs));
}

#[test]
fn a_queue_that_only_an_alarm_watches_is_used() {
    let text = scaled(&format!("steps: {QUEUE_STEPS}")).replace("    consumes: [orders]\n", "");
    assert!(problems(&text).is_empty(), "{:?}", problems(&text));
    check_text(
        &text.replace("queue: orders", "queue: order"),
        &format!("error 13:31 {HERE}.steps.metric.queue: no queue `order` is defined"),
    );
}

#[test]
fn ways_that_fight() {
    check(
        BACKLOG,
        &format!("{BACKLOG}      alarm_steps: {QUEUE_STEPS}\n"),
        &format!(
            "error 17:7 {HERE}.alarm_steps: `alarm_steps` can't be combined with `backlog_per_task`"
        ),
    );
    check_text(
        &scaled(&format!(
            "steps: {QUEUE_STEPS}\n      alarm_steps: {QUEUE_STEPS}"
        )),
        &format!("error 15:7 {HERE}.alarm_steps: `alarm_steps` can't be combined with `steps`"),
    );
    check(
        BACKLOG,
        &format!("{BACKLOG}      steps: {QUEUE_STEPS}\n"),
        &format!(
            "warning 17:7 {HERE}.steps: step scaling and target tracking can work against each other"
        ),
    );
    fine(
        BACKLOG,
        &format!("{BACKLOG}      cpu: {{target: 60}}\n      memory: {{target: 60}}\n"),
    );
    for way in ["steps", "alarm_steps"] {
        let text = scaled(&format!("{way}: {QUEUE_STEPS}"));
        assert!(problems(&text).is_empty(), "{:?}", problems(&text));
    }
}

#[test]
fn metric_math() {
    let math = |more: &str| format!("{BACKLOG}        source: metric_math\n{more}");
    let path = format!("{HERE}.backlog_per_task");
    check(
        BACKLOG,
        &math(""),
        &format!(
            "warning 17:17 {path}.source: metric math turns Container Insights on, which is billed per metric"
        ),
    );
    let needs = "metric math needs Container Insights on in `shop`";
    check_text(
        &(changed(BACKLOG, &math("")) + "cluster: {existing: shop}\n"),
        &format!("warning 17:17 {path}.source: {needs}"),
    );
    check_text(
        &changed(BACKLOG, &math(""))
            .replace("image: example/worker:1.0.0", "existing: shop/worker"),
        &format!("warning 17:17 {path}.source: {needs}"),
    );
    let insights = |value: &str| {
        changed(BACKLOG, &math("")) + &format!("cluster: {{container_insights: {value}}}\n")
    };
    check_text(
        &insights("false"),
        &format!("error 17:17 {path}.source: metric math needs Container Insights"),
    );
    for value in ["true", "enhanced"] {
        assert!(problems(&insights(value)).is_empty(), "on anyway");
    }
    check(
        BACKLOG,
        &math("").replace("metric_math", "math"),
        &format!("error 17:17 {path}.source: expected `lambda` or `metric_math`, found `math`"),
    );
    // Four queues with two counts each plus the number of tasks make nine; a fifth queue makes eleven.
    let many = |count: usize| {
        let keys: Vec<String> = (0..count).map(|number| format!("q{number}")).collect();
        let queues: String = keys
            .iter()
            .map(|key| format!("  {key}: {{visibility_timeout: 60s, dead_letter: {{after: 5}}}}\n"))
            .collect();
        let text = changed(BACKLOG, &math("        count: [visible, in_flight]\n"))
            .replace("[orders]", &format!("[orders, {}]", keys.join(", ")))
            .replace("services:\n", &format!("{queues}services:\n"));
        problems(&text)
            .iter()
            .filter(|problem| problem.message().contains("metric math supports at most"))
            .count()
    };
    assert_eq!((many(3), many(4)), (0, 1));
}

#[test]
fn a_metric_function_without_work_is_told() {
    check_text(
        &(scaled("cpu: {target: 60}") + "metric: {every: 1m, log_retention: 30d}\n"),
        "warning 16:10 metric.every: `every` isn't used",
    );
    check_text(
        &(scaled("cpu: {target: sixty}") + "metric: {every: 1m}\n")
            .replace("metric: {every: 1m}\n", ""),
        &format!("error 14:21 {HERE}.cpu.target: expected a whole number, found `sixty`"),
    );
}

#[test]
fn no_task_needs_something_that_wakes() {
    let none = |text: String| text.replace(TASKS, "{min: 0, max: 10}");
    let min = "services.worker.tasks.min";
    let asleep =
        format!("error 12:18 {min}: `min` is 0, but nothing can scale the service from zero");
    check_text(
        &none(changed(TASKS, TASKS)),
        &format!(
            "warning 14:7 {HERE}.backlog_per_task.count: a task without a backlog counts as idle, and `min` is 0"
        ),
    );
    let counted = changed(
        BACKLOG,
        &format!("{BACKLOG}        count: [visible, in_flight]\n"),
    );
    assert!(problems(&none(counted.clone())).is_empty());
    // Even if the target is small, which would otherwise cause a warning.
    let small = none(counted).replace("processing_time: 1s", "processing_time: 100s");
    let small = small
        .replace("60s", "600s")
        .replace("    consumes", "    stop_timeout: 120s\n    consumes");
    assert!(problems(&small).is_empty(), "{:?}", problems(&small));
    for way in ["steps", "alarm_steps"] {
        let text = none(scaled(&format!("{way}: {QUEUE_STEPS}")));
        assert!(problems(&text).is_empty(), "{:?}", problems(&text));
    }
    for (way, reason) in [
        ("cpu: {target: 60}".to_owned(), "no utilization"),
        ("memory: {target: 60}".to_owned(), "no utilization"),
        (
            format!(
                "steps: {}",
                QUEUE_STEPS
                    .replace("scale_out", "scale_in")
                    .replace("add: 1", "remove: 1")
                    .replace("MessagesVisible", "MessagesNotVisible")
            ),
            "without `scale_out`",
        ),
        (
            format!("alarm_steps: {}", QUEUE_STEPS.replace("add: 1", "add: 10%")),
            "a percentage of no task is none",
        ),
    ] {
        let text = none(scaled(&way));
        check_text(&text, &asleep);
        let help = problems(&text)[0].help().unwrap().to_owned();
        assert!(help.contains(reason), "{help}");
    }
    let text = none(scaled(&format!(
        "steps: {}",
        QUEUE_STEPS.replace("add: 1", "add: 10%, at_least: 1")
    )));
    assert!(problems(&text).is_empty(), "{:?}", problems(&text));
}

#[test]
fn no_task_without_a_word_from_the_metric() {
    let none = |text: String| text.replace(TASKS, "{min: 0, max: 10}");
    let messages = |text: &str| -> Vec<String> {
        problems(text)
            .iter()
            .map(|found| found.message().to_owned())
            .collect()
    };
    let math = none(changed(
        BACKLOG,
        &format!("{BACKLOG}        source: metric_math\n"),
    ));
    assert!(
        messages(&math)
            .contains(&"`min` is 0, but nothing can scale the service from zero".to_owned())
    );
    let requests = "alarm_steps: {metric: request_count, scale_out: {at_or_above: 100, add: 1}}";
    let web = none(scaled(requests)).replace(
        "    consumes:",
        "    port: 80\n    load_balancer: {internal: true}\n    consumes:",
    );
    check_text(
        &web,
        "error 14:18 services.worker.tasks.min: `min` is 0, but nothing can scale the service from zero",
    );
    let help = problems(&web)[0].help().unwrap().to_owned();
    assert!(
        help.starts_with("a load balancer counts only the requests"),
        "{help}"
    );
    let own = "steps: {metric: {namespace: AWS/ECS, name: CPUUtilization, statistic: Average}, scale_out: {at_or_above: 80, add: 1}}";
    check_text(
        &none(scaled(own)),
        &format!(
            "warning 14:35 {HERE}.steps.metric.namespace: the metric has no datapoints without a task, and `min` is 0"
        ),
    );
}

/// Only the owner of a service can change how often ECS measures it.
#[test]
fn high_resolution_of_an_existing_service() {
    let cpu = "      cpu: {target: 60, high_resolution: true}\n";
    let text = changed(BACKLOG, cpu).replace(
        "    image: example/worker:1.0.0\n",
        "    existing: shop/worker\n",
    );
    check_text(
        &text,
        &format!(
            "warning 14:42 {HERE}.cpu.high_resolution: the policy has no metric unless `shop/worker` publishes `CPUUtilization` every 20 s"
        ),
    );
    assert!(problems(&changed(BACKLOG, cpu)).is_empty());
}
