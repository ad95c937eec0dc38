mod closed_loop;
mod comparing;
mod demand;
mod known_answers;
mod properties;
mod stacks;

use std::time::Duration;

use crate::{
    Assumptions, Distribution, Load, Outcome, Policy, Prices, Scenario, TaskSize, simulate,
};

/// A service of a fixed count, one second a message, a promise of a minute.
fn scenario() -> Scenario {
    Scenario {
        name: "test".to_owned(),
        promise: Duration::from_secs(60),
        processing: Distribution::Exponential(Duration::from_secs(1)),
        concurrency: 1,
        min: 1,
        max: 50,
        initial: 1,
        visibility_timeout: Duration::from_secs(3_600),
        retention: Duration::from_secs(14 * 86_400),
        max_receives: None,
        stop_timeout: Duration::from_secs(30),
        policy: Policy::Fixed { tasks: 1 },
        size: TaskSize {
            cpu: 256,
            memory: 512,
            arm: true,
        },
        assumptions: Assumptions::default(),
        prices: Prices::US_EAST_1,
        notes: Vec::new(),
    }
}

fn run(scenario: &Scenario, load: &str, seed: u64) -> Outcome {
    simulate(scenario, &Load::generate(load).unwrap(), seed).unwrap()
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs(),
        "{found} for {expected}"
    );
}
