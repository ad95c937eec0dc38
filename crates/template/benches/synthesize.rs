//! From a definition's text to its template: the shipped stack, and a fleet of 30 services for comparison.
//!
//! `cargo bench --package template`

use std::fmt::Write;

fn main() {
    divan::main();
}

const SHIPPED: &str = include_str!("../../../stacks/voucher-worker.yaml");

/// A definition of `services` services with one queue each.
fn fleet(services: usize) -> String {
    let mut text = "name: fleet\nqueues:\n".to_owned();
    for i in 0..services {
        let _ = writeln!(text, "  q{i}: {{dead_letter: {{after: 5}}}}");
    }
    text.push_str("services:\n");
    for i in 0..services {
        let _ = writeln!(
            text,
            "  s{i}: {{image: worker:1, consumes: [q{i}], tasks: {{min: 1, max: 9}}, \
             scaling: {{backlog_per_task: {{acceptable_latency: 10m, processing_time: 1s}}}}}}"
        );
    }
    text
}

fn synthesize(text: &str) -> usize {
    let loaded = stack::parse("bench.yaml", text).map_err(|report| report.to_string());
    let template = loaded.map(|loaded| template::synthesize(&loaded.stack));
    match template {
        Ok(Ok(template)) => template.body().len(),
        Ok(Err(error)) => unreachable!("{error}"),
        Err(report) => unreachable!("{report}"),
    }
}

#[divan::bench]
fn shipped_stack() -> usize {
    synthesize(divan::black_box(SHIPPED))
}

#[divan::bench]
fn thirty_services(bencher: divan::Bencher) {
    let text = fleet(30);
    bencher.bench(|| synthesize(divan::black_box(&text)));
}
