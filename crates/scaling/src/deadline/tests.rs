use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{Bounds, Decision, PerSide, QueueCounts, ServiceReading};

/// A fluid service: messages of `work` seconds arrive at `rate`. Tasks serve one message each, and start in
/// `start` seconds.
struct Fluid {
    scaler: DeadlineScaler,
    now: f64,
    rate: f64,
    work: f64,
    start: f64,
    queue: f64,
    running: u32,
    desired: u32,
    starting: Vec<(f64, u32)>,
    deleted: f64,
}

fn settings() -> DeadlineSettings {
    DeadlineSettings {
        share: None,
        objective: Duration::from_secs(60),
        processing_time: Some(Duration::from_secs(2)),
        concurrency: 1,
        task_start: Duration::from_secs(40),
        every: Duration::from_secs(5),
        minute: Duration::from_secs(60),
        reported: Duration::from_secs(60),
        window: Duration::from_secs(120),
        warm: Warm::Auto,
        tuning: DeadlineTuning::default(),
    }
}

fn bounds(min: u32, max: u32) -> Bounds {
    Bounds::new(min, max).unwrap()
}

impl Fluid {
    fn new(settings: DeadlineSettings, bounds: Bounds, running: u32) -> Self {
        Self {
            scaler: DeadlineScaler::new(
                vec![settings.queue()],
                settings,
                bounds,
                PerSide::default(),
            ),
            now: 0.0,
            rate: 5.0,
            work: 2.0,
            start: 40.0,
            queue: 0.0,
            running,
            desired: running,
            starting: Vec::new(),
            deleted: 0.0,
        }
    }

    fn counts(&self) -> QueueCounts {
        let in_flight = self.queue.min(f64::from(self.running));
        QueueCounts {
            visible: (self.queue - in_flight).round() as u64,
            in_flight: in_flight.round() as u64,
        }
    }

    /// One second passes.
    fn second(&mut self) {
        self.now += 1.0;
        let due: Vec<_> = self
            .starting
            .extract_if(.., |(at, _)| *at <= self.now)
            .collect();
        self.running += due.iter().map(|(_, tasks)| tasks).sum::<u32>();
        let deleted = self.queue.min(f64::from(self.running)) / self.work;
        self.queue += self.rate - deleted;
        self.deleted += deleted;
    }

    /// A check after 5 s.
    fn check(&mut self) -> (DeadlineEstimate, Decision) {
        for _ in 0..5 {
            self.second();
        }
        if self.now % 60.0 == 0.0 {
            let deleted = std::mem::take(&mut self.deleted);
            self.scaler
                .record_deletes(0, Duration::from_secs_f64(self.now - 60.0), deleted);
        }
        let queues = [Some(self.counts())];
        let seen = ServiceReading {
            at: Duration::from_secs_f64(self.now),
            queues: &queues,
            running: self.running,
            desired: self.desired,
        };
        let (estimate, decision) = self.scaler.decide(&seen, false);
        let (from, to) = (self.desired, decision.desired);
        self.scaler.record_change(seen.at, from, to);
        if to > from {
            self.starting.push((self.now + self.start, to - from));
        } else {
            assert!(
                to == from || self.starting.is_empty(),
                "a starting task is never canceled"
            );
            self.running -= from - to;
        }
        self.desired = to;
        (estimate, decision)
    }

    fn run(&mut self, seconds: u32) -> (DeadlineEstimate, Decision) {
        let mut last = self.check();
        for _ in 1..seconds / 5 {
            last = self.check();
        }
        last
    }
}

fn reading(
    at: f64,
    queues: &[Option<QueueCounts>],
    running: u32,
    desired: u32,
) -> ServiceReading<'_> {
    let at = Duration::from_secs_f64(at);
    ServiceReading {
        at,
        queues,
        running,
        desired,
    }
}

/// 5 messages per second of 2 s need 10 tasks; the algorithm keeps 10 ÷ 1.05, rounded up.
#[test]
fn a_steady_load_runs_what_it_needs() {
    let mut fluid = Fluid::new(settings(), bounds(1, 100), 30);
    let (estimate, decision) = fluid.run(900);
    assert_eq!(fluid.desired, 10, "{estimate:?} {decision:?}");
    let processing = estimate.processing_time.unwrap_or_default();
    assert!((processing - 2.0).abs() < 0.01, "{processing}");
    assert_eq!(estimate.delivered, Some(1.0));
}

