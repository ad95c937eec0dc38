//! The policies compared.

use std::error::Error;
use std::time::Duration;

use simulator::{DemandPolicy, Distribution, KedaPolicy, Policy};

use crate::case::{Case, Cell, WORK, deadline, fargate};
use crate::loads::Loads;
use crate::table::{head, results, row_per_load, summarize};

fn policies(objective: Duration) -> [(&'static str, Policy); 4] {
    let work = Duration::from_secs_f64(WORK);
    let queue_length = objective.as_secs_f64() / WORK;
    [
        ("KEDA", Policy::Keda(KedaPolicy::defaults(queue_length))),
        (
            "target tracking",
            Policy::Demand(DemandPolicy::defaults(work)),
        ),
        ("deadlines", Policy::Deadline(deadline())),
        ("ideal (hindsight)", Policy::Ideal),
    ]
}

fn compare(case: &Case, loads: &Loads) -> Result<(), Box<dyn Error>> {
    let only = policies(case.objective).map(|(_, policy)| policy);
    let rows = case.run_all(loads, &only)?;
    let cells: Vec<String> = (0..only.len())
        .map(|at| summarize(rows.iter().map(move |row| row[at])))
        .collect();
    println!("| {} | {} |", case.name, cells.join(" | "));
    Ok(())
}

/// The rows of the report.
fn main_cases(seeds: u64) -> Vec<Case> {
    let seconds = Duration::from_secs;
    let lognormal = Distribution::Lognormal {
        mean: Duration::from_millis(30_500),
        cv: 0.16,
    };
    vec![
        Case::new("60 s, fixed, starts 23–60 s", 60, 0.0, fargate(), seeds),
        Case::new(
            "60 s, exponential, starts 23–60 s",
            60,
            1.0,
            fargate(),
            seeds,
        ),
        Case::new("60 s, cv 2, starts 23–60 s", 60, 2.0, fargate(), seeds),
        Case::new(
            "60 s, exponential, lognormal starts of 30 s",
            60,
            1.0,
            lognormal,
            seeds,
        ),
        Case::new(
            "60 s, exponential, starts 60 s",
            60,
            1.0,
            Distribution::Fixed(seconds(60)),
            seeds,
        ),
        Case::new(
            "10 s, exponential, starts 23–60 s",
            10,
            1.0,
            fargate(),
            seeds,
        ),
        Case::new(
            "90 s, exponential, starts 23–60 s",
            90,
            1.0,
            fargate(),
            seeds,
        ),
        Case::new(
            "300 s, exponential, starts 23–60 s",
            300,
            1.0,
            fargate(),
            seeds,
        ),
    ]
}

/// The rows of the report for the algorithm alone: the lowest and the highest result over the seeds.
pub(crate) fn ranges(loads: &Loads, seeds: u64) -> Result<(), Box<dyn Error>> {
    head(&["task time ÷ work", "within objective", "worst load"]);
    let policy = [Policy::Deadline(deadline())];
    for case in main_cases(1) {
        let mut all = [const { Vec::new() }; 3];
        for seed in case.seed..case.seed + seeds {
            let case = Case {
                seed,
                ..case.clone()
            };
            let rows = case.run_all(loads, &policy)?;
            let results = results(rows.iter().map(|row| row[0]));
            all.iter_mut()
                .zip(results)
                .for_each(|(all, one)| all.push(one));
        }
        let [cost, mean, worst] = all.map(|all: Vec<f64>| {
            let lowest = all.iter().copied().fold(f64::INFINITY, f64::min);
            (lowest, all.into_iter().fold(0.0, f64::max))
        });
        let share = |(lowest, highest): (f64, f64)| {
            format!("{:.2}% to {:.2}%", lowest * 100.0, highest * 100.0)
        };
        let name = &case.name;
        println!(
            "| {name} | {:.3} to {:.3} | {} | {} |",
            cost.0,
            cost.1,
            share(mean),
            share(worst)
        );
    }
    Ok(())
}

pub(crate) fn report(loads: &Loads, seeds: u64) -> Result<(), Box<dyn Error>> {
    head(&policies(Duration::from_secs(60)).map(|(name, _)| name));
    for case in main_cases(seeds) {
        compare(&case, loads)?;
    }
    Ok(())
}

/// A row per load for one objective.
pub(crate) fn each_load(loads: &Loads, seeds: u64, objective: u64) -> Result<(), Box<dyn Error>> {
    let policies = policies(Duration::from_secs(objective));
    head(&policies.each_ref().map(|(name, _)| *name));
    let only = policies.map(|(_, policy)| policy);
    let rows = Case::usual(objective, seeds).run_all(loads, &only)?;
    row_per_load(loads, &rows, Cell::to_string);
    Ok(())
}

/// Target tracking on the required tasks, over objectives and behavior that AWS doesn't document.
pub(crate) fn tracking(loads: &Loads, seeds: u64) -> Result<(), Box<dyn Error>> {
    let policy = Policy::Demand(DemandPolicy::defaults(Duration::from_secs_f64(WORK)));
    head(&["target tracking"]);
    for base in ["desired", "running_then", "running"] {
        for objective in [60, 300, 600, 1_800] {
            let mut case = Case::usual(objective, seeds);
            case.assumptions.tracking.set("base", base)?;
            let rows = case.run_all(loads, std::slice::from_ref(&policy))?;
            let cells = rows.iter().map(|row| row[0]);
            println!("| {base}, {} | {} |", case.name, summarize(cells));
        }
    }
    Ok(())
}
