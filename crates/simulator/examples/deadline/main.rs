//! The experiment of docs/demand.md: scaling by deadlines compared with other policies, with generated loads and, with
//! `--traces DIR`, with recorded ones (CSV files with a time and a count per row).
//! `cargo run --release -p simulator --example deadline -- [MODE] [--traces DIR] [--days N] [--seeds N] [--set LOADS] [--load NAME]`.
//!
//! `report` compares the policies over objectives, starts, and processing times; `ranges` shows how much the
//! algorithm's results in the report depend on the seed; `stress` violates the algorithm's assumptions; `sensitivity`
//! changes one constant at a time; `tracking` uses the metric for target tracking; `loads` compares the policies for
//! each load, `excess` shows what the excess over the work is for, and `wrong` configures half and double the processing
//! time; `counts` writes the messages of each 5 s, with `--load`. LOADS is `chosen` (the loads that
//! were used to choose the constants), `unseen`, `fresh` (on which nothing was compared), or `all` (chosen and unseen).
//! Each cell: geometric mean of task time ÷ work, mean share within the objective, worst share.

mod case;
mod compare;
mod excess;
mod loads;
mod sensitivity;
mod stress;
mod table;

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|one| one == name)?;
        arguments.get(at + 1).cloned()
    };
    let days: u32 = value("--days").map_or(Ok(14), |text| text.parse())?;
    let seeds: u64 = value("--seeds").map_or(Ok(1), |text| text.parse())?;
    let traces = value("--traces").map(PathBuf::from);
    let set = value("--set").unwrap_or_else(|| "chosen".to_owned());
    let objective: u64 = value("--objective").map_or(Ok(60), |text| text.parse())?;
    let mut loads = loads::read(traces.as_deref(), days, &set)?;
    if let Some(only) = value("--load") {
        loads.retain(|(name, _)| *name == only);
    }
    match arguments.first().map_or("report", String::as_str) {
        "report" => compare::report(&loads, seeds),
        "loads" => compare::each_load(&loads, seeds, objective),
        "excess" => excess::run(&loads, seeds, objective),
        "wrong" => excess::wrong(&loads, seeds),
        "counts" => {
            loads::print_counts(&loads);
            Ok(())
        }
        "ranges" => compare::ranges(&loads, seeds),
        "stress" => stress::run(&loads, seeds),
        "sensitivity" => sensitivity::run(&loads, seeds),
        "tracking" => compare::tracking(&loads, seeds),
        other => Err(format!(
            "\"{other}\" is none of report, ranges, loads, excess, wrong, counts, stress, sensitivity, tracking"
        )
        .into()),
    }
}
