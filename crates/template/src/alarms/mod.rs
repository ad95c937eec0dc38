//! Operational alarms: problems that people must know about.

mod demand;
mod load_balancer;
mod wording;

use std::time::Duration;

use scaling::{Comparison, METRIC_NAME, MissingData};
use stack::{Queue, Stack};

use crate::builder::Builder;
use crate::error::SynthesisError;
use crate::resolved::{Resolved, ResolvedQueue, ResolvedService, Scaled};
use crate::resources::alarm::{Alarm, AlarmAction, MINUTE_SECONDS, Window};
use crate::resources::metric::MetricStatistic;
use crate::resources::runbook::Runbook;
use crate::scaling::metric_math::{CONTAINER_INSIGHTS, RUNNING_TASK_COUNT};
use crate::scaling_function::Fleet;
use crate::text::Text;
use crate::{limits, names};
use wording::{format_count, format_minutes};

/// `permissions`: logical IDs of the permissions with which the rules invoke the metric function.
pub(crate) fn add(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    (scaled, fleet): (&[Scaled<'_, '_>], &Fleet<'_, '_>),
    permissions: &[String],
) -> Result<(), SynthesisError> {
    let stack = resolved.stack;
    let mut alarms = Vec::new();
    for queue in &resolved.queues {
        alarms.extend(oldest_message(stack, queue));
        alarms.extend(dead_letters(stack, queue));
    }
    for scaled in scaled {
        if scaled.is_measured() {
            for queue in &scaled.service.queues {
                alarms.push(metric_silent(stack, scaled, queue, permissions)?);
            }
        } else {
            alarms.push(tasks_silent(stack, scaled)?);
        }
    }
    alarms.extend(demand::demand_alarms(resolved, fleet, permissions)?);
    // Without a metric function, it has no rule.
    if !permissions.is_empty() {
        alarms.push(function_errors(stack)?);
    }
    for (number, _) in fleet.functions() {
        alarms.push(demand_errors(stack, number)?);
    }
    for (service, _) in resolved.stepped() {
        alarms.push(scaling_errors(stack, service)?);
        alarms.push(scaling_dead_letters(stack, service));
    }
    for service in &resolved.services {
        if service.load_balancer().is_some() {
            alarms.extend(load_balancer::load_balancer_alarms(stack, service));
        }
    }
    for alarm in alarms {
        alarm.add(builder, stack)?;
    }
    Ok(())
}

/// The latency objective is missed: messages wait longer than it allows. Five of the last ten minutes: a scale-out
/// needs three minutes above the target, and about one minute until the alarm is evaluated and the tasks run, so a
/// burst that scaling handles as designed causes no alarm. The five minutes don't have to be consecutive, so a
/// queue that misses its objective every other minute does.
fn oldest_message<'a>(stack: &Stack, queue: &ResolvedQueue<'_>) -> Option<Alarm<'a>> {
    let promise = stack.oldest_message(queue.short)?;
    let window = Window::minutes(5, 10);
    let dimensions = vec![("QueueName", queue.name.clone())];
    let metric = "ApproximateAgeOfOldestMessage";
    let limit = match stack.alarms.oldest_message {
        Some(_) => "",
        None => ", their latency objective,",
    };
    Some(Alarm {
        id: names::oldest_message_alarm(queue.short),
        description: format!(
            "Stack {}: messages in queue {} have waited longer than {} s{limit} in {} of the last {} minutes. Tasks \
             don't keep up.",
            stack.name,
            queue.short,
            promise.as_secs_f64(),
            window.datapoints,
            window.periods
        ),
        runbook: Runbook::MessagesWait,
        metric: MetricStatistic::new("AWS/SQS", metric, dimensions, "Maximum"),
        comparison: Comparison::Above,
        threshold: promise.as_secs_f64(),
        window,
        // SQS stops reporting on a queue that hasn't been used for six hours.
        missing: MissingData::NotBreaching,
        action: AlarmAction::Notify,
        depends_on: Vec::new(),
    })
}

