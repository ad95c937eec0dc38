//! The result of the demo: measured and predicted values, and the outcome of the messages.

use std::time::Duration;

use forecast::Setting;
use sandbox::Speed;
use serde::Serialize;
use simulator::{
    Assumptions, Comparison, Distribution, Prediction, Report, RunOutcome, Scenario,
    format_duration,
};
use stack::Stack;

use crate::course::Course;
use crate::error::{Error, Result};
use crate::ledger::Account;
use crate::story::{Chapter, Story};

/// Simulations that a prediction is made of.
pub(crate) const SEEDS: u64 = 100;

/// If measured and predicted values differ by more than this share, one of them has a bug.
pub const TOLERANCE: f64 = 0.15;

/// The result of a service.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The stack's name.
    pub stack: String,
    /// The service's name in the definition.
    pub service: String,
    /// Share of messages that its objective requires, from 0 to 1, if it requires one.
    pub required: Option<f64>,
    /// How many times faster than real time the sandbox's minutes passed.
    pub speed: u32,
    /// The load's text.
    pub load: String,
    /// When each event happened, in seconds.
    pub story: Story,
    /// Events that didn't happen in time.
    pub missing: Vec<&'static str>,
    /// Numbers of messages by outcome.
    pub messages: Account,
    /// Changes of the desired count.
    pub actions: Vec<ActionLine>,
    /// Steps that a scaling function recorded, but that the desired count never showed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unapplied_steps: Vec<String>,
    /// Measured and predicted values.
    #[serde(flatten)]
    pub judged: Option<Judged>,
    /// Why nothing was predicted, if so.
    pub not_predicted: Option<String>,
    /// The first problem of a worker or the producer.
    pub trouble: Option<String>,
    /// Path of the report.
    pub report: Option<String>,
    /// The report, as an HTML page.
    #[serde(skip)]
    pub page: Option<String>,
}

/// A change of the desired count.
#[derive(Debug, Serialize)]
pub struct ActionLine {
    /// When, in seconds since the start of the load.
    pub at: f64,
    /// The count before.
    pub from: u32,
    /// The count since.
    pub to: u32,
    /// The reason, if known.
    pub reason: String,
}

/// Measured and predicted values.
#[derive(Debug, Serialize)]
pub struct Judged {
    /// The demo's measurements.
    pub measured: RunOutcome,
    /// The median of the simulations by messages within the objective.
    pub predicted: RunOutcome,
    /// The comparison of each value.
    pub comparison: Comparison,
    /// The values that differ by more than the tolerance.
    pub differing: Vec<String>,
}

/// The parameters of the demo.
#[derive(Clone, Copy, Debug)]
pub struct Played<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// How many times faster than real time the sandbox's minutes were.
    pub speed: Speed,
    /// The load's text.
    pub load: &'a str,
    /// Assumptions on target tracking, if not the defaults; the sandbox uses them too.
    pub assumptions: Option<&'a Assumptions>,
}

impl<'a> Played<'a> {
    /// What a forecast needs of it.
    #[must_use]
    pub fn setting(self) -> Setting<'a> {
        Setting {
            stack: self.stack,
            speed: self.speed.factor(),
            assumptions: self.assumptions,
        }
    }
}

impl Summary {
    /// Compares the observations with a prediction, if the simulator can make one.
    ///
    /// # Errors
    /// If the simulator can't process the measurements.
    pub fn new(played: Played<'_>, course: &Course) -> Result<Self> {
        let sending = course.sending.clone().unwrap_or_default();
        let mut summary = Self {
            stack: played.stack.name.clone(),
            service: course.service.clone(),
            required: simulator::required_share(played.stack, &course.service),
            speed: played.speed.factor(),
            load: played.load.to_owned(),
            missing: course.story.missing().map(Chapter::missed).collect(),
            messages: course.ledger.account(),
            actions: course.actions().into_iter().map(ActionLine::from).collect(),
            unapplied_steps: course.unapplied_steps().collect(),
            judged: None,
            not_predicted: None,
            trouble: course
                .ledger
                .first_trouble()
                .map(str::to_owned)
                .or(sending.last_error),
            report: None,
            page: None,
            story: course.story.clone(),
        };
        match played.setting().scenario(&course.service) {
            Ok(scenario) => summary.judge(course, &scenario)?,
            Err(why) => summary.not_predicted = Some(why),
        }
        Ok(summary)
    }

    fn judge(&mut self, course: &Course, scenario: &Scenario) -> Result<()> {
        let measurement = course.measurement();
        let measured = measurement.outcome(scenario)?;
        // The sent messages, each with the worker's processing time. The time that this machine's SQS needs to
        // deliver a message is added, because it isn't part of the loop.
        let scenario = with_fetching(scenario, course.ledger.mean_fetch());
        let load = measurement.load(false);
        let prediction = Prediction::simulate(&scenario, &load, SEEDS)?;
        let report = Report::new(self.load.clone(), None, measured)
            .predicted(&prediction)
            .requiring(self.required)
            .explained(&scenario, &load, None);
        self.page = Some(report.html()?);
        let judged = report.predicted.zip(report.comparison);
        self.judged = judged.map(|(predicted, comparison)| {
            let apart = comparison.differing_decisively(TOLERANCE);
            Judged {
                measured: report.outcome,
                predicted,
                differing: apart.map(|figure| figure.name.to_owned()).collect(),
                comparison,
            }
        });
        Ok(())
    }

    /// Checks that the story is complete. An incomplete story is a failure, which is reported after the
    /// summary.
    ///
    /// # Errors
    /// If a part of the story hasn't happened.
    pub fn verdict(&self) -> Result<()> {
        if self.missing.is_empty() {
            return Ok(());
        }
        Err(Error::Incomplete(self.missing.clone()))
    }
}

/// The service with the time added to each message that a task needs to fetch it.
pub(crate) fn with_fetching(scenario: &Scenario, fetch: Option<Duration>) -> Scenario {
    let mut scenario = scenario.clone();
    let (Some(fetch), Distribution::Fixed(work)) = (fetch, scenario.processing) else {
        return scenario;
    };
    scenario.processing = Distribution::Fixed(work.saturating_add(fetch));
    scenario.notes.push(format!(
        "a message occupies a task {} longer than its processing: deleting it and receiving the next one took that long here",
        format_duration(fetch.as_secs_f64())
    ));
    scenario
}

impl From<simulator::MeasuredAction> for ActionLine {
    fn from(action: simulator::MeasuredAction) -> Self {
        Self {
            at: action.at,
            from: action.from,
            to: action.to,
            reason: action.reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_t_be_predicted_is_said() {
        let web = include_str!("../../../stacks/sample-webapp.yaml");
        let stack = stack::parse("sample-webapp.yaml", web).unwrap().stack;
        let played = Played {
            stack: &stack,
            speed: "20".parse().unwrap(),
            load: "constant:rate=1/s,for=1m",
            assumptions: None,
        };
        let course = Course::new("sample-webapp", 1_800_000_000_000, Story::new(1, false));
        let summary = Summary::new(played, &course).unwrap();
        assert!(summary.page.is_none());
        assert_eq!(
            summary.not_predicted.as_deref(),
            Some("sample-webapp consumes no queue, but the simulator simulates only messages")
        );
    }
}
