//! The scaling policies to simulate: common ones, and the ideal.

use std::time::Duration;

use scaling::{AdjustmentType, Comparison, MissingData, Step, Steps};

use crate::scenario::Scenario;

/// How the desired count is set.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Policy {
    /// A constant number of tasks.
    Fixed {
        /// Tasks.
        tasks: u32,
    },
    /// Target tracking on the backlog per task.
    BacklogPerTask(BacklogPolicy),
    /// The same combined with steps. The larger of both counts is used.
    BacklogPerTaskAndSteps(BacklogPolicy, StepPolicy),
    /// The same in addition to predictive scaling.
    Predictive(PredictivePolicy),
    /// Step scaling by Application Auto Scaling, on a metric of the queue.
    Steps(StepPolicy),
    /// The same steps by a scaling function, which alarms notify and which re-evaluates them every minute.
    AlarmSteps(StepPolicy),
    /// The required tasks.
    Demand(DemandPolicy),
    /// The tasks with which every message meets its deadline.
    Deadline(DeadlinePolicy),
    /// KEDA's SQS scaler on the Horizontal Pod Autoscaler.
    Keda(KedaPolicy),
    /// Knows every message in advance, and starts and stops tasks instantly: the cheapest counts, changed at
    /// fixed intervals, with which every message can start within the objective.
    ///
    /// Time is divided into intervals Δ of a quarter of the objective, at least 1 s and at most
    /// [`crate::Assumptions::ideal_interval`]. The messages of an interval must be processed by the last end of
    /// an interval that even its earliest message can wait for. Work can be delayed until then, unless the
    /// maximum number of tasks could no longer complete it in time. Each interval has the minimum number of
    /// tasks, within the bounds, that completes the due work.
    Ideal,
}

/// Target tracking on the backlog per task: a metric function, a custom metric, and two alarms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BacklogPolicy {
    /// Acceptable backlog per task, in messages.
    pub target: f64,
    /// Whether visible messages count.
    pub visible: bool,
    /// Whether messages in flight count.
    pub in_flight: bool,
    /// Cooldown after a scale-out.
    pub cooldown_out: Duration,
    /// Cooldown after a scale-in.
    pub cooldown_in: Duration,
    /// Period of the rule that samples the metric.
    pub every: Duration,
}

/// Application Auto Scaling's predictive scaling in its mode that forecasts and scales, in addition to target
/// tracking. An hourly forecast of the messages sent is a lower bound of the count. It never removes tasks.
///
/// (A) The first forecast is made after 24 hours. It covers 48 hours, uses up to 14 days of history, and is repeated
/// every 6 hours. Capacity is available [`Self::buffer`] before its hour, and `tasks.max` applies
/// (`HonorMaxCapacity`). (C) The forecast itself, which AWS doesn't publish: the mean of the same hours of the week,
/// or of the day while there is less than a week of history. Hours are counted from the start of the load.
///
/// Source: Application Auto Scaling User Guide, "How Application Auto Scaling predictive scaling works", and its API
/// Reference, `PredictiveScalingPolicyConfiguration`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictivePolicy {
    /// The target tracking policy that it complements.
    pub tracking: BacklogPolicy,
    /// Target value: messages that a task should process per hour.
    pub messages_per_task_hour: f64,
    /// How long before its hour capacity is available (`SchedulingBufferTime`).
    pub buffer: Duration,
}

/// A metric that SQS publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueMetric {
    /// `ApproximateNumberOfMessagesVisible`.
    Visible,
    /// `ApproximateNumberOfMessagesNotVisible`.
    NotVisible,
    /// The sum of both.
    Outstanding,
    /// `ApproximateAgeOfOldestMessage`, in seconds.
    OldestAge,
    /// `NumberOfMessagesSent` per minute.
    Sent,
    /// `NumberOfMessagesDeleted` per minute.
    Deleted,
}

impl QueueMetric {
    /// The metric that SQS publishes by this name. `None` if it isn't simulated.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ApproximateNumberOfMessagesVisible" => Self::Visible,
            "ApproximateNumberOfMessagesNotVisible" => Self::NotVisible,
            "ApproximateAgeOfOldestMessage" => Self::OldestAge,
            "NumberOfMessagesSent" => Self::Sent,
            "NumberOfMessagesDeleted" => Self::Deleted,
            _ => return None,
        })
    }
}

