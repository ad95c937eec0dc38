//! Queues.

use super::LETTERS;
use crate::Problem;
use crate::tests::{changed, line};

/// Every problem but that the policy of the base ignores message groups.
fn problems(text: &str) -> Vec<Problem> {
    let found = crate::tests::problems(text).into_iter();
    found
        .filter(|problem| !problem.message().contains("of a FIFO queue"))
        .collect()
}

#[track_caller]
fn check_text(text: &str, expected: &str) {
    let lines: Vec<String> = problems(text).iter().map(line).collect();
    assert_eq!(lines, [expected], "\n{text}");
}

#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    check_text(&changed(from, to), expected);
}

#[track_caller]
fn fine(from: &str, to: &str) {
    let lines: Vec<String> = problems(&changed(from, to)).iter().map(line).collect();
    assert!(lines.is_empty(), "{lines:?}");
}

#[test]
fn fifo_names() {
    let queue = |lines: &str| format!("{lines}{LETTERS}");
    check(
        LETTERS,
        &queue("    name: orders.fifo\n"),
        "error 7:11 queues.orders.name: the queue isn't FIFO, and its name ends in `.fifo`",
    );
    check(
        LETTERS,
        &queue("    fifo: true\n    name: orders\n"),
        "error 8:11 queues.orders.name: the queue is FIFO, and its name lacks `.fifo`",
    );
    fine(LETTERS, &queue("    fifo: true\n    name: orders.fifo\n"));
    fine(LETTERS, &queue("    fifo: true\n"));
    let longest = format!("    fifo: true\n    name: {}.fifo\n", "a".repeat(75));
    fine(LETTERS, &queue(&longest));
    let text = changed(LETTERS, &queue(&longest.replace("name: ", "name: a")));
    assert_eq!(problems(&text).len(), 1, "81 characters");
}

#[test]
fn dead_letters() {
    check(
        LETTERS,
        "",
        "warning 5:3 queues.orders: no dead-letter queue",
    );
    check(
        "{after: 5}",
        "{after: 0}",
        "error 7:26 queues.orders.dead_letter.after: 0 is out of range",
    );
    check(
        "{after: 5}",
        "{after: 1001}",
        "error 7:26 queues.orders.dead_letter.after: 1001 is out of range",
    );
    check(
        "{after: 5}",
        "{after: 5, retention: 1d}",
        "warning 7:40 queues.orders.dead_letter.retention: the dead-letter queue keeps messages for less time than the queue",
    );
    // In a FIFO queue's dead-letter queue, a message's age restarts.
    fine("{after: 5}", "{after: 5, retention: 1d}\n    fifo: true");
}

#[test]
fn subscriptions() {
    let topic = "arn:aws:sns:us-west-2:111122223333:t";
    let queue = |lines: &str| format!("{LETTERS}{lines}");
    fine(
        LETTERS,
        &queue(&format!("    subscribe: [{{topic: {topic}}}]\n")),
    );
    check(
        LETTERS,
        &queue(&format!(
            "    fifo: true\n    subscribe: [{{topic: {topic}}}]\n"
        )),
        "error 9:25 queues.orders.subscribe[0].topic: a FIFO queue can't receive from a standard topic",
    );
    fine(
        LETTERS,
        &queue(&format!(
            "    fifo: true\n    subscribe: [{{topic: {topic}.fifo}}]\n"
        )),
    );
    fine(
        LETTERS,
        &queue(&format!("    subscribe: [{{topic: {topic}.fifo}}]\n")),
    );
    check(
        LETTERS,
        &queue(&format!(
            "    subscribe:\n      - topic: {topic}\n      - topic: {topic}\n"
        )),
        "error 10:16 queues.orders.subscribe[1].topic: the topic is subscribed twice",
    );
    check(
        LETTERS,
        &queue("    subscribe: [{topic: arn:aws:sqs:us-west-2:111122223333:t}]\n"),
        "error 8:25 queues.orders.subscribe[0].topic: `arn:aws:sqs:us-west-2:111122223333:t` isn't the ARN of an SNS topic",
    );
    check(
        LETTERS,
        &queue(&format!(
            "    subscribe: [{{topic: {topic}, filter: {{kind: voucher}}}}]\n"
        )),
        "error 8:78 queues.orders.subscribe[0].filter.kind: a filter accepts a list of values",
    );
    check(
        LETTERS,
        &queue(&format!(
            "    encryption: arn:aws:kms:us-west-2:111122223333:key/1a2b\n    subscribe: [{{topic: {topic}}}]\n"
        )),
        "warning 8:17 queues.orders.encryption: SNS delivers to this queue only if the key allows it",
    );
}

