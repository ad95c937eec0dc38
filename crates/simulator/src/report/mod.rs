//! The report of a simulation: one document for programs, and the same values for people, as text and as one
//! self-contained page.

mod advice;
mod assumed;
mod axis;
mod bill;
mod cause;
mod cause_words;
mod compared;
mod curves;
mod figures;
mod first_screen;
mod frontier;
mod inputs;
mod knobs;
mod late_times;
mod names;
mod page;
#[cfg(test)]
mod palette;
mod periods;
mod policies;
mod scatter;
mod series;
mod tables;
mod time_charts;
mod waits;

use serde::Serialize;

pub use self::advice::{Advice, Commands};
pub use self::cause::{Cause, CauseKind};
pub use self::compared::ComparedPolicy;
pub use self::figures::{Figure, Piece};
pub use self::inputs::Inputs;
pub use self::knobs::Knobs;
pub use self::page::Parts;

use crate::compare::{Compared, IDEAL};
use crate::comparison::{Comparison, Prediction};
use crate::frontier::Frontier;
use crate::load::Load;
use crate::number::{format_dollars, format_duration, format_share};
use crate::outcome::{QueueOutcome, RunOutcome};
use crate::scenario::Scenario;
use crate::survey::{Phases, Survey, Variant};
use crate::tune::Tuned;
use crate::warm::WarmNeed;

/// A simulation with its parameters: the JSON document that programs read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The load: a file or a generator.
    pub load: String,
    /// When the load starts, in its file's format; `None` for a generated load.
    pub begins: Option<String>,
    /// The same in seconds since the Unix epoch, if the load's times are dates.
    pub begins_at: Option<f64>,
    /// Hashes of the definition and of the load, if they were computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Inputs>,
    /// Why the objective is met or missed, if it was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What to do next, if it was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<Advice>,
    /// Share, from 0 to 1, of the messages that must meet the objective, if one was required.
    pub required: Option<f64>,
    /// Whether that share met it.
    pub satisfied: Option<bool>,
    /// The result.
    #[serde(flatten)]
    pub outcome: RunOutcome,
    /// Other policies under the same load, if requested; the definition's own comes first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compared: Vec<ComparedPolicy>,
    /// The cheapest ways to meet several latency objectives, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontier: Option<Frontier>,
    /// The warm tasks that the objective takes, if it wasn't met because tasks start slower.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_need: Option<WarmNeed>,
    /// The results of the phases, if several were simulated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phases: Option<Phases>,
    /// The phases under other assumptions about undocumented behavior of AWS.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// The prediction for the load, if the service was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted: Option<RunOutcome>,
    /// The tuning whose result this is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tuned: Option<Tuned>,
    /// Measured and predicted values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// 1980 in seconds since the Unix epoch.
const YEAR_1980: f64 = 315_532_800.0;

impl Report {
    /// A report of an outcome.
    #[must_use]
    pub fn new(load: String, begins: Option<String>, outcome: RunOutcome) -> Self {
        Self {
            load,
            begins,
            begins_at: None,
            inputs: None,
            cause: None,
            advice: None,
            required: None,
            satisfied: None,
            outcome,
            compared: Vec::new(),
            frontier: None,
            warm_need: None,
            phases: None,
            variants: Vec::new(),
            tuned: None,
            predicted: None,
            comparison: None,
        }
    }

    /// The report of several phases and variants.
    #[must_use]
    pub fn from_survey(load: String, begins: Option<String>, survey: Survey) -> Self {
        Self {
            phases: Some(survey.phases),
            variants: survey.variants,
            ..Self::new(load, begins, survey.outcome)
        }
    }

    /// The same with a share, from 0 to 1, of the messages that must meet the objective: in every phase, if
    /// there are several.
    #[must_use]
    pub fn requiring(mut self, share: Option<f64>) -> Self {
        self.required = share;
        let lowest = self.lowest_share();
        self.satisfied = share.map(|share| lowest >= share || self.meets_by_queue(share));
        self
    }

    /// Whether each queue meets the share of its own objective, if there are several. A higher share than any of theirs
    /// holds for every queue.
    fn meets_by_queue(&self, share: f64) -> bool {
        let queues = &self.outcome.queues;
        let missed = match self.phases {
            Some(phases) => phases.missed > 0,
            None => queues.iter().any(QueueOutcome::misses),
        };
        let strictest = queues
            .iter()
            .map(|queue| queue.required)
            .collect::<Option<Vec<_>>>();
        let strictest = strictest.and_then(|all| all.into_iter().reduce(f64::max));
        !missed && strictest.is_some_and(|strictest| share <= strictest)
    }

    /// The same with hashes of its definition and load.
    #[must_use]
    pub fn identified(mut self, inputs: Inputs) -> Self {
        self.inputs = Some(inputs);
        self
    }

    /// The same with other policies beside it.
    #[must_use]
    pub fn beside(mut self, compared: &[Compared]) -> Self {
        self.compared = compared.iter().map(ComparedPolicy::new).collect();
        // The ideal is simulated, too, and can be done earlier. There must not be two costs of it.
        if let Some(ideal) = self.compared.iter().find(|one| one.name == IDEAL) {
            self.outcome.cost.ideal = ideal.cost;
            self.outcome.cost.ideal_per_month = ideal.cost_per_month;
        }
        self
    }

    /// Says that charts and values are those of one of several phases.
    fn first_phase(&self) -> Option<String> {
        let phases = self.phases.filter(|phases| phases.runs > 1)?;
        Some(format!(" This is the first of {} phases.", phases.runs))
    }

