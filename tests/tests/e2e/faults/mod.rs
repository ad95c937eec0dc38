//! Faults between a command and the cloud, one scenario per test. A command uses a proxy in front of the sandbox,
//! which loses, breaks, or delays chosen requests. Each test asserts the exit code, the message, and that the queue
//! and its messages still exist.
//!
//! Ignored tests run in `cargo xtask test --full`. Scenarios without the proxy are elsewhere: a failed first deploy and
//! a failed update in `failure`, losses in `loss`, guards in `guard` and `destroyed`, another owner's stack in
//! `ownership`, parallel runs in `together`, Ctrl-C and kills during a create in `killed`, and a proxy in the
//! environment in `surroundings`.

mod bucket;
mod credentials;
mod everyday;
mod gateway;
mod interrupted;
mod machine;
mod scene;
mod stuck;
mod why;

use std::time::Duration;

use e2e::until;
use serde_json::Value;

use scene::{Kept, PROGRAM, Scene, with_credentials};

/// No step of a scenario takes this long.
const BOUND: Duration = Duration::from_secs(60);

/// Waits until a call has reached the proxy.
async fn until_called(scene: &Scene, service: &str, action: &str) {
    let what = format!("a call of {service} {action}");
    let called = async || (scene.proxy.count(service, action) > 0).then_some(());
    until(&what, BOUND, called).await;
}

/// Asserts that an error's message and hints contain all of these texts.
#[track_caller]
fn assert_says(error: &Value, parts: &[&str]) {
    let text = format!("{} {}", error["message"], error["hints"]);
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing: {text}");
    }
}