#[test]
fn consumption() {
    let idle = changed("[orders]", "[]");
    let lines: Vec<String> = problems(&idle).iter().map(line).collect();
    let expected = [
        "error 5:3 queues.orders: no service consumes the queue `orders`",
        "error 11:15 services.worker.consumes: scaling by backlog needs a queue, but the service consumes none",
    ];
    assert_eq!(lines, expected);
    check(
        "[orders]",
        "[orders, leftovers]",
        "error 11:24 services.worker.consumes[1]: no queue `leftovers` is defined",
    );
    check(
        "[orders]",
        "[order]",
        "error 11:16 services.worker.consumes[0]: no queue `order` is defined",
    );
    let existing = "    existing: arn:aws:sqs:us-west-2:111122223333:orders\n";
    let queue = "    visibility_timeout: 60s\n    dead_letter: {after: 5}\n";
    fine(queue, existing);
    let key = "    key: arn:aws:kms:us-west-2:111122223333:key/2b3c4d5e\n";
    fine(queue, &format!("{existing}{key}"));
    check(
        queue,
        &format!("{existing}    key: alias/orders\n"),
        "error 7:10 queues.orders.key: `alias/orders` isn't the ARN of a KMS key",
    );
    check(
        queue,
        &format!("{existing}{}", key.replace("west", "east")),
        "error 7:10 queues.orders.key: the KMS key is in another region than the queue",
    );
    check(
        queue,
        &format!("{existing}    subscribe: []\n"),
        "error 7:5 queues.orders.subscribe: `subscribe` isn't allowed on an existing queue",
    );
}

#[test]
fn names_that_grow_over_the_limit() {
    let text = |key: &str, body: &str| {
        let queue = format!("  {key}:\n    visibility_timeout: 60s\n{body}");
        let text = crate::tests::BASE.replace("[orders]", &format!("[{key}]"));
        text.replace(
            "  orders:\n    visibility_timeout: 60s\n    dead_letter: {after: 5}\n",
            &queue,
        )
    };
    let letters = "    dead_letter: {after: 5}\n";
    let fifo = "    fifo: true\n    dead_letter: {after: 5}\n";
    let named = "    name: short\n    dead_letter: {after: 5}\n";
    for (room, body) in [(59, letters), (54, fifo), (59, named)] {
        assert!(problems(&text(&"q".repeat(room), body)).is_empty());
        let over = "q".repeat(room + 1);
        check_text(
            &text(&over, body),
            &format!("error 5:3 queues.{over}: `{over}` is too long"),
        );
    }
    // Without a dead-letter queue, the longest short name fits.
    let longest = "q".repeat(64);
    check_text(
        &text(&longest, "    fifo: true\n"),
        &format!("warning 5:3 queues.{longest}: no dead-letter queue"),
    );
}

#[test]
fn topics_that_would_share_a_logical_id() {
    let topics = |second: &str| {
        format!(
            "{LETTERS}    subscribe: [{{topic: 'arn:aws:sns:us-west-2:111122223333:paid-orders'}}, {{topic: '{second}'}}]\n"
        )
    };
    check(
        LETTERS,
        &topics("arn:aws:sns:us-west-2:111122223333:paidOrders"),
        "error 8:84 queues.orders.subscribe[1].topic: the two topics differ only in hyphens, underscores, or case",
    );
    fine(
        LETTERS,
        &topics("arn:aws:sns:us-west-2:111122223333:paid-orders2"),
    );
    fine(
        LETTERS,
        &topics("arn:aws:sns:eu-west-1:111122223333:paid-orders"),
    );
}

#[test]
fn filters_that_cloudformation_would_take_for_functions() {
    let filter = |key: &str| {
        format!(
            "{LETTERS}    subscribe: [{{topic: 'arn:aws:sns:us-west-2:111122223333:t', filter: {{{key}: [a]}}}}]\n"
        )
    };
    check(
        LETTERS,
        &filter("Ref"),
        "error 8:74 queues.orders.subscribe[0].filter.Ref: a filter can't name an attribute `Ref`",
    );
    check(
        LETTERS,
        &filter("'Fn::Sub'"),
        "error 8:74 queues.orders.subscribe[0].filter.\"Fn::Sub\": a filter can't name an attribute `Fn::Sub`",
    );
    fine(LETTERS, &filter("Reference"));
}

