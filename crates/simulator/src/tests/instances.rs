//! Tasks on EC2 instances.

use super::*;
use crate::Overrides;

/// Three tasks of 256 CPU units and 512 MiB fit on a t4g.small.
fn outcome_of(max: u32, instance_start: &str) -> RunOutcome {
    let text = format!(
        "name: jobs
network: create
cluster: {{capacity: {{ec2: {{instance_type: t4g.small, max: {max}}}}}}}
queues: {{jobs: {{visibility_timeout: 5m}}}}
services:
  worker:
    image: example/worker:1
    slo: 1m
    consumes: [jobs]
    tasks: {{min: 1, max: 12}}
    scaling: {{demand: {{processing_time: 2s}}}}
"
    );
    let stack = stack::parse("test.yaml", &text).unwrap().stack;
    let mut overrides = Overrides::default();
    overrides
        .assume(&format!("instance_start={instance_start}"))
        .unwrap();
    let scenario = Scenario::from_stack(&stack, "worker", &overrides).unwrap();
    run(&scenario, "constant:rate=4/s,for=2h", 1)
}

/// Four messages of 2 s per second are work for 8 tasks, which need three instances.
#[test]
fn a_task_waits_for_an_instance() {
    let (soon, late) = (outcome_of(4, "0s"), outcome_of(4, "20m"));
    assert!(soon.tasks.most > 8);
    assert!(late.tasks.most > 8);
    // Three tasks process 1.5 of 4 messages per second for at least 20 minutes, so the last of 1,800 waits longer
    // than 10 minutes. That doesn't happen if instances start immediately.
    assert!(late.waiting.max > 600.0, "{}", late.waiting.max);
    assert!(soon.waiting.max < 600.0, "{}", soon.waiting.max);
}

#[test]
fn no_more_tasks_run_than_the_instances_hold() {
    let outcome = outcome_of(2, "0s");
    assert_eq!(outcome.tasks.most, 6, "2 × 3 tasks");
}
