//! A CloudWatch alarm and its evaluation window.

use std::time::Duration;

use scaling::{Comparison, MissingData};
use serde_json::{Map, Value, json};
use stack::Stack;

use super::metric::MetricStatistic;
use super::runbook::Runbook;
use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::text::{number, reference};
use crate::{limits, names};

pub(crate) const MINUTE_SECONDS: u64 = 60;
pub(crate) const HOUR_SECONDS: u64 = 3_600;

/// An alarm. It has no name of its own, so CloudFormation can replace it; people read the description.
pub(crate) struct Alarm<'a> {
    pub(crate) id: String,
    /// The fact and its effect; the link to `runbook` is added.
    pub(crate) description: String,
    pub(crate) runbook: Runbook,
    pub(crate) metric: MetricStatistic<'a>,
    pub(crate) comparison: Comparison,
    pub(crate) threshold: f64,
    pub(crate) window: Window,
    pub(crate) missing: MissingData,
    pub(crate) action: AlarmAction,
    pub(crate) depends_on: Vec<String>,
}

pub(crate) enum AlarmAction {
    /// Notifies people when it goes into ALARM and when it returns to OK; without `notify`, no one.
    Notify,
    /// Notifies the alarm topic when it goes into ALARM: the scaling function, and people as a side effect. A
    /// return to OK means nothing to the function, and isn't important enough to notify people.
    Topic,
    /// A scaling policy, by its logical ID.
    Policy(String),
}

/// An alarm's evaluation window: `datapoints` of the last `periods` periods must be beyond its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) period: u64,
    pub(crate) datapoints: u64,
    pub(crate) periods: u64,
}

impl Window {
    pub(crate) const fn minutes(datapoints: u64, periods: u64) -> Self {
        Self {
            period: MINUTE_SECONDS,
            datapoints,
            periods,
        }
    }

    /// Maximum evaluation time that CloudWatch allows with a period of this length, in seconds.
    pub(crate) fn limit(period: u64) -> u64 {
        if period < HOUR_SECONDS {
            limits::ALARM_WINDOW_SECONDS
        } else {
            limits::LONG_ALARM_WINDOW_SECONDS
        }
    }

    /// The complete time without data. In minutes if they fit into a day, the maximum that an alarm evaluates with
    /// such periods; otherwise in hours.
    pub(crate) fn from_silence(silence: Duration) -> Result<Self, SynthesisError> {
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
        Ok(Self {
            period,
            datapoints: periods,
            periods,
        })
    }

    /// One period per run; as many runs as CloudWatch evaluates, at most five, and more than half of them.
    pub(crate) fn from_runs(every: Duration) -> Result<Self, SynthesisError> {
        let period = every.as_secs().div_ceil(MINUTE_SECONDS).max(1) * MINUTE_SECONDS;
        let limit = Self::limit(period);
        let periods = (limit / period).min(5);
        if periods == 0 {
            return Err(SynthesisError::WindowTooLong {
                setting: "metric.every",
                seconds: period,
                limit,
            });
        }
        Ok(Self {
            period,
            datapoints: periods / 2 + 1,
            periods,
        })
    }
}

impl Alarm<'_> {
    pub(crate) fn add(self, builder: &mut Builder, stack: &Stack) -> Result<(), SynthesisError> {
        let sum = !self.metric.added.is_empty();
        let mut map = match sum {
            true => Map::new(),
            false => self.metric.properties(),
        };
        let own = |is_there: bool| is_there.then(|| reference(names::ALARM_TOPIC));
        let theirs = || stack.alarm_topics().map(Value::from);
        let topics = |is_there| {
            own(is_there)
                .into_iter()
                .chain(theirs())
                .collect::<Vec<_>>()
        };
        let mut set = |property: &str, value: Value| map.insert(property.to_owned(), value);
        let description = format!("{} See {}", self.description, self.runbook.link());
        set("AlarmDescription", description.into());
        set("ComparisonOperator", self.comparison.to_string().into());
        set("Threshold", number(self.threshold));
        // The queries of a sum contain their periods.
        if sum {
            set("Metrics", self.metric.sum(self.window.period).into());
        } else {
            set("Period", self.window.period.into());
        }
        set("DatapointsToAlarm", self.window.datapoints.into());
        set("EvaluationPeriods", self.window.periods.into());
        set("TreatMissingData", self.missing.to_string().into());
        match &self.action {
            AlarmAction::Notify if stack.notify.is_empty() => {}
            AlarmAction::Notify => {
                let topics = topics(stack.has_subscribers());
                set("AlarmActions", json!(topics));
                set("OKActions", json!(topics));
            }
            AlarmAction::Topic => {
                set("AlarmActions", json!(topics(true)));
            }
            AlarmAction::Policy(id) => {
                set("AlarmActions", json!([reference(id)]));
            }
        }
        let resource = Resource::new(types::ALARM, map.into());
        builder.add(self.id, resource.depends_on(self.depends_on))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_stay_within_what_cloudwatch_looks_back() {
        let window = |seconds| Window::from_silence(Duration::from_secs(seconds));
        assert_eq!(window(600), Ok(Window::minutes(10, 10)));
        assert_eq!(window(86_400), Ok(Window::minutes(1_440, 1_440)));
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
        let window = |seconds| Window::from_runs(Duration::from_secs(seconds));
        assert_eq!(window(60), Ok(Window::minutes(3, 5)));
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
