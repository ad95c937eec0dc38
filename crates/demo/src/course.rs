//! The observed course of a service in a demo: samples, messages, actions.

use std::time::Duration;

use deployer::{ServiceState, StepAlarmState};
use sandbox::{Sending, SentMessage};
use simulator::{MeasuredAction, Measurement, Processing, Sample};

use crate::ledger::Ledger;
use crate::sample::take_sample;
use crate::steps::RecordedSteps;
use crate::story::{Chapter, Story};
use crate::worked::{Line, Processed, Worked};

/// Observations of a service from the start of the load to the end of its story.
pub struct Course {
    /// The service's name in the definition.
    pub service: String,
    /// When the load started, in milliseconds since 1970.
    began_ms: u64,
    pub(crate) ledger: Ledger,
    pub(crate) story: Story,
    /// Length until the last sample, in seconds.
    lasts: f64,
    /// The result of sending the load. `None` while it is being sent.
    pub sending: Option<Sending>,
    samples: Vec<Sample>,
    actions: Vec<MeasuredAction>,
    /// Reported reasons for scaling, with the new count.
    reasons: Vec<(u32, String)>,
    steps: RecordedSteps,
}

impl Course {
    /// The course of a load that started at `began_ms`, in milliseconds since 1970.
    #[must_use]
    pub fn new(service: &str, began_ms: u64, story: Story) -> Self {
        Self {
            service: service.to_owned(),
            began_ms,
            ledger: Ledger::default(),
            story,
            lasts: 0.0,
            sending: None,
            samples: Vec::new(),
            actions: Vec::new(),
            reasons: Vec::new(),
            steps: RecordedSteps::default(),
        }
    }

    /// Returns the seconds from the start of the load to a time in milliseconds since 1970.
    fn at(&self, moment_ms: u64) -> f64 {
        let since = Duration::from_millis(moment_ms.saturating_sub(self.began_ms));
        since.as_secs_f64()
    }

    /// Records a message that was sent.
    pub fn sent(&mut self, message: &SentMessage) {
        self.ledger.sent(&message.message_id, message.asked_at_ms);
    }

    /// Records a line of a worker's log.
    pub fn note(&mut self, line: Line) {
        self.ledger.note(line);
    }

    /// Records a sample at `now_ms`, in milliseconds since 1970. Returns the events since the last one.
    pub fn see(&mut self, service: &ServiceState, now_ms: u64) -> Vec<Chapter> {
        let at = self.at(now_ms);
        self.lasts = at;
        self.hear(service);
        let sample = take_sample(service, at);
        self.notice_action(&sample);
        self.samples.push(sample);
        self.story.see(service, at, self.sending.is_some())
    }

    fn notice_action(&mut self, sample: &Sample) {
        let Some(before) = self
            .samples
            .last()
            .filter(|last| last.desired != sample.desired)
        else {
            return;
        };
        self.actions.push(MeasuredAction {
            at: sample.at,
            from: before.desired,
            to: sample.desired,
            reason: String::new(),
        });
    }

    /// Records the reasons, which are reported separately from the counts, and sometimes later.
    fn hear(&mut self, service: &ServiceState) {
        self.steps.note(service);
        for activity in service.activities.iter().rev() {
            let count = count_set_by(&activity.description);
            let reason = count.map(|count| (count, activity.cause.clone()));
            if let Some(reason) = reason.filter(|reason| !self.reasons.contains(reason)) {
                self.reasons.push(reason);
            }
        }
    }

    /// Returns the changes of the desired count, each with its reason if one was reported.
    pub(crate) fn actions(&self) -> Vec<MeasuredAction> {
        let applied = self.steps.iter().filter(|step| step.applied);
        let recorded = applied.map(|step| (step.record.to, step.reason()));
        let mut reasons: Vec<_> = self.reasons.iter().cloned().chain(recorded).collect();
        let mut explained = self.actions.clone();
        for action in &mut explained {
            let found = reasons.iter().position(|(count, _)| *count == action.to);
            if let Some(place) = found {
                action.reason = reasons.remove(place).1;
            }
        }
        explained
    }

    /// Returns the recorded steps that the desired count never showed.
    pub(crate) fn unapplied_steps(&self) -> impl Iterator<Item = String> {
        let unapplied = self.steps.iter().filter(|step| !step.applied);
        unapplied.map(|step| step.reason() + StepAlarmState::NOT_APPLIED)
    }

    /// Returns the same as input for the simulator.
    pub(crate) fn measurement(&self) -> Measurement {
        // The last sample belongs to it.
        let lasts = Duration::from_secs_f64(self.lasts) + Duration::from_millis(1);
        let mut measurement = Measurement::new(lasts);
        for sample in &self.samples {
            measurement.sample(*sample);
        }
        for (id, sent_ms) in self.ledger.sent_at() {
            measurement.sent(id, self.at(*sent_ms));
        }
        for worked in self.ledger.works() {
            let Some(sent_ms) = self.sent_at(worked) else {
                continue;
            };
            let processing = Processing {
                began: self.at(worked.began_at_ms),
                ended: Some(self.at(worked.ended_at_ms)),
                done: worked.outcome == Processed::Done,
                receive_count: worked.receive_count.unwrap_or(1),
            };
            measurement.sent(&worked.message_id, self.at(sent_ms));
            measurement.processing(&worked.message_id, self.at(sent_ms), processing);
        }
        for action in self.actions() {
            measurement.action(action);
        }
        measurement
    }

    /// Returns SQS's time if available. Otherwise the producer's, which only knows when its call started.
    fn sent_at(&self, worked: &Worked) -> Option<u64> {
        let asked = self.ledger.sent_at().get(&worked.message_id)?;
        Some(worked.sent_at_ms.unwrap_or(*asked))
    }
}

/// Returns the new count in Application Auto Scaling's description: `Setting desired count to 15.`.
fn count_set_by(description: &str) -> Option<u32> {
    let (_, after) = description.rsplit_once(" to ")?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_found_in_what_is_said() {
        assert_eq!(count_set_by("Setting desired count to 15."), Some(15));
        assert_eq!(count_set_by("nothing"), None);
        assert_eq!(count_set_by("from 1 to many"), None);
    }

    #[test]
    fn each_change_gets_the_reason_of_its_count() {
        let mut course = Course::new("worker", 0, Story::new(1, true));
        let sample_at = |at: f64, desired: u32| Sample {
            at,
            desired,
            ..Sample::default()
        };
        for sample in [
            sample_at(0.0, 1),
            sample_at(1.0, 9),
            sample_at(2.0, 9),
            sample_at(3.0, 1),
            sample_at(4.0, 9),
        ] {
            course.notice_action(&sample);
            course.samples.push(sample);
        }
        course.reasons = vec![(9, "first".into()), (1, "low".into()), (9, "second".into())];
        let told: Vec<_> = course
            .actions()
            .into_iter()
            .map(|action| (action.at, action.from, action.to, action.reason))
            .collect();
        assert_eq!(
            told,
            [
                (1.0, 1, 9, "first".into()),
                (3.0, 9, 1, "low".into()),
                (4.0, 1, 9, "second".into())
            ]
        );
    }
}
