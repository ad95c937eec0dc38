//! A stack that a test deploys, and that is deleted when the test ends.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::bench::{Bench, unique_name};
use crate::xtask::{Ended, Run};

/// A stack with its own name, and its definition in its own folder. Dropping it destroys it.
pub struct TestStack {
    /// The stack's name.
    pub name: String,
    bench: Bench,
    folder: TempDir,
    region: Option<&'static str>,
}

impl TestStack {
    /// Creates a stack without deploying it. `label` identifies its test in its name.
    #[must_use]
    pub fn new(bench: &Bench, label: &str) -> Self {
        Self::in_region(bench, label, None)
    }

    /// The same with a region in the definition.
    #[must_use]
    pub fn in_region(bench: &Bench, label: &str, region: Option<&'static str>) -> Self {
        Self {
            name: unique_name(label),
            bench: bench.clone(),
            folder: tempfile::tempdir().unwrap(),
            region,
        }
    }

    /// Returns the path of its definition.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("stack.yaml")
    }

    /// Writes its definition.
    pub fn write(&self, definition: &str) {
        fs::write(self.file(), definition).unwrap();
    }

    /// Returns a run of a command that takes the definition and a cloud.
    #[must_use]
    pub fn run(&self, verb: &str, more: &[&str]) -> Run {
        let file = self.file().display().to_string();
        let arguments = [&[verb, &file, "--local"], more].concat();
        self.bench.xtask(arguments)
    }

    /// Writes the definition and deploys it.
    pub async fn deploy(&self, definition: &str) -> Ended {
        self.write(definition);
        self.run("deploy", &["--yes"]).end().await
    }

    /// Destroys it by its definition.
    pub async fn destroy(&self, more: &[&str]) -> Ended {
        let more = [&["--yes"], more].concat();
        self.run("destroy", &more).end().await
    }

    /// Returns the output of `status`.
    pub async fn status(&self) -> Value {
        self.run("status", &[]).end().await.succeeds()
    }
}

impl Drop for TestStack {
    /// Best effort, also while the test panics. By name, because the file might have changed.
    fn drop(&mut self) {
        let mut arguments = vec!["destroy", &self.name, "--local", "--yes", "--force"];
        if let Some(region) = self.region {
            arguments.extend(["--region", region]);
        }
        self.bench.xtask(arguments).run_to_end();
    }
}
