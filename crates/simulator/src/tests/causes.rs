//! Causes and advice of runs whose mechanism is known.

use std::time::Duration;

use super::scenario;
use crate::late::quietest_minute;
use crate::time::SECOND;
use crate::{
    BacklogPolicy, CauseKind, Commands, Distribution, LateTimes, Load, Policy, Progress, Report,
    Scenario, compare, simulate, survey,
};

fn commands() -> Commands {
    Commands {
        compare: "compare it".to_owned(),
        frontier: "show the frontier".to_owned(),
        tune: "tune it".to_owned(),
        deploy: "deploy it".to_owned(),
    }
}

/// Target tracking on the backlog that a task processes within the objective; one second per message.
fn tracking(slo: u64) -> Scenario {
    Scenario {
        slo: Duration::from_secs(slo),
        processing: Distribution::Fixed(Duration::from_secs(1)),
        policy: Policy::BacklogPerTask(BacklogPolicy::copilot(slo as f64)),
        ..scenario()
    }
}

fn explained(scenario: &Scenario, load: &Load) -> Report {
    let outcome = simulate(scenario, load, 1).unwrap();
    Report::new("load".to_owned(), load.begins(), outcome)
        .requiring(Some(0.99))
        .explained(scenario, load, Some(&commands()))
}

fn cause(scenario: &Scenario, load: &str) -> CauseKind {
    let report = explained(scenario, &Load::generate(load).unwrap());
    let cause = report.cause.unwrap();
    assert!(
        cause.text.ends_with('.') && !cause.text.contains("NaN"),
        "{}",
        cause.text
    );
    assert!(cause.text.split(' ').count() <= 35, "{}", cause.text);
    cause.kind
}

const BURSTS: &str = "on-off:on=20/s,off=1/s,on_for=10m,off_for=30m,for=4h";

/// One task that takes one second per message gets 100 messages at once: the 61st starts after 60 s, and all after it are
/// late by an objective of a minute, the last after 99 s.
#[test]
fn late_messages_are_one_interval() {
    let scenario = Scenario {
        processing: Distribution::Fixed(Duration::from_secs(1)),
        ..scenario()
    };
    let load = Load::generate("constant:rate=100/s,for=1s").unwrap();
    let outcome = simulate(&scenario, &load, 1).unwrap();
    let times = &outcome.late_times;
    assert_eq!(times.count, 1);
    let worst = &times.worst[0];
    assert!((38..=40).contains(&worst.late), "{worst:?}");
    assert!((worst.longest_wait - 99.0).abs() < 1.1, "{worst:?}");
    assert!(
        (worst.at - 60.0).abs() < 1.1 && (worst.lasts - 39.0).abs() < 1.5,
        "{worst:?}"
    );
    assert_eq!(worst.tasks_max, 1);
    assert!(worst.course.len() > 30 && worst.course.iter().all(|point| point.running <= 1));
    assert_eq!(outcome.wait_percentiles.len(), 101);
}

/// 10 messages per second for 3 hours, and a task for one a second: 108,000 messages, of which 3 hours and a day of
/// patience leave 108,000 − 97,200 = 10,800.
#[test]
fn work_does_not_end() {
    let scenario = Scenario {
        max: 1,
        processing: Distribution::Fixed(Duration::from_secs(1)),
        ..scenario()
    };
    match cause(&scenario, "constant:rate=10/s,for=3h") {
        CauseKind::WorkDoesNotEnd {
            left,
            arrival_rate,
            max_rate,
        } => {
            assert!(left.abs_diff(10_800) < 50, "{left}");
            assert!((arrival_rate - 10.0).abs() < 0.1 && (max_rate - 1.0).abs() < 1e-9);
        }
        other => panic!("{other:?}"),
    }
}

/// 10 messages per second for 20 minutes, with a minute of patience: 12,000 s of work in 1,260 s, so 10 tasks.
#[test]
fn a_limit_is_too_low() {
    let scenario = Scenario {
        max: 2,
        ..tracking(60)
    };
    match cause(&scenario, "step:from=1/s,to=10/s,at=20m,for=40m") {
        CauseKind::LimitTooLow { allowed: 2, needed } => {
            assert!((9..=10).contains(&needed), "{needed}")
        }
        other => panic!("{other:?}"),
    }
}

/// Target tracking sees three datapoints of a minute before it acts, and its tasks start in 23 s to 60 s.
#[test]
fn bursts_are_faster_than_target_tracking() {
    match cause(&tracking(60), BURSTS) {
        CauseKind::Bursts {
            load_before,
            load_max,
            scale_out_after,
            ..
        } => {
            assert!((load_before - 1.0).abs() < 0.3, "{load_before}");
            assert!((load_max - 20.0).abs() < 3.0, "{load_max}");
            let after = scale_out_after.unwrap();
            assert!((60.0..=360.0).contains(&after), "{after}");
        }
        other => panic!("{other:?}"),
    }
    // No task starts within 20 s, on average 41.5 s.
    match cause(&tracking(20), BURSTS) {
        CauseKind::ObjectiveOutOfReach { task_start, slo } => {
            assert_eq!((task_start, slo), (41.5, 20.0));
        }
        other => panic!("{other:?}"),
    }
}

