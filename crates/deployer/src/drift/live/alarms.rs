//! Alarms of CloudWatch: the stack's, and those that Application Auto Scaling made for its policies.

use std::collections::HashMap;

use aws_sdk_cloudwatch::types::MetricAlarm;
use serde_json::{Value, json};
use template::contract::types;

use crate::error::{Result, aws, is_denied, text};
use crate::session::Session;

use super::super::intended::Intended;
use super::part::{Live, Properties};

/// DescribeAlarms takes 100 names.
const NAMES: usize = 100;

/// Reads the alarms among the resources, and those in `made`, which Application Auto Scaling made.
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
    let mut found = HashMap::new();
    for names in names.chunks(NAMES) {
        let mut pages = session
            .clients
            .cloudwatch
            .describe_alarms()
            .set_alarm_names(Some(names.to_vec()))
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) if is_denied(&error) => {
                    let reason = Live::Unchecked(text(&error).to_owned());
                    return Ok(pair(&alarms, |_| reason.clone()));
                }
                Err(error) => return Err(aws("read the alarms")(error)),
            };
            for alarm in page.metric_alarms() {
                let name = alarm.alarm_name().unwrap_or_default().to_owned();
                found.insert(name, convert(alarm));
            }
        }
    }
    Ok(pair(&alarms, |alarm| {
        found.remove(&alarm.physical_id).unwrap_or(Live::Missing)
    }))
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
        .set("AlarmActions", Some(alarm.alarm_actions().to_vec()))
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
