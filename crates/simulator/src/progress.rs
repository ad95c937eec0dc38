//! How far long work has come, as data. When it is shown, and how long the rest takes, is the caller's matter.

use std::sync::{Mutex, PoisonError};

/// Reports the share of the work that is done, from 0 to 1: never less than before, and 1 at the end. Threads can
/// share it.
pub struct Progress<'a> {
    sink: Box<dyn Fn(f64) + Sync + 'a>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Share that was done when the current part of the work began, and when it ends.
    part: (f64, f64),
    /// The same for the current stage of this part.
    stage: (f64, f64),
    /// Units of the stage that are done, and all of them.
    done: u64,
    total: u64,
    told: f64,
}

/// A smaller step isn't reported.
const STEP: f64 = 0.001;

impl<'a> Progress<'a> {
    /// Reports to a sink, which must be quick. The first part is all of the work: see [`Progress::begin_part`].
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

    /// The next call to a function of this crate does the work up to this share of all.
    pub fn begin_part(&self, until: f64) {
        let mut state = self.lock();
        let from = state.stage.1;
        state.part = (from, until.max(from));
        state.stage = (from, from);
        (state.done, state.total) = (0, 0);
    }

    /// Begins the stage that ends at this share of the current part, and has this many units. The stage before
    /// is done.
    pub(crate) fn begin_stage(&self, until: f64, total: u64) {
        let mut state = self.lock();
        let (from, to) = state.part;
        let begins = state.stage.1.max(from);
        state.stage = (begins, (from + (to - from) * until).max(begins));
        (state.done, state.total) = (0, total);
        self.tell(&mut state, begins);
    }

    /// More units of the stage are done.
    pub(crate) fn add(&self, units: u64) {
        let mut state = self.lock();
        state.done = state.done.saturating_add(units).min(state.total);
        let (from, to) = state.stage;
        let share = crate::number::count(state.done) / crate::number::count(state.total.max(1));
        let reached = from + (to - from) * share;
        self.tell(&mut state, reached);
    }

    /// The current part is done.
    pub(crate) fn end_part(&self) {
        self.begin_stage(1.0, 0);
        let mut state = self.lock();
        let reached = state.stage.1;
        self.tell(&mut state, reached);
    }

    /// Under the lock, so that no thread overtakes another.
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
        // More than there is to do is no more than all.
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
