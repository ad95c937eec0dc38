//! The environment of a test: the `xtask` to test, and the sandbox to deploy to.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::xtask::Run;

/// The settings that `cargo xtask test` passes to the tests.
#[derive(Clone, Debug)]
pub struct Bench {
    xtask: PathBuf,
    sandbox: String,
    endpoint: String,
}

impl Bench {
    /// Reads the environment.
    ///
    /// # Panics
    /// If the tests weren't started by `cargo xtask test`.
    #[must_use]
    pub fn open() -> Self {
        Self {
            xtask: variable("ECS_SCALER_XTASK").into(),
            sandbox: variable("ECS_SCALER_SANDBOX"),
            endpoint: variable("ECS_SCALER_TEST_ENDPOINT"),
        }
    }

    /// The same `xtask`, with the test's own sandbox, which isn't started.
    #[must_use]
    pub fn with_sandbox(&self, name: &str) -> Self {
        Self {
            sandbox: name.to_owned(),
            ..self.clone()
        }
    }

    /// The same with the sandbox at this endpoint.
    #[must_use]
    pub fn at(&self, endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            ..self.clone()
        }
    }

    /// Returns a run of `xtask` with these arguments, and with JSON on standard output.
    #[must_use]
    pub fn xtask<I: AsRef<str>>(&self, arguments: impl IntoIterator<Item = I>) -> Run {
        let arguments: Vec<String> = arguments
            .into_iter()
            .map(|argument| argument.as_ref().to_owned())
            .collect();
        Run::new(&self.xtask, &self.sandbox, &arguments)
    }

    /// A run of `xtask` with text on standard output, in this many columns.
    #[must_use]
    pub fn text(&self, arguments: &[&str], columns: usize) -> Run {
        let arguments = arguments.iter().map(|&argument| argument.to_owned());
        let text = ["--output", "text"].map(str::to_owned);
        let arguments: Vec<String> = arguments.chain(text).collect();
        Run::of(&self.xtask, &self.sandbox, &arguments).env("COLUMNS", columns.to_string())
    }

    /// The `xtask` itself.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.xtask
    }

    /// Returns a run of another program that has the same commands.
    #[must_use]
    pub fn run_program(&self, program: &Path, arguments: &[&str]) -> Run {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.into()).collect();
        Run::new(program, &self.sandbox, &arguments)
    }

    /// Returns the example's worker, which is built with the workspace.
    #[must_use]
    pub fn worker(&self) -> PathBuf {
        self.xtask.with_file_name("voucher-worker")
    }

    /// Returns the name of the sandbox.
    #[must_use]
    pub fn sandbox(&self) -> &str {
        &self.sandbox
    }

    /// Returns the endpoint of the sandbox.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set: the end-to-end tests need the sandbox, and are run by `cargo xtask test`"
        )
    })
}

/// Returns a name that no other test has, in this run or in a parallel one. No such name is a prefix of
/// another.
#[must_use]
pub fn unique_name(label: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let (time, process) = (now.as_secs() & 0xff_ffff, std::process::id());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("e{time:x}-{process:x}-{count}-{label}")
}
