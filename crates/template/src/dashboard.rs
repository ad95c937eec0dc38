//! The dashboard: whether the service meets its latency objective, and whether scaling follows the load.

use scaling::{RECOMMENDED_TASKS_METRIC, TASKS_NEEDED_METRIC};
use serde_json::{Value, json};
use stack::{Actuator, Demand, StepScaling};

use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::resolved::{Resolved, ResolvedQueue, ResolvedService, Scaled};
use crate::resources::metric::{
    LOAD_BALANCING, MetricStatistic, balancer_dimensions, target_dimensions,
};
use crate::scaling::{autoscaling, metric_math, step_alarms};
use crate::scaling_function::Fleet;
use crate::text::{Text, canonical, escape, number};
use crate::{limits, names};

/// Half of the dashboard's 24 columns.
const WIDTH: u64 = 12;
const HEIGHT: u64 = 6;
const PERIOD_SECONDS: u64 = 60;

pub(crate) fn add(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    (scaled, fleet): (&[Scaled<'_, '_>], &Fleet<'_, '_>),
) -> Result<(), SynthesisError> {
    let mut widgets = alarm_widgets(&builder.ids_of(types::ALARM));
    for service in &resolved.services {
        let backlog = scaled
            .iter()
            .find(|scaled| scaled.service.short == service.short);
        widgets.extend(backlog.map(|scaled| backlog_widget(resolved, scaled)));
        let demand = service.service.demand();
        widgets.extend(demand.map(|demand| demand_widget(resolved, service, demand)));
        if let Some(scaling) = &service.service.scaling {
            for steps in scaling.steps.iter().chain(&scaling.alarm_steps) {
                widgets.push(steps_widget(resolved, service, steps)?);
            }
        }
        widgets.push(tasks_widget(service));
        if service.load_balancer().is_some() {
            widgets.push(requests_widget(service));
        }
    }
    for queue in &resolved.queues {
        widgets.push(queue_widget(resolved, queue));
    }
    if resolved.services.iter().any(|s| s.service.is_measured()) {
        widgets.push(function_widget("Metric function", names::METRIC_FUNCTION));
    }
    for (number, _) in fleet.functions() {
        let title = "Scaling by demand: function";
        widgets.push(function_widget(title, &names::demand_function(number)));
    }
    for (service, _) in resolved.stepped() {
        let title = format!("{}: scaling function", service.short);
        let function = names::scaling_function(service.short);
        widgets.push(function_widget(&title, &function));
    }
    let body = canonical(json!({ "widgets": widgets })).to_string();
    let properties = json!({ "DashboardBody": { "Fn::Sub": body } });
    builder.add(
        names::DASHBOARD,
        Resource::new(types::DASHBOARD, properties),
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
    let terms = metric_math::list_terms(resolved.stack, scaled);
    let mut metrics: Vec<Value> = Vec::new();
    for (position, (id, metric)) in terms.iter().enumerate() {
        let queue = service
            .queues
            .get(position)
            .filter(|_| scaled.is_measured());
        metrics.push(metric.row(match queue {
            Some(queue) => json!({ "id": id, "label": queue.short }),
            None => json!({ "id": id, "visible": false }),
        }));
    }
    if let Some(expression) = metric_math::expression(scaled) {
        let label = if scaled.is_measured() {
            "sum"
        } else {
            "backlog per task"
        };
        metrics.push(json!([{ "expression": expression, "label": label, "id": "sum" }]));
    }
    let target = json!({ "label": "target", "value": number(scaled.target) });
    let title = format!("{}: backlog per task", service.short);
    graph_widget(&title, PERIOD_SECONDS, &metrics, vec![target])
}

/// The tasks that the work needs, and the running tasks, between the bounds. Minimum and maximum of each minute,
/// because the function checks several times per minute.
fn demand_widget(resolved: &Resolved<'_>, service: &ResolvedService<'_>, demand: &Demand) -> Value {
    let namespace = &resolved.stack.metric.namespace;
    let needed = |statistic, label: &str| {
        let dimensions = service.dimensions();
        MetricStatistic::new(namespace, TASKS_NEEDED_METRIC, dimensions, statistic)
            .row(json!({ "label": label }))
    };
    let running = MetricStatistic::new(
        "AWS/ECS",
        "CPUUtilization",
        service.dimensions(),
        "SampleCount",
    );
    let mut metrics = vec![
        needed("Maximum", "needed (most)"),
        needed("Minimum", "needed (least)"),
        running.row(json!({ "label": "running" })),
    ];
    let tasks = service.service.tasks;
    // A line can't change with the hours.
    let when = match service.service.schedule {
        Some(_) => " outside of the schedule's periods",
        None => "",
    };
    let mut lines = vec![
        json!({ "label": format!("min{when}"), "value": tasks.min }),
        json!({ "label": format!("max{when}"), "value": tasks.max }),
    ];
    if demand.actuator == Actuator::TargetTracking {
        let tracked = autoscaling::need_per_task(resolved.stack, service);
        let options = json!({ "label": "needed for each that runs", "yAxis": "right" });
        metrics.push(tracked.row(options));
        lines.push(json!({ "label": "target", "value": 1, "yAxis": "right" }));
    }
    if demand.actuator == Actuator::None {
        let name = RECOMMENDED_TASKS_METRIC;
        let (namespace, dimensions) = (&resolved.stack.metric.namespace, service.dimensions());
        let recommended = MetricStatistic::new(namespace, name, dimensions, "Maximum");
        metrics.push(recommended.row(json!({ "label": "would be set" })));
    }
    let title = format!("{}: tasks needed", service.short);
    graph_widget(&title, PERIOD_SECONDS, &metrics, lines)
}

/// The metric that a service is scaled by in steps, with the thresholds of its alarms.
fn steps_widget(
    resolved: &Resolved<'_>,
    service: &ResolvedService<'_>,
    steps: &StepScaling,
) -> Result<Value, SynthesisError> {
    let mut names: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for metric in steps.metrics() {
        for term in MetricStatistic::from_definition(resolved, service, metric)?.terms() {
            let name = escape(term.name);
            if !names.contains(&name) {
                rows.push(term.row(json!({ "label": name })));
                names.push(name);
            }
        }
    }
    let lines = step_alarms::list_alarms(steps).map(|(side, alarm)| {
        let label = format!("scale {}", side.name());
        json!({ "label": label, "value": number(alarm.threshold) })
    });
    let title = format!("{}: {}", service.short, names.join(", "));
    let period = steps.period.as_secs();
    Ok(graph_widget(&title, period, &rows, lines.collect()))
}

/// Running tasks and their CPU. ECS reports the CPU of every task once per minute, so the number of samples is the
/// number of running tasks; the running task count itself costs extra (Container Insights).
fn tasks_widget(service: &ResolvedService<'_>) -> Value {
    let of_tasks = |name, statistic, options| {
        MetricStatistic::new("AWS/ECS", name, service.dimensions(), statistic).row(options)
    };
    let right = |label| json!({ "label": label, "yAxis": "right" });
    let mut metrics = vec![
        of_tasks(
            "CPUUtilization",
            "SampleCount",
            json!({ "label": "running tasks" }),
        ),
        of_tasks("CPUUtilization", "Average", right("CPU (%)")),
    ];
    let scaling = service.service.scaling.as_ref();
    let cpu = scaling.and_then(|scaling| scaling.cpu);
    let memory = scaling.and_then(|scaling| scaling.memory);
    if memory.is_some() {
        metrics.push(of_tasks(
            "MemoryUtilization",
            "Average",
            right("memory (%)"),
        ));
    }
    let lines = [("CPU target", cpu), ("memory target", memory)].into_iter();
    let lines = lines.filter_map(|(label, utilization)| {
        let target = utilization?.target;
        Some(json!({ "label": label, "value": target, "yAxis": "right" }))
    });
    let title = format!("{}: tasks", service.short);
    graph_widget(&title, PERIOD_SECONDS, &metrics, lines.collect())
}

/// The user's view: requests, both kinds of errors, and response times.
fn requests_widget(service: &ResolvedService<'_>) -> Value {
    let of_targets = |name, label| {
        MetricStatistic::new(LOAD_BALANCING, name, target_dimensions(service), "Sum")
            .row(json!({ "label": label }))
    };
    let own = MetricStatistic::new(
        LOAD_BALANCING,
        "HTTPCode_ELB_5XX_Count",
        balancer_dimensions(service),
        "Sum",
    );
    let time = MetricStatistic::new(
        LOAD_BALANCING,
        "TargetResponseTime",
        target_dimensions(service),
        "Average",
    );
    let metrics = [
        of_targets("RequestCount", "requests"),
        of_targets("HTTPCode_Target_5XX_Count", "5xx of the tasks"),
        own.row(json!({ "label": "5xx of the load balancer" })),
        time.row(json!({ "label": "response time (s)", "yAxis": "right" })),
    ];
    let title = format!("{}: requests", service.short);
    graph_widget(&title, PERIOD_SECONDS, &metrics, Vec::new())
}

/// Size of a queue, and the age of its oldest message next to the latency objective.
fn queue_widget(resolved: &Resolved<'_>, queue: &ResolvedQueue<'_>) -> Value {
    let of_queue = |name, options| {
        let dimensions = vec![("QueueName", queue.name.clone())];
        MetricStatistic::new("AWS/SQS", name, dimensions, "Maximum").row(options)
    };
    let metrics = [
        of_queue(
            "ApproximateNumberOfMessagesVisible",
            json!({ "label": "waiting" }),
        ),
        of_queue(
            "ApproximateNumberOfMessagesNotVisible",
            json!({ "label": "in flight" }),
        ),
        of_queue(
            "ApproximateAgeOfOldestMessage",
            json!({ "label": "oldest (s)", "yAxis": "right" }),
        ),
    ];
    let promise = resolved.stack.oldest_message(queue.short).map(|promise| {
        let value = number(promise.as_secs_f64());
        json!({ "label": "objective (s)", "value": value, "yAxis": "right" })
    });
    let title = format!("{}: messages", queue.short);
    graph_widget(
        &title,
        PERIOD_SECONDS,
        &metrics,
        promise.into_iter().collect(),
    )
}

fn function_widget(title: &str, function: &str) -> Value {
    let row = |name| {
        let dimensions = vec![("FunctionName", Text::reference(function, 0))];
        MetricStatistic::new("AWS/Lambda", name, dimensions, "Sum").row(json!({}))
    };
    let metrics = [row("Invocations"), row("Errors"), row("Throttles")];
    graph_widget(title, PERIOD_SECONDS, &metrics, Vec::new())
}

fn graph_widget(title: &str, period: u64, metrics: &[Value], lines: Vec<Value>) -> Value {
    let mut properties = json!({
        "title": title,
        "region": Text::region().sub(),
        "period": period,
        "metrics": metrics,
        "yAxis": { "left": { "min": 0 }, "right": { "min": 0 } },
    });
    if let (Some(map), false) = (properties.as_object_mut(), lines.is_empty()) {
        map.insert("annotations".into(), json!({ "horizontal": lines }));
    }
    json!({ "type": "metric", "width": WIDTH, "height": HEIGHT, "properties": properties })
}
