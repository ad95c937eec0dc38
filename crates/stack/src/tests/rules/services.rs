//! Services, networks, and clusters.

use super::{IMAGE, NOTIFY, TASKS, check, check_text, fine};
use crate::tests::{changed, line, problems};

#[test]
fn bounds() {
    let tasks = "services.worker.tasks";
    check(
        TASKS,
        "{min: 11, max: 10}",
        &format!("error 12:18 {tasks}.min: `min` is greater than `max`"),
    );
    check(
        TASKS,
        "{min: 1}",
        &format!("error 12:5 {tasks}.max: `tasks.max` is required when `scaling` is set"),
    );
    check(
        "    tasks: {min: 1, max: 10}\n",
        "",
        &format!("error 9:3 {tasks}.max: `tasks.max` is required when `scaling` is set"),
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
            "error 12:13 services.worker.memory: Fargate doesn't support {memory} MiB with {cpu} CPU units"
        );
        check(IMAGE, &size(cpu, memory), &message);
    }
    check(
        IMAGE,
        &size("300", "512"),
        "error 11:10 services.worker.cpu: Fargate doesn't support 300 CPU units",
    );
    check(
        IMAGE,
        &size("\"256\"", "512"),
        "error 11:10 services.worker.cpu: expected a whole number, found `256`",
    );
    check(
        IMAGE,
        &size("256", "5"),
        "error 12:13 services.worker.memory: 5 is out of range",
    );
    let help = problems(&changed(IMAGE, &size("512", "512")))[0]
        .help()
        .unwrap()
        .to_owned();
    assert_eq!(
        help,
        "with 512 CPU units, use 1024 to 4096 MiB in steps of 1024; the nearest is 1024"
    );
}

/// Shows the place and the fix, but not the value, because it might be written to a log.
#[test]
fn secrets_in_the_environment() {
    let text = changed(
        IMAGE,
        &format!("{IMAGE}    environment: {{DB_PASSWORD: hunter2!, GREETING: hello}}\n"),
    );
    let found = problems(&text);
    let lines: Vec<String> = found.iter().map(line).collect();
    let expected = "warning 11:19 services.worker.environment.DB_PASSWORD: `DB_PASSWORD` looks like a secret: by its name";
    assert_eq!(lines, [expected]);
    let report = crate::parse("shop.yaml", &text).unwrap().warnings;
    let shown = crate::tests::shown(&report);
    assert!(shown.contains("shop.yaml:11:19"), "{shown}");
    let help = report.problems().iter().find_map(|problem| problem.help());
    assert!(help.unwrap().contains("secrets: {DB_PASSWORD: ARN}"));
    assert!(!shown.contains("hunter2"), "{shown}");
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
fn only_ecr_says_what_digest_a_tag_has() {
    let ecr = "111122223333.dkr.ecr.us-west-2.amazonaws.com/worker";
    let with =
        |image: &str, value: &str| format!("    image: {image}\n    image_digest: {value}\n");
    // Also `latest`, because it can't change while the deploy runs.
    for tail in ["", ":latest", ":1"] {
        fine(IMAGE, &with(&format!("{ecr}{tail}"), "resolve"));
    }
    check(
        IMAGE,
        &with("public.ecr.aws/nginx/nginx:stable", "resolve"),
        "error 11:19 services.worker.image_digest: the digest of the image can't be resolved",
    );
    check(
        IMAGE,
        &with(&format!("{ecr}:1"), "keep"),
        "error 11:19 services.worker.image_digest: expected `resolve`, found `keep`",
    );
    let text = changed(IMAGE, &with(&format!("{ecr}:1"), "resolve"));
    let read = crate::parse("shop.yaml", &text).unwrap().stack;
    let crate::ServiceSource::Create(spec) = &read.services["worker"].source else {
        panic!("a created service");
    };
    assert!(spec.container.resolve_digest);
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
        "error 17:1 network: neither `vpc` nor `security_groups` is set",
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
        "error 17:16 network.vpc: `vpc-x` isn't a VPC ID",
    );
    check(
        NOTIFY,
        &with("network: creat\n"),
        "error 17:10 network: expected `create` or a network that the stack creates as `{create: …}` or an existing network as `{subnets: …}`, found `creat`",
    );
    check(
        NOTIFY,
        &with("cluster: {capacity: fargat}\n"),
        "error 17:21 cluster.capacity: expected `fargate` or the capacity as `{fargate_spot: …}` or `{ec2: …}`, found `fargat`",
    );
    check(
        NOTIFY,
        &with("cluster: {capacity: {fargate_spt: {}}}\n"),
        "error 17:22 cluster.capacity.fargate_spt: unknown key `fargate_spt`",
    );
    check(
        NOTIFY,
        &with("cluster: {name: a b}\n"),
        "error 17:17 cluster.name: `a b` isn't a name in ECS",
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
        "error 10:5 services.worker.cpu: `cpu` isn't allowed on an existing service",
    );
    check_text(
        &existing.replace("    tasks: {min: 1, max: 10}\n", ""),
        "error 9:3 services.worker.tasks: `tasks` is missing in `services.worker`",
    );
}

