//! The policies that a service may be scaled by: what people use today, and the cheapest possible.

use std::time::Duration;

use scaling::{AdjustmentType, Comparison, MissingData, Step, Steps};

use crate::scenario::Scenario;

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
    /// The same with steps beside it: of both the larger count.
    BacklogPerTaskAndSteps(BacklogPolicy, StepPolicy),
    /// The same with predictive scaling on top.
    Predictive(PredictivePolicy),
    /// Steps by how far a metric of the queue is beyond a threshold, by Application Auto Scaling.
    Steps(StepPolicy),
    /// Such steps by a scaling function, which alarms notify and which re-evaluates every minute.
    AlarmSteps(StepPolicy),
    /// The tasks that the work needs.
    Demand(DemandPolicy),
    /// The tasks by which every message meets its deadline.
    Deadline(DeadlinePolicy),
    /// KEDA's SQS scaler on the Horizontal Pod Autoscaler.
    Keda(KedaPolicy),
    /// Knows every message before it is sent, and starts and ends tasks in no time: the cheapest
    /// counts, changed at fixed intervals, by which every message can start within the objective.
    ///
    /// Time is cut into intervals Δ of a quarter of the objective, at least 1 s and at most
    /// [`crate::Assumptions::ideal_interval`]. What is sent in an interval must be worked off by
    /// the last end of an interval that even its earliest message can wait for; it may be put off until
    /// then, unless the most tasks that are allowed could then no longer do it. Each interval has the
    /// fewest tasks, within the bounds, that do what is due.
    Ideal,
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

/// Predictive scaling by Application Auto Scaling, in its mode that forecasts and scales, on top of target
/// tracking: an hourly forecast of the messages sent is a floor of the count. It removes no task.
///
/// (A) The first forecast is made after 24 hours; it covers 48 hours, uses up to 14 days, and is made again every
/// 6 hours; capacity is there [`Self::buffer`] before its hour; `tasks.max` holds (`HonorMaxCapacity`). (C) The
/// forecast itself, which AWS doesn't publish: the mean of the same hours of the week, or of the day until a week is
/// known. Hours are counted from the start of the load.
///
/// Source: Application Auto Scaling User Guide, "How Application Auto Scaling predictive scaling works", and its API
/// Reference, `PredictiveScalingPolicyConfiguration`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictivePolicy {
    /// What it is on top of.
    pub tracking: BacklogPolicy,
    /// Target value: messages that a task is to process in an hour.
    pub messages_per_task_hour: f64,
    /// How long before its hour capacity is there (`SchedulingBufferTime`).
    pub buffer: Duration,
}

/// A metric that SQS publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueMetric {
    /// `ApproximateNumberOfMessagesVisible`.
    Visible,
    /// `ApproximateNumberOfMessagesNotVisible`.
    NotVisible,
    /// The sum of the two.
    Outstanding,
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

/// Steps by a metric for each side.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPolicy {
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
    /// What is watched.
    pub metric: QueueMetric,
    /// Statistic over a period.
    pub statistic: Statistic,
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

/// Demand scaling by target tracking on the need: see [`scaling::DeadlineScaler::measure`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemandPolicy {
    /// The waiting time that the policy aims at; `None` for the one that is judged.
    pub acceptable_latency: Option<Duration>,
    /// Average processing time of a message as the definition says it; `None` when it is measured.
    pub processing_time: Option<Duration>,
    /// Start of a task as the definition sets it.
    pub start: Duration,
    /// How long the last task stays after the last message.
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
    /// The waiting time that the policy aims at; `None` for the one that is judged.
    pub acceptable_latency: Option<Duration>,
    /// Share of the messages that must meet it; `None` for 99%.
    pub share: Option<f64>,
    /// Average processing time of a message as the definition sets it; `None` if it is only measured.
    pub processing_time: Option<Duration>,
    /// Start of a task as the definition sets it.
    pub start: Duration,
    /// Time between two checks.
    pub every: Duration,
    /// How long the last task stays after the last message.
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
    /// Messages that one task is to have (`queueLength`).
    pub queue_length: f64,
    /// Whether messages in flight count (`scaleOnInFlight`).
    pub in_flight: bool,
    /// How often the queue is read: the autoscaler's sync period, since each sync reads it anew unless
    /// `useCachedMetrics` is set. `pollingInterval` only decides on leaving zero.
    pub poll: Duration,
    /// How far back the largest count is searched before tasks are removed: the autoscaler's
    /// stabilization window. `cooldownPeriod`, of the same length by default, is for going to zero.
    pub cooldown: Duration,
    /// In one poll the count grows by this many tasks or doubles, whichever is more.
    pub growth: u32,
    /// Deviation from one, of messages a task ÷ queue length, that changes nothing.
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
            Self::Ideal => "ideal (hindsight)",
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

    /// The messages a task that it aims at, if it aims at any.
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

    /// The same, aiming at this waiting time; `None` if it has no such setting. Backlogs per task are those that
    /// take this long.
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
    /// Share of its time that a task is to work. (C) AWS has no default.
    pub const UTILIZATION: f64 = 0.7;

    /// AWS's default buffer of 5 minutes, on top of a policy, for tasks that take this long for a message and
    /// work on so many at once.
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
    /// The defaults of a definition, with checks each minute.
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
    /// The defaults, chosen by the experiment in docs/demand.md.
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
    /// The AWS CDK's `QueueProcessingService`: nothing visible removes one task, 100 messages add one,
    /// 500 add five, one evaluation period, and Application Auto Scaling's default cooldown of 300 s since
    /// it sets none; the metric's default statistic is the maximum of 5 minutes. Its second policy, on
    /// the CPU, is left out. `None` never comes, but the steps are checked where they are made.
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
    /// The articles' second policy, carried over to a queue: a request that their web service gets is a
    /// message that is sent here. As there, the thresholds are for the whole service, whatever its count: at
    /// least 100 in a minute add one task, after a cooldown of 60 s; fewer than 20 in each of 5 minutes remove
    /// one, after a cooldown of 300 s. SQS reports the messages of a minute later than a load balancer its
    /// requests. `None` never comes, but the steps are checked where they are made.
    ///
    /// Source: `stacks/sample-webapp.yaml`, which has the articles' numbers.
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
    /// KEDA's defaults with the Horizontal Pod Autoscaler's: in-flight messages count; a sync every 15 s;
    /// scale-in to the largest count of 300 s; at most 4 pods or 100% more in 15 s, whichever is more; a
    /// tolerance of 0.1. KEDA's own default queue length is 5.
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
