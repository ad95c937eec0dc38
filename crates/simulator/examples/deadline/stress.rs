//! The algorithm without its assumptions.

use std::error::Error;
use std::time::Duration;

use simulator::{Assumptions, DeadlinePolicy, Deployments, Distribution};

use crate::case::{Case, configured, deadline};
use crate::loads::Loads;
use crate::table::{head, row};

/// Violates the algorithm's assumptions.
pub(crate) fn run(loads: &Loads, seeds: u64) -> Result<(), Box<dyn Error>> {
    head(&["deadlines, 60 s"]);
    let usual = Case::usual(60, seeds);
    let assumed = |change: fn(&mut Assumptions)| {
        let mut case = usual.clone();
        change(&mut case.assumptions);
        case
    };
    row("as assumed", &usual, loads, deadline())?;
    row(
        "half of the processing time configured",
        &usual,
        loads,
        configured(0.5),
    )?;
    row(
        "double the processing time configured",
        &usual,
        loads,
        configured(2.0),
    )?;
    row(
        "a tenth of the processing time configured",
        &usual,
        loads,
        configured(0.1),
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
