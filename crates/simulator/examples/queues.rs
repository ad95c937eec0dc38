//! The experiment of docs/demand.md on queues with different objectives: how the required tasks of two queues are
//! combined into one count. `cargo run --release -p simulator --example queues -- [--hours N] [--seeds N]`.
//!
//! `--equal` compares two queues with equal objectives instead, as one queue and with turns.
//!
//! Tasks receive messages from the two queues in turn. Each cell: task time ÷ work, and the share within the objective
//! of the urgent and the patient queue, the minimum over all seeds.

use std::error::Error;
use std::time::Duration;

use rayon::prelude::*;
use scaling::{QueueSettings, Sharing};
use simulator::{DeadlinePolicy, Distribution, Load, Policy, QueueScenario, Scenario, simulate};

/// A queue: its objective in seconds, the mean work per message in seconds, and its load.
struct Queue {
    objective: u64,
    work: f64,
    load: &'static str,
}

/// Two queues of a service: an urgent one and a patient one.
struct Case {
    name: &'static str,
    queues: [Queue; 2],
}

/// How the required tasks are combined into a count.
#[derive(Clone, Copy)]
enum Form {
    /// As a single queue, with the shorter objective and the mean work.
    One,
    /// For each queue separately.
    Each(Sharing),
}

const FORMS: [(&str, Form); 5] = [
    ("one queue", Form::One),
    ("largest", Form::Each(Sharing::Largest)),
    ("sum", Form::Each(Sharing::Sum)),
    ("earliest", Form::Each(Sharing::Earliest)),
    ("turns", Form::Each(Sharing::Turns)),
];

fn cases() -> Vec<Case> {
    let queue = |objective, work, load| Queue {
        objective,
        work,
        load,
    };
    let case = |name, urgent, patient| Case {
        name,
        queues: [urgent, patient],
    };
    vec![
        case(
            "both steady",
            queue(60, 2.0, "poisson:rate=4/s,for=14d"),
            queue(900, 2.0, "poisson:rate=4/s,for=14d"),
        ),
        case(
            "urgent bursts",
            queue(
                60,
                2.0,
                "on-off:on=15/s,off=1/s,on_for=10m,off_for=50m,for=14d",
            ),
            queue(900, 2.0, "poisson:rate=4/s,for=14d"),
        ),
        case(
            "patient bursts",
            queue(60, 2.0, "poisson:rate=4/s,for=14d"),
            queue(
                900,
                2.0,
                "on-off:on=60/s,off=0.1/s,on_for=3m,off_for=57m,for=14d",
            ),
        ),
        case(
            "patient bursts of long work",
            queue(60, 0.5, "poisson:rate=8/s,for=14d"),
            queue(
                900,
                10.0,
                "on-off:on=10/s,off=0.02/s,on_for=3m,off_for=57m,for=14d",
            ),
        ),
        case(
            "both burst",
            queue(60, 2.0, "mmpp:rates=1/s|15/s,stays=50m|10m,for=14d"),
            queue(900, 3.0, "mmpp:rates=0.5/s|12/s,stays=50m|10m,for=14d"),
        ),
        case(
            "10 s and 15 min",
            queue(10, 0.5, "daily:low=1/s,high=15/s,for=14d"),
            queue(900, 3.0, "mmpp:rates=0.5/s|12/s,stays=50m|10m,for=14d"),
        ),
    ]
}

