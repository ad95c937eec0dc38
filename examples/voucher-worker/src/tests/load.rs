//! Work with healthy infrastructure and all kinds of messages.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn every_message_is_done_once_and_has_its_line() {
    let sqs = Sqs::new();
    for voucher in 0..40 {
        sqs.send("vouchers", &json!({ "voucher": voucher }).to_string());
    }
    let begin = Instant::now();
    let worker = start(&sqs, &[("CONCURRENCY", "4")]);
    drained(&sqs, 5 * SECOND).await;
    // 40 messages of 100 ms, 4 at a time, and a receive between.
    assert!(begin.elapsed() >= SECOND, "{:?}", begin.elapsed());
    let mut ids: Vec<_> = worker.outcomes();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 40);
    assert!(ids.iter().all(|(_, outcome)| outcome == "done"));
    let line = worker.lines.events("message").remove(0);
    let expected = json!({
        "event": "message", "message_id": "vouchers-0", "sent_at_ms": 1_772_366_400_000_u64,
        "began_at_ms": line["began_at_ms"], "ended_at_ms": line["ended_at_ms"],
        "outcome": "done", "receive_count": 1, "queue": "vouchers", "at_ms": line["ended_at_ms"],
    });
    assert_eq!(line, expected);
    let took = line["ended_at_ms"].as_u64().unwrap() - line["began_at_ms"].as_u64().unwrap();
    assert_eq!(took, 100);
    let (summary, ..) = worker.stop().await;
    assert_eq!(
        summary,
        Summary {
            done: 40,
            ..Summary::default()
        }
    );
}

