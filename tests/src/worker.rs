//! The examples' worker as a process, in each language: its environment, its log, and its end.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::bench::Bench;
use crate::process::send_signal;

/// Maximum time for a worker to end or to log an expected line. A worker that hangs fails its test.
const PATIENCE: Duration = Duration::from_secs(60);

/// The language of a worker, whose variables, log, and behavior are the same in all.
#[derive(Clone, Copy, Debug)]
pub enum Language {
    /// `examples/voucher-worker`
    Rust,
    /// `examples/voucher-worker-python`
    Python,
    /// `examples/voucher-worker-typescript`
    TypeScript,
}

impl Language {
    /// The command that runs the worker, with no variable of the test run.
    ///
    /// # Panics
    /// If what `cargo xtask test` fetches for this language isn't there.
    #[must_use]
    pub fn command(self) -> Command {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let fetched = |name| {
            std::env::var_os(name).unwrap_or_else(|| {
                panic!("{name} is not set: `cargo xtask test` fetches what this worker needs")
            })
        };
        let mut command = match self {
            Self::Rust => Command::new(program()),
            Self::Python => {
                let mut python = Command::new(fetched("ECS_SCALER_TEST_WORKER_PYTHON"));
                // Without bytecode, which would be written into the checkout.
                python.args(["-B", "-m", "voucher_worker"]);
                python.current_dir(checkout.join("examples/voucher-worker-python"));
                python
            }
            Self::TypeScript => {
                let folder = PathBuf::from(fetched("ECS_SCALER_TEST_WORKER_NODE"));
                let mut node = Command::new(fetched("ECS_SCALER_TEST_NODE"));
                node.arg(folder.join("src/main.ts"));
                node
            }
        };
        command.env_clear();
        command
    }
}

/// A worker that runs. It ends with its test.
pub struct Worker {
    child: Child,
    lines: mpsc::UnboundedReceiver<Value>,
    /// The part of its log that the test has read.
    pub said: Vec<Value>,
}

impl Worker {
    /// Starts a worker for this queue, with these additional variables and none from the environment of the
    /// test run.
    ///
    /// # Panics
    /// When it can't be started; the one in Rust is built with the workspace.
    #[must_use]
    pub fn start(
        language: Language,
        bench: &Bench,
        queue_url: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = language.command();
        command
            .envs([
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ENDPOINT_URL", bench.endpoint()),
                ("QUEUE_URL", queue_url),
            ])
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!(
                "{command:?} did not start: {error}; the worker in Rust is built by `cargo nextest run --workspace`"
            )
        });
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, lines) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(line) = output.next_line().await.unwrap() {
                let line = serde_json::from_str(&line)
                    .unwrap_or_else(|error| panic!("no JSON: {line}: {error}"));
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            lines,
            said: Vec::new(),
        }
    }

    /// Waits for the next line that matches, and keeps all lines before it.
    ///
    /// # Panics
    /// If the log ends first, or the line doesn't appear.
    pub async fn says(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(begin.elapsed());
            let line = tokio::time::timeout(left, self.lines.recv()).await;
            match line {
                Ok(Some(line)) => {
                    self.said.push(line.clone());
                    if wanted(&line) {
                        return line;
                    }
                }
                _ => panic!("the worker did not say {what}: {:?}", self.said),
            }
        }
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// If it has already ended.
    pub fn signal(&self, signal: Signal) {
        send_signal(self.child.id().unwrap(), signal);
    }

    /// Waits until it has ended. Returns the exit code (`None` after a signal), and everything that it logged.
    ///
    /// # Panics
    /// If it doesn't end.
    pub async fn ended(mut self) -> (Option<i32>, Vec<Value>) {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        while let Some(line) = self.lines.recv().await {
            self.said.push(line);
        }
        (status.unwrap().unwrap().code(), self.said)
    }
}

/// Cargo puts the workspace's programs one folder above those of its tests.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().and_then(|deps| deps.parent()).unwrap();
    folder.join("voucher-worker")
}
