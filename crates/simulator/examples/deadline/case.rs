//! A service, and its simulation with a policy.

use std::error::Error;
use std::time::Duration;

use rayon::prelude::*;
use simulator::{
    Assumptions, DeadlinePolicy, Deployments, Distribution, Load, Policy, Scenario, simulate,
};

use crate::loads::Loads;

/// Work per message, in seconds.
pub(crate) const WORK: f64 = 2.0;

/// A service to simulate.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) objective: Duration,
    pub(crate) processing: Distribution,
    pub(crate) concurrency: u32,
    pub(crate) batch: u32,
    pub(crate) prefetch: bool,
    pub(crate) deployments: Option<Deployments>,
    pub(crate) heartbeat: bool,
    pub(crate) assumptions: Assumptions,
    /// The first seed, and the number of seeds.
    pub(crate) seed: u64,
    pub(crate) seeds: u64,
}

/// The result of a policy for one load.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) within: f64,
    pub(crate) cost: f64,
    pub(crate) actions: f64,
    /// Time of running tasks ÷ work, and the same of the ideal.
    pub(crate) running: f64,
    pub(crate) ideal: f64,
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            within,
            cost,
            actions,
            ..
        } = self;
        write!(f, "{:.2}% × {cost:.3}, {actions:.0}", within * 100.0)
    }
}

impl Case {
    pub(crate) fn new(
        name: &str,
        objective: u64,
        cv: f64,
        start: Distribution,
        seeds: u64,
    ) -> Self {
        let mean = Duration::from_secs_f64(WORK);
        Self {
            name: name.to_owned(),
            objective: Duration::from_secs(objective),
            processing: match cv {
                0.0 => Distribution::Fixed(mean),
                1.0 => Distribution::Exponential(mean),
                cv => Distribution::Lognormal { mean, cv },
            },
            concurrency: 1,
            batch: 1,
            prefetch: false,
            deployments: None,
            heartbeat: true,
            assumptions: Assumptions {
                task_start: start,
                ..Assumptions::default()
            },
            seed: 101,
            seeds,
        }
    }

    pub(crate) fn usual(objective: u64, seeds: u64) -> Self {
        Self::new(&format!("{objective} s"), objective, 1.0, fargate(), seeds)
    }

    pub(crate) fn run(&self, load: &Load, policy: &Policy) -> Result<Cell, String> {
        let scenario = Scenario {
            initial: 2,
            max: 200,
            visibility_timeout: Duration::from_secs(120),
            heartbeat: self.heartbeat,
            concurrency: self.concurrency,
            batch: self.batch,
            prefetch: self.prefetch,
            deployments: self.deployments,
            assumptions: self.assumptions.clone(),
            ..Scenario::new(&self.name, self.objective, self.processing, policy.clone())
        };
        let share = 1.0 / self.seeds as f64;
        let mut cell = Cell {
            within: 0.0,
            cost: 0.0,
            actions: 0.0,
            running: 0.0,
            ideal: 0.0,
        };
        for seed in self.seed..self.seed + self.seeds {
            let outcome = simulate(&scenario, load, seed).map_err(|error| error.to_string())?;
            let work = outcome.messages.sent as f64 * self.processing.mean().as_secs_f64()
                / f64::from(self.concurrency);
            cell.within += outcome.within_objective * share;
            cell.cost += outcome.tasks.seconds / work * share;
            cell.ideal += outcome.tasks.needed_seconds / work * share;
            let mut since = 0.0;
            for point in &outcome.series {
                cell.running += point.running * (point.at - since) / work * share;
                since = point.at;
            }
            cell.actions += (outcome.scaling.out + outcome.scaling.r#in) as f64
                / (outcome.duration / 86_400.0)
                * share;
        }
        Ok(cell)
    }

    /// A row per load.
    pub(crate) fn run_all(
        &self,
        loads: &Loads,
        policies: &[Policy],
    ) -> Result<Vec<Vec<Cell>>, Box<dyn Error>> {
        let all: Result<Vec<Vec<Cell>>, String> = loads
            .par_iter()
            .with_max_len(1)
            .map(|(_, load)| {
                policies
                    .iter()
                    .map(|policy| self.run(load, policy))
                    .collect()
            })
            .collect();
        Ok(all?)
    }
}

pub(crate) fn fargate() -> Distribution {
    Distribution::Uniform(Duration::from_secs(23), Duration::from_secs(60))
}

pub(crate) fn deadline() -> DeadlinePolicy {
    DeadlinePolicy::defaults(Duration::from_secs_f64(WORK))
}

/// The algorithm with a wrong processing time configured: this many times the true one.
pub(crate) fn configured(factor: f64) -> DeadlinePolicy {
    DeadlinePolicy {
        processing_time: Some(Duration::from_secs_f64(WORK * factor)),
        ..deadline()
    }
}
