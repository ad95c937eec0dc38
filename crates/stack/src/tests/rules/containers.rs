//! How containers run.

use super::{IMAGE, check, fine};
use crate::tests::{changed, problems};

/// The base with one more line, the 11th.
fn with(line: &str) -> String {
    format!("{IMAGE}    {line}\n")
}

#[test]
fn what_ecs_takes_is_taken() {
    for line in [
        "entrypoint: [/worker]",
        "health_check: {command: [CMD, /worker, check]}",
        "health_check: {command: [CMD-SHELL, 'curl -f http://localhost/ || exit 1'], interval: 5s, timeout: 2s, retries: 10, start: 300s}",
        "user: '1000:1000'",
        "user: worker",
        "read_only: true",
        "drop: [ALL]",
        "init: false",
        "ulimits: {nofile: 100000}",
        "storage: 21GiB",
        "storage: 200GiB",
        "environment_files: ['arn:aws:s3:::our-config/team/worker.env']",
        "secrets: {PASSWORD: /jobs/password}",
    ] {
        fine(IMAGE, &with(line));
    }
}

/// Bounds: Amazon ECS API, `HealthCheck` and `EphemeralStorage`.
#[test]
fn what_ecs_would_refuse_is_refused() {
    for (line, expected) in [
        (
            "health_check: {command: [/worker, check]}",
            "11:30 health_check.command[0]: a health check starts with `CMD` or `CMD-SHELL`",
        ),
        (
            "health_check: {command: [CMD-SHELL, curl, -f]}",
            "11:47 health_check.command[2]: the shell takes one line",
        ),
        (
            "health_check: {command: [CMD]}",
            "11:29 health_check.command: `services.worker.health_check.command` holds 1 of the items",
        ),
        (
            "health_check: {command: [CMD, a], interval: 4s}",
            "11:49 health_check.interval: 4s is out of range",
        ),
        (
            "health_check: {command: [CMD, a], timeout: 61s}",
            "11:48 health_check.timeout: 61s is out of range",
        ),
        (
            "health_check: {command: [CMD, a], retries: 11}",
            "11:48 health_check.retries: 11 is out of range",
        ),
        (
            "health_check: {command: [CMD, a], start: 301s}",
            "11:46 health_check.start: 301s is out of range",
        ),
        (
            "user: 'a b'",
            "11:11 user: `a b` isn't a user of a container",
        ),
        (
            "user: 1000",
            "11:11 user: expected a user of a container, found the number 1000",
        ),
        (
            "drop: [NET]",
            "11:12 drop[0]: `NET` isn't one of the 38 names taken here",
        ),
        (
            "ulimits: {nproc: 100}",
            "11:15 ulimits.nproc: Fargate doesn't take the limit `nproc`",
        ),
        (
            "storage: 20GiB",
            "11:14 storage: `20GiB` isn't a size of a task's storage",
        ),
        (
            "storage: 201GiB",
            "11:14 storage: `201GiB` isn't a size of a task's storage",
        ),
        (
            "storage: 40",
            "11:14 storage: expected a size of a task's storage, found the number 40",
        ),
        (
            "environment_files: ['arn:aws:s3:::our-config/worker.txt']",
            "11:25 environment_files[0]: `arn:aws:s3:::our-config/worker.txt` isn't the ARN of an environment file in S3",
        ),
        (
            "secrets: {PASSWORD: hunter2}",
            "11:25 secrets.PASSWORD: `hunter2` isn't the ARN of a secret or parameter",
        ),
        (
            "entrypoint: ['{{resolve:ssm:a}}']",
            "11:18 entrypoint[0]: CloudFormation would replace `{{resolve:…}}`",
        ),
    ] {
        let (place, path) = expected.split_once(' ').unwrap();
        check(
            IMAGE,
            &with(line),
            &format!("error {place} services.worker.{path}"),
        );
    }
}

#[test]
fn a_value_without_its_unit_is_answered_with_the_range() {
    let help = problems(&changed(IMAGE, &with("storage: 40")));
    assert_eq!(help[0].help(), Some("`21GiB` to `200GiB`, such as `40GiB`"));
}

/// Instances have other limits, and no storage of a task's own.
#[test]
fn instances() {
    let on = |line: &str| {
        format!(
            "{}cluster: {{capacity: {{ec2: {{instance_type: t4g.small, max: 9}}}}}}\n",
            with(line).replace(IMAGE, "")
        )
    };
    let text = |line: &str| {
        changed(
            IMAGE,
            &format!("{IMAGE}{}", on(line).split("cluster").next().unwrap()),
        ) + on(line)
            .split_once("cluster")
            .map(|(_, rest)| format!("cluster{rest}"))
            .unwrap()
            .as_str()
    };
    assert!(problems(&text("ulimits: {nproc: 100}")).is_empty());
    super::check_text(
        &text("storage: 40GiB"),
        "error 11:14 services.worker.storage: tasks on EC2 instances have no ephemeral storage of their own",
    );
}
