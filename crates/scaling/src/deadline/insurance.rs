//! Warm tasks as insurance against bursts that come faster than tasks start.

use serde::{Deserialize, Serialize};

use super::arrivals::ArrivalLog;
use super::recent::{RecentMaximum, RecentMinimum};

/// Maximum number of levels of the floor to compare.
const LEVELS: usize = 20;

/// Fewer messages than this are a rounding error of zero.
const NONE: f64 = 1e-6;

/// Floors of warm tasks, each with its savings and its cost.
///
/// If a task start takes longer than the objective, no reaction can serve the first seconds of a jump in
/// time; only tasks that already run can. How often jumps will come is unknown, so the floor is rented
/// until it has paid for itself, and released when it no longer does. The chosen floor has the lowest sum
/// of its task-seconds and the price of the messages that would have been late with it, both decayed over
/// days. For each level, a fluid queue with the observed arrivals computes the result. It is served by the
/// floor, or by the tasks that the queue itself would get one task start later, whichever is more.
///
/// Source: Karlin, Manasse, Rudolph and Sleator, "Competitive Snoopy Caching", Algorithmica 3 (1988): rent
/// until the rent has reached the price. With that rule, the cost is at most twice the minimum in
/// hindsight.
#[derive(Clone, Debug)]
pub(super) struct Insurance {
    decay: f64,
    levels: Vec<Level>,
    bursts: Bursts,
}

/// A floor of this many tasks.
#[derive(Clone, Debug, Default)]
struct Level {
    tasks: f64,
    /// Messages that would wait.
    waiting: f64,
    /// Tasks that would be wanted. Those that were wanted throughout a task start are running.
    wanted: RecentMinimum,
    /// Messages that would have been late, and task-seconds, decayed.
    late: f64,
    spent: f64,
}

/// How often messages would have been late without a floor.
#[derive(Clone, Debug, Default)]
struct Bursts {
    /// Number of bursts, and the sum of their peak rates, decayed.
    count: f64,
    rates: f64,
    /// Rates of the last minutes, and the peak of the latest burst.
    recent: RecentMaximum,
    rate: f64,
    /// When the latest burst had late messages, in seconds.
    latest: Option<f64>,
}

/// The observations of a check.
#[derive(Clone, Copy, Debug)]
pub(super) struct InsuredCheck {
    pub(super) at: f64,
    pub(super) during: f64,
    /// Messages sent during the check, and messages per second in the latest segment.
    pub(super) messages: f64,
    pub(super) rate: f64,
    /// Tasks that run in any case.
    pub(super) least: f64,
    /// Tasks that keep up with the arrivals.
    pub(super) keep_up: f64,
    /// Seconds of work per message and task, mean task start, objective, and the time to drain a queue.
    pub(super) work: f64,
    pub(super) start: f64,
    pub(super) objective: f64,
    pub(super) planned: f64,
}

/// A floor, and the bursts that justify it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WarmFloor {
    /// Tasks.
    pub tasks: u32,
    /// Bursts of the last days that would have come too fast, and their mean rate in messages per second.
    pub bursts: f64,
    /// Mean rate of these bursts, in messages per second.
    pub rate: f64,
}

impl WarmFloor {
    /// Returns the bursts that justify the tasks, such as `bursts of 40/s came 6 times in 3 days`; `None`
    /// for a configured number.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        if self.bursts <= 0.0 {
            return None;
        }
        let times = match self.bursts.round().max(1.0) {
            1.0 => "once".to_owned(),
            times => format!("{times:.0} times"),
        };
        // A rate below one message per second must not show as 0.
        let digits = if self.rate < 9.5 { 1 } else { 0 };
        let rate = self.rate;
        Some(format!(
            "bursts of {rate:.digits$}/s came {times} in 3 days"
        ))
    }
}

impl Insurance {
    /// No floor, and levels up to `most` tasks. Observations decay to 1/e in `decay` seconds.
    pub(super) fn new(most: u32, decay: f64) -> Self {
        let mut levels = vec![Level::default()];
        let mut tasks = 1.0f64;
        while levels.len() < LEVELS && tasks <= f64::from(most) {
            levels.push(Level {
                tasks,
                ..Level::default()
            });
            tasks = (tasks * 1.35).ceil().max(tasks + 1.0);
        }
        Self {
            decay,
            levels,
            bursts: Bursts::default(),
        }
    }

