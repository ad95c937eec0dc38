//! The ideal: the minimum number of tasks that meet the objective if every message is known in advance.

use std::iter;

use scaling::Bounds;

use crate::scenario::Scenario;
use crate::time::{Nanos, nanos, seconds};

use super::{Control, MOST_QUEUES, Observation, Tick, Wishes};

/// What the ideal knows in advance: the task-seconds of work that are sent in each interval.
#[derive(Clone, Debug)]
pub(crate) struct Foreknowledge {
    interval: Nanos,
    ends: Nanos,
    /// The work of each queue.
    lanes: Vec<Lane>,
}

/// The work of a queue.
#[derive(Clone, Debug, Default)]
struct Lane {
    /// Number of intervals that its messages can wait.
    patience: usize,
    /// Work of the current interval so far, in nanoseconds.
    filling: Nanos,
    work: Vec<f64>,
}

/// Maximum number of intervals after the load's end.
const MOST_LATE: u32 = 10_000_000;

/// Sets the required counts that it knows in advance.
pub(super) struct Ideal {
    needed: Vec<u32>,
    interval: Nanos,
    next: usize,
}

/// Returns the length of the intervals between changes of the count by the ideal.
pub(crate) fn interval(scenario: &Scenario) -> Nanos {
    let shortest = scenario.assumptions.second();
    let longest = nanos(scenario.assumptions.ideal_interval).max(shortest);
    (scenario.slos().into_iter().min().unwrap_or_default() / 4).clamp(shortest, longest)
}

