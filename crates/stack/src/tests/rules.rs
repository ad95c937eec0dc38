//! One change of a faultless definition for each rule, and the one problem that it makes.

use super::{BASE, changed, line, problems};

/// Checks that a change makes exactly this problem.
#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    check_text(&changed(from, to), expected);
}

#[track_caller]
fn check_text(text: &str, expected: &str) {
    let found = problems(text);
    let lines: Vec<String> = found.iter().map(line).collect();
    assert_eq!(lines, [expected], "\n{text}");
    assert!(
        found[0].help().is_some_and(|help| !help.is_empty()),
        "every problem has its help"
    );
}

/// Checks that a change is fine.
#[track_caller]
fn fine(from: &str, to: &str) {
    let text = changed(from, to);
    let lines: Vec<String> = problems(&text).iter().map(line).collect();
    assert!(lines.is_empty(), "{lines:?}\n{text}");
}

const TASKS: &str = "{min: 1, max: 10}";
const LETTERS: &str = "    dead_letter: {after: 5}\n";
const NOTIFY: &str = "notify: [ops@example.com]\n";
const IMAGE: &str = "    image: example/worker:1.0.0\n";
const PROMISE: &str = "services.worker.scaling.backlog_per_task";

#[test]
fn structure() {
    check(
        "name: shop",
        "nme: shop",
        "error 1:1 nme: unknown key `nme`",
    );
    check("name: shop\n", "", "error 1:1 name: `name` is missing");
    check(
        "name: shop",
        "name:",
        "error 1:1 name: expected a stack name, found nothing",
    );
    check(
        "name: shop",
        "name: [shop]",
        "error 1:7 name: expected a stack name, found a list",
    );
    check(
        "name: shop",
        "name: 5",
        "error 1:7 name: expected a stack name, found the number 5",
    );
    check(
        "name: shop",
        "name: true",
        "error 1:7 name: expected a stack name, found the boolean true",
    );
    check(
        "name: shop",
        "name: \"\"",
        "error 1:7 name: empty text isn't a stack name",
    );
    check(
        IMAGE,
        "",
        "error 9:3 services.worker.image: `image` is missing in `services.worker`",
    );
    check(
        IMAGE,
        "    image: example/worker:1.0.0\n    colour: red\n",
        "error 11:5 services.worker.colour: unknown key `colour`",
    );
    check(
        TASKS,
        "5",
        "error 12:12 services.worker.tasks: expected a mapping, found the number 5",
    );
    check(
        "[orders]",
        "orders",
        "error 11:15 services.worker.consumes: expected a list, found `orders`",
    );
    check(
        "[orders]",
        "[orders, orders]",
        "error 11:24 services.worker.consumes[1]: `orders` is listed twice",
    );
    let empty = "name: shop\nservices: {}\nnotify: [a@b.de]\n";
    check_text(empty, "error 2:11 services: `services` is empty");
}

#[test]
fn whole_numbers() {
    let path = "services.worker.tasks.max";
    for (value, message) in [
        ("ten", "expected a whole number, found `ten`"),
        ("\"10\"", "expected a whole number, found `10`"),
        ("10.5", "expected a whole number, found the number 10.5"),
        (".inf", "expected a whole number, found the number .inf"),
        (".nan", "expected a whole number, found the number .nan"),
        ("1e2", "expected a whole number, found the number 1e2"),
        ("-1", "-1 is out of range"),
        ("5001", "5001 is out of range"),
        (
            "99999999999999999999999999999999999999999999",
            "99999999999999999999999999999999999999999999 is out of range",
        ),
        ("010", "`010` begins with a zero"),
        ("true", "expected a whole number, found the boolean true"),
    ] {
        check(
            "max: 10",
            &format!("max: {value}"),
            &format!("error 12:26 {path}: {message}"),
        );
    }
    fine("max: 10", "max: 5000");
    fine("max: 10", "max: 0x10");
}

#[test]
fn durations() {
    let path = format!("{PROMISE}.acceptable_latency");
    for (value, message) in [
        ("10", "expected a duration, found the number 10"),
        ("1.5", "expected a duration, found the number 1.5"),
        ("10 m", "`10 m` isn't a duration"),
        ("1.5m", "`1.5m` isn't a duration"),
        ("ten minutes", "`ten minutes` isn't a duration"),
        ("-5m", "`-5m` isn't a duration"),
        ("0s", "0s is out of range"),
        ("15d", "15d is out of range"),
        (
            "99999999999999999999d",
            "`99999999999999999999d` isn't a duration",
        ),
    ] {
        check("10m", value, &format!("error 15:29 {path}: {message}"));
    }
    fine("10m", "1h30m");
    check(
        "60s",
        "1500ms",
        "error 6:25 queues.orders.visibility_timeout: `1500ms` isn't a whole number of seconds",
    );
    check(
        "60s",
        "13h",
        "error 6:25 queues.orders.visibility_timeout: 13h is out of range",
    );
    check(
        LETTERS,
        "    dead_letter: {after: 5}\n    retention: 59s\n",
        "error 8:16 queues.orders.retention: 59s is out of range",
    );
    check(
        LETTERS,
        "    dead_letter: {after: 5}\n    retention: 15d\n",
        "error 8:16 queues.orders.retention: 15d is out of range",
    );
}