    /// Adds a check, whose messages are already in the log, or a longer time of even arrivals in this many
    /// steps. A level for which nothing changes within that time takes one step with the same result,
    /// except for the decay of a minute.
    pub(super) fn add(&mut self, check: &InsuredCheck, steps: u32, log: &ArrivalLog) {
        let before = log.total() - check.messages;
        for level in &mut self.levels {
            let steps = if level.is_steady(check) { 1 } else { steps };
            let share = 1.0 / f64::from(steps);
            let kept = libm::exp(-check.during * share / self.decay);
            for step in 1..=steps {
                let passed = f64::from(step) * share;
                let part = InsuredCheck {
                    at: check.at - check.during * (1.0 - passed),
                    during: check.during * share,
                    messages: check.messages * share,
                    ..*check
                };
                let late = level.add(&part, before + check.messages * passed, log);
                level.late = level.late * kept + late;
                level.spent *= kept;
                level.spent += level.running(&part) * part.during;
                if level.tasks == 0.0 {
                    self.bursts.add(&part, late, kept);
                }
            }
        }
    }

    /// Returns the floor that is cheapest at this price of a late message, in task-seconds.
    pub(super) fn floor(&self, price: f64) -> WarmFloor {
        let cost = |level: &Level| level.spent + price * level.late;
        let best = self
            .levels
            .iter()
            .min_by(|one, other| cost(one).total_cmp(&cost(other)));
        let tasks = best.map_or(0.0, |best| best.tasks);
        WarmFloor {
            tasks: crate::demand::whole_tasks(tasks),
            bursts: self.bursts.count,
            rate: self.bursts.rates / self.bursts.count.max(f64::MIN_POSITIVE),
        }
    }
}

impl InsuredCheck {
    /// Tasks needed for the arrivals alone.
    fn arriving(&self) -> f64 {
        self.keep_up.max(self.rate * self.work)
    }
}

impl Level {
    /// Tasks that would run.
    fn running(&self, check: &InsuredCheck) -> f64 {
        self.tasks.max(check.least).max(self.wanted.value())
    }

    /// Whether nothing waits, and the running tasks can serve the arrivals at this rate: the tasks that ran
    /// before, because a fall takes effect at once, or those of the floor.
    fn is_steady(&self, check: &InsuredCheck) -> bool {
        let running = self.tasks.max(check.least).max(self.wanted.value());
        self.waiting <= NONE && check.arriving() <= running
    }

    /// Returns the messages that would be late in a check. `sent` messages were sent by its end.
    fn add(&mut self, check: &InsuredCheck, sent: f64, log: &ArrivalLog) -> f64 {
        let drained = self.waiting * check.work / (check.start + check.planned);
        let wanted = check.arriving() + drained;
        self.wanted.add(check.at, wanted, check.start);
        let capacity = self.running(check) * check.during / check.work;
        let served = capacity.min(self.waiting + check.messages);
        let waited = self.waiting > NONE;
        self.waiting += check.messages - served;
        // Messages that are served as they come are in time.
        if served <= 0.0 || !(waited || self.waiting > NONE) {
            return 0.0;
        }
        // The message served in the middle of the check represents all of them.
        let number = sent - self.waiting - served / 2.0;
        let sent = log.sent_at(number).unwrap_or(check.at);
        let is_late = check.at - check.during / 2.0 - sent > check.objective;
        if is_late { served } else { 0.0 }
    }
}

