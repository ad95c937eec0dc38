//! The proxy in front of a server that gives every request the same reply.
#![expect(
    clippy::unwrap_used,
    reason = "in a test it is the assertion; clippy.toml lets it pass in test functions only"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fault_proxy::{Fault, Proxy, Rule};

const REPLY: &str = "<Reply>the stack is well</Reply>";

/// A server that replies with [`REPLY`] and counts the requests.
fn serve() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let served = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut buffer = [0; 4096];
            // Small requests: the body arrives together with its length.
            while !is_whole(&head) {
                let read = stream.read(&mut buffer).unwrap();
                if read == 0 {
                    break;
                }
                head.extend(&buffer[..read]);
            }
            if !is_whole(&head) {
                continue;
            }
            served.fetch_add(1, Ordering::SeqCst);
            let length = REPLY.len();
            let reply = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{REPLY}"
            );
            stream.write_all(reply.as_bytes()).unwrap();
        }
    });
    (url, count)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        (name.eq_ignore_ascii_case("content-length")).then(|| value.parse::<usize>().unwrap())
    });
    body.len() >= length.unwrap_or(0)
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    body: String,
}

/// Sends a request with a signature like an SDK's. `None` if no complete reply arrives.
async fn send(url: &str, service: &str, action: &str) -> Option<Answer> {
    let scope = format!("Credential=test/20260101/us-east-1/{service}/aws4_request");
    let signature = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
    let config = ureq::config::Config::builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(2)));
    let agent: ureq::Agent = config.build().into();
    let (method, path) = action.split_once(' ').unwrap_or(("POST", "/"));
    let url = format!("{url}{path}");
    let form = format!("Action={action}&Version=2010-05-15");
    let (method, rest) = (method.to_owned(), action.contains(' '));
    let target = format!("Some_2014.{action}");
    let json = service == "ecs";
    let sent = tokio::task::spawn_blocking(move || {
        let request = ureq::http::Request::builder()
            .method(method.as_str())
            .uri(url)
            .header("authorization", signature);
        let request = match json {
            true => request.header("x-amz-target", target).body("{}".to_owned()),
            false if rest => request.body(String::new()),
            false => request.body(form),
        };
        let mut reply = agent.run(request.unwrap()).ok()?;
        let body = reply.body_mut().read_to_vec().ok()?;
        let body = String::from_utf8_lossy(&body).into_owned();
        let status = reply.status().as_u16();
        Some(Answer { status, body })
    });
    sent.await.unwrap()
}

fn well() -> Option<Answer> {
    let body = REPLY.to_owned();
    Some(Answer { status: 200, body })
}

/// Starts a proxy with this rule. Returns two replies to DescribeStacks, and the number of requests that
/// reached the server.
async fn two_replies(rule: Rule) -> ([Option<Answer>; 2], usize) {
    let (upstream, served) = serve();
    let proxy = Proxy::start(&upstream).await;
    proxy.inject(rule);
    let one = send(&proxy.url(), "cloudformation", "DescribeStacks").await;
    let two = send(&proxy.url(), "cloudformation", "DescribeStacks").await;
    ([one, two], served.load(Ordering::SeqCst))
}

fn first(fault: Fault) -> Rule {
    Rule::on("cloudformation", "DescribeStacks", fault).first(1)
}

#[tokio::test]
async fn a_request_is_lost_before_or_after_the_cloud_has_received_it() {
    let (replies, served) = two_replies(first(Fault::DropBefore)).await;
    assert_eq!((replies, served), ([None, well()], 1));
    let (replies, served) = two_replies(first(Fault::DropAfter)).await;
    assert_eq!((replies, served), ([None, well()], 2));
    // The server never receives a complete first request.
    let (replies, served) = two_replies(first(Fault::CutRequest)).await;
    assert_eq!((replies, served), ([None, well()], 1));
}

#[tokio::test]
async fn a_reply_is_cut_truncated_or_garbled() {
    let (replies, _) = two_replies(first(Fault::Cut)).await;
    assert_eq!(replies, [None, well()]);
    let (replies, _) = two_replies(first(Fault::Truncate)).await;
    let half = REPLY[..REPLY.len() / 2].to_owned();
    let truncated = Answer {
        status: 200,
        body: half,
    };
    assert_eq!(replies, [Some(truncated), well()]);
    let (replies, _) = two_replies(first(Fault::Garble)).await;
    assert!(replies[0].as_ref().unwrap().body.contains("garbled"));
    let ill = Fault::rewrite(|body| body.replace("well", "ill"));
    let (replies, _) = two_replies(first(ill)).await;
    assert_eq!(
        replies[0].as_ref().unwrap().body,
        "<Reply>the stack is ill</Reply>"
    );
}

