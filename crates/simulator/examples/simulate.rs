//! Simulates a service of a stack definition under a load, and compares it with common policies:
//! `cargo run --release -p simulator --example simulate -- STACK SERVICE LOAD [SEED]`. LOAD is a CSV file or a
//! generator such as `daily:low=1/s,high=20/s,for=14d`.

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use simulator::{Load, Overrides, Progress, Scenario, compare, survey};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [stack, service, load, rest @ ..] = arguments.as_slice() else {
        return Err("usage: simulate STACK SERVICE LOAD [SEED]".into());
    };
    let seed = rest.first().map_or(Ok(1), |seed| seed.parse())?;
    let stack = stack::load(Path::new(stack))
        .map_err(|error| error.to_string())?
        .stack;
    let scenario = Scenario::from_stack(&stack, service, &Overrides::default())?;
    let load = if Load::is_generator(load) {
        Load::generate(load)?
    } else {
        Load::read_csv(File::open(load)?, None)?
    };
    let begun = Instant::now();
    let own = survey(&scenario, &load, seed, &Progress::none())?;
    let compared = compare(&scenario, &load, seed, &own, &Progress::none())?;
    let took = begun.elapsed();
    for note in compared.first().map_or(&[][..], |own| &own.outcome.notes) {
        println!("note: {note}");
    }
    println!(
        "{:42} {:>8} {:>9} {:>9} {:>9} {:>10} {:>9} {:>7} {:>6}",
        "policy", "within", "p50", "p99", "max", "task-hours", "dollars", "actions", "flaps"
    );
    for one in &compared {
        let outcome = &one.outcome;
        println!(
            "{:42} {:7.2}% {:8.1}s {:8.1}s {:8.1}s {:10.1} {:9.2} {:7} {:6}",
            one.name,
            outcome.within_objective * 100.0,
            outcome.waiting.p50,
            outcome.waiting.p99,
            outcome.waiting.max,
            outcome.tasks.seconds / 3_600.0,
            outcome.cost.total,
            outcome.scaling.out + outcome.scaling.r#in,
            outcome.scaling.flaps,
        );
    }
    let messages = compared.first().map_or(0, |own| own.outcome.messages.sent);
    println!(
        "{messages} messages, {} policies, {took:.2?}",
        compared.len()
    );
    Ok(())
}
