//! The steps that a scaling function recorded on its alarms during the observation.

use deployer::{ServiceState, StepAlarmState};
use scaling::StepRecord;

/// Every recorded step that was observed, oldest first.
#[derive(Debug, Default)]
pub(crate) struct RecordedSteps {
    steps: Vec<RecordedStep>,
}

#[derive(Debug)]
pub(crate) struct RecordedStep {
    alarm: String,
    pub record: StepRecord,
    /// Whether the desired count has shown it since it was recorded.
    pub applied: bool,
}

impl RecordedSteps {
    /// Records the last step of each of the service's alarms.
    pub(crate) fn note(&mut self, service: &ServiceState) {
        let steps = service.alarm_steps.iter();
        let sides = steps.flat_map(|steps| [&steps.scale_out, &steps.scale_in]);
        for side in sides.flatten() {
            self.note_side(side, service.desired);
        }
    }

    fn note_side(&mut self, side: &StepAlarmState, desired: Option<u32>) {
        let Some(record) = side.last_step.as_ref().and_then(|step| step.known()) else {
            return;
        };
        let applied = side.unapplied_step(desired).is_none();
        let last = self.steps.iter_mut().rfind(|step| step.alarm == side.name);
        match last.filter(|last| last.is_continued_by(record)) {
            Some(last) => {
                last.record = *record;
                last.applied |= applied;
            }
            None => self.steps.push(RecordedStep {
                alarm: side.name.clone(),
                record: *record,
                applied,
            }),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RecordedStep> {
        self.steps.iter()
    }
}

impl RecordedStep {
    /// Whether a record is for the same step. A step that is finished late is recorded again, with a later
    /// time.
    fn is_continued_by(&self, record: &StepRecord) -> bool {
        let anew = !self.applied && self.record.change == record.change;
        self.record.at == record.at || anew
    }

    /// Returns the reason for the new count.
    pub(crate) fn reason(&self) -> String {
        format!("the alarm {} was in ALARM: {}", self.alarm, self.record)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scaling::{AdjustmentType, Parsed, Step, Steps};

    use super::*;

    /// Notes records at different counts. Returns the count of each step and whether it was applied.
    fn noted(looks: &[(StepRecord, u32)]) -> Vec<(u32, bool)> {
        let mut seen = RecordedSteps::default();
        let step = Step {
            from: 0.0,
            adjustment: 1,
        };
        for (record, desired) in looks {
            let side = StepAlarmState {
                name: "out".into(),
                alarm: None,
                steps: Steps::new(AdjustmentType::ChangeInCapacity, None, vec![step]).unwrap(),
                cooldown_s: 60,
                last_step: Some(Parsed::Known(*record)),
            };
            seen.note_side(&side, Some(*desired));
        }
        seen.iter().map(|s| (s.record.to, s.applied)).collect()
    }

    fn begun(at: u64, change: u64, from: u32, to: u32) -> StepRecord {
        StepRecord {
            at: Duration::from_secs(at),
            change: Duration::from_secs(change),
            base: from,
            from,
            to,
            done: false,
        }
    }

    #[test]
    fn a_step_is_applied_once_the_count_has_shown_it() {
        let step = begun(10, 9, 1, 2);
        assert_eq!(noted(&[(step, 1)]), [(2, false)]);
        assert_eq!(noted(&[(step, 1), (step, 2), (step, 1)]), [(2, true)]);
        let done = StepRecord { done: true, ..step };
        assert_eq!(noted(&[(step, 1), (done, 2)]), [(2, true)], "one step");
    }

    #[test]
    fn a_step_that_is_finished_late_is_one_step() {
        let late = StepRecord {
            done: true,
            ..begun(60, 9, 1, 2)
        };
        assert_eq!(noted(&[(begun(10, 9, 1, 2), 1), (late, 2)]), [(2, true)]);
    }

    #[test]
    fn a_step_that_was_never_applied_stays_beside_the_next() {
        let next = StepRecord {
            done: true,
            ..begun(90, 80, 1, 3)
        };
        assert_eq!(
            noted(&[(begun(10, 9, 1, 2), 1), (next, 3)]),
            [(2, false), (3, true)]
        );
    }
}
