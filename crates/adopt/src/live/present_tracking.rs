//! Target tracking policies: their metrics, as messages per task.

use std::collections::BTreeMap;
use std::time::Duration;

use simulator::BacklogPolicy;

use super::expression::{evaluate, identifiers};
use super::present::COOLDOWN;
use super::readings::{
    MetricReading, PolicyKind, PolicyReading, Readings, TermReading, TrackedReading,
};

/// The metric that a policy tracks.
pub(super) enum Tracked {
    /// Messages per task.
    Backlog(BacklogPolicy),
    /// CPU or memory.
    Utilization(String),
}

/// Maximum depth of references between expressions.
const DEEPEST: u32 = 8;

impl TrackedReading {
    /// Its description, for people.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Predefined(name) => name.clone(),
            Self::Metric(metric) => metric.name.clone(),
            Self::Math { expression, terms } => {
                let of = |term: &TermReading| match term {
                    TermReading::Metric(metric) => Some(metric.name.clone()),
                    TermReading::Expression(_) => None,
                };
                let names: Vec<String> = terms.values().filter_map(of).collect();
                format!(
                    "the metric math \"{expression}\" of {}",
                    names.join(" and ")
                )
            }
        }
    }
}

/// The metric that a policy tracks; `None` if it isn't target tracking.
///
/// # Errors
/// Why it can't be simulated.
pub(super) fn read_tracking(
    policy: &PolicyReading,
    readings: &Readings,
    notes: &mut Vec<String>,
) -> Result<Option<Tracked>, String> {
    let PolicyKind::Tracking {
        target,
        metric,
        cooldown_out,
        cooldown_in,
        only_out,
    } = &policy.kind
    else {
        return match &policy.kind {
            PolicyKind::Other(kind) => Err(format!("{kind} isn't simulated")),
            _ => Ok(None),
        };
    };
    let weights = match metric {
        TrackedReading::Predefined(name) => {
            return Ok(Some(Tracked::Utilization(predefined(name).to_owned())));
        }
        TrackedReading::Metric(metric) => weigh_metric(metric, notes)?,
        TrackedReading::Math { expression, terms } => weigh_math(expression, terms, readings)?,
    };
    if *only_out {
        return Err("its scale-in is disabled, which the simulation doesn't support".to_owned());
    }
    let factor = if weights.visible > 0.0 {
        weights.visible
    } else {
        weights.in_flight
    };
    Ok(Some(Tracked::Backlog(BacklogPolicy {
        target: target / factor,
        visible: weights.visible > 0.0,
        in_flight: weights.in_flight > 0.0,
        cooldown_out: cooldown_out.unwrap_or(COOLDOWN),
        cooldown_in: cooldown_in.unwrap_or(COOLDOWN),
        // SQS publishes its metrics once a minute.
        every: Duration::from_secs(60),
    })))
}

/// A predefined metric, for people.
fn predefined(name: &str) -> &str {
    match name {
        "ECSServiceAverageCPUUtilization" => "CPU",
        "ECSServiceAverageMemoryUtilization" => "memory",
        "ALBRequestCountPerTarget" => "requests",
        other => other,
    }
}

/// How much a message of each kind, divided by the tasks, adds to the metric.
#[derive(Clone, Copy, Debug)]
struct Weights {
    visible: f64,
    in_flight: f64,
}

/// A custom metric. Only its name shows what it is.
fn weigh_metric(metric: &MetricReading, notes: &mut Vec<String>) -> Result<Weights, String> {
    let name = metric.name.to_lowercase();
    if metric.namespace == "AWS/SQS" {
        return Err(format!(
            "it tracks {} as a whole, regardless of the number of tasks, which the simulation doesn't support",
            metric.name
        ));
    }
    if metric.namespace.starts_with("AWS/") || !name.contains("backlog") {
        return Err(format!(
            "the meaning of its metric {} is unknown",
            metric.name
        ));
    }
    notes.push(format!(
        "guess: {} of {} is the number of waiting messages ÷ running tasks, by its name",
        metric.name, metric.namespace
    ));
    Ok(Weights {
        visible: 1.0,
        in_flight: 0.0,
    })
}

const NOT_PER_TASK: &str =
    "its metric doesn't depend on the number of tasks, which the simulation doesn't support";

