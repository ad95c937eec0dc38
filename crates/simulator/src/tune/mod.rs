//! Tuning: the cheapest parameters of a service's policy that keep its promise.
//!
//! One part of the load is searched on, the other is not seen until the choice is made. A candidate is a
//! definition with other values, simulated through the same door as the definition itself.

mod drawn;
mod evaluator;
mod figures;
mod finalists;
mod halving;
mod limits;
mod parts;
mod search;
mod settings;
mod space;
mod tuned;
mod verdict;

#[cfg(test)]
mod tests;

use std::time::Duration;

use stack::Stack;

use crate::load::Load;
use crate::progress::Progress;
use crate::scenario::{Overrides, Scenario, ScenarioError};

pub use self::figures::Figures;
pub use self::finalists::{Period, Rejected, Tuning};
pub use self::limits::{LiftedLimit, Limits};
pub use self::settings::{Change, Law, Parameter, Settings};
pub use self::tuned::{Alternative, Known, Part, Tuned};

use self::evaluator::Evaluator;
use self::finalists::Periods;
use self::search::{Found, Search};

/// Shares of the work, about, at the end of each of its stages.
const OWN_SHARE: f64 = 0.5;
const OTHER_SHARE: f64 = 0.75;
const TESTED_SHARE: f64 = 0.95;

/// Simulations of the training period that the finalists and the experiments come to, about.
const TESTED: usize = 60;
const LIFTED: usize = 12;

/// What to search for, and how long.
#[derive(Clone, Debug, PartialEq)]
pub struct TuneOptions {
    /// Share, from 0 to 1, of the messages for which the promise must be kept.
    pub required: f64,
    /// Share, from 0 to 1, of the load's time that is searched on; whole days where there are several.
    pub train: f64,
    /// Most candidates of the definition's own law; of the other law, half as many.
    pub candidates: usize,
    /// Parameters that must stay as they are.
    pub keep: Vec<Parameter>,
    /// Whether the other law may be the answer, or is only shown beside.
    pub any_policy: bool,
    /// Seed of everything that is drawn.
    pub seed: u64,
}

/// Why nothing can be tuned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TuneError {
    /// The service or an assumption makes no sense.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// It has no law whose parameters are searched.
    #[error(
        "service \"{0}\" scales neither by backlog_per_task nor by demand: there are no parameters to search"
    )]
    Law(String),
    /// The load is too short for two parts.
    #[error("the load is too short to be searched on in part")]
    Short,
    /// Nothing is sent in the part that is searched on.
    #[error("no message is sent in the first {0:?} of the load, on which is searched")]
    Silent(Duration),
}

impl Default for TuneOptions {
    fn default() -> Self {
        Self {
            required: 0.99,
            train: 0.6,
            candidates: 300,
            keep: Vec::new(),
            any_policy: false,
            seed: 1,
        }
    }
}

/// Searches the parameters of a service's policy for the cheapest that keep the promise for the required
/// share of the messages in the first part of the load, and tells how they and the present ones do on the
/// rest. Candidates that miss the objective there make way for the next ones, a few of them. `tell` hears what goes on. Simulations run on the current rayon thread pool; the result is the same
/// with any number of threads.
///
/// # Errors
/// When the service can't be simulated, scales by no law that can be tuned, or the load is too short or
/// silent.
pub fn tune(
    stack: &Stack,
    service: &str,
    overrides: &Overrides,
    load: &Load,
    options: &TuneOptions,
    tell: &(dyn Fn(&str) + Sync),
    progress: &Progress<'_>,
) -> Result<Tuned, TuneError> {
    let scenario = Scenario::from_stack(stack, service, overrides)?;
    let present = stack
        .services
        .get(service)
        .and_then(Settings::from_service)
        .ok_or_else(|| TuneError::Law(service.to_owned()))?;
    let (searched, holdout) = parts::split(load, options.train).ok_or(TuneError::Short)?;
    let evaluator = Evaluator::new(stack, service, overrides, &scenario, options, progress);
    let peak = evaluator.peak(&searched)?;
    if searched.arrivals(options.seed).next().is_none() {
        return Err(TuneError::Silent(searched.duration()));
    }
    let space = evaluator.space(present, peak, options);
    let search = Search::new(&evaluator, &searched, options, tell);
    let own = search.best(&space, OWN_SHARE)?;
    let other = other(&search, present, peak, options)?;
    let periods = Periods {
        training: &searched,
        holdout: holdout.as_ref(),
    };
    tell("testing the finalists on both periods");
    progress.begin_stage(TESTED_SHARE, search.work(TESTED));
    let any = options.any_policy;
    let mut tuned = tuned::summarize(&evaluator, periods, present, &own, other.as_ref(), any)?;
    progress.begin_stage(1.0, search.work(LIFTED));
    let other_chosen = tuned.tuned.settings.law != present.law;
    tuned.limits = limits::limits(&search, &own, other_chosen, peak, &space)?;
    (tuned.simulations, tuned.messages) = evaluator.done();
    progress.end_part();
    Ok(tuned)
}

/// The best of the demand law for a service that scales by its backlog, where that can be simulated.
fn other(
    search: &Search<'_>,
    present: Settings,
    peak: u32,
    options: &TuneOptions,
) -> Result<Option<Found>, TuneError> {
    if present.law == Law::Demand || !search.evaluator.can(&present.with_demand_defaults()) {
        return Ok(None);
    }
    let space = search
        .evaluator
        .space(present.with_demand_defaults(), peak, options);
    Ok(Some(search.best_of(
        &space,
        (options.candidates / 2).max(1),
        OTHER_SHARE,
    )?))
}
