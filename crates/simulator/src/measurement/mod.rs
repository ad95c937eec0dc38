//! Measurements of a loop that really ran: samples, messages, and actions. They result in the same
//! [`RunOutcome`] as a simulation, computed in the same way, so that the two can be compared.

mod replay;
mod timeline;

use std::collections::HashMap;
use std::time::Duration;

use scaling::Bounds;

use crate::engine::Finished;
use crate::load::{Arrival, Load};
use crate::number::{count, format_duration};
use crate::outcome::RunOutcome;
use crate::policy::Policy;
use crate::random::Distribution;
use crate::scenario::{Scenario, ScenarioError};
use crate::time::{from_seconds, nanos};

use self::timeline::Tracked;

/// Observations of a loop from the start of its load to the end. All times are in seconds since the start.
/// Earlier times count as the start, and later events are omitted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurement {
    lasts: Duration,
    samples: Vec<Sample>,
    messages: Vec<Tracked>,
    places: HashMap<String, usize>,
    actions: Vec<MeasuredAction>,
    notes: Vec<String>,
}

/// A sample of the loop.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Time of the sample.
    pub at: f64,
    /// Visible messages, as SQS counts them.
    pub visible: u64,
    /// Messages in flight, as SQS counts them.
    pub in_flight: u64,
    /// Desired count.
    pub desired: u32,
    /// Running tasks.
    pub running: u32,
    /// Starting tasks.
    pub pending: u32,
    /// The latest datapoint of the tracked metric, if it is known.
    pub metric: Option<f64>,
    /// Whether the alarm that adds tasks is in ALARM.
    pub scale_out_alarm: bool,
    /// Whether the alarm that removes tasks is in ALARM.
    pub scale_in_alarm: bool,
}

/// A worker's processing of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Processing {
    /// When it started.
    pub began: f64,
    /// When it ended. `None` if the worker never reported that.
    pub ended: Option<f64>,
    /// Whether the message was finished and deleted.
    pub done: bool,
    /// How many times it had been received by then, including this time.
    pub receive_count: u32,
}

/// A change of the desired count.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredAction {
    /// Time of the change.
    pub at: f64,
    /// Count before.
    pub from: u32,
    /// Count after.
    pub to: u32,
    /// The reason that its author gave.
    pub reason: String,
}

impl Measurement {
    /// Creates a measurement of this duration, without observations.
    #[must_use]
    pub fn new(lasts: Duration) -> Self {
        Self {
            lasts,
            ..Self::default()
        }
    }

