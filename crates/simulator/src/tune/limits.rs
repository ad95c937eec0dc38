//! The limits that prevent a policy from meeting the objective, found by experiment: the same candidate with
//! one limit lifted.

use std::time::Duration;

use serde::Serialize;

use crate::policy::{DemandPolicy, Policy};
use crate::random::Distribution;
use crate::scenario::{MOST_TASKS, Scenario, ScenarioError};
use crate::score::Score;

use super::search::{Found, Search};
use super::settings::Settings;
use super::space::Space;

/// The effect of lifting one or several limits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiftedLimit {
    /// The lifted limit, or two joined with `and`.
    pub limit: String,
    /// Share of messages that would be within the objective.
    pub within_objective: f64,
    /// Cost in US dollars per month.
    pub cost_per_month: f64,
    /// Whether that meets the requirement.
    pub enough: bool,
}

/// The limiting factors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// The candidate that was tried.
    pub settings: Settings,
    /// Its share of messages within the objective.
    pub within_objective: f64,
    /// Each limit lifted alone, and combinations.
    pub lifted: Vec<LiftedLimit>,
    /// The maximum number of required tasks, running all the time.
    pub standing: LiftedLimit,
    /// Maximum number of required tasks at any time.
    pub peak: u32,
}

impl Limits {
    /// Returns the limiting factor in a few words: the limits that would each be enough if lifted; or the
    /// limits that would be enough together; or, if nothing is enough, the limit that helps most.
    #[must_use]
    pub fn binding(&self) -> String {
        let enough: Vec<&str> = self
            .lifted
            .iter()
            .filter(|lift| lift.enough)
            .map(|lift| lift.limit.as_str())
            .collect();
        match enough.as_slice() {
            [] => self
                .lifted
                .iter()
                .max_by(|a, b| a.within_objective.total_cmp(&b.within_objective))
                .map_or_else(
                    || "none of the tested limits".to_owned(),
                    |best| format!("no single limit of the loop; mainly {}", best.limit),
                ),
            [one] => one.replace(" and ", " together with "),
            several => several.join(", or "),
        }
    }
}

/// Length of a period of an alarm that detects immediately. Shorter periods only take longer to simulate.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Runs experiments if a search found no candidate that meets the objective, or if only tasks that always run
/// meet it. In the second case, uses the best candidate with at most half of the peak.
pub(super) fn limits(
    search: &Search<'_>,
    own: &Found,
    other_chosen: bool,
    peak: u32,
    space: &Space,
) -> Result<Option<Limits>, ScenarioError> {
    let required = search.required();
    let (settings, figures) = own.best;
    let standing = settings.min > peak / 2 && settings.min > space.present().min && peak > 1;
    let subject = if !own.keeps {
        Some((settings, figures))
    } else if standing && !other_chosen {
        let few = |(one, figures): &&(Settings, Score)| {
            one.min <= peak / 2 && figures.within_objective < required
        };
        let most = own.tried.iter().filter(few);
        most.max_by(|a, b| a.1.within_objective.total_cmp(&b.1.within_objective))
            .copied()
    } else {
        None
    };
    let Some((settings, figures)) = subject else {
        return Ok(None);
    };
    experiment(search, settings, figures, peak).map(Some)
}

fn experiment(
    search: &Search<'_>,
    settings: Settings,
    figures: Score,
    peak: u32,
) -> Result<Limits, ScenarioError> {
    let scenario = search.evaluator.scenario(settings)?;
    let lifts = lifts();
    let mut scenarios: Vec<Scenario> = lifts.iter().map(|(_, lift)| lift(&scenario)).collect();
    let mut names: Vec<String> = lifts.iter().map(|(name, _)| (*name).to_owned()).collect();
    for (first, (name, lift)) in lifts.iter().enumerate() {
        for (other, also) in lifts.iter().skip(first + 1) {
            names.push(format!("{name} and {other}"));
            scenarios.push(also(&lift(&scenario)));
        }
    }
    names.push("all of these".to_owned());
    let all = lifts
        .iter()
        .fold(scenario.clone(), |all, (_, lift)| lift(&all));
    scenarios.push(all);
    scenarios.push(fixed(&scenario, peak));
    let judged = search.evaluator.score_scenarios(&scenarios, search.load)?;
    let lift = |name: String, figures: &Score| LiftedLimit {
        limit: name,
        within_objective: figures.within_objective,
        cost_per_month: figures.cost_per_month,
        enough: figures.within_objective >= search.required(),
    };
    let standing = judged.last().copied().unwrap_or(figures);
    let mut lifted: Vec<LiftedLimit> = names
        .into_iter()
        .zip(&judged)
        .map(|(name, figures)| lift(name, figures))
        .collect();
    shorten(&mut lifted, lifts.len());
    Ok(Limits {
        settings,
        within_objective: figures.within_objective,
        standing: lift(format!("{peak} tasks all the time"), &standing),
        lifted,
        peak,
    })
}

