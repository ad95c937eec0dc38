//! Definitions without a template name the change to make.

use stack::{Actuator, Queue, QueueSpec};
use template::{SynthesisError, synthesize};

use crate::stacks::{self, created, queue, spec, with};

fn error(stack: &stack::Stack) -> SynthesisError {
    synthesize(stack).unwrap_err()
}

#[test]
fn short_names_that_give_the_same_resource_are_refused() {
    let queues = vec![
        ("a", Queue::Create(queue())),
        ("a-dead-letter", Queue::Create(queue())),
    ];
    let expected = SynthesisError::SameLogicalId {
        id: "ADeadLetterQueue".into(),
    };
    assert_eq!(error(&with("s", queues, vec![])), expected);
}

#[test]
fn a_queue_that_is_not_defined_is_refused() {
    let stack = with("s", vec![], vec![("w", created(spec(), &["q"]))]);
    let expected = SynthesisError::UnknownQueue {
        service: "w".into(),
        queue: "q".into(),
    };
    assert_eq!(error(&stack), expected);
}

#[test]
fn a_scaled_service_without_a_queue_is_refused() {
    let stack = with("s", vec![], vec![("w", created(spec(), &[]))]);
    assert_eq!(
        error(&stack),
        SynthesisError::NothingToMeasure {
            service: "w".into()
        }
    );
}

#[test]
fn a_processing_time_of_zero_is_refused() {
    let mut stack = stacks::fleet("s", 1);
    for service in stack.services.values_mut() {
        service
            .scaling
            .as_mut()
            .unwrap()
            .backlog_per_task
            .as_mut()
            .unwrap()
            .processing_time = stacks::seconds(0);
    }
    assert_eq!(
        error(&stack),
        SynthesisError::NoTarget {
            service: "worker-01".into()
        }
    );
}

#[test]
fn more_queues_than_a_policy_adds_up_are_refused() {
    let names: Vec<_> = (0..11).map(|number| format!("q{number}")).collect();
    let queues = names
        .iter()
        .map(|name| (name.as_str(), Queue::Create(queue())))
        .collect();
    let consumed: Vec<_> = names.iter().map(String::as_str).collect();
    let stack = with("s", queues, vec![("w", created(spec(), &consumed))]);
    let expected = SynthesisError::TooManyQueues {
        service: "w".into(),
        queues: 11,
    };
    assert_eq!(error(&stack), expected);
}

#[test]
fn a_queue_name_over_the_limit_is_refused() {
    let fifo = QueueSpec {
        fifo: Some(stack::Fifo::default()),
        ..queue()
    };
    let longest = "q".repeat(54);
    let fits = with(
        "s",
        vec![(longest.as_str(), Queue::Create(fifo.clone()))],
        vec![],
    );
    synthesize(&fits).unwrap();
    let over = "q".repeat(55);
    let error = error(&with(
        "s",
        vec![(over.as_str(), Queue::Create(fifo))],
        vec![],
    ));
    let name = format!("{over}-dead-letter-XXXXXXXX.fifo");
    assert_eq!(
        error,
        SynthesisError::QueueNameTooLong { queue: over, name }
    );
}

#[test]
fn an_alarm_that_would_look_back_too_far_is_refused() {
    let mut stack = stacks::fleet("s", 1);
    stack.alarms.metric_silent = stacks::seconds(8 * 86_400);
    let error = error(&stack);
    assert!(
        error
            .to_string()
            .starts_with("alarms.metric_silent is 691200 s"),
        "{error}"
    );
}

/// EventBridge: at most 8,192 characters of input for a target. Fifty requests of several hundred characters are more.
#[test]
fn demand_by_target_tracking_in_several_requests_is_refused() {
    let fleet = |services| {
        let mut stack = stacks::existing_fleet(services);
        let first = stack.services.values_mut().next().unwrap();
        first.scaling = Some(stacks::demanded(stacks::demand(Actuator::TargetTracking)));
        stack
    };
    synthesize(&fleet(10)).unwrap();
    let refused = error(&fleet(50));
    let SynthesisError::TooManyForDemand { services: 50, most } = refused else {
        panic!("{refused}");
    };
    let text = refused.to_string();
    assert!(text.contains("none of which sees every minute"), "{text}");
    assert!(
        text.contains("`actuator: function`, which has no such limit"),
        "{text}"
    );
    synthesize(&fleet(most)).unwrap();
    synthesize(&stacks::existing_fleet(50)).unwrap();
}