/// Evaluates the expression for several backlogs and counts, and finds the only weights with which it is a backlog
/// per task, however it is written.
fn weigh_math(
    expression: &str,
    terms: &BTreeMap<String, TermReading>,
    readings: &Readings,
) -> Result<Weights, String> {
    let roles = list_roles(terms, readings)?;
    let value = |visible: f64, in_flight: f64, tasks: f64| {
        let values = roles.iter().map(|(id, role)| {
            let value = match role {
                Role::Visible => visible,
                Role::InFlight => in_flight,
                Role::Tasks => tasks,
                Role::Nothing => 0.0,
            };
            (id.clone(), value)
        });
        resolve(expression, terms, values.collect(), DEEPEST)
    };
    let unknown = || format!("its metric math \"{expression}\" isn't known");
    let at = |visible, in_flight, tasks| value(visible, in_flight, tasks).ok_or_else(unknown);
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1.0);
    let weights = Weights {
        visible: at(1_000.0, 0.0, 10.0)? / 100.0,
        in_flight: at(0.0, 1_000.0, 10.0)? / 100.0,
    };
    if close(at(1_000.0, 1_000.0, 10.0)?, at(1_000.0, 1_000.0, 20.0)?) {
        return Err(NOT_PER_TASK.to_owned());
    }
    for (visible, in_flight, tasks) in [(600.0, 0.0, 20.0), (600.0, 800.0, 4.0), (0.0, 40.0, 2.0)] {
        let expected = (visible * weights.visible + in_flight * weights.in_flight) / tasks;
        if !close(at(visible, in_flight, tasks)?, expected) {
            return Err(unknown());
        }
    }
    let (visible, in_flight) = (weights.visible, weights.in_flight);
    let even = close(visible, in_flight) || visible.min(in_flight).abs() < 1e-9;
    match even && visible.max(in_flight) > 0.0 {
        true => Ok(weights),
        false => Err(unknown()),
    }
}

/// The count in a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    Visible,
    InFlight,
    Tasks,
    /// Delayed messages, which aren't simulated.
    Nothing,
}

fn list_roles(
    terms: &BTreeMap<String, TermReading>,
    readings: &Readings,
) -> Result<BTreeMap<String, Role>, String> {
    let metrics = terms.iter().filter_map(|(id, term)| match term {
        TermReading::Metric(metric) => Some((id, metric)),
        TermReading::Expression(_) => None,
    });
    metrics
        .map(|(id, metric)| Ok((id.clone(), role_of(metric, readings)?)))
        .collect()
}

fn role_of(metric: &MetricReading, readings: &Readings) -> Result<Role, String> {
    let queue = metric.dimensions.get("QueueName");
    let is_consumed = |queue: &String| readings.queues.iter().any(|own| own.name == *queue);
    Ok(match (metric.namespace.as_str(), metric.name.as_str()) {
        ("AWS/SQS", _) if !queue.is_some_and(is_consumed) => {
            return Err(format!(
                "it follows the queue {}, which isn't one of those above",
                queue.map_or("?", String::as_str)
            ));
        }
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible") => Role::Visible,
        ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible") => Role::InFlight,
        ("AWS/SQS", "ApproximateNumberOfMessagesDelayed") => Role::Nothing,
        ("ECS/ContainerInsights", "RunningTaskCount" | "DesiredTaskCount") => Role::Tasks,
        ("AWS/ECS", "CPUUtilization" | "MemoryUtilization")
            if metric.statistic == "SampleCount" =>
        {
            Role::Tasks
        }
        (namespace, name) => {
            return Err(format!(
                "it follows {namespace} {name}, which can't be derived from a history of messages"
            ));
        }
    })
}

/// Evaluates an expression whose terms can be expressions.
fn resolve(
    expression: &str,
    terms: &BTreeMap<String, TermReading>,
    mut values: BTreeMap<String, f64>,
    depth: u32,
) -> Option<f64> {
    if depth == 0 {
        return None;
    }
    for name in identifiers(expression) {
        if let Some(TermReading::Expression(inner)) = terms.get(&name)
            && !values.contains_key(&name)
        {
            let value = resolve(inner, terms, values.clone(), depth - 1)?;
            values.insert(name, value);
        }
    }
    evaluate(expression, &values).filter(|value| value.is_finite())
}
