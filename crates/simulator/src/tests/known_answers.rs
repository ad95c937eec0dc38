//! Results that are known from queueing theory.

use super::*;

/// Mean wait of M/M/c, as a multiple of the mean processing time, by Erlang's C formula. `load` is ρ: arrival
/// rate × processing time ÷ c.
fn erlang_c_wait(tasks: u32, load: f64) -> f64 {
    let offered = load * f64::from(tasks);
    let (mut term, mut sum) = (1.0, 0.0);
    for k in 0..tasks {
        sum += term;
        term *= offered / f64::from(k + 1);
    }
    let waits = term / (1.0 - load) / (sum + term / (1.0 - load));
    waits / (f64::from(tasks) * (1.0 - load))
}

/// Mean wait with a fixed count and Poisson arrivals, in seconds. A message takes one second on average.
fn mean_wait(tasks: u32, load: f64, processing: Distribution, days: u32, seed: u64) -> f64 {
    let scenario = Scenario {
        policy: Policy::Fixed { tasks },
        processing,
        ..scenario()
    };
    let rate = load * f64::from(tasks);
    let outcome = run(
        &scenario,
        &format!("poisson:rate={rate}/s,for={days}d"),
        seed,
    );
    outcome.waiting.mean
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_formula_itself() {
    near(erlang_c_wait(1, 0.5), 1.0, 1e-9);
    // Erlang C for two servers at half load is 1/3.
    near(erlang_c_wait(2, 0.5), 1.0 / 3.0, 1e-9);
}

#[test]
fn one_task_with_exponential_times_is_m_m_1() {
    for (load, days, seed) in [(0.3, 12, 1), (0.5, 12, 2), (0.7, 15, 3), (0.8, 30, 4)] {
        let found = mean_wait(1, load, Distribution::Exponential(SECOND), days, seed);
        near(found, load / (1.0 - load), 0.02);
    }
}

#[test]
fn many_tasks_with_exponential_times_are_m_m_c() {
    for (tasks, load, days, seed) in [(2, 0.7, 7, 5), (5, 0.8, 4, 6), (20, 0.9, 3, 7)] {
        let found = mean_wait(tasks, load, Distribution::Exponential(SECOND), days, seed);
        near(found, erlang_c_wait(tasks, load), 0.02);
    }
}

/// A task that processes five messages in parallel is equivalent to five tasks.
#[test]
fn concurrency_is_like_tasks() {
    let scenario = Scenario {
        concurrency: 5,
        ..scenario()
    };
    let outcome = run(&scenario, "poisson:rate=4/s,for=4d", 8);
    near(outcome.waiting.mean, erlang_c_wait(5, 0.8), 0.02);
}

/// The Pollaczek–Khinchine formula: ρ ÷ 2(1 − ρ) × (1 + cv²).
#[test]
fn one_task_with_other_times_is_m_g_1() {
    for (load, days, seed) in [(0.5, 12, 9), (0.8, 15, 10)] {
        let found = mean_wait(1, load, Distribution::Fixed(SECOND), days, seed);
        near(found, load / (2.0 * (1.0 - load)), 0.02);
    }
    let lognormal = Distribution::Lognormal {
        mean: SECOND,
        cv: 0.5,
    };
    near(mean_wait(1, 0.6, lognormal, 12, 11), 0.6 / 0.8 * 1.25, 0.02);
}

/// M/M/1: apart from the share that doesn't wait, waits are exponential: P(W > t) = ρ e^(−(1−ρ)t).
#[test]
fn percentiles_of_m_m_1() {
    let outcome = run(&scenario(), "poisson:rate=0.5/s,for=20d", 12);
    let quantile = |share: f64| libm::log(0.5 / (1.0 - share)) / 0.5;
    near(outcome.waiting.p90, quantile(0.9), 0.02);
    near(outcome.waiting.p99, quantile(0.99), 0.02);
    assert!(
        outcome.waiting.p50 < 0.05,
        "half of the messages don't wait"
    );
}

/// Little's law: the mean backlog is the rate × the mean wait.
#[test]
fn littles_law() {
    let scenario = Scenario {
        policy: Policy::Fixed { tasks: 3 },
        ..scenario()
    };
    let outcome = run(&scenario, "poisson:rate=2.5/s,for=5d", 13);
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    let rate = outcome.messages.sent as f64 / outcome.duration;
    near(outcome.backlog.mean, rate * outcome.waiting.mean, 0.002);
    near(outcome.backlog.in_flight_mean, 2.5, 0.01);
}

/// A message every second that takes half a second never waits, and is in flight half of the time.
#[test]
fn a_regular_load_never_waits() {
    let scenario = Scenario {
        processing: Distribution::Fixed(Duration::from_millis(500)),
        ..scenario()
    };
    let outcome = run(&scenario, "constant:rate=1/s,for=1h", 1);
    assert_eq!(outcome.messages.sent, 3_600);
    assert!(outcome.waiting.max == 0.0 && outcome.backlog.mean == 0.0);
    near(outcome.backlog.in_flight_mean, 0.5, 1e-9);
    near(outcome.tasks.seconds, 3_600.0, 1e-9);
    assert!(outcome.within_objective == 1.0 && outcome.over_slo == 0.0);
}

/// Two messages per second for one task that needs a second for each: the backlog grows by one per second, and
/// the message sent at t waits t. So the objective of 60 s is missed from t = 120 s on, when the message of t =
/// 60 is started. The load ends after 600 s, and the last message is done after 1,200 s.
#[test]
fn an_overload_worked_by_hand() {
    let scenario = Scenario {
        processing: Distribution::Fixed(SECOND),
        ..scenario()
    };
    let outcome = run(&scenario, "constant:rate=2/s,for=10m", 1);
    near(outcome.backlog.mean, 300.0, 0.01);
    near(outcome.over_slo, 1_080.0, 0.01);
    near(outcome.waiting.mean, 300.0, 0.01);
    near(outcome.waiting.max, 600.0, 0.01);
    // Of 1,200 messages, those sent within 60 s wait at most 60 s.
    near(outcome.within_objective, 120.0 / 1_200.0, 0.02);
    assert_eq!(outcome.messages.deleted, 1_200);
    near(outcome.duration, 1_200.0, 0.01);
    near(outcome.drain, 600.0, 0.01);
}

/// A delay of 20 s is part of each message's wait, and changes nothing else: the wait behind other messages is that of
/// M/M/1, 1 s at half load, and each message is received 20 s later than without a delay. Only messages that find the
/// task idle meet an objective of 20 s, which is half of them.
#[test]
fn a_delay_is_part_of_the_wait() {
    let at = |delay: u64, slo: u64| {
        let scenario = Scenario {
            policy: Policy::Fixed { tasks: 1 },
            processing: Distribution::Exponential(SECOND),
            delay: Duration::from_secs(delay),
            slo: Duration::from_secs(slo),
            ..scenario()
        };
        run(&scenario, "poisson:rate=0.5/s,for=12d", 2)
    };
    let (without, with) = (at(0, 20), at(20, 20));
    near(with.waiting.mean, 21.0, 0.01);
    near(with.waiting.mean, without.waiting.mean + 20.0, 1e-3);
    near(with.within_objective, 0.5, 0.01);
    assert_eq!(with.messages.sent, without.messages.sent);
}