#[test]
fn helps_say_what_to_write() {
    let help = |from: &str, to: &str| problems(&changed(from, to))[0].help().unwrap().to_owned();
    assert_eq!(
        help("\"111122223333\"", "111122223333"),
        "quote it: \"111122223333\""
    );
    // The number alone would lose its first digit.
    assert_eq!(
        help("\"111122223333\"", "011122223333"),
        "quote it: \"011122223333\""
    );
    assert_eq!(help("max: 10", "max: '10'"), "write it without quotes: 10");
    assert_eq!(help("max: 10", "max: 010"), "write 10");
    assert_eq!(
        help("10m", "10"),
        "a duration needs its unit: write `10s` for seconds"
    );
    assert_eq!(help("10m", "10 m"), "write `10m`");
    assert_eq!(
        help("10m", "'600'"),
        "it needs its unit: write `600s` for seconds"
    );
    assert_eq!(help("60s", "1500ms"), "write `2s`");
    assert_eq!(help("60s", "13h"), "0s to 12h; the nearest is 12h");
    assert_eq!(help("[orders]", "orders"), "write it as a list: `[orders]`");
    assert_eq!(help("[orders]", "[order]"), "did you mean `orders`?");
    assert_eq!(
        help("notify:", "termination_protection: No\nnotify:"),
        "write `false`"
    );
    assert_eq!(help("tasks:", "tusks:"), "did you mean `tasks`?");
    assert_eq!(
        help("name: shop", "name: ~"),
        "quote it if the word is meant: \"~\""
    );
}

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
        "error 2:10 account: `11112222333` isn't an AWS account id",
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
        "error 17:10 notify[0]: `ops` isn't an e-mail address",
    );
    check(
        NOTIFY,
        "notify: [a@b@c.de]\n",
        "error 17:10 notify[0]: `a@b@c.de` isn't an e-mail address",
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
    fine(NOTIFY, &tag("{'cost center/é': 'a b_.:/=+-@1'}"));
    let many: Vec<String> = (0..51).map(|index| format!("t{index}: v")).collect();
    check(
        NOTIFY,
        &tag(&format!("{{{}}}", many.join(", "))),
        "error 17:7 tags: `tags` holds 51 entries",
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
    // A FIFO queue counts a dead letter's age anew.
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
        "warning 8:17 queues.orders.encryption: SNS delivers to this queue only if the key lets it",
    );
}

