//! Bounds that change over time according to a scenario's schedule.

use std::time::Duration;

use scaling::Bounds;

use crate::time::{Nanos, nanos};

use super::agenda::Event;
use super::state::Engine;

/// The bounds of the count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// The bounds outside the schedule's periods.
    base: Bounds,
    /// The current bounds.
    bounds: Bounds,
    /// Start of the load, since the Unix epoch.
    origin: Duration,
}

impl Clock {
    pub(super) fn new(base: Bounds, origin: Duration) -> Self {
        Self {
            base,
            bounds: base,
            origin,
        }
    }
}

impl Engine<'_> {
    /// Passes the current bounds to the control, and schedules their next change.
    pub(super) fn hold_bounds(&mut self) {
        let at = self.at();
        self.clock.bounds = self.scenario.bounds_at(self.clock.base, at);
        self.control.hold(self.clock.bounds);
        let schedule = self.scenario.schedule.as_ref();
        let next = schedule.and_then(|schedule| schedule.next_change(self.clock.base, at));
        if let Some(next) = next {
            let from_origin: Nanos = nanos(next.saturating_sub(self.clock.origin));
            self.agenda.plan(from_origin, Event::Bounds);
        }
    }

    /// Changes the bounds. Application Auto Scaling moves the count within them immediately. A function that sets the
    /// count does so at its next check.
    pub(super) fn change_bounds(&mut self) {
        self.hold_bounds();
        if self.control.keeps_bounds() {
            return;
        }
        let to = self.clock.bounds.clamp(self.desired);
        if to != self.desired {
            let delay = nanos(self.scenario.assumptions.action_delay);
            let at = self.records.now.saturating_add(delay);
            self.agenda.plan(at, Event::Desired(to));
        }
    }

    /// Returns the count that results from a request of the control. A scalable target keeps it within the bounds at
    /// that time.
    pub(super) fn within_bounds(&self, desired: u32) -> u32 {
        match self.scenario.schedule {
            Some(_) if !self.control.keeps_bounds() => self.clock.bounds.clamp(desired),
            _ => desired,
        }
    }

    /// Returns the number of tasks that run at the start. Without a schedule, it can be any number.
    pub(super) fn initial_count(&self) -> u32 {
        let initial = self.scenario.initial;
        match self.scenario.schedule {
            Some(_) => self.clock.bounds.clamp(initial),
            None => initial,
        }
    }

    fn at(&self) -> Duration {
        let now = Duration::from_nanos(self.records.now);
        self.clock.origin.saturating_add(now)
    }
}
