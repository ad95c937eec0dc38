//! The door: a scenario and a load in, an outcome out.

use crate::control::Foreknowledge;
use crate::engine::{self, Sender};
use crate::load::Load;
use crate::outcome::RunOutcome;
use crate::policy::Policy;
use crate::scenario::{Scenario, ScenarioError};
use crate::time::nanos;

/// Runs a scenario against a load. The same seed gives the same outcome, bit for bit; and with the same
/// seed, two policies meet the same messages with the same processing times.
///
/// # Errors
/// When a number of the scenario makes no sense.
pub fn simulate(scenario: &Scenario, load: &Load, seed: u64) -> Result<RunOutcome, ScenarioError> {
    // Before the whole load is gone through.
    let bounds = scenario.check()?;
    let known = (scenario.policy == Policy::Ideal).then(|| foresee_work(scenario, load, seed));
    let finished = engine::run(scenario, bounds, load, seed, known.as_ref())
        .ok_or(ScenarioError::Value("the load is too long"))?;
    Ok(RunOutcome::new(
        scenario,
        load.notes(),
        Some(seed),
        finished,
    ))
}

/// The work of a load, known beforehand.
pub(crate) fn foresee_work(scenario: &Scenario, load: &Load, seed: u64) -> Foreknowledge {
    let mut known = Foreknowledge::new(scenario);
    for (at, work) in Sender::new(scenario, load, seed) {
        known.add(at, work);
    }
    known.finish(nanos(load.duration()));
    known
}
