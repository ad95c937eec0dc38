//! Problems of the machine itself: the sandbox is killed or frozen, or the disk is full or read-only.

use std::path::Path;
use std::time::Duration;

use e2e::{Bench, OwnSandbox, Run, TestStack, find_processes, signal_localstack, small, until};
use rustix::process::Signal;

use super::{PROGRAM, Scene, assert_says, with_credentials};

const MINUTE: Duration = Duration::from_secs(60);

/// The sandbox is killed in the middle of a deploy: reported, and the same command starts it again.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_killed_sandbox_is_reported_and_started_again() {
    let mut own = OwnSandbox::new("killed-cloud");
    let running = own.start(&[]).await;
    let stack = TestStack::new(&own.bench, "in-killed-cloud");
    let definition = small(&stack.name);
    stack.write(&definition);
    let mut deploy = stack.run("deploy", &["--yes"]).start();
    deploy.says("CREATE_COMPLETE").await;
    signal_localstack(&running, Signal::KILL);
    let ended = deploy.end().await;
    let error = ended.fails(6);
    assert_says(&error, &["the sandbox has stopped", "localstack.log"]);
    let again = stack.deploy(&definition).await.succeeds();
    assert_eq!(again["changed"], true);
}

/// The sandbox freezes for 20 s in the middle of an update, and nothing is lost.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_frozen_sandbox_is_waited_for() {
    let mut own = OwnSandbox::new("frozen");
    let running = own.start(&[]).await;
    let scene = Scene::on(own.bench.clone(), "in-frozen-cloud", "us-east-1").await;
    let (scene, kept) = scene.into_deployed().await;
    scene.edit();
    let mut deploy = scene.run("deploy", &["--yes"]).start();
    deploy.says("planning the update").await;
    signal_localstack(&running, Signal::STOP);
    tokio::time::sleep(Duration::from_secs(20)).await;
    signal_localstack(&running, Signal::CONT);
    let _ = deploy.end().await.succeeds();
    kept.assert(&scene).await;
    assert!(kept.is_updated(&scene).await);
}

/// Runs a program after a script has mounted something that only the program sees.
fn with_mount(bench: &Bench, mount: &str, program: &Path, arguments: &[&str]) -> Run {
    let script = format!("set -e; {mount}; exec \"$@\"");
    let program = program.display().to_string();
    let shell = [
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        &script,
        "sh",
        &program,
    ];
    bench.run_program(Path::new("unshare"), &[&shell, arguments].concat())
}

/// The disk is full when the sandbox starts: an error reports it, and no unrecorded LocalStack remains.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_full_disk_leaves_no_sandbox_without_a_record() {
    let own = OwnSandbox::new("full");
    std::fs::create_dir_all(&own.folder).unwrap();
    let folder = own.folder.display();
    let mount = format!(
        "mount -t tmpfs -o size=4k tmpfs {folder}; dd if=/dev/zero of={folder}/filler bs=4k count=1 status=none"
    );
    let run = with_mount(&own.bench, &mount, own.bench.program(), &["local", "start"]);
    let run = run.env("ECS_SCALER_SANDBOX", own.bench.sandbox());
    let error = run.end().await.fails(1);
    assert_says(&error, &["no space left on"]);
    assert_eq!(
        find_processes("", &own.folder.display().to_string()),
        [] as [u32; 0],
        "LocalStack is left"
    );
}

/// The terminal is closed while LocalStack starts: nothing of it remains, and the next start works.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_start_that_is_interrupted_leaves_no_process() {
    for signal in [Signal::HUP, Signal::TERM, Signal::INT] {
        let own = OwnSandbox::new("closed-terminal");
        let folder = own.folder.display().to_string();
        let start = own.bench.xtask(["local", "start"]).start();
        let processes = || find_processes("localstack", &folder);
        until("LocalStack's process", MINUTE, async || {
            (!processes().is_empty()).then_some(())
        })
        .await;
        start.signal(signal);
        let _ = start.end().await.fails(1);
        assert_eq!(
            find_processes("", &folder),
            [] as [u32; 0],
            "left after {signal:?}"
        );
        assert_eq!(own.local("start").await["reused"], false);
    }
}

/// Only the sandbox writes into the checkout, and its error says so.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_read_only_checkout_can_still_be_deployed() {
    let (scene, kept) = Scene::deployed("read-only").await;
    scene.edit();
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .display()
        .to_string();
    let mount = format!(
        "mount --bind {checkout} {checkout}; mount -o remount,bind,ro {checkout}; cd {checkout}"
    );
    let file = scene.stack.file().display().to_string();
    let endpoint = scene.proxy.url();
    let arguments = ["deploy", &file, "--yes", "--endpoint-url", &endpoint];
    let run = with_mount(&scene.bench, &mount, Path::new(PROGRAM), &arguments);
    let _ = with_credentials(run).end().await.succeeds();
    assert!(kept.is_updated(&scene).await);
    let local = ["status", &file, "--local"];
    let error = with_mount(&scene.bench, &mount, scene.bench.program(), &local)
        .end()
        .await
        .fails(1);
    assert_says(&error, &["Read-only file system"]);
    kept.assert(&scene).await;
}

/// Output that can't be written is an error, not a panic.
#[tokio::test]
async fn output_to_a_full_disk_is_an_error() {
    let scene = Scene::new("full-output").await;
    let file = scene.stack.file().display().to_string();
    let script = "exec \"$@\" > /dev/full";
    let arguments = ["-c", script, "sh", PROGRAM, "synth", &file];
    let ended = scene
        .bench
        .run_program(Path::new("sh"), &arguments)
        .end()
        .await;
    assert_eq!(ended.code, Some(1), "{ended}");
    let error = "error: failed to write to standard output: No space left on device";
    assert!(ended.stderr.contains(error), "{ended}");
}
