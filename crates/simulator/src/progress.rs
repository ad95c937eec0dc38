//! The progress of work, as data. The caller decides when to show it, and estimates the remaining time.

use std::sync::{Mutex, PoisonError};

/// Reports the share of the work that is done, from 0 to 1. It never decreases, and is 1 at the end. Threads can
/// share it.
pub struct Progress<'a> {
    sink: Box<dyn Fn(f64) + Sync + 'a>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Share of the work at the start and at the end of the current part.
    part: (f64, f64),
    /// The same for the current stage of this part.
    stage: (f64, f64),
    /// Completed units of the stage, and all units.
    done: u64,
    total: u64,
    told: f64,
}

/// Smaller steps aren't reported.
const STEP: f64 = 0.001;

impl<'a> Progress<'a> {
    /// Reports to a sink, which must be fast. By default, the first part is the whole work: see
    /// [`Progress::begin_part`].
    pub fn new(sink: impl Fn(f64) + Sync + 'a) -> Self {
        Self {
            sink: Box::new(sink),
            state: Mutex::new(State {
                part: (0.0, 1.0),
                ..State::default()
            }),
        }
    }

    /// Reports to no one.
    #[must_use]
    pub fn none() -> Self {
        Self::new(|_| {})
    }

    /// Starts a part: the next call to a function of this crate does the work up to this share of the whole.
    pub fn begin_part(&self, until: f64) {
        let mut state = self.lock();
        let from = state.stage.1;
        state.part = (from, until.max(from));
        state.stage = (from, from);
        (state.done, state.total) = (0, 0);
    }

    /// Starts the stage that ends at this share of the current part and has this number of units. Completes the
    /// previous stage.
    pub(crate) fn begin_stage(&self, until: f64, total: u64) {
        let mut state = self.lock();
        let (from, to) = state.part;
        let begins = state.stage.1.max(from);
        state.stage = (begins, (from + (to - from) * until).max(begins));
        (state.done, state.total) = (0, total);
        self.tell(&mut state, begins);
    }

    /// Adds completed units of the stage.
    pub(crate) fn add(&self, units: u64) {
        let mut state = self.lock();
        state.done = state.done.saturating_add(units).min(state.total);
        let (from, to) = state.stage;
        let share = crate::number::count(state.done) / crate::number::count(state.total.max(1));
        let reached = from + (to - from) * share;
        self.tell(&mut state, reached);
    }

    /// Completes the current part.
    pub(crate) fn end_part(&self) {
        self.begin_stage(1.0, 0);
        let mut state = self.lock();
        let reached = state.stage.1;
        self.tell(&mut state, reached);
    }

    /// Reports under the lock, so that reports from several threads stay in order.
    fn tell(&self, state: &mut State, reached: f64) {
        if reached >= state.told + STEP || (reached >= 1.0 && state.told < 1.0) {
            state.told = reached;
            (self.sink)(reached);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_parts_and_stages_add_up() {
        let told = Mutex::new(Vec::new());
        let progress = Progress::new(|share| told.lock().unwrap().push(share));
        progress.begin_part(0.5);
        progress.begin_stage(0.5, 10);
        progress.add(5);
        // More units than there are count as all of them.
        progress.add(50);
        progress.begin_stage(1.0, 2);
        progress.add(1);
        progress.end_part();
        progress.begin_part(1.0);
        progress.begin_stage(1.0, 4);
        progress.add(1);
        progress.end_part();
        drop(progress);
        let expected = [0.125, 0.25, 0.375, 0.5, 0.625, 1.0];
        assert_eq!(told.into_inner().unwrap(), expected);
    }
}
