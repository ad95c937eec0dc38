//! The last scaling actions of a service, by any author.

use deployer::{Activity, ServiceState, StepAlarmState};
use scaling::{ActivityStatus, Parsed};
use serde::Serialize;

/// Maximum number of actions to show.
const SHOWN: usize = 5;

/// A scaling action.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Action {
    /// When it started, if that is known.
    pub at: Option<f64>,
    pub what: String,
    pub why: String,
}

/// Lists Application Auto Scaling's actions and the recorded steps of a scaling function, newest first.
pub(super) fn list_actions(service: &ServiceState) -> Vec<Action> {
    let mut actions: Vec<Action> = service.activities.iter().map(convert_activity).collect();
    if let Some(steps) = &service.alarm_steps {
        let sides = [
            ("scale out", &steps.scale_out),
            ("scale in", &steps.scale_in),
        ];
        actions.extend(
            sides
                .iter()
                .filter_map(|(name, side)| read_step(name, side.as_ref()?, service.desired)),
        );
    }
    // Actions without a time come last.
    actions.sort_by(|a, b| b.at.unwrap_or(0.0).total_cmp(&a.at.unwrap_or(0.0)));
    actions.truncate(SHOWN);
    actions
}

fn convert_activity(activity: &Activity) -> Action {
    let failed = match activity.status {
        Parsed::Unknown(_) | Parsed::Known(ActivityStatus::Failed) => " (failed)",
        Parsed::Known(_) => "",
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
    let at = activity.at as f64;
    Action {
        at: Some(at),
        what: format!("{}{failed}", activity.description.trim_end_matches('.')),
        why: crate::words::shorten_alarms(&activity.cause),
    }
}

/// Returns the step that the function recorded on its alarm. Shows another author's text unchanged.
fn read_step(side: &str, state: &StepAlarmState, desired: Option<u32>) -> Option<Action> {
    let last = state.last_step.as_ref()?;
    let unapplied = state
        .unapplied_step(desired)
        .map_or("", |_| StepAlarmState::NOT_APPLIED);
    let what = match last {
        Parsed::Known(step) => {
            format!("desired count from {} to {}{unapplied}", step.from, step.to)
        }
        Parsed::Unknown(text) => text.clone(),
    };
    Some(Action {
        at: last.known().map(|step| step.at.as_secs_f64()),
        what: format!("{side}: {what}"),
        why: format!("the alarm {} was in ALARM", state.name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use scaling::{AdjustmentType, Step, Steps};

    fn state(record: &str) -> StepAlarmState {
        let step = Step {
            from: 0.0,
            adjustment: 1,
        };
        StepAlarmState {
            name: "out".into(),
            alarm: None,
            steps: Steps::new(AdjustmentType::ChangeInCapacity, None, vec![step]).unwrap(),
            cooldown_s: 60,
            last_step: Some(Parsed::from(record)),
        }
    }

    #[test]
    fn a_record_becomes_an_action() {
        let record = "2026-11-21T10:00:12.5Z change 2026-11-21T09:59:30.123Z from 1 to 2 done";
        let action = read_step("scale out", &state(record), Some(2)).unwrap();
        assert_eq!(action.at, Some(1_795_255_212.5));
        assert_eq!(action.what, "scale out: desired count from 1 to 2");
    }

    #[test]
    fn a_step_that_was_not_applied_says_so() {
        let record = "2026-11-21T10:00:12.5Z change 2026-11-21T09:59:30.123Z from 1 to 2 begun";
        let what = |desired| {
            read_step("scale out", &state(record), desired)
                .unwrap()
                .what
        };
        let applied = "scale out: desired count from 1 to 2";
        assert_eq!(what(Some(1)), format!("{applied} (recorded, not applied)"));
        assert_eq!(what(Some(2)), applied);
    }

    #[test]
    fn a_record_of_somebody_else_is_shown_as_it_is() {
        let action = read_step("scale in", &state("from"), Some(2)).unwrap();
        assert_eq!((action.at, &*action.what), (None, "scale in: from"));
    }
}
