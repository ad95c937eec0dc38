//! The experiment of docs/demand.md: scaling by deadlines compared with other policies, with generated loads and, with
//! `--traces DIR`, with recorded ones (CSV files with a time and a count per row).
//! `cargo run --release -p simulator --example deadline -- [MODE] [--traces DIR] [--days N] [--seeds N] [--set LOADS] [--load NAME]`.
//!
//! `report` compares the policies over objectives, starts, and processing times; `ranges` shows how much the
//! algorithm's results in the report depend on the seed; `stress` violates the algorithm's assumptions; `sensitivity`
//! changes one constant at a time; `tracking` uses the metric for target tracking; `loads` compares the policies for
//! each load, `excess` shows what the excess over the work is for, and `wrong` configures half and double the processing
//! time; `counts` writes the messages of each 5 s, with `--load`. LOADS is `chosen` (the loads that
//! were used to choose the constants), `unseen`, or `all`. Each cell: geometric mean of task time ÷ work, mean share
//! within the objective, worst share.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rayon::prelude::*;
use scaling::Warm;
use simulator::{
    Assumptions, DeadlinePolicy, DemandPolicy, Deployments, Distribution, KedaPolicy, Load, Policy,
    Scenario, simulate,
};

/// Work per message, in seconds.
const WORK: f64 = 2.0;

/// Mean number of busy tasks to which a recorded load is scaled, and the number at which five minutes are cut.
const MEAN_TASKS: f64 = 8.0;
const MOST_TASKS: f64 = 180.0;

/// Generated loads that were used to choose the constants.
const CHOSEN: [(&str, &str); 3] = [
    (
        "on-off 10m",
        "on-off:on=15/s,off=1/s,on_for=10m,off_for=50m,for=14d",
    ),
    ("mmpp bursty", "mmpp:rates=1/s|15/s,stays=50m|10m,for=14d"),
    ("daily", "daily:low=1/s,high=15/s,for=14d"),
];

/// Generated loads that weren't.
const UNSEEN: [(&str, &str); 8] = [
    ("constant", "constant:rate=5/s,for=2d"),
    ("poisson", "poisson:rate=5/s,for=2d"),
    ("step", "step:from=1/s,to=10/s,at=2h,for=6h"),
    ("ramp", "ramp:from=1/s,to=15/s,start=1h,over=2h,for=6h"),
    (
        "flash-crowd",
        "flash-crowd:base=1/s,peak=20/s,at=1h,rise=60s,fall=10m,for=4h",
    ),
    (
        "on-off 1m",
        "on-off:on=20/s,off=0.5/s,on_for=1m,off_for=9m,for=7d",
    ),
    ("mmpp mild", "mmpp:rates=2/s|8/s,stays=30m|30m,for=14d"),
    (
        "mmpp short",
        "mmpp:rates=0.5/s|5/s|20/s,stays=10m|4m|1m,for=14d",
    ),
];

type Loads = Vec<(String, Load)>;
type Change = Box<dyn Fn(&mut DeadlinePolicy) + Sync>;

/// A service to simulate.
#[derive(Clone)]
struct Case {
    name: String,
    objective: Duration,
    processing: Distribution,
    concurrency: u32,
    batch: u32,
    prefetch: bool,
    deployments: Option<Deployments>,
    heartbeat: bool,
    assumptions: Assumptions,
    /// The first seed, and the number of seeds.
    seed: u64,
    seeds: u64,
}

/// The result of a policy for one load.
#[derive(Clone, Copy)]
struct Cell {
    within: f64,
    cost: f64,
    actions: f64,
    /// Time of running tasks ÷ work, and the same of the ideal.
    running: f64,
    ideal: f64,
}

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
    let mut loads = loads(traces.as_deref(), days, &set)?;
    if let Some(only) = value("--load") {
        loads.retain(|(name, _)| *name == only);
    }
    match arguments.first().map_or("report", String::as_str) {
        "report" => report(&loads, seeds),
        "loads" => each_load(&loads, seeds, value("--objective")),
        "excess" => excess(&loads, seeds, value("--objective")),
        "wrong" => wrong(&loads, seeds),
        "counts" => {
            counts(&loads);
            Ok(())
        }
        "ranges" => ranges(&loads, seeds),
        "stress" => stress(&loads, seeds),
        "sensitivity" => sensitivity(&loads, seeds),
        "tracking" => tracking(&loads, seeds),
        other => Err(format!(
            "\"{other}\" is none of report, ranges, loads, excess, wrong, counts, stress, sensitivity, tracking"
        )
        .into()),
    }
}