#[tokio::test]
async fn errors_have_the_form_of_their_service() {
    let (upstream, served) = serve();
    let proxy = Proxy::start(&upstream).await;
    let expect = async |fault: Fault, service: &str, action: &str, status: u16, part: &str| {
        proxy.clear();
        proxy.inject(Rule::every(fault));
        let reply = send(&proxy.url(), service, action).await.unwrap();
        assert_eq!(reply.status, status, "{service}: {reply:?}");
        assert!(reply.body.contains(part), "{service}: {reply:?}");
    };
    // Codes: "Common Errors" of each service's API reference.
    let query = "<Code>Throttling</Code>";
    expect(
        Fault::Throttle,
        "cloudformation",
        "DescribeStacks",
        400,
        query,
    )
    .await;
    let json = r#""__type": "ThrottlingException""#;
    expect(Fault::Throttle, "ecs", "DescribeServices", 400, json).await;
    expect(
        Fault::Throttle,
        "s3",
        "GET /bucket/key",
        503,
        "<Code>SlowDown</Code>",
    )
    .await;
    let functions = "GET /2015-03-31/functions/f";
    expect(
        Fault::Throttle,
        "lambda",
        functions,
        429,
        "TooManyRequestsException",
    )
    .await;
    let cbor = "GET /service/GraniteServiceVersion20100801/operation/DescribeAlarms";
    expect(
        Fault::Throttle,
        "monitoring",
        cbor,
        400,
        "ThrottlingException",
    )
    .await;
    expect(
        Fault::Expire,
        "sts",
        "GetCallerIdentity",
        403,
        "<Code>ExpiredToken</Code>",
    )
    .await;
    expect(
        Fault::Expire,
        "ecs",
        "DescribeServices",
        400,
        "ExpiredTokenException",
    )
    .await;
    expect(
        Fault::Deny,
        "sts",
        "GetCallerIdentity",
        403,
        "<Code>AccessDenied</Code>",
    )
    .await;
    let missing = Fault::Refuse(400, "ImageNotFoundException", "no such image");
    let code = r#""__type": "ImageNotFoundException", "message": "no such image""#;
    expect(missing, "ecs", "DescribeImages", 400, code).await;
    expect(Fault::Page(502), "sts", "GetCallerIdentity", 502, "<html>").await;
    assert_eq!(served.load(Ordering::SeqCst), 0, "a fault was forwarded");
}

#[tokio::test]
async fn a_rule_counts_what_it_matches() {
    let (upstream, _) = serve();
    let proxy = Proxy::start(&upstream).await;
    proxy.inject(
        Rule::on("s3", "PUT /bucket/", Fault::DropBefore)
            .from(2)
            .first(1),
    );
    proxy.inject(
        Rule::service("ecs", Fault::DropBefore)
            .per_action()
            .first(1),
    );
    let url = proxy.url();
    let mut lost = Vec::new();
    for (service, action) in [
        ("s3", "PUT /bucket/one"),
        ("s3", "GET /bucket/one"),
        ("s3", "PUT /bucket/two"),
        ("s3", "PUT /bucket/three"),
        ("ecs", "DescribeServices"),
        ("ecs", "ListTasks"),
        ("ecs", "DescribeServices"),
    ] {
        lost.push(send(&url, service, action).await.is_none());
    }
    assert_eq!(lost, [false, false, true, false, true, true, false]);
    assert_eq!(proxy.count("s3", "PUT /bucket"), 3);
    assert_eq!(proxy.count("ecs", "DescribeServices"), 2);
    let calls = proxy.calls();
    assert_eq!(calls[2].to_string(), "s3 PUT /bucket/two");
    // A health check isn't signed.
    proxy.inject(Rule::every(Fault::DropBefore));
    assert_eq!(send(&url, "", "GET /health").await, well());
    proxy.clear();
    assert_eq!(proxy.calls(), []);
    assert_eq!(send(&url, "ecs", "ListTasks").await, well());
}

#[tokio::test]
async fn a_request_waits_or_hangs() {
    let delay = Duration::from_millis(300);
    let begin = Instant::now();
    let (replies, _) = two_replies(first(Fault::Delay(delay))).await;
    assert_eq!(replies, [well(), well()]);
    assert!(begin.elapsed() >= delay);

    let (upstream, served) = serve();
    let proxy = Proxy::start(&upstream).await;
    proxy.inject(first(Fault::Hang));
    let url = proxy.url();
    let sent = tokio::spawn(async move { send(&url, "cloudformation", "DescribeStacks").await });
    proxy.hangs().await;
    assert_eq!(served.load(Ordering::SeqCst), 0);
    assert_eq!(
        sent.await.unwrap(),
        None,
        "the client's own timeout ends it"
    );
    proxy.inject(Rule::on("ecs", "ListTasks", Fault::HangAfter));
    assert_eq!(send(&proxy.url(), "ecs", "ListTasks").await, None);
    assert_eq!(served.load(Ordering::SeqCst), 1);
}
