//! Being stopped.

use super::*;

const DONE: Summary = Summary {
    done: 1,
    failed: 0,
    given_back: 0,
    not_deleted: 0,
};

#[tokio::test(start_paused = true)]
async fn what_has_begun_is_finished_and_deleted_and_nothing_new_begins() {
    let sqs = Sqs::new();
    (0..3).for_each(|_| sqs.send("vouchers", "10000"));
    let worker = start_with(&sqs, config(&[]), Told);
    sleep(SECOND).await;
    let (summary, lines, took) = worker.stop().await;
    assert_eq!(summary, DONE);
    assert_eq!(
        outcomes(&lines),
        [("vouchers-0".to_owned(), "done".to_owned())]
    );
    assert_eq!(took.as_secs(), 9);
    assert_eq!(sqs.count_messages(), 2);
    assert!(
        sqs.state()
            .messages
            .iter()
            .all(|message| message.receives == 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_that_the_last_poll_brings_is_worked_on() {
    let sqs = Sqs::new();
    let worker = start_with(&sqs, config(&[]), Told);
    sleep(5 * SECOND).await;
    let (late, begin) = (sqs.clone(), Instant::now());
    tokio::spawn(async move {
        sleep(10 * SECOND).await;
        late.send("vouchers", "100");
        late.send("vouchers", "100");
    });
    let (summary, _, took) = worker.stop().await;
    assert_eq!(summary, DONE);
    assert_eq!(took.as_secs(), 10, "{:?}", begin.elapsed());
    // The other message is visible to others immediately.
    assert_eq!(sqs.count_messages(), 1);
    assert_eq!(sqs.state().messages[0].receives, 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_ends_with_its_poll() {
    for (wait, seconds) in [("20s", 15), ("7s", 2), ("0s", 0)] {
        let sqs = Sqs::new();
        let worker = start(&sqs, &[("WAIT_TIME", wait)]);
        sleep(5 * SECOND).await;
        let (summary, _, took) = worker.stop().await;
        assert_eq!((summary, took.as_secs()), (Summary::default(), seconds));
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_finished_in_time_is_given_back_at_once() {
    let sqs = Sqs::new();
    for body in ["500", "hang", "hang"] {
        sqs.send("vouchers", body);
    }
    let config = config(&[
        ("CONCURRENCY", "3"),
        ("STOP_TIMEOUT", "8s"),
        ("VISIBILITY_TIMEOUT", "1h"),
    ]);
    let worker = start_with(&sqs, config, Told);
    sleep(SECOND).await;
    let (summary, lines, took) = worker.stop().await;
    assert_eq!(
        summary,
        Summary {
            given_back: 2,
            ..DONE
        }
    );
    assert_eq!(took.as_secs(), 6, "three quarters of the stop timeout");
    let reason = lines.events("message")[1]["reason"].clone();
    assert!(reason.as_str().unwrap().contains("given back"), "{reason}");
    // Another sees them now, not after an hour.
    let begin = Instant::now();
    let other = start(&sqs, &[("CONCURRENCY", "2")]);
    sleep(SECOND / 10).await;
    assert!(
        sqs.state()
            .messages
            .iter()
            .all(|message| message.receives == 2)
    );
    assert!(begin.elapsed() < SECOND);
    drop(other);
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_gives_back_at_once() {
    let sqs = Sqs::new();
    sqs.send("vouchers", "hang");
    let worker = start_with(&sqs, config(&[]), Told);
    sleep(SECOND).await;
    worker.stopper.stop(worker.config.stop_times());
    sleep(SECOND).await;
    let (summary, _, took) = worker.stop().await;
    assert_eq!(summary.given_back, 1);
    assert!(took < SECOND, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn it_ends_in_time_though_sqs_never_answers_again() {
    for operation in [
        "",
        "ReceiveMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibility",
    ] {
        for fault in [
            sqs::Fault::Hangs,
            sqs::Fault::Unavailable,
            sqs::Fault::ReplyLost,
        ] {
            for (body, concurrency) in [("3000", "1"), ("hang", "2")] {
                let sqs = Sqs::new();
                sqs.send("vouchers", body);
                let config = [("CONCURRENCY", concurrency), ("VISIBILITY_TIMEOUT", "1h")];
                let worker = start_with(&sqs, super::config(&config), Told);
                sleep(SECOND).await;
                sqs.fails(operation, fault);
                let (summary, _, took) = worker.stop().await;
                assert!(
                    took <= Duration::from_secs(29),
                    "{operation} {fault:?} {body}: {took:?}"
                );
                let ended = summary.done + summary.given_back;
                assert_eq!(ended, 1, "{operation} {fault:?} {body}: {summary:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_at_once_when_sqs_was_down_from_the_start() {
    let sqs = Sqs::new();
    sqs.fails("", sqs::Fault::Unavailable);
    let worker = start(&sqs, &[]);
    sleep(300 * SECOND).await;
    let (summary, _, took) = worker.stop().await;
    assert_eq!(summary, Summary::default());
    assert!(took <= 12 * SECOND, "{took:?}");
}