#[test]
fn operators_of_filters() {
    let topic = "arn:aws:sns:us-west-2:111122223333:t";
    let with = |filter: &str| {
        let text = format!("{LETTERS}    subscribe: [{{topic: {topic}, filter: {filter}}}]\n");
        let found = problems(&changed(LETTERS, &text));
        let messages: Vec<String> = found
            .iter()
            .map(|problem| problem.message().to_owned())
            .collect();
        messages.join("; ")
    };
    for fine in [
        "{a: [{numeric: ['=', 1]}]}",
        "{a: [{numeric: ['>=', -1.5, '<', 1e3]}]}",
        "{a: [{anything-but: x}, {anything-but: [x, y]}, {anything-but: {prefix: x}}]}",
        "{a: [{exists: true}], b: [{cidr: 2001:db8::/32}]}",
        "{a: [x], $or: [{b: [y]}, {c: [1], d: [2]}]}",
    ] {
        assert_eq!(with(fine), "", "{fine}");
    }
    for (refused, message) in [
        (
            "{a: [{numeric: ['>', 5, '<', 1]}]}",
            "`numeric` needs a comparison of numbers",
        ),
        (
            "{a: [{numeric: ['<', 1, '>', 5]}]}",
            "`numeric` needs a comparison of numbers",
        ),
        (
            "{a: [{numeric: 5}]}",
            "`numeric` needs a comparison of numbers",
        ),
        ("{a: [1000000001]}", "SNS doesn't support this number"),
        (
            "{a: [{exists: 'true'}]}",
            "`exists` needs `true` or `false`",
        ),
        ("{a: [{prefix: 1}]}", "`prefix` needs text"),
        (
            "{a: [{cidr: 10.0.0.0/33}]}",
            "`cidr` needs a range of addresses",
        ),
        (
            "{a: [{anything-but: []}]}",
            "`anything-but` needs texts, numbers, or a prefix",
        ),
        (
            "{a: [{prefix: x, suffix: y}]}",
            "a value has exactly one operator",
        ),
        ("{a: [{}]}", "a value has exactly one operator"),
        ("{a: [[x]]}", "a list is inside a list of accepted values"),
        ("{$or: [{a: [x]}]}", "`$or` needs several alternatives"),
        (
            "{a: [x], $or: [{b: [y], c: [y], d: [y]}, {e: [1], f: [2]}]}",
            "`queues.orders.subscribe[0].filter` has 6 attributes",
        ),
        (
            "{$or: [{a: [{prefixx: y}]}, {b: [y]}]}",
            "SNS has no operator `prefixx`",
        ),
    ] {
        assert_eq!(with(refused), message, "{refused}");
    }
}

/// Source of the two policies and their numbers: Amazon SNS Developer Guide, "Filter policy constraints".
#[test]
fn filters_on_the_body_can_be_nested() {
    let topic = "arn:aws:sns:us-west-2:111122223333:t";
    let with = |filter: &str| {
        let text = format!(
            "{LETTERS}    subscribe: [{{topic: {topic}, filter_scope: body, filter: {filter}}}]\n"
        );
        let found = problems(&changed(LETTERS, &text));
        let messages = found.iter().map(|problem| problem.message().to_owned());
        messages.collect::<Vec<_>>().join("; ")
    };
    for fine in [
        // Only 4 outermost keys.
        "{state: [a], severity: [{exists: true}], message: [x], finding: {control: [a], region: [b], account: [c]}}",
        // 4 values at level 3, and 3 at level 2: 4 × 3 × 3 × 2 = 72.
        "{a: {b: {c: [1, 2, 3, 4]}}, d: {e: [1, 2, 3]}}",
        "{a: {b: [{prefix: x}], $or: [{c: [1]}, {d: [2]}]}}",
    ] {
        assert_eq!(with(fine), "", "{fine}");
    }
    for (refused, message) in [
        // 9 × 3 × 3 × 2.
        (
            "{a: {b: {c: [1, 2, 3, 4, 5, 6, 7, 8, 9]}}, d: {e: [1, 2, 3]}}",
            "the filter has 162 combinations of values",
        ),
        (
            "{a: [1], b: [1], c: [1], d: [1], e: [1], f: {g: [1]}}",
            "`queues.orders.subscribe[0].filter` has 6 attributes",
        ),
        (
            "{a: {b: {prefixx: [1]}}, c: {d: x}}",
            "a filter accepts a list of values",
        ),
        ("{a: {b: [{prefixx: x}]}}", "SNS has no operator `prefixx`"),
        ("{a: {}}", "a filter accepts a list of values"),
    ] {
        assert_eq!(with(refused), message, "{refused}");
    }
}

#[test]
fn a_filter_scope_needs_a_filter() {
    check(
        LETTERS,
        &format!(
            "{LETTERS}    subscribe: [{{topic: 'arn:aws:sns:us-west-2:111122223333:t', filter_scope: body}}]\n"
        ),
        "error 8:65 queues.orders.subscribe[0].filter_scope: there is no filter that the scope could apply to",
    );
}
