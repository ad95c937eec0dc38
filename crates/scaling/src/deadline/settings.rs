//! What the deadline algorithm is given.

use std::time::Duration;

use super::tuning::DeadlineTuning;

/// The settings of a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeadlineSettings {
    /// Latency objective: how long a message can wait until its processing starts.
    pub objective: Duration,
    /// Average processing time of a message, from which it is calibrated; `None` if it is only measured.
    pub processing_time: Option<Duration>,
    /// Messages that a task works on at once, at least 1.
    pub concurrency: u32,
    /// From an order to the first message of a new task, until starts were measured.
    pub task_start: Duration,
    /// Time between two checks.
    pub every: Duration,
    /// A minute of the loop: 60 s, but in a sandbox whose clock is compressed.
    pub minute: Duration,
    /// Length of the minutes whose deletes are reported: 60 s on AWS.
    pub reported: Duration,
    /// How long the last task stays after a message that came and went between two checks.
    pub window: Duration,
    /// Warm tasks.
    pub warm: Warm,
    /// Constants.
    pub tuning: DeadlineTuning,
}

/// The floor of tasks that run although nothing needs them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Warm {
    /// As many as pay for themselves, if a task starts slower than the objective.
    #[default]
    Auto,
    /// None.
    Off,
    /// Always this many.
    Tasks(u32),
}
