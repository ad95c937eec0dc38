//! The same load with common policies.

use std::time::Duration;

use crate::load::Load;
use crate::number::format_tasks;
use crate::outcome::RunOutcome;
use crate::policy::{
    BacklogPolicy, DeadlinePolicy, KedaPolicy, Policy, PredictivePolicy, StepPolicy,
};
use crate::progress::Progress;
use crate::scenario::{Scenario, ScenarioError};
use crate::simulate::foresee_work;
use crate::survey::{Phases, Survey, run_phases};

/// A policy and its result.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Compared {
    /// Name of the policy, for people.
    pub name: String,
    /// The result with the given seed.
    pub outcome: RunOutcome,
    /// The results of all phases.
    pub phases: Phases,
}

impl Survey {
    /// Returns this result with another name and without its variants.
    #[must_use]
    pub fn name(&self, name: &str) -> Compared {
        Compared {
            name: name.to_owned(),
            outcome: self.outcome.clone(),
            phases: self.phases,
        }
    }
}

/// A policy that others use, to compare with by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownPolicy {
    /// KEDA's SQS scaler with its defaults.
    Keda,
    /// Steps on the queue's length, as the CDK's queue pattern sets them.
    Steps,
    /// The smallest fixed number of tasks with which every message of the load can meet the objective.
    Fixed,
}

impl KnownPolicy {
    /// The scenario with this policy, and the policy's name for people. `None` if the service can't have this policy.
    #[must_use]
    pub fn replace_policy(self, scenario: &Scenario, load: &Load) -> Option<(String, Scenario)> {
        let most = match self {
            Self::Fixed => foresee_work(scenario, load, 1)
                .needed(scenario)
                .into_iter()
                .max(),
            Self::Keda | Self::Steps => None,
        };
        let mut policies = list_policies(scenario, most.unwrap_or(scenario.min), false).into_iter();
        let (name, policy) = policies.find(|(_, policy)| match self {
            Self::Keda => matches!(policy, Policy::Keda(_)),
            Self::Steps => matches!(policy, Policy::Steps(_)),
            Self::Fixed => matches!(policy, Policy::Fixed { .. }),
        })?;
        Some((name, scenario.with_policy(policy)))
    }
}

/// A policy that no definition can have, to simulate in place of a definition's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherPolicy {
    /// KEDA's SQS scaler with its defaults, which needs Kubernetes.
    Keda,
    /// Predictive scaling in addition to target tracking.
    Predictive,
}

impl OtherPolicy {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::Keda, Self::Predictive];

    /// As in an assumption.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Keda => "keda",
            Self::Predictive => "predictive",
        }
    }

    /// # Errors
    /// The valid names, if it is another one.
    pub(crate) fn parse(name: &str) -> Result<Self, &'static str> {
        let found = Self::ALL.into_iter().find(|one| one.name() == name);
        found.ok_or("keda or predictive; the definition has all other policies")
    }

    /// The scenario with this policy, as [`compare`] simulates it.
    pub(crate) fn replace_in(self, scenario: Scenario) -> Scenario {
        let policies = list_policies(&scenario, scenario.min, true);
        let found = policies.into_iter().find(|(_, policy)| match self {
            Self::Keda => matches!(policy, Policy::Keda(_)),
            Self::Predictive => matches!(policy, Policy::Predictive(_)),
        });
        let Some((name, policy)) = found else {
            return scenario;
        };
        let mut replaced = scenario.with_policy(policy);
        replaced.notes.push(format!(
            "instead of the definition's policy: {name}, which no definition can have"
        ));
        replaced
    }
}

/// Name of the unchanged definition in comparisons.
pub(crate) const OWN: &str = "this definition";

/// Name of the ideal in comparisons.
pub(crate) const IDEAL: &str = "ideal (hindsight)";

