//! Stack definitions that several tests use.

/// Returns a queue with its dead-letter queue, and a service that consumes it.
#[must_use]
pub fn worker(name: &str) -> String {
    format!(
        "\
name: {name}
network: create
queues:
  jobs:
    visibility_timeout: 5m
    dead_letter: {{after: 5, retention: 14d}}
services:
  worker:
    image: public.ecr.aws/docker/library/busybox:1.37
    cpu: 256
    memory: 512
    architecture: arm64
    consumes: [jobs]
    tasks: {{min: 1, max: 20}}
    scaling:
      backlog_per_task: {{acceptable_latency: 10m, processing_time: 1s}}
metric: {{namespace: EndToEnd}}
notify: [ops@example.com]
"
    )
}

/// Returns the smallest stack that is measured and scales: a queue, and a service of at most two tasks.
#[must_use]
pub fn small(name: &str) -> String {
    format!(
        "\
name: {name}
network: create
queues: {{jobs: {{}}}}
services:
  worker:
    image: public.ecr.aws/docker/library/busybox:1.37
    consumes: [jobs]
    tasks: {{min: 1, max: 2}}
    scaling:
      backlog_per_task: {{acceptable_latency: 10m, processing_time: 1s}}
"
    )
}

/// [`worker`] with many additional queues: creating it takes several times as long as another run needs
/// to find it in progress, however fast or slow the machine is.
#[must_use]
pub fn long_to_create(name: &str) -> String {
    let names: Vec<String> = (1..=45).map(|number| format!("idle-{number}")).collect();
    let queue = |name: &String| format!("  {name}: {{dead_letter: {{after: 5}}}}\n");
    let queues: String = names.iter().map(queue).collect();
    let consumes = names.join(", ");
    let service = format!(
        "  idle:
    image: public.ecr.aws/docker/library/busybox:1.37
    consumes: [{consumes}]\n"
    );
    let text = edited(&worker(name), "queues:\n", &format!("queues:\n{queues}"));
    edited(&text, "services:\n", &format!("services:\n{service}"))
}

/// Returns the definition with `from` replaced by `to`.
///
/// # Panics
/// If `from` doesn't occur exactly once, because the test would then test something else.
#[must_use]
#[track_caller]
pub fn edited(definition: &str, from: &str, to: &str) -> String {
    assert_eq!(
        definition.matches(from).count(),
        1,
        "{from:?} does not stand once in\n{definition}"
    );
    definition.replace(from, to)
}
