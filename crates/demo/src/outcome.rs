//! The outcome of a demo: of one service, or of a race.

use deployer::Destroyed;
use serde::Serialize;
use simulator::{KnownPolicy, Prediction, RunOutcome};

use crate::course::Course;
use crate::error::Result;
use crate::summary::{Played, SEEDS, Summary, with_fetching};

/// The outcome of a demo.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// The results.
    #[serde(flatten)]
    pub results: Results,
    /// Resources deleted at the end.
    pub destroyed: Option<Destroyed>,
    /// The sandbox, if it keeps running.
    pub kept: Option<String>,
}

/// The results of the services.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Results {
    /// One service.
    One(Box<Summary>),
    /// Several services on the same load.
    Race(Race),
}

/// Several services on the same load.
#[derive(Debug, Serialize)]
pub struct Race {
    /// The stack's name.
    pub stack: String,
    /// How many times faster than real time the sandbox's minutes passed.
    pub speed: u32,
    /// The load's text.
    pub load: String,
    /// The services, the best first: by the share within the objective, then by cost.
    pub services: Vec<Summary>,
    /// Other policies, simulated for the messages of the first service.
    pub against: Vec<Against>,
}

/// A policy that didn't run, simulated for the same messages.
#[derive(Debug, Serialize)]
pub struct Against {
    /// Its name, for people.
    pub policy: String,
    /// The median of the simulations by messages within the objective.
    pub predicted: RunOutcome,
}

impl Outcome {
    /// Compares the observations of each service with a prediction, and simulates other policies for the same messages.
    ///
    /// # Errors
    /// If the simulator can't process the measurements.
    pub fn new(played: Played<'_>, courses: &[Course], against: &[KnownPolicy]) -> Result<Self> {
        let summaries = courses.iter().map(|course| Summary::new(played, course));
        let mut services = summaries.collect::<Result<Vec<_>>>()?;
        let results = if services.len() == 1 && against.is_empty() {
            Results::One(Box::new(services.remove(0)))
        } else {
            let others = simulate_others(played, courses, against)?;
            Results::Race(Race::new(played, services, others))
        };
        Ok(Self {
            results,
            destroyed: None,
            kept: None,
        })
    }

    /// The results of each service.
    pub fn services(&self) -> &[Summary] {
        match &self.results {
            Results::One(only) => std::slice::from_ref(only),
            Results::Race(race) => &race.services,
        }
    }

    /// The same, to be changed.
    pub fn services_mut(&mut self) -> &mut [Summary] {
        match &mut self.results {
            Results::One(only) => std::slice::from_mut(only),
            Results::Race(race) => &mut race.services,
        }
    }

    /// An incomplete story is a failure, which is reported after the summary.
    ///
    /// # Errors
    /// If a part of a story has not happened.
    pub fn verdict(&self) -> Result<()> {
        self.services().iter().try_for_each(Summary::verdict)
    }
}

impl Race {
    fn new(played: Played<'_>, mut services: Vec<Summary>, against: Vec<Against>) -> Self {
        services.sort_by(|one, other| {
            let key = |summary: &Summary| {
                let judged = summary.judged.as_ref().map(|judged| &judged.measured);
                judged.map_or((0.0, f64::MAX), |run| {
                    (-run.within_objective, run.cost.total)
                })
            };
            key(one)
                .partial_cmp(&key(other))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        Self {
            stack: played.stack.name.clone(),
            speed: played.speed.factor(),
            load: played.load.to_owned(),
            services,
            against,
        }
    }
}

/// Simulates policies for the messages that were sent to the first service that can be simulated.
fn simulate_others(
    played: Played<'_>,
    courses: &[Course],
    against: &[KnownPolicy],
) -> Result<Vec<Against>> {
    let mut scenarios = courses.iter().filter_map(|course| {
        let scenario = forecast::build_scenario(played.stack, &course.service).ok()?;
        Some((course, scenario))
    });
    let Some((course, scenario)) = scenarios.next() else {
        return Ok(Vec::new());
    };
    let load = course.measurement().load(false);
    let mut others = Vec::new();
    for known in against {
        let Some((policy, scenario)) = known.replace_policy(&scenario, &load) else {
            continue;
        };
        let scenario = with_fetching(
            &played.setting().in_sandbox(&scenario),
            course.ledger.mean_fetch(),
        );
        let prediction = Prediction::simulate(&scenario, &load, SEEDS)?;
        others.extend(prediction.course().map(|run| Against {
            policy,
            predicted: run.clone(),
        }));
    }
    Ok(others)
}
