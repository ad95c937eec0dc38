//! The compressed clock of the sandbox: a minute of the loop takes a fraction of a minute, while messages
//! aren't compressed.

use std::time::Duration;

use crate::assumptions::Assumptions;
use crate::policy::{
    BacklogPolicy, DeadlinePolicy, DemandPolicy, KedaPolicy, Policy, PredictivePolicy, StepPolicy,
};
use crate::random::Distribution;
use crate::scenario::Scenario;
use crate::time::shortened;

/// A check by an emulator or a function: a few calls to LocalStack, which take the same time at any speed. (C)
const CALLS: Duration = Duration::from_millis(100);

/// A function's run as a process: its start, its calls, and the ingestion of its datapoint. (C)
const RUN: Duration = Duration::from_millis(400);

/// From a worker's start as a process to its first message. (C)
const WORKER: Duration = Duration::from_millis(100);

impl Assumptions {
    /// Returns the same assumptions with everything in the loop `speed` times faster. A speed that isn't a
    /// positive number changes nothing.
    #[must_use]
    pub fn compressed(&self, speed: f64) -> Self {
        let short = |time| shortened(time, speed);
        Self {
            minute: short(self.minute),
            task_start: self.task_start.shortened(speed),
            instance_start: short(self.instance_start),
            launches_per_minute: self.launches_per_minute,
            drains: self.drains,
            old_receipt: self.old_receipt,
            rule_jitter: short(self.rule_jitter),
            publication_delay: short(self.publication_delay),
            count_lag: short(self.count_lag),
            sqs_metric_delay: short(self.sqs_metric_delay),
            evaluation_delay: short(self.evaluation_delay),
            extra_datapoints: self.extra_datapoints,
            high_datapoints: self.high_datapoints,
            low_datapoints: self.low_datapoints,
            low_share: self.low_share,
            tracking: self.tracking,
            action_delay: short(self.action_delay),
            function_delay: short(self.function_delay),
            keda_delay: short(self.keda_delay),
            flap_window: short(self.flap_window),
            function_run: short(self.function_run),
            ideal_interval: short(self.ideal_interval),
            evidence: self.evidence.clone(),
        }
    }

    /// Returns the assumptions for the sandbox, whose loop runs `speed` times faster than AWS's. The delays of
    /// its emulators are compressed with the minute. The time that its processes and LocalStack's calls need
    /// isn't.
    ///
    /// - a task waits for 23 to 60 s ÷ speed, as configured in the emulator, and then its process starts;
    /// - a rule fires once per period, and the function runs as a separate process;
    /// - SQS's counts are exact, and its own metrics arrive with their minute;
    /// - an alarm is evaluated 1 to 4 s ÷ speed after its period, and the emulator of Application Auto
    ///   Scaling checks 5 s ÷ speed after each minute, so 2.5 s ÷ speed later on average;
    /// - ECS launches tasks without a limit, because AWS's rate is far above what one machine can run.
    #[must_use]
    pub fn sandbox(speed: f64) -> Self {
        let seconds = Duration::from_secs_f64;
        let of_aws = Self {
            rule_jitter: Duration::ZERO,
            count_lag: Duration::ZERO,
            sqs_metric_delay: Duration::ZERO,
            evaluation_delay: seconds(2.5),
            action_delay: seconds(2.5),
            ..Self::default()
        };
        let compressed = of_aws.compressed(speed);
        let start = |time: f64| shortened(seconds(time), speed).saturating_add(WORKER);
        Self {
            task_start: Distribution::Uniform(start(23.0), start(60.0)),
            publication_delay: RUN,
            action_delay: compressed.action_delay.saturating_add(CALLS),
            function_delay: CALLS,
            function_run: RUN,
            ..compressed
        }
    }
}

impl Scenario {
    /// Returns the same scenario with everything in the loop `speed` times faster: the assumptions, and the
    /// policy's periods, cooldowns, and windows. Messages don't change: rates, processing time, objective,
    /// visibility timeout, and stop timeout. A speed that isn't a positive number changes nothing.
    #[must_use]
    pub fn compressed(&self, speed: f64) -> Self {
        let mut compressed = self.clone();
        compressed.assumptions = self.assumptions.compressed(speed);
        compressed.policy = self.policy.compressed(speed);
        let faster = self.assumptions.minute.as_secs_f64()
            / compressed.assumptions.minute.as_secs_f64().max(1e-9);
        compressed.billing.shortest_task = compressed.billing.shortest_task.div_f64(faster);
        compressed
    }

    /// Returns the same scenario in the sandbox at this speed: [`Assumptions::sandbox`], and the policy
    /// compressed.
    #[must_use]
    pub fn in_sandbox(&self, speed: f64) -> Self {
        let mut compressed = self.compressed(speed);
        compressed.assumptions = Assumptions::sandbox(speed);
        compressed.notes.push(format!(
            "as in the sandbox, whose loop runs {speed} times faster than in AWS; messages take their real processing time"
        ));
        compressed
    }
}

impl Policy {
    /// Returns the same policy with its periods, cooldowns, and windows `speed` times shorter.
    #[must_use]
    pub fn compressed(&self, speed: f64) -> Self {
        let short = |time| shortened(time, speed);
        match self {
            Self::Fixed { .. } | Self::Ideal => self.clone(),
            Self::BacklogPerTask(policy) => Self::BacklogPerTask(policy.compressed(speed)),
            Self::BacklogPerTaskAndSteps(policy, steps) => {
                Self::BacklogPerTaskAndSteps(policy.compressed(speed), steps.compressed(speed))
            }
            Self::Predictive(policy) => Self::Predictive(PredictivePolicy {
                tracking: policy.tracking.compressed(speed),
                messages_per_task_hour: policy.messages_per_task_hour / speed,
                buffer: short(policy.buffer),
            }),
            Self::Steps(policy) => Self::Steps(policy.compressed(speed)),
            Self::AlarmSteps(policy) => Self::AlarmSteps(policy.compressed(speed)),
            Self::Demand(policy) => Self::Demand(DemandPolicy {
                start: short(policy.start),
                window: short(policy.window),
                every: short(policy.every),
                cooldown_out: short(policy.cooldown_out),
                cooldown_in: short(policy.cooldown_in),
                ..*policy
            }),
            Self::Deadline(policy) => Self::Deadline(DeadlinePolicy {
                start: short(policy.start),
                window: short(policy.window),
                every: short(policy.every),
                cooldown_out: short(policy.cooldown_out),
                cooldown_in: short(policy.cooldown_in),
                ..*policy
            }),
            Self::Keda(policy) => Self::Keda(KedaPolicy {
                poll: short(policy.poll),
                cooldown: short(policy.cooldown),
                ..*policy
            }),
        }
    }
}

impl BacklogPolicy {
    fn compressed(&self, speed: f64) -> Self {
        let short = |time| shortened(time, speed);
        Self {
            cooldown_out: short(self.cooldown_out),
            cooldown_in: short(self.cooldown_in),
            every: short(self.every),
            ..*self
        }
    }
}

impl StepPolicy {
    fn compressed(&self, speed: f64) -> Self {
        let short = |time| shortened(time, speed);
        Self {
            period: short(self.period),
            cooldown_out: short(self.cooldown_out),
            cooldown_in: short(self.cooldown_in),
            ..self.clone()
        }
    }
}
