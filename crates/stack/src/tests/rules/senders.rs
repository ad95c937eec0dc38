//! The senders of a queue, its delay, and FIFO deduplication.

use super::{LETTERS, check, fine};
use crate::tests::{BASE, changed, line, problems};
use crate::{Fifo, Queue, QueueSpec, Sender, parse};

fn orders(text: &str) -> QueueSpec {
    let stack = parse("shop.yaml", text).unwrap().stack;
    match &stack.queues["orders"] {
        Queue::Create(spec) => spec.clone(),
        Queue::Existing(_) => panic!("a created queue"),
    }
}

fn with(lines: &str) -> String {
    changed(LETTERS, &format!("{LETTERS}{lines}"))
}

#[test]
fn forms_of_fifo() {
    let fifo = |value: &str| orders(&with(&format!("    fifo: {value}\n"))).fifo;
    assert_eq!(fifo("true"), Some(Fifo::default()));
    assert_eq!(fifo("{}"), Some(Fifo::default()));
    assert_eq!(fifo("false"), None);
    assert_eq!(orders(BASE).fifo, None);
    let both = Fifo {
        content_based_deduplication: true,
        high_throughput: true,
    };
    let given = "{content_based_deduplication: true, high_throughput: true}";
    assert_eq!(fifo(given), Some(both));
    let line_of = |value: &str| {
        let found = problems(&with(&format!("    fifo: {value}\n")));
        let lines = found.iter().map(line);
        lines
            .filter(|line| !line.contains("of a FIFO queue"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        line_of("yes"),
        [
            "error 8:11 queues.orders.fifo: expected `true` or `false` or a FIFO queue as `{content_based_deduplication: …}`, found `yes`"
        ]
    );
    assert_eq!(
        line_of("{high_throughput: fast}"),
        ["error 8:29 queues.orders.fifo.high_throughput: expected `true` or `false`, found `fast`"]
    );
}

#[test]
fn a_delay_counts_as_waiting() {
    fine(LETTERS, &format!("    delay: 9m\n{LETTERS}"));
    check(
        LETTERS,
        &format!("    delay: 10m\n{LETTERS}"),
        "warning 7:12 queues.orders.delay: the delay is as long as the latency objective",
    );
    check(
        LETTERS,
        &format!("    delay: 16m\n{LETTERS}"),
        "error 7:12 queues.orders.delay: 16m is out of range",
    );
}

#[test]
fn sources_and_their_accounts() {
    let senders = |list: &str| orders(&with(&format!("    senders: [{list}]\n"))).senders;
    let service = |service: &str, source: &str, account: Option<&str>| Sender::Service {
        service: service.to_owned(),
        source: source.to_owned(),
        account: account.map(str::to_owned),
    };
    let rule = "arn:aws:events:us-west-2:444455556666:rule/nightly";
    assert_eq!(
        senders(&format!(
            "{{service: s3, source: 'arn:aws:s3:::uploads'}}, {{service: events, source: '{rule}'}}, {{account: '444455556666'}}"
        )),
        [
            service("s3", "arn:aws:s3:::uploads", None),
            service("events", rule, Some("444455556666")),
            Sender::Account("444455556666".to_owned()),
        ]
    );
    assert_eq!(
        senders("{service: s3, source: 'arn:aws:s3:::uploads', account: '444455556666'}"),
        [service("s3", "arn:aws:s3:::uploads", Some("444455556666"))]
    );
}

#[test]
fn senders_that_never_deliver() {
    let check = |lines: &str, expected: &str| {
        let mut found: Vec<String> = problems(&with(lines)).iter().map(line).collect();
        found.retain(|line| !line.contains("of a FIFO queue"));
        assert_eq!(found, [expected]);
    };
    let bucket = "{service: s3, source: 'arn:aws:s3:::uploads'}";
    check(
        "    senders: [{service: events, source: 'arn:aws:s3:::uploads'}]\n",
        "error 8:41 queues.orders.senders[0].source: `events` doesn't send on behalf of this resource",
    );
    check(
        &format!("    fifo: true\n    senders: [{bucket}]\n"),
        "error 9:25 queues.orders.senders[0].service: S3 can't send to a FIFO queue",
    );
    check(
        &format!("    senders: [{bucket}, {bucket}]\n"),
        "error 8:62 queues.orders.senders[1]: the same sender is listed twice",
    );
    check(
        &format!(
            "    encryption: arn:aws:kms:us-west-2:111122223333:key/1a2b\n    senders: [{bucket}]\n"
        ),
        "warning 8:17 queues.orders.encryption: `s3.amazonaws.com` delivers to this queue only if the key allows it",
    );
    check(
        "    senders: [{service: lambda, source: 'arn:aws:s3:::uploads'}]\n",
        "error 8:25 queues.orders.senders[0].service: expected `events`, `s3` or `sns`, found `lambda`",
    );
    check(
        "    senders: [{service: s3}]\n",
        "error 8:15 queues.orders.senders[0].source: `source` is missing in `queues.orders.senders[0]`",
    );
}
