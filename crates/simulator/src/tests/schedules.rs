//! Bounds that change with the time of the week.

use std::time::Duration;

use crate::compare::compare;
use crate::load::Load;
use crate::outcome::RunOutcome;
use crate::progress::Progress;
use crate::scenario::{Overrides, Scenario};
use crate::simulate::simulate;
use crate::survey::survey;

const SCALINGS: [&str; 5] = [
    "{backlog_per_task: {processing_time: 1s}}",
    "{demand: {processing_time: 1s}}",
    "{demand: {processing_time: 1s, actuator: target_tracking}}",
    "{steps: {metric: {queue: q, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}, scale_out: {above: 500, add: 1}, scale_in: {below: 1, remove: 1}}}",
    "{alarm_steps: {metric: {queue: q, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}, scale_out: {above: 500, add: 1}, scale_in: {below: 1, remove: 1}}}",
];

/// Seconds within which the bounds of a period apply: the delay of Application Auto Scaling, a check of the function,
/// or its next re-evaluation.
fn delay(scaling: &str) -> f64 {
    if scaling.contains("alarm_steps") {
        75.0
    } else {
        15.0
    }
}

fn scenario(scaling: &str, periods: &str) -> Scenario {
    let text = format!(
        "name: a\nqueues: {{q: {{}}}}\nservices:\n  w: {{image: 'w:1', consumes: [q], slo: 5m, tasks: {{min: 1, max: 20, schedule: [{periods}]}}, scaling: {scaling}}}\n"
    );
    let loaded = stack::parse("a.yaml", &text).unwrap_or_else(|report| panic!("{report:?}"));
    let overrides = Overrides {
        slo: Some(Duration::from_secs(300)),
        processing: Some(crate::Distribution::Fixed(Duration::from_secs(1))),
        ..Overrides::default()
    };
    Scenario::from_stack(&loaded.stack, "w", &overrides).unwrap()
}

fn run(scaling: &str, periods: &str, load: &Load) -> RunOutcome {
    simulate(&scenario(scaling, periods), load, 1).unwrap()
}

/// A load that is low enough for one task.
fn quiet(length: &str) -> Load {
    Load::generate(&format!("constant:rate=0.01/s,for={length}")).unwrap()
}

/// Seconds since the start.
fn at(day: u32, hour: u32) -> f64 {
    f64::from(day * 86_400 + hour * 3_600)
}

/// Returns the first change to at least this number of tasks, and the first one to fewer tasks afterward.
fn raised(outcome: &RunOutcome, count: u32) -> (f64, f64) {
    let up = outcome
        .actions
        .iter()
        .position(|action| action.to >= count)
        .unwrap();
    let later = &outcome.actions[up..];
    let down = later.iter().find(|action| action.to < count).unwrap();
    (outcome.actions[up].at, down.at)
}

/// A load without dates starts on a Monday at midnight in the schedule's time zone. Application Auto Scaling raises the
/// count immediately, and a function within one check. When the period ends, the count decreases as the policy allows.
#[test]
fn the_minimum_rises_at_once_and_ends_by_the_policy() {
    let periods = "{when: Mon-Fri 08:00-18:00, timezone: America/New_York, min: 5}";
    for scaling in SCALINGS {
        let outcome = run(scaling, periods, &quiet("20h"));
        let (up, down) = raised(&outcome, 5);
        assert!(
            (at(0, 8)..=at(0, 8) + delay(scaling)).contains(&up),
            "{scaling}: {up}"
        );
        assert!(
            (at(0, 18)..=at(0, 18) + 1_200.0).contains(&down),
            "{scaling}: {down}"
        );
        let before = outcome.actions.iter().filter(|action| action.at < at(0, 8));
        assert!(
            before.map(|action| action.to).all(|to| to <= 2),
            "{scaling}"
        );
    }
}

/// The first day is a Monday, so Saturday is the sixth.
#[test]
fn a_service_that_is_off_is_off_whatever_waits() {
    for scaling in SCALINGS {
        let load = Load::generate("constant:rate=0.01/s,for=8d").unwrap();
        let outcome = run(scaling, "{when: 'Sat,Sun', min: 0, max: 0}", &load);
        let weekend = |action: &&crate::ScalingAction| (at(5, 0)..at(7, 0)).contains(&action.at);
        let in_it: Vec<u32> = outcome
            .actions
            .iter()
            .filter(weekend)
            .map(|one| one.to)
            .collect();
        assert_eq!(in_it.last(), Some(&0), "{scaling}");
        assert!(in_it.len() <= 2, "{scaling}: {in_it:?}");
        let back = outcome
            .actions
            .iter()
            .find(|action| action.at >= at(7, 0))
            .unwrap();
        assert!(
            back.at <= at(7, 0) + delay(scaling) && back.to >= 1,
            "{scaling}: {back:?}"
        );
        assert_eq!(outcome.messages.deleted, outcome.messages.sent, "{scaling}");
    }
}

