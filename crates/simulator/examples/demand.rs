//! The experiment of docs/demand.md: every generator's load through the demand law in its forms and
//! through the policies that people use today.
//! `cargo run --release -p simulator --example demand -- [choose|report|stress] [SEEDS]`.
//!
//! `choose` tries values of the law's numbers on the first seeds; `report` runs the chosen ones on
//! others; `stress` runs them where AWS is slower and the definition wrong. SEEDS is how many of each, 3 by default. Standard output is Markdown.

use std::error::Error;
use std::time::Duration;

use rayon::prelude::*;
use simulator::{
    Assumptions, BacklogPolicy, DemandForm, DemandPolicy, Distribution, KedaPolicy, Load, Policy,
    RunOutcome, Scenario, ScenarioError, StepPolicy, simulate,
};

/// The loads for a promise of 60 s at 2 s a message: at the most 20 to 60 tasks.
const MINUTE_LOADS: [(&str, &str); 11] = [
    ("constant", "constant:rate=5/s,for=2d"),
    ("poisson", "poisson:rate=5/s,for=2d"),
    ("step", "step:from=1/s,to=10/s,at=2h,for=6h"),
    ("ramp", "ramp:from=1/s,to=15/s,start=1h,over=2h,for=6h"),
    ("daily", "daily:low=1/s,high=15/s,for=14d"),
    (
        "flash-crowd",
        "flash-crowd:base=1/s,peak=20/s,at=1h,rise=60s,fall=10m,for=4h",
    ),
    (
        "on-off 10m",
        "on-off:on=15/s,off=1/s,on_for=10m,off_for=50m,for=14d",
    ),
    (
        "on-off 1m",
        "on-off:on=20/s,off=0.5/s,on_for=1m,off_for=9m,for=7d",
    ),
    ("mmpp mild", "mmpp:rates=2/s|8/s,stays=30m|30m,for=14d"),
    ("mmpp bursty", "mmpp:rates=1/s|15/s,stays=50m|10m,for=14d"),
    (
        "mmpp short",
        "mmpp:rates=0.5/s|5/s|20/s,stays=10m|4m|1m,for=14d",
    ),
];

/// The same shapes for a promise of 10 s at 0.1 s a message, the articles' example.
const ARTICLE_LOADS: [(&str, &str); 8] = [
    ("constant", "constant:rate=100/s,for=6h"),
    ("poisson", "poisson:rate=100/s,for=6h"),
    ("step", "step:from=20/s,to=200/s,at=2h,for=6h"),
    ("ramp", "ramp:from=20/s,to=300/s,start=1h,over=2h,for=6h"),
    ("daily", "daily:low=10/s,high=100/s,for=1d"),
    (
        "flash-crowd",
        "flash-crowd:base=20/s,peak=400/s,at=1h,rise=60s,fall=10m,for=4h",
    ),
    (
        "on-off 10m",
        "on-off:on=150/s,off=10/s,on_for=10m,off_for=50m,for=1d",
    ),
    ("mmpp bursty", "mmpp:rates=10/s|150/s,stays=50m|10m,for=2d"),
];

#[derive(Clone)]
struct Setting {
    title: &'static str,
    slo: Duration,
    processing: Duration,
    loads: &'static [(&'static str, &'static str)],
    /// How much of each load the numbers are chosen on.
    choose_for: Duration,
    /// What is taken for granted, if not the usual.
    assumptions: Option<Assumptions>,
}

const SETTINGS: [Setting; 2] = [
    Setting {
        title: "Promise 60 s, 2 s a message",
        slo: Duration::from_secs(60),
        processing: Duration::from_secs(2),
        loads: &MINUTE_LOADS,
        choose_for: Duration::from_secs(86_400),
        assumptions: None,
    },
    Setting {
        title: "Promise 10 s, 0.1 s a message",
        slo: Duration::from_secs(10),
        processing: Duration::from_millis(100),
        loads: &ARTICLE_LOADS,
        choose_for: Duration::from_secs(4 * 3_600),
        assumptions: None,
    },
];

