//! The settings to try.

use std::time::Duration;

use crate::compare::{OWN, list_policies};
use crate::load::Load;
use crate::number::count;
use crate::policy::Policy;
use crate::scenario::Scenario;
use crate::simulate::foresee_work;

use super::FIXED;

/// Latency objectives to aim for, in seconds: the usual objectives, and values between and below them.
const AIMS: [u64; 9] = [2, 5, 10, 20, 30, 60, 120, 300, 600];

/// The objectives that are combined with more tasks than the definition's minimum.
const WARM_AIMS: [u64; 4] = [2, 10, 30, 120];

/// Peak of the required tasks ÷ minimum number of tasks.
const FLOORS: [u32; 3] = [8, 4, 2];

/// Maximum number of fixed counts.
const COUNTS: u32 = 16;

/// A policy with its settings.
pub(super) struct Candidate {
    /// Name of the policy.
    pub(super) policy: String,
    /// The latency objective that it aims for, in seconds, if it has such a setting.
    pub(super) aim: Option<f64>,
    /// Minimum number of tasks.
    pub(super) min: u32,
    /// Whether this is more than the definition's minimum.
    pub(super) warm: bool,
    /// Whether a definition can have this policy.
    pub(super) deployable: bool,
    pub(super) scenario: Scenario,
}

/// Returns the unchanged definition, and then each policy of the comparison with each of its settings: the latency
/// objective to aim for, and the minimum number of tasks. `peak` is the maximum number of required tasks. Fixed
/// counts range from the mean of the required tasks to 25% above the peak.
pub(super) fn list_candidates(
    scenario: &Scenario,
    load: &Load,
    seed: u64,
    peak: u32,
) -> Vec<Candidate> {
    let forecasts = load.duration() > Duration::from_secs(86_400);
    let mut candidates = vec![Candidate::new(scenario, OWN, None, scenario.min)];
    for (name, policy) in list_policies(scenario, peak, forecasts) {
        let name = name.split(',').next().unwrap_or(&name);
        match policy {
            Policy::Ideal => {}
            Policy::Fixed { .. } => {
                let counts = list_counts(mean_tasks(scenario, load, seed), peak, scenario);
                candidates.extend(counts.into_iter().map(|tasks| {
                    let fixed = scenario.with_policy(Policy::Fixed { tasks });
                    Candidate::new(&fixed, FIXED, None, tasks).above(scenario.min)
                }));
            }
            policy => {
                for floor in list_floors(scenario, peak) {
                    let aims: &[u64] = if floor > scenario.min {
                        &WARM_AIMS
                    } else {
                        &AIMS
                    };
                    let aims = list_aims(&policy, scenario, aims).into_iter();
                    candidates.extend(aims.map(|(aim, policy)| {
                        let aimed = scenario.with_policy(policy);
                        Candidate::new(&aimed, name, aim, floor).above(scenario.min)
                    }));
                }
            }
        }
    }
    candidates
}

impl Candidate {
    fn new(scenario: &Scenario, policy: &str, aim: Option<f64>, min: u32) -> Self {
        Self {
            policy: policy.to_owned(),
            aim,
            min,
            warm: false,
            // KEDA needs Kubernetes, and stack definitions don't support predictive scaling.
            deployable: !matches!(
                scenario.policy,
                Policy::Keda(_) | Policy::Predictive(_) | Policy::Ideal
            ),
            scenario: Scenario {
                min,
                initial: scenario.initial.max(min),
                ..scenario.clone()
            },
        }
    }

    fn above(self, min: u32) -> Self {
        Self {
            warm: self.min > min,
            ..self
        }
    }
}

/// Returns the policy with each latency objective to aim for. Only the policy itself if it has no such setting.
fn list_aims(policy: &Policy, scenario: &Scenario, aims: &[u64]) -> Vec<(Option<f64>, Policy)> {
    let aimed = |aim: &u64| {
        let aim = Duration::from_secs(*aim);
        let policy = policy.aim_at(aim, scenario)?;
        Some((Some(aim.as_secs_f64()), policy))
    };
    let aims: Vec<_> = aims.iter().filter_map(aimed).collect();
    if aims.is_empty() {
        return vec![(None, policy.clone())];
    }
    aims
}

/// Returns minimum numbers of tasks, the definition's first.
fn list_floors(scenario: &Scenario, peak: u32) -> Vec<u32> {
    let mut floors: Vec<u32> = FLOORS
        .into_iter()
        .map(|part| peak.div_ceil(part).min(scenario.max))
        .filter(|floor| *floor > scenario.min)
        .collect();
    floors.insert(0, scenario.min);
    floors.dedup();
    floors
}

/// Returns the number of tasks that would be continuously busy over the whole load.
fn mean_tasks(scenario: &Scenario, load: &Load, seed: u64) -> f64 {
    let work = foresee_work(scenario, load, seed).work_seconds();
    let length = load.duration().as_secs_f64().max(1.0);
    work / length / f64::from(scenario.concurrency)
}

/// Returns fixed counts: each count if there are few, otherwise counts in equal ratios.
fn list_counts(mean: f64, peak: u32, scenario: &Scenario) -> Vec<u32> {
    let most = peak
        .saturating_add(peak.div_ceil(4))
        .clamp(1, scenario.max)
        .max(scenario.min);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float outside of the range saturates"
    )]
    let least = (mean as u32).max(scenario.min).clamp(1, most);
    if most - least < COUNTS {
        return (least..=most).collect();
    }
    let ratio = f64::from(most) / f64::from(least);
    let mut counts: Vec<u32> = (0..COUNTS)
        .map(|step| {
            let part = count(step.into()) / count((COUNTS - 1).into());
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between two whole numbers"
            )]
            let tasks = (f64::from(least) * libm::pow(ratio, part)).round() as u32;
            tasks.clamp(least, most)
        })
        .collect();
    counts.dedup();
    counts
}
