//! The backlog per task as CloudWatch computes it: from the metrics of one of our functions, or only from metrics
//! of SQS and Container Insights.

use scaling::METRIC_NAME;
use serde_json::{Value, json};
use stack::Stack;

use crate::resolved::Scaled;
use crate::resources::metric::MetricStatistic;

/// Namespace of Container Insights' metrics on ECS.
pub(crate) const CONTAINER_INSIGHTS: &str = "ECS/ContainerInsights";
/// The metric there that counts a service's running tasks.
pub(crate) const RUNNING_TASK_COUNT: &str = "RunningTaskCount";
/// ID of that metric in an expression.
pub(crate) const TASKS: &str = "tasks";

/// `CustomizedMetricSpecification`: a single metric unchanged, or the expression for several.
pub(crate) fn metric_specification(stack: &Stack, scaled: &Scaled<'_, '_>) -> Value {
    let metrics = list_terms(stack, scaled);
    match (expression(scaled), metrics.as_slice()) {
        (None, [(_, only)]) => only.properties().into(),
        (expression, metrics) => {
            let mut queries: Vec<Value> = metrics
                .iter()
                .map(|(id, one)| metric_query(id, one))
                .collect();
            queries.push(json!({
                "Id": "backlog_per_task",
                "Expression": expression,
                "Label": METRIC_NAME,
                "ReturnData": true,
            }));
            json!({ "Metrics": queries })
        }
    }
}

/// The metrics from which the backlog per task is computed, with their IDs in the [`expression`].
pub(crate) fn list_terms<'a>(
    stack: &'a Stack,
    scaled: &Scaled<'_, '_>,
) -> Vec<(String, MetricStatistic<'a>)> {
    let service = scaled.service;
    let mut metrics = Vec::new();
    for queue in &service.queues {
        if scaled.is_measured() {
            let (namespace, dimensions) =
                (&stack.metric.namespace, service.backlog_dimensions(queue));
            metrics.push(MetricStatistic::new(
                namespace,
                METRIC_NAME,
                dimensions,
                "Average",
            ));
        } else {
            let counts = scaled.scaling.count.iter();
            metrics.extend(counts.map(|count| {
                let dimensions = vec![("QueueName", queue.name.clone())];
                MetricStatistic::new("AWS/SQS", count.metric_name(), dimensions, "Average")
            }));
        }
    }
    let ids = (1..).map(|number| format!("m{number}"));
    let mut terms: Vec<_> = ids.zip(metrics).collect();
    if !scaled.is_measured() {
        let tasks = MetricStatistic::new(
            CONTAINER_INSIGHTS,
            RUNNING_TASK_COUNT,
            service.dimensions(),
            "Average",
        );
        terms.push((TASKS.to_owned(), tasks));
    }
    terms
}

/// The expression for the terms; `None` if there is only one.
///
/// It is written as `m1 + m2`, and not as `SUM(METRICS())`: if one datapoint is missing, the result is also
/// missing, and a queue that can't be read doesn't count as empty. There is no `FILL`, for the same reason. Without
/// a running task, the divisor is 1, as in the metric function; a service that is being deployed can briefly have
/// none. If the number of tasks is missing, so is the result.
pub(crate) fn expression(scaled: &Scaled<'_, '_>) -> Option<String> {
    let per_queue = match scaled.is_measured() {
        true => 1,
        false => scaled.scaling.count.len(),
    };
    let ids: Vec<_> = (1..=scaled.service.queues.len() * per_queue)
        .map(|number| format!("m{number}"))
        .collect();
    match (scaled.is_measured(), ids.as_slice()) {
        (true, [_]) => None,
        (true, ids) => Some(ids.join(" + ")),
        (false, [only]) => Some(format!("{only} / IF({TASKS} > 0, {TASKS}, 1)")),
        (false, ids) => Some(format!(
            "({}) / IF({TASKS} > 0, {TASKS}, 1)",
            ids.join(" + ")
        )),
    }
}

fn metric_query(id: &str, metric: &MetricStatistic<'_>) -> Value {
    let mut named = metric.properties();
    let statistic = named.remove("Statistic");
    json!({
        "Id": id,
        "MetricStat": { "Metric": named, "Stat": statistic },
        "ReturnData": false,
    })
}
