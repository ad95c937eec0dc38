//! Names, and the reach of ARNs.

use super::{IMAGE, LETTERS, NOTIFY, check, check_text, fine};
use crate::tests::{changed, problems};

#[test]
fn names() {
    for name in ["my_stack", "1shop", "-shop", "a b", "shöp"] {
        check(
            "name: shop",
            &format!("name: {name}"),
            &format!("error 1:7 name: `{name}` isn't a stack name"),
        );
    }
    fine("name: shop", &format!("name: {}", "a".repeat(128)));
    let long = "a".repeat(129);
    check(
        "name: shop",
        &format!("name: {long}"),
        &format!("error 1:7 name: `{}…` isn't a stack name", "a".repeat(80)),
    );
    check(
        "111122223333",
        "11112222333",
        "error 2:10 account: `11112222333` isn't an AWS account ID",
    );
    check(
        "us-west-2",
        "us_west_2",
        "error 3:9 region: `us_west_2` isn't an AWS region",
    );
    for region in [
        "us-gov-west-1",
        "cn-north-1",
        "ap-southeast-4",
        "eusc-de-east-1",
        "us-isob-east-1",
    ] {
        fine("us-west-2", region);
    }
    check(
        NOTIFY,
        "notify: [ops]\n",
        "error 17:10 notify[0]: `ops` isn't an email address or an SNS topic's ARN",
    );
    check(
        NOTIFY,
        "notify: [a@b@c.de]\n",
        "error 17:10 notify[0]: `a@b@c.de` isn't an email address or an SNS topic's ARN",
    );
    fine(NOTIFY, "notify: [first.last+tag@mail.example.co.uk]\n");
}

#[test]
fn tags() {
    let tag = |tag: &str| format!("tags: {tag}\n{NOTIFY}");
    check(
        NOTIFY,
        &tag("{'AWS:x': y}"),
        "error 17:8 tags.\"AWS:x\": `AWS:x` isn't a tag key",
    );
    check(
        NOTIFY,
        &tag("{x: ''}"),
        "error 17:11 tags.x: empty text isn't a tag value",
    );
    check(
        NOTIFY,
        &tag("{x: 'a*'}"),
        "error 17:11 tags.x: `a*` isn't a tag value",
    );
    check(
        NOTIFY,
        &tag("{'ecs-scaler:stack': y}"),
        "error 17:8 tags.\"ecs-scaler:stack\": `ecs-scaler:stack` isn't a tag key",
    );
    fine(NOTIFY, &tag("{'cost center/é': 'a b_.:/=+-@1'}"));
    let many: Vec<String> = (0..50).map(|index| format!("t{index}: v")).collect();
    check(
        NOTIFY,
        &tag(&format!("{{{}}}", many.join(", "))),
        "error 17:7 tags: `tags` has 50 entries",
    );
}

#[test]
fn short_names_must_stay_apart() {
    let second = "  wor-ker:\n    image: example/worker:1.0.0\nnotify:";
    check(
        "notify:",
        second,
        "error 9:3 services.worker: `wor-ker` and `worker` differ only in hyphens or case",
    );
    check(
        "  worker:\n",
        "  my_worker:\n",
        "error 9:3 services.my_worker: `my_worker` isn't a short name",
    );
}

#[test]
fn fixed_names_must_stay_apart() {
    let image = "    image: example/worker:1.0.0\n    name: same\n";
    let second = "  other: {image: 'example/worker:1', name: same}\nnotify:";
    let text = changed(IMAGE, image).replace("notify:", second);
    check_text(
        &text,
        "error 11:11 services.worker.name: the service `same` is used twice",
    );

    let queue = "    name: orders-1\n    dead_letter: {after: 5}\n  more: {existing: arn:aws:sqs:us-west-2:111122223333:orders-1}\n";
    let text = changed(LETTERS, queue).replace("[orders]", "[orders, more]");
    check_text(
        &text,
        "error 7:11 queues.orders.name: the queue name `orders-1` is used twice",
    );

    let existing = "    existing: a/b\n";
    let second = "  other: {existing: a/b, consumes: [orders], tasks: {max: 2}, scaling: {backlog_per_task: {acceptable_latency: 10m, processing_time: 1s}}}\nnotify:";
    let text = changed(IMAGE, existing).replace("notify:", second);
    check_text(
        &text,
        "error 10:15 services.worker.existing: the service `a/b` is used twice",
    );
}

