//! Task protection.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;

use tokio::sync::watch;

use super::*;
use crate::protection::{protect, put};

type Asked = Arc<Mutex<Vec<(u64, bool)>>>;

/// The keeper with an agent that answers the n-th request with `reply`; returns the seconds and the
/// requests.
fn keeper(
    reply: impl Fn(usize) -> Result<(), String> + Send + Sync + 'static,
) -> (watch::Sender<usize>, Asked, Lines) {
    let (sender, receiver) = watch::channel(0);
    let (asked, lines, begin) = (Asked::default(), Lines::default(), Instant::now());
    let (kept, log) = (Arc::clone(&asked), lines.log());
    tokio::spawn(protect(receiver, log, async move |enabled| {
        let mut kept = kept.lock().unwrap();
        kept.push((begin.elapsed().as_secs(), enabled));
        reply(kept.len() - 1)
    }));
    (sender, asked, lines)
}

#[tokio::test(start_paused = true)]
async fn the_agent_is_asked_on_a_change_and_to_renew() {
    let (long_work, asked, lines) = keeper(|_| Ok(()));
    for (seconds, count) in [(10, 1), (5, 2), (5, 1), (700, 0), (10, 0), (10, 3)] {
        sleep(seconds * SECOND).await;
        long_work.send_replace(count);
    }
    sleep(SECOND).await;
    let asked = asked.lock().unwrap().clone();
    let expected = [
        (10, true),
        (310, true),
        (610, true),
        (725, false),
        (740, true),
    ];
    assert_eq!(asked, expected);
    let said: Vec<_> = lines
        .events("protection")
        .iter()
        .map(|line| line["enabled"] == true)
        .collect();
    assert_eq!(said, [true, false, true]);
}

/// Long messages, two seconds apart: one request when they start and one after the last.
#[tokio::test(start_paused = true)]
async fn a_short_pause_keeps_the_protection() {
    let (long_work, asked, _) = keeper(|_| Ok(()));
    for _ in 0..5 {
        long_work.send_replace(1);
        sleep(20 * SECOND).await;
        long_work.send_replace(0);
        sleep(2 * SECOND).await;
    }
    sleep(60 * SECOND).await;
    // 5 × 22 s, and the last work ended 2 s before that.
    assert_eq!(*asked.lock().unwrap(), [(0, true), (113, false)]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_said_and_asked_again_later_and_later() {
    let (long_work, asked, lines) = keeper(|_| Err("DEPLOYMENT_BLOCKED: no".to_owned()));
    long_work.send_replace(1);
    sleep(600 * SECOND).await;
    let count = asked.lock().unwrap().len();
    assert!(
        (15..=30).contains(&count),
        "{count} requests in ten minutes"
    );
    let problems = lines.events("problem");
    assert_eq!(problems.len(), count);
    assert_eq!(problems[0]["error"], "DEPLOYMENT_BLOCKED: no");
    // It is unknown whether the protection took effect, so it is ended when the work ends.
    long_work.send_replace(0);
    sleep(61 * SECOND).await;
    let (_, last) = asked.lock().unwrap().last().copied().unwrap();
    assert!(!last);
}

#[tokio::test(start_paused = true)]
async fn only_work_that_lasts_is_protected() {
    let sqs = Sqs::new();
    for body in ["900", "5000", "900", "900", "3000"] {
        sqs.send("vouchers", body);
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    // No process listens there: the work continues.
    let agent = format!("http://{address}/api/x");
    let worker = start_with(&sqs, config(&[("ECS_AGENT_URI", &agent)]), Told);
    drained(&sqs, 20 * SECOND).await;
    let problems = worker.lines.events("problem");
    assert!(!problems.is_empty());
    assert_eq!(problems[0]["doing"], "protecting the task");
    let (summary, ..) = worker.stop().await;
    assert_eq!(summary.done, 5);
}

/// Sends one request to an agent that answers this; returns the request's line and body, and the result.
async fn ask(enabled: bool, status: &str, reply: &str) -> (String, Value, Result<(), String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let agent = format!("http://{}/api/x", listener.local_addr().unwrap());
    let (status, reply) = (status.to_owned(), reply.to_owned());
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut first, mut length) = (String::new(), 0);
        reader.read_line(&mut first).unwrap();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if header == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            reply.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(reply.as_bytes()).unwrap();
        (
            first.trim().to_owned(),
            serde_json::from_slice(&body).unwrap(),
        )
    });
    let asked = put(&agent, enabled).await;
    let (first, body) = served.join().unwrap();
    (first, body, asked)
}

/// Replies as in the ECS Developer Guide, "Amazon ECS task scale-in protection endpoint".
#[tokio::test]
async fn the_agent_s_replies_are_understood() {
    let protected = r#"{"protection": {"ExpirationDate": "2026-03-01T12:10:00Z", "ProtectionEnabled": true, "TaskArn": "a"}}"#;
    let (line, body, asked) = ask(true, "200 OK", protected).await;
    assert_eq!(line, "PUT /api/x/task-protection/v1/state HTTP/1.1");
    assert_eq!(
        body,
        serde_json::json!({"ProtectionEnabled": true, "ExpiresInMinutes": 10})
    );
    assert_eq!(asked, Ok(()));

    let off =
        r#"{"protection": {"ExpirationDate": null, "ProtectionEnabled": false, "TaskArn": "a"}}"#;
    let (_, body, asked) = ask(false, "200 OK", off).await;
    assert_eq!(body, serde_json::json!({"ProtectionEnabled": false}));
    assert_eq!(asked, Ok(()));
    assert!(ask(true, "200 OK", off).await.2.is_err());

    for (status, reply, said) in [
        (
            "202 Accepted",
            r#"{"failure": {"Arn": "a", "Detail": null, "Reason": "DEPLOYMENT_BLOCKED"}}"#,
            "DEPLOYMENT_BLOCKED",
        ),
        (
            "404 Not Found",
            r#"{"error": {"Arn": "a", "Code": "ResourceNotFoundException", "Message": "not found"}}"#,
            "ResourceNotFoundException: not found",
        ),
        (
            "502 Bad Gateway",
            "<html>",
            "the ECS agent answered with HTTP status 502",
        ),
    ] {
        let (.., asked) = ask(true, status, reply).await;
        assert_eq!(asked, Err(said.to_owned()));
    }
}
