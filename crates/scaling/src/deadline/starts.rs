//! Task starts: which tasks have been starting since when, and how long a start takes.

use std::collections::VecDeque;

/// Number of starts to remember.
const REMEMBERED: usize = 64;

/// Number of starts with the configured duration that are assumed at first.
const ASSUMED: usize = 8;

/// Number of measured starts with which their mean is known.
const KNOWN: usize = 16;

/// The share of starts that are at most as long as [`TaskStarts::planned`].
const PERCENTILE: f64 = 0.95;

/// Tasks that were ordered and don't run yet, and how long the last starts took.
///
/// ECS starts tasks in about the order in which they were ordered, so each running task is matched with the
/// oldest open order. That needs only the call that reads the counts.
#[derive(Clone, Debug)]
pub(super) struct TaskStarts {
    open: VecDeque<Order>,
    took: VecDeque<f64>,
    lasting: Lasting,
    /// How many of the starts in `took` were measured.
    measured: usize,
    running: Option<u32>,
    /// Seconds between two observations. A start is seen half of them late on average.
    every: f64,
    /// A second of the loop, added to the planned start.
    second: f64,
}

/// Tasks that were ordered at the same time, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Order {
    at: f64,
    tasks: u32,
}

/// How long starts take, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Lasting {
    planned: f64,
    mean: f64,
}

impl Lasting {
    fn of(took: &VecDeque<f64>, margin: f64) -> Self {
        let mut sorted: Vec<f64> = took.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let index = (sorted.len() as f64 * PERCENTILE).ceil() as usize;
        Self {
            planned: sorted
                .get(index.saturating_sub(1))
                .map_or(0.0, |start| start + margin),
            mean: took.iter().sum::<f64>() / took.len().max(1) as f64,
        }
    }
}

impl TaskStarts {
    /// No orders, and starts of `configured` seconds until some are observed.
    pub(super) fn new(configured: f64, every: f64, second: f64) -> Self {
        let took = std::iter::repeat_n(configured, ASSUMED).collect();
        Self {
            open: VecDeque::new(),
            lasting: Lasting::of(&took, second),
            took,
            measured: 0,
            running: None,
            every,
            second,
        }
    }

    /// Nothing is known since the last observation, so no start is measured across the gap.
    pub(super) fn restart(&mut self) {
        self.open.clear();
        self.running = None;
    }

    /// Records that this many more tasks were ordered.
    pub(super) fn order(&mut self, at: f64, tasks: u32) {
        if tasks > 0 {
            self.open.push_back(Order { at, tasks });
        }
    }

    /// Compares the counts with the open orders. Tasks that run now close the oldest orders. Orders from
    /// elsewhere count from now, and canceled orders are dropped, the newest first.
    pub(super) fn observe(&mut self, at: f64, running: u32, desired: u32, measure: bool) {
        let before = self.running.replace(running);
        let mut started = before.map_or(0, |before| running.saturating_sub(before));
        while started > 0
            && let Some(oldest) = self.open.front_mut()
        {
            let closed = started.min(oldest.tasks);
            oldest.tasks -= closed;
            started -= closed;
            let took = (at - oldest.at - self.every / 2.0).max(0.0);
            if oldest.tasks == 0 {
                self.open.pop_front();
            }
            if measure {
                self.remember(took, closed);
            }
        }
        self.match_open(at, desired.saturating_sub(running));
    }

    fn match_open(&mut self, at: f64, starting: u32) {
        let open = self.starting();
        if starting > open {
            self.order(at, starting - open);
        }
        let mut canceled = open.saturating_sub(starting);
        while canceled > 0
            && let Some(youngest) = self.open.back_mut()
        {
            let dropped = canceled.min(youngest.tasks);
            youngest.tasks -= dropped;
            canceled -= dropped;
            if youngest.tasks == 0 {
                self.open.pop_back();
            }
        }
    }

    /// Remembers that this many starts took `took` seconds each.
    fn remember(&mut self, took: f64, starts: u32) {
        for _ in 0..starts.min(REMEMBERED as u32) {
            if self.took.len() == REMEMBERED {
                self.took.pop_front();
            }
            self.took.push_back(took);
            self.measured = REMEMBERED.min(self.measured + 1);
        }
        self.lasting = Lasting::of(&self.took, self.second);
    }

    /// Tasks that are starting.
    pub(super) fn starting(&self) -> u32 {
        self.open.iter().map(|order| order.tasks).sum()
    }

    /// Whether a start was measured.
    pub(super) fn is_measured(&self) -> bool {
        self.measured > 0
    }

    /// Mean of the measured starts, in seconds; `None` until enough were measured.
    pub(super) fn measured_mean(&self) -> Option<f64> {
        let took = self.took.iter().rev().take(self.measured);
        (self.measured >= KNOWN).then(|| took.sum::<f64>() / self.measured as f64)
    }

    /// The planned start, in seconds: the 95th percentile of the last starts plus one second.
    pub(super) fn planned(&self) -> f64 {
        self.lasting.planned
    }

    /// The planned start of `tasks` tasks that are ordered together, plus one second. One task can be as
    /// slow as the 95th percentile; the mean of many differs less from the mean start, by 1 ÷ √`tasks`
    /// (central limit theorem).
    pub(super) fn planned_for(&self, tasks: f64) -> f64 {
        let Lasting { planned, mean } = self.lasting;
        let spread = (planned - self.second - mean).max(0.0);
        planned - spread * (1.0 - 1.0 / tasks.max(1.0).sqrt())
    }

