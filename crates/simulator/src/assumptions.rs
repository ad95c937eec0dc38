//! The assumptions of the simulation: each uncertain constant, with its source.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use scaling::TrackingBehavior;

use crate::random::Distribution;
use crate::time::{Nanos, nanos, write_duration};

/// Everything that the simulation assumes about AWS and the tasks. Each doc comment contains the default and
/// its source: (A) AWS's documentation, (B) other people's measurements, (C) inference.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumptions {
    /// Length of a minute of the loop: of rules, CloudWatch's periods and evaluations, Application Auto
    /// Scaling, SQS's own metrics, and ECS's launch rate. 60 s, except in a sandbox with a compressed clock:
    /// see [`Self::compressed`].
    pub minute: Duration,
    /// Time from the launch of a task to its first message. Default: 23 to 60 s, uniform. (B) Fargate starts in
    /// about 23 to 60 s.
    pub task_start: Distribution,
    /// Time from a task that doesn't fit on any EC2 instance to a new instance that runs it. Default: 3 min.
    /// (C): cluster auto scaling reacts within a minute or two, and an instance takes about one minute to boot
    /// and register.
    pub instance_start: Duration,
    /// Maximum number of tasks that ECS launches per minute for one service. Default: 500. (A) "Amazon ECS
    /// service quotas": rate of tasks launched by a service on Fargate, in the larger regions; 125 in others.
    /// Fargate's own limit for a whole account, 20 per second after a burst of 100, is higher.
    pub launches_per_minute: u32,
    /// Whether a task that receives SIGTERM finishes its current work and takes no new messages. Otherwise it
    /// continues until it is killed. Default: yes, like the example worker.
    pub drains: bool,
    /// Effect of a receipt handle if its message was received again since then. Default: none. (A) SQS requires
    /// the latest handle; (B) AWS's support pages say that older ones sometimes work.
    pub old_receipt: OldReceipt,
    /// Maximum delay of a rule after the start of its minute; the minimum is 0. Default: 10 s. (A) rules have a
    /// resolution of a minute and fire a few seconds late; (C) how many.
    pub rule_jitter: Duration,
    /// Time from reading the counts until alarms can use the datapoint: the function's run and CloudWatch's
    /// ingestion. Default: 2 s. (C)
    pub publication_delay: Duration,
    /// Age of the queue's counts when they are read. Default: 0 s. (A) they can lag by up to a minute.
    pub count_lag: Duration,
    /// Time from the end of a minute until SQS's own metrics have its datapoint. Default: 60 s. (C)
    pub sqs_metric_delay: Duration,
    /// Time from the end of a period until its alarms are evaluated. Default: 10 s. (C): with this value, 3 out
    /// of 3 datapoints of 60 s are beyond the threshold 130 to 270 s after the load changes.
    pub evaluation_delay: Duration,
    /// Additional datapoints that an alarm evaluates beyond its evaluation periods if some are missing.
    /// Default: 2. (A) AWS's examples; the number isn't documented.
    pub extra_datapoints: u32,
    /// Datapoints of a target tracking policy's high alarm. All of them must be over the target. Default: 3 of
    /// 60 s. (B)
    pub high_datapoints: u32,
    /// Datapoints of a target tracking policy's low alarm. Default: 15 of 60 s. (B)
    pub low_datapoints: u32,
    /// The low alarm's threshold, as a share of the target. Default: 0.9. (B)
    pub low_share: f64,
    /// How Application Auto Scaling follows a target tracking policy. Defaults: [`TrackingBehavior`]. (B)
    pub tracking: TrackingBehavior,
    /// Time from the start of an alarm's ALARM state to the service's new desired count. Default: 5 s. (C)
    pub action_delay: Duration,
    /// Time from a check of a function that sets the count to the new desired count: its reads and one
    /// UpdateService call. Default: 1 s. (C)
    pub function_delay: Duration,
    /// Time from a sync of the Horizontal Pod Autoscaler, which reads the queue through KEDA, to the new
    /// desired count. Default: 1 s. (C)
    pub keda_delay: Duration,
    /// A scale-out and a scale-in within this time are a flap. Default: 15 min. (C)
    pub flap_window: Duration,
    /// Duration of one run of the metric function. Default: 200 ms. (B) 8–29 ms to start, then two round trips.
    pub function_run: Duration,
    /// Maximum time for which the ideal keeps the same count. If the objective is shorter, a quarter of the
    /// objective. Default: 60 s. (A) Fargate bills at least a minute.
    pub ideal_interval: Duration,
    /// The evidence for values from an assumptions file, with the date of the measurement, by the keys of
    /// `--assume`.
    pub evidence: BTreeMap<&'static str, String>,
}

/// What a deletion does if its receipt handle isn't from the message's latest receive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OldReceipt {
    /// Nothing: the message isn't deleted.
    #[default]
    Ignored,
    /// It deletes the message, even while another task works on it.
    Deletes,
}

impl fmt::Display for OldReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ignored => "ignored",
            Self::Deletes => "deletes",
        })
    }
}

impl FromStr for OldReceipt {
    /// The valid format.
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Ignored, Self::Deletes]
            .into_iter()
            .find(|one| one.to_string() == text)
            .ok_or("ignored or deletes")
    }
}

