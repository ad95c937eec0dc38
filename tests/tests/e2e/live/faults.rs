//! Failures of a worker, of the cloud itself, and of the metric function.

use std::time::Duration;

use e2e::until;
use rustix::process::{Signal, kill_process};
use sandbox::Due;

use super::{Course, Live, MINUTE, definition, send, steady};

/// A worker is killed while it processes a message: the message is visible again after its visibility timeout,
/// another worker processes it, and the task is replaced.
#[tokio::test]
async fn the_message_of_a_killed_worker_is_done_by_another() {
    let live = Live::start("kill", definition).await;
    let long = Due {
        at: Duration::ZERO,
        work: Some(Duration::from_secs(3)),
    };
    let ids = send(&live, [long]).await;
    until(
        "the message in flight",
        Duration::from_secs(20),
        async || (live.counts().await == (0, 1)).then_some(()),
    )
    .await;
    let task = live.tasks().await;
    let worker = live.worker();
    kill_process(worker, Signal::KILL).unwrap();

    until("the message's end", Duration::from_secs(40), async || {
        (live.processed().has(&ids[0])).then_some(())
    })
    .await;
    live.is_drained(Duration::from_secs(10)).await;
    let processed = live.processed();
    assert_eq!(processed.receives(&ids[0]), 2, "delivered twice, done once");
    assert_eq!(processed.lines(), 1);
    let replaced = live.tasks().await;
    assert_eq!(replaced.len(), 1);
    assert_ne!(replaced, task, "the task is another");
    assert_eq!(live.exit_code(&task[0]).await, Some(137), "128 + SIGKILL");
}

/// LocalStack is stopped for ten seconds under load: everything recovers without help, and no message is lost.
#[tokio::test]
async fn ten_seconds_without_the_cloud_are_made_up_for() {
    let live = Live::start("pause", definition).await;
    let load = steady(20.0, Duration::ZERO, Duration::from_secs(50));
    let (ids, ()) = tokio::join!(send(&live, load), async {
        tokio::time::sleep(Duration::from_secs(8)).await;
        kill_process(live.localstack, Signal::STOP).unwrap();
        tokio::time::sleep(Duration::from_secs(10)).await;
        kill_process(live.localstack, Signal::CONT).unwrap();
    });
    live.is_above(1, MINUTE * 12).await;
    live.is_drained(Duration::from_secs(90)).await;
    let processed = live.processed();
    assert!(
        ids.iter().all(|id| processed.has(id)),
        "a message is missing"
    );
    live.comes_to(1, MINUTE * 40).await;
    assert_eq!(live.read_sandbox_state().await, "running");
}

/// The metric function can't read its queue. It publishes nothing, so nothing scales, regardless of the length
/// of the queue, and the missing-data alarm goes into ALARM.
#[tokio::test]
async fn a_silent_metric_scales_nothing_and_rings() {
    let live = Live::start("silent", definition).await;
    live.breaks_the_metric().await;
    // The policy would immediately need every task for these messages, and one task can't process them in the
    // meantime.
    let course = Course::follow(&live);
    send(&live, steady(100.0, Duration::ZERO, Duration::from_secs(8))).await;
    live.rings("SilentAlarm", MINUTE * 20).await;
    let looks = course.end().await;
    assert!(
        looks.iter().all(|look| look.desired == 1),
        "missing data has scaled"
    );
    assert!(looks.iter().any(|look| look.visible > 200));
    assert_eq!(live.activities().await.len(), 0);
}
