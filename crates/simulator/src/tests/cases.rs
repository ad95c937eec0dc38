//! Definitions and loads for which the simulation once gave a wrong result. The correct results are computed by
//! hand.

use super::*;
use crate::Overrides;

/// Simulates a file's load with its definition's only service, or a generated load.
fn simulate_case(definition: &str, load: &Load, assumed: &[&str]) -> RunOutcome {
    let stack = stack::parse("case.yaml", definition).unwrap().stack;
    let service = stack.services.keys().next().unwrap();
    let mut overrides = Overrides::default();
    for text in assumed {
        overrides.assume(text).unwrap();
    }
    let scenario = Scenario::from_stack(&stack, service, &overrides).unwrap();
    simulate(&scenario, load, 1).unwrap()
}

fn csv(bytes: &[u8]) -> Load {
    Load::read_csv(bytes, None).unwrap()
}

/// 2,000 messages at once, 5 s each, on 3 tasks are done after 55 minutes, and the messages of the first ten minutes
/// are in time: one third. Two hours of zeros after them make no difference.
#[test]
fn what_happens_after_the_load_counts() {
    let definition = include_str!("../../tests/cases/a-17/hour.yaml");
    let hour = csv(include_bytes!("../../tests/cases/a-17/hour.csv"));
    let zeros = csv(include_bytes!("../../tests/cases/a-17/hour-zeros.csv"));
    let (hour, zeros) = (
        simulate_case(definition, &hour, &[]),
        simulate_case(definition, &zeros, &[]),
    );
    assert!(
        (0.30..0.33).contains(&hour.within_objective),
        "{}",
        hour.within_objective
    );
    near(hour.within_objective, zeros.within_objective, 1e-12);
    assert_eq!(hour.waiting, zeros.waiting);
    assert_eq!(hour.messages.deleted, hour.messages.sent);
    assert!(hour.drain > 3_000.0);
    // 10,000 s of work that must start within 600 s.
    let limit = hour.limited_by_max.unwrap();
    assert_eq!((limit.allowed, limit.needed), (3, 17));
}

/// Three tasks process at most 36 messages per minute, so about 360 of 360,000 can start within ten minutes.
#[test]
fn a_hopeless_load_is_not_kept() {
    let definition = include_str!("../../tests/cases/a-17/hopeless.yaml");
    let load = Load::generate("constant:rate=100/s,for=1h").unwrap();
    let outcome = simulate_case(definition, &load, &[]);
    assert_eq!(outcome.messages.sent, 360_000);
    assert!(
        outcome.within_objective < 1_000.0 / 360_000.0,
        "{}",
        outcome.within_objective
    );
    assert!(outcome.notes.iter().any(|note| note.contains("stopped")));
}

/// 10,000 messages of 1 s on two tasks. If sent within a minute: 600 of them start within the five minutes,
/// with or without rows of zeros afterward. If sent within an hour: 2.78 arrive and 2 are done per second, so
/// the wait grows by 0.39 s per second and reaches five minutes after 771 s of 3,600: one fifth.
#[test]
fn a_burst_has_the_same_verdict_whether_or_not_zeros_follow() {
    let definition = include_str!("../../tests/cases/b-40/stack.yaml");
    let kept = |bytes| simulate_case(definition, &csv(bytes), &[]).within_objective;
    let one = kept(include_bytes!("../../tests/cases/b-40/one.csv"));
    let three = kept(include_bytes!("../../tests/cases/b-40/three_rows.csv"));
    near(one, 0.06, 0.1);
    near(one, three, 1e-12);
    let hour = kept(include_bytes!("../../tests/cases/b-40/four_hours.csv"));
    near(hour, 771.0 / 3_600.0, 0.15);
}

/// Six messages of ten minutes with a target of 3 per task require two tasks.
#[test]
fn six_messages_get_two_tasks() {
    let definition = include_str!("../../tests/cases/b-22/existing.yaml");
    let load = csv(include_bytes!("../../tests/cases/b-22/load.csv"));
    let most = |assumed: &[&str]| {
        let assumed = [&["processing_time=fixed:10m"], assumed].concat();
        simulate_case(definition, &load, &assumed).tasks.most
    };
    assert_eq!(most(&[]), 2);
    assert!(most(&["tracking_base=running", "tracking_cooldown=repeats"]) > 2);
}

/// One message every three hours. In an earlier version, 631 tasks in 21 hours processed none.
#[test]
fn a_service_at_zero_tasks_serves_every_message_with_a_handful_of_actions() {
    let load = csv(include_bytes!("../../tests/cases/a-05/day.csv"));
    for definition in [
        include_str!("../../tests/cases/a-05/livelock.yaml"),
        include_str!("../../tests/cases/a-05/tt.yaml"),
    ] {
        let assumed = ["processing_time=fixed:90s", "task_start=61s"];
        let outcome = simulate_case(definition, &load, &assumed);
        assert_eq!(outcome.messages.deleted, outcome.messages.sent);
        near(outcome.within_objective, 1.0, 1e-12);
        assert!(outcome.actions.len() < 40, "{}", outcome.actions.len());
    }
}

/// Messages of three hours on tasks with a stop timeout of 30 s. Without protection, scale-in kills busy tasks. With
/// protection, no message is dropped, regardless of Application Auto Scaling's behavior.
#[test]
fn nothing_is_dropped_by_scale_in_where_the_task_is_protected() {
    let definition = include_str!("../../tests/cases/a-20/existing.yaml");
    let protected = definition.replace("    consumes:", "    protect: true\n    consumes:");
    for load in [
        csv(include_bytes!("../../tests/cases/a-20/three.csv")),
        csv(include_bytes!("../../tests/cases/a-20/burst.csv")),
    ] {
        for scale_in in ["tracking_scale_in=one_task", "tracking_scale_in=to_target"] {
            let assumed = ["processing_time=fixed:3h", scale_in];
            let outcome = simulate_case(&protected, &load, &assumed);
            assert_eq!(outcome.messages.interrupted, 0);
            assert_eq!(outcome.messages.processed_again, 0);
            assert_eq!(outcome.messages.deleted, outcome.messages.sent);
        }
    }
    let load = csv(include_bytes!("../../tests/cases/a-20/burst.csv"));
    let bare = simulate_case(definition, &load, &["processing_time=fixed:3h"]);
    assert!(bare.messages.interrupted > 0);
}
