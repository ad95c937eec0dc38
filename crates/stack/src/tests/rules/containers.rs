//! How containers run.

use super::{IMAGE, check, fine};
use crate::tests::{changed, problems};

/// The base with an additional line, line 11.
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
            "11:47 health_check.command[2]: `CMD-SHELL` accepts only one line",
        ),
        (
            "health_check: {command: [CMD]}",
            "11:29 health_check.command: a health check is `CMD` or `CMD-SHELL`, and a command",
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
            "11:12 drop[0]: `NET` isn't one of the 38 supported names",
        ),
        (
            "ulimits: {nproc: 100}",
            "11:15 ulimits.nproc: Fargate doesn't support the limit `nproc`",
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

/// Instances have other limits, and no storage per task.
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
        "error 11:14 services.worker.storage: tasks on EC2 instances have no ephemeral storage",
    );
}

/// The conditions that ECS documents for `ContainerDependency`.
#[test]
fn sidecars() {
    let with =
        |more: &str, sidecars: &str| format!("{IMAGE}    sidecars: {{{sidecars}}}\n    {more}\n");
    let otel = "otel: {image: 'otel:1', essential: false}";
    let checked = "otel: {image: 'otel:1', health_check: {command: [CMD, /check]}}";
    fine(IMAGE, &with("user: worker", otel));
    fine(IMAGE, &with("depends_on: {otel: start}", otel));
    fine(IMAGE, &with("depends_on: {otel: success}", otel));
    fine(IMAGE, &with("depends_on: {otel: healthy}", checked));
    fine(
        IMAGE,
        &with(
            "user: worker",
            "otel: {image: 'otel:1', depends_on: {worker: start}}",
        ),
    );
    for (more, sidecars, expected) in [
        (
            "user: worker",
            "worker: {image: 'otel:1'}",
            "11:16 sidecars.worker: `worker` is also the name of the service's own container",
        ),
        (
            "depends_on: {oltp: start}",
            otel,
            "12:18 depends_on.oltp: the task has no container `oltp`",
        ),
        (
            "depends_on: {otel: healthy}",
            otel,
            "12:24 depends_on.otel: `otel` has no health check to pass",
        ),
        (
            "depends_on: {otel: complete}",
            checked,
            "12:24 depends_on.otel: the task ends when `otel` does, because it is essential",
        ),
        (
            "depends_on: {otel: ready}",
            otel,
            "12:24 depends_on.otel: expected `start`, `complete`, `success` or `healthy`, found `ready`",
        ),
        (
            "user: worker",
            "otel: {image: 'otel:1', depends_on: {worker: success}}",
            "11:61 sidecars.otel.depends_on.worker: the task ends when `worker` does, because it is essential",
        ),
        (
            "depends_on: {otel: start}",
            "otel: {image: 'otel:1', depends_on: {worker: start}}",
            "12:5 depends_on: `worker` would wait for itself",
        ),
        (
            "user: worker",
            "otel: {image: 'otel:1', environment: {A: b}, secrets: {A: /a}}",
            "11:71 sidecars.otel.secrets.A: `A` is both in `environment` and in `secrets`",
        ),
        (
            "user: worker",
            "otel: {image: 'otel:1', health_check: {command: [check, it]}}",
            "11:65 sidecars.otel.health_check.command[0]: a health check starts with `CMD` or `CMD-SHELL`",
        ),
        (
            "user: worker",
            "otel: {essential: false}",
            "11:22 sidecars.otel.image: `image` is missing in `services.worker.sidecars.otel`",
        ),
    ] {
        let (place, path) = expected.split_once(' ').unwrap();
        let expected = format!("error {place} services.worker.{path}");
        check(IMAGE, &with(more, sidecars), &expected);
    }
    check(
        IMAGE,
        &with("user: worker", "otel: {image: otel}"),
        "warning 11:30 services.worker.sidecars.otel.image: the image has no tag, so it means `latest`",
    );
}

#[test]
fn exec_needs_a_file_system_to_write_to() {
    fine(IMAGE, &with("exec: true"));
    check(
        IMAGE,
        &with("exec: true\n    read_only: true"),
        "error 11:11 services.worker.exec: `exec` can't be combined with `read_only`",
    );
}

/// With n tasks, at least ceil(n × min) run and at most floor(n × max) exist; the former must be smaller than the
/// latter. 1 task, 100% and 150%: 1 and 1. 2 tasks, 100% and 150%: 2 and 3. 1 task, 50% and 100%: 1 and 1.
#[test]
fn a_deployment_can_replace_a_task() {
    let with = |deployment: &str, tasks: &str| {
        changed(
            "tasks: {min: 1, max: 10}",
            &format!("deployment: {{{deployment}}}\n    tasks: {tasks}"),
        )
    };
    for (deployment, tasks) in [
        ("min_healthy: 0%, max: 100%", "{min: 1, max: 10}"),
        ("min_healthy: 50%", "{min: 1, max: 10}"),
        ("min_healthy: 100%, max: 150%", "{min: 2, max: 10}"),
        ("min_healthy: 50%, max: 100%", "{min: 2, max: 2}"),
    ] {
        let text = with(deployment, tasks);
        assert!(problems(&text).is_empty(), "{deployment}");
    }
    for (deployment, tasks, count, place) in [
        (
            "min_healthy: 100%, max: 150%",
            "{min: 1, max: 10}",
            "1 task",
            "12:31",
        ),
        (
            "min_healthy: 50%, max: 100%",
            "{min: 1, max: 10}",
            "1 task",
            "12:31",
        ),
        (
            "min_healthy: 100%, max: 100%",
            "{min: 4, max: 10}",
            "4 tasks",
            "12:31",
        ),
    ] {
        super::check_text(
            &with(deployment, tasks),
            &format!(
                "error {place} services.worker.deployment.min_healthy: a deployment of {count} could replace none"
            ),
        );
    }
    super::check_text(
        &with("min_healthy: 101%", "{min: 1, max: 10}"),
        "error 12:31 services.worker.deployment.min_healthy: `101%` isn't a share of the tasks",
    );
    super::check_text(
        &with("max: 99%", "{min: 1, max: 10}"),
        "error 12:23 services.worker.deployment.max: `99%` isn't a share of the tasks with the new ones",
    );
}

#[test]
fn the_retention_of_logs_has_one_place() {
    let retention = |text: &str| {
        crate::parse("shop.yaml", text)
            .unwrap()
            .stack
            .metric
            .log_retention
    };
    let days = |days: u64| std::time::Duration::from_secs(days * 86_400);
    let base = crate::tests::BASE;
    assert_eq!(retention(base), days(14));
    assert_eq!(
        retention(&format!("{base}logs: {{retention: 30d}}\n")),
        days(30)
    );
    assert_eq!(
        retention(&format!("{base}metric: {{log_retention: 30d}}\n")),
        days(30)
    );
    super::check_text(
        &format!("{base}metric: {{log_retention: 30d}}\nlogs: {{retention: 30d}}\n"),
        "error 18:25 metric.log_retention: the logs' retention is set twice",
    );
}