/// One assumption, for people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Assumption {
    /// Its key for `--assume`.
    #[serde(skip)]
    pub key: &'static str,
    /// Its name, for people.
    pub name: &'static str,
    /// Value with its unit.
    pub value: String,
    /// Source of the default: A documented by AWS, B measured by others, C inferred, D the definition.
    pub source: &'static str,
    /// The evidence for this value, if an assumptions file contains it: "measured 2026-11-29: …".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

impl Default for Assumptions {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            minute: seconds(60),
            task_start: Distribution::Uniform(seconds(23), seconds(60)),
            instance_start: seconds(180),
            launches_per_minute: 500,
            drains: true,
            old_receipt: OldReceipt::default(),
            rule_jitter: seconds(10),
            publication_delay: seconds(2),
            count_lag: Duration::ZERO,
            sqs_metric_delay: seconds(60),
            evaluation_delay: seconds(10),
            extra_datapoints: scaling::EXTRA_DATAPOINTS,
            high_datapoints: 3,
            low_datapoints: 15,
            low_share: scaling::LOW_SHARE,
            tracking: TrackingBehavior::default(),
            action_delay: seconds(5),
            function_delay: seconds(1),
            keda_delay: seconds(1),
            flap_window: seconds(15 * 60),
            function_run: Duration::from_millis(200),
            ideal_interval: seconds(60),
            evidence: BTreeMap::new(),
        }
    }
}

impl Assumptions {
    /// Lists all assumptions, for people, except for the values of the service.
    #[must_use]
    pub fn list(&self) -> Vec<Assumption> {
        let line = |key, name, value: String, source| Assumption {
            key,
            name,
            value,
            source,
            evidence: self.evidence.get(key).cloned(),
        };
        let time =
            |key, name, value: Duration, source| line(key, name, write_duration(value), source);
        let mut lines = Vec::new();
        if self.minute != Duration::from_secs(60) {
            lines.push(time("minute", "a minute of the loop", self.minute, "C"));
        }
        lines.extend([
            line(
                "task_start",
                "start of a task",
                self.task_start.to_string(),
                "B",
            ),
            time(
                "instance_start",
                "start of an EC2 instance",
                self.instance_start,
                "C",
            ),
            line(
                "launches_per_minute",
                "launches",
                format!("{} a minute", self.launches_per_minute),
                "A",
            ),
            line(
                "drains",
                "tasks finish their message on SIGTERM",
                self.drains.to_string(),
                "C",
            ),
            line(
                "old_receipt",
                "old receipt handle",
                self.old_receipt.to_string(),
                "B",
            ),
            time(
                "rule_jitter",
                "the rule is late by up to",
                self.rule_jitter,
                "C",
            ),
            time(
                "publication_delay",
                "publication of a datapoint",
                self.publication_delay,
                "C",
            ),
            time(
                "count_lag",
                "lag of the queue's counts",
                self.count_lag,
                "A",
            ),
            time(
                "sqs_metric_delay",
                "delay of SQS's metrics",
                self.sqs_metric_delay,
                "C",
            ),
            time(
                "evaluation_delay",
                "evaluation after a period",
                self.evaluation_delay,
                "C",
            ),
            line(
                "extra_datapoints",
                "datapoints beyond the evaluation periods",
                self.extra_datapoints.to_string(),
                "A",
            ),
            line(
                "high_datapoints",
                "datapoints of the high alarm",
                self.high_datapoints.to_string(),
                "B",
            ),
            line(
                "low_datapoints",
                "datapoints of the low alarm",
                self.low_datapoints.to_string(),
                "B",
            ),
            line(
                "low_share",
                "low alarm's share of the target",
                self.low_share.to_string(),
                "B",
            ),
            line(
                "tracking_base",
                "base of target tracking",
                self.tracking.base.to_string(),
                "B",
            ),
            line(
                "tracking_cooldown",
                "target tracking in a scale-out cooldown",
                self.tracking.cooldown.to_string(),
                "B",
            ),
            line(
                "tracking_datapoint",
                "datapoint of target tracking",
                self.tracking.datapoint.to_string(),
                "C",
            ),
            line(
                "tracking_scale_in",
                "scale-in of target tracking",
                self.tracking.scale_in.to_string(),
                "B",
            ),
            line(
                "tracking_flapping_guard",
                "flapping guard of target tracking",
                self.tracking.flapping_guard.to_string(),
                "A",
            ),
            time(
                "action_delay",
                "from alarm to desired count",
                self.action_delay,
                "C",
            ),
            time(
                "function_delay",
                "from a scaling function's check to desired count",
                self.function_delay,
                "C",
            ),
            time(
                "keda_delay",
                "from KEDA's sync to desired count",
                self.keda_delay,
                "C",
            ),
            time("flap_window", "flap window", self.flap_window, "C"),
            time(
                "function_run",
                "run of the metric function",
                self.function_run,
                "B",
            ),
            time(
                "ideal_interval",
                "interval of the ideal",
                self.ideal_interval,
                "A",
            ),
        ]);
        lines
    }

    /// A minute of the loop.
    pub(crate) fn minute(&self) -> Nanos {
        // Never zero, because it is a divisor, and a second of it isn't zero either.
        nanos(self.minute).max(60)
    }

    /// A second of the loop: the shortest time between two checks.
    pub(crate) fn second(&self) -> Nanos {
        self.minute() / 60
    }
}
