//! The environment of a command: signals, proxies, credentials, and a start that is killed.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use e2e::{Bench, Cloud, OwnSandbox, TestStack, find_processes, worker};
use rustix::process::Signal;

/// Interrupted before, while, and after CloudFormation plans.
#[tokio::test]
async fn an_interrupted_diff_leaves_nothing() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "interrupted");
    stack.write(&worker(&stack.name));
    let mut interrupted = 0;
    for (delay, signal) in [
        (0, Signal::INT),
        (100, Signal::TERM),
        (300, Signal::HUP),
        (600, Signal::INT),
    ] {
        let mut diff = stack.run("diff", &[]).start();
        diff.says("planning").await;
        tokio::time::sleep(Duration::from_millis(delay)).await;
        diff.signal(signal);
        let ended = diff.end().await;
        match ended.code {
            Some(0) => {}
            _ => {
                interrupted += 1;
                let error = ended.fails(1);
                assert_eq!(error["message"], "interrupted: nothing was changed");
            }
        }
        assert_eq!(cloud.stack_status(&stack.name).await, None, "{delay} ms");
    }
    assert!(interrupted > 0);
}

/// Nothing listens at the proxy, so a request to it fails.
#[tokio::test]
async fn a_proxy_is_not_asked_for_this_machine() {
    let bench = Bench::open();
    let stack = TestStack::new(&bench, "proxy");
    stack.write(&worker(&stack.name));
    let mut diff = stack.run("diff", &[]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        diff = diff
            .env(name, "http://127.0.0.1:9")
            .env(&name.to_lowercase(), "http://127.0.0.1:9");
    }
    let planned = diff.end().await.succeeds();
    assert_eq!(planned["changed"], true);
}

#[tokio::test]
async fn wrong_credentials_are_named_at_once() {
    let bench = Bench::open();
    let stack = TestStack::new(&bench, "credentials");
    let folder = stack.file().parent().unwrap().to_owned();
    let file = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let config = file(
        "config",
        "[profile prod]\nregion = us-west-2\n\
         [profile sso]\nregion = us-west-2\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = r\n\
         [sso-session s]\nsso_region = us-east-1\nsso_start_url = https://example.awsapps.com/start\n",
    );
    let credentials = file("credentials", "");
    let imds = answer_forbidden();
    for (arguments, code, message, hint) in [
        (
            vec!["--profile", "prdo"],
            2,
            "there is no AWS profile `prdo`",
            "did you mean prod?",
        ),
        (
            vec!["--profile", "prod"],
            6,
            "the profile prod has no credentials",
            "aws configure --profile prod",
        ),
        (
            vec!["--profile", "sso"],
            6,
            "the SSO session of the profile sso",
            "aws sso login --profile sso",
        ),
        (
            vec!["--region", "us-wets-2"],
            2,
            "there is no AWS region `us-wets-2`",
            "did you mean us-west-2?",
        ),
        (
            vec!["--region", "us-west-2"],
            6,
            "no AWS credentials were found",
            "--profile NAME",
        ),
    ] {
        let begin = Instant::now();
        let arguments = [vec!["status", "shop"], arguments].concat();
        let run = bench
            .xtask(arguments)
            .env("HOME", folder.display().to_string())
            .env("AWS_CONFIG_FILE", &config)
            .env("AWS_SHARED_CREDENTIALS_FILE", &credentials)
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &imds);
        let error = run.end().await.fails(code);
        let text = error["message"].as_str().unwrap();
        assert!(text.starts_with(message), "{error}");
        assert!(
            error["hints"][0].as_str().unwrap().contains(hint),
            "{error}"
        );
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "{:?}",
            begin.elapsed()
        );
    }
}

/// Returns the URL of a metadata service that responds but has no credentials.
fn answer_forbidden() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let reply = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(reply.as_bytes());
        }
    });
    url
}

/// Regardless of where the first start was killed, the next one has the sandbox to itself.
#[tokio::test]
async fn a_start_that_is_killed_leaves_no_second_localstack() {
    let mut own = OwnSandbox::new("killed-start");
    for delay in [20, 60, 120] {
        let mut start = own.bench.xtask(["local", "start"]).start();
        start.says("starting LocalStack").await;
        tokio::time::sleep(Duration::from_millis(delay)).await;
        start.signal(Signal::KILL);
        let _ = start.end().await;
    }
    let running = own.start(&[]).await;
    let pid = running["pid"].as_u64().unwrap();
    assert_eq!(
        localstacks(&own.folder.display().to_string()),
        [u32::try_from(pid).unwrap()]
    );
    own.local("stop").await;
    assert_eq!(localstacks(&own.folder.display().to_string()), [0; 0]);
}

/// Returns the process IDs of the LocalStacks of the sandbox in this folder.
fn localstacks(folder: &str) -> Vec<u32> {
    let environment = format!("FILESYSTEM_ROOT={folder}/filesystem");
    find_processes("localstack.runtime.main", &environment)
}
