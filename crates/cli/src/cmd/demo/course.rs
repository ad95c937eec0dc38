//! The course of a demo as it was seen: looks, messages, actions.

use std::time::Duration;

use deployer::{Inspection, ServiceState};
use sandbox::{Sending, SentMessage};
use simulator::{MeasuredAction, Measurement, Processing, Sample};

use super::ledger::Ledger;
use super::story::{Chapter, Seen, Story};
use super::worked::{Outcome, Worked};

/// What was seen from the beginning of the load to the end of the story.
pub(super) struct Course {
    /// When the load began, in milliseconds since 1970.
    pub began_ms: u64,
    pub ledger: Ledger,
    pub story: Story,
    /// Length until the last look, in seconds.
    pub lasts: f64,
    /// What became of the load; nothing while it is sent.
    pub sending: Option<Sending>,
    samples: Vec<Sample>,
    actions: Vec<MeasuredAction>,
    /// What was said about scaling: the count, and why.
    reasons: Vec<(u32, String)>,
}

impl Course {
    pub(super) fn new(began_ms: u64, story: Story) -> Self {
        Self {
            began_ms,
            ledger: Ledger::default(),
            story,
            lasts: 0.0,
            sending: None,
            samples: Vec::new(),
            actions: Vec::new(),
            reasons: Vec::new(),
        }
    }

    /// Seconds from the beginning of the load to a moment in milliseconds since 1970.
    pub(super) fn at(&self, moment_ms: u64) -> f64 {
        let since = Duration::from_millis(moment_ms.saturating_sub(self.began_ms));
        since.as_secs_f64()
    }

    pub(super) fn sent(&mut self, message: &SentMessage) {
        self.ledger.sent(&message.message_id, message.asked_at_ms);
    }

    /// Notes a look; what has happened since the last one.
    pub(super) fn see(&mut self, inspection: &Inspection, now_ms: u64) -> Vec<Chapter> {
        let Some(service) = inspection.services.first() else {
            return Vec::new();
        };
        let at = self.at(now_ms);
        self.lasts = at;
        self.hear(service);
        let sample = sample(service, at);
        self.notice_action(&sample);
        self.samples.push(sample);
        let queue = service.queues.first();
        let seen = Seen {
            at,
            visible: queue.and_then(|queue| queue.visible),
            in_flight: queue.and_then(|queue| queue.in_flight),
            desired: service.desired,
            running: service.running,
            pending: service.pending,
        };
        self.story.see(seen, self.sending.is_some())
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

    /// The reasons are told beside the counts, and perhaps later.
    fn hear(&mut self, service: &ServiceState) {
        let activities = service.activities.iter().rev();
        let told = activities.filter_map(|activity| {
            let count = number_after(&activity.description, " to ")?;
            Some((count, activity.cause.clone()))
        });
        let steps = service.alarm_steps.iter();
        let sides = steps.flat_map(|steps| [&steps.scale_out, &steps.scale_in]);
        let recorded = sides.flatten().filter_map(|side| {
            let record = side.last_step.as_deref()?;
            let count = number_after(record, " to ")?;
            Some((
                count,
                format!("the alarm {} was in ALARM: {record}", side.name),
            ))
        });
        for reason in told.chain(recorded) {
            if !self.reasons.contains(&reason) {
                self.reasons.push(reason);
            }
        }
    }

    /// The changes of the desired count, each with its reason where one was told.
    pub(super) fn actions(&self) -> Vec<MeasuredAction> {
        let mut reasons = self.reasons.clone();
        let mut explained = self.actions.clone();
        for action in &mut explained {
            let found = reasons.iter().position(|(count, _)| *count == action.to);
            if let Some(place) = found {
                action.reason = reasons.remove(place).1;
            }
        }
        explained
    }

    /// The same for the simulator's reckoning.
    pub(super) fn measurement(&self) -> Measurement {
        // What the last look has shown belongs to it.
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
                done: worked.outcome == Outcome::Done,
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

    /// SQS's own word before the producer's, who only knows when it asked.
    fn sent_at(&self, worked: &Worked) -> Option<u64> {
        let asked = self.ledger.sent_at().get(&worked.message_id)?;
        Some(worked.sent_at_ms.unwrap_or(*asked))
    }
}

fn sample(service: &ServiceState, at: f64) -> Sample {
    let count = |count: i32| u32::try_from(count).unwrap_or_default();
    let queue = service.queues.first();
    let policies = service.policies.iter().flat_map(|policy| &policy.alarms);
    let steps = service.alarm_steps.as_ref();
    let side = |side: fn(&deployer::AlarmStepsState) -> Option<&deployer::StepAlarmState>| {
        let alarm = steps.and_then(side).and_then(|side| side.alarm.as_ref());
        alarm.is_some_and(|alarm| alarm.state == "ALARM")
    };
    let alarming = |comparison: &str| {
        let mut alarming = policies.clone().filter(|alarm| alarm.state == "ALARM");
        alarming.any(|alarm| alarm.comparison.starts_with(comparison))
    };
    Sample {
        at,
        visible: queue.and_then(|queue| queue.visible).unwrap_or_default(),
        in_flight: queue.and_then(|queue| queue.in_flight).unwrap_or_default(),
        desired: count(service.desired),
        running: count(service.running),
        pending: count(service.pending),
        metric: None,
        scale_out_alarm: alarming("Greater") || side(|steps| steps.scale_out.as_ref()),
        scale_in_alarm: alarming("Less") || side(|steps| steps.scale_in.as_ref()),
    }
}

/// The whole number after the last of these words.
fn number_after(text: &str, words: &str) -> Option<u32> {
    let (_, after) = text.rsplit_once(words)?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_found_in_what_is_said() {
        assert_eq!(
            number_after("Setting desired count to 15.", " to "),
            Some(15)
        );
        let record = "2026-11-21T10:00:12Z change 2026-11-21T09:59:30Z from 1 to 2 done";
        assert_eq!(number_after(record, " to "), Some(2));
        assert_eq!(number_after("nothing", " to "), None);
        assert_eq!(number_after("from 1 to many", " to "), None);
    }

    #[test]
    fn each_change_gets_the_reason_of_its_count() {
        let mut course = Course::new(0, Story::new(1, true));
        let look = |at: f64, desired: u32| Sample {
            at,
            desired,
            ..Sample::default()
        };
        for sample in [
            look(0.0, 1),
            look(1.0, 9),
            look(2.0, 9),
            look(3.0, 1),
            look(4.0, 9),
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