/// How to aggregate the datapoints of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Mean.
    Average,
    /// Sum.
    Sum,
    /// Minimum.
    Minimum,
    /// Maximum.
    Maximum,
    /// Number of datapoints.
    SampleCount,
}

impl Statistic {
    /// The statistic that CloudWatch calls by this name. `None` if it isn't simulated.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            "SampleCount" => Self::SampleCount,
            _ => return None,
        })
    }
}

/// Steps with a metric for each side.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPolicy {
    /// Period of the alarms. Whole minutes, because SQS publishes once a minute.
    pub period: Duration,
    /// Cooldown after a scale-out.
    pub cooldown_out: Duration,
    /// Cooldown after a scale-in.
    pub cooldown_in: Duration,
    /// The side that adds tasks.
    pub scale_out: Option<StepSide>,
    /// The side that removes tasks.
    pub scale_in: Option<StepSide>,
}

/// One side of [`StepPolicy`].
#[derive(Clone, Debug, PartialEq)]
pub struct StepSide {
    /// The metric that the alarm watches.
    pub metric: QueueMetric,
    /// Statistic over a period.
    pub statistic: Statistic,
    /// The comparison that puts the alarm into ALARM.
    pub comparison: Comparison,
    /// Threshold, in the metric's unit.
    pub threshold: f64,
    /// Datapoints to alarm.
    pub datapoints: u32,
    /// Evaluation periods.
    pub periods: u32,
    /// How missing datapoints are treated.
    pub missing: MissingData,
    /// The steps to apply.
    pub steps: Steps,
}

/// Demand scaling by target tracking on the required tasks: see [`scaling::DeadlineScaler::measure`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemandPolicy {
    /// The latency objective that the policy aims for. `None`: the objective of the scenario.
    pub acceptable_latency: Option<Duration>,
    /// Average processing time of a message in the definition. `None` if it is measured.
    pub processing_time: Option<Duration>,
    /// Start time of a task in the definition.
    pub start: Duration,
    /// How long the last task keeps running after the last message.
    pub window: Duration,
    /// Time between two checks: the period of the metric function's rule, at least a minute.
    pub every: Duration,
    /// Cooldown of the scaling policy after a scale-out.
    pub cooldown_out: Duration,
    /// Cooldown of the scaling policy after a scale-in.
    pub cooldown_in: Duration,
}

/// Scaling by deadlines, by a function that sets the desired count: see [`scaling::DeadlineScaler`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeadlinePolicy {
    /// The latency objective that the policy aims for. `None`: the objective of the scenario.
    pub acceptable_latency: Option<Duration>,
    /// Share of the messages that must meet it. `None`: 99%.
    pub share: Option<f64>,
    /// Average processing time of a message in the definition. `None` if it is only measured.
    pub processing_time: Option<Duration>,
    /// Start time of a task in the definition.
    pub start: Duration,
    /// Time between two checks.
    pub every: Duration,
    /// How long the last task keeps running after the last message.
    pub window: Duration,
    /// Reads of the queue per check.
    pub samples: u32,
    /// Warm tasks.
    pub warm: scaling::Warm,
    /// Constants.
    pub tuning: scaling::DeadlineTuning,
    /// Cooldown after a scale-out.
    pub cooldown_out: Duration,
    /// Cooldown after a scale-in.
    pub cooldown_in: Duration,
}

/// KEDA's SQS scaler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KedaPolicy {
    /// Desired number of messages per task (`queueLength`).
    pub queue_length: f64,
    /// Whether messages in flight count (`scaleOnInFlight`).
    pub in_flight: bool,
    /// How often to read the queue: the autoscaler's sync period, because each sync reads it unless
    /// `useCachedMetrics` is set. `pollingInterval` only affects scaling from zero.
    pub poll: Duration,
    /// How far back to look for the largest count before a scale-in: the autoscaler's stabilization window.
    /// `cooldownPeriod`, which has the same default, is for scaling to zero.
    pub cooldown: Duration,
    /// In one poll the count can increase by this many tasks or double, whichever is more.
    pub growth: u32,
    /// Maximum deviation of messages per task ÷ queue length from 1 that changes nothing.
    pub tolerance: f64,
}