#[test]
fn consumption() {
    let idle = changed("[orders]", "[]");
    let lines: Vec<String> = problems(&idle).iter().map(line).collect();
    let expected = [
        "error 5:3 queues.orders: no service consumes the queue `orders`",
        "error 11:15 services.worker.consumes: scaling by backlog needs a queue, and the service consumes none",
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
    check(
        queue,
        &format!("{existing}    subscribe: []\n"),
        "error 7:5 queues.orders.subscribe: `subscribe` doesn't go with somebody else's queue",
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

#[test]
fn bounds() {
    let tasks = "services.worker.tasks";
    check(
        TASKS,
        "{min: 11, max: 10}",
        &format!("error 12:18 {tasks}.min: `min` is over `max`"),
    );
    check(
        TASKS,
        "{min: 1}",
        &format!("error 12:5 {tasks}.max: `max` is missing: scaling needs a most"),
    );
    check(
        "    tasks: {min: 1, max: 10}\n",
        "",
        &format!("error 9:3 {tasks}.max: `max` is missing: scaling needs a most"),
    );
    check(
        TASKS,
        "{min: 0, max: 10}",
        &format!(
            "error 12:18 {tasks}.min: `min` is 0, and target tracking alone doesn't wake a service dependably"
        ),
    );
    fine(TASKS, "{max: 1}");
    let fixed = "name: web\nservices: {web: {image: 'nginx:1', tasks: {min: 1, max: 2}}}\nnotify: [a@b.de]\n";
    check_text(
        fixed,
        "error 2:57 services.web.tasks.max: `max` differs from `min`, and nothing scales the service",
    );
    assert!(problems(&fixed.replace("max: 2", "max: 1")).is_empty());
}

#[test]
fn sizes() {
    let size = |cpu: &str, memory: &str| format!("{IMAGE}    cpu: {cpu}\n    memory: {memory}\n");
    for (cpu, memory) in [
        ("256", "2048"),
        ("512", "1024"),
        ("1024", "8192"),
        ("2048", "5120"),
        ("4096", "30720"),
        ("8192", "20480"),
        ("16384", "122880"),
    ] {
        fine(IMAGE, &size(cpu, memory));
    }
    for (cpu, memory) in [
        ("256", "1536"),
        ("512", "512"),
        ("1024", "1024"),
        ("4096", "31744"),
        ("8192", "17408"),
        ("16384", "36864"),
    ] {
        let message = format!(
            "error 12:13 services.worker.memory: Fargate offers no {memory} MiB with {cpu} CPU units"
        );
        check(IMAGE, &size(cpu, memory), &message);
    }
    check(
        IMAGE,
        &size("300", "512"),
        "error 11:10 services.worker.cpu: 300 is not offered",
    );
    check(
        IMAGE,
        &size("\"256\"", "512"),
        "error 11:10 services.worker.cpu: expected a whole number, found `256`",
    );
    check(
        IMAGE,
        &size("256", "0"),
        "error 12:13 services.worker.memory: 0 is out of range",
    );
    let help = problems(&changed(IMAGE, &size("512", "512")))[0]
        .help()
        .unwrap()
        .to_owned();
    assert_eq!(
        help,
        "with 512 CPU units go 1024 to 4096 in steps of 1024; the nearest is 1024"
    );
}

#[test]
fn environment() {
    let secret = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-Ab12Cd";
    let with = |lines: &str| format!("{IMAGE}{lines}");
    fine(
        IMAGE,
        &with(&format!(
            "    secrets: {{A: '{secret}:password::', B: 'arn:aws:ssm:us-west-2:111122223333:parameter/a/b'}}\n    environment: {{C: ''}}\n"
        )),
    );
    check(
        IMAGE,
        &with("    environment: {1A: b}\n"),
        "error 11:19 services.worker.environment.1A: `1A` isn't an environment variable's name",
    );
    check(
        IMAGE,
        &with("    environment: {QUEUE_URL_ORDERS: b}\n"),
        "error 11:19 services.worker.environment.QUEUE_URL_ORDERS: `QUEUE_URL_ORDERS` is a name that the stack sets",
    );
    check(
        IMAGE,
        &with(&format!(
            "    environment: {{A: b}}\n    secrets: {{A: '{secret}'}}\n"
        )),
        "error 12:15 services.worker.secrets.A: `A` is both in `environment` and in `secrets`",
    );
    check(
        IMAGE,
        &with("    secrets: {A: secret}\n"),
        "error 11:18 services.worker.secrets.A: `secret` isn't the ARN of a secret or parameter",
    );
    check(
        IMAGE,
        &with("    environment: {A: 1}\n"),
        "error 11:22 services.worker.environment.A: expected text, found the number 1",
    );
}

#[test]
fn images() {
    for image in [
        "nginx@sha256:".to_owned() + &"a".repeat(64),
        "localhost:5000/a/b:v1".to_owned(),
        "public.ecr.aws/nginx/nginx:stable".to_owned(),
    ] {
        fine(IMAGE, &format!("    image: {image}\n"));
    }
    check(
        IMAGE,
        "    image: nginx:latest\n",
        "warning 10:12 services.worker.image: the image's tag is `latest`",
    );
    check(
        IMAGE,
        "    image: localhost:5000/nginx\n",
        "warning 10:12 services.worker.image: the image has no tag, so it means `latest`",
    );
    check(
        IMAGE,
        "    image: https://nginx\n",
        "error 10:12 services.worker.image: `https://nginx` isn't a container image",
    );
}

#[test]
fn promises() {
    let latency = format!("{PROMISE}.acceptable_latency");
    check(
        "10m",
        "10s",
        &format!("warning 15:29 {latency}: the promise is shorter than scaling takes"),
    );
    check(
        "10m",
        "4m59s",
        &format!("warning 15:29 {latency}: the promise is shorter than scaling takes"),
    );
    fine("10m", "5m");
    let text = changed("10m", "500ms");
    let lines: Vec<String> = problems(&text).iter().map(line).collect();
    assert_eq!(
        lines[0],
        format!("error 15:29 {latency}: the promise is shorter than the processing of one message")
    );
    // A target of exactly one message is still kept.
    let one = changed("10m", "1s");
    assert!(
        problems(&one)
            .iter()
            .all(|problem| problem.severity() == crate::Severity::Warning)
    );
}

#[test]
fn what_is_shorter_than_a_message() {
    // 45 s a message: over the default stop timeout, under the visibility timeout.
    let slow = |lines: &str| {
        changed("processing_time: 1s", "processing_time: 45s")
            .replace(IMAGE, &format!("{IMAGE}{lines}"))
    };
    let stop = "the stop timeout is shorter than the processing of one message";
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
        "warning 6:25 queues.orders.visibility_timeout: the visibility timeout is under twice the processing of one message",
    );
    check_text(
        &slow("    stop_timeout: 60s\n")
            .replace("visibility_timeout: 60s", "visibility_timeout: 44s"),
        "error 6:25 queues.orders.visibility_timeout: the visibility timeout is shorter than the processing of one message",
    );
    check(
        IMAGE,
        &format!("{IMAGE}    stop_timeout: 121s\n"),
        "error 11:19 services.worker.stop_timeout: 121s is out of range",
    );
    check(
        "{after: 5}",
        "{after: 5}\n    retention: 9m",
        "error 8:16 queues.orders.retention: the queue drops messages that still may wait",
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
        &format!("warning 18:16 {path}: messages in work count against a small target"),
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
    check(NOTIFY, "", "warning 1:1 notify: nobody hears of the alarms");
    check(
        NOTIFY,
        &with("metric: {every: 2m}\n"),
        "warning 17:17 metric.every: the metric is published less often than target tracking looks",
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
        "error 17:25 metric.log_retention: 10d is not offered",
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
        "error 17:25 alarms.metric_silent: the silence alarm would cry at a single late datapoint",
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
fn networks_and_clusters() {
    let with = |lines: &str| format!("{lines}{NOTIFY}");
    let subnets = "subnets: [subnet-0a1b2c3d]";
    fine(
        NOTIFY,
        &with(&format!("network: {{{subnets}, vpc: vpc-0a1b2c3d}}\n")),
    );
    check(
        NOTIFY,
        &with(&format!("network: {{{subnets}}}\n")),
        "error 17:1 network: neither `vpc` nor `security_groups` is given",
    );
    check(
        NOTIFY,
        &with("network: {vpc: vpc-0a1b2c3d}\n"),
        "error 17:10 network.subnets: `subnets` is missing in `network`",
    );
    check(
        NOTIFY,
        &with("network: {vpc: vpc-0a1b2c3d, subnets: []}\n"),
        "error 17:39 network.subnets: `network.subnets` is empty",
    );
    check(
        NOTIFY,
        &with("network: {vpc: vpc-x, subnets: [subnet-0a1b2c3d]}\n"),
        "error 17:16 network.vpc: `vpc-x` isn't a VPC id",
    );
    check(
        NOTIFY,
        &with("network: creat\n"),
        "error 17:10 network: expected `create` or an existing network as `{subnets: …}`, found `creat`",
    );
    check(
        NOTIFY,
        &with("cluster: {capacity: fargat}\n"),
        "error 17:21 cluster.capacity: expected `fargate` or the capacity as `{fargate_spot: …}`, found `fargat`",
    );
    check(
        NOTIFY,
        &with("cluster: {capacity: {fargate_spt: {}}}\n"),
        "error 17:22 cluster.capacity.fargate_spt: unknown key `fargate_spt`",
    );
    check(
        NOTIFY,
        &with("cluster: {name: a b}\n"),
        "error 17:17 cluster.name: `a b` isn't a name that ECS takes",
    );

    let existing = changed(IMAGE, "    existing: shop/worker\n");
    assert!(
        problems(&existing).is_empty(),
        "nothing created, and no network needed"
    );
    check_text(
        &(existing.clone() + "network: create\n"),
        "warning 18:1 network: `network` isn't used",
    );
    check_text(
        &existing.replace("shop/worker", "worker"),
        "error 10:15 services.worker.existing: `worker` isn't a cluster and a service",
    );
    check_text(
        &existing.replace("    existing:", "    cpu: 256\n    existing:"),
        "error 10:5 services.worker.cpu: `cpu` doesn't go with somebody else's service",
    );
    check_text(
        &existing.replace("    tasks: {min: 1, max: 10}\n", ""),
        "error 9:3 services.worker.tasks: `tasks` is missing in `services.worker`",
    );
}

#[test]
fn one_mistake_is_told_once() {
    // The values that depend on a refused one aren't judged by its default.
    check(
        "10m",
        "ten",
        &format!("error 15:29 {PROMISE}.acceptable_latency: `ten` isn't a duration"),
    );
    check(
        "processing_time",
        "procesing_time",
        &format!("error 16:9 {PROMISE}.procesing_time: unknown key `procesing_time`"),
    );
    check("queues:", "queue:", "error 4:1 queue: unknown key `queue`");
    assert!(problems(BASE).is_empty());
}