impl Bursts {
    fn add(&mut self, check: &InsuredCheck, late: f64, kept: f64) {
        let apart = 3.0 * (check.start + check.objective);
        self.recent.add(check.at, check.rate, apart);
        self.count *= kept;
        self.rates *= kept;
        if late <= 0.0 {
            return;
        }
        if self.latest.is_none_or(|latest| check.at - latest > apart) {
            self.count += 1.0;
            self.rate = 0.0;
        }
        let rate = self.recent.value();
        self.rates += (rate - self.rate).max(0.0);
        self.rate = self.rate.max(rate);
        self.latest = Some(check.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hours in checks of 5 s: no arrivals except 20 messages per second of 1 s each, for 10 s every
    /// `apart` seconds. Tasks start in 60 s, so without a floor, none runs in time.
    fn after_bursts(apart: u32, hours: u32) -> Insurance {
        let mut insurance = Insurance::new(100, 3.0 * 86_400.0);
        let mut log = ArrivalLog::new(120.0);
        for check in 0..720 * hours {
            let at = f64::from(check) * 5.0;
            let phase = check * 5 % apart;
            let messages = if phase < 10 { 100.0 } else { 0.0 };
            log.add(at, messages);
            insurance.add(
                &InsuredCheck {
                    at,
                    during: 5.0,
                    messages,
                    rate: messages / 5.0,
                    least: 0.0,
                    keep_up: messages / 5.0,
                    work: 1.0,
                    start: 60.0,
                    objective: 10.0,
                    planned: 6.0,
                },
                1,
                &log,
            );
        }
        insurance
    }

    /// A burst of 200 messages every 2 minutes: 10 tasks serve 100 in its 10 s and 100 within the objective
    /// after it, so all of them. They cost 36,000 task-seconds per hour, and 30 × 200 late messages cost
    /// 300,000 at a price of 50.
    #[test]
    fn frequent_bursts_pay_for_warm_tasks() {
        let floor = after_bursts(120, 1).floor(50.0);
        assert!((7..=14).contains(&floor.tasks), "{floor:?}");
        assert!((floor.rate / 20.0 - 1.0).abs() < 0.01, "{floor:?}");
        assert_eq!(after_bursts(120, 1).floor(0.0).tasks, 0);
    }

    /// One burst in 4 hours: 200 messages at a price of 50 are worth 10,000 task-seconds, and a warm task costs 14,400.
    #[test]
    fn rare_bursts_do_not() {
        assert_eq!(after_bursts(4 * 3_600, 4).floor(50.0).tasks, 0);
    }

    /// The function's log has this text, and `status` repeats it.
    #[test]
    fn a_floor_is_explained() {
        let explain = |tasks, bursts, rate| {
            let floor = WarmFloor {
                tasks,
                bursts,
                rate,
            };
            floor.reason()
        };
        let six = "bursts of 40/s came 6 times in 3 days";
        assert_eq!(explain(2, 5.8, 40.2).as_deref(), Some(six));
        let one = "bursts of 0.2/s came once in 3 days";
        assert_eq!(explain(1, 0.3, 0.24).as_deref(), Some(one));
        assert_eq!(explain(3, 0.0, 0.0), None);
    }

    #[test]
    fn without_late_messages_there_is_no_floor() {
        let floor = after_bursts(u32::MAX, 0).floor(200.0);
        assert_eq!((floor.tasks, floor.bursts), (0, 0.0));
    }

    proptest! {
        /// Minutes of even arrivals, each as one span or as twelve checks.
        #[test]
        fn a_minute_at_once_is_the_same_as_its_checks(
            minutes in prop::collection::vec(prop_oneof![Just(0u32), 0..30u32, 0..900u32], 60..200),
            least in 0..3u32,
        ) {
            let (mut spans, mut checks) = (Insurance::new(100, 3.0 * 86_400.0), Insurance::new(100, 3.0 * 86_400.0));
            let (mut by_minute, mut by_check) = (ArrivalLog::new(120.0), ArrivalLog::new(120.0));
            let mut start = 0.0;
            for messages in minutes {
                let messages = f64::from(messages);
                let check = |at: f64, during: f64| InsuredCheck {
                    at,
                    during,
                    messages: messages * during / 60.0,
                    rate: messages / 60.0,
                    least: least.into(),
                    keep_up: messages / 60.0 * 2.0,
                    work: 2.0,
                    start: 40.0,
                    // Not a multiple of a check, so rounding decides nothing.
                    objective: 10.7,
                    planned: 6.0,
                };
                by_minute.add(start, 0.0);
                by_minute.add(start + 60.0, messages);
                spans.add(&check(start + 60.0, 60.0), 12, &by_minute);
                for step in 1..=12 {
                    let at = start + 5.0 * f64::from(step);
                    by_check.add(at, messages / 12.0);
                    checks.add(&check(at, 5.0), 1, &by_check);
                }
                start += 60.0;
            }
            for (one, other) in spans.levels.iter().zip(&checks.levels) {
                // The decay of a minute is 0.02%.
                prop_assert!((one.spent - other.spent).abs() <= 3e-4 * other.spent, "{one:?} {other:?}");
                // If rounding makes a check late or in time, its messages follow: at most 30 tasks × 5 s ÷
                // 2 s.
                prop_assert!((one.late - other.late).abs() <= 3e-4 * other.late + 75.0, "{one:?} {other:?}");
                prop_assert!((one.waiting - other.waiting).abs() < 1e-3, "{one:?} {other:?}");
            }
            let (one, other) = (spans.floor(50.0), checks.floor(50.0));
            prop_assert!((one.bursts - other.bursts).abs() < 0.01, "{one:?} {other:?}");
        }
    }
}
