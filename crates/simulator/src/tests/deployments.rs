//! Deployments of new versions. The results are computed manually, from ECS's documentation of rolling updates.

use super::*;
use crate::Deployments;

/// Two tasks that start in 30 s, a message of 1 s every 10 s for 15 minutes, and a deployment after 10 minutes.
fn deployed(min_healthy: u32, max: u32) -> Scenario {
    let start = Distribution::Fixed(Duration::from_secs(30));
    Scenario {
        processing: Distribution::Fixed(Duration::from_secs(1)),
        policy: Policy::Fixed { tasks: 2 },
        deployments: Some(Deployments {
            min_healthy,
            max,
            ..Deployments::new(Duration::from_secs(600))
        }),
        assumptions: Assumptions {
            task_start: start,
            ..Assumptions::default()
        },
        ..scenario()
    }
}

const LOAD: &str = "constant:rate=0.1/s,for=15m";

/// At 100% and 200%, two new tasks start in addition to the old ones for 30 s, so 60 more task-seconds.
#[test]
fn new_tasks_run_before_old_ones_stop() {
    let outcome = run(&deployed(100, 200), LOAD, 1);
    near(outcome.tasks.seconds, 2.0 * outcome.duration + 60.0, 1.0);
    assert_eq!(outcome.waiting.max, 0.0);
}

/// At 0% and 100%, the old tasks stop first, and for 30 s none is running: the message at 600 s waits for 30 s.
#[test]
fn without_healthy_tasks_messages_wait_for_the_new_ones() {
    let outcome = run(&deployed(0, 100), LOAD, 1);
    near(outcome.tasks.seconds, 2.0 * outcome.duration, 1.0);
    near(outcome.waiting.max, 30.0, 1.0);
    // Half of two tasks: one stops and is replaced, and then the other.
    let outcome = run(&deployed(50, 100), LOAD, 1);
    assert_eq!(outcome.waiting.max, 0.0);
    near(outcome.tasks.seconds, 2.0 * outcome.duration, 1.0);
}

/// A protected task is replaced once it has finished its message.
#[test]
fn a_deployment_waits_for_protected_work() {
    let scenario = Scenario {
        protect: true,
        processing: Distribution::Fixed(Duration::from_secs(200)),
        stop_timeout: Duration::from_secs(2),
        visibility_timeout: Duration::from_secs(400),
        ..deployed(100, 200)
    };
    let outcome = run(&scenario, "constant:rate=0.01/s,for=15m", 1);
    assert_eq!(
        (outcome.messages.interrupted, outcome.messages.sent),
        (0, outcome.messages.deleted)
    );
}
