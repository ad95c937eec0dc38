//! The queues that a service consumes.

use super::*;

fn task(environment: &[(&str, &str)], policies: Option<&[&str]>) -> TaskReading {
    let environment = environment.iter();
    let environment = environment.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let policies = policies.map(|all| all.iter().map(|text| (*text).to_owned()).collect());
    TaskReading {
        containers: vec![ContainerReading {
            name: "worker".to_owned(),
            environment: environment.collect(),
            ..ContainerReading::default()
        }],
        role_policies: policies,
        ..TaskReading::default()
    }
}

fn choice(name: &str, dead_letter: Option<&str>) -> QueueChoice {
    QueueChoice {
        arn: arn(name),
        found: "QUEUE_URL".to_owned(),
        dead_letter: dead_letter.map(arn),
    }
}

#[test]
fn queues_are_read_in_each_way_of_writing_them() {
    let url = |account: &str, name: &str| {
        Some(QueueName::Url {
            account: account.to_owned(),
            name: name.to_owned(),
        })
    };
    let (account, other) = ("111122223333", "000000000000");
    for (text, expected) in [
        (
            "https://sqs.us-west-2.amazonaws.com/111122223333/orders",
            url(account, "orders"),
        ),
        (
            "http://localhost:4566/000000000000/orders.fifo",
            url(other, "orders.fifo"),
        ),
        (
            "https://queue.amazonaws.com/111122223333/orders/",
            url(account, "orders"),
        ),
        ("https://example.com/orders", None),
        ("https://example.com/a/b", None),
        ("postgres://shop@db/111122223333x/orders", None),
        ("orders", Some(QueueName::Name("orders".to_owned()))),
        ("or ders", None),
        ("", None),
        ("arn:aws:sns:us-west-2:111122223333:orders", None),
        (
            "arn:aws:sqs:us-west-2:111122223333:orders",
            Some(QueueName::Arn(arn("orders"))),
        ),
    ] {
        assert_eq!(parse_queue(text), expected, "{text}");
    }
}

#[test]
fn variables_tags_and_the_role_are_searched() {
    let receive = format!(
        r#"{{"Statement": [{{"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": "{}"}},
           {{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "{}"}}]}}"#,
        arn("returns"),
        arn("mails")
    );
    let environment = [
        (
            "QUEUE_URL",
            "https://sqs.us-west-2.amazonaws.com/111122223333/orders",
        ),
        ("ORDERS_QUEUE_NAME", "orders-of-today"),
        (
            "ORDERS_DLQ",
            "https://sqs.us-west-2.amazonaws.com/111122223333/orders-dlq",
        ),
        ("DATABASE", "orders"),
    ];
    let mut service = ServiceReading::default();
    service.tags.insert("queue".to_owned(), arn("tagged"));
    service.tags.insert("team".to_owned(), "orders".to_owned());
    let found = find_candidates(&service, &task(&environment, Some(&[&receive])));
    let found: Vec<(&str, bool)> = found
        .iter()
        .map(|candidate| (candidate.found.as_str(), candidate.unsure))
        .collect();
    assert_eq!(
        found,
        [
            ("ORDERS_QUEUE_NAME of container worker", true),
            ("QUEUE_URL of container worker", false),
            ("what the task role can receive", false),
            ("the service's tag queue", false),
        ]
    );
}

#[test]
fn of_several_queues_the_role_tells_which_is_consumed() {
    let role = format!(
        r#"{{"Statement": {{"Effect": "Allow", "Action": "sqs:*", "Resource": "{}"}}}}"#,
        arn("or*")
    );
    let both = || vec![choice("orders", None), choice("mails", None)];
    let chosen = choose_queues(&task(&[], Some(&[&role])), both()).unwrap();
    assert_eq!(chosen, [choice("orders", None)]);
    // Without the role, or with one that can do everything, the consumed queue isn't known.
    let all = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    for policies in [None, Some(&[all][..])] {
        let unknown = choose_queues(&task(&[], policies), both()).unwrap_err();
        assert_eq!(unknown.len(), 2);
    }
    // Another queue's dead-letter queue isn't consumed, and each queue is listed once.
    let listed = vec![
        choice("orders", Some("old")),
        choice("old", None),
        choice("orders", Some("old")),
    ];
    let chosen = choose_queues(&task(&[], None), listed).unwrap();
    assert_eq!(chosen.len(), 1);
    assert_eq!(chosen[0].found, "QUEUE_URL, and QUEUE_URL");
    assert_eq!(choose_queues(&task(&[], None), vec![]), Ok(vec![]));
    // A queue that the role can only send to isn't consumed, even if it is the only one.
    let sends = format!(
        r#"{{"Statement": {{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "{}"}}}}"#,
        arn("orders")
    );
    let only = || vec![choice("orders", None)];
    assert_eq!(
        choose_queues(&task(&[], Some(&[&sends])), only()),
        Ok(vec![])
    );
    assert_eq!(choose_queues(&task(&[], Some(&[])), only()), Ok(only()));
}