/// Messages were moved to the dead-letter queue. One minute is enough, because nothing reduces this number
/// automatically.
fn dead_letters<'a>(stack: &Stack, queue: &ResolvedQueue<'_>) -> Option<Alarm<'a>> {
    let Queue::Create(spec) = queue.queue else {
        return None;
    };
    spec.dead_letter?;
    let threshold = stack.alarms.dead_letters;
    Some(dead_letter_queue_alarm(
        names::dead_letters_alarm(queue.short),
        Runbook::DeadLetters,
        names::dead_letter_queue(queue.short),
        threshold,
        format!(
            "Stack {}: the dead-letter queue of queue {} has at least {}. No task tries again until you move messages \
             back.",
            stack.name,
            queue.short,
            format_count(u64::from(threshold), "message")
        ),
    ))
}

/// The alarm `id` on the messages in one of the stack's dead-letter queues.
fn dead_letter_queue_alarm<'a>(
    id: String,
    runbook: Runbook,
    queue: String,
    threshold: u32,
    description: String,
) -> Alarm<'a> {
    let name = Text::attribute(queue, "QueueName", limits::QUEUE_NAME);
    let metric = "ApproximateNumberOfMessagesVisible";
    Alarm {
        id,
        description,
        runbook,
        metric: MetricStatistic::new("AWS/SQS", metric, vec![("QueueName", name)], "Maximum"),
        comparison: Comparison::AtOrAbove,
        threshold: f64::from(threshold),
        window: Window::minutes(1, 1),
        missing: MissingData::NotBreaching,
        action: AlarmAction::Notify,
        depends_on: Vec::new(),
    }
}

/// The service has no data: its metric has stopped. Every minute of the window must be empty, because a single
/// minute can be: the rule fires a few seconds late, so now in one minute, now in the next.
///
/// CloudWatch evaluates a new alarm within a minute and treats the minutes before its creation as empty, so the
/// alarm would be in ALARM for as long as the services take to start. It is therefore created last: after
/// everything that the first datapoint needs (the rules and their permissions) and after the service's scaling. The
/// deployer invokes the function as soon as the stack exists, so that the first evaluation finds a datapoint,
/// unless a minute ends in between. In that case, the alarm goes into ALARM, and returns to OK one minute later.
///
/// There were two ways to exclude even that. With `missing`, and the topic notified of INSUFFICIENT_DATA, the alarm
/// never goes into ALARM when it is created; but if the metric is missing from the first minute, it never would at
/// all, and services that page people through SNS react only to ALARM. The result of metric math's `FILL` for a
/// metric without a single datapoint isn't documented. Source: Amazon CloudWatch User Guide, "Configuring how
/// CloudWatch alarms treat missing data".
fn metric_silent<'a>(
    stack: &'a Stack,
    scaled: &Scaled<'_, '_>,
    queue: &ResolvedQueue<'_>,
    permissions: &[String],
) -> Result<Alarm<'a>, SynthesisError> {
    let service = scaled.service;
    let silence = stack.alarms.metric_silent;
    let dimensions = service.backlog_dimensions(queue);
    Ok(Alarm {
        id: names::metric_silent_alarm(service.short, queue.short),
        description: format!(
            "Stack {}: {METRIC_NAME} of service {} on queue {} has not been published for {}. The service does not scale.",
            stack.name,
            service.short,
            queue.short,
            format_minutes(silence)
        ),
        runbook: Runbook::BacklogMissing,
        metric: MetricStatistic::new(
            &stack.metric.namespace,
            METRIC_NAME,
            dimensions,
            "SampleCount",
        ),
        comparison: Comparison::Below,
        threshold: 1.0,
        window: Window::from_silence(silence)?,
        missing: MissingData::Breaching,
        action: AlarmAction::Notify,
        depends_on: [permissions, &[names::scaling_policy(service.short)]].concat(),
    })
}

/// Like [`metric_silent`], for services that divide by Container Insights' running task count, which exists while a
/// task does. Above all, it is missing if Container Insights is off in an existing cluster. SQS metrics can't be
/// watched in this way, because they correctly stop for a queue that hasn't been used for six hours. CloudFormation
/// waits until the service's tasks run before it creates the scaling policy and then this alarm, so Container
/// Insights has had its minute by then.
fn tasks_silent<'a>(stack: &Stack, scaled: &Scaled<'_, '_>) -> Result<Alarm<'a>, SynthesisError> {
    let service = scaled.service;
    let silence = stack.alarms.metric_silent;
    let (namespace, name) = (CONTAINER_INSIGHTS, RUNNING_TASK_COUNT);
    Ok(Alarm {
        id: names::tasks_silent_alarm(service.short),
        description: format!(
            "Stack {}: Container Insights has not reported {name} of service {} for {}. The service does not scale.",
            stack.name,
            service.short,
            format_minutes(silence)
        ),
        runbook: Runbook::RunningTasksMissing,
        metric: MetricStatistic::new(namespace, name, service.dimensions(), "SampleCount"),
        comparison: Comparison::Below,
        threshold: 1.0,
        window: Window::from_silence(silence)?,
        missing: MissingData::Breaching,
        action: AlarmAction::Notify,
        depends_on: vec![names::scaling_policy(service.short)],
    })
}