#[test]
fn ten_queues_are_added_up_at_most() {
    let text = |count: usize, scaling: bool| {
        let keys: Vec<String> = (0..count).map(|number| format!("q{number}")).collect();
        let queues: String = keys
            .iter()
            .map(|key| format!("  {key}: {{visibility_timeout: 60s, dead_letter: {{after: 5}}}}\n"))
            .collect();
        let scaling = if scaling {
            "    tasks: {max: 2}\n    scaling: {backlog_per_task: {acceptable_latency: 10m, processing_time: 1s}}\n"
        } else {
            ""
        };
        format!(
            "name: shop\nnotify: [ops@example.com]\nservices:\n  worker:\n    image: w:1\n    consumes: [{}]\n{scaling}queues:\n{queues}",
            keys.join(", ")
        )
    };
    check_text(
        &text(11, true),
        "error 6:15 services.worker.consumes: a service scaled by backlog can consume at most 10 queues",
    );
    assert!(problems(&text(10, true)).is_empty());
    assert!(problems(&text(11, false)).is_empty());
}

#[test]
fn what_ecs_and_iam_hold() {
    let environment =
        |length: usize| format!("{IMAGE}    environment: {{A: {}}}\n", "a".repeat(length));
    check(
        IMAGE,
        &environment(65_536),
        "error 11:5 services.worker.environment: the task definition would be larger than ECS allows",
    );
    fine(IMAGE, &environment(65_000));
    let secrets = |count: usize| {
        let entry = |number: usize| {
            format!(
                "      S{number}: arn:aws:secretsmanager:us-west-2:111122223333:secret:{number:0>200}\n"
            )
        };
        let entries: String = (0..count).map(entry).collect();
        format!("{IMAGE}    secrets:\n{entries}")
    };
    check(
        IMAGE,
        &secrets(160),
        "error 11:5 services.worker.secrets: the secrets don't fit into a role's policies",
    );
    fine(IMAGE, &secrets(140));
}

#[test]
fn text_that_cloudformation_would_replace() {
    check(
        IMAGE,
        &format!("{IMAGE}    environment: {{A: 'x {{{{resolve:ssm:y}}}}'}}\n"),
        "error 11:22 services.worker.environment.A: CloudFormation would replace `{{resolve:…}}`",
    );
    check(
        IMAGE,
        &format!("{IMAGE}    command: [run, '{{{{resolve:ssm:y}}}}']\n"),
        "error 11:20 services.worker.command[1]: CloudFormation would replace `{{resolve:…}}`",
    );
    fine(
        IMAGE,
        &format!("{IMAGE}    environment: {{A: '${{x}} {{{{y}}}}'}}\n"),
    );
}

#[test]
fn destinations() {
    let with = |line: &str| format!("{IMAGE}    {line}\n");
    let queue = |name: &str| format!("'arn:aws:sqs:us-west-2:444455556666:{name}'");
    let topic = |name: &str| format!("'arn:aws:sns:us-west-2:444455556666:{name}'");
    fine(IMAGE, &with("sends: [orders]"));
    fine(
        IMAGE,
        &with(&format!("sends: [{}, {}]", queue("a"), queue("b.fifo"))),
    );
    fine(
        IMAGE,
        &with(&format!("publishes: [{}, {}]", topic("a"), topic("b.fifo"))),
    );
    // Without topics, the name is free.
    fine(IMAGE, &with("environment: {TOPIC_ARN: here}"));
    check(
        IMAGE,
        &with("sends: [oders]"),
        "error 11:13 services.worker.sends[0]: no queue `oders` is defined",
    );
    check(
        IMAGE,
        &with(&format!("sends: [{}]", topic("a"))),
        "error 11:13 services.worker.sends[0]: `arn:aws:sns:us-west-2:444455556666:a` isn't a queue's key or ARN",
    );
    check(
        IMAGE,
        &with("publishes: [orders]"),
        "error 11:17 services.worker.publishes[0]: `orders` isn't the ARN of an SNS topic",
    );
    check(
        IMAGE,
        &with(&format!("sends: [{}]", queue("Orders"))),
        "error 11:13 services.worker.sends[0]: two addresses would be in `QUEUE_URL_ORDERS`",
    );
    check(
        IMAGE,
        &with(&format!("publishes: [{}, {}]", topic("a-b"), topic("a_b"))),
        "error 11:59 services.worker.publishes[1]: two addresses would be in `TOPIC_ARN_A_B`",
    );
    check(
        IMAGE,
        &with(&format!(
            "publishes: [{}]\n    environment: {{TOPIC_ARN: here}}",
            topic("a")
        )),
        "error 12:19 services.worker.environment.TOPIC_ARN: `TOPIC_ARN` is a name that the stack sets",
    );
}
