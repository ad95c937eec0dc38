use std::sync::Mutex;

use aws_sdk_sqs::operation::send_message_batch::{
    SendMessageBatchError, SendMessageBatchInput, SendMessageBatchOutput,
};
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchResultEntry};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};

use super::*;

const URL: &str = "http://127.0.0.1/queue/us-east-1/000000000000/vouchers";

type Reply = MockResponse<SendMessageBatchOutput, SendMessageBatchError>;
/// The time and the bodies of each call.
type Calls = Arc<Mutex<Vec<(Duration, Vec<String>)>>>;

fn due(millis: u64) -> Due {
    Due {
        at: Duration::from_millis(millis),
        work: None,
    }
}

/// A queue whose reply to the n-th call is `reply`.
fn queue(
    reply: impl Fn(usize, &SendMessageBatchInput) -> Reply + Send + Sync + 'static,
) -> (Producer, Calls) {
    let calls = Calls::default();
    let (kept, begin) = (Arc::clone(&calls), Instant::now());
    let rule = mock!(Client::send_message_batch).then_compute_response(move |input| {
        let bodies = input
            .entries()
            .iter()
            .map(|entry| entry.message_body().to_owned());
        let mut kept = kept.lock().unwrap();
        kept.push((begin.elapsed(), bodies.collect()));
        reply(kept.len() - 1, input)
    });
    let client = mock_client!(aws_sdk_sqs, RuleMode::MatchAny, [&rule]);
    (Producer::new(client, URL), calls)
}

fn takes(input: &SendMessageBatchInput, takes: impl Fn(&str) -> bool) -> Reply {
    let mut reply = SendMessageBatchOutput::builder().set_failed(Some(vec![]));
    reply = reply.set_successful(Some(vec![]));
    for entry in input.entries() {
        if takes(entry.id()) {
            let taken = SendMessageBatchResultEntry::builder().id(entry.id());
            let taken = taken.message_id(format!("id-{}", entry.id()));
            reply = reply.successful(taken.md5_of_message_body("").build().unwrap());
        } else {
            let failed = BatchResultErrorEntry::builder().id(entry.id());
            let failed = failed.code("InternalError").sender_fault(false);
            reply = reply.failed(failed.build().unwrap());
        }
    }
    MockResponse::Output(reply.build().unwrap())
}

fn takes_all(input: &SendMessageBatchInput) -> Reply {
    takes(input, |_| true)
}

fn down() -> Reply {
    let meta = aws_sdk_sqs::error::ErrorMetadata::builder()
        .code("AccessDenied")
        .build();
    MockResponse::Error(SendMessageBatchError::generic(meta))
}

async fn send(producer: &Producer, load: Vec<Due>) -> (Sending, Vec<SentMessage>) {
    let mut all = Vec::new();
    let never = std::future::pending();
    let sending = producer.send(load, never, |sent| all.push(sent)).await;
    (sending, all)
}

#[tokio::test(start_paused = true)]
async fn what_is_due_within_50_ms_goes_together_and_nothing_before_its_moment() {
    let (producer, calls) = queue(|_, input| takes_all(input));
    let load = [0, 20, 49, 50, 1_000, 1_049, 60_000];
    let (sending, all) = send(&producer, load.into_iter().map(due).collect()).await;
    let calls: Vec<_> = calls
        .lock()
        .unwrap()
        .iter()
        .map(|(at, bodies)| (at.as_millis(), bodies.len()))
        .collect();
    assert_eq!(calls, [(49, 3), (50, 1), (1_049, 2), (60_000, 1)]);
    assert_eq!(
        (sending.sent, sending.not_sent, sending.repeated_calls),
        (7, 0, 0)
    );
    assert_eq!(sending.latest, Duration::from_millis(49));
    assert!(!sending.was_stopped);
    let mut sent: Vec<_> = all
        .iter()
        .map(|one| (one.voucher, one.due.as_millis(), &*one.message_id))
        .collect();
    sent.sort_unstable();
    let expected = load
        .iter()
        .zip(0..)
        .map(|(due, n)| (n, u128::from(*due), format!("id-{n}")));
    let expected: Vec<_> = expected.collect();
    assert!(
        sent.into_iter()
            .eq(expected.iter().map(|(n, due, id)| (*n, *due, &**id)))
    );
}

#[tokio::test(start_paused = true)]
async fn a_burst_goes_in_tens_with_each_message_s_own_work() {
    let (producer, calls) = queue(|_, input| takes_all(input));
    let work = Some(Duration::from_micros(7_900));
    let load = vec![
        Due {
            at: Duration::ZERO,
            work
        };
        25
    ];
    let (sending, _) = send(&producer, load).await;
    assert_eq!(sending.sent, 25);
    let calls = calls.lock().unwrap();
    let sizes: Vec<_> = calls.iter().map(|(_, bodies)| bodies.len()).collect();
    assert_eq!(sizes, [10, 10, 5]);
    let body: serde_json::Value = serde_json::from_str(&calls[2].1[4]).unwrap();
    assert_eq!(body, json!({"voucher": 24, "work_ms": 7}));
}

#[tokio::test(start_paused = true)]
async fn what_sqs_does_not_take_is_sent_again_alone() {
    let (producer, calls) = queue(|call, input| match call {
        0 => down(),
        1 => takes(input, |id| id != "1"),
        _ => takes_all(input),
    });
    let (sending, all) = send(&producer, vec![due(0), due(1), due(2)]).await;
    assert_eq!(
        (sending.sent, sending.not_sent, sending.repeated_calls),
        (3, 0, 2)
    );
    assert!(sending.last_error.is_some());
    let sizes: Vec<_> = calls
        .lock()
        .unwrap()
        .iter()
        .map(|(_, bodies)| bodies.len())
        .collect();
    assert_eq!(sizes, [3, 3, 1]);
    let vouchers: Vec<_> = all.iter().map(|sent| sent.voucher).collect();
    assert_eq!(vouchers, [0, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_takes_nothing_is_given_up_and_said() {
    let (producer, _) = queue(|_, _| down());
    let (sending, all) = send(&producer, vec![due(0), due(5_000)]).await;
    assert_eq!((sending.sent, sending.not_sent), (0, 2));
    assert!(sending.last_error.unwrap().contains("AccessDenied"));
    assert_eq!(all, []);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_it_at_once_even_while_sqs_is_down() {
    for is_down in [false, true] {
        let (producer, calls) =
            queue(move |_, input| if is_down { down() } else { takes_all(input) });
        let begin = Instant::now();
        let stop = sleep(Duration::from_millis(2_500));
        let load = (0..).map(|second| due(second * 1_000));
        let sending = producer.send(load, stop, |_| {}).await;
        assert!(sending.was_stopped);
        assert!(
            begin.elapsed() < Duration::from_millis(3_100),
            "{:?}",
            begin.elapsed()
        );
        let expected = if is_down { (0, 3) } else { (3, 0) };
        assert_eq!((sending.sent, sending.not_sent), expected);
        let first = calls.lock().unwrap()[0].1.clone();
        assert_eq!(first, [r#"{"voucher":0}"#]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_moment_that_never_comes_is_waited_for_in_vain() {
    let (producer, _) = queue(|_, input| takes_all(input));
    let load = [Due {
        at: Duration::MAX,
        work: None,
    }];
    let sending = producer
        .send(load, sleep(Duration::from_secs(9)), |_| {})
        .await;
    assert_eq!(
        sending,
        Sending {
            was_stopped: true,
            ..Sending::default()
        }
    );
}
