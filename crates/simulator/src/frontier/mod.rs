//! Cost versus objective: the minimum cost at which a policy meets a latency objective for a share of the messages,
//! for several objectives and shares.
//!
//! Each policy runs with a grid of settings: see [`candidates`]. The waiting times of a run cover every objective and
//! share, so a run is a point on each frontier. Settings that are shown to people meet their objective in each phase.

mod candidates;
mod search;
#[cfg(test)]
mod tests;

use std::time::Duration;

use rayon::prelude::*;
use serde::Serialize;

use crate::load::Load;
use crate::number::{format_duration, format_tasks};
use crate::outcome::{MaxLimit, RunOutcome};
use crate::policy::Policy;
use crate::progress::Progress;
use crate::scenario::{Scenario, ScenarioError};
use crate::simulate::simulate_metered;
use crate::time::{Nanos, nanos};

use self::candidates::list_candidates;
use self::search::Search;

/// Objectives in seconds.
const OBJECTIVES: [u64; 7] = [5, 10, 30, 60, 120, 300, 600];

/// Shares of the messages that must meet an objective.
const SHARES: [f64; 3] = [0.95, 0.99, 0.999];

/// Share for the comparison of policies if none is required.
const USUAL_SHARE: f64 = 0.99;

/// Name of the policy of a fixed count.
const FIXED: &str = "fixed";

/// Approximate share of the work that the ideals take.
const IDEALS: f64 = 0.04;

/// The cheapest ways to meet each of several latency objectives, under one load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Frontier {
    /// Latency objectives in seconds, shortest first. They include the definition's own.
    pub objectives: Vec<f64>,
    /// Shares, from 0 to 1, of the messages that must meet an objective, smallest first. They include the required
    /// one.
    pub shares: Vec<f64>,
    /// The required share. Otherwise 0.99.
    pub share: f64,
    /// Seconds from a jump of the load until the resulting new tasks are running: a check, and the start of a task
    /// (the 95th percentile). Only tasks that are already running can meet a shorter objective.
    pub reaction: f64,
    /// The ideal for each objective.
    pub ideal: Vec<FrontierIdeal>,
    /// The unchanged definition.
    pub present: FrontierRun,
    /// The results of each policy.
    pub policies: Vec<FrontierPolicy>,
}

/// The tasks that the ideal policy needs for an objective. It knows every message in advance, and each message starts
/// in time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FrontierIdeal {
    /// Task-seconds.
    pub task_seconds: f64,
    /// Cost in US dollars per month of 730 hours.
    pub cost_per_month: f64,
    /// Set if `tasks.max` is too low for the objective, even for the ideal policy.
    pub limited_by_max: Option<MaxLimit>,
}

/// The cheapest settings of a policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrontierPolicy {
    /// Name of the policy, for people.
    pub policy: String,
    /// Whether a definition can use it: KEDA needs Kubernetes, and stack definitions don't support predictive
    /// scaling.
    pub deployable: bool,
    /// The cheapest run for each share and each objective. `None` if no setting meets the objective.
    pub cheapest: Vec<Vec<Option<FrontierRun>>>,
}

/// A policy with its settings, and its results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrontierRun {
    /// Name of the policy, for people.
    pub policy: String,
    /// The latency objective that it aims for, in seconds, if it has such a setting.
    pub aim: Option<f64>,
    /// Minimum number of tasks. For a fixed count, the count.
    pub min: u32,
    /// Whether this is more than the definition's `tasks.min`.
    pub warm: bool,
    /// Cost in US dollars per month of 730 hours, in the most expensive phase.
    pub cost_per_month: f64,
    /// Task-seconds with the given seed.
    pub task_seconds: f64,
    /// Share, from 0 to 1, of the messages that meet each objective, in the worst phase.
    pub within_objective: Vec<f64>,
    /// Number of phases.
    pub phases: u64,
}

