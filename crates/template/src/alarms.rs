//! Operational alarms, and the topic by which people hear of them.

use std::time::Duration;

use scaling::METRIC_NAME;
use serde_json::{Value, json};
use stack::{Queue, Stack};

use crate::autoscaling::dimensions;
use crate::builder::{Builder, Resource};
use crate::error::SynthesisError;
use crate::resolved::{Resolved, ResolvedQueue, Scaled};
use crate::text::{Text, number, reference};
use crate::{alarm_topic, limits, names};

const MINUTE_SECONDS: u64 = 60;
const HOUR_SECONDS: u64 = 3_600;

/// An alarm. It has no name of its own, so that CloudFormation can replace it; people read the
/// description.
struct Alarm {
    id: String,
    description: String,
    namespace: String,
    metric: &'static str,
    dimensions: Vec<(&'static str, Text)>,
    statistic: &'static str,
    comparison: &'static str,
    threshold: f64,
    window: Window,
    missing: &'static str,
    depends_on: Vec<String>,
}

/// When an alarm looks: `datapoints` of the last `periods` periods have to be over its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    period: u64,
    datapoints: u64,
    periods: u64,
}

pub(crate) fn add(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    scaled: &[Scaled<'_, '_>],
) -> Result<(), SynthesisError> {
    let stack = resolved.stack;
    let mut alarms = Vec::new();
    for queue in &resolved.queues {
        alarms.extend(oldest_message(stack, queue));
        alarms.extend(dead_letters(stack, queue));
    }
    let permissions = builder.ids_of("AWS::Lambda::Permission");
    for scaled in scaled {
        for queue in &scaled.service.queues {
            alarms.push(metric_silent(stack, scaled, queue, &permissions)?);
        }
    }
    if !scaled.is_empty() {
        alarms.push(function_errors(stack)?);
    }
    if !stack.notify.is_empty() {
        alarm_topic::add(builder, stack)?;
    }
    for alarm in alarms {
        let id = alarm.id.clone();
        let resource = Resource::new("AWS::CloudWatch::Alarm", alarm.properties(stack));
        builder.add(id, resource.depends_on(alarm.depends_on))?;
    }
    Ok(())
}

/// The promise is broken: messages wait longer than it says. Five of the last ten minutes: a scale-out
/// needs three minutes over the target, about one until the alarm is evaluated and the tasks run, so a
/// burst that scaling handles as designed stays quiet; counted with gaps, so that a queue that breaks
/// its promise every other minute doesn't.
fn oldest_message(stack: &Stack, queue: &ResolvedQueue<'_>) -> Option<Alarm> {
    let promise = stack.oldest_message(queue.short)?;
    let window = Window {
        period: MINUTE_SECONDS,
        datapoints: 5,
        periods: 10,
    };
    Some(Alarm {
        id: names::oldest_message_alarm(queue.short),
        description: format!(
            "Stack {}: messages in queue {} have waited longer than {} in {} of the last {} minutes.",
            stack.name,
            queue.short,
            seconds(promise),
            window.datapoints,
            window.periods
        ),
        namespace: "AWS/SQS".to_owned(),
        metric: "ApproximateAgeOfOldestMessage",
        dimensions: vec![("QueueName", queue.name.clone())],
        statistic: "Maximum",
        comparison: "GreaterThanThreshold",
        threshold: promise.as_secs_f64(),
        window,
        // SQS stops to report on a queue that nobody has used for six hours.
        missing: "notBreaching",
        depends_on: Vec::new(),
    })
}

/// Messages were given up. One minute is enough: nothing makes this number go down by itself.
fn dead_letters(stack: &Stack, queue: &ResolvedQueue<'_>) -> Option<Alarm> {
    let Queue::Create(spec) = queue.queue else {
        return None;
    };
    spec.dead_letter?;
    let id = names::dead_letter_queue(queue.short);
    let threshold = stack.alarms.dead_letters;
    Some(Alarm {
        id: names::dead_letters_alarm(queue.short),
        description: format!(
            "Stack {}: the dead-letter queue of queue {} holds {} or more.",
            stack.name,
            queue.short,
            counted(u64::from(threshold), "message")
        ),
        namespace: "AWS/SQS".to_owned(),
        metric: "ApproximateNumberOfMessagesVisible",
        dimensions: vec![(
            "QueueName",
            Text::attribute(id, "QueueName", limits::QUEUE_NAME),
        )],
        statistic: "Maximum",
        comparison: "GreaterThanOrEqualToThreshold",
        threshold: f64::from(threshold),
        window: Window {
            period: MINUTE_SECONDS,
            datapoints: 1,
            periods: 1,
        },
        missing: "notBreaching",
        depends_on: Vec::new(),
    })
}

