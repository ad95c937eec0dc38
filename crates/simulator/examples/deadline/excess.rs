//! What the algorithm alone does for each load.

use std::error::Error;

use rayon::prelude::*;
use scaling::Warm;
use simulator::{DeadlinePolicy, Policy};

use crate::case::{Case, configured, deadline};
use crate::loads::Loads;
use crate::table::{head, row_per_load, summarize};

/// What the algorithm's task time is for, as parts of the work: a row per load. Tasks that start or finish their last
/// message; tasks that the ideal has too, because tasks are whole and at least one runs; warm tasks; and the rest, which
/// are margins for chance, and tasks that aren't removed yet.
pub(crate) fn run(loads: &Loads, seeds: u64, objective: u64) -> Result<(), Box<dyn Error>> {
    let case = Case::usual(objective, seeds);
    let off = DeadlinePolicy {
        warm: Warm::Off,
        ..deadline()
    };
    head(&[
        "task time ÷ work, within objective",
        "starting and stopping",
        "whole tasks",
        "warm tasks",
        "margins and delays",
    ]);
    let rows: Result<Vec<_>, String> = loads
        .par_iter()
        .with_max_len(1)
        .map(|(_, load)| {
            let cell = case.run(load, &Policy::Deadline(deadline()))?;
            let cold = match objective {
                ..60 => case.run(load, &Policy::Deadline(off))?,
                _ => cell,
            };
            Ok((cell, cold))
        })
        .collect();
    let rows = rows?;
    for ((name, _), (cell, cold)) in loads.iter().zip(&rows) {
        let warm = cell.cost - cold.cost;
        let starting = cell.cost - cell.running;
        let rest = cell.cost - 1.0 - starting - (cell.ideal - 1.0) - warm;
        println!(
            "| {name} | {:.3}, {:.2}% | {starting:.3} | {:.3} | {warm:.3} | {rest:.3} |",
            cell.cost,
            cell.within * 100.0,
            cell.ideal - 1.0,
        );
    }
    println!("{}", summarize(rows.iter().map(|(cell, _)| *cell)));
    Ok(())
}

/// Half and double the true processing time configured: a row per load.
pub(crate) fn wrong(loads: &Loads, seeds: u64) -> Result<(), Box<dyn Error>> {
    head(&["right", "half", "double"]);
    let policies = [1.0, 0.5, 2.0].map(|factor| Policy::Deadline(configured(factor)));
    let rows = Case::usual(60, seeds).run_all(loads, &policies)?;
    row_per_load(loads, &rows, |cell| summarize([*cell].into_iter()));
    Ok(())
}