/// What the runs of one policy over the seeds come to.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    within_objective: f64,
    /// Task-seconds ÷ the ideal's.
    cost: f64,
    actions: f64,
    dollars: f64,
    most: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seeds = arguments.get(1).map_or(Ok(3), |text| text.parse())?;
    match arguments.first().map_or("report", String::as_str) {
        "choose" => choose(seeds),
        "report" => report(seeds),
        "stress" => stress(seeds),
        other => Err(format!("\"{other}\" is none of choose, report, stress").into()),
    }
}

fn scenario(setting: &Setting, policy: Policy) -> Scenario {
    let processing = Distribution::Exponential(setting.processing);
    Scenario {
        initial: 2,
        visibility_timeout: Duration::from_secs(120),
        assumptions: setting.assumptions.clone().unwrap_or_default(),
        ..Scenario::new(setting.title, setting.slo, processing, policy)
    }
}

/// What people use today, and the bounds of what is possible.
fn others(setting: &Setting) -> Result<Vec<(String, Policy)>, Box<dyn Error>> {
    let target = setting.slo.as_secs_f64() / setting.processing.as_secs_f64();
    let copilot = BacklogPolicy::copilot(target);
    let ours = BacklogPolicy {
        cooldown_in: Duration::from_secs(300),
        ..copilot
    };
    let cdk = StepPolicy::cdk_queue_processing().ok_or("the CDK's steps")?;
    let articles = StepPolicy::articles_alarm_steps().ok_or("the articles' steps")?;
    Ok(vec![
        ("backlog per task".to_owned(), Policy::BacklogPerTask(ours)),
        ("alarm steps".to_owned(), Policy::AlarmSteps(articles)),
        ("Copilot".to_owned(), Policy::BacklogPerTask(copilot)),
        ("CDK".to_owned(), Policy::Steps(cdk)),
        (
            "KEDA".to_owned(),
            Policy::Keda(KedaPolicy::defaults(target)),
        ),
    ])
}

fn forms(setting: &Setting) -> Vec<(String, Policy)> {
    [
        ("demand, target tracking", DemandForm::Tracking),
        ("demand, function", DemandForm::Function),
    ]
    .map(|(name, form)| {
        let policy = DemandPolicy::defaults(form, setting.processing);
        (name.to_owned(), Policy::Demand(policy))
    })
    .to_vec()
}

/// Runs every policy on every load and seed, on all cores; figures by load, then by policy.
fn run_all(
    setting: &Setting,
    policies: &[(String, Policy)],
    seeds: &[u64],
    longest: Option<Duration>,
) -> Result<Vec<Vec<Figures>>, Box<dyn Error>> {
    let loads = setting
        .loads
        .iter()
        .map(|(_, text)| {
            let mut load = Load::generate(text)?;
            if let Some(longest) = longest.filter(|longest| *longest < load.duration()) {
                load = load.between(None, Some(&format!("{}s", longest.as_secs())))?;
            }
            Ok(load)
        })
        .collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    let share = seeds.len() as f64;
    let run = |load: &Load, policy: &Policy| {
        let scenario = scenario(setting, policy.clone());
        let mut figures = Figures::default();
        for seed in seeds {
            figures.add(&simulate(&scenario, load, *seed)?, share);
        }
        Ok(figures)
    };
    let figures: Result<_, ScenarioError> = loads
        .par_iter()
        .map(|load| {
            let policies = policies.par_iter().with_max_len(1);
            policies.map(|(_, policy)| run(load, policy)).collect()
        })
        .collect();
    Ok(figures?)
}

