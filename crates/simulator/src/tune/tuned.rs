//! The result of tuning.

use serde::Serialize;
use stack::{Edit, Stack};

use crate::load::Load;
use crate::scenario::ScenarioError;

use super::evaluator::Evaluator;
use super::figures::Figures;
use super::finalists::{self, Periods, Rejected, Tested, Tuning};
use super::limits::Limits;
use super::search::Found;
use super::settings::{Change, Law, Settings};

/// A part of the load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// Its duration in seconds.
    pub seconds: f64,
    /// Its start, if the load has dates.
    pub begins: Option<String>,
    /// Number of phases in which the results were simulated.
    pub seeds: usize,
    /// Messages that are sent in it.
    pub messages: u64,
}

/// The best candidate of the policy that wasn't chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alternative {
    /// Its results.
    #[serde(flatten)]
    pub tuning: Tuning,
    /// Whether it meets the objective as required, in both periods.
    pub keeps: bool,
    /// Number of its candidates that were simulated.
    pub candidates: usize,
}

/// A policy that meets the objective in both periods although no finalist does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Known {
    /// Name of the policy, for people.
    pub name: &'static str,
    /// Its results.
    #[serde(flatten)]
    pub tuning: Tuning,
}

/// The result of tuning.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tuned {
    /// Stack and service.
    #[serde(rename = "scenario")]
    pub name: String,
    /// The latency objective: how long a message can wait, in seconds.
    pub slo: f64,
    /// Share, from 0 to 1, of the messages that must meet it.
    pub required: f64,
    /// The training period.
    pub searched: Part,
    /// The holdout period.
    pub holdout: Option<Part>,
    /// The current definition.
    pub present: Tuning,
    /// The cheapest finalist that meets the objective in both periods. If none does, the one that comes
    /// closest.
    pub tuned: Tuning,
    /// Whether it meets the objective in the training period.
    pub found: bool,
    /// Whether it also meets the objective in the holdout period, if there is one.
    pub holds: Option<bool>,
    /// The finalists that were tested before `tuned` and missed the objective, in order of cost. All of them if
    /// none meets it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<Rejected>,
    /// How much the choice depends on the holdout period, if finalists were rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caution: Option<String>,
    /// Other policies that meet the objective in both periods, if no finalist does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<Known>,
    /// Changes to the definition.
    pub changes: Vec<Change>,
    /// The best candidate of the other policy.
    pub other_policy: Option<Alternative>,
    /// The limiting factors, if no candidate meets the objective, or if the only ones that meet it keep most of
    /// their tasks running all the time.
    pub limits: Option<Limits>,
    /// Number of candidates that were simulated.
    pub candidates: usize,
    /// Number of simulations, including each candidate's segments and seeds.
    pub simulations: u64,
    /// Total number of simulated messages.
    pub messages: u64,
    /// Assumptions and omissions, one sentence each.
    pub notes: Vec<String>,
    /// The definition with the tuned parameters.
    #[serde(skip)]
    pub definition: Stack,
    /// Edits of the definition's text that set them.
    #[serde(skip)]
    pub edits: Vec<Edit>,
}

impl Tuned {
    /// Whether the objective is met as required in all periods.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.found && self.holds != Some(false)
    }
}

/// Tests the finalists of each policy in both periods, and chooses the other policy's result if that is
/// allowed and better.
pub(super) fn summarize(
    evaluator: &Evaluator<'_>,
    periods: Periods<'_>,
    present: Settings,
    own: &Found,
    other: Option<&Found>,
    any_policy: bool,
) -> Result<Tuned, ScenarioError> {
    let required = evaluator.required;
    let present = finalists::on_both(evaluator, present, periods)?;
    let own_tested = finalists::test(evaluator, periods, own)?;
    let other_tested = match other {
        Some(other) => Some((finalists::test(evaluator, periods, other)?, other)),
        None => None,
    };
    let (chosen, left) = match other_tested {
        Some((other, _)) if any_policy && other.tuning.is_better(&own_tested.tuning, required) => {
            (other, Some((own_tested, own)))
        }
        other => (own_tested, other),
    };
    let other_policy = left.map(|(left, found)| Alternative {
        tuning: left.tuning,
        keeps: left.tuning.keeps(required),
        candidates: found.candidates,
    });
    let mut tuned = describe(evaluator, periods, &chosen, present)?;
    tuned.candidates = own.candidates + other.map_or(0, |other| other.candidates);
    if !tuned.keeps() {
        tuned.known = known(&present, other_policy.as_ref(), required);
    }
    tuned.other_policy = other_policy;
    Ok(tuned)
}

/// Returns the policies that meet the objective in both periods.
fn known(present: &Tuning, other: Option<&Alternative>, required: f64) -> Vec<Known> {
    let present = present.keeps(required).then_some(Known {
        name: "the present definition",
        tuning: *present,
    });
    let other = other.filter(|other| other.keeps).map(|other| Known {
        name: match other.tuning.settings.law {
            Law::Demand => "demand scaling",
            Law::BacklogPerTask => "backlog per task",
        },
        tuning: other.tuning,
    });
    present.into_iter().chain(other).collect()
}

/// Describes a choice, without its comparison.
fn describe(
    evaluator: &Evaluator<'_>,
    periods: Periods<'_>,
    chosen: &Tested,
    present: Tuning,
) -> Result<Tuned, ScenarioError> {
    let (tuned, required) = (chosen.tuning, evaluator.required);
    let (settings, stack, service) = (tuned.settings, evaluator.stack, evaluator.service);
    let phases = evaluator.phases(periods.training).len();
    let part = |load: &Load, figures: Figures| Part {
        seconds: load.duration().as_secs_f64(),
        begins: load.begins(),
        seeds: phases,
        messages: figures.messages,
    };
    let load_notes = periods.training.notes().iter();
    let meets = |figures: Figures| figures.within_objective >= required;
    Ok(Tuned {
        name: evaluator.scenario(settings)?.name,
        slo: evaluator.slo.as_secs_f64(),
        required,
        searched: part(periods.training, tuned.searched),
        holdout: periods
            .holdout
            .zip(tuned.holdout)
            .map(|(load, figures)| part(load, figures)),
        present,
        found: meets(tuned.searched),
        holds: tuned.holdout.map(meets),
        rejected: chosen.rejected.clone(),
        caution: Tuned::caution(chosen.rejected.len(), tuned.keeps(required)),
        known: Vec::new(),
        changes: settings.changes(stack, service, evaluator.slo, evaluator.concurrency),
        other_policy: None,
        limits: None,
        candidates: 0,
        simulations: 0,
        messages: 0,
        notes: load_notes.chain(&evaluator.notes).cloned().collect(),
        definition: evaluator.definition(settings),
        edits: settings.edits(stack, service, evaluator.slo, evaluator.concurrency),
        tuned,
    })
}
