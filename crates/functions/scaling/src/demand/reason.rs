//! Why a count is set or kept, in words.

use std::time::Duration;

use scaling::{Bounds, Decision, DecisionReason, DemandEstimate, DemandPolicy, Side};

use crate::moment;

/// A sentence with the numbers that decided.
pub(crate) fn explain_decision(
    policy: &DemandPolicy,
    bounds: Bounds,
    from: u32,
    estimate: &DemandEstimate,
    decision: Decision,
) -> String {
    let window = Duration::from_millis(policy.law.window_ms).as_secs_f64();
    match decision.why {
        DecisionReason::Needed | DecisionReason::Right => explain_need(bounds, estimate),
        DecisionReason::Spare | DecisionReason::Recent => {
            match estimate.largest.or(estimate.largest_known) {
                Some(largest) => {
                    format!("in the last {window} s the work needed up to {largest:.1} tasks")
                }
                None => format!("the work of the last {window} s needs fewer tasks"),
            }
        }
        DecisionReason::Unknown => match estimate.need {
            Some(need) => format!(
                "the work needs {need:.1} tasks now, and nothing is removed until the need is known \
                 of all of the last {window} s"
            ),
            None => "the need is not known, so nothing is removed".to_owned(),
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
        DecisionReason::Begun { until } => format!(
            "scale-in waits until {} for a change that this environment may not know of",
            moment::text(until)
        ),
    }
}

fn explain_need(bounds: Bounds, estimate: &DemandEstimate) -> String {
    let max = bounds.max();
    let text = match (estimate.need, estimate.at_least) {
        (Some(need), _) => format!("the work needs {need:.1} tasks"),
        (None, Some(least)) => format!("what is known of the work needs {least:.1} tasks"),
        (None, None) => "the latest need that is known asks for them".to_owned(),
    };
    match estimate.at_least {
        Some(least) if least > f64::from(max) => format!("{text}, and the maximum is {max}"),
        _ => text,
    }
}