    /// Mean of the last starts, in seconds.
    pub(super) fn mean(&self) -> f64 {
        self.lasting.mean
    }

    /// Whether a starting task was ordered after `begin`.
    pub(super) fn starts_since(&self, begin: f64) -> bool {
        self.open.iter().any(|order| order.at > begin)
    }

    /// Task-seconds that the tasks that are starting will have run by `until`. Each joins at the mean
    /// start, or at the next observation if it is late; a task ordered before `overdue` doesn't count.
    pub(super) fn joining(&self, now: f64, until: f64, overdue: f64) -> f64 {
        let mean = self.mean();
        let joins = |order: &Order| (order.at + mean).max(now + self.every);
        self.open
            .iter()
            .filter(|order| order.at > overdue)
            .map(|order| f64::from(order.tasks) * (until - joins(order)).max(0.0))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 4 tasks ordered at 0 s; 3 are seen to run at 30 s, observed every 5 s: 27.5 s each.
    #[test]
    fn measures_starts_from_counts() {
        let mut starts = TaskStarts::new(40.0, 5.0, 1.0);
        starts.observe(0.0, 2, 2, true);
        starts.order(0.0, 4);
        starts.observe(5.0, 2, 6, true);
        starts.observe(30.0, 5, 6, true);
        assert_eq!(starts.starting(), 1);
        assert_eq!(starts.mean(), (8.0 * 40.0 + 3.0 * 27.5) / 11.0);
        assert_eq!(starts.planned(), 41.0);
        // The last one joins at 0 + 36.6 s, so by 60 s it will have run for 23.4 s.
        let mean = starts.mean();
        assert!((starts.joining(30.0, 60.0, -90.0) - (60.0 - mean)).abs() < 1e-9);
    }

    /// 2 of 5 are canceled, and ECS orders a task that stops again.
    #[test]
    fn follows_cancelations_and_replacements() {
        let mut starts = TaskStarts::new(40.0, 5.0, 1.0);
        starts.observe(0.0, 1, 1, true);
        starts.order(0.0, 5);
        starts.observe(5.0, 1, 4, true);
        assert_eq!(starts.starting(), 3);
        starts.observe(10.0, 0, 4, true);
        assert_eq!(starts.starting(), 4);
        starts.observe(15.0, 4, 4, true);
        assert_eq!(starts.starting(), 0);
    }

    /// 32 starts of 20 s and 32 of 60 s: 40 s on average, and 60 s is the 95th percentile. With the margin
    /// of a second, one task is planned with 61 s, many with 41 s, and 9 with 41 s + 20 s ÷ 3.
    #[test]
    fn many_starts_are_planned_near_their_mean() {
        let mut starts = TaskStarts::new(40.0, 0.0, 1.0);
        starts.observe(0.0, 0, 0, true);
        for task in 0..64u32 {
            let at = f64::from(task) * 100.0;
            starts.order(at, 1);
            let took = if task % 2 == 0 { 20.0 } else { 60.0 };
            starts.observe(at + took, task + 1, task + 1, true);
        }
        for (tasks, planned) in [
            (0.5, 61.0),
            (1.0, 61.0),
            (9.0, 41.0 + 20.0 / 3.0),
            (1e12, 41.0),
        ] {
            let found = starts.planned_for(tasks);
            assert!((found - planned).abs() < 1e-3, "{tasks}: {found}");
        }
    }

    /// 8 starts of 40 s are assumed, which don't count: 16 of 60 s are known to take 60 s on average. Of 64
    /// later ones, 16 take 20 s: (16 × 20 + 48 × 60) ÷ 64 = 50 s.
    #[test]
    fn a_mean_needs_measured_starts() {
        let mut starts = TaskStarts::new(40.0, 0.0, 1.0);
        starts.observe(0.0, 0, 0, true);
        let mut start = |task: u32, took| {
            let at = f64::from(task) * 100.0;
            starts.order(at, 1);
            starts.observe(at + took, task + 1, task + 1, true);
            starts.measured_mean()
        };
        let means = |means: &mut dyn Iterator<Item = Option<f64>>| means.last().flatten();
        assert_eq!(means(&mut (0..15).map(|task| start(task, 60.0))), None);
        assert_eq!(start(15, 60.0), Some(60.0));
        assert_eq!(
            means(&mut (16..200).map(|task| start(task, 60.0))),
            Some(60.0)
        );
        assert_eq!(
            means(&mut (200..216).map(|task| start(task, 20.0))),
            Some(50.0)
        );
    }

    #[test]
    fn plans_with_a_slow_start() {
        let mut starts = TaskStarts::new(40.0, 0.0, 1.0);
        starts.observe(0.0, 0, 0, true);
        for task in 0..100u32 {
            let at = f64::from(task) * 100.0;
            starts.order(at, 1);
            starts.observe(
                at + if task % 10 == 9 { 90.0 } else { 30.0 },
                task + 1,
                task + 1,
                true,
            );
        }
        // 6 or 7 of the last 64 took 90 s, more than one in 20.
        assert_eq!(starts.planned(), 91.0);
    }
}