/// Simulates each common policy with the same messages as a scenario's own policy, which comes first and whose result
/// is already known: the articles' two (backlog per task, and steps by alarms), Copilot's defaults, the CDK's queue
/// pattern, KEDA's SQS scaler, predictive scaling if the load is long enough for a forecast, demand scaling, the
/// smallest sufficient fixed count, and the ideal. Uses all cores.
///
/// # Errors
/// If a number of the scenario isn't valid.
pub fn compare(
    scenario: &Scenario,
    load: &Load,
    seed: u64,
    own: &Survey,
    progress: &Progress<'_>,
) -> Result<Vec<Compared>, ScenarioError> {
    scenario.check()?;
    let known = foresee_work(scenario, load, seed);
    let most = known.needed(scenario).into_iter().max();
    let forecasts = load.duration() > Duration::from_secs(86_400);
    let policies = list_policies(scenario, most.unwrap_or(scenario.min), forecasts);
    let others = policies
        .into_iter()
        .map(|(name, policy)| (name, scenario.with_policy(policy)));
    let (names, scenarios): (Vec<String>, Vec<Scenario>) =
        list_unscheduled(scenario).into_iter().chain(others).unzip();
    let scenarios: Vec<&Scenario> = scenarios.iter().collect();
    let runs = run_phases(&scenarios, load, seed, (progress, 1.0))?;
    progress.end_part();
    let others = names
        .into_iter()
        .zip(runs)
        .map(|(name, (outcome, phases))| Compared {
            name,
            outcome,
            phases,
        });
    Ok(std::iter::once(own.name(OWN)).chain(others).collect())
}

/// Returns the definition without its schedule, if it has one: with the bounds outside the schedule's periods and, if
/// different, with the largest minimum of the schedule. The difference is what the schedule saves or costs.
fn list_unscheduled(scenario: &Scenario) -> Vec<(String, Scenario)> {
    let Some(schedule) = &scenario.schedule else {
        return Vec::new();
    };
    let (min, max) = (scenario.min, scenario.widest().1);
    let largest = schedule
        .periods
        .iter()
        .filter_map(|period| period.min)
        .max();
    let always = largest.filter(|largest| *largest > min);
    let without = |min: u32, max: u32| {
        let other = Scenario {
            schedule: None,
            min,
            max,
            initial: scenario.initial.clamp(min, max.max(min)),
            ..scenario.clone()
        };
        (format!("always {min} to {max} tasks, no schedule"), other)
    };
    let base = without(min, scenario.max);
    std::iter::once(base)
        .chain(always.map(|always| without(always, max)))
        .collect()
}

/// The policies with their names.
pub(crate) fn list_policies(
    scenario: &Scenario,
    most: u32,
    forecasts: bool,
) -> Vec<(String, Policy)> {
    let processing = scenario.processing.mean().as_secs_f64();
    let target = scenario.slo.as_secs_f64() / processing * f64::from(scenario.concurrency);
    let copilot = BacklogPolicy::copilot(target);
    let articles = BacklogPolicy {
        cooldown_in: Duration::from_secs(300),
        cooldown_out: Duration::from_secs(300),
        ..copilot
    };
    let mut policies = vec![(
        "backlog per task, ECS's default cooldowns".to_owned(),
        Policy::BacklogPerTask(articles),
    )];
    policies.extend(StepPolicy::articles_alarm_steps().map(|steps| {
        (
            "alarm steps, 100 and 20 messages per minute".to_owned(),
            Policy::AlarmSteps(steps),
        )
    }));
    policies.push((
        "Copilot's defaults".to_owned(),
        Policy::BacklogPerTask(copilot),
    ));
    policies.extend(
        StepPolicy::cdk_queue_processing()
            .map(|steps| ("the CDK's queue pattern".to_owned(), Policy::Steps(steps))),
    );
    policies.push((
        "KEDA's SQS scaler".to_owned(),
        Policy::Keda(KedaPolicy::defaults(target)),
    ));
    if forecasts {
        policies.push((
            "predictive scaling, our own forecast".to_owned(),
            Policy::Predictive(predictive(scenario, articles)),
        ));
    }
    policies.push((
        "demand, set by a function".to_owned(),
        Policy::Deadline(DeadlinePolicy::defaults(scenario.processing.mean())),
    ));
    policies.push((
        format!("fixed, {}", format_tasks(most)),
        Policy::Fixed { tasks: most },
    ));
    policies.push((IDEAL.to_owned(), Policy::Ideal));
    policies
}

/// Predictive scaling in addition to the scenario's own target tracking on the backlog per task, or to another
/// one.
fn predictive(scenario: &Scenario, other: BacklogPolicy) -> PredictivePolicy {
    let tracking = match &scenario.policy {
        Policy::BacklogPerTask(policy) => *policy,
        _ => other,
    };
    let processing = scenario.processing.mean();
    PredictivePolicy::defaults(tracking, processing, scenario.concurrency)
}