/// Tasks above the maximum of a period stop at its start.
#[test]
fn the_maximum_falls_at_once() {
    let load = Load::generate("constant:rate=8/s,for=10h").unwrap();
    for scaling in [SCALINGS[0], SCALINGS[1]] {
        let outcome = run(scaling, "{when: '08:00-24:00', max: 3}", &load);
        let reached = outcome
            .actions
            .iter()
            .take_while(|action| action.at < at(0, 8));
        assert!(
            reached.map(|action| action.to).max() >= Some(8),
            "{scaling}"
        );
        let first = outcome
            .actions
            .iter()
            .find(|action| action.at >= at(0, 8))
            .unwrap();
        assert_eq!(first.to, 3, "{scaling}");
        let later = outcome
            .actions
            .iter()
            .filter(|action| action.at > first.at + 60.0 && action.at < at(0, 10));
        assert!(later.map(|action| action.to).all(|to| to <= 3), "{scaling}");
    }
}

/// 2027-03-28 is the Sunday on which clocks go forward in Berlin. 08:00 on Friday the 26th is 07:00Z, and on Monday the
/// 29th it is 06:00Z: 3 days and 6 hours after the load's start.
#[test]
fn a_load_with_dates_meets_the_clock_of_its_days() {
    let rows: String = (0..=4 * 24)
        .map(|hour| {
            let (day, hour) = (26 + hour / 24, hour % 24);
            format!("2027-03-{day}T{hour:02}:00:00Z,36\n")
        })
        .collect();
    let load = Load::read_csv(format!("time,count\n{rows}").as_bytes(), None).unwrap();
    let periods = "{when: Mon-Fri 08:00-18:00, timezone: Europe/Berlin, min: 5}";
    for scaling in [SCALINGS[0], SCALINGS[1]] {
        let outcome = run(scaling, periods, &load);
        let rises: Vec<f64> = outcome
            .actions
            .iter()
            .filter(|action| action.to >= 5 && action.from < 5)
            .map(|action| action.at)
            .collect();
        let expected = [at(0, 7), at(3, 6)];
        assert_eq!(rises.len(), expected.len(), "{scaling}: {rises:?}");
        for (rise, expected) in rises.iter().zip(expected) {
            assert!(
                (expected..=expected + 15.0).contains(rise),
                "{scaling}: {rises:?}"
            );
        }
    }
    // A part of it starts at its position.
    let part = load.between(Some("3d"), None).unwrap();
    let outcome = run(SCALINGS[0], periods, &part);
    let (up, _) = raised(&outcome, 5);
    assert!((at(0, 6)..=at(0, 6) + 15.0).contains(&up), "{up}");
}

/// The schedule costs more than one task, and less than five tasks all the time: 16 of 20 hours with 4 tasks fewer,
/// except for the time that scale-in takes.
#[test]
fn a_comparison_shows_what_a_schedule_saves() {
    let scenario = scenario(SCALINGS[1], "{when: '08:00-12:00', min: 5}");
    let load = quiet("20h");
    let own = survey(&scenario, &load, 1, &Progress::none()).unwrap();
    let compared = compare(&scenario, &load, 1, &own, &Progress::none()).unwrap();
    let named = |name: &str| {
        let found = compared.iter().find(|one| one.name == name);
        found
            .unwrap_or_else(|| panic!("{name}"))
            .outcome
            .tasks
            .seconds
            / 3_600.0
    };
    let (own, least, most) = (
        named("this definition"),
        named("always 1 to 20 tasks, no schedule"),
        named("always 5 to 20 tasks, no schedule"),
    );
    assert!((most - least - 80.0).abs() < 4.0, "{least} {most}");
    assert!((own - least - 16.0).abs() < 2.0, "{own} {least}");
    let without = Scenario {
        schedule: None,
        ..scenario.clone()
    };
    let own = survey(&without, &load, 1, &Progress::none()).unwrap();
    let compared = compare(&without, &load, 1, &own, &Progress::none()).unwrap();
    assert!(
        compared
            .iter()
            .all(|one| !one.name.ends_with("no schedule"))
    );
}
