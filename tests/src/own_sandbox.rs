//! A sandbox of a test's own.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::bench::{Bench, unique_name};

/// A sandbox that is stopped, and forgotten, when the test is over.
pub struct OwnSandbox {
    /// Where the test runs: with this sandbox, and once it is started at its endpoint.
    pub bench: Bench,
    /// Its folder in the checkout.
    pub folder: PathBuf,
}

impl OwnSandbox {
    /// One that is not started; `label` makes its name tell which test it belongs to.
    #[must_use]
    pub fn new(label: &str) -> Self {
        Self::named(&unique_name(label))
    }

    /// One of this name, which nobody else may have.
    ///
    /// # Panics
    /// When the tests were not started by `cargo xtask test`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        Self {
            bench: Bench::open().with_sandbox(name),
            folder: checkout.join(".sandbox").join(name),
        }
    }

    /// Starts it, with these arguments of `local start`; what that says.
    ///
    /// # Panics
    /// When it doesn't start.
    pub async fn start(&mut self, arguments: &[&str]) -> Value {
        let arguments = [&["local", "start"], arguments].concat();
        let running = self.bench.xtask(arguments).end().await.succeeds();
        self.bench = self.bench.at(running["endpoint_url"].as_str().unwrap());
        running
    }

    /// `local` with this action; what it says.
    ///
    /// # Panics
    /// When it fails.
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
