//! Long outages of SQS.

use super::sqs::Fault;
use super::*;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn an_outage_is_sat_out_with_few_calls_and_work_goes_on_by_itself() {
    for fault in [Fault::Unavailable, Fault::Hangs, Fault::Denied] {
        let sqs = Sqs::new();
        (0..50).for_each(|_| sqs.send("vouchers", "100"));
        let worker = start_with(&sqs, config(&[("CONCURRENCY", "4")]), Told);
        sleep(Duration::from_millis(550)).await;
        let before = sqs.state().calls.len();
        sqs.fails("", fault);
        sleep(60 * MINUTE).await;
        let (calls, problems) = (
            sqs.state().calls.len() - before,
            worker.lines.events("problem").len(),
        );
        assert!(!worker.task.is_finished());
        // A poll every five to ten seconds, and for a few seconds the messages in progress.
        assert!(calls < 760, "{fault:?}: {calls} calls in an hour");
        assert!(
            (60..760).contains(&problems),
            "{fault:?}: {problems} lines in an hour"
        );
        sqs.recovers();
        // A poll that hangs ends after 25 s, the last backoff after 10 s, and then there is little work.
        drained(&sqs, 40 * SECOND).await;
        // Messages that were done before the outage and not deleted came again, and no others.
        let outcomes = worker.outcomes();
        assert!((50..=58).contains(&outcomes.len()), "{}", outcomes.len());
        assert!(outcomes.iter().all(|(_, outcome)| outcome == "done"));
        worker.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_an_sqs_that_is_down_at_the_start() {
    let sqs = Sqs::new();
    sqs.send("vouchers", "100");
    sqs.fails("GetQueueAttributes", Fault::Unavailable);
    let worker = start_with(&sqs, config(&[]), Told);
    sleep(10 * MINUTE).await;
    assert_eq!(sqs.calls("ReceiveMessage").len(), 0);
    sqs.recovers();
    drained(&sqs, 31 * SECOND).await;
    assert_eq!(worker.outcomes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn work_stops_when_what_is_done_cannot_be_deleted() {
    let sqs = Sqs::new();
    (0..1_000).for_each(|_| sqs.send("vouchers", "100"));
    sqs.fails("DeleteMessageBatch", Fault::Denied);
    let config = config(&[("CONCURRENCY", "10"), ("VISIBILITY_TIMEOUT", "12h")]);
    let worker = start_with(&sqs, config, Told);
    sleep(10 * MINUTE).await;
    let done = worker.outcomes().len();
    // A hundred wait, ten are being deleted, and ten keep their places.
    assert!((110..=120).contains(&done), "{done}");
    sqs.recovers();
    drained(&sqs, 30 * SECOND).await;
    assert_eq!(worker.outcomes().len(), 1_000, "each was done once");
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_is_bridged_by_the_heartbeat() {
    let sqs = Sqs::new();
    sqs.send("vouchers", "60000");
    let config = || config(&[("VISIBILITY_TIMEOUT", "60s"), ("WORK_LIMIT", "5m")]);
    let workers = [(); 2].map(|()| start_with(&sqs, config(), Told));
    sleep(29 * SECOND).await;
    sqs.fails("", Fault::Unavailable);
    sleep(20 * SECOND).await;
    sqs.recovers();
    drained(&sqs, MINUTE).await;
    let all: usize = workers.iter().map(|worker| worker.outcomes().len()).sum();
    assert_eq!(all, 1, "the message was hidden in time");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_lost_is_not_asked_for_again() {
    let sqs = Sqs::new();
    sqs.send("vouchers", "60000");
    let worker = start_with(&sqs, config(&[]), Told);
    sleep(SECOND).await;
    // A user purges the queue.
    sqs.state().messages.clear();
    sleep(MINUTE).await;
    assert_eq!(sqs.calls("ChangeMessageVisibility").len(), 1);
    let problems = worker.lines.events("problem");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0]["message_id"], "vouchers-0");
    let (summary, ..) = worker.stop().await;
    assert_eq!(summary.done, 1);
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_reply_that_was_lost_come_again() {
    let sqs = Sqs::new();
    sqs.send("vouchers", "100");
    sqs.fails("ReceiveMessage", Fault::ReplyLost);
    let worker = start_with(&sqs, config(&[]), Told);
    sleep(SECOND).await;
    sqs.recovers();
    drained(&sqs, 35 * SECOND).await;
    let line = worker.lines.events("message").remove(0);
    assert_eq!(line["receive_count"], 2);
}
