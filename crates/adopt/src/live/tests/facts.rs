//! The conclusions, each with its evidence.

use super::*;

/// A busy task deletes 2 messages per second, and a message takes 500 ms while nothing waits: 1 at a time, 1 ÷ 2/s
/// = 500 ms. The busiest minute has 240 messages: 4/s × 0.5 s = 2 tasks. 34.5 s from creation to start is rounded
/// up to 35 s.
#[test]
fn everything_is_measured_where_there_is_a_history() {
    let facts = infer(&readings());
    let processing = facts.processing.unwrap();
    assert_eq!(processing.value, Duration::from_millis(500));
    assert!(
        processing
            .evidence
            .contains("in flight ÷ deleted per second over 14 days"),
        "{processing:?}"
    );
    assert!(
        processing
            .evidence
            .contains("30000 deleted messages and 1100 minutes"),
        "{processing:?}"
    );
    assert_eq!(facts.concurrency.value, 1);
    let evidence = &facts.concurrency.evidence;
    assert!(
        evidence.starts_with("a busy task deletes 2 per second (100 minutes"),
        "{evidence}"
    );
    assert!(
        evidence.ends_with("it holds 10 messages, including messages received in advance"),
        "{evidence}"
    );
    assert_eq!((facts.min.value, facts.max.value), (2, 20));
    assert_eq!(
        facts.max.evidence,
        "of its scalable target; the busiest minute needed 2, if they were spread evenly"
    );
    assert_eq!(facts.task_start.value, Duration::from_secs(35));
    let start = &facts.task_start.evidence;
    assert!(
        start.starts_with(
            "p95 of 1 task, from their creation until they ran, of which pulling images took 12s"
        ),
        "{start}"
    );
}

#[test]
fn without_a_history_of_tasks_the_concurrency_is_a_guess() {
    let mut readings = readings();
    readings.history.running.clear();
    let facts = infer(&readings);
    assert_eq!(
        facts.processing.unwrap().value,
        Duration::from_millis(500),
        "of the quiet minutes"
    );
    assert_eq!(facts.concurrency.value, 1);
    assert!(
        facts
            .concurrency
            .evidence
            .starts_with("guess: 1; without a history"),
        "{:?}",
        facts.concurrency
    );
    assert_eq!(facts.tasks_from, None);
}

/// Messages always wait, so only the rate of busy tasks is known: 240 deleted per minute by 2 tasks, so 2/s each
/// and 500 ms.
#[test]
fn without_a_quiet_minute_only_the_rate_of_a_task_is_known() {
    let mut readings = readings();
    readings.history.visible = minutes(0, 1_100, 500.0);
    readings.history.in_flight = minutes(1_000, 100, 20.0);
    readings.history.deleted = minutes(1_000, 100, 240.0);
    let facts = infer(&readings);
    let processing = facts.processing.unwrap();
    assert_eq!(processing.value, Duration::from_millis(500));
    assert!(
        processing
            .evidence
            .starts_with("1 ÷ the rate of a busy task, 2 per second"),
        "{processing:?}"
    );
    assert!(
        facts
            .concurrency
            .evidence
            .contains("only their quotient was measured"),
        "{:?}",
        facts.concurrency
    );
}

#[test]
fn nothing_is_invented_where_nothing_was_measured() {
    let mut readings = readings();
    readings.history = History {
        days: 14,
        ..History::default()
    };
    readings.target = None;
    readings.starts.clear();
    let facts = infer(&readings);
    assert_eq!(facts.processing, None);
    assert_eq!(facts.traffic, None);
    for evidence in [
        &facts.concurrency.evidence,
        &facts.min.evidence,
        &facts.max.evidence,
        &facts.task_start.evidence,
    ] {
        assert!(evidence.starts_with("guess: "), "{evidence}");
    }
    assert_eq!((facts.min.value, facts.max.value), (1, 2));
    assert_eq!(facts.task_start.value, Duration::from_secs(40));
}

/// Without a target: the peak needs 2 tasks, so the maximum is 4, or the running count if that is higher.
#[test]
fn without_a_target_the_most_tasks_follow_from_the_peak() {
    let mut readings = readings();
    readings.target = None;
    let most = infer(&readings).max;
    assert_eq!(most.value, 4);
    assert!(
        most.evidence.starts_with("guess: twice the peak"),
        "{most:?}"
    );
    readings.service.desired = 9;
    assert_eq!(infer(&readings).max.value, 9);
    readings.scaling_unread = Some("denied".to_owned());
    assert!(infer(&readings).min.evidence.contains("wasn't read"));
}