/// Finds the cheapest settings of each policy of [`compare`](crate::compare()) for several objectives and shares, using
/// all cores. The scenario's task bounds apply to all policies.
///
/// # Errors
/// If a number of the scenario isn't valid.
pub fn frontier(
    scenario: &Scenario,
    load: &Load,
    seed: u64,
    required: Option<f64>,
    progress: &Progress<'_>,
) -> Result<Frontier, ScenarioError> {
    scenario.check()?;
    let objectives = list_objectives(scenario);
    let ideals = run_ideals(scenario, load, seed, &objectives, progress)?;
    let peak = ideals.iter().map(|ideal| ideal.tasks.most).max();
    let candidates = list_candidates(scenario, load, seed, peak.unwrap_or(scenario.max));
    let share = required.unwrap_or(USUAL_SHARE);
    let mut shares = Vec::from(SHARES);
    shares.push(share);
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    let limits: Vec<Nanos> = objectives.iter().map(|limit| nanos(*limit)).collect();
    let search = Search {
        candidates: &candidates,
        objectives: &limits,
        shares: &shares,
        share,
        load,
        progress,
    };
    let runs = search.run(seed)?;
    progress.end_part();
    let reaction = scenario.assumptions.task_start.p95() + scaling::DEMAND_INTERVAL;
    Ok(Frontier {
        objectives: objectives.iter().map(Duration::as_secs_f64).collect(),
        share,
        reaction: reaction.as_secs_f64(),
        ideal: ideals.iter().map(FrontierIdeal::new).collect(),
        policies: search.policies(&runs),
        present: runs
            .into_iter()
            .next()
            .ok_or(ScenarioError::Value("nothing was simulated"))?,
        shares,
    })
}

/// Returns the usual objectives and the scenario's own.
fn list_objectives(scenario: &Scenario) -> Vec<Duration> {
    let mut objectives: Vec<Duration> = OBJECTIVES.map(Duration::from_secs).into();
    objectives.push(scenario.slo);
    objectives.sort();
    objectives.dedup();
    objectives
}

fn run_ideals(
    scenario: &Scenario,
    load: &Load,
    seed: u64,
    objectives: &[Duration],
    progress: &Progress<'_>,
) -> Result<Vec<RunOutcome>, ScenarioError> {
    let lasts = nanos(load.duration());
    progress.begin_stage(IDEALS, lasts.saturating_mul(objectives.len() as u64));
    objectives
        .par_iter()
        .map(|slo| {
            let ideal = scenario.with_policy(Policy::Ideal).with_objective(*slo);
            simulate_metered(&ideal, load, seed, progress)
        })
        .collect()
}

impl FrontierIdeal {
    fn new(outcome: &RunOutcome) -> Self {
        Self {
            task_seconds: outcome.tasks.needed_seconds,
            cost_per_month: outcome.cost.ideal_per_month,
            limited_by_max: outcome.limited_by_max,
        }
    }
}

impl Frontier {
    /// Returns the index of [`Self::share`] in the list of shares.
    #[must_use]
    pub fn required_share(&self) -> usize {
        let found = self.shares.iter().position(|share| *share == self.share);
        found.unwrap_or_default()
    }

    /// Returns the cheapest run among the unchanged definition and all deployable policies, for the share and
    /// the objective at these indexes.
    #[must_use]
    pub fn cheapest(&self, share: usize, objective: usize) -> Option<&FrontierRun> {
        let required = *self.shares.get(share)?;
        let present = Some(&self.present).filter(|run| run.meets(objective, required));
        let policies = self.policies.iter().filter(|policy| policy.deployable);
        let runs = policies.filter_map(|policy| {
            let runs = policy.cheapest.get(share)?;
            runs.get(objective)?.as_ref()
        });
        runs.chain(present)
            .min_by(|one, other| one.cost_per_month.total_cmp(&other.cost_per_month))
    }

    /// Whether the objective at this index is shorter than the reaction to a jump of the load.
    #[must_use]
    pub fn needs_warm(&self, objective: usize) -> bool {
        let objective = self.objectives.get(objective);
        objective.is_some_and(|objective| *objective < self.reaction)
    }

    /// Returns task-hours of a run ÷ task-hours of the ideal policy for an objective. The divisor is at least 1
    /// s.
    #[must_use]
    pub fn times_ideal(&self, run: &FrontierRun, objective: usize) -> f64 {
        let ideal = self.ideal.get(objective);
        run.task_seconds / ideal.map_or(1.0, |ideal| ideal.task_seconds.max(1.0))
    }
}

impl FrontierRun {
    /// Describes the policy and its settings, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = self.policy.clone();
        if let Some(aim) = self.aim {
            text.push_str(&format!(", aiming at {}", format_duration(aim)));
        }
        if self.policy == FIXED {
            text.push_str(&format!(", {}", format_tasks(self.min)));
        } else if self.warm {
            text.push_str(&format!(", at least {}", format_tasks(self.min)));
        }
        text
    }
}
