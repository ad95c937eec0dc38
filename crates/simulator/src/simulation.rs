//! A simulation with its report: what `simulate` does, wherever it runs.

use stack::Stack;

use crate::compare::{Compared, compare};
use crate::frontier::{Frontier, frontier};
use crate::load::Load;
use crate::policy::Policy;
use crate::progress::Progress;
use crate::report::{Commands, Inputs, Report};
use crate::scenario::{Overrides, Scenario, ScenarioError};
use crate::simulate::simulate;
use crate::survey::{Survey, simulate_phases, survey};
use crate::warm::{WarmNeed, find_warm_need};

/// What is simulated, and under which load.
#[derive(Clone, Debug)]
pub struct Simulation<'a> {
    /// The definition.
    pub stack: &'a Stack,
    /// The service.
    pub service: &'a str,
    /// Values that differ from the definition's.
    pub overrides: &'a Overrides,
    /// The load.
    pub load: &'a Load,
    /// The load's name, for people.
    pub load_name: &'a str,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The share, from 0 to 1, that must meet the objective, instead of the definition's.
    pub required: Option<f64>,
    /// The commands to advise.
    pub commands: Option<Commands>,
}

/// How much is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One run, with the seed.
    Phase,
    /// All phases.
    Phases,
    /// All phases, and under other assumptions about AWS.
    All {
        /// Also under common policies.
        compare: bool,
        /// Also the cost of other latency objectives.
        frontier: bool,
    },
}

/// Approximate number of runs of a comparison and of a frontier, for progress.
const COMPARE_RUNS: f64 = 10.0;
const FRONTIER_RUNS: f64 = 90.0;

/// The results of all simulations.
#[derive(Default)]
struct Others {
    compared: Vec<Compared>,
    frontier: Option<Frontier>,
    warm_need: Option<WarmNeed>,
}

impl Simulation<'_> {
    /// The scenario of the service.
    ///
    /// # Errors
    /// If the service can't be simulated.
    pub fn scenario(&self) -> Result<Scenario, ScenarioError> {
        Scenario::from_stack(self.stack, self.service, self.overrides)
    }

    /// The report of its scenario.
    ///
    /// # Errors
    /// If a number of the scenario makes no sense.
    pub fn report(
        &self,
        scenario: &Scenario,
        extent: Extent,
        progress: &Progress<'_>,
    ) -> Result<Report, ScenarioError> {
        let required = self
            .required
            .or_else(|| required_share(self.stack, self.service));
        let (name, begins) = (self.load_name.to_owned(), self.load.begins());
        let mut others = Others::default();
        let report = match extent {
            Extent::Phase => Report::new(name, begins, simulate(scenario, self.load, self.seed)?),
            Extent::Phases => {
                let (outcome, phases) = simulate_phases(scenario, self.load, self.seed, progress)?;
                let survey = Survey {
                    outcome,
                    phases,
                    variants: Vec::new(),
                };
                Report::from_survey(name, begins, survey)
            }
            Extent::All { compare, frontier } => {
                let (survey, found) =
                    self.simulate_all(scenario, (compare, frontier), required, progress)?;
                others = found;
                let inputs = Inputs::of(self.stack, self.load, self.seed);
                Report::from_survey(name, begins, survey).identified(inputs)
            }
        };
        Ok(report
            .requiring(required)
            .beside(&others.compared)
            .with_frontier(others.frontier)
            .with_warm_need(others.warm_need)
            .explained(scenario, self.load, self.commands.as_ref()))
    }

    fn simulate_all(
        &self,
        scenario: &Scenario,
        (compares, finds_frontier): (bool, bool),
        required: Option<f64>,
        progress: &Progress<'_>,
    ) -> Result<(Survey, Others), ScenarioError> {
        let wanted = |wanted: bool, runs: f64| if wanted { runs } else { 0.0 };
        let compare_runs = wanted(compares, COMPARE_RUNS);
        // Target tracking has its own variants.
        let tracks = matches!(scenario.policy, Policy::BacklogPerTask(_));
        let own = if tracks { 10.0 } else { 1.0 };
        let all = own + compare_runs + wanted(finds_frontier, FRONTIER_RUNS);
        let (load, seed) = (self.load, self.seed);
        progress.begin_part(own / all);
        let survey = survey(scenario, load, seed, progress)?;
        let mut others = Others::default();
        if compares {
            progress.begin_part((own + compare_runs) / all);
            others.compared = compare(scenario, load, seed, &survey, progress)?;
        }
        if finds_frontier {
            progress.begin_part(1.0);
            others.frontier = Some(frontier(scenario, load, seed, required, progress)?);
        }
        // The result is for one objective.
        let missed = required.filter(|share| {
            !scenario.has_own_settings() && survey.phases.within_objective.lowest < *share
        });
        if let Some(share) = missed {
            others.warm_need = find_warm_need(scenario, load, seed, share)?;
        }
        Ok((survey, others))
    }
}

/// Returns the share that a service's `slo` requires, from 0 to 1: the maximum of its queues' shares, if they
/// have their own.
#[must_use]
pub fn required_share(stack: &Stack, service: &str) -> Option<f64> {
    let service = stack.services.get(service)?;
    let queues = service.consumes.iter();
    let shares = queues.filter_map(|queue| service.queue_slo(queue)?.share);
    shares.reduce(f64::max)
}