impl Figures {
    fn add(&mut self, outcome: &RunOutcome, share: f64) {
        self.within_objective += outcome.within_objective / share;
        self.cost += outcome.tasks.seconds / outcome.tasks.needed_seconds / share;
        self.actions += (outcome.scaling.out + outcome.scaling.r#in) as f64 / share;
        self.dollars += outcome.cost.total / (outcome.duration / 86_400.0) / share;
        self.most = self.most.max(outcome.tasks.most);
    }
}

fn seeds(from: u64, count: u64) -> Vec<u64> {
    (from..from + count).collect()
}

/// The table of docs/demand.md, on seeds that no number was chosen on.
fn report(count: u64) -> Result<(), Box<dyn Error>> {
    for setting in &SETTINGS {
        let mut policies = others(setting)?;
        let ideal = policies.len();
        policies.push(("ideal (hindsight)".to_owned(), Policy::Ideal));
        policies.extend(forms(setting));
        let seeds = seeds(101, count);
        let mut figures = run_all(setting, &policies, &seeds, None)?;
        // The fixed count is the least that the ideal ever needs at most: another for each load.
        for (load, row) in setting.loads.iter().zip(&mut figures) {
            let only = Setting {
                loads: std::slice::from_ref(load),
                ..setting.clone()
            };
            let policy = Policy::Fixed {
                tasks: row[ideal].most,
            };
            let fixed = run_all(&only, &[("fixed".to_owned(), policy)], &seeds, None)?;
            row.insert(ideal, fixed[0][0]);
        }
        let mut names: Vec<String> = policies.into_iter().map(|(name, _)| name).collect();
        names.insert(ideal, "fixed".to_owned());
        print_table(setting, &names, &figures);
    }
    Ok(())
}

fn print_table(setting: &Setting, names: &[String], figures: &[Vec<Figures>]) {
    println!("### {}\n", setting.title);
    println!("| load | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    for ((load, _), row) in setting.loads.iter().zip(figures) {
        let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
        println!("| {load} | {} |", cells.join(" | "));
    }
    println!();
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.2}% × {:.2}, {:.0}",
            self.within_objective * 100.0,
            self.cost,
            self.actions
        )
    }
}

/// Another policy from one.
type Change = fn(DemandPolicy) -> DemandPolicy;

/// What differs from what the function's form takes for granted, or from its defaults.
struct Case {
    name: &'static str,
    assumptions: Assumptions,
    policy: Change,
}

fn cases() -> Vec<Case> {
    let seconds = Duration::from_secs;
    let usual = Assumptions::default();
    let slow_start = Distribution::Uniform(seconds(60), seconds(120));
    let counts_old = |lag| Assumptions {
        count_lag: seconds(lag),
        ..usual.clone()
    };
    let case = |name, assumptions: &Assumptions, policy| Case {
        name,
        assumptions: assumptions.clone(),
        policy,
    };
    let same: Change = |policy| policy;
    let slow = Assumptions {
        task_start: slow_start,
        ..usual.clone()
    };
    let mut cases = vec![
        case("as assumed", &usual, same),
        case("counts 20 s old", &counts_old(20), same),
        case("counts 60 s old", &counts_old(60), same),
        case("tasks start in 60 to 120 s", &slow, same),
    ];
    let changes: [(&str, Change); 6] = [
        ("processing time given as half", |policy| {
            given_as(policy, 0.5)
        }),
        ("processing time given as double", |policy| {
            given_as(policy, 2.0)
        }),
        ("processing time measured", |policy| DemandPolicy {
            processing_time: None,
            ..policy
        }),
        ("cooldown out 60 s", |policy| DemandPolicy {
            cooldown_out: Duration::from_secs(60),
            ..policy
        }),
        ("cooldown in 60 s", |policy| DemandPolicy {
            cooldown_in: Duration::from_secs(60),
            ..policy
        }),
        ("cooldown in 300 s", |policy| DemandPolicy {
            cooldown_in: Duration::from_secs(300),
            ..policy
        }),
    ];
    cases.extend(changes.map(|(name, policy)| case(name, &usual, policy)));
    cases
}

