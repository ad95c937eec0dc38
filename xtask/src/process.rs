//! Runs other programs.

use std::process::{Command, Stdio};

use cli::{Failure, Result};

use crate::paths;

/// Cargo, in the checkout.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(paths::root());
    cargo
}

/// Runs a command and returns its standard output. Its standard error shows only if it fails.
pub(crate) fn capture_output(command: &mut Command, doing: &str) -> Result<String> {
    let failed = |detail: String| Failure::failed(format!("failed to {doing}: {detail}"));
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(failed(format!("{}\n{}", output.status, errors.trim_end())))
}
