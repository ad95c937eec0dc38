//! The summary of a constructed course: one task, then three.

use std::time::Duration;

use demo::{Course, Line, Processed, Story, Worked};
use deployer::{Activity, QueueState, ServiceState};
use sandbox::{Sending, SentMessage};
use scaling::Bounds;
use stack::Stack;

use super::text::format_outcome;
use super::*;

const BEGAN: u64 = 1_800_000_000_000;

fn stack() -> Stack {
    let text = include_str!("../../../../../stacks/voucher-worker.yaml");
    stack::parse("voucher-worker.yaml", text).unwrap().stack
}

fn demo_stack() -> Stack {
    let text = include_str!("../../../../demo/src/race.yaml");
    stack::parse("race.yaml", text).unwrap().stack
}

fn make_service(waiting: u64, desired: u32, running: u32) -> ServiceState {
    let queue = QueueState {
        name: "vouchers".into(),
        url: "http://vouchers".into(),
        visible: Some(waiting),
        in_flight: Some(waiting.min(1)),
        delayed: Some(0),
        backlog_per_task: None,
    };
    ServiceState {
        cluster: "voucher".into(),
        service: "voucher-worker".into(),
        status: "ACTIVE".into(),
        desired: Some(desired),
        running: Some(running),
        pending: Some(desired - running),
        bounds: Bounds::new(1, 20).ok(),
        queues: vec![queue],
        activities: vec![Activity {
            at: 1_800_000_012,
            description: "Setting desired count to 3.".into(),
            cause: "monitor alarm high in state ALARM triggered policy backlog".into(),
            status: "Successful".into(),
        }],
        ..ServiceState::default()
    }
}

/// 400 messages in ten seconds; one task until `three_from` milliseconds, then three, ten messages per second each.
fn course(service: &str, told: bool, three_from: u64) -> Course {
    let mut course = Course::new(service, BEGAN, Story::new(1, true));
    let mut free = BEGAN;
    for number in 0..400u64 {
        let asked_at_ms = BEGAN + number * 25;
        let message_id = format!("m{number}");
        course.sent(&SentMessage {
            voucher: number,
            message_id: message_id.clone(),
            due: Duration::from_millis(number * 25),
            asked_at_ms,
            taken_at_ms: asked_at_ms + 2,
        });
        let began_at_ms = free.max(asked_at_ms + 5);
        let tasks = if began_at_ms > BEGAN + three_from {
            3
        } else {
            1
        };
        free = began_at_ms + 100_u64.div_ceil(tasks);
        course.note(Line::Worked(Worked {
            message_id,
            sent_at_ms: Some(asked_at_ms + 1),
            began_at_ms,
            ended_at_ms: began_at_ms + 100,
            outcome: Processed::Done,
            receive_count: Some(1),
            fetched_in_ms: None,
        }));
    }
    let at = |course: &mut Course, second: u64, waiting, desired, running| {
        course.see(
            &make_service(waiting, desired, running),
            BEGAN + second * 1_000,
        );
    };
    at(&mut course, 0, 0, 1, 1);
    at(&mut course, 11, 280, 3, 1);
    at(&mut course, 12, 270, 3, 3);
    if told {
        course.sending = Some(Sending {
            sent: 400,
            ..Sending::default()
        });
        at(&mut course, 25, 0, 3, 3);
        at(&mut course, 70, 0, 1, 1);
    }
    course
}

fn outcome(told: bool) -> Outcome {
    let stack = stack();
    let played = Played {
        assumptions: None,
        stack: &stack,
        speed: "20".parse().unwrap(),
        load: "step:from=0/s,to=40/s,at=0s,for=10s",
    };
    let mut outcome = Outcome::new(played, &[course("voucher-worker", told, 12_000)], &[]).unwrap();
    outcome.services_mut()[0].report = Some("target/demo-report.html".into());
    outcome
}

#[test]
fn a_story_that_was_told() {
    let outcome = outcome(true);
    assert!(outcome.verdict().is_ok());
    insta::assert_snapshot!(format_outcome(&outcome));
    let page = outcome.services()[0].page.as_deref().unwrap();
    assert!(page.contains("Measured and predicted"));
}

#[test]
fn a_story_that_was_not_told_to_its_end() {
    let mut outcome = outcome(false);
    outcome.kept = Some("default-demo".into());
    outcome.services_mut()[0].trouble = Some("receive: timed out".into());
    insta::assert_snapshot!(format_outcome(&outcome));
    let failure = Failure::from(outcome.verdict().unwrap_err());
    assert!(failure.hints()[0].ends_with("try --speed 10"));
    assert_eq!(
        failure.message(),
        "the demo has not shown everything: the load has not ended; the queue was not emptied; no task \
         was removed again"
    );
}

#[test]
fn what_is_measured_is_beside_what_is_predicted() {
    let mut outcome = outcome(true);
    let judged = outcome.services_mut()[0].judged.take().unwrap();
    assert_eq!(judged.measured.messages.sent, 400);
    assert_eq!(judged.measured.messages, judged.predicted.messages);
    assert_eq!(
        (judged.measured.tasks.most, judged.measured.seed),
        (3, None)
    );
    let first = &judged.comparison.figures[2];
    assert_eq!(
        (first.name, first.measured),
        ("first scale-out", Some(11.0))
    );
    assert_eq!(
        judged.measured.reasons,
        [
            "monitor alarm high in state ALARM triggered policy backlog",
            ""
        ]
    );
}

/// Three tasks from the twelfth second on are too late; the same messages with three from the start are not.
#[test]
fn a_race_lists_the_best_first_and_others_as_simulated() {
    let stack = demo_stack();
    let played = Played {
        assumptions: None,
        stack: &stack,
        speed: "20".parse().unwrap(),
        load: "step:from=0/s,to=40/s,at=0s,for=10s",
    };
    let course_of = |service: &str, tasks_from: u64| course(service, true, tasks_from);
    let courses = [
        course_of("backlog-per-task", 12_000),
        course_of("demand", 0),
    ];
    let against = [KnownPolicy::Keda, KnownPolicy::Steps, KnownPolicy::Fixed];
    let outcome = Outcome::new(played, &courses, &against).unwrap();
    let services: Vec<&str> = outcome.services().iter().map(|one| &*one.service).collect();
    assert_eq!(services, ["demand", "backlog-per-task"]);
    insta::assert_snapshot!(format_outcome(&outcome));
    let json = serde_json::to_value(&outcome).unwrap();
    assert_eq!(json["services"][1]["service"], "backlog-per-task");
    assert_eq!(json["against"].as_array().unwrap().len(), 3);
}
