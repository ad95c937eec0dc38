//! One constant changed at a time.

use std::error::Error;
use std::time::Duration;

use scaling::Warm;
use simulator::{DeadlinePolicy, Policy};

use crate::case::{Case, deadline};
use crate::loads::Loads;
use crate::table::{head, summarize};

type Change = Box<dyn Fn(&mut DeadlinePolicy) + Sync>;

/// Sets a constant.
type Set = fn(&mut DeadlinePolicy, f64);

/// Constants: the name, the unit, and other values than the chosen one.
const CONSTANTS: [(&str, &str, &[f64], Set); 17] = [
    (
        "a check every",
        " s",
        &[1.0, 10.0, 30.0],
        |policy, value| {
            policy.every = Duration::from_secs_f64(value);
        },
    ),
    (
        "change threshold",
        "",
        &[4.0, 6.0, 13.0, 20.0],
        |policy, value| {
            policy.tuning.change_threshold = value;
        },
    ),
    (
        "longest segment",
        " s",
        &[120.0, 240.0, 960.0],
        |policy, value| {
            policy.tuning.longest_segment = value;
        },
    ),
    ("rise doubt", "", &[0.0, 0.2, 0.6], |policy, value| {
        policy.tuning.rise_doubt = value;
    }),
    ("rise decay", " starts", &[1.0, 4.0], |policy, value| {
        policy.tuning.rise_decay = value;
    }),
    ("rise dispersion", "", &[1.0, 4.0], |policy, value| {
        policy.tuning.rise_dispersion = value;
    }),
    (
        "hold of the rate",
        " s",
        &[0.0, 30.0, 90.0],
        |policy, value| {
            policy.tuning.hold_rate = value;
        },
    ),
    (
        "hold of deadlines",
        " starts",
        &[0.0, 0.75, 3.0],
        |policy, value| {
            policy.tuning.hold_deadline = value;
        },
    ),
    ("least removed", "", &[0.0, 0.1], |policy, value| {
        policy.tuning.least_removed = value;
    }),
    ("long share", "", &[0.7, 0.9], |policy, value| {
        policy.tuning.keep_up.long_share = value;
    }),
    ("short share", "", &[0.5, 0.6, 0.8], |policy, value| {
        policy.tuning.keep_up.short_share = value;
    }),
    ("tight share", "", &[0.4, 0.8], |policy, value| {
        policy.tuning.keep_up.tight_share = value;
    }),
    ("follows from", " starts", &[1.5, 3.0], |policy, value| {
        policy.tuning.keep_up.follows_from = value;
    }),
    ("utilization", "", &[1.0, 1.1], |policy, value| {
        policy.tuning.keep_up.utilization = value;
    }),
    ("tight late", "", &[0.003, 0.03], |policy, value| {
        policy.tuning.keep_up.tight_late = value;
    }),
    ("small late", "", &[0.03, 0.1], |policy, value| {
        policy.tuning.keep_up.small_late = value;
    }),
    (
        "price of a late message",
        "",
        &[0.0, 25.0, 100.0, 200.0],
        |policy, value| {
            policy.tuning.late_price = value;
        },
    ),
];

pub(crate) fn run(loads: &Loads, seeds: u64) -> Result<(), Box<dyn Error>> {
    head(&["60 s", "10 s", "300 s", "90 s"]);
    let cases = [60, 10, 300, 90].map(|objective| Case::usual(objective, seeds));
    let mut changes: Vec<(String, Change)> = vec![("as chosen".to_owned(), Box::new(|_| {}))];
    let mut add = |name: String, change: Change| changes.push((name, change));
    for samples in [2, 5] {
        let change = move |policy: &mut DeadlinePolicy| policy.samples = samples;
        add(format!("samples per check {samples}"), Box::new(change));
    }
    for (name, unit, values, set) in CONSTANTS {
        for value in values {
            let change = move |policy: &mut DeadlinePolicy| set(policy, *value);
            add(format!("{name} {value}{unit}"), Box::new(change));
        }
    }
    add(
        "no warm tasks".to_owned(),
        Box::new(|policy| policy.warm = Warm::Off),
    );
    for decay in [60.0, 1_200.0] {
        let change = move |policy: &mut DeadlinePolicy| policy.tuning.processing_decay = decay;
        add(format!("processing decay {decay} s"), Box::new(change));
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
