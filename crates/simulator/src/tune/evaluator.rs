//! Simulates candidates, many in parallel, and returns their results.

use std::cell::Cell;
use std::time::Duration;

use rayon::prelude::*;
use stack::Stack;

use crate::load::Load;
use crate::progress::Progress;
use crate::scenario::{MOST_TASKS, Overrides, Scenario, ScenarioError};
use crate::score::Score;
use crate::simulate::{Messages, foresee_work, score_messages, simulate, simulate_messages};
use crate::survey::phase_seeds;

use crate::time::nanos;

use super::TuneOptions;
use super::drawn::{Drawn, Run};
use super::figures::ScoredRun;
use super::settings::{Settings, processing_time};
use super::space::Space;

/// Number of seeds for a generated load. A recorded load is simulated with one seed. Finalists are simulated in
/// several phases with either kind.
const SEEDS: u64 = 3;

/// The part of the input that is the same for all candidates.
pub(super) struct Evaluator<'a> {
    pub(super) stack: &'a Stack,
    pub(super) service: &'a str,
    /// The definition's current objective, processing time, and concurrency.
    overrides: Overrides,
    pub(super) slo: Duration,
    pub(super) concurrency: u32,
    /// The definition's processing time.
    processing: Duration,
    pub(super) required: f64,
    /// Assumptions for values that the definition doesn't set.
    pub(super) notes: Vec<String>,
    seed: u64,
    /// Simulations and messages so far.
    done: Cell<(u64, u64)>,
    drawn: Drawn,
    pub(super) progress: &'a Progress<'a>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(
        stack: &'a Stack,
        service: &'a str,
        overrides: &Overrides,
        scenario: &Scenario,
        options: &TuneOptions,
        progress: &'a Progress<'a>,
    ) -> Self {
        let differ = scenario.has_own_settings();
        Self {
            progress,
            stack,
            service,
            overrides: Overrides {
                // Queues with their own objectives keep the definition's values, unless an assumption overrides
                // them.
                slo: if differ {
                    overrides.slo
                } else {
                    Some(scenario.slo)
                },
                processing: match differ {
                    true => overrides.processing,
                    false => Some(scenario.processing),
                },
                concurrency: Some(scenario.concurrency),
                ..overrides.clone()
            },
            slo: scenario.slo,
            concurrency: scenario.concurrency,
            processing: stack
                .services
                .get(service)
                .and_then(processing_time)
                .unwrap_or(scenario.processing.mean()),
            required: options.required,
            notes: scenario.notes.clone(),
            seed: options.seed,
            done: Cell::default(),
            drawn: Drawn::default(),
        }
    }

    /// Returns the seeds with which a load is simulated.
    pub(super) fn seeds(&self, load: &Load) -> Vec<u64> {
        let several = if load.is_generated() { SEEDS } else { 1 };
        (0..several)
            .map(|more| self.seed.wrapping_add(more))
            .collect()
    }

    /// Returns the seeds of the finalists' simulations: the seeds of `simulate`'s phases.
    pub(super) fn phases(&self, load: &Load) -> Vec<u64> {
        phase_seeds(load, self.seed)
    }

    /// Returns the definition with these parameters.
    pub(super) fn definition(&self, settings: Settings) -> Stack {
        settings.apply(self.stack, self.service, self.slo, self.concurrency)
    }

    /// Returns the scenario with these parameters.
    pub(super) fn scenario(&self, settings: Settings) -> Result<Scenario, ScenarioError> {
        Scenario::from_stack(&self.definition(settings), self.service, &self.overrides)
    }

    /// Returns the space of candidates around these parameters.
    pub(super) fn space(&self, present: Settings, peak: u32, options: &TuneOptions) -> Space {
        Space::new(present, self.processing, self.slo, peak, options)
    }

    /// Whether these parameters can be simulated.
    pub(super) fn can(&self, settings: &Settings) -> bool {
        self.scenario(*settings).is_ok()
    }

    /// Returns the maximum number of required tasks at any time with any seed, without a limit: see
    /// [`crate::Policy::Ideal`].
    pub(super) fn peak(&self, load: &Load) -> Result<u32, ScenarioError> {
        let scenario = Scenario::from_stack(self.stack, self.service, &self.overrides)?;
        let unbounded = Scenario {
            min: 0,
            max: MOST_TASKS,
            ..scenario
        };
        let needed = |seed| foresee_work(&unbounded, load, seed).needed(&unbounded);
        let most = self.seeds(load).into_iter().flat_map(needed).max();
        Ok(most.unwrap_or_default())
    }

    /// Returns the score of each candidate over a whole load: the share within the objective of its worst seed,
    /// and the mean of everything else.
    pub(super) fn score_candidates(
        &self,
        candidates: &[Settings],
        load: &Load,
    ) -> Result<Vec<Score>, ScenarioError> {
        let scenarios: Result<Vec<_>, _> =
            candidates.iter().map(|one| self.scenario(*one)).collect();
        self.score_scenarios(&scenarios?, load)
    }

    pub(super) fn score_scenarios(
        &self,
        scenarios: &[Scenario],
        load: &Load,
    ) -> Result<Vec<Score>, ScenarioError> {
        let seeds = self.seeds(load);
        let run = |scenario: &Scenario, seed: &u64| Run {
            scenario: scenario.clone(),
            load,
            seed: *seed,
        };
        let runs: Vec<Run<'_>> = scenarios
            .iter()
            .flat_map(|scenario| seeds.iter().map(move |seed| run(scenario, seed)))
            .collect();
        let scores = self.score_runs(&runs)?;
        let combined = scores.chunks(seeds.len()).map(Score::combine_seeds);
        Ok(combined.collect())
    }

    /// Runs simulations using all cores. The results are in the order of the runs.
    pub(super) fn run(&self, runs: &[Run<'_>]) -> Result<Vec<ScoredRun>, ScenarioError> {
        let ran = self.each(runs, |run, messages| {
            let outcome = match messages {
                Some(messages) => simulate_messages(&run.scenario, (run.load, messages), run.seed)?,
                None => simulate(&run.scenario, run.load, run.seed)?,
            };
            Ok(ScoredRun::from_outcome(&outcome))
        })?;
        self.count(ran.iter().map(|one| one.figures.messages));
        Ok(ran)
    }

    /// The same for a search, which takes less time.
    pub(super) fn score_runs(&self, runs: &[Run<'_>]) -> Result<Vec<Score>, ScenarioError> {
        let scores = self.each(runs, |run, messages| match messages {
            Some(messages) => score_messages(&run.scenario, (run.load, messages), run.seed),
            None => Ok(
                ScoredRun::from_outcome(&simulate(&run.scenario, run.load, run.seed)?)
                    .figures
                    .score(),
            ),
        })?;
        self.count(scores.iter().map(|one| one.messages));
        Ok(scores)
    }

    fn each<T: Send>(
        &self,
        runs: &[Run<'_>],
        simulate: impl Fn(&Run<'_>, Option<&Messages>) -> Result<T, ScenarioError> + Sync,
    ) -> Result<Vec<T>, ScenarioError> {
        let progress = self.progress;
        let drawn: Vec<_> = runs.iter().map(|run| self.drawn.messages(run)).collect();
        let ran: Vec<Result<T, ScenarioError>> = runs
            .par_iter()
            .zip(&drawn)
            // Runs differ in duration, so each can move to an idle core.
            .with_max_len(1)
            .map(|(run, messages)| {
                let ran = simulate(run, messages.as_deref());
                progress.add(nanos(run.load.duration()));
                ran
            })
            .collect();
        // If there are several errors, the first is returned.
        ran.into_iter().collect()
    }

    fn count(&self, sent: impl ExactSizeIterator<Item = u64>) {
        let (simulations, messages) = self.done.get();
        let more = sent.len() as u64;
        self.done
            .set((simulations + more, messages + sent.sum::<u64>()));
    }

    /// Returns the number of simulations and messages so far.
    pub(super) fn done(&self) -> (u64, u64) {
        self.done.get()
    }
}
