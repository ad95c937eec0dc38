//! The examples' worker in each language, as a process, on a real queue.

mod agent;
mod queue;

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use e2e::{Language, Worker, until};
use rustix::process::Signal;
use serde_json::{Value, json};

use self::agent::record_protection;
use self::queue::Queue;

fn is_message(line: &Value) -> bool {
    line["event"] == "message"
}

fn is_protection(line: &Value) -> bool {
    line["event"] == "protection"
}

fn is_start(line: &Value) -> bool {
    line["event"] == "start"
}

/// How often each message has ended so.
fn ended(said: &[Value], outcome: &str) -> BTreeMap<String, u32> {
    let mut ids = BTreeMap::new();
    for line in said
        .iter()
        .filter(|line| is_message(line) && line["outcome"] == outcome)
    {
        *ids.entry(line["message_id"].to_string()).or_default() += 1;
    }
    ids
}

/// Asks a worker to end; its log.
async fn terminated(worker: Worker, within: Duration) -> Vec<Value> {
    let begin = Instant::now();
    worker.signal(Signal::TERM);
    let (code, said) = worker.ended().await;
    assert_eq!(code, Some(0), "{said:?}");
    assert!(begin.elapsed() < within, "{:?}", begin.elapsed());
    assert_eq!(said.last().unwrap()["event"], "end", "{said:?}");
    said
}

/// The tests of this file, for each language.
macro_rules! for_each_language {
    ($($module:ident: $language:ident),*; $tests:tt) => {
        $(for_each_language!(@ $module $language $tests);)*
    };
    (@ $module:ident $language:ident [$($test:ident),* $(,)?]) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(super::Language::$language).await;
                }
            )*
        }
    };
}

for_each_language! {
    rust: Rust, python: Python, typescript: TypeScript;
    [
        every_message_is_done_once_by_several_workers,
        sigterm_lets_the_work_finish_and_be_deleted,
        what_a_stopped_worker_cannot_finish_is_visible_at_once,
        a_killed_worker_s_message_is_done_by_another,
        a_poison_message_ends_as_a_dead_letter_and_the_rest_of_its_batch_is_done,
        the_heartbeat_keeps_a_long_message_from_a_second_worker,
        long_work_is_protected_until_it_ends,
        an_invalid_configuration_is_reported_in_full,
        the_health_check_follows_the_worker,
    ]
}

const SECOND: Duration = Duration::from_secs(1);

async fn every_message_is_done_once_by_several_workers(language: Language) {
    let queue = Queue::create(language, 30, 5).await;
    queue.send_vouchers(60).await;
    let variables = [
        ("WORK_TIME", "20ms"),
        ("CONCURRENCY", "3"),
        ("WAIT_TIME", "1s"),
    ];
    let workers = [(); 3].map(|()| queue.worker(&variables));
    queue.is_empty(30 * SECOND).await;
    let mut said = Vec::new();
    for worker in workers {
        said.extend(terminated(worker, 5 * SECOND).await);
    }
    let done = ended(&said, "done");
    assert_eq!(done.len(), 60);
    assert!(done.values().all(|times| *times == 1), "{done:?}");
    assert_eq!(ended(&said, "failed").len(), 0);
    for line in said.iter().filter(|line| is_message(line)) {
        let moment = |name: &str| line[name].as_u64().unwrap();
        // One clock: SQS runs on this machine.
        assert!(moment("sent_at_ms") <= moment("began_at_ms"), "{line}");
        assert!(
            moment("began_at_ms") + 20 <= moment("ended_at_ms"),
            "{line}"
        );
        assert_eq!(line["receive_count"], 1);
    }
    queue.delete().await;
}

async fn sigterm_lets_the_work_finish_and_be_deleted(language: Language) {
    let queue = Queue::create(language, 30, 5).await;
    queue.send_vouchers(2).await;
    let mut worker = queue.worker(&[("WORK_TIME", "2s"), ("STOP_TIMEOUT", "10s")]);
    worker.says("that it starts", is_start).await;
    until("a message in flight", 20 * SECOND, async || {
        (queue.counts(&queue.url).await == (1, 1)).then_some(())
    })
    .await;
    let said = terminated(worker, 8 * SECOND).await;
    assert_eq!(ended(&said, "done").len(), 1);
    assert_eq!(said.last().unwrap()["done"], 1);
    // The other was never taken.
    assert_eq!(queue.counts(&queue.url).await, (1, 0));
    queue.delete().await;
}