#[test]
fn reach() {
    let queue = "    visibility_timeout: 60s\n    dead_letter: {after: 5}\n";
    let existing = |arn: &str| format!("    existing: {arn}\n");
    for (arn, message) in [
        (
            "arn:aws:sqs:eu-west-1:111122223333:orders",
            "the queue is in another region than the stack",
        ),
        (
            "arn:aws:sqs:us-west-2:444455556666:orders",
            "the queue is in another account than the stack",
        ),
        (
            "arn:aws-cn:sqs:us-west-2:111122223333:orders",
            "region us-west-2 isn't in the partition `aws-cn`",
        ),
        (
            "arn:aws:sns:us-west-2:111122223333:orders",
            "`arn:aws:sns:us-west-2:111122223333:orders` isn't the ARN of an SQS queue",
        ),
    ] {
        check(
            queue,
            &existing(arn),
            &format!("error 6:15 queues.orders.existing: {message}"),
        );
    }
    // Without a region in the file, the queues must at least agree.
    let two = "    existing: arn:aws:sqs:us-west-2:111122223333:orders\n  more: {existing: arn:aws:sqs:us-east-1:111122223333:more}\n";
    let text = changed(queue, two)
        .replace("region: us-west-2\n", "")
        .replace("[orders]", "[orders, more]");
    check_text(
        &text,
        "error 5:15 queues.orders.existing: the queue is in another region than the stack",
    );
    let china = existing("arn:aws-cn:sqs:cn-north-1:111122223333:orders");
    let text = changed(queue, &china).replace("region: us-west-2", "region: cn-north-1");
    assert!(problems(&text).is_empty());

    let boundary =
        |account: &str| format!("permissions_boundary: arn:aws:iam::{account}:policy/b\n{NOTIFY}");
    fine(NOTIFY, &boundary("111122223333"));
    fine(NOTIFY, &boundary("aws"));
    check(
        NOTIFY,
        &boundary("444455556666"),
        "error 17:23 permissions_boundary: the permissions boundary belongs to another account",
    );
    let key = "    dead_letter: {after: 5}\n    encryption: arn:aws:kms:us-east-1:111122223333:key/1a2b\n";
    check(
        LETTERS,
        key,
        "error 8:17 queues.orders.encryption: the KMS key is in another region than the queue",
    );
    check(
        LETTERS,
        "    dead_letter: {after: 5}\n    encryption: kms\n",
        "error 8:17 queues.orders.encryption: `kms` isn't `sqs` or the ARN of a KMS key",
    );
}

/// The base with a second queue, which the worker consumes too.
fn with_queue(key: &str, body: &str) -> String {
    changed("[orders]", &format!("[orders, {key}]"))
        .replace("services:", &format!("  {key}: {body}\nservices:"))
}

#[test]
fn a_dead_letter_queue_has_its_name_for_itself() {
    let mine = "{visibility_timeout: 60s, dead_letter: {after: 5}}";
    check_text(
        &with_queue("orders-dead-letter", mine),
        "error 8:3 queues.orders-dead-letter: `orders-dead-letter` is also the name of the dead-letter queue of `orders`",
    );
    // An existing queue isn't a resource of the stack.
    let existing = "{existing: 'arn:aws:sqs:us-west-2:111122223333:orders-dead-letter'}";
    assert!(problems(&with_queue("orders-dead-letter", existing)).is_empty());
    assert!(problems(&with_queue("orders-dead", mine)).is_empty());
}

#[test]
fn alarms_of_a_service_and_a_queue_have_names_of_their_own() {
    let queue =
        |key: &str| format!("  {key}: {{visibility_timeout: 60s, dead_letter: {{after: 5}}}}\n");
    let service = |key: &str, queue: &str| {
        format!(
            "  {key}: {{image: 'w:1', consumes: [{queue}], tasks: {{max: 2}}, scaling: {{backlog_per_task: {{acceptable_latency: 10m, processing_time: 1s}}}}}}\n"
        )
    };
    let text = |other: &str| {
        format!(
            "name: shop\nnotify: [ops@example.com]\nqueues:\n{}{}services:\n{}{}",
            queue("b-from-c"),
            queue("c"),
            service("a", "b-from-c"),
            service(other, "c")
        )
    };
    check_text(
        &text("a-from-b"),
        "error 8:39 services.a-from-b.consumes[0]: both alarms would be called `AFromBFromCSilentAlarm`",
    );
    assert!(problems(&text("a-b")).is_empty());
}

#[test]
fn topics_of_other_accounts_are_told() {
    let topic = |topic: &str| format!("{LETTERS}    subscribe: [{{topic: '{topic}'}}]\n");
    check(
        LETTERS,
        &topic("arn:aws:sns:us-west-2:444455556666:t"),
        "warning 8:25 queues.orders.subscribe[0].topic: the topic belongs to another account",
    );
    fine(LETTERS, &topic("arn:aws:sns:eu-west-1:111122223333:t"));
}
