//! The policies that a service may be scaled by: what people use today, and the cheapest possible.

use std::time::Duration;

use scaling::{AdjustmentType, Comparison, MissingData, Step, Steps};

/// How the desired count follows the work.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Policy {
    /// Always as many tasks.
    Fixed {
        /// Tasks.
        tasks: u32,
    },
    /// Target tracking on the backlog per task.
    BacklogPerTask(BacklogPolicy),
    /// Steps by how far a metric of the queue is beyond a threshold.
    Steps(StepPolicy),
    /// KEDA's SQS scaler on the Horizontal Pod Autoscaler.
    Keda(KedaPolicy),
    /// Knows every message before it is sent, and starts and ends tasks in no time: the cheapest
    /// counts, changed at fixed intervals, by which every message can be begun within the promise.
    ///
    /// Time is cut into intervals Δ of a quarter of the promise, at least 1 s and at most
    /// [`crate::Assumptions::clairvoyant_interval`]. What is sent in an interval must be worked off by
    /// the last end of an interval that even its earliest message can wait for; it may be put off until
    /// then, unless the most tasks that are allowed could then no longer do it. Each interval has the
    /// fewest tasks, within the bounds, that do what is due.
    Clairvoyant,
}

/// Target tracking on the backlog per task: a metric function, a custom metric, two alarms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BacklogPolicy {
    /// Acceptable backlog per task, in messages.
    pub target: f64,
    /// Whether messages count that wait.
    pub visible: bool,
    /// Whether messages count that are being worked on.
    pub in_flight: bool,
    /// After a scale-out.
    pub cooldown_out: Duration,
    /// After a scale-in.
    pub cooldown_in: Duration,
    /// Period of the rule that samples the metric.
    pub every: Duration,
}

/// A metric that SQS publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueMetric {
    /// `ApproximateNumberOfMessagesVisible`.
    Visible,
    /// `ApproximateNumberOfMessagesNotVisible`.
    NotVisible,
    /// `ApproximateAgeOfOldestMessage`, in seconds.
    OldestAge,
    /// `NumberOfMessagesSent` in a minute.
    Sent,
    /// `NumberOfMessagesDeleted` in a minute.
    Deleted,
}

/// How the datapoints of a period become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Mean.
    Average,
    /// Sum.
    Sum,
    /// Least.
    Minimum,
    /// Largest.
    Maximum,
    /// Their number.
    SampleCount,
}

/// Steps by one metric, for each side.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPolicy {
    /// What is watched.
    pub metric: QueueMetric,
    /// Statistic over a period.
    pub statistic: Statistic,
    /// Period of the alarms; whole minutes, since SQS publishes once a minute.
    pub period: Duration,
    /// After a scale-out.
    pub cooldown_out: Duration,
    /// After a scale-in.
    pub cooldown_in: Duration,
    /// What adds tasks.
    pub scale_out: Option<StepSide>,
    /// What removes tasks.
    pub scale_in: Option<StepSide>,
}

/// One side of [`StepPolicy`].
#[derive(Clone, Debug, PartialEq)]
pub struct StepSide {
    /// On which side of the threshold the alarm rings.
    pub comparison: Comparison,
    /// Threshold, in the metric's unit.
    pub threshold: f64,
    /// Datapoints to alarm.
    pub datapoints: u32,
    /// Evaluation periods.
    pub periods: u32,
    /// What a missing datapoint counts as.
    pub missing: MissingData,
    /// What is done.
    pub steps: Steps,
}

/// KEDA's SQS scaler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KedaPolicy {
    /// Messages that one task is to have (`queueLength`).
    pub queue_length: f64,
    /// Whether messages in flight count (`scaleOnInFlight`).
    pub in_flight: bool,
    /// `pollingInterval`.
    pub poll: Duration,
    /// How far back the largest count is looked for before tasks are removed (`cooldownPeriod`, and the
    /// autoscaler's stabilization window, which has the same default).
    pub cooldown: Duration,
    /// Deviation from one, of messages a task ÷ queue length, that changes nothing.
    pub tolerance: f64,
}

impl Policy {
    /// The messages a task that it aims at, if it aims at any.
    #[must_use]
    pub fn target(&self) -> Option<f64> {
        match self {
            Self::BacklogPerTask(policy) => Some(policy.target),
            Self::Keda(policy) => Some(policy.queue_length),
            Self::Fixed { .. } | Self::Steps(_) | Self::Clairvoyant => None,
        }
    }
}

impl BacklogPolicy {
    /// AWS Copilot's defaults for a worker service: 60 s after a scale-out, 120 s after a scale-in.
    /// Source: AWS Copilot's manifest of a Worker Service, `count.queue_delay`.
    #[must_use]
    pub fn copilot(target: f64) -> Self {
        Self {
            target,
            visible: true,
            in_flight: false,
            cooldown_out: Duration::from_secs(60),
            cooldown_in: Duration::from_secs(120),
            every: Duration::from_secs(60),
        }
    }
}

impl StepPolicy {
    /// The AWS CDK's `QueueProcessingService`: nothing visible removes one task, 100 messages add one,
    /// 500 add five; Application Auto Scaling's default cooldown of 300 s. Its second policy, on the CPU,
    /// is left out. `None` never comes, but the steps are checked where they are made.
    #[must_use]
    pub fn cdk_queue_processing() -> Option<Self> {
        let steps = |steps: &[(f64, i32)]| {
            let steps = steps.iter().map(|(from, adjustment)| Step {
                from: *from,
                adjustment: *adjustment,
            });
            Steps::new(AdjustmentType::ChangeInCapacity, None, steps.collect()).ok()
        };
        let side = |comparison, threshold, steps| StepSide {
            comparison,
            threshold,
            datapoints: 1,
            periods: 1,
            missing: MissingData::Missing,
            steps,
        };
        Some(Self {
            metric: QueueMetric::Visible,
            statistic: Statistic::Maximum,
            period: Duration::from_secs(300),
            cooldown_out: Duration::from_secs(300),
            cooldown_in: Duration::from_secs(300),
            scale_out: Some(side(
                Comparison::AtOrAbove,
                100.0,
                steps(&[(0.0, 1), (400.0, 5)])?,
            )),
            scale_in: Some(side(Comparison::AtOrBelow, 0.0, steps(&[(0.0, -1)])?)),
        })
    }
}

impl KedaPolicy {
    /// KEDA's defaults for a queue length: in-flight messages count, polled every 30 s, 300 s of
    /// cooldown; the autoscaler's tolerance of 0.1. Source: "AWS SQS Queue" and "ScaledObject" of KEDA's
    /// documentation, "Horizontal Pod Autoscaling" of Kubernetes'.
    #[must_use]
    pub fn defaults(queue_length: f64) -> Self {
        Self {
            queue_length,
            in_flight: true,
            poll: Duration::from_secs(30),
            cooldown: Duration::from_secs(300),
            tolerance: 0.1,
        }
    }
}
