//! Steps in the format of Application Auto Scaling policies.

use std::time::Duration;

use scaling::Comparison;
use serde_json::{Value, json};
use stack::{Statistic, StepAlarm};

use crate::resources::metric::MetricStatistic;
use crate::text::number;

/// `StepScalingPolicyConfiguration` of one side.
pub(crate) fn policy_configuration(
    side: &StepAlarm,
    cooldown: Duration,
    metric: &MetricStatistic<'_>,
) -> Value {
    let mut configuration = json!({
        "AdjustmentType": side.steps.adjustment_type().to_string(),
        "Cooldown": cooldown.as_secs(),
        "MetricAggregationType": aggregation_type(&metric.statistic),
        "StepAdjustments": step_adjustments(side),
    });
    if let (Some(map), Some(least)) = (configuration.as_object_mut(), side.steps.at_least()) {
        map.insert("MinAdjustmentMagnitude".into(), least.into());
    }
    configuration
}

/// How the policy aggregates the datapoints of an alarm. It supports only these three; with one statistic per
/// period, they differ only if an alarm evaluates several periods.
fn aggregation_type(statistic: &Statistic) -> &'static str {
    match statistic {
        Statistic::Plain(name) if name == "Minimum" => "Minimum",
        Statistic::Plain(name) if name == "Maximum" => "Maximum",
        Statistic::Plain(_) | Statistic::Extended(_) => "Average",
    }
}

/// Each step from its start up to the start of the next one. The bounds are relative to the threshold: positive
/// above it, negative below it.
fn step_adjustments(side: &StepAlarm) -> Value {
    let steps = side.steps.as_slice();
    let ends = steps.iter().skip(1).map(|step| Some(step.from));
    let adjustment = |(step, end): (&stack::Step, Option<f64>)| {
        let mut json = json!({ "ScalingAdjustment": step.adjustment });
        let (begin, end) = (number(step.from), end);
        let (near, far, sign) = match side.comparison {
            Comparison::AtOrAbove | Comparison::Above => {
                ("MetricIntervalLowerBound", "MetricIntervalUpperBound", 1.0)
            }
            Comparison::Below | Comparison::AtOrBelow => {
                ("MetricIntervalUpperBound", "MetricIntervalLowerBound", -1.0)
            }
        };
        if let Some(map) = json.as_object_mut() {
            let begin = if step.from == 0.0 {
                begin
            } else {
                number(sign * step.from)
            };
            map.insert(near.into(), begin);
            if let Some(end) = end {
                map.insert(far.into(), number(sign * end));
            }
        }
        json
    };
    steps
        .iter()
        .zip(ends.chain([None]))
        .map(adjustment)
        .collect()
}
