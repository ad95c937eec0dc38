//! The entry point: simulates a scenario under a load, and returns the outcome.

use crate::control::Foreknowledge;
use crate::engine::{self, Finished, Metered, Run, Sender, Sent};
use crate::load::Load;
use crate::outcome::RunOutcome;
use crate::policy::Policy;
use crate::progress::Progress;
use crate::scenario::{Scenario, ScenarioError};
use crate::score::Score;
use crate::time::nanos;

/// Simulates a scenario under a load. The same seed gives the same outcome, bit for bit. With the same seed,
/// two policies have the same messages with the same processing times.
///
/// # Errors
/// If a number of the scenario isn't valid.
pub fn simulate(scenario: &Scenario, load: &Load, seed: u64) -> Result<RunOutcome, ScenarioError> {
    simulate_metered(scenario, load, seed, &Progress::none())
}

/// [`simulate`] with the nanoseconds of the load as units of progress.
pub(crate) fn simulate_metered(
    scenario: &Scenario,
    load: &Load,
    seed: u64,
    progress: &Progress<'_>,
) -> Result<RunOutcome, ScenarioError> {
    // Checked before the whole load is processed.
    let bounds = scenario.check()?;
    let known = (scenario.policy == Policy::Ideal).then(|| foresee_work(scenario, load, seed));
    let loaded = nanos(load.duration());
    let run = Run {
        bounds,
        origin: scenario.origin(load),
        loaded,
        seed,
        known: known.as_ref(),
        detailed: true,
        objectives: &[],
    };
    let messages = Metered::new(Sender::new(scenario, load, seed), loaded, progress);
    let finished = engine::run_messages(scenario, &run, messages)
        .ok_or(ScenarioError::Value("the load is too long"))?;
    Ok(RunOutcome::new(
        scenario,
        load.notes(),
        Some(seed),
        finished,
    ))
}

/// Messages with their processing times, in order.
pub(crate) type Messages = [Sent];

/// [`simulate`] with a load's messages for this seed that were already generated. Not for the ideal.
pub(crate) fn simulate_messages(
    scenario: &Scenario,
    (load, messages): (&Load, &Messages),
    seed: u64,
) -> Result<RunOutcome, ScenarioError> {
    let finished = run_drawn(scenario, (load, messages), seed, true)?;
    Ok(RunOutcome::new(
        scenario,
        load.notes(),
        Some(seed),
        finished,
    ))
}

/// Returns what a search compares of the same run.
pub(crate) fn score_messages(
    scenario: &Scenario,
    (load, messages): (&Load, &Messages),
    seed: u64,
) -> Result<Score, ScenarioError> {
    let finished = run_drawn(scenario, (load, messages), seed, false)?;
    Ok(Score::new(scenario, &finished))
}

fn run_drawn(
    scenario: &Scenario,
    (load, messages): (&Load, &Messages),
    seed: u64,
    detailed: bool,
) -> Result<Finished, ScenarioError> {
    let run = Run {
        bounds: scenario.check()?,
        origin: scenario.origin(load),
        loaded: nanos(load.duration()),
        seed,
        known: None,
        detailed,
        objectives: &[],
    };
    engine::run_messages(scenario, &run, messages.iter().copied())
        .ok_or(ScenarioError::Value("the load is too long"))
}

/// Returns the work of a load, known in advance.
pub(crate) fn foresee_work(scenario: &Scenario, load: &Load, seed: u64) -> Foreknowledge {
    let mut known = Foreknowledge::new(scenario);
    for sent in Sender::new(scenario, load, seed) {
        known.add(sent.at, sent.work(), sent.queue());
    }
    known.finish(nanos(load.duration()));
    known
}
