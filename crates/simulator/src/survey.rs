//! Results over several phases and over undocumented behavior of AWS: ranges instead of one number.

use rayon::prelude::*;
use serde::Serialize;

use crate::load::Load;
use crate::outcome::{QueueOutcome, RunOutcome};
use crate::policy::Policy;
use crate::progress::Progress;
use crate::scenario::{Overrides, Scenario, ScenarioError};
use crate::simulate::simulate_metered;
use crate::time::nanos;

/// Phases of a load with at most [`MANY_MESSAGES`]: enough to show how much a result depends on the second at
/// which a rule fires.
const PHASES: u64 = 10;

/// Phases of a longer load, in which chance events average out.
const FEW_PHASES: u64 = 3;

/// Number of messages from which fewer phases are simulated.
const MANY_MESSAGES: usize = 500_000;

/// The same for messages that are received again.
const REDELIVERY: [(&str, &str); 1] = [(
    "old_receipt=deletes",
    "deletes a message by a receipt handle that isn't its latest",
)];

/// Assumptions about target tracking that each differ from the defaults in one part, as `--assume` accepts them, and
/// their meanings.
const TRACKING: [(&str, &str); 9] = [
    (
        "tracking_base=running_then",
        "multiplies the running count at the datapoint's time",
    ),
    (
        "tracking_base=running",
        "multiplies the running count at the time of the decision",
    ),
    (
        "tracking_cooldown=blocks",
        "adds nothing during a scale-out cooldown",
    ),
    (
        "tracking_datapoint=average",
        "uses the average of the alarm's datapoints",
    ),
    (
        "tracking_datapoint=minimum",
        "uses the smallest of the alarm's datapoints",
    ),
    (
        "tracking_scale_in=5%",
        "removes up to 5% of the tasks at a time",
    ),
    (
        "tracking_scale_in=25%",
        "removes up to 25% of the tasks at a time",
    ),
    (
        "tracking_scale_in=to_target",
        "removes all surplus tasks at once",
    ),
    (
        "tracking_flapping_guard=off",
        "removes a task even if the others then exceed the target",
    ),
];

/// Approximate share of a survey's work before the variants that matter only if messages are received again.
const FIRST_SHARE: f64 = 0.9;

/// The lowest and the highest of several values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    /// The lowest.
    pub lowest: f64,
    /// The highest.
    pub highest: f64,
}

/// The results of several runs that differ only in their seeds, and therefore in the second at which rules
/// fire, in how long tasks take to start, and, for generated loads, in when messages are sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Phases {
    /// Number of runs.
    pub runs: u64,
    /// Share, from 0 to 1, of messages within the objective; the lowest of the queues', if there are several.
    pub within_objective: Range,
    /// Runs in which a queue missed the share that its own objective requires.
    #[serde(skip_serializing_if = "is_zero")]
    pub missed: u64,
    /// 99th percentile of the waiting time, in seconds.
    pub p99: Range,
    /// Cost in US dollars.
    pub cost: Range,
}

/// The phases under another assumption about undocumented behavior of AWS.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Variant {
    /// The assumption, as `--assume` accepts it.
    pub assumption: &'static str,
    /// Its meaning, for people. Follows "if AWS".
    pub meaning: &'static str,
    /// The results of the runs.
    pub phases: Phases,
}

/// The results of a scenario under a load, with their dependence on chance and on undocumented behavior of AWS.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// The result with the given seed.
    pub outcome: RunOutcome,
    /// The results of all phases, including the given seed's.
    pub phases: Phases,
    /// The same for each variant that can matter: the variants of target tracking if the policy uses it, and
    /// those of redelivery if messages were received again.
    pub variants: Vec<Variant>,
}

/// Simulates a scenario in several phases and variants, using all cores.
///
/// # Errors
/// If a number of the scenario makes no sense.
pub fn survey(
    scenario: &Scenario,
    load: &Load,
    seed: u64,
    progress: &Progress<'_>,
) -> Result<Survey, ScenarioError> {
    let tracking: &[_] = if uses_target_tracking(&scenario.policy) {
        &TRACKING
    } else {
        &[]
    };
    let tracking = list_variants(scenario, tracking);
    let others = tracking.iter().map(|(_, scenario)| scenario);
    let scenarios: Vec<&Scenario> = std::iter::once(scenario).chain(others).collect();
    let mut runs = run_phases(&scenarios, load, seed, (progress, FIRST_SHARE))?.into_iter();
    let (outcome, phases) = runs
        .next()
        .ok_or(ScenarioError::Value("nothing was simulated"))?;
    let mut found = name_variants(tracking.iter().map(|(named, _)| *named), runs);
    if outcome.messages.processed_again > 0 {
        let variants = list_variants(scenario, &REDELIVERY);
        let scenarios: Vec<&Scenario> = variants.iter().map(|(_, scenario)| scenario).collect();
        let runs = run_phases(&scenarios, load, seed, (progress, 1.0))?;
        found.extend(name_variants(
            variants.iter().map(|(named, _)| *named),
            runs,
        ));
    }
    progress.end_part();
    Ok(Survey {
        outcome,
        phases,
        variants: found,
    })
}

/// Returns the results of variants with their names and meanings.
fn name_variants(
    names: impl IntoIterator<Item = (&'static str, &'static str)>,
    runs: impl IntoIterator<Item = (RunOutcome, Phases)>,
) -> Vec<Variant> {
    let pairs = names.into_iter().zip(runs);
    pairs
        .map(|((assumption, meaning), (_, phases))| Variant {
            assumption,
            meaning,
            phases,
        })
        .collect()
}

