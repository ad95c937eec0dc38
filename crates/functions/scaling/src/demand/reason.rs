//! Why a count is set or kept, in words.

use scaling::{Bounds, DeadlineEstimate, Decision, DecisionReason, Side};

use crate::moment;

/// A sentence with the numbers behind the decision.
pub(crate) fn explain_decision(
    bounds: Bounds,
    from: u32,
    estimate: &DeadlineEstimate,
    decision: Decision,
) -> String {
    match decision.why {
        DecisionReason::Needed | DecisionReason::Right => explain_need(bounds, estimate),
        DecisionReason::Spare => match estimate.keep {
            Some(keep) => format!("the work needs at most {keep:.1} tasks"),
            None => "the work needs fewer tasks".to_owned(),
        },
        DecisionReason::Recent => match (estimate.need, estimate.keep) {
            (Some(need), Some(keep)) => {
                format!(
                    "the work needs {need:.1} tasks now, and {keep:.1} before any can be removed"
                )
            }
            _ => "the work of the last seconds needs them".to_owned(),
        },
        DecisionReason::Unknown => match estimate.need {
            Some(need) => format!(
                "the work needs {need:.1} tasks now, and no task is removed until the arrivals are known for \
                 a minute"
            ),
            None => "the required tasks are unknown, so no task is removed".to_owned(),
        },
        DecisionReason::Bounds => {
            let (min, max) = (bounds.min(), bounds.max());
            format!("the desired count was {from}, outside {min} to {max}")
        }
        DecisionReason::Starting => {
            "scale-in waits until the tasks that are starting run".to_owned()
        }
        DecisionReason::Deploying => "scale-in waits until the service is deployed".to_owned(),
        DecisionReason::Cooldown { until, of } => {
            let until = moment::text(until);
            let side = match of {
                Side::Out => "scale-out",
                Side::In => "scale-in",
            };
            format!("the count waits until {until} for the last {side} to take effect")
        }
        DecisionReason::Learning { until } => format!(
            "scale-in waits for the arrivals of earlier days, which determine the warm tasks, at most until {}",
            moment::text(until)
        ),
        DecisionReason::Begun { until } => format!(
            "scale-in waits until {} because this environment might not know about an earlier change",
            moment::text(until)
        ),
    }
}

fn explain_need(bounds: Bounds, estimate: &DeadlineEstimate) -> String {
    let Some(need) = estimate.at_least else {
        return "the work is unknown".to_owned();
    };
    let mut text = match estimate.need {
        Some(need) => format!("the work needs {need:.1} tasks"),
        None if need <= 0.0 => "no message waits, and the arrivals aren't known yet".to_owned(),
        None => format!("the known work needs {need:.1} tasks"),
    };
    let warm = estimate.warm;
    if warm.tasks > 0 && need <= f64::from(warm.tasks) {
        let plural = if warm.tasks == 1 { "" } else { "s" };
        text = format!("{} warm task{plural}", warm.tasks);
        if let Some(reason) = warm.reason() {
            text = format!("{text}: {reason}");
        }
    }
    if need > f64::from(bounds.max()) {
        text = format!("{text}, and the maximum is {}", bounds.max());
    }
    text
}
