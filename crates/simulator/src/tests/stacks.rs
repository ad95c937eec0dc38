//! Scenarios of stack definitions.

use super::*;
use crate::{Overrides, QueueMetric, ScenarioError};

fn stack(text: &str) -> stack::Stack {
    stack::parse("test.yaml", text).unwrap().stack
}

const VOUCHERS: &str = include_str!("../../../../stacks/voucher-worker.yaml");
const EXISTING: &str = include_str!("../../../../stacks/existing-service.yaml");
const FAN_OUT: &str = include_str!("../../../../stacks/fan-out.yaml");

#[test]
fn the_shipped_definitions_can_be_simulated() {
    let scenario =
        Scenario::from_stack(&stack(VOUCHERS), "voucher-worker", &Overrides::default()).unwrap();
    assert_eq!(scenario.slo, Duration::from_secs(10));
    assert_eq!(
        (scenario.min, scenario.max, scenario.max_receives),
        (1, 20, Some(5))
    );
    let Policy::BacklogPerTask(policy) = &scenario.policy else {
        panic!("{:?}", scenario.policy)
    };
    near(policy.target, 100.0, 1e-9);
    let outcome = run(&scenario, "poisson:rate=5/s,for=6h", 1);
    assert!(
        outcome.within_objective > 0.999,
        "{}",
        outcome.within_objective
    );

    let existing =
        Scenario::from_stack(&stack(EXISTING), "order-worker", &Overrides::default()).unwrap();
    assert_eq!(existing.notes.len(), 3, "{:?}", existing.notes);
    let shared = Scenario::from_stack(&stack(FAN_OUT), "shipper", &Overrides::default()).unwrap();
    assert!(
        shared.notes.iter().any(|note| note.contains("2 queues")),
        "{:?}",
        shared.notes
    );
}

#[test]
fn steps_on_the_queue_can_be_simulated() {
    let text = VOUCHERS.replace(
        "      backlog_per_task:\n        acceptable_latency: 10s\n        processing_time: 100ms\n        count: [visible]\n        cooldown: {out: 60s, in: 300s}\n",
        "      steps:\n        metric: {queue: vouchers, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}\n        period: 60s\n        scale_out: {at_or_above: 100, for: 1, add: 2}\n        scale_in: {below: 1, for: 5, remove: 1}\n",
    );
    let stack = stack(&text);
    let service = "voucher-worker";
    let error = Scenario::from_stack(&stack, service, &Overrides::default()).unwrap_err();
    assert_eq!(error, ScenarioError::Objective(service.to_owned()));
    let overrides = Overrides {
        slo: Some(Duration::from_secs(60)),
        processing: Some(Distribution::Fixed(Duration::from_millis(100))),
        ..Overrides::default()
    };
    let scenario = Scenario::from_stack(&stack, service, &overrides).unwrap();
    let Policy::Steps(policy) = &scenario.policy else {
        panic!("{:?}", scenario.policy)
    };
    let metrics = [&policy.scale_out, &policy.scale_in].map(|side| side.as_ref().unwrap().metric);
    assert_eq!(metrics, [QueueMetric::Visible; 2]);
    let outcome = run(&scenario, "step:from=1/s,to=25/s,at=10m,for=2h", 1);
    assert!(outcome.scaling.out >= 1);
    near(outcome.actions[0].at, 720.0 + 20.0, 0.1);
}

#[test]
fn what_cannot_be_simulated_is_said() {
    let error =
        Scenario::from_stack(&stack(VOUCHERS), "voucher", &Overrides::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the definition has no service \"voucher\": it has voucher-worker"
    );
    let nonsense = Scenario {
        concurrency: 0,
        ..scenario()
    };
    let load = Load::generate("constant:rate=1/s,for=1m").unwrap();
    assert_eq!(
        simulate(&nonsense, &load, 1).unwrap_err().to_string(),
        "a task must process at least one message at a time"
    );
}
