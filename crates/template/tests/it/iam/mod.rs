//! The policies in an offline IAM simulator: necessary actions are allowed, and unnecessary ones are denied.
//!
//! The simulator is an npm package. It also refuses actions, resources, and condition keys that IAM doesn't have.

mod adopt;
mod calls;
mod demand;
mod deploy;
mod import;
mod neighbors;
mod operate;
mod others;
mod requests;
mod roles;
mod world;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A request to AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Request {
    /// The name of the policies that decide.
    #[serde(rename = "as")]
    pub(super) who: String,
    /// The boundary of the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) within: Option<String>,
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) context: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    result: String,
    detail: String,
    ignored: Vec<String>,
}

impl Request {
    pub(super) fn new(action: &str, resource: impl Into<String>) -> Self {
        Self {
            who: String::new(),
            within: None,
            action: action.to_owned(),
            resource: resource.into(),
            context: BTreeMap::new(),
        }
    }

    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.context.insert(key.to_owned(), value.into());
        self
    }

    pub(super) fn by(mut self, who: &str) -> Self {
        self.who = who.to_owned();
        self
    }

    /// As a request that CloudFormation makes for the caller.
    pub(super) fn via_cloudformation(self) -> Self {
        self.with("aws:CalledVia", json!(["cloudformation.amazonaws.com"]))
    }
}

/// Node.js, and the folder with the simulator's module. With `None`, the simulations are skipped.
fn simulator() -> Option<[std::ffi::OsString; 2]> {
    let node = std::env::var_os("ECS_SCALER_TEST_NODE")?;
    Some([node, std::env::var_os("ECS_SCALER_TEST_IAM")?])
}

/// Which of the requests are allowed.
fn simulate(policies: &BTreeMap<String, Vec<Value>>, requests: &[Request]) -> Option<Vec<bool>> {
    let [node, modules] = simulator()?;
    let script = crate::stacks::root().join("xtask/node/simulate.mjs");
    let mut child = Command::new(node)
        .arg(script)
        .arg(modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = json!({ "policies": policies, "requests": requests }).to_string();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers: Vec<Answer> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers.len(), requests.len());
    // On AWS, a condition on a key that the action doesn't support would never match.
    let is_refused = |answer: &Answer| answer.result == "error" || !answer.ignored.is_empty();
    let refused: Vec<String> = requests
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| is_refused(answer))
        .map(|(request, answer)| format!("{} {:?}: {request:?}", answer.detail, answer.ignored))
        .collect();
    assert!(
        refused.is_empty(),
        "IAM doesn't know:\n{}",
        refused.join("\n")
    );
    let allowed = answers.iter().map(|answer| answer.result == "Allowed");
    Some(allowed.collect())
}

/// Asserts that each of the requests is allowed, or that each is denied; returns their number.
fn expect_all(
    policies: &BTreeMap<String, Vec<Value>>,
    requests: &[Request],
    allowed: bool,
) -> usize {
    let Some(answers) = simulate(policies, requests) else {
        return 0;
    };
    let wrong: Vec<String> = requests
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| **answer != allowed)
        .map(|(request, _)| {
            let Request {
                who,
                action,
                resource,
                context,
                ..
            } = request;
            format!("{who}: {action} on {resource} {}", json!(context))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "allowed should be {allowed}:\n{}",
        wrong.join("\n")
    );
    answers.len()
}
