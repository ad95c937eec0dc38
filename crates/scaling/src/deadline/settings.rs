//! The inputs of the deadline algorithm.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::tuning::DeadlineTuning;
use crate::{DemandPolicy, DemandRequest, QueueRequest};

const MINUTE: Duration = Duration::from_secs(60);

/// Share of the messages that must meet an objective that sets no share.
const REQUIRED: f64 = 0.99;

/// The settings of a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeadlineSettings {
    /// Latency objective: how long a message can wait until its processing starts.
    pub objective: Duration,
    /// Share of the messages that must meet the objective; `None` for 99%.
    pub share: Option<f64>,
    /// Average processing time of a message, where calibration starts; `None` if it is only measured.
    pub processing_time: Option<Duration>,
    /// Messages that a task processes at the same time, at least 1.
    pub concurrency: u32,
    /// Time from the order of a task until it takes its first message, used until starts are measured.
    pub task_start: Duration,
    /// Time between two checks.
    pub every: Duration,
    /// A minute of the loop: 60 s, except in a sandbox with a compressed clock.
    pub minute: Duration,
    /// Length of the minutes whose deletes are reported: 60 s on AWS.
    pub reported: Duration,
    /// How long the last task stays after the last message.
    pub window: Duration,
    /// Warm tasks.
    pub warm: Warm,
    /// Constants.
    pub tuning: DeadlineTuning,
}

/// Settings that can differ between the queues of a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueueSettings {
    /// The same as [`DeadlineSettings::objective`].
    pub objective: Duration,
    /// The same as [`DeadlineSettings::share`].
    pub share: Option<f64>,
    /// The same as [`DeadlineSettings::processing_time`].
    pub processing_time: Option<Duration>,
}

/// How the needs of queues with different objectives become one count. `docs/demand.md` compares them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Each queue gets the tasks that it needs while tasks take messages of all queues in turn.
    #[default]
    Turns,
    /// The sum of the needs. It is right if each queue gets only the tasks that it needs.
    Sum,
    /// The largest need, as separate policies would set it.
    Largest,
    /// The right count if tasks take the message with the earliest deadline.
    Earliest,
}

impl QueueSettings {
    /// The settings of one queue of a policy or a request, with its service's settings.
    #[must_use]
    pub fn of(queue: &QueueRequest, service: DeadlineSettings) -> Self {
        let own = queue.acceptable_latency_ms.map(Duration::from_millis);
        let processing = queue.processing_time_ms.map(Duration::from_millis);
        Self {
            objective: own.unwrap_or(service.objective),
            // A queue with its own objective doesn't inherit the service's share.
            share: queue.share.or(service.share.filter(|_| own.is_none())),
            processing_time: processing.or(service.processing_time),
        }
    }

    /// The service's settings, with this queue's own settings applied.
    pub(super) fn apply(self, service: DeadlineSettings) -> DeadlineSettings {
        DeadlineSettings {
            objective: self.objective,
            share: self.share,
            processing_time: self.processing_time,
            ..service
        }
    }
}

/// The minimum number of tasks that run even if nothing needs them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Warm {
    /// As many as pay for themselves, if a task start takes longer than the objective.
    #[default]
    Auto,
    /// None.
    Off,
    /// Always this many.
    Tasks(u32),
}

impl DeadlineSettings {
    /// Returns the settings of a function that follows a policy. A minute of its loop is the period of its
    /// rule.
    #[must_use]
    pub fn from_policy(policy: &DemandPolicy) -> Self {
        let law = &policy.law;
        Self {
            objective: Duration::from_millis(law.acceptable_latency_ms),
            share: policy.share,
            processing_time: law.processing_time_ms.map(Duration::from_millis),
            concurrency: law.concurrency,
            task_start: Duration::from_millis(law.task_start_ms),
            every: Duration::from_millis(policy.every_ms),
            minute: Duration::from_millis(policy.period_ms.max(1)),
            // CloudWatch's minutes are real, however fast the loop of a sandbox is.
            reported: MINUTE,
            window: Duration::from_millis(law.window_ms),
            warm: policy.warm,
            tuning: DeadlineTuning::default(),
        }
    }

    /// Returns the settings of the metric function, which checks once per period. They include no warm
    /// tasks, because a service that needs warm tasks can't wait for target tracking either.
    #[must_use]
    pub fn from_request(request: &DemandRequest) -> Self {
        let period = request.period_ms.map_or(MINUTE, Duration::from_millis);
        Self {
            objective: Duration::from_millis(request.acceptable_latency_ms),
            share: None,
            processing_time: request.processing_time_ms.map(Duration::from_millis),
            concurrency: request.concurrency,
            task_start: Duration::from_millis(request.task_start_ms),
            every: period,
            minute: period,
            reported: MINUTE,
            window: Duration::from_millis(request.window_ms),
            warm: Warm::Off,
            tuning: DeadlineTuning::default(),
        }
    }

    /// The settings of a queue that sets none.
    #[must_use]
    pub fn queue(&self) -> QueueSettings {
        QueueSettings {
            objective: self.objective,
            share: self.share,
            processing_time: self.processing_time,
        }
    }

    /// A second of the loop, in seconds.
    pub(super) fn second(&self) -> f64 {
        self.minute.as_secs_f64() / 60.0
    }

    /// Places per task, at least 1.
    pub(super) fn places(&self) -> f64 {
        f64::from(self.concurrency.max(1))
    }

    /// Share of the messages that can be late: at least one in 10,000, because no service can guarantee 0.
    pub(super) fn allowed_late(&self) -> f64 {
        (1.0 - self.share.unwrap_or(REQUIRED)).clamp(1e-4, 1.0)
    }
}

impl Warm {
    /// Whether it is the default of a definition that doesn't set it.
    #[must_use]
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

impl Serialize for Warm {
    /// Serializes `"auto"`, `"off"`, or a number.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Off => serializer.serialize_str("off"),
            Self::Tasks(tasks) => serializer.serialize_u32(*tasks),
        }
    }
}

impl<'de> Deserialize<'de> for Warm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Word {
            Auto,
            Off,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Word(Word),
            Tasks(u32),
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Word(Word::Auto) => Self::Auto,
            Written::Word(Word::Off) => Self::Off,
            Written::Tasks(tasks) => Self::Tasks(tasks),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_is_a_word_or_a_number() {
        for (warm, text) in [
            (Warm::Auto, "\"auto\""),
            (Warm::Off, "\"off\""),
            (Warm::Tasks(3), "3"),
        ] {
            assert_eq!(serde_json::to_string(&warm).unwrap(), text);
            assert_eq!(serde_json::from_str::<Warm>(text).unwrap(), warm);
        }
        assert!(serde_json::from_str::<Warm>("\"some\"").is_err());
    }
}
