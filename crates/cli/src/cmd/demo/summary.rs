//! What the demo has shown: measured beside predicted, and what became of the messages.

use std::time::Duration;

use deployer::Destroyed;
use sandbox::Speed;
use serde::Serialize;
use simulator::{
    Comparison, Distribution, Measurement, Overrides, Prediction, Report, RunOutcome, Scenario,
    format_duration,
};
use stack::{Service, Stack};

use super::course::Course;
use super::ledger::Account;
use super::story::{Chapter, Story};
use crate::failure::{Failure, Result};
use crate::words::number;
use crate::workshop::program;

/// Simulations that a prediction is made of.
const SEEDS: u64 = 100;

/// A difference of more than this share between what was measured and predicted is a bug in one of both.
const TOLERANCE: f64 = 0.15;

/// The result.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub stack: String,
    pub speed: u32,
    /// The load as it was asked for.
    pub load: String,
    /// When each thing happened, in seconds.
    pub story: Story,
    /// What has not happened within patience.
    pub missing: Vec<&'static str>,
    pub messages: Account,
    pub actions: Vec<ActionLine>,
    /// Steps that a scaling function recorded, but that the desired count never showed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unapplied_steps: Vec<String>,
    #[serde(flatten)]
    pub judged: Option<Judged>,
    /// Why nothing was predicted.
    pub not_predicted: Option<String>,
    /// The first complaint of a worker or the producer.
    pub trouble: Option<String>,
    /// Where the report is.
    pub report: Option<String>,
    pub destroyed: Option<Destroyed>,
    /// The sandbox that was left as it is.
    pub kept: Option<String>,
    #[serde(skip)]
    pub page: Option<String>,
    #[serde(skip)]
    queue: bool,
}

/// A change of the desired count.
#[derive(Debug, Serialize)]
pub(super) struct ActionLine {
    pub at: f64,
    pub from: u32,
    pub to: u32,
    pub reason: String,
}

/// Measured beside predicted.
#[derive(Debug, Serialize)]
pub(super) struct Judged {
    pub measured: RunOutcome,
    pub predicted: RunOutcome,
    pub comparison: Comparison,
    /// The figures that are further apart than they should be.
    pub differing: Vec<String>,
}

/// What was played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Played<'a> {
    pub stack: &'a Stack,
    pub speed: Speed,
    /// The load as it was asked for.
    pub load: &'a str,
    /// Where the report goes, as people are told.
    pub report: &'a str,
}

impl Summary {
    /// # Errors
    /// When what was measured can't be reckoned.
    pub(super) fn new(played: Played<'_>, course: &Course) -> Result<Self> {
        let sending = course.sending.clone().unwrap_or_default();
        let mut summary = Self {
            stack: played.stack.name.clone(),
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
            destroyed: None,
            kept: None,
            page: None,
            queue: course.story.has_queue(),
            story: course.story.clone(),
        };
        match scenario(played) {
            Ok(scenario) => summary.judge(played, course, &scenario)?,
            Err(why) => summary.not_predicted = Some(why),
        }
        Ok(summary)
    }

    fn judge(&mut self, played: Played<'_>, course: &Course, scenario: &Scenario) -> Result<()> {
        let failed =
            |error: String| Failure::failed(format!("failed to reckon what was measured: {error}"));
        let measurement: Measurement = course.measurement();
        let measured = measurement.outcome(scenario);
        let measured = measured.map_err(|error| failed(error.to_string()))?;
        // The messages that were really sent, each with the time that the worker is told to take and what
        // this machine's SQS needs to hand it over, which is nothing of the loop's.
        let scenario = with_fetching(scenario, course.ledger.mean_fetch());
        let prediction = Prediction::simulate(&scenario, &measurement.load(false), SEEDS);
        let prediction = prediction.map_err(|error| failed(error.to_string()))?;
        let comparison = Comparison::new(&measured, &prediction);
        let named = [
            comparison.kept(),
            comparison.peak_tasks(),
            comparison.first_scale_out(),
        ];
        let apart = named.into_iter().flatten();
        let apart = apart.filter(|figure| figure.differs_by_more_than(TOLERANCE));
        let differing = apart.map(|figure| figure.name.to_owned()).collect();
        let report = Report::new(self.load.clone(), None, measured.clone()).predicted(&prediction);
        self.page = Some(report.html().map_err(|error| failed(error.to_string()))?);
        self.report = Some(played.report.to_owned());
        let predicted = report.predicted.clone();
        self.judged = predicted.map(|predicted| Judged {
            measured,
            predicted,
            comparison,
            differing,
        });
        Ok(())
    }

    /// A story that wasn't told is a failure, after everything that is known of it was printed.
    pub(super) fn verdict(&self) -> Result<()> {
        if self.missing.is_empty() {
            return Ok(());
        }
        Err(Failure::failed(format!(
            "the demo has not shown everything: {}",
            self.missing.join("; ")
        ))
        .hint("a machine that is busy with other things may be too slow for this speed: try --speed 10"))
    }
}

