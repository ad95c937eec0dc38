//! Building the Lambda functions: natively for the sandbox, with cargo-lambda and zig for Lambda itself.
//! Cargo decides whether there is anything to build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use deployer::Asset;
use sandbox::Venv;
use serde_json::Value;
use stack::Architecture;

use crate::failure::{Failure, Result};
use crate::paths;
use crate::ui::{Ui, warn};

/// What a function is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    /// This machine, for the sandbox.
    Native,
    /// The Lambda runtime `provided.al2023`.
    Lambda(Architecture),
}

/// A function that is built and packed.
pub(crate) struct Function {
    pub asset: Asset,
    /// What it was built for; not always what was asked for.
    pub architecture: Architecture,
}

const PACKAGE: &str = "metric-function";
const PROFILE: &str = "function";

/// Builds and packs the metric function.
pub(crate) fn build(platform: Platform, wanted: Architecture, ui: &Ui) -> Result<Function> {
    let (binary, architecture) = match platform {
        Platform::Native => (build_native(ui)?, wanted),
        Platform::Lambda(architecture) => build_for_lambda(architecture, ui)?,
    };
    let code = fs::read(&binary).map_err(|error| {
        Failure::failed(format!("failed to read {}: {error}", binary.display()))
    })?;
    Ok(Function {
        asset: Asset::function(PACKAGE, &code)?,
        architecture,
    })
}

fn build_native(ui: &Ui) -> Result<PathBuf> {
    ui.note("building the metric function for this machine");
    let mut cargo = cargo();
    cargo.args([
        "build",
        "--package",
        PACKAGE,
        "--bin",
        PACKAGE,
        "--message-format",
        "json-render-diagnostics",
    ]);
    let output = run(&mut cargo, "build the metric function")?;
    executable(&output.stdout)
        .ok_or_else(|| Failure::failed("cargo built the metric function but named no executable"))
}

/// The executable that cargo names in its messages, one JSON document a line.
fn executable(messages: &[u8]) -> Option<PathBuf> {
    String::from_utf8_lossy(messages)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
}

fn build_for_lambda(wanted: Architecture, ui: &Ui) -> Result<(PathBuf, Architecture)> {
    let tools = build_tools();
    tools.ensure(
        &|text| ui.note(text),
        "installing cargo-lambda and zig into .sandbox (first use)",
    )?;
    let architecture = available(wanted, ui);
    ui.note(&format!(
        "building the metric function for Lambda ({}; some minutes the first time)",
        word(architecture)
    ));
    let lambda_dir = target_dir()?.join("lambda");
    let mut lambda = Command::new(tools.program("cargo-lambda"));
    lambda
        .args([
            "lambda",
            "build",
            "--package",
            PACKAGE,
            "--bin",
            PACKAGE,
            "--profile",
            PROFILE,
        ])
        .arg(match architecture {
            Architecture::Arm64 => "--arm64",
            Architecture::X86_64 => "--x86-64",
        })
        .arg("--lambda-dir")
        .arg(&lambda_dir)
        .current_dir(paths::root())
        // zig comes with the Python environment; nothing of the user's is looked for.
        .env("PATH", path_with(&tools.programs()));
    run(&mut lambda, "build the metric function for Lambda")?;
    Ok((lambda_dir.join(PACKAGE).join("bootstrap"), architecture))
}

/// The wanted architecture if its standard library is here or can be fetched, or else the host's, and
/// then it says so: a function works the same on both.
fn available(wanted: Architecture, ui: &Ui) -> Architecture {
    let target = triple(wanted);
    if has_target(target) {
        return wanted;
    }
    ui.note(&format!("adding the Rust target {target}"));
    let added = Command::new("rustup")
        .args(["target", "add", target])
        .stdin(Stdio::null())
        .output();
    if added.is_ok_and(|output| output.status.success()) {
        return wanted;
    }
    let host = host();
    warn(&format!(
        "the Rust target {target} is not installed and can't be fetched (`rustup target add {target}`): \
         the metric function is built for {} instead, and runs there",
        word(host)
    ));
    host
}

fn has_target(target: &str) -> bool {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .output();
    output.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success() && Path::new(&folder).is_dir()
    })
}

/// The architecture of this machine.
pub(crate) fn host() -> Architecture {
    if cfg!(target_arch = "aarch64") {
        Architecture::Arm64
    } else {
        Architecture::X86_64
    }
}

fn triple(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Arm64 => "aarch64-unknown-linux-gnu",
        Architecture::X86_64 => "x86_64-unknown-linux-gnu",
    }
}

fn word(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Arm64 => "arm64",
        Architecture::X86_64 => "x86_64",
    }
}

/// cargo-lambda and zig, from PyPI, in an environment of their own.
fn build_tools() -> Venv {
    let home = paths::sandbox_home();
    let lock = paths::root().join("xtask/build-tools.txt");
    Venv::new(
        home.join("build-tools"),
        vec![lock],
        home.join("build-tools.log"),
    )
}

fn path_with(first: &Path) -> std::ffi::OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(first.to_owned()).chain(std::env::split_paths(&rest));
    std::env::join_paths(all).unwrap_or(rest)
}

fn target_dir() -> Result<PathBuf> {
    let mut cargo = cargo();
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = run(&mut cargo, "ask cargo for its target folder")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let folder = metadata["target_directory"].as_str().map(PathBuf::from);
    folder.ok_or_else(|| Failure::failed("cargo named no target folder"))
}

pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(paths::root());
    cargo
}

/// Runs a command; what it says on standard error shows only when it fails.
fn run(command: &mut Command, doing: &str) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::failed(format!("failed to {doing}: {error}")))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::failed(format!(
        "failed to {doing}: {}\n{}",
        output.status,
        said.trim_end()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_cargo_s_messages() {
        let messages = br#"{"reason":"compiler-artifact","executable":null}
not json
{"reason":"compiler-artifact","executable":"/t/debug/metric-function"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(
            executable(messages),
            Some(PathBuf::from("/t/debug/metric-function"))
        );
        assert_eq!(executable(b""), None);
    }
}
