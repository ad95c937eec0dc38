//! What a check finds.

use crate::deadline::insurance::WarmFloor;

/// The result of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DeadlineEstimate {
    /// Messages waiting in the queues that could be read.
    pub visible: u64,
    /// Messages in flight in the queues that could be read.
    pub in_flight: u64,
    /// Messages sent per second; `None` until it is known.
    pub rate: Option<f64>,
    /// Tasks that the work needs, unrounded and without bounds; `None` if unknown.
    pub need: Option<f64>,
    /// Minimum number of tasks for the known work; the need itself, if that is known. `None` if nothing is
    /// known.
    pub at_least: Option<f64>,
    /// The number of tasks that scale-in must leave; `None` until it has been known for long enough.
    pub keep: Option<f64>,
    /// Warm tasks.
    pub warm: WarmFloor,
    /// Calibrated processing time in seconds: how long a message keeps a place of a task busy.
    pub processing_time: Option<f64>,
    /// Whether it was measured, or is only configured.
    pub measured: bool,
    /// Task start in seconds: the 95th percentile.
    pub task_start: f64,
    /// Whether it was measured, or is only configured.
    pub task_start_measured: bool,
    /// Share of the messages of the last days that started within the objective.
    pub delivered: Option<f64>,
    /// Tasks that are starting.
    pub starting: u32,
}