/// The service flies blind: its metric has stopped. Every minute of the window has to be empty, since a
/// single minute may well be: the rule fires some seconds late, now in one minute, now in the next.
///
/// A new alarm is evaluated within a minute and takes the minutes before its time for empty ones, so it
/// would ring for as long as the services take to start. It is therefore made last: after all that the
/// first datapoint needs (the rules and their permissions) and after the service's scaling. The deployer
/// invokes the function as soon as the stack is there, so that the first evaluation finds a datapoint,
/// unless a minute ends in between; then the alarm rings, and is quiet again a minute later.
///
/// Two ways to rule out even that were weighed. `missing`, with the topic told of INSUFFICIENT_DATA,
/// never rings at birth; but a metric that is silent from the first minute would never ring at all, and
/// what pages people by SNS acts on ALARM alone. What `FILL` of metric math makes of a metric without a
/// single datapoint isn't documented.
/// Source: Amazon CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data".
fn metric_silent(
    stack: &Stack,
    scaled: &Scaled<'_, '_>,
    queue: &ResolvedQueue<'_>,
    permissions: &[String],
) -> Result<Alarm, SynthesisError> {
    let service = scaled.service;
    let silence = stack.alarms.metric_silent;
    Ok(Alarm {
        id: names::metric_silent_alarm(service.short, queue.short),
        description: format!(
            "Stack {}: {METRIC_NAME} of service {} on queue {} has not been published for {}; the service does not scale.",
            stack.name,
            service.short,
            queue.short,
            counted(silence.as_secs().div_ceil(MINUTE_SECONDS), "minute")
        ),
        namespace: stack.metric.namespace.clone(),
        metric: METRIC_NAME,
        dimensions: service.backlog_dimensions(queue),
        statistic: "SampleCount",
        comparison: "LessThanThreshold",
        threshold: 1.0,
        window: silent_window(silence)?,
        missing: "breaching",
        depends_on: [permissions, &[names::scaling_policy(service.short)]].concat(),
    })
}

/// The metric function fails. Three of the last five runs: one broken run is repaired by the next.
/// That it doesn't run at all (throttled, rule disabled) shows in the metric's silence.
fn function_errors(stack: &Stack) -> Result<Alarm, SynthesisError> {
    let window = errors_window(stack.metric.every)?;
    Ok(Alarm {
        id: names::METRIC_FUNCTION_ERRORS_ALARM.to_owned(),
        description: format!(
            "Stack {}: the metric function failed in {} of its last {} runs; its log names what it could not measure.",
            stack.name, window.datapoints, window.periods
        ),
        namespace: "AWS/Lambda".to_owned(),
        metric: "Errors",
        dimensions: vec![("FunctionName", Text::reference(names::METRIC_FUNCTION, 64))],
        statistic: "Sum",
        comparison: "GreaterThanOrEqualToThreshold",
        threshold: 1.0,
        window,
        missing: "notBreaching",
        depends_on: Vec::new(),
    })
}

/// Minutes while they fit into a day, which is as far as an alarm looks back at minutes; then hours.
fn silent_window(silence: Duration) -> Result<Window, SynthesisError> {
    let seconds = silence.as_secs().max(1);
    let limit = limits::LONG_ALARM_WINDOW_SECONDS;
    if seconds > limit {
        return Err(SynthesisError::WindowTooLong {
            setting: "alarms.metric_silent",
            seconds,
            limit,
        });
    }
    let period = if seconds > limits::ALARM_WINDOW_SECONDS {
        HOUR_SECONDS
    } else {
        MINUTE_SECONDS
    };
    let periods = seconds.div_ceil(period);
    Ok(Window {
        period,
        datapoints: periods,
        periods,
    })
}

/// A period a run; as many runs as CloudWatch looks back, five at most, and more than half of them.
fn errors_window(every: Duration) -> Result<Window, SynthesisError> {
    let period = every.as_secs().div_ceil(MINUTE_SECONDS).max(1) * MINUTE_SECONDS;
    let limit = if period < HOUR_SECONDS {
        limits::ALARM_WINDOW_SECONDS
    } else {
        limits::LONG_ALARM_WINDOW_SECONDS
    };
    let periods = (limit / period).min(5);
    if periods == 0 {
        return Err(SynthesisError::WindowTooLong {
            setting: "metric.every",
            seconds: period,
            limit,
        });
    }
    Ok(Window {
        period,
        datapoints: periods / 2 + 1,
        periods,
    })
}

impl Alarm {
    fn properties(&self, stack: &Stack) -> Value {
        let mut properties = json!({
            "AlarmDescription": self.description,
            "Namespace": self.namespace,
            "MetricName": self.metric,
            "Dimensions": dimensions(&self.dimensions),
            "Statistic": self.statistic,
            "ComparisonOperator": self.comparison,
            "Threshold": number(self.threshold),
            "Period": self.window.period,
            "DatapointsToAlarm": self.window.datapoints,
            "EvaluationPeriods": self.window.periods,
            "TreatMissingData": self.missing,
        });
        if let (Some(map), false) = (properties.as_object_mut(), stack.notify.is_empty()) {
            let actions = json!([reference(names::ALARM_TOPIC)]);
            map.insert("AlarmActions".into(), actions.clone());
            map.insert("OKActions".into(), actions);
        }
        properties
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_stay_within_what_cloudwatch_looks_back() {
        let window = |seconds| silent_window(Duration::from_secs(seconds));
        assert_eq!(
            window(600),
            Ok(Window {
                period: 60,
                datapoints: 10,
                periods: 10
            })
        );
        assert_eq!(
            window(86_400),
            Ok(Window {
                period: 60,
                datapoints: 1_440,
                periods: 1_440
            })
        );
        assert_eq!(
            window(90_000),
            Ok(Window {
                period: 3_600,
                datapoints: 25,
                periods: 25
            })
        );
        assert!(window(604_801).is_err());
    }

    #[test]
    fn errors_are_counted_over_runs() {
        let window = |seconds| errors_window(Duration::from_secs(seconds));
        assert_eq!(
            window(60),
            Ok(Window {
                period: 60,
                datapoints: 3,
                periods: 5
            })
        );
        assert_eq!(
            window(300),
            Ok(Window {
                period: 300,
                datapoints: 3,
                periods: 5
            })
        );
        assert_eq!(
            window(172_800),
            Ok(Window {
                period: 172_800,
                datapoints: 2,
                periods: 3
            })
        );
        assert!(window(700_000).is_err());
    }
}