/// Keeps pairs only if no single limit is enough, and all limits together only if no pair is.
fn shorten(lifted: &mut Vec<LiftedLimit>, single: usize) {
    let enough = |lifts: &[LiftedLimit]| lifts.iter().any(|lift| lift.enough);
    if lifted.get(..single).is_some_and(enough) {
        lifted.truncate(single);
        return;
    }
    let Some(all) = lifted.pop() else {
        return;
    };
    let mut index = 0;
    lifted.retain(|lift| {
        index += 1;
        index <= single || lift.enough
    });
    if lifted.len() == single {
        lifted.push(all);
    }
}

/// Lifts a limit.
type Lifting = fn(&Scenario) -> Scenario;

/// The limits by name.
fn lifts() -> [(&'static str, Lifting); 4] {
    [
        ("detection delay", detected),
        ("task start", started),
        ("maximum number of tasks", unbounded),
        ("launch rate of ECS", launched),
    ]
}

/// The loop's minute becomes seconds, and nothing in it is late. Scale-in keeps its timing.
fn detected(scenario: &Scenario) -> Scenario {
    let mut lifted = scenario.clone();
    let assumed = &mut lifted.assumptions;
    let shorter = assumed.minute.as_secs_f64() / AT_ONCE.as_secs_f64();
    assumed.minute = AT_ONCE;
    assumed.rule_jitter = Duration::ZERO;
    assumed.publication_delay = Duration::ZERO;
    assumed.count_lag = Duration::ZERO;
    assumed.evaluation_delay = Duration::ZERO;
    assumed.action_delay = Duration::ZERO;
    assumed.function_delay = Duration::ZERO;
    assumed.high_datapoints = 1;
    assumed.low_datapoints = whole(f64::from(assumed.low_datapoints) * shorter);
    assumed.launches_per_minute = whole(f64::from(assumed.launches_per_minute) / shorter).max(1);
    match &mut lifted.policy {
        Policy::BacklogPerTask(policy) => policy.every = AT_ONCE,
        Policy::Demand(policy) => {
            *policy = DemandPolicy {
                every: Duration::from_secs(1),
                ..*policy
            }
        }
        Policy::Deadline(policy) => {
            policy.every = Duration::from_secs(1);
            policy.samples = 1;
        }
        _ => {}
    }
    lifted
}

fn started(scenario: &Scenario) -> Scenario {
    let mut lifted = scenario.clone();
    lifted.assumptions.task_start = Distribution::Fixed(Duration::ZERO);
    lifted
}

fn unbounded(scenario: &Scenario) -> Scenario {
    Scenario {
        max: MOST_TASKS,
        ..scenario.clone()
    }
}

fn launched(scenario: &Scenario) -> Scenario {
    let mut lifted = scenario.clone();
    lifted.assumptions.launches_per_minute = u32::MAX;
    lifted
}

/// Returns a scenario with this constant number of tasks.
fn fixed(scenario: &Scenario, tasks: u32) -> Scenario {
    let tasks = tasks.max(1);
    Scenario {
        min: tasks,
        max: tasks,
        initial: tasks,
        ..scenario.with_policy(Policy::Fixed { tasks })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float outside of the range saturates"
)]
fn whole(number: f64) -> u32 {
    number.round() as u32
}
