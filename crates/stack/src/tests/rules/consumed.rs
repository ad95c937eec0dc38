//! Queues with their own objectives.

use std::time::Duration;

use super::check_text;
use crate::tests::{BASE, line, problems};
use crate::{ConsumedQueue, Service, Slo, Stack, parse};

const BACKLOG: &str =
    "      backlog_per_task:\n        acceptable_latency: 10m\n        processing_time: 1s\n";

/// The base with a second queue, this list in line 10, and this scaling in line 13.
fn with(consumes: &str, scaling: &str) -> String {
    BASE.replace(
        "services:\n",
        "  returns: {visibility_timeout: 60s, dead_letter: {after: 5}}\nservices:\n",
    )
    .replace("account: \"111122223333\"\nregion: us-west-2\n", "")
    .replace(
        "    consumes: [orders]\n",
        &format!("    consumes: {consumes}\n"),
    )
    .replace(BACKLOG, scaling)
}

/// The same, scaled by demand with an objective of 10 min and a processing time of 1 s.
fn demanding(consumes: &str) -> String {
    with(
        consumes,
        "      demand: {acceptable_latency: 10m, processing_time: 1s}\n",
    )
}

fn read(text: &str) -> Stack {
    let lines: Vec<String> = problems(text).iter().map(line).collect();
    assert!(lines.is_empty(), "{lines:?}\n{text}");
    parse("shop.yaml", text).unwrap().stack
}

fn worker(stack: &Stack) -> &Service {
    stack.services.get("worker").unwrap()
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

#[test]
fn a_queue_has_what_it_says_and_the_rest_of_the_service() {
    let stack = read(&demanding(
        "[orders, {queue: returns, slo: 95% within 2h, processing_time: 3s}]",
    ));
    let found = worker(&stack);
    assert_eq!(found.consumes, ["orders", "returns"]);
    let own = ConsumedQueue {
        slo: Some(Slo {
            share: Some(0.95),
            latency: minutes(120),
        }),
        processing_time: Some(Duration::from_secs(3)),
    };
    assert_eq!(found.own_settings("returns"), own);
    assert_eq!(found.own_settings("orders"), ConsumedQueue::default());
    let of = |queue| {
        (
            found.queue_objective(queue),
            found.queue_processing_time(queue),
        )
    };
    let second = Duration::from_secs(1);
    assert_eq!(of("orders"), (Some(minutes(10)), Some(second)));
    assert_eq!(of("returns"), (Some(minutes(120)), Some(3 * second)));
    // Each alarm has its queue's own objective.
    assert_eq!(stack.oldest_message("orders"), Some(minutes(10)));
    assert_eq!(stack.oldest_message("returns"), Some(minutes(120)));
}

#[test]
fn a_mapping_without_settings_is_a_name() {
    let plain = read(&demanding("[orders, returns]"));
    assert_eq!(read(&demanding("[orders, {queue: returns}]")), plain);
    assert!(worker(&plain).queue_settings.is_empty());
}

/// A service needs no objective if each queue has one; its policy then aims at the shortest.
#[test]
fn queues_can_have_all_objectives() {
    let demand = "      demand: {processing_time: 1s}\n";
    let stack = read(&with(
        "[{queue: orders, slo: 2m}, {queue: returns, slo: 15m}]",
        demand,
    ));
    let found = worker(&stack);
    assert_eq!(found.latency_objective(), Some(minutes(2)));
    assert_eq!(found.acceptable_latency(), Some(minutes(2)));
    assert_eq!(found.common_objective(), None);
    check_text(
        &with("[orders, {queue: returns, slo: 15m}]", demand),
        "error 13:7 services.worker.scaling.demand: `demand` has no latency to aim at",
    );
}

#[test]
fn wrong_queues_are_named_where_they_stand() {
    check_text(
        &demanding("[orders, {queue: return, slo: 15m}, returns]"),
        "error 10:32 services.worker.consumes[1].queue: no queue `return` is defined",
    );
    for (list, column) in [
        ("[orders, returns, {queue: orders, slo: 15m}]", 41),
        (
            "[{queue: orders, slo: 15m}, {queue: orders, slo: 1h}, returns]",
            51,
        ),
    ] {
        let place = if column == 41 { 2 } else { 1 };
        check_text(
            &demanding(list),
            &format!(
                "error 10:{column} services.worker.consumes[{place}].queue: `orders` is consumed twice"
            ),
        );
    }
    check_text(
        &demanding("[orders, {slo: 15m}, returns]"),
        "error 10:24 services.worker.consumes[1].queue: `queue` is missing in `services.worker.consumes[1]`",
    );
    check_text(
        &demanding("[orders, {queue: returns, slo: 99%}]"),
        "error 10:46 services.worker.consumes[1].slo: `99%` isn't a latency objective",
    );
    check_text(
        &demanding("[orders, {queue: returns, share: 99%}]"),
        "error 10:41 services.worker.consumes[1].share: unknown key `share`",
    );
}

#[test]
fn other_policies_know_no_queues() {
    check_text(
        &with("[orders, {queue: returns, slo: 15m}]", BACKLOG),
        "error 10:46 services.worker.consumes[1].slo: `backlog_per_task` doesn't support an objective per queue",
    );
    check_text(
        &with("[orders, {queue: returns, processing_time: 2s}]", BACKLOG),
        "error 10:58 services.worker.consumes[1].processing_time: `processing_time` of a queue requires `demand`",
    );
    // Alarms and simulations use each queue's own objective, whatever scales the service.
    let stack = read(&with(
        "[orders, {queue: returns, slo: 15m}]",
        "      cpu: {target: 50}\n",
    ));
    assert_eq!(stack.oldest_message("returns"), Some(minutes(15)));
    assert_eq!(stack.oldest_message("orders"), Some(minutes(15)));
}

#[test]
fn an_objective_must_be_possible() {
    check_text(
        &demanding("[orders, {queue: returns, slo: 20s}]"),
        "warning 10:46 services.worker.consumes[1].slo: the queue's objective is shorter than the scaling delay",
    );
    check_text(
        &demanding("[orders, {queue: returns, slo: 1m, processing_time: 70s}]")
            .replace(
                "returns: {visibility_timeout: 60s",
                "returns: {visibility_timeout: 20m",
            )
            .replace("    tasks:", "    protect: true\n    tasks:"),
        "warning 10:46 services.worker.consumes[1].slo: a single waiting message requires more than one task",
    );
    // The visibility timeout belongs to the queue, and so does the processing time that it is compared with.
    check_text(
        &demanding("[orders, {queue: returns, processing_time: 70s}]")
            .replace("    tasks:", "    protect: true\n    tasks:"),
        "error 6:33 queues.returns.visibility_timeout: the visibility timeout is shorter than the processing time of one message",
    );
    check_text(
        &demanding("[orders, {queue: returns, slo: 5d}]"),
        "error 6:3 queues.returns.retention: the retention is shorter than the latency objective",
    );
}