/// The metric function fails. Three of the last five runs: the next run makes up for one failed run. If it doesn't
/// run at all (throttled, or the rule is disabled), the metric is missing.
fn function_errors<'a>(stack: &Stack) -> Result<Alarm<'a>, SynthesisError> {
    let window = Window::from_runs(stack.metric.every)?;
    let description = format!(
        "Stack {}: the metric function failed in {} of its last {} runs. Services that it can't measure don't scale.",
        stack.name, window.datapoints, window.periods
    );
    let function = names::METRIC_FUNCTION.to_owned();
    let id = names::METRIC_FUNCTION_ERRORS_ALARM.to_owned();
    let runbook = Runbook::MetricFunction;
    Ok(function_errors_alarm(
        id,
        runbook,
        function,
        window,
        description,
    ))
}

/// A scaling function fails, in three of the last five minutes: it re-evaluates every minute.
fn scaling_errors<'a>(
    stack: &Stack,
    service: &ResolvedService<'_>,
) -> Result<Alarm<'a>, SynthesisError> {
    let short = service.short;
    minute_errors(
        stack,
        (
            names::scaling_errors_alarm(short),
            names::scaling_function(short),
        ),
        [
            &format!("the scaling function of service {short} failed"),
            "The service doesn't scale in them",
        ],
    )
}

/// A function that scales by demand fails for at least one of its services, in three of the last five minutes.
fn demand_errors<'a>(stack: &Stack, number: usize) -> Result<Alarm<'a>, SynthesisError> {
    minute_errors(
        stack,
        (
            names::demand_errors_alarm(number),
            names::demand_function(number),
        ),
        [
            "the function that scales by demand failed for at least one service",
            "Its log names the service, which doesn't scale in them",
        ],
    )
}

/// The alarm on a function that runs every minute: its logical ID and the function's, the failure, and its
/// effect.
fn minute_errors<'a>(
    stack: &Stack,
    (id, function): (String, String),
    [failed, effect]: [&str; 2],
) -> Result<Alarm<'a>, SynthesisError> {
    let window = Window::from_runs(Duration::from_secs(MINUTE_SECONDS))?;
    let description = format!(
        "Stack {}: {failed} in {} of the last {} minutes. {effect}.",
        stack.name, window.datapoints, window.periods
    );
    let runbook = Runbook::ScalingFunction;
    Ok(function_errors_alarm(
        id,
        runbook,
        function,
        window,
        description,
    ))
}

/// The alarm `id` on the errors of one of the stack's functions.
fn function_errors_alarm<'a>(
    id: String,
    runbook: Runbook,
    function: String,
    window: Window,
    description: String,
) -> Alarm<'a> {
    let function = Text::reference(function, 64);
    Alarm {
        id,
        description,
        runbook,
        metric: MetricStatistic::new(
            "AWS/Lambda",
            "Errors",
            vec![("FunctionName", function)],
            "Sum",
        ),
        comparison: Comparison::AtOrAbove,
        threshold: 1.0,
        window,
        missing: MissingData::NotBreaching,
        action: AlarmAction::Notify,
        depends_on: Vec::new(),
    }
}

/// An alarm's message or a re-evaluation was discarded: it is in the dead-letter queue.
fn scaling_dead_letters<'a>(stack: &Stack, service: &ResolvedService<'_>) -> Alarm<'a> {
    let short = service.short;
    dead_letter_queue_alarm(
        names::scaling_dead_letters_alarm(short),
        Runbook::FailedEvents,
        names::scaling_dead_letter_queue(short),
        1,
        format!(
            "Stack {}: at least 1 event that the scaling function of service {short} failed to process is in its dead-letter queue. Later checks make up for it.",
            stack.name
        ),
    )
}