impl Policy {
    /// Its name, for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fixed { .. } => "fixed count",
            Self::BacklogPerTask(_) => "backlog per task",
            Self::BacklogPerTaskAndSteps(..) => "backlog per task with steps",
            Self::Predictive(_) => "predictive scaling",
            Self::Steps(_) => "step scaling",
            Self::AlarmSteps(_) => "alarm steps",
            Self::Demand(_) => "demand, by target tracking",
            Self::Deadline(_) => "demand, by a function",
            Self::Keda(_) => "KEDA's SQS scaler",
            Self::Ideal => crate::compare::IDEAL,
        }
    }

    /// Who changes the count, as the subject of a sentence.
    pub(crate) fn actor(&self) -> &'static str {
        match self {
            Self::Fixed { .. } | Self::Ideal => "nothing",
            Self::BacklogPerTask(_) | Self::BacklogPerTaskAndSteps(..) | Self::Demand(_) => {
                "target tracking"
            }
            Self::Predictive(_) => "predictive scaling",
            Self::Steps(_) => "step scaling",
            Self::AlarmSteps(_) | Self::Deadline(_) => "the scaling function",
            Self::Keda(_) => "KEDA",
        }
    }

    /// The target of messages per task, if it has one.
    #[must_use]
    pub fn target(&self) -> Option<f64> {
        match self {
            Self::BacklogPerTask(policy) | Self::BacklogPerTaskAndSteps(policy, _) => {
                Some(policy.target)
            }
            Self::Predictive(policy) => Some(policy.tracking.target),
            Self::Keda(policy) => Some(policy.queue_length),
            Self::Demand(_)
            | Self::Deadline(_)
            | Self::Fixed { .. }
            | Self::Steps(_)
            | Self::AlarmSteps(_)
            | Self::Ideal => None,
        }
    }

    /// Returns the same policy with this latency objective. `None` if it has no such setting. A backlog per task
    /// becomes the backlog that takes this long to process.
    pub(crate) fn aim_at(&self, aim: Duration, scenario: &Scenario) -> Option<Self> {
        let processing = scenario.processing.mean().as_secs_f64();
        let target = aim.as_secs_f64() / processing * f64::from(scenario.concurrency);
        let mut policy = self.clone();
        match &mut policy {
            Self::BacklogPerTask(policy) | Self::BacklogPerTaskAndSteps(policy, _) => {
                policy.target = target;
            }
            Self::Predictive(policy) => policy.tracking.target = target,
            Self::Keda(policy) => policy.queue_length = target,
            Self::Demand(policy) => policy.acceptable_latency = Some(aim),
            Self::Deadline(policy) => policy.acceptable_latency = Some(aim),
            Self::Fixed { .. } | Self::Steps(_) | Self::AlarmSteps(_) | Self::Ideal => return None,
        }
        Some(policy)
    }
}

impl BacklogPolicy {
    /// AWS Copilot's defaults for a worker service: 60 s after a scale-out, 120 s after a scale-in.
    /// Source: `ScaleOutCooldown` and `ScaleInCooldown` in the template
    /// `workloads/partials/cf/autoscaling.yml` of aws/copilot-cli, whose rule has `rate(1 minute)`.
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

impl PredictivePolicy {
    /// Target utilization of a task. (C) AWS has no default.
    pub const UTILIZATION: f64 = 0.7;

