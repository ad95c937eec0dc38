//! A test's own sandbox.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::bench::{Bench, unique_name};

/// A sandbox that is stopped and deleted when the test ends.
pub struct OwnSandbox {
    /// The test's environment with this sandbox. It has an endpoint after the start.
    pub bench: Bench,
    /// Its folder in the checkout.
    pub folder: PathBuf,
}

impl OwnSandbox {
    /// Creates a sandbox without starting it. `label` identifies its test in its name.
    #[must_use]
    pub fn new(label: &str) -> Self {
        Self::named(&unique_name(label))
    }

    /// Creates a sandbox with this name, which no other test can use.
    ///
    /// # Panics
    /// If the tests weren't started by `cargo xtask test`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        Self {
            bench: Bench::open().with_sandbox(name),
            folder: checkout.join(".sandbox").join(name),
        }
    }

    /// Starts it with these arguments of `local start`. Returns the output.
    ///
    /// # Panics
    /// If it doesn't start.
    pub async fn start(&mut self, arguments: &[&str]) -> Value {
        let arguments = [&["local", "start"], arguments].concat();
        let running = self.bench.xtask(arguments).end().await.succeeds();
        self.bench = self.bench.at(running["endpoint_url"].as_str().unwrap());
        running
    }

    /// Runs `local` with this action. Returns its output.
    ///
    /// # Panics
    /// If it fails.
    pub async fn local(&self, action: &str) -> Value {
        self.bench.xtask(["local", action]).end().await.succeeds()
    }
}

impl Drop for OwnSandbox {
    fn drop(&mut self) {
        self.bench.xtask(["local", "stop"]).run_to_end();
        let _ = std::fs::remove_dir_all(&self.folder);
        let _ = std::fs::remove_file(self.folder.with_extension("lock"));
    }
}