    /// The same with the cheapest ways to meet several latency objectives.
    #[must_use]
    pub fn with_frontier(mut self, frontier: Option<Frontier>) -> Self {
        self.frontier = frontier;
        self
    }

    /// The same with the warm tasks that the objective takes.
    #[must_use]
    pub fn with_warm_need(mut self, need: Option<WarmNeed>) -> Self {
        self.warm_need = need;
        self
    }

    /// The report of a tuning's result: satisfied only if it meets the objective in both periods.
    #[must_use]
    pub fn of_tuning(mut self, tuned: &Tuned) -> Self {
        self.required = Some(tuned.required);
        self.satisfied = Some(tuned.keeps());
        self.tuned = Some(tuned.clone());
        self
    }

    /// The report of a measurement, with the prediction for the same load.
    #[must_use]
    pub fn predicted(mut self, predicted: &Prediction) -> Self {
        self.comparison = Some(Comparison::new(&self.outcome, predicted));
        self.predicted = predicted.course().cloned();
        self
    }

    /// The same with dates, with the cause, and, if there are commands to give, with what to do next. Last, because all
    /// else decides on them.
    #[must_use]
    pub fn explained(
        mut self,
        scenario: &Scenario,
        load: &Load,
        commands: Option<&Commands>,
    ) -> Self {
        // Times that aren't dates are numbers from 0 on.
        let begins = load.begins_at(Default::default).as_secs_f64();
        self.begins_at = Some(begins).filter(|begins| *begins >= YEAR_1980);
        if let Some(begins) = self.begins_at {
            let lasts = self.outcome.duration;
            self.outcome.late_times.find_hour(begins, lasts);
        }
        let cause = Cause::find(&self, scenario);
        self.advice = commands.map(|commands| Advice::find(&self, cause.kind, scenario, commands));
        self.cause = Some(cause);
        self
    }

    /// The same with other advice.
    #[must_use]
    pub fn advised(mut self, advice: Advice) -> Self {
        self.advice = Some(advice);
        self
    }

    /// Whether it was measured rather than simulated.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        self.outcome.seed.is_none()
    }

    /// The answer in one sentence.
    #[must_use]
    pub fn verdict(&self) -> String {
        if let Some(tuned) = &self.tuned {
            return tuned.verdict();
        }
        let outcome = &self.outcome;
        let (share, phases) = match self.phases {
            Some(phases) => (
                phases.within_objective.format(format_share),
                format!(" ({} phases)", phases.runs),
            ),
            None => (format_share(outcome.within_objective), String::new()),
        };
        let whose = match outcome.queues.is_empty() {
            true => "the",
            false => "the worst queue's",
        };
        let objective = match outcome.has_one_objective() {
            true => format!("the {} objective", format_duration(outcome.slo)),
            false => "its objective".to_owned(),
        };
        let started = format!("{share} of {whose} messages started within {objective}{phases}");
        let required = self.required_in_words();
        match self.satisfied {
            _ if outcome.messages.sent == 0 => "no message was sent".to_owned(),
            Some(true) => format!("objective met: {started}; {required} required"),
            Some(false) => format!("objective missed: {started}; {required} required"),
            None => started,
        }
    }

    /// The share that is required; with objectives per queue, each queue's own if they differ.
    fn required_in_words(&self) -> String {
        let required = self.required.map(format_share).unwrap_or_default();
        let own = self
            .outcome
            .queues
            .iter()
            .filter_map(|queue| queue.required);
        match own.map(format_share).any(|own| own != required) {
            true => format!("of each queue its own share, at most {required}"),
            false => required,
        }
    }

    /// How much the verdict depends on what AWS doesn't document, a sentence for each assumption that matters.
    #[must_use]
    pub fn uncertainty(&self) -> Vec<String> {
        let Some(phases) = self.phases.filter(|_| !self.variants.is_empty()) else {
            return Vec::new();
        };
        let cost = &self.outcome.cost;
        let months = cost.per_month / cost.total.max(1e-12);
        let lines: Vec<String> = self
            .variants
            .iter()
            .filter(|variant| variant.differs(&phases))
            .map(|variant| {
                format!(
                    "{} of the messages for {} per month if AWS {} (--assume {})",
                    variant.phases.within_objective.format(format_share),
                    variant
                        .phases
                        .cost
                        .format(|cost| format_dollars(cost * months)),
                    variant.meaning,
                    variant.assumption
                )
            })
            .collect();
        if lines.is_empty() {
            return vec![match self.variants.len() {
                1 => "the other assumption about AWS doesn't change the result much".to_owned(),
                others => {
                    format!(
                        "none of the {others} other assumptions about AWS changes the result much"
                    )
                }
            }];
        }
        lines
    }

    /// The report as one HTML page that needs no network: values, charts, assumptions, and the JSON
    /// document itself.
    ///
    /// # Errors
    /// When the JSON can't be written.
    pub fn html(&self) -> Result<String, serde_json::Error> {
        self.html_with(None)
    }

    /// The same with knobs, if there are any.
    ///
    /// # Errors
    /// When the JSON can't be written.
    pub fn html_with(&self, knobs: Option<&Knobs>) -> Result<String, serde_json::Error> {
        page::render_page(self, knobs)
    }

    /// The parts of its page that knobs replace.
    #[must_use]
    pub fn parts(&self) -> Parts {
        Parts::of(self)
    }
}
