mod bill;
mod cases;
mod causes;
mod closed_loop;
mod comparing;
mod compressed;
mod definitions;
mod demand;
mod deployments;
mod instances;
mod knobs;
mod known_answers;
mod measured;
mod predictive;
mod properties;
mod queues;
mod random_stacks;
mod redelivery;
mod schedules;
mod shipped;
mod sleep;
mod stacks;

use std::time::Duration;

use scaling::Bounds;

use crate::control::Foreknowledge;
use crate::engine::{self, Finished, Run, Sender};
use crate::time::nanos;
use crate::{
    Assumptions, Distribution, KedaPolicy, Load, Policy, RunOutcome, Scenario, simulate, survey,
};

/// A service with a fixed count, one second per message, and an objective of a minute.
fn scenario() -> Scenario {
    let processing = Distribution::Exponential(Duration::from_secs(1));
    let policy = Policy::Fixed { tasks: 1 };
    Scenario {
        max: 50,
        visibility_timeout: Duration::from_secs(3_600),
        retention: Duration::from_secs(14 * 86_400),
        ..Scenario::new("test", Duration::from_secs(60), processing, policy)
    }
}

/// KEDA with one message per task, ignoring messages in flight: it removes tasks that are still busy.
fn keda_on_visible() -> Policy {
    Policy::Keda(KedaPolicy {
        in_flight: false,
        cooldown: Duration::from_secs(30),
        ..KedaPolicy::defaults(1.0)
    })
}

fn run(scenario: &Scenario, load: &str, seed: u64) -> RunOutcome {
    simulate(scenario, &Load::generate(load).unwrap(), seed).unwrap()
}

/// Returns the result of a run before it is converted to an outcome.
fn run_to_end(
    scenario: &Scenario,
    bounds: Bounds,
    load: &Load,
    seed: u64,
    known: Option<&Foreknowledge>,
) -> Finished {
    let run = Run {
        bounds,
        origin: scenario.origin(load),
        loaded: nanos(load.duration()),
        seed,
        known,
        detailed: true,
        objectives: &[],
    };
    engine::run_messages(scenario, &run, Sender::new(scenario, load, seed)).unwrap()
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs(),
        "{found} for {expected}"
    );
}
