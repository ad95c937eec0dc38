//! The clairvoyant: how few tasks keep the promise, when every message is known beforehand.

use crate::scenario::Scenario;
use crate::time::{Nanos, nanos, seconds};

use super::{Control, Observation, Tick, Wishes};

/// What the clairvoyant knows beforehand: the task-seconds of work that are sent in each interval.
#[derive(Clone, Debug)]
pub(crate) struct Foreknowledge {
    interval: Nanos,
    /// Work of the interval that is being filled, in nanoseconds.
    filling: Nanos,
    ends: Nanos,
    work: Vec<f64>,
}

/// Sets the counts that it knew to be needed.
pub(super) struct Clairvoyant {
    needed: Vec<u32>,
    interval: Nanos,
    next: usize,
}

/// Length of the intervals between which the clairvoyant changes the count.
pub(crate) fn interval(scenario: &Scenario) -> Nanos {
    let shortest = scenario.assumptions.second();
    let longest = nanos(scenario.assumptions.clairvoyant_interval).max(shortest);
    (nanos(scenario.promise) / 4).clamp(shortest, longest)
}

impl Foreknowledge {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let interval = interval(scenario);
        Self {
            interval,
            filling: 0,
            ends: interval,
            work: Vec::new(),
        }
    }

    /// Adds a message. Messages come in order.
    #[inline]
    pub(crate) fn add(&mut self, at: Nanos, work: Nanos) {
        while at >= self.ends {
            self.turn();
        }
        self.filling = self.filling.saturating_add(work);
    }

    /// Fills the intervals until the load's end.
    pub(crate) fn finish(&mut self, end: Nanos) {
        while self.ends < end {
            self.turn();
        }
        if self.ends.saturating_sub(self.interval) < end {
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.work.push(seconds(self.filling));
        self.filling = 0;
        self.ends = self.ends.saturating_add(self.interval);
    }

    /// Length of an interval.
    pub(crate) fn interval(&self) -> Nanos {
        self.interval
    }

    /// Fewest tasks in each interval.
    pub(crate) fn needed(&self, scenario: &Scenario) -> Vec<u32> {
        let one = seconds(self.interval) * f64::from(scenario.concurrency);
        let most = one * f64::from(scenario.max);
        let due = self.due(scenario, most);
        let (mut sent, mut done) = (0.0, 0.0f64);
        due.iter()
            .zip(&self.work)
            .map(|(due, work)| {
                sent += work;
                let tasks = tasks((due - done) / one).clamp(scenario.min, scenario.max);
                done = sent.min(done + f64::from(tasks) * one);
                tasks
            })
            .collect()
    }

    /// Work that must be done by each interval's end: what is due by the promise, and what could not be
    /// done later even with the most tasks.
    fn due(&self, scenario: &Scenario, most: f64) -> Vec<f64> {
        let patience = (nanos(scenario.promise) / self.interval).saturating_sub(1);
        let patience = usize::try_from(patience).unwrap_or(usize::MAX);
        let mut due = Vec::with_capacity(self.work.len());
        let mut sum = 0.0;
        for at in 0..self.work.len() {
            if let Some(of) = at.checked_sub(patience) {
                sum += self.work.get(of).copied().unwrap_or_default();
            }
            due.push(sum);
        }
        let mut later = f64::NEG_INFINITY;
        for at in due.iter_mut().rev() {
            *at = at.max(later - most);
            later = *at;
        }
        due
    }
}

/// Whole tasks, not one more for what only floating point leaves.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float outside of the range saturates"
)]
fn tasks(exact: f64) -> u32 {
    (exact - 1e-9).ceil() as u32
}

impl Clairvoyant {
    pub(super) fn new(needed: Vec<u32>, interval: Nanos) -> Self {
        Self {
            needed,
            interval,
            next: 0,
        }
    }

    /// Asks for the next change.
    fn wish(&mut self, wishes: &mut Wishes) {
        let Some(now) = self.needed.get(self.next) else {
            return;
        };
        let at = self.interval.saturating_mul(self.next as u64);
        wishes.desired.push((at, *now));
        let same = self
            .needed
            .iter()
            .skip(self.next)
            .take_while(|count| *count == now)
            .count();
        self.next += same.max(1);
        if self.next < self.needed.len() {
            let at = self.interval.saturating_mul(self.next as u64);
            wishes.ticks.push((at, Tick::Sample));
        }
    }
}

impl Control for Clairvoyant {
    fn begin(&mut self, wishes: &mut Wishes) {
        self.wish(wishes);
    }

    fn tick(&mut self, _: Tick, _: Nanos, _: &Observation, wishes: &mut Wishes) {
        self.wish(wishes);
    }

    fn is_instant(&self) -> bool {
        true
    }
}
