//! What the work of the queues needs at a check, and how far scale-in can go.

use super::{DeadlineEstimate, DeadlineWatch};
use crate::deadline::keep_up::{Arriving, KeepUp};

/// The service and its queue at a check.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) at: f64,
    pub(super) running: f64,
    pub(super) visible: f64,
    pub(super) in_flight: f64,
    pub(super) rate: f64,
    /// Seconds of work per message and task.
    pub(super) work: f64,
    pub(super) start: f64,
    pub(super) price: f64,
}

impl Moment {
    /// Messages in the queue.
    pub(super) fn total(&self) -> f64 {
        self.visible + self.in_flight
    }
}

impl DeadlineWatch {
    /// The service and its queues now; `None` until the processing time is known.
    pub(super) fn moment(
        &self,
        at: f64,
        running: u32,
        (visible, in_flight): (f64, f64),
    ) -> Option<Moment> {
        let tuning = &self.settings.tuning;
        let allowed = tuning.late_part * self.settings.allowed_late();
        let late = self.late_share() / allowed;
        Some(Moment {
            at,
            running: self.part * f64::from(running),
            visible,
            in_flight,
            rate: self.planned_rate(),
            work: self.processing.work()? / self.settings.places(),
            start: self.starts.planned(),
            price: tuning.late_price * self.second * late.clamp(1.0, 4.0),
        })
    }

    /// The arrival rate to plan with, in messages per second: without a part of what a rise has added lately.
    ///
    /// Leaving it out needs time for another order. So the whole rise counts if a start and a check take
    /// longer than the objective, or if too few starts were measured to know that. It also counts if several
    /// queues share the tasks, because the others' messages take the tasks that were ordered.
    fn planned_rate(&self) -> f64 {
        let tuning = &self.settings.tuning;
        let start = self.starts.measured_mean().unwrap_or(f64::INFINITY);
        let shared = self.pooled || self.queues.len() > 1;
        let doubt = if shared || start + self.every > self.objective {
            0.0
        } else {
            // Work with heavy tails needs the reserve. It shows as noise of the arrivals.
            tuning.rise_doubt / (self.dispersion.value() / tuning.rise_dispersion).max(1.0)
        };
        self.lasting
            .without(doubt, self.whole.rate().unwrap_or(0.0))
    }

    /// What the work needs, and how far scale-in can go.
    pub(super) fn demand(
        &mut self,
        moment: &Moment,
        sent: f64,
        estimate: &mut DeadlineEstimate,
        one: f64,
    ) {
        let tuning = self.settings.tuning;
        let kept = self.arriving(moment).keep_up(&tuning.keep_up);
        let KeepUp {
            tasks: keep_up,
            share,
        } = kept;
        let deadlines = self.deadlines(moment, share);
        self.recent_keep_up
            .add(moment.at, keep_up, tuning.hold_rate * self.second);
        let follows = self.objective >= tuning.keep_up.follows_from * moment.start;
        let hold = if follows {
            tuning.hold_deadline * moment.start
        } else {
            0.0
        };
        self.recent_deadlines.add(moment.at, deadlines, hold);
        let wanted = keep_up.max(deadlines).max(one);
        estimate.warm = self.warm(moment, sent, kept);
        let need = wanted.max(f64::from(estimate.warm.tasks));
        let held = self
            .recent_keep_up
            .value()
            .max(self.recent_deadlines.value());
        let reduced = self.deadlines_from_now(moment, share);
        // Ending a task that works on long messages costs more than an idle one.
        let busy = self.started(moment, share).messages / self.settings.places();
        estimate.need = Some(need);
        estimate.keep = Some(need.max(held).max(reduced).max(busy));
    }

    pub(super) fn arriving(&self, moment: &Moment) -> Arriving {
        let concurrency = self.settings.places();
        Arriving {
            rate: moment.rate,
            work: moment.work * concurrency,
            concurrency,
            objective: self.objective,
            start: moment.start,
            every: self.every,
            dispersion: self.dispersion.value(),
            most: self.part * f64::from(self.bounds.max()),
        }
    }
}
