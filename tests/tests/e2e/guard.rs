//! The account and the cloud: a separate LocalStack through `--endpoint-url`, without assumptions about it.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use e2e::{Bench, Cloud, Run, TestStack, worker};

/// The sandbox's account for the credentials `test`, and another account.
const OURS: &str = "000000000000";
const THEIRS: &str = "111122223333";

/// Returns a run with credentials from the environment. LocalStack uses an access key of twelve digits as the
/// account.
fn with_key(run: Run, key: &str) -> Run {
    run.env("AWS_ACCESS_KEY_ID", key)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
}

#[tokio::test]
async fn another_account_or_region_is_refused() {
    let bench = Bench::open();
    let stack = TestStack::new(&bench, "guard");
    let definition = format!(
        "{}account: \"{THEIRS}\"\nregion: us-east-1\n",
        worker(&stack.name)
    );
    stack.write(&definition);
    let file = stack.file().display().to_string();
    let verbs: [&[&str]; 4] = [
        &["deploy", "--yes"],
        &["diff"],
        &["status"],
        &["destroy", "--yes"],
    ];
    for verb in verbs {
        let endpoint = ["--endpoint-url", bench.endpoint()];
        let arguments = [verb, &[&*file], &endpoint].concat();
        let error = with_key(bench.xtask(&arguments), "test")
            .end()
            .await
            .fails(5);
        assert_eq!(error["kind"], "Refused");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(OURS) && message.contains(THEIRS),
            "{message}"
        );
        let elsewhere = [&*arguments, &["--region", "eu-west-1"]].concat();
        let error = with_key(bench.xtask(&elsewhere), THEIRS)
            .end()
            .await
            .fails(5);
        assert!(
            error["message"].as_str().unwrap().contains("eu-west-1"),
            "{error}"
        );
    }
    // The correct account passes the guard, and nothing is found there.
    let arguments = ["status", &file, "--endpoint-url", bench.endpoint()];
    let error = with_key(bench.xtask(arguments), THEIRS)
        .end()
        .await
        .fails(1);
    assert!(
        error["message"].as_str().unwrap().contains(THEIRS),
        "{error}"
    );
    // The sandbox has no real account.
    let _ = stack.deploy(&definition).await.succeeds();
}

#[tokio::test]
async fn a_stack_is_found_by_endpoint_too() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "endpoint");
    let definition = format!(
        "{}account: \"{OURS}\"\nregion: us-east-1\n",
        worker(&stack.name)
    );
    let _ = stack.deploy(&definition).await.succeeds();
    let file = stack.file().display().to_string();
    let local = stack.status().await;
    let arguments = ["status", &file, "--endpoint-url", bench.endpoint()];
    let by_flag = with_key(bench.xtask(arguments), "test")
        .end()
        .await
        .succeeds();
    assert_eq!(by_flag["stack"], local["stack"]);
    let run = with_key(bench.xtask(["status", &file]), "test");
    let by_variable = run
        .env("AWS_ENDPOINT_URL", bench.endpoint())
        .end()
        .await
        .succeeds();
    assert_eq!(by_variable["stack"], local["stack"]);
    let arguments = [
        "destroy",
        &file,
        "--yes",
        "--endpoint-url",
        bench.endpoint(),
    ];
    let destroyed = with_key(bench.xtask(arguments), "test")
        .end()
        .await
        .succeeds();
    assert_eq!(destroyed["existed"], true);
    assert_eq!(cloud.stack_status(&stack.name).await, None);
}

#[tokio::test]
async fn a_cloud_out_of_reach_is_told_apart_soon() {
    let bench = Bench::open();
    let stack = TestStack::new(&bench, "unreachable");
    stack.write(&format!("{}region: us-east-1\n", worker(&stack.name)));
    let file = stack.file().display().to_string();
    // No process listens on a port that was free just before.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let arguments = ["status", &file, "--endpoint-url", &endpoint];
    let run = with_key(bench.xtask(arguments), "test").end().await;
    let error = run.fails(6);
    assert_eq!(error["kind"], "Unreachable");
    assert!(
        error["hints"].to_string().contains("--endpoint-url"),
        "{error}"
    );
    assert!(run.took < Duration::from_secs(60), "{run}");

    // Without credentials, the command also fails, and its error says why.
    let arguments = ["status", &file, "--endpoint-url", bench.endpoint()];
    let run = bench
        .xtask(arguments)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let run = run.env("AWS_CONFIG_FILE", "/dev/null");
    let run = run
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .end()
        .await;
    let error = run.fails(6);
    assert!(error["hints"].to_string().contains("--profile"), "{error}");
}