async fn what_a_stopped_worker_cannot_finish_is_visible_at_once(language: Language) {
    let queue = Queue::create(language, 600, 5).await;
    queue.send(r#"{"voucher": 1, "work_ms": 600000}"#).await;
    let worker = queue.worker(&[("STOP_TIMEOUT", "4s")]);
    until("a message in flight", 20 * SECOND, async || {
        (queue.counts(&queue.url).await == (0, 1)).then_some(())
    })
    .await;
    let said = terminated(worker, 4 * SECOND).await;
    assert_eq!(said.last().unwrap()["given_back"], 1);
    assert_eq!(queue.counts(&queue.url).await, (1, 0));
    queue.delete().await;
}

async fn a_killed_worker_s_message_is_done_by_another(language: Language) {
    let queue = Queue::create(language, 3, 5).await;
    queue.send(r#"{"voucher": 1, "work_ms": 1500}"#).await;
    let first = queue.worker(&[]);
    until("a message in flight", 20 * SECOND, async || {
        (queue.counts(&queue.url).await == (0, 1)).then_some(())
    })
    .await;
    first.signal(Signal::KILL);
    let (code, said) = first.ended().await;
    assert_eq!((code, ended(&said, "done").len()), (None, 0));
    let mut second = queue.worker(&[("WAIT_TIME", "1s")]);
    let line = second.says("that the message is done", is_message).await;
    assert_eq!(
        (&line["outcome"], &line["receive_count"]),
        (&"done".into(), &2.into())
    );
    queue.is_empty(5 * SECOND).await;
    let _ = terminated(second, 5 * SECOND).await;
    queue.delete().await;
}

async fn a_poison_message_ends_as_a_dead_letter_and_the_rest_of_its_batch_is_done(
    language: Language,
) {
    let queue = Queue::create(language, 2, 2).await;
    queue.send_vouchers(4).await;
    queue.send("poison").await;
    queue.send_vouchers(4).await;
    let worker = queue.worker(&[("CONCURRENCY", "10"), ("WAIT_TIME", "1s")]);
    until("a dead letter", 20 * SECOND, async || {
        (queue.counts(&queue.dead).await.0 == 1).then_some(())
    })
    .await;
    queue.is_empty(5 * SECOND).await;
    let said = terminated(worker, 5 * SECOND).await;
    let (done, failed) = (ended(&said, "done"), ended(&said, "failed"));
    assert_eq!(done.len(), 8);
    assert!(done.values().all(|times| *times == 1), "{done:?}");
    assert_eq!(
        failed.values().copied().collect::<Vec<_>>(),
        [2],
        "{failed:?}"
    );
    let reason = said.iter().find_map(|line| line["reason"].as_str());
    assert!(reason.unwrap().starts_with("malformed: "), "{reason:?}");
    queue.delete().await;
}

async fn the_heartbeat_keeps_a_long_message_from_a_second_worker(language: Language) {
    let queue = Queue::create(language, 2, 5).await;
    queue.send(r#"{"voucher": 1, "work_ms": 7000}"#).await;
    let workers = [(); 2].map(|()| queue.worker(&[("WAIT_TIME", "1s")]));
    queue.is_empty(20 * SECOND).await;
    let mut said = Vec::new();
    for worker in workers {
        said.extend(terminated(worker, 5 * SECOND).await);
    }
    let lines: Vec<_> = said.iter().filter(|line| is_message(line)).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(
        (&lines[0]["outcome"], &lines[0]["receive_count"]),
        (&"done".into(), &1.into())
    );
    queue.delete().await;
}

async fn long_work_is_protected_until_it_ends(language: Language) {
    let queue = Queue::create(language, 30, 5).await;
    let (agent, mut requests) = record_protection().await;
    let variables = [
        ("ECS_AGENT_URI", agent.as_str()),
        ("PROTECT_AFTER", "1s"),
        ("WAIT_TIME", "1s"),
    ];
    let mut worker = queue.worker(&variables);
    // Too short to need protection.
    queue.send_vouchers(1).await;
    worker.says("that a message is done", is_message).await;
    queue.send(r#"{"voucher": 1, "work_ms": 2500}"#).await;
    let line = worker.says("that it is protected", is_protection).await;
    assert_eq!(line["enabled"], true);
    let request = requests.recv().await.unwrap();
    assert_eq!(
        request,
        json!({"ProtectionEnabled": true, "ExpiresInMinutes": 10})
    );
    let done = worker.says("that the message is done", is_message).await;
    // It is held for 5 s, for the next long message.
    let line = worker.says("that it isn't protected", is_protection).await;
    assert_eq!(line["enabled"], false);
    let held = line["at_ms"].as_u64().unwrap() - done["at_ms"].as_u64().unwrap();
    assert!((4_500..10_000).contains(&held), "{held}");
    assert_eq!(
        requests.recv().await.unwrap(),
        json!({"ProtectionEnabled": false})
    );
    let _ = terminated(worker, 5 * SECOND).await;
    assert!(requests.try_recv().is_err());
    queue.delete().await;
}

async fn an_invalid_configuration_is_reported_in_full(language: Language) {
    let mut command = language.command();
    let variables = [("CONCURRENCY", "none"), ("WORK_TIME", "x")];
    let output = command.envs(variables).output().await.unwrap();
    assert_eq!((output.status.code(), output.stdout), (Some(2), Vec::new()));
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = "voucher-worker: the configuration is invalid\n  \
        QUEUE_URL is not set: expected the URL of a queue, in it or in QUEUE_URL_NAME for each of several\n  \
        CONCURRENCY is \"none\": expected a whole number from 1 to 1000\n  \
        WORK_TIME is \"x\": expected a duration such as 100ms, or exponential:100ms for its mean\n";
    assert_eq!(said, expected);
}

async fn the_health_check_follows_the_worker(language: Language) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alive");
    let variable = ("HEALTH_FILE", file.to_str().unwrap());
    let check = async || {
        let mut command = language.command();
        command.arg("check").env(variable.0, variable.1);
        command.output().await.unwrap().status.code()
    };
    assert_eq!(check().await, Some(1));
    let queue = Queue::create(language, 30, 5).await;
    let worker = queue.worker(&[variable, ("WAIT_TIME", "1s")]);
    until("the health file", 20 * SECOND, async || {
        file.exists().then_some(())
    })
    .await;
    assert_eq!(check().await, Some(0));
    let _ = terminated(worker, 5 * SECOND).await;
    // As old as if the worker had hung since.
    let old = SystemTime::now() - 61 * SECOND;
    std::fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(old)
        .unwrap();
    assert_eq!(check().await, Some(1));
    queue.delete().await;
}
