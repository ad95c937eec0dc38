//! The result of tuning.

use serde::Serialize;
use stack::{Edit, Stack};

use crate::load::Load;
use crate::scenario::ScenarioError;

use super::TuneError;
use super::figures::Figures;
use super::judge::{Judge, Run};
use super::limits::Limits;
use super::search::Found;
use super::settings::{Change, Settings};

/// A part of the load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// Its length in seconds.
    pub seconds: f64,
    /// When it begins, where the load's times are dates.
    pub begins: Option<String>,
    /// Seeds that it was simulated with.
    pub seeds: usize,
    /// Messages that are sent in it.
    pub messages: u64,
}

/// Parameters and what came of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tuning {
    /// The parameters.
    pub settings: Settings,
    /// On the part that was searched on.
    pub searched: Figures,
    /// On the part that was not.
    pub holdout: Option<Figures>,
}

/// The best of the law that was not chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alternative {
    /// What came of it.
    #[serde(flatten)]
    pub tuning: Tuning,
    /// Whether it keeps the promise as required, on both parts.
    pub keeps: bool,
    /// Candidates of it that were simulated.
    pub candidates: usize,
}

/// What tuning found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tuned {
    /// Stack and service.
    pub name: String,
    /// How long a message may wait, in seconds.
    pub slo: f64,
    /// Share, from 0 to 1, of the messages for which it must be kept.
    pub required: f64,
    /// The part that was searched on.
    pub searched: Part,
    /// The rest.
    pub holdout: Option<Part>,
    /// The definition as it is.
    pub present: Tuning,
    /// The cheapest that keeps the promise on the part that was searched on; or else what keeps it for the
    /// most messages.
    pub tuned: Tuning,
    /// Whether it keeps the promise on the part that was searched on.
    pub found: bool,
    /// Whether it keeps it on the other part too, if there is one.
    pub holds: Option<bool>,
    /// What changes in the definition.
    pub changes: Vec<Change>,
    /// The best of the other law.
    pub other_policy: Option<Alternative>,
    /// What stands in the way, where no candidate keeps the promise, or none does without most of its tasks
    /// always there.
    pub limits: Option<Limits>,
    /// Candidates that were simulated.
    pub candidates: usize,
    /// Simulations, each candidate's stretches and seeds counted.
    pub simulations: u64,
    /// Messages that were simulated in all.
    pub messages: u64,
    /// What was assumed or left out, a sentence each.
    pub notes: Vec<String>,
    /// The definition with the tuned parameters.
    #[serde(skip)]
    pub definition: Stack,
    /// Edits of the definition's text that make it that.
    #[serde(skip)]
    pub edits: Vec<Edit>,
}

impl Tuned {
    /// Whether the promise is kept as required on all parts.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.found && self.holds != Some(false)
    }
}

/// Summarizes a search, and simulates its result and the present parameters on both parts of the load.
pub(super) fn summarize(
    judge: &Judge<'_>,
    (searched, holdout): (&Load, Option<&Load>),
    present: Settings,
    own: &Found,
    other: Option<Found>,
    other_chosen: bool,
    limits: Option<Limits>,
) -> Result<Tuned, TuneError> {
    let candidates = own.candidates + other.as_ref().map_or(0, |other| other.candidates);
    let (chosen, left) = match (&other, other_chosen) {
        (Some(other), true) => (other, Some(own)),
        (other, _) => (own, other.as_ref()),
    };
    let required = judge.required;
    let on_both = |settings| on_both(judge, settings, searched, holdout);
    let tuned = on_both(chosen.best.0)?;
    let present = on_both(present)?;
    let keeps = |one: Option<Figures>| one.map(|one| one.within_objective >= required);
    let other_policy = match left {
        None => None,
        Some(left) => {
            let tuning = on_both(left.best.0)?;
            Some(Alternative {
                tuning,
                keeps: left.keeps && keeps(tuning.holdout) != Some(false),
                candidates: left.candidates,
            })
        }
    };
    let settings = tuned.settings;
    let part = |load: &Load, figures: Figures| Part {
        seconds: load.duration().as_secs_f64(),
        begins: load.begins(),
        seeds: judge.seeds(load).len(),
        messages: figures.messages,
    };
    let scenario = judge.scenario(settings)?;
    let (simulations, messages) = judge.done();
    Ok(Tuned {
        name: scenario.name.clone(),
        slo: judge.slo.as_secs_f64(),
        required,
        searched: part(searched, tuned.searched),
        holdout: holdout
            .zip(tuned.holdout)
            .map(|(load, figures)| part(load, figures)),
        present,
        found: chosen.keeps,
        holds: keeps(tuned.holdout),
        changes: settings.changes(judge.stack, judge.service, judge.slo, judge.concurrency),
        other_policy,
        limits,
        candidates,
        simulations,
        messages,
        notes: searched
            .notes()
            .iter()
            .chain(&judge.notes)
            .cloned()
            .collect(),
        definition: judge.definition(settings),
        edits: settings.edits(judge.stack, judge.service, judge.slo, judge.concurrency),
        tuned,
    })
}

/// What comes of parameters on both parts. The second begins with the tasks with which the first ended.
fn on_both(
    judge: &Judge<'_>,
    settings: Settings,
    searched: &Load,
    holdout: Option<&Load>,
) -> Result<Tuning, ScenarioError> {
    let scenario = judge.scenario(settings)?;
    let seeds = judge.seeds(searched);
    let runs: Vec<Run<'_>> = seeds
        .iter()
        .map(|seed| Run {
            scenario: scenario.clone(),
            load: searched,
            seed: *seed,
        })
        .collect();
    let first = judge.run(&runs)?;
    let Some(holdout) = holdout else {
        return Ok(Tuning {
            settings,
            searched: Figures::combine_seeds(&first),
            holdout: None,
        });
    };
    let runs: Vec<Run<'_>> = runs
        .into_iter()
        .zip(&first)
        .map(|(run, ended)| {
            let mut scenario = run.scenario;
            scenario.initial = ended.desired.clamp(scenario.min, scenario.max);
            Run {
                scenario,
                load: holdout,
                seed: run.seed,
            }
        })
        .collect();
    let second = judge.run(&runs)?;
    Ok(Tuning {
        settings,
        searched: Figures::combine_seeds(&first),
        holdout: Some(Figures::combine_seeds(&second)),
    })
}