impl Foreknowledge {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let interval = interval(scenario);
        let delay = nanos(scenario.delay);
        let lane = |slo: Nanos| {
            // Work is known from when it can start, with the rest of the objective at that time.
            let left = slo.saturating_sub(delay);
            let patience = usize::try_from((left / interval).saturating_sub(1));
            Lane {
                patience: patience.unwrap_or(usize::MAX).min(MOST_LATE as usize),
                ..Lane::default()
            }
        };
        Self {
            interval,
            ends: interval,
            lanes: scenario.slos().into_iter().map(lane).collect(),
        }
    }

    /// Foreknowledge of nothing, for runs whose required tasks aren't needed.
    pub(crate) fn none() -> Self {
        Self {
            interval: Nanos::MAX,
            ends: Nanos::MAX,
            lanes: vec![Lane::default(); MOST_QUEUES],
        }
    }

    /// Adds a message. Messages must be added in order.
    #[inline]
    pub(crate) fn add(&mut self, at: Nanos, work: Nanos, queue: u8) {
        while at >= self.ends {
            self.turn();
        }
        if let Some(lane) = self.lanes.get_mut(usize::from(queue)) {
            lane.filling = lane.filling.saturating_add(work);
        }
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
        for lane in &mut self.lanes {
            lane.work.push(seconds(std::mem::take(&mut lane.filling)));
        }
        self.ends = self.ends.saturating_add(self.interval);
    }

    /// Returns all work, in seconds.
    pub(crate) fn work_seconds(&self) -> f64 {
        self.lanes.iter().flat_map(|lane| &lane.work).sum()
    }

    /// Returns the work of all queues that is sent in each interval.
    fn work(&self) -> Vec<f64> {
        let intervals = self.lanes.iter().map(|lane| lane.work.len()).max();
        let mut work = vec![0.0; intervals.unwrap_or_default()];
        for lane in &self.lanes {
            work.iter_mut()
                .zip(&lane.work)
                .for_each(|(sum, one)| *sum += one);
        }
        work
    }

    /// Returns the length of an interval.
    pub(crate) fn interval(&self) -> Nanos {
        self.interval
    }

    /// Returns the minimum number of tasks in each interval.
    pub(crate) fn needed(&self, scenario: &Scenario) -> Vec<u32> {
        let one = seconds(self.interval) * f64::from(scenario.concurrency);
        let (min, max) = scenario.widest();
        let most = one * f64::from(max);
        let due = self.due(most);
        let (mut sent, mut done) = (0.0, 0.0f64);
        let mut needed = Vec::with_capacity(due.len());
        let all = self.work();
        let work = all.iter().copied().chain(iter::repeat(0.0));
        for (due, work) in due.iter().zip(work) {
            sent += work;
            let tasks = tasks((due - done) / one).clamp(min, max);
            done = sent.min(done + f64::from(tasks) * one);
            needed.push(tasks);
            if done >= sent * (1.0 - 1e-9) && needed.len() >= all.len() {
                return needed;
            }
        }
        // Work that even the maximum number of tasks can't do in time is done later.
        let left = tasks((sent - done) / most.max(f64::MIN_POSITIVE)).min(MOST_LATE);
        needed.extend(iter::repeat_n(max, left as usize));
        needed
    }

    /// Returns the smallest maximum number of tasks with which every message can start in time, if `tasks.max`
    /// of the scenario is smaller. In that case, no policy can meet the objective for all messages.
    pub(crate) fn limited_by_max(&self, scenario: &Scenario) -> Option<u32> {
        let (_, max) = scenario.widest();
        let one = seconds(self.interval) * f64::from(scenario.concurrency);
        let (due, work) = (self.due_by_objective(), self.work());
        let is_feasible = |tasks: u32| completes_in_time(&due, &work, one * f64::from(tasks));
        if is_feasible(max) {
            return None;
        }
        let (mut under, mut enough) = (max, max.saturating_mul(2));
        while !is_feasible(enough) {
            (under, enough) = (enough, enough.checked_mul(2)?);
        }
        while enough - under > 1 {
            let middle = under.midpoint(enough);
            if is_feasible(middle) {
                enough = middle;
            } else {
                under = middle;
            }
        }
        Some(enough)
    }

    /// Returns the work that is due by each interval's end because of the objectives.
    fn due_by_objective(&self) -> Vec<f64> {
        let ends = |lane: &Lane| lane.work.len() + lane.patience;
        let last = self
            .lanes
            .iter()
            .filter(|lane| lane.work.iter().any(|work| *work > 0.0));
        let first = self.lanes.iter().map(ends).min().unwrap_or_default();
        let mut due = vec![0.0; last.map(ends).max().unwrap_or(first)];
        for lane in &self.lanes {
            let from = due.iter_mut().skip(lane.patience);
            from.zip(&lane.work).for_each(|(due, work)| *due += work);
        }
        let mut sum = 0.0;
        for due in &mut due {
            sum += *due;
            *due = sum;
        }
        due
    }

    /// Returns the work that must be done by each interval's end: the work that is due because of the
    /// objective, and the work that even the maximum number of tasks couldn't do later.
    fn due(&self, most: f64) -> Vec<f64> {
        let mut due = self.due_by_objective();
        let mut later = f64::NEG_INFINITY;
        for at in due.iter_mut().rev() {
            *at = at.max(later - most);
            later = *at;
        }
        due
    }
}

/// Whether this much work per interval completes all work in time.
fn completes_in_time(due: &[f64], work: &[f64], capacity: f64) -> bool {
    let work = work.iter().copied().chain(iter::repeat(0.0));
    let (mut sent, mut done) = (0.0, 0.0f64);
    due.iter().zip(work).all(|(due, work)| {
        sent += work;
        done = sent.min(done + capacity);
        done >= due * (1.0 - 1e-9)
    })
}

/// Rounds up to whole tasks, but not because of a floating-point error.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float outside of the range saturates"
)]
fn tasks(exact: f64) -> u32 {
    (exact - 1e-9).ceil() as u32
}

impl Ideal {
    pub(super) fn new(needed: Vec<u32>, interval: Nanos) -> Self {
        Self {
            needed,
            interval,
            next: 0,
        }
    }

    /// Schedules the next change.
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

impl Control for Ideal {
    fn begin(&mut self, wishes: &mut Wishes) {
        self.wish(wishes);
    }

    fn tick(&mut self, _: Tick, _: Nanos, _: &Observation, wishes: &mut Wishes) {
        self.wish(wishes);
    }

    /// Bounds don't apply: the ideal can use any count that is ever allowed.
    fn hold(&mut self, _: Bounds) {}

    fn is_instant(&self) -> bool {
        true
    }
}
