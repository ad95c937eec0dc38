//! CloudWatch alarms: the stack's alarms, and the alarms that Application Auto Scaling created for its policies.

use std::collections::HashMap;

use aws_sdk_cloudwatch::types::MetricAlarm;
use serde_json::{Value, json};
use template::contract::types;

use crate::error::{Result, aws, unless_denied};
use crate::named::{LOW_ALARM, read_alarms};
use crate::session::Session;

use super::super::intended::Intended;
use super::part::{Live, Properties};

/// Reads the alarms among the resources, and those in `made`, which Application Auto Scaling created.
pub(super) async fn read(
    session: &Session<'_>,
    all: &[Intended],
    made: &[Intended],
) -> Result<Vec<(Intended, Live)>> {
    let alarms: Vec<&Intended> = all
        .iter()
        .filter(|one| one.resource_type == types::ALARM)
        .chain(made)
        .collect();
    let names: Vec<String> = alarms.iter().map(|one| one.physical_id.clone()).collect();
    let read = read_alarms(session, &names).await;
    let read = match unless_denied(read.map_err(aws("read the alarms")))? {
        Ok(read) => read,
        Err(denied) => return Ok(pair(&alarms, |_| Live::Unchecked(denied.clone()))),
    };
    let name = |alarm: &MetricAlarm| alarm.alarm_name().unwrap_or_default().to_owned();
    let mut found: HashMap<String, Live> = read
        .iter()
        .map(|alarm| (name(alarm), convert(alarm)))
        .collect();
    Ok(pair(&alarms, |alarm| {
        let live = found.remove(&alarm.physical_id).unwrap_or(Live::Missing);
        accept_threshold(alarm, live)
    }))
}

/// AWS documents that target tracking scales in below the target, but not how far below it the low alarm's threshold
/// is. So every threshold from half of the target up to the target is accepted.
fn accept_threshold(alarm: &Intended, mut live: Live) -> Live {
    const THRESHOLD: &str = "Threshold";
    let expected = alarm.properties.get(THRESHOLD);
    if let (Live::Found(found), Some(expected)) = (&mut live, expected)
        && alarm.physical_id.contains(LOW_ALARM)
        && let (Some(value), Some(share)) = (
            found.get(THRESHOLD).and_then(Value::as_f64),
            expected.as_f64(),
        )
    {
        let target = share / scaling::LOW_SHARE;
        if (target / 2.0..=target).contains(&value) {
            found.insert(THRESHOLD.to_owned(), expected.clone());
        }
    }
    live
}

fn pair(alarms: &[&Intended], mut live: impl FnMut(&Intended) -> Live) -> Vec<(Intended, Live)> {
    alarms
        .iter()
        .map(|&alarm| (alarm.clone(), live(alarm)))
        .collect()
}

fn convert(alarm: &MetricAlarm) -> Live {
    let dimensions: Vec<Value> = alarm
        .dimensions()
        .iter()
        .map(|dimension| json!({ "Name": dimension.name(), "Value": dimension.value() }))
        .collect();
    let is_math = !alarm.metrics().is_empty();
    Properties::default()
        .set("ActionsEnabled", alarm.actions_enabled())
        .set("AlarmActions", Some(list_actions(alarm.alarm_actions())))
        .set("OKActions", Some(alarm.ok_actions().to_vec()))
        .set(
            "InsufficientDataActions",
            Some(alarm.insufficient_data_actions().to_vec()),
        )
        .set("AlarmDescription", alarm.alarm_description())
        .set(
            "ComparisonOperator",
            alarm.comparison_operator().map(|it| it.as_str()),
        )
        .set("DatapointsToAlarm", alarm.datapoints_to_alarm())
        .set("EvaluationPeriods", alarm.evaluation_periods())
        .set("Dimensions", (!is_math).then_some(dimensions))
        .set("MetricName", alarm.metric_name())
        .set("Namespace", alarm.namespace())
        .set("Period", alarm.period())
        .set("Statistic", alarm.statistic().map(|it| it.as_str()))
        .set("ExtendedStatistic", alarm.extended_statistic())
        .set("Threshold", alarm.threshold())
        .set("TreatMissingData", alarm.treat_missing_data())
        .found()
}

/// Application Auto Scaling puts the ARN of a scaling policy into the actions of its alarms with the suffix
/// `:createdBy/UUID`, which the policy's own ARN doesn't have. Observed in public lists of ECS services' alarms, not
/// documented.
fn list_actions(actions: &[String]) -> Vec<&str> {
    let arn = |action: &str| action.find(":createdBy/").unwrap_or(action.len());
    let arns = actions.iter().map(|action| action.split_at(arn(action)).0);
    arns.collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::compare::compare;
    use super::super::scaling::describe_alarm;
    use super::*;

    /// From public lists of ECS services' alarms.
    #[test]
    fn an_action_names_its_policy_without_its_maker() {
        let policy = "arn:aws:autoscaling:eu-west-1:111122223333:scalingPolicy:0a1b:resource/ecs/service/shop/web:policyName/web";
        let topic = "arn:aws:sns:eu-west-1:111122223333:pager";
        let actions = [format!("{policy}:createdBy/2c3d"), topic.to_owned()];
        let alarm = MetricAlarm::builder()
            .set_alarm_actions(Some(actions.to_vec()))
            .build();
        let Live::Found(found) = convert(&alarm) else {
            panic!("an alarm is found");
        };
        assert_eq!(found["AlarmActions"], json!([policy, topic]));
    }

    /// For a target of 50, public lists of ECS services' alarms show a high alarm at 50 and a low one at 45.
    #[test]
    fn an_alarm_of_target_tracking_has_the_threshold_of_its_target() {
        let cases = [
            ("High", 50.0, true),
            ("High", 49.0, false),
            ("High", 5000.0, false),
            ("Low", 45.0, true),
            ("Low", 40.0, true),
            ("Low", 50.0, true),
            ("Low", 0.0, false),
            ("Low", 50.1, false),
        ];
        for (side, threshold, same) in cases {
            let name = format!("TargetTracking-service/shop/web-Alarm{side}-0a1b");
            let alarm = Intended {
                lately: None,
                logical_id: "Policy".to_owned(),
                resource_type: types::ALARM.to_owned(),
                properties: describe_alarm(&name, "arn", 50.0),
                physical_id: name,
            };
            let comparison = match side {
                "High" => "GreaterThanThreshold",
                _ => "LessThanThreshold",
            };
            let found = MetricAlarm::builder()
                .actions_enabled(true)
                .alarm_actions("arn")
                .comparison_operator(comparison.into())
                .threshold(threshold)
                .build();
            let live = accept_threshold(&alarm, convert(&found));
            let drift = compare(&[(alarm, live)]);
            assert_eq!(drift.is_empty(), same, "{side} {threshold}: {drift:?}");
        }
    }
}
