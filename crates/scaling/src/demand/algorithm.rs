//! The demand algorithm: how many tasks the work needs, rather than how much work has piled up.
//!
//! Backlog per task reacts only after a backlog has built up. This algorithm asks for the tasks that the arrivals
//! need, with headroom for chance, plus those that drain the backlog while its objective can still be
//! kept. It says nothing about when to remove tasks: that is [`super::decide`]'s.

use std::time::Duration;

use super::staffing;
use crate::Bounds;

/// The latency objective, and the other inputs of the algorithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemandAlgorithm {
    /// How long a message may wait until its processing begins.
    pub promise: Duration,
    /// Average processing time of a message, not zero.
    pub processing_time: Duration,
    /// Messages that a task works on at once, at least 1.
    pub concurrency: u32,
    /// From a decision to the first message of a new task. Zero makes the algorithm ignore the delay.
    pub start: Duration,
    /// Share of the messages, above 0 and below 1, that chance can make wait longer than the objective when
    /// no backlog is left and the rate is what it is thought to be: see [`DemandAlgorithm::steady`].
    pub late: f64,
}

/// What a service has to do and does it with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workload {
    /// Messages that are sent a second.
    pub rate: f64,
    /// Messages that wait.
    pub visible: u64,
    /// Tasks that run.
    pub running: u32,
    /// Tasks that are desired and don't run yet.
    pub starting: u32,
}

impl DemandAlgorithm {
    /// Tasks that the work needs, unrounded and without bounds: [`Self::steady`] plus [`Self::drain`].
    /// `None` when the settings or the work hold no usable number: unknown is not zero.
    #[must_use]
    pub fn need(&self, work: &Workload) -> Option<f64> {
        let need = self.steady(work.rate)? + self.drain(work)?;
        need.is_finite().then_some(need)
    }

    /// Tasks that the arrivals need: the fewest places, in whole numbers, of which no more than the share
    /// `late` of the messages would wait longer than the objective if they came at random at this rate.
    ///
    /// This is what a fixed utilization stands for elsewhere. It leaves more headroom to small services
    /// than to large ones, in square roots of the load where the objective is short (square-root staffing:
    /// Halfin and Whitt, "Heavy-Traffic Limits for Queues with Many Exponential Servers", Operations
    /// Research 29, 1981), and next to none where the objective is many times the processing time.
    #[must_use]
    pub fn steady(&self, rate: f64) -> Option<f64> {
        let processing = self.seconds_a_message()?;
        let patience = self.promise.as_secs_f64() / processing;
        let places = staffing::required_places(rate * processing, patience, self.late)?;
        Some(places / self.places())
    }

    /// Tasks on top that drain the backlog within the objective, as it will be once new tasks can run.
    ///
    /// Until then (`start`) arrivals add to the backlog, and the tasks that run take from it; those that
    /// are starting are reckoned to help for half of that time. What then remains has waited already,
    /// but the messages that arrive from then on have all of the objective's time, and it is for them that it is
    /// drained: draining it faster, for the sake of those that waited, meets few objectives more for many
    /// tasks more. This is the fluid approximation of a queue: Newell, "Applications of Queueing
    /// Theory", 2nd ed. (1982).
    #[must_use]
    pub fn drain(&self, work: &Workload) -> Option<f64> {
        let processing = self.seconds_a_message()?;
        let (promise, start) = (self.promise.as_secs_f64(), self.start.as_secs_f64());
        if !(promise > 0.0 && work.rate >= 0.0) {
            return None;
        }
        let tasks = f64::from(work.running) + f64::from(work.starting) / 2.0;
        let done = tasks * self.places() / processing;
        let backlog = (to_float(work.visible) + (work.rate - done) * start).max(0.0);
        Some(backlog * processing / promise / self.places())
    }

    fn seconds_a_message(&self) -> Option<f64> {
        let seconds = self.processing_time.as_secs_f64();
        (seconds > 0.0).then_some(seconds)
    }

    /// Messages that one task works on at once.
    fn places(&self) -> f64 {
        f64::from(self.concurrency.max(1))
    }
}

/// The whole tasks of a need, within `bounds`. What only floating point puts above a whole number counts
/// as that number.
#[must_use]
pub fn tasks_for(need: f64, bounds: Bounds) -> u32 {
    bounds.clamp(whole_tasks(need))
}

/// The same without bounds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and a float over the range saturates, which is what a bound above it needs"
)]
pub(crate) fn whole_tasks(need: f64) -> u32 {
    (need - 1e-9).ceil() as u32
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a backlog over 2^53 messages needs no exact count"
)]
pub(super) fn to_float(messages: u64) -> f64 {
    messages as f64
}