fn loads(traces: Option<&Path>, days: u32, set: &str) -> Result<Loads, Box<dyn Error>> {
    let mut loads = Vec::new();
    if let Some(folder) = traces.filter(|_| set != "unseen") {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|end| end == "csv"))
            .collect();
        files.sort();
        for path in files {
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let text = std::fs::read_to_string(&path)?;
            let scaled = scale_rows(&text, (name == "elb").then_some(20.0))?;
            loads.push((name, Load::read_csv(scaled.as_bytes(), None)?));
        }
    }
    let generated = match set {
        "chosen" => CHOSEN.to_vec(),
        "unseen" => UNSEEN.to_vec(),
        _ => CHOSEN.into_iter().chain(UNSEEN).collect(),
    };
    for (name, text) in generated {
        loads.push((name.to_owned(), Load::generate(text)?));
    }
    let longest = Duration::from_secs(u64::from(days) * 86_400);
    loads
        .into_iter()
        .map(|(name, load)| {
            let load = if load.duration() > longest {
                load.between(None, Some(&format!("{}s", longest.as_secs())))?
            } else {
                load
            };
            Ok((name, load))
        })
        .collect()
}

/// Scales a file of a time and a count per 5 minutes: by a factor, or to a mean of 8 busy tasks. Rows of more than 180
/// tasks are cut.
fn scale_rows(text: &str, factor: Option<f64>) -> Result<String, Box<dyn Error>> {
    let rows: Result<Vec<(&str, f64)>, Box<dyn Error>> = text
        .lines()
        .skip(1)
        .map(|line| {
            let (time, count) = line.rsplit_once(',').ok_or("a row without a count")?;
            Ok((time, count.parse()?))
        })
        .collect();
    let rows = rows?;
    let row_of = |tasks: f64| tasks * 300.0 / WORK;
    let most = row_of(MOST_TASKS);
    let sum = |factor: f64| {
        rows.iter()
            .map(|(_, count)| (count * factor).min(most))
            .sum::<f64>()
    };
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if sum(middle) < row_of(MEAN_TASKS) * rows.len() as f64 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let factor = factor.unwrap_or(low);
    let scaled = rows.iter().map(|(time, count)| {
        let count = (count * factor).min(most).round();
        format!("{time},{count}\n")
    });
    Ok(std::iter::once("timestamp,value\n".to_owned())
        .chain(scaled)
        .collect())
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            within,
            cost,
            actions,
            ..
        } = self;
        write!(f, "{:.2}% × {cost:.3}, {actions:.0}", within * 100.0)
    }
}

impl Case {
    fn new(name: &str, objective: u64, cv: f64, start: Distribution, seeds: u64) -> Self {
        let mean = Duration::from_secs_f64(WORK);
        Self {
            name: name.to_owned(),
            objective: Duration::from_secs(objective),
            processing: match cv {
                0.0 => Distribution::Fixed(mean),
                1.0 => Distribution::Exponential(mean),
                cv => Distribution::Lognormal { mean, cv },
            },
            concurrency: 1,
            batch: 1,
            prefetch: false,
            deployments: None,
            heartbeat: true,
            assumptions: Assumptions {
                task_start: start,
                ..Assumptions::default()
            },
            seed: 101,
            seeds,
        }
    }

    fn usual(objective: u64, seeds: u64) -> Self {
        Self::new(&format!("{objective} s"), objective, 1.0, fargate(), seeds)
    }

