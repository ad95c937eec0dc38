//! Schedules: whether they can work.

use scaling::{Bounds, Schedule, ScheduleError};

use crate::findings::{Finding, Findings};
use crate::model::{Service, Stack};
use crate::path;

/// Checks the schedule of each service.
pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service) in &stack.services {
        let path = path::key("services", key);
        if let Some(schedule) = &service.schedule {
            check_schedule(service, schedule, &path, findings);
        }
    }
}

fn check_schedule(service: &Service, schedule: &Schedule, path: &str, findings: &mut Findings) {
    let here = format!("{path}.tasks.schedule");
    if service.scaling.is_none() {
        let finding = Finding::error("`schedule` requires `scaling`")
            .at_key(here, "nothing follows it")
            .help("without `scaling`, the number of tasks is fixed, and nothing changes it when a period starts: add `scaling` and `max`, or remove the schedule");
        return findings.report(finding);
    }
    // Without a maximum, there are no bounds; another check reports that.
    if !findings.is_given(&format!("{path}.tasks.max")) {
        return;
    }
    let Ok(base) = Bounds::new(service.tasks.min, service.tasks.max) else {
        return;
    };
    let period = |place| path::item(&here, place);
    let finding = match schedule.check(base) {
        Ok(()) => return,
        // The structure was checked before.
        Err(ScheduleError::NoBound(_)) => return,
        Err(ScheduleError::Bounds(place, _)) => crossed(service, schedule, place, path),
        Err(ScheduleError::Overlap {
            first,
            second,
            moment,
        }) => Finding::error(format!("two periods overlap on {moment}"))
            .at(format!("{}.when", period(second)), "holds then")
            .at(format!("{}.when", period(first)), "also applies then")
            .help("let one end before the other starts: a period that ends at 18:00 doesn't overlap one that starts at 18:00"),
        Err(error @ ScheduleError::NothingChanges) => Finding::error(error.to_string())
            .at_key(here, "always the same")
            .help("set the bounds as `tasks.min` and `tasks.max`, and remove the schedule"),
    };
    findings.report(finding);
}

/// A minimum over its maximum; one of the two can come from `tasks`.
fn crossed(service: &Service, schedule: &Schedule, place: usize, path: &str) -> Finding {
    let tasks = format!("{path}.tasks");
    let here = path::item(&format!("{tasks}.schedule"), place);
    let period = schedule.periods.get(place);
    let given = |name: &str, value: Option<u32>, base: u32| match value {
        Some(value) => (format!("{here}.{name}"), value),
        None => (format!("{tasks}.{name}"), base),
    };
    let (min_path, min) = given("min", period.and_then(|one| one.min), service.tasks.min);
    let (max_path, max) = given("max", period.and_then(|one| one.max), service.tasks.max);
    let finding = Finding::error("`min` is greater than `max` in a period");
    // The period is at fault.
    let finding = if min_path.starts_with(&here) {
        finding
            .at(min_path, format!("at least {min}"))
            .at(max_path, format!("at most {max}"))
    } else {
        finding
            .at(max_path, format!("at most {max}"))
            .at(min_path, format!("at least {min}"))
    };
    finding.help(format!(
        "a bound that a period doesn't set is that of `tasks`: give the period a `min` of at most {max}, or a `max` of at least {min}"
    ))
}