/// The service as the sandbox runs it; or why it can't be simulated.
fn scenario(played: Played<'_>) -> Result<Scenario, String> {
    let mut services = played.stack.services.iter();
    let (name, service) = services.next().ok_or("the stack has no service")?;
    if service.consumes.is_empty() {
        return Err(format!(
            "{name} consumes no queue, and it is messages that the simulator simulates"
        ));
    }
    let overrides = Overrides {
        processing: processing(service).map(Distribution::Fixed),
        ..Overrides::default()
    };
    let scenario = Scenario::from_stack(played.stack, name, &overrides);
    let scenario = scenario.map_err(|error| error.to_string())?;
    Ok(scenario.in_sandbox(played.speed.factor().into()))
}

/// The service with the time added to each message that a task needs to fetch it.
fn with_fetching(scenario: &Scenario, fetch: Option<Duration>) -> Scenario {
    let mut scenario = scenario.clone();
    let (Some(fetch), Distribution::Fixed(work)) = (fetch, scenario.processing) else {
        return scenario;
    };
    scenario.processing = Distribution::Fixed(work.saturating_add(fetch));
    scenario.notes.push(format!(
        "a message takes a task {} more than its work: what deleting it and receiving the next took here",
        format_duration(fetch.as_secs_f64())
    ));
    scenario
}

/// What the definition says of the processing time; the demo's worker takes exactly that.
fn processing(service: &Service) -> Option<Duration> {
    Some(service.backlog_per_task()?.processing_time)
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

pub(super) fn text(summary: &Summary) -> String {
    let mut text = format!("{}: {}\n\n", summary.stack, verdict_text(summary));
    text.push_str(&story_text(&summary.story));
    text.push_str(&actions_text(&summary.actions));
    for step in &summary.unapplied_steps {
        text.push_str(&format!("step          {step}\n"));
    }
    if summary.queue {
        text.push_str(&messages_text(&summary.messages));
    }
    if let Some(trouble) = &summary.trouble {
        text.push_str(&format!("trouble       {trouble}\n"));
    }
    match (&summary.judged, &summary.not_predicted) {
        (Some(judged), _) => text.push_str(&judged_text(judged)),
        (None, Some(why)) => text.push_str(&format!("\nnot predicted: {why}\n")),
        (None, None) => {}
    }
    if let Some(report) = &summary.report {
        text.push_str(&format!("\nthe report, with charts: {report}\n"));
    }
    if let Some(destroyed) = &summary.destroyed {
        text.push_str(&destroyed.describe(&summary.stack));
    }
    if let Some(sandbox) = &summary.kept {
        text.push_str(&kept_text(&summary.stack, sandbox));
    }
    text
}

fn verdict_text(summary: &Summary) -> String {
    let minute = 60.0 / f64::from(summary.speed);
    let clock = format!(
        "at speed {}, a minute in {} s",
        summary.speed,
        number(minute)
    );
    if summary.missing.is_empty() {
        format!("scaled out and in again, {clock}")
    } else {
        format!(
            "not everything has happened, {clock}: {}",
            summary.missing.join("; ")
        )
    }
}

fn story_text(story: &Story) -> String {
    let chapters = story
        .chapters()
        .map(|(chapter, at)| format!("{:<14}{}\n", format_duration(at), chapter.told()));
    let mut text: String = chapters.collect();
    text.push_str(&format!(
        "at most       {} tasks wanted, {} running\n",
        story.most_desired(),
        story.most_running()
    ));
    text
}

fn actions_text(actions: &[ActionLine]) -> String {
    let mut text = String::new();
    for action in actions {
        let reason = match action.reason.as_str() {
            "" => String::new(),
            reason => format!("\n              {reason}"),
        };
        let at = format_duration(action.at);
        text.push_str(&format!(
            "action        after {at}: from {} to {}{reason}\n",
            action.from, action.to
        ));
    }
    text
}

fn messages_text(messages: &Account) -> String {
    let mut text = format!(
        "messages      {} sent, {} done",
        messages.sent, messages.done
    );
    let more = [
        (messages.not_done, "never done"),
        (messages.done_again, "done twice"),
        (messages.delivered_again, "delivered again"),
        (messages.failed, "failures"),
    ];
    for (count, what) in more {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text.push('\n');
    text
}

fn judged_text(judged: &Judged) -> String {
    let mut text = format!(
        "\n{:<20}{:>12}{:>12}{:>20}{:>12}\n",
        "", "measured", "predicted", "nine in ten", "outside by"
    );
    for figure in &judged.comparison.figures {
        let shown =
            |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| figure.shown(value));
        text.push_str(&format!(
            "{:<20}{:>12}{:>12}{:>20}{:>12}\n",
            figure.name,
            shown(figure.measured),
            shown(figure.predicted),
            figure.shown_range(),
            figure.shown_difference()
        ));
    }
    let percent = number(TOLERANCE * 100.0);
    if judged.differing.is_empty() {
        text.push_str(&format!(
            "promise, peak and first scale-out are within {percent}% of what was predicted\n"
        ));
    } else {
        text.push_str(&format!(
            "more than {percent}% from what was predicted: {}\n",
            judged.differing.join(", ")
        ));
    }
    text
}

fn kept_text(stack: &str, sandbox: &str) -> String {
    let program = program();
    format!(
        "\nThe stack stays, and its tasks go on. Look at it, then take it away:\n  \
         ECS_SCALER_SANDBOX={sandbox} {program} status {stack} --local --watch\n  \
         ECS_SCALER_SANDBOX={sandbox} {program} local stop\n"
    )
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
