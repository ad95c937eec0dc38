//! Step scaling: its metric, its two alarms, and their steps.

use std::collections::BTreeSet;

use scaling::Side;

use super::fields::Fields;
use super::shared::{cooldown, counts};
use crate::model::{
    AdjustmentType, AlarmMetric, Comparison, MissingData, Statistic, Step, StepAlarm, StepScaling,
    Steps,
};
use crate::shape::tables::{ANY_METRIC, IN_STEP, OUT_STEP, QUEUE_METRIC};
use crate::shape::{Adjust, Object, amount, number_of};
use crate::yaml::{Node, Value};

/// A side that the structural check refused is read as missing.
pub(super) fn step_scaling(fields: Fields<'_>) -> StepScaling {
    let given = fields.given("metric");
    let own = |name: &str| fields.given(name)?.get("metric");
    let metric = metric(
        given
            .or_else(|| own("scale_out"))
            .or_else(|| own("scale_in")),
    );
    let common = missing(fields);
    let alarm = |name: &str, side: Side| {
        fields.given(name)?;
        read_alarm(fields.object(name), side, &metric, common)
    };
    StepScaling {
        period: fields.duration("period"),
        cooldown: cooldown(fields),
        scale_out: alarm("scale_out", Side::Out),
        scale_in: alarm("scale_in", Side::In),
        metric,
    }
}

fn metric(node: Option<&Node>) -> AlarmMetric {
    let Some(node) = node.filter(|node| matches!(node.value, Value::Map(_))) else {
        return AlarmMetric::RequestCount;
    };
    if node.has("queue") {
        return queue_metric(Fields::new(&QUEUE_METRIC, Some(node)));
    }
    let fields = Fields::new(&ANY_METRIC, Some(node));
    AlarmMetric::Other {
        namespace: fields.text("namespace"),
        name: fields.text("name"),
        dimensions: fields.text_entries("dimensions"),
        statistic: statistic(fields),
    }
}

/// A single count stands for the metric of that name.
fn queue_metric(fields: Fields<'_>) -> AlarmMetric {
    let (queue, statistic) = (fields.text("queue"), statistic(fields));
    let count = match fields.given("count") {
        Some(_) => counts(fields),
        None => BTreeSet::new(),
    };
    let name = match count.first() {
        Some(_) if count.len() > 1 => {
            return AlarmMetric::Messages {
                queue,
                count,
                statistic,
            };
        }
        Some(only) => only.metric_name().to_owned(),
        None => fields.text("name"),
    };
    AlarmMetric::Queue {
        queue,
        name,
        statistic,
    }
}

fn statistic(fields: Fields<'_>) -> Statistic {
    let text = fields.text("statistic");
    match text.as_str() {
        "SampleCount" | "Average" | "Sum" | "Minimum" | "Maximum" => Statistic::Plain(text),
        _ => Statistic::Extended(text),
    }
}

fn missing(fields: Fields<'_>) -> Option<MissingData> {
    let word = fields.optional_text("missing")?;
    MissingData::ALL
        .into_iter()
        .find(|missing| missing.name() == word)
}

fn read_alarm(
    fields: Fields<'_>,
    side: Side,
    metric: &AlarmMetric,
    common: Option<MissingData>,
) -> Option<StepAlarm> {
    let (comparison, threshold) = Comparison::ALL.into_iter().find_map(|comparison| {
        let node = fields.given(comparison.name())?;
        Some((comparison, number_of(&node.value)?))
    })?;
    let datapoints = fields.whole("for");
    let own = fields.given("metric").map(|node| self::metric(Some(node)));
    let watched = own.as_ref().unwrap_or(metric);
    let given = missing(fields).or(common);
    Some(StepAlarm {
        comparison,
        threshold,
        datapoints,
        periods: fields.optional_whole("of").unwrap_or(datapoints),
        missing: given.unwrap_or_else(|| usual_missing(watched, comparison, threshold)),
        steps: steps(fields, side)?,
        metric: own,
    })
}

/// A load balancer reports `RequestCount` only for periods with a request, so missing data means no requests.
fn usual_missing(metric: &AlarmMetric, comparison: Comparison, threshold: f64) -> MissingData {
    match metric {
        AlarmMetric::RequestCount if comparison.breaches(0.0, threshold) => MissingData::Breaching,
        AlarmMetric::RequestCount => MissingData::NotBreaching,
        AlarmMetric::Queue { .. } | AlarmMetric::Messages { .. } | AlarmMetric::Other { .. } => {
            MissingData::Missing
        }
    }
}

fn steps(fields: Fields<'_>, side: Side) -> Option<Steps> {
    let object: &Object = match side {
        Side::Out => &OUT_STEP,
        Side::In => &IN_STEP,
    };
    let mut read: Vec<(AdjustmentType, Step)> = Vec::new();
    if fields.given("steps").is_some() {
        for item in fields.items("steps") {
            let from = number_of(&item.get("from")?.value)?;
            read.push(adjustment(Fields::new(object, Some(item)), side, from)?);
        }
    } else {
        read.push(adjustment(fields, side, 0.0)?);
    }
    let (kind, _) = *read.first()?;
    let steps = read.into_iter().map(|(_, step)| step).collect();
    Steps::new(kind, fields.optional_whole("at_least"), steps).ok()
}

fn adjustment(fields: Fields<'_>, side: Side, from: f64) -> Option<(AdjustmentType, Step)> {
    if fields.given("set").is_some() {
        let adjustment = i32::try_from(fields.optional_whole("set")?).ok()?;
        return Some((AdjustmentType::ExactCapacity, Step { from, adjustment }));
    }
    let (key, sign) = match side {
        Side::Out => ("add", 1),
        Side::In => ("remove", -1),
    };
    let (kind, amount) = match amount(&fields.given(key)?.value)? {
        Adjust::Tasks(tasks) => (AdjustmentType::ChangeInCapacity, tasks),
        Adjust::Percent(percent) => (AdjustmentType::PercentChangeInCapacity, percent),
    };
    let adjustment = i32::try_from(amount).ok()?.checked_mul(sign)?;
    Some((kind, Step { from, adjustment }))
}
