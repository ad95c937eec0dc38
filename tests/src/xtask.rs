//! `xtask` as a process: its arguments, output, and exit code.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jsonschema::Validator;
use rustix::process::Signal;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

use crate::process::send_signal;

/// No command takes this long on the slowest machine. One that hangs fails its test instead of blocking all
/// others.
const PATIENCE: Duration = Duration::from_secs(180);
/// A test's resources are deleted within seconds. A failed test doesn't wait forever for that.
const LAST_PATIENCE: Duration = Duration::from_secs(60);

/// A run that hasn't started.
pub struct Run {
    command: Command,
    shown: String,
}

/// A run in progress.
pub struct Started {
    child: Child,
    shown: String,
    begin: Instant,
    stdout: JoinHandle<String>,
    stderr: Lines<BufReader<ChildStderr>>,
    /// The part of standard error that has been read.
    said: String,
}

/// A run that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The command, for messages.
    shown: String,
    /// Exit code. `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Wall time.
    pub took: Duration,
    /// Whether the document is of a format that isn't ours: a template, or a schema.
    is_foreign: bool,
}

impl Run {
    pub(crate) fn new(xtask: &Path, sandbox: &str, arguments: &[String]) -> Self {
        let json = ["--output", "json"].map(str::to_owned);
        let mut run = Self::of(xtask, sandbox, &[arguments, &json].concat());
        run.shown = format!("xtask {}", arguments.join(" "));
        run
    }

    /// A run with these arguments alone.
    pub(crate) fn of(xtask: &Path, sandbox: &str, arguments: &[String]) -> Self {
        let mut command = Command::new(xtask);
        command.args(arguments);
        // Nothing from the environment of the test run: no account, no region, no settings.
        for (name, _) in std::env::vars() {
            if name.starts_with("AWS_") || name.starts_with("ECS_SCALER_") {
                command.env_remove(name);
            }
        }
        command
            .env("ECS_SCALER_SANDBOX", sandbox)
            // Tests look for sentences, which a narrower terminal would fold.
            .env("COLUMNS", "1000")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self {
            command,
            shown: format!("xtask {}", arguments.join(" ")),
        }
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.command.env(name, value.as_ref());
        self
    }

    /// Sets the folder.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it until it ends, best effort, after the test ended or while it panics.
    pub fn run_to_end(self) {
        let mut command = self.command.into_std();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(mut child) = command.spawn() else {
            return;
        };
        let begin = Instant::now();
        while let Ok(None) = child.try_wait() {
            if begin.elapsed() > LAST_PATIENCE {
                eprintln!("{} did not end within {LAST_PATIENCE:?}", self.shown);
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts it.
    #[must_use]
    pub fn start(mut self) -> Started {
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("{} did not start: {error}", self.shown));
        let mut stdout = child.stdout.take().unwrap();
        let stderr = child.stderr.take().unwrap();
        Started {
            child,
            shown: self.shown,
            begin: Instant::now(),
            stdout: tokio::spawn(async move {
                let mut text = String::new();
                stdout.read_to_string(&mut text).await.unwrap();
                text
            }),
            stderr: BufReader::new(stderr).lines(),
            said: String::new(),
        }
    }

    /// Runs it until it ends.
    pub async fn end(self) -> Ended {
        self.start().end().await
    }
}

impl Started {
    /// Waits until a line of standard error contains this text.
    ///
    /// # Panics
    /// If the run ends without it.
    pub async fn says(&mut self, text: &str) {
        let waited = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.stderr.next_line().await.unwrap() {
                self.said.push_str(&line);
                self.said.push('\n');
                if line.contains(text) {
                    return;
                }
            }
            panic!("{} never said {text:?}:\n{}", self.shown, self.said);
        });
        waited
            .await
            .unwrap_or_else(|_| panic!("{} has not said {text:?} within {PATIENCE:?}", self.shown));
    }

    /// Sends a signal to this one process.
    ///
    /// # Panics
    /// If it has already ended.
    pub fn signal(&self, signal: Signal) {
        let id = self.child.id().expect("the run has ended already");
        send_signal(id, signal);
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If it doesn't end.
    pub async fn end(mut self) -> Ended {
        let rest = async {
            while let Some(line) = self.stderr.next_line().await.unwrap() {
                self.said.push_str(&line);
                self.said.push('\n');
            }
            let status: ExitStatus = self.child.wait().await.unwrap();
            (status, (&mut self.stdout).await.unwrap())
        };
        let Ok((status, stdout)) = tokio::time::timeout(PATIENCE, rest).await else {
            panic!(
                "{} has not ended within {PATIENCE:?}:\n{}",
                self.shown, self.said
            );
        };
        let words: Vec<&str> = self.shown.split(' ').collect();
        Ended {
            is_foreign: ["synth", "schema"].iter().any(|name| words.contains(name))
                && status.success(),
            shown: self.shown,
            code: status.code(),
            stdout,
            stderr: self.said,
            took: self.begin.elapsed(),
        }
    }
}

impl Ended {
    /// Returns standard output, which must be one JSON document.
    ///
    /// # Panics
    /// If it isn't.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        let document = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON document ({error}): {self}"));
        if !self.is_foreign {
            require_documented(&document);
        }
        document
    }

    /// Asserts success. Returns the result.
    ///
    /// # Panics
    /// If it failed.
    #[track_caller]
    #[must_use]
    pub fn succeeds(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self}");
        let json = self.json();
        assert!(json.get("error").is_none(), "{self}");
        json
    }

    /// Asserts failure with this exit code. Returns the error, which must also be on standard error.
    ///
    /// # Panics
    /// If it ended otherwise, or if the JSON and standard error report different errors.
    #[track_caller]
    #[must_use]
    pub fn fails(&self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{self}");
        let error = self.json()["error"].clone();
        assert_eq!(error["exit_code"], code, "{self}");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{self}");
        let stderr = unfold(&self.stderr);
        assert!(
            stderr.contains(&unfold(&format!("error: {message}"))),
            "standard error doesn't contain the error: {self}"
        );
        for hint in error["hints"].as_array().unwrap() {
            let hint = unfold(&format!("hint: {}", hint.as_str().unwrap()));
            assert!(stderr.contains(&hint), "{hint:?} is missing: {self}");
        }
        error
    }
}

/// The words of a text, whose lines are folded to the width of a terminal.
fn unfold(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

/// Checks a document against the schema in the documentation: every output of every test.
///
/// # Panics
/// If the document isn't as documented.
#[track_caller]
fn require_documented(document: &Value) {
    static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/json-schema.json");
        let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    });
    let errors = SCHEMA.iter_errors(document);
    let errors: Vec<String> = errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "docs/json-schema.json has another form of `{}`: {errors:#?}",
        document["command"]
    );
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} ended with {:?} after {:.1} s\n── standard output\n{}\n── standard error\n{}",
            self.shown,
            self.code,
            self.took.as_secs_f64(),
            self.stdout,
            self.stderr
        )
    }
}
