//! The tables.

use std::error::Error;

use simulator::{DeadlinePolicy, Policy};

use crate::case::{Case, Cell};
use crate::loads::Loads;

/// Geometric mean of the cost, mean and worst share.
pub(crate) fn results(cells: impl Iterator<Item = Cell> + Clone) -> [f64; 3] {
    let count = cells.clone().count() as f64;
    let cost = libm::exp(cells.clone().map(|cell| libm::log(cell.cost)).sum::<f64>() / count);
    let mean = cells.clone().map(|cell| cell.within).sum::<f64>() / count;
    let worst = cells.map(|cell| cell.within).fold(1.0, f64::min);
    [cost, mean, worst]
}

/// [`results`] as text.
pub(crate) fn summarize(cells: impl Iterator<Item = Cell> + Clone) -> String {
    let [cost, mean, worst] = results(cells);
    format!("{cost:.3}, {:.2}% ({:.2}%)", mean * 100.0, worst * 100.0)
}

pub(crate) fn head(names: &[&str]) {
    println!("| | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
}

/// A row per load, with a cell per policy.
pub(crate) fn row_per_load(loads: &Loads, rows: &[Vec<Cell>], show: fn(&Cell) -> String) {
    for ((name, _), row) in loads.iter().zip(rows) {
        let cells: Vec<String> = row.iter().map(show).collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
}

/// A row with the algorithm alone.
pub(crate) fn row(
    name: &str,
    case: &Case,
    loads: &Loads,
    policy: DeadlinePolicy,
) -> Result<(), Box<dyn Error>> {
    let rows = case.run_all(loads, &[Policy::Deadline(policy)])?;
    println!("| {name} | {} |", summarize(rows.iter().map(|row| row[0])));
    Ok(())
}
