//! The last scaling actions of a service, whoever took them.

use std::time::UNIX_EPOCH;

use deployer::{Activity, ServiceState, StepAlarmState};

use super::view::Action;

/// Actions that are shown.
const SHOWN: usize = 5;

/// Those of Application Auto Scaling and those that a scaling function has recorded, the newest first.
pub(super) fn actions(service: &ServiceState) -> Vec<Action> {
    let mut actions: Vec<Action> = service.activities.iter().map(activity).collect();
    if let Some(steps) = &service.alarm_steps {
        let sides = [
            ("scale out", &steps.scale_out),
            ("scale in", &steps.scale_in),
        ];
        actions.extend(
            sides
                .iter()
                .filter_map(|(name, side)| step(name, side.as_ref()?)),
        );
    }
    // What has no time stands last.
    actions.sort_by(|a, b| b.at.unwrap_or(0.0).total_cmp(&a.at.unwrap_or(0.0)));
    actions.truncate(SHOWN);
    actions
}

fn activity(activity: &Activity) -> Action {
    let failed = match activity.status.as_str() {
        "Successful" | "InProgress" | "Pending" | "Unfulfilled" | "Overridden" => "",
        _ => " (failed)",
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
    let at = activity.at as f64;
    Action {
        at: Some(at),
        what: format!("{}{failed}", activity.description.trim_end_matches('.')),
        why: activity.cause.clone(),
    }
}

/// The record that the function keeps on its alarm, such as
/// `2026-11-21T10:00:12.5Z change 2026-11-21T09:59:30.123Z from 1 to 2 done`.
fn step(side: &str, state: &StepAlarmState) -> Option<Action> {
    let record = state.last_step.as_deref()?;
    let words: Vec<&str> = record.split_whitespace().collect();
    let after = |word: &str| {
        let place = words.iter().position(|found| *found == word)?;
        words.get(place + 1).copied()
    };
    let at = words
        .first()
        .and_then(|word| humantime::parse_rfc3339_weak(word).ok())
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .map(|since| since.as_secs_f64());
    let what = match (after("from"), after("to")) {
        (Some(from), Some(to)) => format!("{side}: desired count from {from} to {to}"),
        _ => format!("{side}: {record}"),
    };
    Some(Action {
        at,
        what,
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
            last_step: Some(record.into()),
        }
    }

    #[test]
    fn a_record_becomes_an_action() {
        let record = "2026-11-21T10:00:12.5Z change 2026-11-21T09:59:30.123Z from 1 to 2 done";
        let action = step("scale out", &state(record)).unwrap();
        assert_eq!(action.at, Some(1_795_255_212.5));
        assert_eq!(action.what, "scale out: desired count from 1 to 2");
    }

    #[test]
    fn a_record_of_somebody_else_is_shown_as_it_is() {
        let action = step("scale in", &state("from")).unwrap();
        assert_eq!((action.at, &*action.what), (None, "scale in: from"));
    }
}
