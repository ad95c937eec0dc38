//! Simulates the candidates, and selects the cheapest.

use rayon::prelude::*;

use crate::engine::{self, Metered, Run, Sender};
use crate::load::Load;
use crate::number::count;
use crate::progress::Progress;
use crate::scenario::ScenarioError;
use crate::score::Score;
use crate::survey::phase_seeds;
use crate::time::{Nanos, nanos, seconds};

use super::candidates::Candidate;
use super::{FrontierPolicy, FrontierRun};

/// Approximate share of the work before the other phases of the cheapest candidates.
const FIRST_PHASE: f64 = 0.75;

/// Candidates under a load, with the objectives and shares.
pub(super) struct Search<'a> {
    /// The definition comes first.
    pub(super) candidates: &'a [Candidate],
    /// Objectives, the shortest first.
    pub(super) objectives: &'a [Nanos],
    pub(super) shares: &'a [f64],
    /// The share for which the policies are compared.
    pub(super) share: f64,
    pub(super) load: &'a Load,
    pub(super) progress: &'a Progress<'a>,
}

impl Search<'_> {
    /// Simulates each candidate in its first phase. Then simulates all phases of the definition, the cheapest
    /// candidates of each policy for [`Self::share`], and the cheapest of all for each share, until the cheapest ones
    /// have all been simulated.
    pub(super) fn run(&self, seed: u64) -> Result<Vec<FrontierRun>, ScenarioError> {
        let seeds = phase_seeds(self.load, seed);
        let (first, others) = seeds.split_at(1);
        let all: Vec<usize> = (0..self.candidates.len()).collect();
        let mut reached = FIRST_PHASE;
        let mut runs = self.simulate(&all, first, reached)?;
        loop {
            let mut open = self.list_leaders(&runs);
            open.retain(|index| runs.get(*index).is_some_and(|run| run.phases == 1));
            if open.is_empty() || others.is_empty() {
                return Ok(runs);
            }
            reached += (1.0 - reached) * FIRST_PHASE;
            let more = self.simulate(&open, others, reached)?;
            for (index, more) in open.iter().zip(more) {
                if let Some(run) = runs.get_mut(*index) {
                    run.join(&more);
                }
            }
        }
    }

    /// Returns the frontier of each policy except the definition itself.
    pub(super) fn policies(&self, runs: &[FrontierRun]) -> Vec<FrontierPolicy> {
        let run = |policy: &Candidate, share: f64, objective: usize| {
            let index = self.find_cheapest(runs, Some(&policy.policy), share, objective)?;
            runs.get(index).cloned()
        };
        let frontier = |policy: &Candidate, share: f64| {
            let objectives = 0..self.objectives.len();
            objectives
                .map(|objective| run(policy, share, objective))
                .collect()
        };
        let policies = self.policies_once().into_iter().skip(1);
        let found = policies.map(|policy| FrontierPolicy {
            policy: policy.policy.clone(),
            deployable: policy.deployable,
            cheapest: self
                .shares
                .iter()
                .map(|share| frontier(policy, *share))
                .collect(),
        });
        found.collect()
    }

    /// Returns the first candidate of each policy, starting with the definition.
    fn policies_once(&self) -> Vec<&Candidate> {
        let mut first: Vec<&Candidate> = self.candidates.iter().collect();
        first.dedup_by(|one, other| one.policy == other.policy);
        first
    }

    /// Returns the definition, the cheapest candidates of each policy for the required share, and the cheapest of all
    /// for each share.
    fn list_leaders(&self, runs: &[FrontierRun]) -> Vec<usize> {
        let mut leaders = vec![0];
        for objective in 0..self.objectives.len() {
            for policy in self.policies_once() {
                let name = Some(policy.policy.as_str());
                leaders.extend(self.find_cheapest(runs, name, self.share, objective));
            }
            for share in self.shares {
                leaders.extend(self.find_cheapest(runs, None, *share, objective));
            }
        }
        leaders.sort_unstable();
        leaders.dedup();
        leaders
    }

    /// Returns the cheapest run of a policy, or of all deployable policies, with which this share of the messages
    /// meets an objective.
    fn find_cheapest(
        &self,
        runs: &[FrontierRun],
        policy: Option<&str>,
        share: f64,
        objective: usize,
    ) -> Option<usize> {
        let wanted = |candidate: &Candidate| {
            policy.map_or(candidate.deployable, |policy| candidate.policy == policy)
        };
        self.candidates
            .iter()
            .zip(runs)
            .enumerate()
            .filter(|(_, (candidate, run))| wanted(candidate) && run.meets(objective, share))
            .min_by(|(_, (_, one)), (_, (_, other))| {
                one.cost_per_month.total_cmp(&other.cost_per_month)
            })
            .map(|(index, _)| index)
    }

    /// Returns the results of these candidates with these seeds.
    fn simulate(
        &self,
        indices: &[usize],
        seeds: &[u64],
        until: f64,
    ) -> Result<Vec<FrontierRun>, ScenarioError> {
        let candidates: Vec<&Candidate> = indices
            .iter()
            .filter_map(|index| self.candidates.get(*index))
            .collect();
        let jobs: Vec<(&Candidate, u64)> = candidates
            .iter()
            .flat_map(|candidate| seeds.iter().map(move |seed| (*candidate, *seed)))
            .collect();
        let lasts = nanos(self.load.duration());
        self.progress
            .begin_stage(until, lasts.saturating_mul(jobs.len() as u64));
        let runs: Result<Vec<FrontierRun>, ScenarioError> = jobs
            .par_iter()
            // Runs differ in duration, so each can move to an idle core.
            .with_max_len(1)
            .map(|(candidate, seed)| self.simulate_one(candidate, *seed))
            .collect();
        let join = |runs: &[FrontierRun]| {
            let (first, others) = runs.split_first()?;
            let mut all = first.clone();
            others.iter().for_each(|run| all.join(run));
            Some(all)
        };
        Ok(runs?.chunks(seeds.len().max(1)).filter_map(join).collect())
    }

    fn simulate_one(&self, candidate: &Candidate, seed: u64) -> Result<FrontierRun, ScenarioError> {
        let scenario = &candidate.scenario;
        let loaded = nanos(self.load.duration());
        let run = Run {
            bounds: scenario.check()?,
            origin: scenario.origin(self.load),
            loaded,
            seed,
            known: None,
            detailed: false,
            objectives: self.objectives,
        };
        let sender = Sender::new(scenario, self.load, seed);
        let messages = Metered::new(sender, loaded, self.progress);
        let finished = engine::run_messages(scenario, &run, messages)
            .ok_or(ScenarioError::Value("the load is too long"))?;
        let score = Score::new(scenario, &finished);
        // The share of the queue that does worst.
        let mut shares = vec![1.0f64; self.objectives.len()];
        for lane in finished.records.lanes.iter().filter(|lane| lane.sent > 0) {
            let mut met = 0;
            for (share, (_, messages)) in shares.iter_mut().zip(&lane.objectives) {
                met += messages;
                *share = share.min(count(met) / count(lane.sent));
            }
        }
        Ok(FrontierRun {
            policy: candidate.policy.clone(),
            aim: candidate.aim,
            min: candidate.min,
            warm: candidate.warm,
            cost_per_month: score.cost_per_month,
            task_seconds: seconds(finished.task_time),
            within_objective: shares,
            phases: 1,
        })
    }
}

impl FrontierRun {
    /// Whether this share of the messages meets the objective at this index.
    #[must_use]
    pub fn meets(&self, objective: usize, share: f64) -> bool {
        let met = self.within_objective.get(objective);
        met.is_some_and(|met| *met >= share)
    }

    /// Adds other phases.
    fn join(&mut self, other: &Self) {
        self.cost_per_month = self.cost_per_month.max(other.cost_per_month);
        for (own, other) in self
            .within_objective
            .iter_mut()
            .zip(&other.within_objective)
        {
            *own = own.min(*other);
        }
        self.phases += other.phases;
    }
}