    fn run(&self, load: &Load, policy: &Policy) -> Result<Cell, String> {
        let scenario = Scenario {
            initial: 2,
            max: 200,
            visibility_timeout: Duration::from_secs(120),
            heartbeat: self.heartbeat,
            concurrency: self.concurrency,
            batch: self.batch,
            prefetch: self.prefetch,
            deployments: self.deployments,
            assumptions: self.assumptions.clone(),
            ..Scenario::new(&self.name, self.objective, self.processing, policy.clone())
        };
        let share = 1.0 / self.seeds as f64;
        let mut cell = Cell {
            within: 0.0,
            cost: 0.0,
            actions: 0.0,
            running: 0.0,
            ideal: 0.0,
        };
        for seed in self.seed..self.seed + self.seeds {
            let outcome = simulate(&scenario, load, seed).map_err(|error| error.to_string())?;
            let work = outcome.messages.sent as f64 * self.processing.mean().as_secs_f64()
                / f64::from(self.concurrency);
            cell.within += outcome.within_objective * share;
            cell.cost += outcome.tasks.seconds / work * share;
            cell.ideal += outcome.tasks.needed_seconds / work * share;
            let mut since = 0.0;
            for point in &outcome.series {
                cell.running += point.running * (point.at - since) / work * share;
                since = point.at;
            }
            cell.actions += (outcome.scaling.out + outcome.scaling.r#in) as f64
                / (outcome.duration / 86_400.0)
                * share;
        }
        Ok(cell)
    }

    /// A row per load.
    fn run_all(
        &self,
        loads: &Loads,
        policies: &[Policy],
    ) -> Result<Vec<Vec<Cell>>, Box<dyn Error>> {
        let all: Result<Vec<Vec<Cell>>, String> = loads
            .par_iter()
            .with_max_len(1)
            .map(|(_, load)| {
                policies
                    .iter()
                    .map(|policy| self.run(load, policy))
                    .collect()
            })
            .collect();
        Ok(all?)
    }
}

fn fargate() -> Distribution {
    Distribution::Uniform(Duration::from_secs(23), Duration::from_secs(60))
}

fn deadline() -> DeadlinePolicy {
    DeadlinePolicy::defaults(Duration::from_secs_f64(WORK))
}

fn policies(objective: Duration) -> Vec<(&'static str, Policy)> {
    let work = Duration::from_secs_f64(WORK);
    let queue_length = objective.as_secs_f64() / WORK;
    vec![
        ("KEDA", Policy::Keda(KedaPolicy::defaults(queue_length))),
        (
            "target tracking",
            Policy::Demand(DemandPolicy::defaults(work)),
        ),
        ("deadlines", Policy::Deadline(deadline())),
        ("ideal (hindsight)", Policy::Ideal),
    ]
}

/// Geometric mean of the cost, mean and worst share.
fn results(cells: impl Iterator<Item = Cell> + Clone) -> [f64; 3] {
    let count = cells.clone().count() as f64;
    let cost = (cells.clone().map(|cell| cell.cost.ln()).sum::<f64>() / count).exp();
    let mean = cells.clone().map(|cell| cell.within).sum::<f64>() / count;
    let worst = cells.map(|cell| cell.within).fold(1.0, f64::min);
    [cost, mean, worst]
}

/// [`results`] as text.
fn summarize(cells: impl Iterator<Item = Cell> + Clone) -> String {
    let [cost, mean, worst] = results(cells);
    format!("{cost:.3}, {:.2}% ({:.2}%)", mean * 100.0, worst * 100.0)
}

fn head(names: &[&str]) {
    println!("| | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
}

fn compare(case: &Case, loads: &Loads) -> Result<(), Box<dyn Error>> {
    let policies = policies(case.objective);
    let only: Vec<Policy> = policies.iter().map(|(_, policy)| policy.clone()).collect();
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
fn ranges(loads: &Loads, seeds: u64) -> Result<(), Box<dyn Error>> {
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

fn report(loads: &Loads, seeds: u64) -> Result<(), Box<dyn Error>> {
    head(
        &policies(Duration::from_secs(60))
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>(),
    );
    for case in main_cases(seeds) {
        compare(&case, loads)?;
    }
    Ok(())
}

/// A row per load for one objective.
fn each_load(loads: &Loads, seeds: u64, objective: Option<String>) -> Result<(), Box<dyn Error>> {
    let objective: u64 = objective.map_or(Ok(60), |text| text.parse())?;
    let policies = policies(Duration::from_secs(objective));
    head(&policies.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let only: Vec<Policy> = policies.iter().map(|(_, policy)| policy.clone()).collect();
    let rows = Case::usual(objective, seeds).run_all(loads, &only)?;
    for ((name, _), row) in loads.iter().zip(rows) {
        let cells: Vec<String> = row.iter().map(Cell::to_string).collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
    Ok(())
}

/// What the algorithm's task time is for, as parts of the work: a row per load. Tasks that start or finish their last
/// message; tasks that the ideal has too, because tasks are whole and at least one runs; warm tasks; and the rest, which
/// are margins for chance, and tasks that aren't removed yet.
fn excess(loads: &Loads, seeds: u64, objective: Option<String>) -> Result<(), Box<dyn Error>> {
    let objective: u64 = objective.map_or(Ok(60), |text| text.parse())?;
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
fn wrong(loads: &Loads, seeds: u64) -> Result<(), Box<dyn Error>> {
    head(&["right", "half", "double"]);
    let given = |factor: f64| {
        Policy::Deadline(DeadlinePolicy {
            processing_time: Some(Duration::from_secs_f64(WORK * factor)),
            ..deadline()
        })
    };
    let rows = Case::usual(60, seeds).run_all(loads, &[1.0, 0.5, 2.0].map(given))?;
    for ((name, _), row) in loads.iter().zip(rows) {
        let cells: Vec<String> = row
            .iter()
            .map(|cell| summarize([*cell].into_iter()))
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
    Ok(())
}

/// The messages of each 5 s, a line per load.
fn counts(loads: &Loads) {
    for (_, load) in loads {
        let mut counts = vec![0u32; (load.duration().as_secs() / 5 + 1) as usize];
        for message in load.arrivals(101) {
            if let Some(count) = counts.get_mut((message.at / 5_000_000_000) as usize) {
                *count += 1;
            }
        }
        let counts: Vec<String> = counts.iter().map(u32::to_string).collect();
        println!("{}", counts.join(","));
    }
}

fn row(
    name: &str,
    case: &Case,
    loads: &Loads,
    policy: DeadlinePolicy,
) -> Result<(), Box<dyn Error>> {
    let rows = case.run_all(loads, &[Policy::Deadline(policy)])?;
    println!("| {name} | {} |", summarize(rows.iter().map(|row| row[0])));
    Ok(())
}

/// Violates the algorithm's assumptions.
fn stress(loads: &Loads, seeds: u64) -> Result<(), Box<dyn Error>> {
    head(&["deadlines, 60 s"]);
    let usual = Case::usual(60, seeds);
    let assumed = |change: fn(&mut Assumptions)| {
        let mut case = usual.clone();
        change(&mut case.assumptions);
        case
    };
    let given = |factor: f64| DeadlinePolicy {
        processing_time: Some(Duration::from_secs_f64(WORK * factor)),
        ..deadline()
    };
    row("as assumed", &usual, loads, deadline())?;
    row(
        "half of the processing time configured",
        &usual,
        loads,
        given(0.5),
    )?;
    row(
        "double the processing time configured",
        &usual,
        loads,
        given(2.0),
    )?;
    row(
        "a tenth of the processing time configured",
        &usual,
        loads,
        given(0.1),
    )?;
    row(
        "processing time measured",
        &usual,
        loads,
        DeadlinePolicy {
            processing_time: None,
            ..deadline()
        },
    )?;
    row(
        "task start configured as 10 s",
        &usual,
        loads,
        DeadlinePolicy {
            start: Duration::from_secs(10),
            ..deadline()
        },
    )?;
    row(
        "task start configured as 120 s",
        &usual,
        loads,
        DeadlinePolicy {
            start: Duration::from_secs(120),
            ..deadline()
        },
    )?;
    row(
        "no draining",
        &assumed(|assumed| assumed.drains = false),
        loads,
        deadline(),
    )?;
    row(
        "counts 10 s old",
        &assumed(|assumed| assumed.count_lag = Duration::from_secs(10)),
        loads,
        deadline(),
    )?;
    row(
        "counts 30 s old",
        &assumed(|assumed| assumed.count_lag = Duration::from_secs(30)),
        loads,
        deadline(),
    )?;
    let slow = assumed(|assumed| {
        assumed.task_start =
            Distribution::Uniform(Duration::from_secs(60), Duration::from_secs(120))
    });
    row("tasks start in 60 to 120 s", &slow, loads, deadline())?;
    let four = Case {
        concurrency: 4,
        ..usual.clone()
    };
    row("concurrency 4", &four, loads, deadline())?;
    let received = |batch, prefetch| Case {
        batch,
        prefetch,
        ..usual.clone()
    };
    row(
        "prefetch of 1 message",
        &received(1, true),
        loads,
        deadline(),
    )?;
    row(
        "batches of 10 messages",
        &received(10, false),
        loads,
        deadline(),
    )?;
    let deployed = Case {
        deployments: Some(Deployments::new(Duration::from_secs(6 * 3_600))),
        ..usual.clone()
    };
    row("a deployment every 6 h", &deployed, loads, deadline())?;
    let again = Case {
        heartbeat: false,
        ..usual.clone()
    };
    row(
        "messages of over 120 s, redelivered",
        &again,
        loads,
        deadline(),
    )?;
    let slow = assumed(|assumed| assumed.launches_per_minute = 60);
    row("60 launches per minute", &slow, loads, deadline())?;
    Ok(())
}

fn sensitivity(loads: &Loads, seeds: u64) -> Result<(), Box<dyn Error>> {
    head(&["60 s", "10 s", "300 s", "90 s"]);
    let cases = [60, 10, 300, 90].map(|objective| Case::usual(objective, seeds));
    let mut changes: Vec<(String, Change)> = vec![("as chosen".to_owned(), Box::new(|_| {}))];
    let mut add = |name: String, change: Change| changes.push((name, change));
    for samples in [2, 5] {
        add(
            format!("samples per check {samples}"),
            Box::new(move |policy| policy.samples = samples),
        );
    }
    for every in [1, 10, 30] {
        add(
            format!("a check every {every} s"),
            Box::new(move |policy| {
                policy.every = Duration::from_secs(every);
            }),
        );
    }
    for threshold in [4.0, 6.0, 13.0, 20.0] {
        add(
            format!("change threshold {threshold}"),
            Box::new(move |policy| policy.tuning.change_threshold = threshold),
        );
    }
    for longest in [120.0, 240.0, 960.0] {
        add(
            format!("longest segment {longest} s"),
            Box::new(move |policy| policy.tuning.longest_segment = longest),
        );
    }
    for hold in [0.0, 30.0, 90.0] {
        add(
            format!("hold of the rate {hold} s"),
            Box::new(move |policy| policy.tuning.hold_rate = hold),
        );
    }
    for hold in [0.0, 0.75, 3.0] {
        add(
            format!("hold of deadlines {hold} starts"),
            Box::new(move |policy| policy.tuning.hold_deadline = hold),
        );
    }
    for least in [0.0, 0.1] {
        add(
            format!("least removed {least}"),
            Box::new(move |policy| policy.tuning.least_removed = least),
        );
    }
    for share in [0.7, 0.9] {
        add(
            format!("long share {share}"),
            Box::new(move |policy| policy.tuning.keep_up.long_share = share),
        );
    }
    for share in [0.5, 0.6, 0.8] {
        add(
            format!("short share {share}"),
            Box::new(move |policy| policy.tuning.keep_up.short_share = share),
        );
    }
    for share in [0.4, 0.8] {
        add(
            format!("tight share {share}"),
            Box::new(move |policy| policy.tuning.keep_up.tight_share = share),
        );
    }
    for follows in [1.5, 3.0] {
        add(
            format!("follows from {follows} starts"),
            Box::new(move |policy| policy.tuning.keep_up.follows_from = follows),
        );
    }
    for utilization in [1.0, 1.1] {
        add(
            format!("utilization {utilization}"),
            Box::new(move |policy| policy.tuning.keep_up.utilization = utilization),
        );
    }
    for late in [0.003, 0.03] {
        add(
            format!("tight late {late}"),
            Box::new(move |policy| policy.tuning.keep_up.tight_late = late),
        );
    }
    for price in [0.0, 25.0, 100.0, 200.0] {
        add(
            format!("price of a late message {price}"),
            Box::new(move |policy| policy.tuning.late_price = price),
        );
    }
    add(
        "no warm tasks".to_owned(),
        Box::new(|policy| policy.warm = Warm::Off),
    );
    for decay in [60.0, 1_200.0] {
        add(
            format!("processing decay {decay} s"),
            Box::new(move |policy| policy.tuning.processing_decay = decay),
        );
    }
    for (name, change) in &changes {
        let mut policy = deadline();
        change(&mut policy);
        let policy = Policy::Deadline(policy);
        let mut cells = Vec::new();
        for case in &cases {
            let rows = case.run_all(loads, std::slice::from_ref(&policy))?;
            cells.push(summarize(rows.iter().map(|row| row[0])));
        }
        println!("| {name} | {} |", cells.join(" | "));
    }
    Ok(())
}

/// Target tracking on the required tasks, over objectives and behavior that AWS doesn't document.
fn tracking(loads: &Loads, seeds: u64) -> Result<(), Box<dyn Error>> {
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
