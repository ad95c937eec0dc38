//! Compares locked dependencies with snapshots of advisories, without network access.

mod python;
mod rust;
mod snapshot;

use std::fs;

use cli::{Failure, Result};

use crate::paths;

/// Checks `Cargo.lock` and the Python locks against their snapshots.
///
/// # Errors
/// If a lock contains an affected version without a reviewed reason, or a package that the snapshot doesn't
/// cover.
pub(crate) fn check() -> Result<()> {
    rust::check()?;
    python::check()
}

/// Reads a file of the checkout.
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
