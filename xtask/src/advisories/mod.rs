//! Locked dependencies next to snapshots of advisories, which need no network.

mod python;
mod rust;
mod snapshot;

use std::fs;

use cli::{Failure, Result};

use crate::paths;

/// Checks `Cargo.lock` and the Python locks against their snapshots.
///
/// # Errors
/// If a lock has an affected version without a reviewed reason, or a package for which the snapshot wasn't made.
pub(crate) fn check() -> Result<()> {
    rust::check()?;
    python::check()
}

/// The text of a file of the checkout.
fn read(file: &str) -> Result<String> {
    let path = paths::root().join(file);
    fs::read_to_string(path)
        .map_err(|error| Failure::failed(format!("failed to read {file}: {error}")))
}

/// Fails with all problems, and with how to solve them.
fn report(problems: &[String], hint: &str) -> Result<()> {
    match problems {
        [] => Ok(()),
        problems => Err(Failure::failed(problems.join("\n")).hint(hint)),
    }
}
