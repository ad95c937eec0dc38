//! The sandbox's life cycle, in the test's own sandbox.

use std::time::Duration;

use e2e::{Bench, OwnSandbox, TestStack, signal_localstack, until, worker};
use rustix::process::Signal;
use serde_json::Value;

#[tokio::test]
async fn comes_back_whatever_happens_to_its_process() {
    let own = OwnSandbox::new("life");
    assert_eq!(own.local("status").await["state"], "stopped");
    assert_eq!(
        own.local("stop").await["stopped"],
        false,
        "nothing to stop isn't a failure"
    );

    let first = own.local("start").await;
    assert_eq!(first["reused"], false);
    let again = own.local("start").await;
    assert_eq!(again["reused"], true);
    assert_eq!(
        [&again["pid"], &again["endpoint_url"]],
        [&first["pid"], &first["endpoint_url"]]
    );
    assert_eq!(own.local("status").await["pid"], first["pid"]);

    // Killed.
    signal_localstack(&first, Signal::KILL);
    until(
        "the end of the killed process",
        Duration::from_secs(10),
        async || (own.local("status").await["state"] == "stopped").then_some(()),
    )
    .await;
    let second = own.local("start").await;
    assert_ne!(second["pid"], first["pid"]);
    assert_eq!(
        second["endpoint_url"], first["endpoint_url"],
        "the port is remembered"
    );

    // Running, but not responding.
    signal_localstack(&second, Signal::STOP);
    let state = own.local("status").await;
    assert_eq!(state["state"], "unresponsive");
    assert_eq!(state["pid"], second["pid"]);
    let third = own.local("start").await;
    assert_eq!(third["reused"], false);
    assert_ne!(third["pid"], second["pid"]);
    assert!(!runs(&second), "the deaf process is still there");
    assert_eq!(own.local("status").await["state"], "running");

    assert_eq!(own.local("stop").await["stopped"], true);
    assert_eq!(own.local("stop").await["stopped"], false);
    assert_eq!(own.local("status").await["state"], "stopped");
}

/// Whether the process of a sandbox is running. A zombie doesn't count, because `init` takes a while to reap
/// it.
fn runs(sandbox: &Value) -> bool {
    let mut system = sysinfo::System::new_all().unwrap();
    system.refresh_processes(sysinfo::ProcessesToUpdate::All, true);
    let pid = sysinfo::Pid::from_u32(sandbox["pid"].as_u64().unwrap().try_into().unwrap());
    let process = system.process(pid);
    process.is_some_and(|process| process.status() != sysinfo::ProcessStatus::Zombie)
}

/// LocalStack's reaper kills the functions when LocalStack is killed. It starts with the first function.
#[tokio::test]
async fn a_command_ends_nothing_that_localstack_started() {
    let bench = Bench::open();
    let stack = TestStack::new(&bench, "reaper");
    let _ = stack.deploy(&worker(&stack.name)).await.succeeds();
    let status = bench.xtask(["local", "status"]).end().await.succeeds();
    let localstack = status["pid"].as_u64().unwrap();
    let before = find_reapers(localstack);
    assert_eq!(before.len(), 1);
    let _ = bench.xtask(["local", "start"]).end().await.succeeds();
    assert_eq!(find_reapers(localstack), before);
    let _ = stack.destroy(&[]).await.succeeds();
}

fn find_reapers(localstack: u64) -> Vec<sysinfo::Pid> {
    let mut system = sysinfo::System::new_all().unwrap();
    system.refresh_all();
    let parent = sysinfo::Pid::from_u32(localstack.try_into().unwrap());
    let is_reaper = |process: &&sysinfo::Process| {
        let mut words = process.cmd().iter();
        process.parent() == Some(parent)
            && words.any(|word| word.to_string_lossy().ends_with("reaper.py"))
    };
    let found = system.processes().values().filter(is_reaper);
    found.map(sysinfo::Process::pid).collect()
}

/// Two parallel commands, as in two terminals: one starts the sandbox, and the other one finds it.
#[tokio::test]
async fn is_started_once_by_two_at_once() {
    let own = OwnSandbox::new("race");
    let (one, other) = tokio::join!(own.local("start"), own.local("start"));
    assert_eq!(one["pid"], other["pid"]);
    assert_ne!(one["reused"], other["reused"]);
    // Another sandbox of the checkout is a separate process.
    let shared = Bench::open()
        .xtask(["local", "status"])
        .end()
        .await
        .succeeds();
    assert_ne!(shared["pid"], one["pid"]);
    assert_ne!(shared["endpoint_url"], one["endpoint_url"]);
}
