//! The warm tasks that a latency objective requires if tasks take longer to start than the objective.

use serde::Serialize;

use crate::load::Load;
use crate::policy::Policy;
use crate::progress::Progress;
use crate::scenario::{Scenario, ScenarioError};
use crate::survey::simulate_phases;

/// The minimum number of warm tasks with which enough messages meet the objective.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WarmNeed {
    /// Number of tasks, for `warm`. The maximum if even that isn't enough.
    pub tasks: u32,
    /// Share, from 0 to 1, of messages within the objective with these tasks, in the worst phase.
    pub within_objective: f64,
    /// Cost in US dollars per month with these tasks.
    pub cost_per_month: f64,
    /// Whether these tasks are enough.
    pub enough: bool,
}

/// Finds the minimum number of warm tasks with which the `required` share of messages meets the objective in each
/// phase of [`simulate_phases`]. Uses bisection, because apart from chance, more warm tasks never make more messages
/// late. `None` if the policy has no warm tasks, or if tasks start within the objective.
///
/// # Errors
/// If a number of the scenario makes no sense.
pub fn find_warm_need(
    scenario: &Scenario,
    load: &Load,
    seed: u64,
    required: f64,
) -> Result<Option<WarmNeed>, ScenarioError> {
    let Policy::Deadline(policy) = &scenario.policy else {
        return Ok(None);
    };
    let reaction = scenario.assumptions.task_start.mean() + policy.every;
    if reaction <= scenario.slo || scenario.max == 0 {
        return Ok(None);
    }
    let with = |tasks: u32| {
        let warm = scaling::Warm::Tasks(tasks);
        let policy = Policy::Deadline(crate::DeadlinePolicy { warm, ..*policy });
        // Like a service that already runs with these tasks.
        let scenario = Scenario {
            initial: scenario.initial.max(tasks),
            ..scenario.with_policy(policy)
        };
        let (outcome, phases) = simulate_phases(&scenario, load, seed, &Progress::none())?;
        let lowest = phases.within_objective.lowest;
        Ok(WarmNeed {
            tasks,
            within_objective: lowest,
            cost_per_month: outcome.cost.per_month,
            enough: lowest >= required,
        })
    };
    let mut found: WarmNeed = with(scenario.max)?;
    let mut too_few = 0;
    while found.enough && found.tasks - too_few > 1 {
        let middle = with(too_few + (found.tasks - too_few) / 2)?;
        if middle.enough {
            found = middle;
        } else {
            too_few = middle.tasks;
        }
    }
    Ok(Some(found))
}
