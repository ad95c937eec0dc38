//! The dashboard: is the promise kept, and does scaling follow.

use scaling::METRIC_NAME;
use serde_json::{Value, json};

use crate::autoscaling::metric_id;
use crate::builder::{Builder, Resource};
use crate::error::SynthesisError;
use crate::resolved::{Resolved, ResolvedQueue, ResolvedService, Scaled};
use crate::text::{Text, canonical, escape, number};
use crate::{limits, names};

/// Half of the dashboard's 24 columns.
const WIDTH: u64 = 12;
const HEIGHT: u64 = 6;
const PERIOD_SECONDS: u64 = 60;

pub(crate) fn add(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    scaled: &[Scaled<'_, '_>],
) -> Result<(), SynthesisError> {
    let mut widgets = alarm_widgets(&builder.ids_of("AWS::CloudWatch::Alarm"));
    for service in &resolved.services {
        let scaled = scaled
            .iter()
            .find(|scaled| scaled.service.short == service.short);
        widgets.extend(scaled.map(|scaled| backlog_widget(resolved, scaled)));
        widgets.push(tasks_widget(service));
    }
    for queue in &resolved.queues {
        widgets.push(queue_widget(resolved, queue));
    }
    if !scaled.is_empty() {
        widgets.push(function_widget());
    }
    let body = canonical(json!({ "widgets": widgets })).to_string();
    let properties = json!({ "DashboardBody": { "Fn::Sub": body } });
    builder.add(
        names::DASHBOARD,
        Resource::new("AWS::CloudWatch::Dashboard", properties),
    )
}

fn alarm_widgets(alarms: &[String]) -> Vec<Value> {
    let widget = |ids: &[String]| {
        let arns: Vec<_> = ids
            .iter()
            .map(|id| Text::attribute(id, "Arn", 0).sub())
            .collect();
        let properties = json!({ "title": "Alarms", "alarms": arns });
        json!({ "type": "alarm", "width": 2 * WIDTH, "height": HEIGHT / 2, "properties": properties })
    };
    alarms
        .chunks(limits::ALARMS_PER_WIDGET)
        .map(widget)
        .collect()
}

/// Backlog per task and its target.
fn backlog_widget(resolved: &Resolved<'_>, scaled: &Scaled<'_, '_>) -> Value {
    let service = scaled.service;
    let namespace = escape(&resolved.stack.metric.namespace);
    let mut metrics: Vec<Value> = Vec::new();
    for (position, queue) in service.queues.iter().enumerate() {
        let options = json!({ "id": metric_id(position + 1), "label": queue.short });
        let dimensions = service.backlog_dimensions(queue);
        metrics.push(metric(&namespace, METRIC_NAME, &dimensions, &options));
    }
    if service.queues.len() > 1 {
        let ids: Vec<_> = (1..=service.queues.len()).map(metric_id).collect();
        metrics.push(json!([{ "expression": ids.join(" + "), "label": "sum", "id": "sum" }]));
    }
    let target = json!({ "label": "target", "value": number(scaled.target) });
    graph(
        &format!("{}: backlog per task", service.short),
        &metrics,
        Some(target),
    )
}

/// Running tasks beside their CPU. ECS reports the CPU of every task once a minute, so the number of
/// samples is the number of running tasks; the count by name costs extra (Container Insights).
fn tasks_widget(service: &ResolvedService<'_>) -> Value {
    let dimensions = service.dimensions();
    let cpu = |options| metric("AWS/ECS", "CPUUtilization", &dimensions, &options);
    let metrics = [
        cpu(json!({ "stat": "SampleCount", "label": "running tasks" })),
        cpu(json!({ "stat": "Average", "label": "CPU (%)", "yAxis": "right" })),
    ];
    graph(&format!("{}: tasks", service.short), &metrics, None)
}

/// Depth of a queue, and the age of its oldest message beside the promise.
fn queue_widget(resolved: &Resolved<'_>, queue: &ResolvedQueue<'_>) -> Value {
    let dimensions = [("QueueName", queue.name.clone())];
    let of_queue = |name, options| metric("AWS/SQS", name, &dimensions, &options);
    let metrics = [
        of_queue(
            "ApproximateNumberOfMessagesVisible",
            json!({ "stat": "Maximum", "label": "waiting" }),
        ),
        of_queue(
            "ApproximateNumberOfMessagesNotVisible",
            json!({ "stat": "Maximum", "label": "in flight" }),
        ),
        of_queue(
            "ApproximateAgeOfOldestMessage",
            json!({ "stat": "Maximum", "label": "oldest (s)", "yAxis": "right" }),
        ),
    ];
    let promise = resolved.stack.oldest_message(queue.short).map(|promise| {
        let value = number(promise.as_secs_f64());
        json!({ "label": "promise (s)", "value": value, "yAxis": "right" })
    });
    graph(&format!("{}: messages", queue.short), &metrics, promise)
}

fn function_widget() -> Value {
    let dimensions = [("FunctionName", Text::reference(names::METRIC_FUNCTION, 0))];
    let of_function =
        |name, stat| metric("AWS/Lambda", name, &dimensions, &json!({ "stat": stat }));
    let metrics = [
        of_function("Invocations", "Sum"),
        of_function("Errors", "Sum"),
        of_function("Throttles", "Sum"),
    ];
    graph("Metric function", &metrics, None)
}

fn graph(title: &str, metrics: &[Value], line: Option<Value>) -> Value {
    let mut properties = json!({
        "title": title,
        "region": Text::region().sub(),
        "period": PERIOD_SECONDS,
        "metrics": metrics,
        "yAxis": { "left": { "min": 0 }, "right": { "min": 0 } },
    });
    if let (Some(map), Some(line)) = (properties.as_object_mut(), line) {
        map.insert("annotations".into(), json!({ "horizontal": [line] }));
    }
    json!({ "type": "metric", "width": WIDTH, "height": HEIGHT, "properties": properties })
}

/// A metric as a dashboard lists it: namespace, name, dimensions in a row, options.
fn metric(namespace: &str, name: &str, dimensions: &[(&str, Text)], options: &Value) -> Value {
    let mut row = vec![json!(namespace), json!(name)];
    for (dimension, value) in dimensions {
        row.push(json!(dimension));
        row.push(json!(value.sub()));
    }
    row.push(options.clone());
    row.into()
}