/// Counts the messages in parallel processing.
#[derive(Clone, Debug, Default)]
struct Counting {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Check for Counting {
    async fn check(&self, _: Message) -> Result<(), CheckError> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        sleep(Duration::from_millis(u64::from(fastrand::u8(..)))).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_is_received_than_can_be_worked_on_at_once() {
    for concurrency in [1, 3, 25] {
        let sqs = Sqs::new();
        (0..200).for_each(|_| sqs.send("vouchers", "x"));
        let check = Counting::default();
        let config = config(&[("CONCURRENCY", &concurrency.to_string())]);
        let worker = start_with(&sqs, config, check.clone());
        drained(&sqs, 60 * SECOND).await;
        assert_eq!(check.most.load(Ordering::SeqCst), concurrency);
        // Hidden only while it is processed: no more messages were requested than places were free.
        let once = sqs.calls("ReceiveMessage");
        let most = once
            .iter()
            .map(|(body, _)| body["MaxNumberOfMessages"].as_u64());
        let most = most.max().flatten().unwrap();
        assert_eq!(most, concurrency.min(10) as u64);
        let (summary, ..) = worker.stop().await;
        assert_eq!(summary.done, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn long_work_is_kept_hidden_and_done_once() {
    let sqs = Sqs::new();
    sqs.send("vouchers", r#"{"voucher": 1, "work_ms": 60000}"#);
    // Two more workers that would take it immediately.
    let workers = [(); 3].map(|()| start(&sqs, &[]));
    drained(&sqs, 61 * SECOND).await;
    let all: Vec<_> = workers.iter().flat_map(Running::outcomes).collect();
    assert_eq!(all.len(), 1);
    // The queue's visibility timeout is 4 s, and half of it is waited.
    assert_eq!(sqs.calls("ChangeMessageVisibility").len(), 29);
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_left_for_redelivery_and_ends_as_a_dead_letter_and_nothing_else_does() {
    let sqs = Sqs::new().dead_letters_after(3);
    for body in ["1", "panic", "2", "fail", "hang", "3"] {
        sqs.send("vouchers", body);
    }
    let config = config(&[("CONCURRENCY", "10"), ("WORK_LIMIT", "6s")]);
    let worker = start_with(&sqs, config, Told);
    drained(&sqs, 60 * SECOND).await;
    let mut dead: Vec<_> = sqs
        .state()
        .dead
        .iter()
        .map(|message| (message.body.clone(), message.receives))
        .collect();
    dead.sort();
    let expected = ["fail", "hang", "panic"].map(|body| (body.to_owned(), 3));
    assert_eq!(dead, expected);
    let mut reasons: Vec<_> = worker
        .lines
        .events("message")
        .iter()
        .filter_map(|line| {
            let reason = line["reason"].as_str()?;
            Some(format!("{} {reason}", line["receive_count"]))
        })
        .collect();
    reasons.sort();
    let reason = [
        "as requested",
        "it took longer than the work limit of 6s",
        "the check panicked",
    ];
    let expected: Vec<_> = (1..=3)
        .flat_map(|count| reason.map(|reason| format!("{count} {reason}")))
        .collect();
    assert_eq!(reasons, expected);
    let (summary, ..) = worker.stop().await;
    let expected = Summary {
        done: 3,
        failed: 9,
        ..Summary::default()
    };
    assert_eq!(summary, expected);
}

#[tokio::test(start_paused = true)]
async fn deletions_go_together_when_many_are_done_and_never_wait() {
    let sqs = Sqs::new();
    (0..100).for_each(|_| sqs.send("vouchers", "50"));
    let config = config(&[("CONCURRENCY", "50")]);
    let worker = start_with(&sqs, config, Told);
    drained(&sqs, SECOND).await;
    let calls = sqs.calls("DeleteMessageBatch");
    assert!(calls.len() < 60, "{} calls for 100 messages", calls.len());
    sqs.send("vouchers", "50");
    drained(&sqs, Duration::from_millis(75)).await;
    let (summary, ..) = worker.stop().await;
    assert_eq!(summary.done, 101);
}

#[tokio::test(start_paused = true)]
async fn a_busy_queue_neither_starves_another_nor_is_held_up_by_it() {
    let sqs = Sqs::new();
    (0..1_000).for_each(|_| sqs.send("vouchers", "100"));
    let config = config(&[("QUEUE_URL_B", "orders"), ("QUEUE_URL_C", "idle")]);
    let worker = start_with(&sqs, config, Told);
    sleep(5 * SECOND).await;
    let before = sqs.count_messages();
    // Of 5 s, two polls of the other queues and one of its own, of 5 ms each, come with each 100 ms.
    assert!(before < 1_000 - 40, "{before} are left");
    for _ in 0..10 {
        sqs.send("orders", "100");
    }
    let begin = Instant::now();
    while sqs
        .state()
        .messages
        .iter()
        .any(|message| message.queue == "orders")
    {
        sleep(Duration::from_millis(10)).await;
    }
    // Turn by turn: ten of them and about ten of the busy queue's.
    assert!(begin.elapsed() < 3 * SECOND, "{:?}", begin.elapsed());
    let done = before - sqs.count_messages();
    assert!((8..=12).contains(&done), "{done}");
    drop(worker);
}

#[tokio::test(start_paused = true)]
async fn idle_queues_are_polled_long_and_seldom() {
    for (variables, most) in [
        (&[][..], 4),
        (&[("QUEUE_URL_B", "orders"), ("QUEUE_URL_C", "idle")], 63),
    ] {
        let sqs = Sqs::new();
        let worker = start(&sqs, variables);
        sleep(60 * SECOND).await;
        let polls = sqs.calls("ReceiveMessage").len();
        assert!(polls <= most, "{polls} polls in a minute");
        // With one queue, a message is received immediately; with three, within one turn of the
        // queues.
        let queue = if variables.is_empty() {
            "vouchers"
        } else {
            "idle"
        };
        sqs.send(queue, r#"{"voucher": 1}"#);
        drained(&sqs, 4 * SECOND).await;
        drop(worker);
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_fifo_queue_one_message_is_asked_for_at_a_time() {
    let sqs = Sqs::new();
    let worker = start_with(
        &sqs,
        config(&[("QUEUE_URL", "q.fifo"), ("CONCURRENCY", "5")]),
        Told,
    );
    (0..5).for_each(|_| sqs.send("q.fifo", "100"));
    drained(&sqs, SECOND).await;
    let calls = sqs.calls("ReceiveMessage");
    assert!(
        calls
            .iter()
            .all(|(body, _)| body["MaxNumberOfMessages"] == 1)
    );
    drop(worker);
}