/// Queues with equal objectives.
fn equal() -> Vec<Case> {
    let case = |name, objective, loads: [&'static str; 2]| Case {
        name,
        queues: loads.map(|load| Queue {
            objective,
            work: 2.0,
            load,
        }),
    };
    let steady = "poisson:rate=4/s,for=14d";
    let bursts = "on-off:on=15/s,off=1/s,on_for=10m,off_for=50m,for=14d";
    let large = "on-off:on=60/s,off=0.1/s,on_for=3m,off_for=57m,for=14d";
    let mmpp = "mmpp:rates=1/s|15/s,stays=50m|10m,for=14d";
    vec![
        case("both steady", 60, [steady, steady]),
        case("4/s and 0.5/s", 60, [steady, "poisson:rate=0.5/s,for=14d"]),
        case("bursts and steady", 60, [bursts, steady]),
        case("large bursts and steady", 60, [large, steady]),
        case("both burst", 60, [mmpp, mmpp]),
        case("large bursts and steady, 5 min", 300, [large, steady]),
        case("both burst, 5 min", 300, [mmpp, mmpp]),
        case("bursts and steady, 10 s", 10, [bursts, steady]),
    ]
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|one| one == name)?;
        arguments.get(at + 1).cloned()
    };
    let hours = value("--hours").unwrap_or_else(|| "24".to_owned());
    let seeds: u64 = value("--seeds").map_or(Ok(1), |text| text.parse())?;
    let (cases, forms) = match arguments.iter().any(|one| one == "--equal") {
        true => (equal(), vec![FORMS[0], FORMS[4]]),
        false => (cases(), FORMS.to_vec()),
    };
    let names: Vec<&str> = forms.iter().map(|(name, _)| *name).collect();
    println!(
        "| | {} |\n|---{}|",
        names.join(" | "),
        "|---".repeat(forms.len())
    );
    for case in cases {
        let cells: Result<Vec<String>, String> = forms
            .par_iter()
            .map(|(_, form)| cell(&case, *form, &hours, seeds).map_err(|error| error.to_string()))
            .collect();
        println!("| {} | {} |", case.name, cells?.join(" | "));
    }
    Ok(())
}

/// One cell of the table.
fn cell(case: &Case, form: Form, hours: &str, seeds: u64) -> Result<String, Box<dyn Error>> {
    let names = ["urgent", "patient"];
    let loads = names.iter().zip(&case.queues);
    let loads: Result<Vec<_>, _> = loads
        .map(|(name, queue)| Load::generate(queue.load).map(|load| ((*name).to_owned(), load)))
        .collect();
    let load = Load::mixed(loads?).between(None, Some(&format!("{hours}h")))?;
    let scenario = scenario(case, form);
    let (mut used, mut work) = (0.0, 0.0);
    let mut shares = [1.0f64; 2];
    for seed in 101..101 + seeds {
        let outcome = simulate(&scenario, &load, seed)?;
        used += outcome.tasks.seconds;
        for ((share, found), queue) in shares.iter_mut().zip(&outcome.queues).zip(&case.queues) {
            *share = share.min(found.within_objective);
            work += queue.work * f64::from(u32::try_from(found.sent)?);
        }
    }
    let [urgent, patient] = shares.map(|share| share * 100.0);
    Ok(format!("{:.3}, {urgent:.2}%, {patient:.2}%", used / work))
}

fn scenario(case: &Case, form: Form) -> Scenario {
    let time = Duration::from_secs_f64;
    let mean = case.queues.iter().map(|queue| queue.work).sum::<f64>() / 2.0;
    let shortest = case.queues.iter().map(|queue| queue.objective).min();
    let shortest = Duration::from_secs(shortest.unwrap_or_default());
    let mut policy = DeadlinePolicy::defaults(time(mean));
    policy.tuning.sharing = match form {
        Form::One => Sharing::Sum,
        Form::Each(sharing) => sharing,
    };
    let processing = Distribution::Exponential(time(mean));
    let mut scenario = Scenario::new(case.name, shortest, processing, Policy::Deadline(policy));
    scenario.max = 300;
    scenario.visibility_timeout = Duration::from_secs(120);
    let settings = |queue: &Queue| match form {
        Form::One => QueueSettings {
            objective: shortest,
            share: None,
            processing_time: Some(time(mean)),
        },
        Form::Each(_) => QueueSettings {
            objective: Duration::from_secs(queue.objective),
            share: None,
            processing_time: Some(time(queue.work)),
        },
    };
    let queues = ["urgent", "patient"].into_iter().zip(&case.queues);
    scenario.queues = queues
        .map(|(name, queue)| QueueScenario {
            name: name.to_owned(),
            slo: Duration::from_secs(queue.objective),
            share: None,
            processing: Distribution::Exponential(time(queue.work)),
            settings: Some(settings(queue)),
        })
        .collect();
    scenario
}