/// A jump from 1 to 20 per second: the next check orders 40 tasks, although no significant backlog has
/// built up.
#[test]
fn a_jump_is_answered_at_the_next_check() {
    let mut fluid = Fluid::new(settings(), bounds(1, 100), 3);
    fluid.rate = 1.0;
    fluid.run(600);
    assert!(fluid.desired <= 3, "{}", fluid.desired);
    fluid.rate = 20.0;
    fluid.check();
    assert!((34..=44).contains(&fluid.desired), "{}", fluid.desired);
    let before = fluid.desired;
    fluid.check();
    fluid.check();
    assert!(fluid.desired <= before + 12, "{before} {}", fluid.desired);
}

/// A jump from 1 to 20 per second, 19 more, after at least 16 starts of about 40 s were measured. In a check,
/// 6% of the rise have lasted (5 s ÷ 80 s): 20 − 0.4 × 0.94 × 19 = 12.9 per second of 2 s are 26 tasks
/// instead of 40. The rest follows while the rise lasts, and every message is in time.
#[test]
fn a_rise_is_doubted_until_it_has_lasted() {
    let mut fluid = Fluid::new(settings(), bounds(1, 100), 1);
    fluid.rate = 10.0;
    fluid.run(600);
    fluid.rate = 1.0;
    fluid.run(1_200);
    assert!(fluid.desired <= 3, "{}", fluid.desired);
    fluid.rate = 20.0;
    fluid.check();
    assert!((22..=30).contains(&fluid.desired), "{}", fluid.desired);
    let (estimate, _) = fluid.run(600);
    assert!((38..=42).contains(&fluid.desired), "{}", fluid.desired);
    assert_eq!(estimate.delivered, Some(1.0), "{estimate:?}");
}

/// The objective is many starts long, so 10 tasks of load run on fewer until the backlog is near its deadline.
#[test]
fn a_long_objective_absorbs_a_backlog() {
    let long = DeadlineSettings {
        objective: Duration::from_secs(300),
        ..settings()
    };
    let mut fluid = Fluid::new(long, bounds(1, 100), 2);
    let (early, _) = fluid.run(30);
    assert!(early.need.is_some_and(|need| need < 8.0), "{early:?}");
    let (late, _) = fluid.run(1_800);
    assert_eq!(late.delivered, Some(1.0), "{late:?}");
    assert!(fluid.queue > 300.0, "{}", fluid.queue);
}

#[test]
fn half_the_processing_time_is_found_out() {
    let wrong = DeadlineSettings {
        processing_time: Some(Duration::from_secs(1)),
        ..settings()
    };
    let mut fluid = Fluid::new(wrong, bounds(1, 100), 10);
    let (estimate, _) = fluid.run(1_800);
    let processing = estimate.processing_time.unwrap_or_default();
    assert!((1.8..2.1).contains(&processing), "{processing}");
}

/// Nothing is known about the arrivals after a gap, so no task is removed for a minute.
#[test]
fn a_gap_removes_nothing_for_a_minute() {
    let mut fluid = Fluid::new(settings(), bounds(1, 100), 10);
    fluid.run(600);
    fluid.rate = 0.0;
    fluid.now += 120.0;
    fluid.queue = 0.0;
    for _ in 0..11 {
        assert_eq!(fluid.check().1.desired, 10);
    }
    fluid.run(30);
    assert!(fluid.desired < 10);
}