/// The policy with so many times the true processing time.
fn given_as(policy: DemandPolicy, factor: f64) -> DemandPolicy {
    DemandPolicy {
        processing_time: policy.processing_time.map(|time| time.mul_f64(factor)),
        ..policy
    }
}

/// The function's form where what it takes for granted is not so.
fn stress(count: u64) -> Result<(), Box<dyn Error>> {
    for setting in &SETTINGS {
        println!("### {}\n", setting.title);
        let loads: Vec<&str> = setting.loads.iter().map(|(name, _)| *name).collect();
        println!("| | {} |", loads.join(" | "));
        println!("|---|{}", "---|".repeat(loads.len()));
        for case in cases() {
            let policy = DemandPolicy::defaults(DemandForm::Function, setting.processing);
            let policy = (case.policy)(policy);
            let policies = [(case.name.to_owned(), Policy::Demand(policy))];
            let changed = Setting {
                assumptions: Some(case.assumptions),
                ..setting.clone()
            };
            let figures = run_all(&changed, &policies, &seeds(101, count), None)?;
            let cells: Vec<String> = figures.iter().map(|row| row[0].to_string()).collect();
            println!("| {} | {} |", case.name, cells.join(" | "));
        }
        println!();
    }
    Ok(())
}

/// Every combination of some values of the law's numbers, the cheapest for what they keep first.
fn choose(count: u64) -> Result<(), Box<dyn Error>> {
    let seconds = Duration::from_secs;
    let base = DemandPolicy::defaults(DemandForm::Function, seconds(1));
    let mut tried: Vec<DemandPolicy> = Vec::new();
    for window in [60, 90, 120, 180, 300].map(seconds) {
        for rate_over in [60, 120, 180].map(seconds) {
            for start in [0, 40].map(seconds) {
                for late in [0.001, 0.01, 0.1] {
                    for deviations in [1.0, 2.0] {
                        tried.push(DemandPolicy {
                            window,
                            rate_over,
                            start,
                            late,
                            deviations,
                            ..base
                        });
                    }
                }
            }
        }
    }
    for setting in &SETTINGS {
        let policies: Vec<_> = tried
            .iter()
            .map(|policy| {
                let name = format!(
                    "window {:?}, rate over {:?}, start {:?}, late {}, deviations {}",
                    policy.window, policy.rate_over, policy.start, policy.late, policy.deviations
                );
                let processing_time = setting.processing;
                (
                    name,
                    Policy::Demand(DemandPolicy {
                        processing_time: Some(processing_time),
                        ..*policy
                    }),
                )
            })
            .collect();
        let figures = run_all(
            setting,
            &policies,
            &seeds(1, count),
            Some(setting.choose_for),
        )?;
        println!("### {}\n", setting.title);
        let mut lines: Vec<(f64, String)> = policies
            .iter()
            .enumerate()
            .map(|(at, (name, _))| {
                let loads = figures.len() as f64;
                let late: f64 = figures
                    .iter()
                    .map(|row| 1.0 - row[at].within_objective)
                    .sum::<f64>()
                    / loads;
                let cost: f64 = figures.iter().map(|row| row[at].cost.ln()).sum::<f64>() / loads;
                let worst = figures
                    .iter()
                    .map(|row| row[at].within_objective)
                    .fold(1.0, f64::min);
                // A percent of the promises is worth as much as ten percent of the cost.
                let score = cost + 10.0 * late;
                let line = format!(
                    "{score:.4}: kept {:.3}% worst {:.3}% cost × {:.3}: {name}",
                    (1.0 - late) * 100.0,
                    worst * 100.0,
                    cost.exp()
                );
                (score, line)
            })
            .collect();
        lines.sort_by(|one, other| one.0.total_cmp(&other.0));
        for (_, line) in lines {
            println!("{line}");
        }
        println!();
    }
    Ok(())
}
