//! Latency objectives in addition to the latency that policies aim at.

use std::time::Duration;

use super::{check, check_text, fine};
use crate::tests::{changed, line, problems};
use crate::{Slo, parse};

const CONSUMES: &str = "    consumes: [orders]\n";
const LATENCY: &str = "        acceptable_latency: 10m\n";

/// The base with an objective.
fn with(slo: &str) -> String {
    changed(CONSUMES, &format!("    slo: {slo}\n{CONSUMES}"))
}

fn lines(text: &str) -> Vec<String> {
    problems(text).iter().map(line).collect()
}

#[test]
fn the_objective_stands_apart_from_what_the_policy_aims_at() {
    let stack = parse("shop.yaml", &with("99.9% within 15m")).unwrap().stack;
    let worker = stack.services.get("worker").unwrap();
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let slo = Slo {
        share: Some(0.999),
        latency: minutes(15),
    };
    assert_eq!(worker.slo, Some(slo));
    assert_eq!(worker.latency_objective(), Some(minutes(15)));
    assert_eq!(worker.acceptable_latency(), Some(minutes(10)));
    assert_eq!(stack.oldest_message("orders"), Some(minutes(15)));
}

#[test]
fn a_policy_aims_at_the_objective_unless_it_has_its_own_latency() {
    let backlog = with("15m").replace(LATENCY, "");
    let demand = backlog.replace("backlog_per_task", "demand");
    for text in [backlog, demand] {
        let loaded = parse("shop.yaml", &text).unwrap();
        assert!(loaded.warnings.is_empty(), "{text}");
        let worker = loaded.stack.services.get("worker").unwrap().clone();
        assert_eq!(worker.slo.and_then(|slo| slo.share), None);
        assert_eq!(worker.acceptable_latency(), Some(Duration::from_secs(900)));
    }
}

#[test]
fn a_policy_needs_one_of_the_two() {
    check(
        LATENCY,
        "",
        "error 14:7 services.worker.scaling.backlog_per_task: `backlog_per_task` has no latency to aim at",
    );
    let demand = changed(LATENCY, "").replace("backlog_per_task", "demand");
    check_text(
        &demand,
        "error 14:7 services.worker.scaling.demand: `demand` has no latency to aim at",
    );
    // A misspelled or refused objective isn't missing.
    check(
        "acceptable_latency",
        "acceptable_latncy",
        "error 15:9 services.worker.scaling.backlog_per_task.acceptable_latncy: unknown key `acceptable_latncy`",
    );
    check_text(
        &with("99%").replace(LATENCY, ""),
        "error 11:10 services.worker.slo: `99%` isn't a latency objective",
    );
}

#[test]
fn an_objective_is_a_duration_with_or_without_a_share() {
    for (slo, message) in [
        ("0% within 10m", "`0%` isn't a share of the messages"),
        ("101% within 10m", "`101%` isn't a share of the messages"),
        ("99 within 10m", "`99` isn't a share of the messages"),
        ("99% within 10", "`10` isn't a duration"),
        ("99% in 10m", "`99% in 10m` isn't a latency objective"),
        ("soon", "`soon` isn't a latency objective"),
        ("99% within 15d", "15d is out of range"),
        ("600", "expected a latency objective, found the number 600"),
        ("{}", "expected a latency objective, found a mapping"),
    ] {
        check_text(
            &with(slo),
            &format!("error 11:10 services.worker.slo: {message}"),
        );
    }
}

#[test]
fn an_objective_is_about_the_messages_of_a_queue() {
    let shop = "  shop:\n    image: example/shop:1.0.0\n    slo: 10m\n    tasks: {min: 2}\nnotify:";
    check(
        "notify:",
        shop,
        "error 19:10 services.shop.slo: `slo` needs a queue, but the service consumes none",
    );
    // With a queue, it doesn't need a policy that aims at a latency.
    fine(
        "    tasks: {min: 1, max: 10}\n    scaling:\n      backlog_per_task:\n        acceptable_latency: 10m\n        processing_time: 1s\n",
        "    slo: 10m\n",
    );
}

#[test]
fn what_is_judged_is_the_objective() {
    check_text(
        &with("5m"),
        "warning 16:29 services.worker.scaling.backlog_per_task.acceptable_latency: the policy aims at more than the latency objective",
    );
    // A short setpoint for a long objective isn't a short objective.
    let short = with("10m").replace("latency: 10m", "latency: 30s");
    assert_eq!(lines(&short), Vec::<String>::new());
    check_text(
        &with("1m").replace(LATENCY, ""),
        "warning 11:10 services.worker.slo: the latency objective is shorter than the scaling delay",
    );
    check_text(
        &with("99% within 11m").replace("{after: 5}", "{after: 5}\n    retention: 10m"),
        "error 8:16 queues.orders.retention: the retention is shorter than the latency objective",
    );
    // Its target follows from its objective.
    let below = with("500ms").replace(LATENCY, "");
    assert!(lines(&below).contains(
        &"error 11:10 services.worker.slo: the latency objective is shorter than the processing time of one message"
            .to_owned()
    ));
}
