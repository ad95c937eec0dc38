//! The speed of a search: 200 candidates on one core and on all cores.
#![expect(clippy::expect_used, reason = "a benchmark stops at its first error")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use rayon::ThreadPoolBuilder;
use simulator::{Load, Overrides, Progress, TuneOptions, Tuned, tune};
use stack::Stack;

fn main() {
    divan::main();
}

/// A day. The training period is 60% of it, with three seeds.
const LOAD: &str = "mmpp:rates=1/s|10/s,stays=50m|10m,for=1d";

const STACK: &str = "
name: bench
queues: {orders: {visibility_timeout: 2m}}
services:
  worker:
    image: example/worker:1
    consumes: [orders]
    tasks: {min: 1, max: 100}
    scaling:
      backlog_per_task: {acceptable_latency: 1m, processing_time: 2s}
";

fn search(stack: &Stack, load: &Load) -> Tuned {
    let options = TuneOptions {
        candidates: 200,
        ..TuneOptions::default()
    };
    let overrides = Overrides::default();
    let none = Progress::none();
    tune(stack, "worker", &overrides, load, &options, &|_| {}, &none).expect("a search")
}

/// Counts the messages of all simulations together.
#[divan::bench(args = ["one core", "all cores"], sample_count = 3, sample_size = 1)]
fn two_hundred_candidates(bencher: Bencher, cores: &str) {
    let stack = stack::parse("bench.yaml", STACK).expect("a stack").stack;
    let load = Load::generate(LOAD).expect("a load");
    // 0 means one thread per core.
    let threads = usize::from(cores == "one core");
    let pool = ThreadPoolBuilder::new().num_threads(threads);
    let pool = pool.build().expect("a pool");
    let messages = pool.install(|| search(&stack, &load)).messages;
    bencher
        .counter(ItemsCount::new(messages))
        .bench(|| pool.install(|| search(black_box(&stack), &load)));
}
