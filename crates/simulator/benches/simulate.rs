//! The speed of a simulation: ten million messages over fourteen days.
#![expect(clippy::expect_used, reason = "a benchmark stops at its first error")]

use std::io::Cursor;
use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use simulator::{BacklogPolicy, Distribution, Load, Policy, Scenario, simulate};

fn main() {
    divan::main();
}

/// Fourteen days with ten million messages.
const LOADS: [&str; 4] = [
    "constant:rate=496/min,for=14d",
    "poisson:rate=496/min,for=14d",
    "daily:low=2/s,high=14.534/s,for=14d",
    "mmpp:rates=4/s|54/s,stays=55m|5m,for=14d",
];

fn scenario(policy: Policy) -> Scenario {
    let processing = Distribution::Exponential(Duration::from_secs(2));
    Scenario {
        max: 200,
        visibility_timeout: Duration::from_secs(120),
        max_receives: Some(5),
        ..Scenario::new("bench", Duration::from_secs(60), processing, policy)
    }
}

#[divan::bench(args = LOADS, sample_count = 3, sample_size = 1)]
fn backlog_per_task(bencher: Bencher, load: &str) {
    let load = Load::generate(load).expect("a load");
    let messages = load.arrivals(1).count();
    let scenario = scenario(Policy::BacklogPerTask(BacklogPolicy::copilot(30.0)));
    bencher
        .counter(ItemsCount::new(messages))
        .bench(|| simulate(black_box(&scenario), &load, 1).expect("an outcome"));
}

#[divan::bench(args = LOADS, sample_count = 3, sample_size = 1)]
fn arrivals_alone(bencher: Bencher, load: &str) {
    let load = Load::generate(load).expect("a load");
    let messages = load.arrivals(1).count();
    bencher.counter(ItemsCount::new(messages)).bench(|| {
        load.arrivals(1)
            .map(|arrival| arrival.at)
            .fold(0, u64::wrapping_add)
    });
}

/// A thousand tasks, which makes the heap of end times large.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn a_thousand_tasks(bencher: Bencher) {
    let load = Load::generate("poisson:rate=450/s,for=6h").expect("a load");
    let messages = load.arrivals(1).count();
    let scenario = Scenario {
        max: 1_000,
        ..scenario(Policy::Fixed { tasks: 1_000 })
    };
    bencher
        .counter(ItemsCount::new(messages))
        .bench(|| simulate(black_box(&scenario), &load, 1).expect("an outcome"));
}

/// Ten million rows of counts.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn read_counts(bencher: Bencher) {
    read(bencher, |row| {
        format!("{},{}\n", 1_700_000_000 + row, row % 7)
    });
}

/// Ten million rows with zoned times.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn read_zoned_arrivals(bencher: Bencher) {
    read(bencher, |row| {
        let (day, second) = (1 + row / 500_000, row % 500_000 / 6);
        format!(
            "2026-11-{day:02}T{:02}:{:02}:{:02}Z,250ms\n",
            second / 3_600,
            second / 60 % 60,
            second % 60
        )
    });
}

fn read(bencher: Bencher, row: impl Fn(u64) -> String) {
    let rows = 10_000_000u64;
    let text: String = (0..rows).map(row).collect();
    bencher
        .counter(ItemsCount::new(rows))
        .bench(|| Load::read_csv(Cursor::new(text.as_bytes()), None).expect("a load"));
}
