//! The experiments of a calibration.

use std::time::Duration;

/// One experiment: a service with a target tracking policy on a metric that only the experiment publishes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Design {
    /// Name of the experiment and of its service.
    pub name: &'static str,
    /// The open question.
    pub question: &'static str,
    /// Desired count at the start.
    pub initial: u32,
    /// Maximum number of tasks.
    pub max: u32,
    /// Cooldown after scale-out and scale-in.
    pub cooldown: Duration,
    /// Value of the metric before the start, as a multiple of the target.
    pub before: f64,
    /// Values of the metric, minute by minute, as multiples of the target. The last one stays in effect.
    pub multiples: &'static [f64],
    /// Whether a task takes longer than a minute to start, so that running and desired count differ.
    pub starts_slowly: bool,
    /// Actions of the alarm to wait for.
    pub actions: u32,
}

/// Time that a container of a slow task waits before the task counts as running.
pub const SLOW_START: Duration = Duration::from_secs(100);

/// Number of minutes of the metric that are published before the start: as many as the low alarm evaluates, and a
/// few more.
pub const MINUTES_BEFORE: u32 = 20;

/// The experiments, which run at the same time.
///
/// - `base`: 5 times the target, starting with 1 task. After a minute, desired × 5 is 25 while 1 task is
///   running. After 2 minutes, the first 5 are running. After 3, they were running at the time of the
///   datapoint.
/// - `cooldown`: the same with a cooldown of 60 s, which ends between the second and the third action.
/// - `datapoint`: the first three datapoints over the target are 2, 3, and 5 times the target. The latest
///   requires 5 tasks, the average 4, and the minimum 2. The next minute requires more within the cooldown.
/// - `scale-in`: 40 tasks, metric 0: 39, 38, 36, 30, … after one action.
/// - `guard`: 2 tasks at 0.85 times the target. A single task would be at 1.7 times the target.
#[must_use]
pub fn designs() -> [Design; 5] {
    let seconds = Duration::from_secs;
    let high = Design {
        name: "base",
        question: "which count is multiplied by metric ÷ target",
        initial: 1,
        max: 50,
        cooldown: Duration::ZERO,
        before: 0.95,
        multiples: &[5.0],
        starts_slowly: true,
        actions: 5,
    };
    let low = Design {
        name: "scale-in",
        question: "how many tasks one scale-in removes",
        initial: 40,
        before: 0.0,
        multiples: &[0.0],
        starts_slowly: false,
        actions: 4,
        ..high
    };
    [
        high,
        Design {
            name: "cooldown",
            question: "what a high alarm does during the scale-out cooldown",
            cooldown: seconds(60),
            starts_slowly: false,
            ..high
        },
        Design {
            name: "datapoint",
            question: "which of the alarm's datapoints counts",
            cooldown: seconds(300),
            multiples: &[2.0, 3.0, 5.0, 8.0],
            starts_slowly: false,
            ..high
        },
        low,
        Design {
            name: "guard",
            question: "whether a scale-in waits if it would bring the metric over the target",
            initial: 2,
            before: 0.85,
            multiples: &[0.85],
            actions: 3,
            ..low
        },
    ]
}

impl Design {
    /// Returns the metric in a minute after the start, as a multiple of the target.
    #[must_use]
    pub fn multiple(&self, minute: usize) -> f64 {
        let value = self.multiples.get(minute).or(self.multiples.last());
        value.copied().unwrap_or(self.before)
    }

    /// Whether it waits for the high alarm.
    #[must_use]
    pub fn scales_out(&self) -> bool {
        self.multiple(usize::MAX) > 1.0
    }
}
