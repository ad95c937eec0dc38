//! Failures: checks, queues, and missing services.

use std::time::Duration;

use serde_json::json;

use super::cloud::{Failing, minutes, policy, two_queues, world};
use crate::DemandOutcome;

const ALWAYS: Failing = |_| Some("AccessDenied");

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_does_not_stop_the_next() {
    for operation in ["GetQueueAttributes", "DescribeServices"] {
        let world = world(|_| (0, 10));
        world.lock().unwrap().desired = 8;
        world
            .lock()
            .unwrap()
            .fail(operation, |second| (second == 10).then_some("AccessDenied"));
        let invoked = &minutes(&world, &policy(&json!({})), 1).await[0];
        let error = invoked.result.as_ref().unwrap_err();
        assert_eq!(error.name(), "LooksFailed");
        let text = error.to_string();
        assert!(
            text.starts_with("service worker: 1 of 6 checks failed: "),
            "{text}"
        );
        let part = format!("{operation} failed: AccessDenied: as told");
        assert!(text.contains(&part), "{part} in {text}");
        assert_eq!(invoked.looks()[1].outcome, DemandOutcome::Failed);
        assert_eq!(invoked.lines()[1], "ERROR look");
        assert_eq!(invoked.lines()[6], "ERROR invocation failed");
        assert_eq!(world.lock().unwrap().set, [(20, 10)], "{operation}");
        assert_eq!(world.lock().unwrap().count("PutMetricData"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn without_data_nothing_is_removed() {
    let world = world(|_| (0, 0));
    // Two checks in a row fail each minute, so the need is never known for 120 s.
    world.lock().unwrap().fail("GetQueueAttributes", |second| {
        matches!(second % 60, 30 | 40 | 50).then_some("AccessDenied")
    });
    minutes(&world, &policy(&json!({})), 6).await;
    assert_eq!(world.lock().unwrap().set, []);
}

#[tokio::test(start_paused = true)]
async fn a_count_that_is_not_set_is_set_by_the_next_look() {
    let world = world(|_| (0, 10));
    world.lock().unwrap().desired = 8;
    world.lock().unwrap().fail("UpdateService", |second| {
        (second < 20).then_some("AccessDenied")
    });
    let invoked = &minutes(&world, &policy(&json!({})), 1).await[0];
    let look = &invoked.looks()[1];
    assert_eq!(
        (look.outcome, look.from, look.to),
        (DemandOutcome::Failed, Some(8), Some(8))
    );
    assert!(
        look.reason
            .starts_with("10 is not set: UpdateService failed: "),
        "{}",
        look.reason
    );
    assert!(
        look.reason.ends_with("the work needs 9.5 tasks"),
        "{}",
        look.reason
    );
    assert_eq!(world.lock().unwrap().set, [(20, 10)]);
    assert!(invoked.result.is_err());
}

#[tokio::test(start_paused = true)]
async fn one_queue_that_can_not_be_read_keeps_from_removing_and_not_from_adding() {
    let world = world(|second| (if second == 150 { 6_000 } else { 0 }, 0));
    {
        let mut world = world.lock().unwrap();
        world.queues.insert("returns", |_| (0, 0));
        world.fail("returns", ALWAYS);
    }
    let all = minutes(&world, &two_queues(), 4).await;
    assert_eq!(world.lock().unwrap().set, [(150, 50)]);
    assert_eq!(world.lock().unwrap().puts, []);
    let (idle, busy) = (&all[2].looks()[2], &all[2].looks()[3]);
    let text = "the required tasks are unknown, so no task is removed; \
                queue returns: GetQueueAttributes failed: AccessDenied: as told";
    assert_eq!(
        (idle.outcome, idle.reason.as_str()),
        (DemandOutcome::Kept, text)
    );
    assert_eq!(busy.outcome, DemandOutcome::ScaledOut);
    assert_eq!((busy.backlog, busy.need), (Some(6_000), None));
    assert_eq!(all[2].lines()[2], "WARN look");
    let error = all[3].result.as_ref().unwrap_err().to_string();
    assert_eq!(
        error,
        "service worker: 0 of 6 checks failed: no check could read queue returns"
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_gone_is_no_error() {
    for (status, outcome, reason) in [
        (
            None,
            DemandOutcome::Missing,
            "there is no service to scale (MISSING)",
        ),
        (
            Some("INACTIVE"),
            DemandOutcome::Missing,
            "there is no service to scale (INACTIVE)",
        ),
        (
            Some("DRAINING"),
            DemandOutcome::Draining,
            "the service is being deleted",
        ),
    ] {
        let world = world(|_| (6_000, 0));
        world.lock().unwrap().service = status;
        let invoked = &minutes(&world, &policy(&json!({})), 1).await[0];
        assert!(invoked.result.is_ok());
        let answer = invoked.answer();
        assert_eq!(
            (answer.outcome, answer.reason.as_str()),
            (Some(outcome), reason)
        );
        assert_eq!(answer.looks.len(), 1, "the next minute looks again");
        assert_eq!(world.lock().unwrap().set, []);
    }
    let world = world(|_| (6_000, 0));
    world
        .lock()
        .unwrap()
        .fail("UpdateService", |_| Some("ServiceNotActiveException"));
    let invoked = &minutes(&world, &policy(&json!({})), 1).await[0];
    assert!(invoked.result.is_ok());
    assert_eq!(invoked.answer().outcome, Some(DemandOutcome::Missing));
}

#[tokio::test(start_paused = true)]
async fn a_garbled_answer_is_no_count_of_zero() {
    let world = world(|_| (0, 10));
    world.lock().unwrap().running = Some(-1);
    let invoked = &minutes(&world, &policy(&json!({})), 1).await[0];
    let text = invoked.result.as_ref().unwrap_err().to_string();
    assert_eq!(
        text,
        "service worker: 6 of 6 checks failed: -1 isn't a running count"
    );
}

#[tokio::test(start_paused = true)]
async fn a_need_that_is_not_published_fails_the_invocation() {
    let world = world(|_| (0, 10));
    world.lock().unwrap().desired = 8;
    world.lock().unwrap().fail("PutMetricData", ALWAYS);
    let invoked = &minutes(&world, &policy(&json!({})), 1).await[0];
    let text = invoked.result.as_ref().unwrap_err().to_string();
    assert_eq!(text, "PutMetricData failed: AccessDenied: as told");
    assert_eq!(world.lock().unwrap().set, [(10, 10)]);
}

/// The invocation ends within Lambda's minute, although its time is shorter than its period.
#[tokio::test(start_paused = true)]
async fn looks_end_with_the_period() {
    let world = world(|_| (0, 10));
    let compressed = json!({"every_ms": 500, "period_ms": 3_000});
    let began = tokio::time::Instant::now();
    let invoked = &minutes(&world, &policy(&compressed), 1).await[0];
    assert_eq!(invoked.looks().len(), 6);
    assert_eq!(began.elapsed(), Duration::from_millis(2_500));
}