proptest! {
    /// Whatever the counts, the desired count is within the bounds, and no task is removed without data.
    #[test]
    fn stays_within_bounds_and_never_removes_without_data(
        checks in proptest::collection::vec((1u64..30, proptest::option::of((0u64..5_000, 0u64..200)), 0u32..60, 0u32..60), 1..80),
        min in 0u32..10, more in 0u32..60, objective in 1u64..1_000,
    ) {
        let settings = DeadlineSettings { objective: Duration::from_secs(objective), ..settings() };
        let bounds = bounds(min, min + more);
        let mut scaler = DeadlineScaler::new(vec![settings.queue()], settings, bounds, PerSide::default());
        let mut now = 0;
        for (pause, counts, running, desired) in checks {
            now += pause;
            let queues = [counts.map(|(visible, in_flight)| QueueCounts { visible, in_flight })];
            let seen = reading(now as f64, &queues, running, desired);
            let (estimate, decision) = scaler.decide(&seen, false);
            prop_assert!((min..=min + more).contains(&decision.desired));
            if counts.is_none() {
                prop_assert!(decision.desired >= bounds.clamp(desired));
            }
            prop_assert!(estimate.need.is_none_or(|need| need.is_finite() && need >= 0.0));
            scaler.record_change(seen.at, desired, decision.desired);
        }
    }

    /// No task is removed while one is starting, or during a deployment.
    #[test]
    fn never_cancels_a_starting_task(
        counts in proptest::collection::vec((0u64..2_000, 0u64..50), 30..60), running in 1u32..30, starting in 1u32..30,
    ) {
        let mut scaler = DeadlineScaler::new(vec![settings().queue()], settings(), bounds(1, 100), PerSide::default());
        for (check, (visible, in_flight)) in counts.into_iter().enumerate() {
            let at = check as f64 * 5.0;
            let queues = [Some(QueueCounts { visible, in_flight })];
            // The tasks have been starting since the first check, and are overdue after three starts of 41
            // s.
            let (_, decision) = scaler.decide(&reading(at, &queues, running, running + starting), false);
            prop_assert!(at > 123.0 || decision.desired >= running + starting);
        }
    }

    /// A larger backlog never needs fewer tasks.
    #[test]
    fn grows_with_the_backlog(
        counts in proptest::collection::vec(0u64..500, 2..40), more in 0u64..5_000, objective in 5u64..600,
    ) {
        let settings = DeadlineSettings { objective: Duration::from_secs(objective), warm: Warm::Off, ..settings() };
        let need = |more: u64| {
            let mut scaler = DeadlineScaler::new(vec![settings.queue()], settings, bounds(0, 10_000), PerSide::default());
            let mut found = None;
            for (check, visible) in counts.iter().enumerate() {
                let last = if check + 1 == counts.len() { more } else { 0 };
                let queues = [Some(QueueCounts { visible: visible + last, in_flight: 5 })];
                found = scaler.decide(&reading(check as f64 * 5.0, &queues, 5, 5), false).0.at_least;
            }
            found.unwrap_or_default()
        };
        prop_assert!(need(more) >= need(0) - 1e-9);
    }
}

/// The minutes of two days. Every `apart`-th minute has 600 messages, which 20 tasks can serve as they
/// come.
fn bursts(apart: u64) -> impl Iterator<Item = (Duration, f64)> {
    (0..2 * 1_440).map(move |minute| {
        let messages = if minute % apart == 0 { 600.0 } else { 0.0 };
        (Duration::from_secs(minute * 60), messages)
    })
}

/// An objective of 10 s, and tasks that start in 40 s, so that without warm tasks most of a minute's
/// messages are late. In every other minute, that is 600 × 50 = 30,000 task-seconds, and 20 warm tasks cost
/// 2,400. Once per day, 30,000 is less than the 86,400 that a single warm task costs.
#[test]
fn warm_tasks_follow_the_arrivals_of_earlier_days() {
    let settings = DeadlineSettings {
        objective: Duration::from_secs(10),
        ..settings()
    };
    let warm = |settings: DeadlineSettings, apart| {
        let mut scaler = DeadlineScaler::new(
            vec![settings.queue()],
            settings,
            bounds(0, 100),
            PerSide::default(),
        );
        scaler.seed_arrivals(0, bursts(apart));
        let queues = [Some(QueueCounts {
            visible: 0,
            in_flight: 0,
        })];
        let at = 2.0 * 86_400.0;
        scaler.decide(&reading(at, &queues, 0, 0), false).0.warm
    };
    let often = warm(settings, 2);
    assert!((15..=27).contains(&often.tasks), "{often:?}");
    assert!((often.rate - 10.0).abs() < 0.01, "{often:?}");
    assert_eq!(warm(settings, 1_440).tasks, 0);
    let off = DeadlineSettings {
        warm: Warm::Off,
        ..settings
    };
    assert_eq!(warm(off, 2).tasks, 0);
    // A task starts within the objective: nothing to insure.
    let long = DeadlineSettings {
        objective: Duration::from_secs(60),
        ..settings
    };
    assert_eq!(warm(long, 2).tasks, 0);
}

/// Checks of a minute, then none for 5 minutes: the messages in flight in between aren't known, so the 300
/// deletes of a minute in the gap say nothing about the processing time.
#[test]
fn a_gap_measures_no_processing_time() {
    let mut scaler = DeadlineScaler::new(
        vec![settings().queue()],
        settings(),
        bounds(1, 50),
        PerSide::default(),
    );
    let queues = [Some(QueueCounts {
        visible: 0,
        in_flight: 40,
    })];
    let check = |scaler: &mut DeadlineScaler, at: f64| {
        let (estimate, _) = scaler.decide(&reading(at, &queues, 40, 40), false);
        (estimate.measured, estimate.processing_time)
    };
    for second in (0..=60).step_by(5) {
        check(&mut scaler, f64::from(second));
    }
    check(&mut scaler, 360.0);
    for minute in 1..6 {
        scaler.record_deletes(0, Duration::from_secs(minute * 60), 300.0);
    }
    assert_eq!(check(&mut scaler, 365.0), (false, Some(2.0)));
    // The minute that was sampled counts: 40 × 60 s for 300 messages are 8 s, mixed with 30 messages of 2 s.
    let mut known = DeadlineScaler::new(
        vec![settings().queue()],
        settings(),
        bounds(1, 50),
        PerSide::default(),
    );
    for second in (0..=60).step_by(5) {
        check(&mut known, f64::from(second));
    }
    known.record_deletes(0, Duration::ZERO, 300.0);
    let (measured, time) = check(&mut known, 65.0);
    assert!(
        measured && time.is_some_and(|time| (time - 2_460.0 / 330.0).abs() < 1e-9),
        "{time:?}"
    );
}