    /// Adds a sample.
    pub fn sample(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    /// Adds a message that was sent. The ID identifies the message. A second call only replaces the time, with
    /// a more precise one.
    pub fn sent(&mut self, id: &str, at: f64) {
        self.place(id).sent = time(at);
    }

    /// Adds a worker's processing of a message that was sent at `sent`.
    pub fn processing(&mut self, id: &str, sent: f64, processing: Processing) {
        let known = self.places.contains_key(id);
        let message = self.place(id);
        if !known {
            message.sent = time(sent);
        }
        message.add(processing);
    }

    /// Adds a change of the desired count.
    pub fn action(&mut self, action: MeasuredAction) {
        self.actions.push(action);
    }

    /// Adds a note about the measurement, as a sentence.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Returns the number of messages that were sent.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    /// Returns the messages as they were sent, as the load to simulate for comparison. Processing times are the
    /// scenario's. With `own_processing`, each message has its own measured one, if available.
    #[must_use]
    pub fn load(&self, own_processing: bool) -> Load {
        let messages = self.messages.iter().map(|message| Arrival {
            at: message.sent,
            work: message.work().filter(|_| own_processing),
            part: None,
        });
        Load::from_messages(messages, self.lasts)
    }

    /// Returns the mean processing time of the finished messages, if there are any.
    #[must_use]
    pub fn mean_processing(&self) -> Option<Duration> {
        let works: Vec<u64> = self.messages.iter().filter_map(Tracked::work).collect();
        let sum: u128 = works.iter().map(|work| u128::from(*work)).sum();
        let mean = sum.checked_div(works.len() as u128)?;
        u64::try_from(mean).ok().map(Duration::from_nanos)
    }

    /// Returns the outcome, with the objective, bounds, timeouts, and prices of a scenario. The outcome's notes
    /// list what can't be measured.
    ///
    /// # Errors
    /// If a number of the scenario isn't valid.
    pub fn outcome(&self, scenario: &Scenario) -> Result<RunOutcome, ScenarioError> {
        let bounds = scenario.check()?;
        let finished = self.finished(scenario, bounds)?;
        let mut outcome = RunOutcome::new(scenario, &[], None, finished);
        outcome.notes = self.collect_notes();
        outcome.assumptions.clear();
        outcome.reasons = self.in_order().into_iter().map(|one| one.reason).collect();
        Ok(outcome)
    }

    fn finished(&self, scenario: &Scenario, bounds: Bounds) -> Result<Finished, ScenarioError> {
        let mean = self
            .mean_processing()
            .unwrap_or_else(|| scenario.processing.mean());
        let measured = Scenario {
            processing: Distribution::Fixed(mean),
            ..scenario.clone()
        };
        replay::replay(self, &measured, bounds)
            .ok_or(ScenarioError::Value("the measurement is too long"))
    }

    /// Returns the actions that change the count, ordered by time.
    fn in_order(&self) -> Vec<MeasuredAction> {
        let lasts = self.lasts.as_secs_f64();
        let mut actions: Vec<MeasuredAction> = self
            .actions
            .iter()
            .filter(|action| action.from != action.to && action.at < lasts)
            .map(|action| MeasuredAction {
                at: action.at.max(0.0),
                ..action.clone()
            })
            .collect();
        actions.sort_by(|one, other| one.at.total_cmp(&other.at));
        actions
    }

    fn place(&mut self, id: &str) -> &mut Tracked {
        let next = self.messages.len();
        let place = *self.places.entry(id.to_owned()).or_insert(next);
        if place == next {
            self.messages.push(Tracked::default());
        }
        // The entry was just created, or already existed.
        &mut self.messages[place]
    }

    /// Returns how values were measured, and which weren't.
    fn collect_notes(&self) -> Vec<String> {
        let mut notes = vec![
            "measured: the wait of a message, from when it is sent until the worker reports its start"
                .to_owned(),
        ];
        notes.push(format!(
            "tasks and alarms are from {} samples, {} apart on average",
            self.samples.len(),
            format_duration(self.lasts.as_secs_f64() / self.sample_count())
        ));
        let most = self.samples.iter().map(|sample| sample.visible).max();
        notes.push(format!(
            "the backlog is computed from the messages; SQS counted at most {} waiting",
            most.unwrap_or_default()
        ));
        if let Some(highest) = self.highest_metric() {
            notes.push(format!(
                "the metric's highest observed datapoint is {highest:.2}"
            ));
        }
        notes.push(
            "not measured: the billed time of a task (taken as the time in which it was seen); runs of a function (taken as one per period); messages in the dead-letter queue (taken from receive counts)".to_owned(),
        );
        notes.push(
            "the required tasks and the ideal are computed with the measured processing times"
                .to_owned(),
        );
        notes.extend(self.notes.iter().cloned());
        notes
    }

    fn sample_count(&self) -> f64 {
        count(self.samples.len().max(1) as u64)
    }

    fn highest_metric(&self) -> Option<f64> {
        let metrics = self.samples.iter().filter_map(|sample| sample.metric);
        metrics.filter(|metric| metric.is_finite()).reduce(f64::max)
    }

    /// Returns the number of runs of a policy's function: one per period. Zero if AWS scales without a
    /// function.
    fn runs(&self, policy: &Policy, minute: u64) -> u64 {
        let period = match policy {
            Policy::BacklogPerTask(policy) | Policy::BacklogPerTaskAndSteps(policy, _) => {
                nanos(policy.every)
            }
            Policy::Demand(_) | Policy::Deadline(_) | Policy::AlarmSteps(_) => minute,
            _ => return 0,
        };
        nanos(self.lasts) / period.max(1)
    }
}

/// Converts a time. Times before the start, and NaN, become the start.
fn time(at: f64) -> u64 {
    from_seconds(at)
}

impl Tracked {
    fn add(&mut self, processing: Processing) {
        let began = time(processing.began).max(self.sent);
        self.processings.push(timeline::Stretch {
            began,
            ended: processing.ended.map(|ended| time(ended).max(began)),
            done: processing.done,
            receive_count: processing.receive_count,
        });
    }
}
