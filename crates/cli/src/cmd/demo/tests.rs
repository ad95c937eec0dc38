//! The summary of a course that was made up: one task, then three.

use std::time::Duration;

use demo::{Course, Line, Processed, Story, Worked};
use deployer::{Activity, Inspection, Observed, QueueState, ServiceState, Status};
use sandbox::{Sending, SentMessage};
use scaling::Bounds;
use stack::Stack;

use super::text::format_summary;
use super::*;

const BEGAN: u64 = 1_800_000_000_000;

fn stack() -> Stack {
    let text = include_str!("../../../../../stacks/voucher-worker.yaml");
    stack::parse("voucher-worker.yaml", text).unwrap().stack
}

fn make_inspection(waiting: u64, desired: u32, running: u32) -> Inspection {
    let queue = QueueState {
        name: "vouchers".into(),
        url: "http://vouchers".into(),
        visible: Some(waiting),
        in_flight: Some(waiting.min(1)),
        delayed: Some(0),
        backlog_per_task: None,
    };
    let service = ServiceState {
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
    };
    let stack = Observed {
        id: "arn".into(),
        status: Status::Ready { rolled_back: false },
        status_name: "CREATE_COMPLETE".into(),
        reason: None,
        termination_protection: false,
        name: String::new(),
        tags: Default::default(),
        parameters: Default::default(),
        outputs: Default::default(),
    };
    Inspection {
        unread: vec![],
        stack,
        clusters: vec![],
        services: vec![service],
        queues: vec![],
        dead_letters: vec![],
        alarms: vec![],
    }
}

/// 400 messages in ten seconds; one task until the twelfth second, then three, ten messages a second each.
fn course(told: bool) -> Course {
    let mut course = Course::new(BEGAN, Story::new(1, true));
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
        let tasks = if began_at_ms > BEGAN + 12_000 { 3 } else { 1 };
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
            &make_inspection(waiting, desired, running),
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

fn summary(told: bool) -> Summary {
    let stack = stack();
    let played = Played {
        assumptions: None,
        stack: &stack,
        speed: "20".parse().unwrap(),
        load: "step:from=0/s,to=40/s,at=0s,for=10s",
        report: "target/demo-report.html",
    };
    Summary::new(played, &course(told)).unwrap()
}

#[test]
fn a_story_that_was_told() {
    let summary = summary(true);
    assert!(summary.verdict().is_ok());
    insta::assert_snapshot!(format_summary(&summary));
    assert!(summary.page.unwrap().contains("Measured and predicted"));
}

#[test]
fn a_story_that_was_not_told_to_its_end() {
    let mut summary = summary(false);
    summary.kept = Some("default-demo".into());
    summary.trouble = Some("receive: timed out".into());
    insta::assert_snapshot!(format_summary(&summary));
    let failure = Failure::from(summary.verdict().unwrap_err());
    assert!(failure.hints()[0].ends_with("try --speed 10"));
    assert_eq!(
        failure.message(),
        "the demo has not shown everything: the load has not ended; the queue was not emptied; no task \
         was removed again"
    );
}

#[test]
fn what_is_measured_is_beside_what_is_predicted() {
    let judged = summary(true).judged.unwrap();
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