/// 10 tasks are ordered at 5 s, and nothing is seen until they run at 605 s: that says nothing about how
/// long they took.
#[test]
fn a_gap_measures_no_task_start() {
    let mut scaler = DeadlineScaler::new(
        vec![settings().queue()],
        settings(),
        bounds(1, 50),
        PerSide::default(),
    );
    let queues = [Some(QueueCounts {
        visible: 0,
        in_flight: 0,
    })];
    scaler.decide(&reading(0.0, &queues, 1, 1), false);
    scaler.record_change(Duration::from_secs(5), 1, 11);
    let (estimate, _) = scaler.decide(&reading(605.0, &queues, 11, 11), false);
    assert_eq!(estimate.task_start, 41.0);
}

/// The backlog of a queue that can't be read counts for three checks, and then no longer.
#[test]
fn old_counts_are_forgotten() {
    let mut scaler = DeadlineScaler::new(
        vec![settings().queue(); 2],
        settings(),
        bounds(1, 500),
        PerSide::default(),
    );
    let counts = |visible| {
        Some(QueueCounts {
            visible,
            in_flight: 0,
        })
    };
    let mut least = |at: f64, other| {
        let queues = [counts(0), other];
        let seen = reading(at, &queues, 1, 1);
        scaler.decide(&seen, false).0.at_least
    };
    least(0.0, counts(10_000));
    assert!(least(15.0, None).is_some_and(|tasks| tasks > 100.0));
    assert_eq!(least(20.0, None), Some(0.0));
}

/// Without a processing time, no insurance is possible: the arrivals of earlier days are needed once it is
/// known.
#[test]
fn earlier_arrivals_wait_for_a_processing_time() {
    let unknown = DeadlineSettings {
        objective: Duration::from_secs(10),
        processing_time: None,
        ..settings()
    };
    let mut scaler = DeadlineScaler::new(
        vec![unknown.queue()],
        unknown,
        bounds(0, 100),
        PerSide::default(),
    );
    assert!(!scaler.lacks_arrivals());
    scaler.seed_arrivals(0, bursts(2));
    scaler.seed_processing_time(0, 10.0, 300.0);
    assert!(scaler.lacks_arrivals());
    scaler.seed_arrivals(0, bursts(2));
    assert!(!scaler.lacks_arrivals());
}

/// Bursts of a minute every 2 hours, reported without the minutes between them: per burst, a warm task
/// costs 7,200 task-seconds, and 600 late messages cost 600 × 50 = 30,000. 20 warm tasks would save nearly
/// all of that for 144,000.
#[test]
fn a_warm_task_costs_in_minutes_without_messages_too() {
    let settings = DeadlineSettings {
        objective: Duration::from_secs(10),
        ..settings()
    };
    let warm = |apart| {
        let mut scaler = DeadlineScaler::new(
            vec![settings.queue()],
            settings,
            bounds(0, 100),
            PerSide::default(),
        );
        scaler.seed_arrivals(0, bursts(apart).filter(|(_, messages)| *messages > 0.0));
        let queues = [Some(QueueCounts {
            visible: 0,
            in_flight: 0,
        })];
        let at = 2.0 * 86_400.0;
        scaler
            .decide(&reading(at, &queues, 0, 0), false)
            .0
            .warm
            .tasks
    };
    assert_eq!(warm(120), 0);
    assert!(warm(2) >= 15);
}

/// Ten messages that a task received in the meantime were in the queue before, so the queue didn't grow. On average 5 were in
/// flight, for 5 s each: 1 delete per second, and so 10 arrivals in 10 s.
#[test]
fn messages_in_flight_are_in_the_queue() {
    let sample = |at, visible, in_flight| arrivals::Sample {
        at,
        visible,
        in_flight,
    };
    let mut counter = arrivals::ArrivalCounter::default();
    assert_eq!(counter.count(sample(0.0, 10.0, 0.0), 5.0), 0.0);
    assert_eq!(counter.count(sample(10.0, 0.0, 10.0), 5.0), 10.0);
}