    /// The defaults in addition to a policy, with AWS's default buffer of 5 minutes, for tasks with this
    /// processing time and concurrency.
    #[must_use]
    pub fn defaults(tracking: BacklogPolicy, processing: Duration, concurrency: u32) -> Self {
        let full = 3_600.0 / processing.as_secs_f64() * f64::from(concurrency);
        Self {
            tracking,
            messages_per_task_hour: full * Self::UTILIZATION,
            buffer: Duration::from_secs(300),
        }
    }
}

impl DemandPolicy {
    /// The defaults of a definition, with a check every minute.
    #[must_use]
    pub fn defaults(processing_time: Duration) -> Self {
        Self {
            acceptable_latency: None,
            processing_time: Some(processing_time),
            start: scaling::DEMAND_TASK_START,
            window: scaling::DEMAND_WINDOW,
            every: Duration::from_secs(60),
            cooldown_out: scaling::TRACKING_COOLDOWN,
            cooldown_in: Duration::ZERO,
        }
    }
}

impl DeadlinePolicy {
    /// The defaults, which the experiment in docs/demand.md determined.
    #[must_use]
    pub fn defaults(processing_time: Duration) -> Self {
        Self {
            acceptable_latency: None,
            share: None,
            processing_time: Some(processing_time),
            start: scaling::DEMAND_TASK_START,
            every: scaling::DEMAND_INTERVAL,
            window: scaling::DEMAND_WINDOW,
            samples: 1,
            warm: scaling::Warm::Auto,
            tuning: scaling::DeadlineTuning::default(),
            cooldown_out: Duration::ZERO,
            cooldown_in: Duration::ZERO,
        }
    }
}

impl StepPolicy {
    /// The AWS CDK's `QueueProcessingService`: no visible messages remove one task, 100 messages add one, 500
    /// add five. One evaluation period, and Application Auto Scaling's default cooldown of 300 s, because the
    /// pattern sets none. The metric's default statistic is the maximum over 5 minutes. Its second policy, on
    /// CPU, is omitted. It never returns `None`, but the constructor of the steps checks them.
    ///
    /// Source: `aws-ecs-patterns/lib/base/queue-processing-service-base.ts` and
    /// `aws-applicationautoscaling/lib/step-scaling-policy.ts` in aws/aws-cdk.
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
            metric: QueueMetric::Visible,
            statistic: Statistic::Maximum,
            comparison,
            threshold,
            datapoints: 1,
            periods: 1,
            missing: MissingData::Missing,
            steps,
        };
        Some(Self {
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

impl StepPolicy {
    /// The articles' second policy, applied to a queue: a request to their web service corresponds to a sent
    /// message. As in the articles, the thresholds apply to the whole service, regardless of its count: at
    /// least 100 in a minute add one task, with a cooldown of 60 s; fewer than 20 in each of 5 minutes remove
    /// one, with a cooldown of 300 s. SQS reports a minute's messages later than a load balancer reports its
    /// requests. It never returns `None`, but the constructor of the steps checks them.
    ///
    /// Source: `stacks/sample-webapp.yaml`, which contains the articles' numbers.
    #[must_use]
    pub fn articles_alarm_steps() -> Option<Self> {
        let side = |comparison, threshold, datapoints, adjustment| {
            let step = Step {
                from: 0.0,
                adjustment,
            };
            Some(StepSide {
                metric: QueueMetric::Sent,
                statistic: Statistic::Sum,
                comparison,
                threshold,
                datapoints,
                periods: datapoints,
                missing: MissingData::NotBreaching,
                steps: Steps::new(AdjustmentType::ChangeInCapacity, None, vec![step]).ok()?,
            })
        };
        Some(Self {
            period: Duration::from_secs(60),
            cooldown_out: Duration::from_secs(60),
            cooldown_in: Duration::from_secs(300),
            scale_out: Some(side(Comparison::AtOrAbove, 100.0, 1, 1)?),
            scale_in: Some(side(Comparison::Below, 20.0, 5, -1)?),
        })
    }
}

impl KedaPolicy {
    /// The defaults of KEDA and of the Horizontal Pod Autoscaler: messages in flight count; a sync every 15
    /// s; scale-in to the maximum count of the last 300 s; at most 4 more pods or 100% more within 15 s,
    /// whichever is more; a tolerance of 0.1. KEDA's own default queue length is 5.
    ///
    /// Source: "AWS SQS Queue", "ScaledObject specification" (`cooldownPeriod` "only applies when scaling
    /// to 0") and "Scaling Deployments, Caching Metrics" of KEDA's documentation; "Horizontal Pod
    /// Autoscaling" of Kubernetes' and `pkg/apis/autoscaling/v2/defaults.go` in kubernetes/kubernetes.
    #[must_use]
    pub fn defaults(queue_length: f64) -> Self {
        Self {
            queue_length,
            in_flight: true,
            poll: Duration::from_secs(15),
            cooldown: Duration::from_secs(300),
            growth: 4,
            tolerance: 0.1,
        }
    }
}