/// 20 tasks, of which 2 messages of a second keep 2 busy.
#[test]
fn a_minimum_is_too_high() {
    let scenario = Scenario {
        min: 20,
        initial: 20,
        ..tracking(60)
    };
    match cause(&scenario, "constant:rate=2/s,for=2h") {
        CauseKind::MinTooHigh { min: 20, busy } => assert!((busy - 2.0).abs() < 0.05, "{busy}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        cause(&scenario, "poisson:rate=0.000001/s,for=1m"),
        CauseKind::NoMessages
    );
}

/// Each day at 08:00 the load is 20 messages per second for ten minutes, as everybody knows.
#[test]
fn times_are_known() {
    let rows: String = (0..5 * 1_440)
        .map(|minute| {
            let of_day = minute % 1_440;
            let count = if (480..490).contains(&of_day) {
                1_200
            } else {
                6
            };
            format!(
                "2026-11-{:02}T{:02}:{:02}:00Z,{count}\n",
                9 + minute / 1_440,
                of_day / 60,
                of_day % 60
            )
        })
        .collect();
    let load = Load::read_csv(format!("timestamp,count\n{rows}").as_bytes(), None).unwrap();
    let report = explained(&tracking(60), &load);
    assert_eq!(report.begins_at, Some(1_794_182_400.0));
    match report.cause.unwrap().kind {
        CauseKind::KnownTimes { hour, share } => {
            assert!((7..=8).contains(&hour) && share > 0.9, "{hour} {share}");
        }
        other => panic!("{other:?}"),
    }
    let page = Report::new(
        "load".to_owned(),
        None,
        simulate(&tracking(60), &load, 1).unwrap(),
    );
    let page = page.explained(&tracking(60), &load, None).html().unwrap();
    assert!(page.contains("Mon 9 Nov to Fri 13 Nov 2026") && page.contains("Tue 10"));
}

/// Ten hours of a late day are a tenth of its messages in each hour, and 20 minutes around 09:00 are in the hours from 08 on.
#[test]
fn a_long_time_has_no_hour() {
    let found = |begin: f64, lasts: f64| {
        let mut times = LateTimes {
            examined: 3_000,
            begins: (0..3u8)
                .map(|day| (f64::from(day) * 86_400.0 + begin, lasts, 1_000))
                .collect(),
            ..LateTimes::default()
        };
        // 2026-11-09T00:00:00Z
        times.find_hour(1_794_182_400.0, 5.0 * 86_400.0);
        times.hour.unwrap()
    };
    let (_, share) = found(8.0 * 3_600.0, 36_000.0);
    assert!((share - 0.2).abs() < 1e-9, "{share}");
    let (hour, share) = found(8.0 * 3_600.0 + 3_000.0, 1_200.0);
    assert_eq!(hour, 8);
    assert!((share - 1.0).abs() < 1e-9, "{share}");
}

/// A step of a second without a message, after a minute with one each second, isn't a quiet minute.
#[test]
fn only_whole_minutes_are_quiet() {
    let quietest = |steps: &[u32]| quietest_minute(steps, SECOND);
    assert_eq!(quietest(&[1; 59]), None);
    assert_eq!(quietest(&[]), None);
    let mut steps = vec![0];
    steps.extend([1; 60]);
    assert_eq!(quietest(&steps), Some(1.0));
    // 30 of the older minute's steps have 1 message, 30 have none.
    steps.splice(0..1, [[0; 30], [1; 30]].concat());
    assert_eq!(quietest(&steps), Some(0.5));
}

/// From 1 to 100 messages per second after half a minute: the first late message is sent before there is a whole minute to compare
/// with. After two minutes, the same is a jump.
#[test]
fn a_load_that_begins_is_no_jump() {
    let jumped = |at: &str| {
        let load = format!("step:from=1/s,to=100/s,at={at},for=10m");
        let load = Load::generate(&load).unwrap();
        let times = simulate(&tracking(60), &load, 1).unwrap().late_times;
        assert!(times.examined > 0);
        times.after_jump > 0
    };
    assert!(!jumped("30s"));
    assert!(jumped("2m"));
}

/// Without a comparison no other policy has numbers, so the advice is to compare. With one, its numbers are the
/// comparison's.
#[test]
fn nothing_is_advised_that_was_not_simulated() {
    let scenario = tracking(60);
    let load = Load::generate(BURSTS).unwrap();
    let alone = explained(&scenario, &load).advice.unwrap();
    assert_eq!(alone.command.as_deref(), Some("compare it"));
    assert!(!alone.text.contains('$') && alone.policy.is_none());

    let none = Progress::none();
    let own = survey(&scenario, &load, 1, &none).unwrap();
    let compared = compare(&scenario, &load, 1, &own, &none).unwrap();
    let report = Report::from_survey("load".to_owned(), None, own)
        .requiring(Some(0.99))
        .beside(&compared)
        .explained(&scenario, &load, Some(&commands()));
    let cheapest = report.cheapest().unwrap();
    assert!(cheapest.phases.within_objective.lowest >= 0.99);
    let advice = report.advice.clone().unwrap();
    assert_eq!(advice.policy.as_ref(), Some(&cheapest.name));
    assert_eq!(advice.command.as_deref(), Some("tune it"));
    assert!(
        advice
            .text
            .contains(&crate::format_dollars(cheapest.cost_per_month))
    );
    let page = report.html().unwrap();
    assert!(!page.contains("NaN") && !page.contains("inf%"));
    // The terminal and the page have the same sentence.
    assert!(page.contains(&report.cause.unwrap().text));
}