/// Simulates a scenario in several phases, using all cores. Returns the outcome with the given seed and the
/// results of all phases.
///
/// # Errors
/// If a number of the scenario makes no sense.
pub fn simulate_phases(
    scenario: &Scenario,
    load: &Load,
    seed: u64,
    progress: &Progress<'_>,
) -> Result<(RunOutcome, Phases), ScenarioError> {
    let mut runs = run_phases(&[scenario], load, seed, (progress, 1.0))?;
    progress.end_part();
    runs.pop()
        .ok_or(ScenarioError::Value("nothing was simulated"))
}

/// Returns each scenario's outcome with the given seed and the results of all its phases. This is a stage of
/// progress up to a share of the part.
pub(crate) fn run_phases(
    scenarios: &[&Scenario],
    load: &Load,
    seed: u64,
    (progress, until): (&Progress<'_>, f64),
) -> Result<Vec<(RunOutcome, Phases)>, ScenarioError> {
    for scenario in scenarios {
        scenario.check()?;
    }
    let seeds = phase_seeds(load, seed);
    let jobs: Vec<(&Scenario, u64)> = scenarios
        .iter()
        .flat_map(|scenario| seeds.iter().map(move |run| (*scenario, *run)))
        .collect();
    let lasts = nanos(load.duration());
    progress.begin_stage(until, lasts.saturating_mul(jobs.len() as u64));
    // For all phases except the first, only the numbers are kept.
    let found: Vec<Result<(Option<RunOutcome>, Phases), ScenarioError>> = jobs
        .into_par_iter()
        .map(|(scenario, run)| {
            let outcome = simulate_metered(scenario, load, run, progress)?;
            let phases = Phases::from_outcome(&outcome);
            Ok(((run == seed).then_some(outcome), phases))
        })
        .collect();
    let mut all: Vec<(RunOutcome, Phases)> = Vec::with_capacity(scenarios.len());
    for one in found {
        match (one?, all.last_mut()) {
            ((Some(outcome), phases), _) => all.push((outcome, phases)),
            ((None, phases), Some((_, own))) => *own = own.join(phases),
            ((None, _), None) => {}
        }
    }
    Ok(all)
}

/// Returns the seeds of a load's phases, starting with the given one.
pub(crate) fn phase_seeds(load: &Load, seed: u64) -> Vec<u64> {
    let many = load.arrivals(seed).nth(MANY_MESSAGES).is_some();
    let runs = if many { FEW_PHASES } else { PHASES };
    (0..runs).map(|run| seed.wrapping_add(run)).collect()
}

impl Phases {
    fn from_outcome(outcome: &RunOutcome) -> Self {
        let only = |value| Range {
            lowest: value,
            highest: value,
        };
        Self {
            runs: 1,
            within_objective: only(outcome.within_objective),
            missed: u64::from(outcome.queues.iter().any(QueueOutcome::misses)),
            p99: only(outcome.waiting.p99),
            cost: only(outcome.cost.total),
        }
    }

    fn join(self, other: Self) -> Self {
        Self {
            runs: self.runs + other.runs,
            within_objective: self.within_objective.join(other.within_objective),
            missed: self.missed + other.missed,
            p99: self.p99.join(other.p99),
            cost: self.cost.join(other.cost),
        }
    }
}

// Serde passes references.
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Range {
    fn join(self, other: Self) -> Self {
        Self {
            lowest: self.lowest.min(other.lowest),
            highest: self.highest.max(other.highest),
        }
    }

    /// Returns both ends as text, or one if their texts are equal.
    #[must_use]
    pub fn format(self, format: impl Fn(f64) -> String) -> String {
        let (lowest, highest) = (format(self.lowest), format(self.highest));
        if lowest == highest {
            lowest
        } else {
            format!("{lowest} to {highest}")
        }
    }
}

impl Variant {
    /// Whether the phases differ from those under the default by more than half a percentage point of the
    /// messages, or by more than 5% of the cost.
    #[must_use]
    pub fn differs(&self, from: &Phases) -> bool {
        let apart = |own: Range, other: Range| {
            (own.lowest - other.lowest)
                .abs()
                .max((own.highest - other.highest).abs())
        };
        apart(self.phases.within_objective, from.within_objective) > 0.005
            || apart(self.phases.cost, from.cost) > 0.05 * from.cost.highest
    }
}

fn uses_target_tracking(policy: &Policy) -> bool {
    matches!(
        policy,
        Policy::BacklogPerTask(_)
            | Policy::BacklogPerTaskAndSteps(..)
            | Policy::Predictive(_)
            | Policy::Demand(_)
    )
}

/// Returns the scenario under each of these assumptions that differs from its own. Measured assumptions have no
/// variants.
fn list_variants(
    scenario: &Scenario,
    assumptions: &[(&'static str, &'static str)],
) -> Vec<((&'static str, &'static str), Scenario)> {
    let under = |&(assumption, meaning): &(&'static str, &'static str)| {
        let mut overrides = Overrides {
            assumptions: Some(scenario.assumptions.clone()),
            ..Overrides::default()
        };
        let key = assumption.split('=').next().unwrap_or_default();
        if scenario.assumptions.evidence.contains_key(key) {
            return None;
        }
        overrides.assume(assumption).ok()?;
        let assumptions = overrides.assumptions?;
        let differs = assumptions != scenario.assumptions;
        let other = Scenario {
            assumptions,
            ..scenario.clone()
        };
        differs.then_some(((assumption, meaning), other))
    };
    assumptions.iter().filter_map(under).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No variant is ineffective because of a misspelling.
    #[test]
    fn every_variant_is_an_assumption() {
        for (assumption, _) in TRACKING.iter().chain(&REDELIVERY) {
            let mut overrides = Overrides::default();
            overrides.assume(assumption).unwrap();
            assert_ne!(overrides, Overrides::default(), "{assumption}");
        }
    }
}
