//! Building the Lambda functions: natively for the sandbox, with cargo-lambda and zig for Lambda itself.
//! Cargo decides whether there is anything to build.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use deployer::{Asset, BuiltFunctions, FunctionCode};
use sandbox::Venv;
use serde_json::Value;
use stack::Architecture;

use cli::{Failure, Platform, Result, WORKER, warn};

use crate::paths;

/// Receives progress.
pub(crate) type Note<'a> = &'a dyn Fn(&str);

const PROFILE: &str = "function";

/// Builds and packs functions, in one call of cargo.
pub(crate) fn build(
    functions: &[FunctionCode],
    platform: Platform,
    wanted: Architecture,
    note: Note<'_>,
) -> Result<BuiltFunctions> {
    if functions.is_empty() {
        return Ok(BuiltFunctions {
            assets: BTreeMap::new(),
            architecture: wanted,
        });
    }
    let (binaries, architecture) = match platform {
        Platform::Native => (build_native(functions, note)?, wanted),
        Platform::Lambda(architecture) => build_for_lambda(functions, architecture, note)?,
    };
    let mut assets = BTreeMap::new();
    for (function, binary) in functions.iter().zip(binaries) {
        let code = fs::read(&binary).map_err(|error| {
            Failure::failed(format!("failed to read {}: {error}", binary.display()))
        })?;
        assets.insert(*function, Asset::function(function.package(), &code)?);
    }
    Ok(BuiltFunctions {
        assets,
        architecture,
    })
}

/// "the metric function", "the metric function and the scaling function".
fn named(functions: &[FunctionCode]) -> String {
    let names = functions.iter().map(|function| match function {
        FunctionCode::Metric => "the metric function",
        FunctionCode::Scaling => "the scaling function",
    });
    names.collect::<Vec<_>>().join(" and ")
}

/// `--package NAME --bin NAME` of each.
fn selection(functions: &[FunctionCode]) -> impl Iterator<Item = &'static str> {
    let names = functions.iter().map(|function| function.package());
    names.flat_map(|name| ["--package", name, "--bin", name])
}

fn build_native(functions: &[FunctionCode], note: Note<'_>) -> Result<Vec<PathBuf>> {
    note(&format!("building {} for this machine", named(functions)));
    let binaries: Vec<_> = functions
        .iter()
        .map(|function| function.package())
        .collect();
    build_here(&binaries)
}

/// Builds the example's worker for this machine.
pub(crate) fn build_worker(note: Note<'_>) -> Result<PathBuf> {
    note(&format!("building the {WORKER} for this machine"));
    let built = build_here(&[WORKER])?;
    let worker = built.into_iter().next();
    worker.ok_or_else(|| Failure::failed(format!("cargo named no {WORKER}")))
}

/// Builds some of the programs that run in the sandbox. All of their packages and this one are selected each
/// time, so that shared dependencies have the same features and are compiled once, above all the SDK.
fn build_here(binaries: &[&str]) -> Result<Vec<PathBuf>> {
    let what = binaries.join(", ");
    let packages = FunctionCode::ALL.iter().map(|function| function.package());
    let packages = packages
        .chain([WORKER, env!("CARGO_PKG_NAME")])
        .flat_map(|name| ["--package", name]);
    let mut cargo = cargo();
    cargo
        .arg("build")
        .args(packages)
        .args(binaries.iter().flat_map(|name| ["--bin", *name]))
        .args(["--message-format", "json-render-diagnostics"]);
    let output = run(&mut cargo, &format!("build {what}"))?;
    let found = binaries.iter().map(|name| {
        executable(&output.stdout, name)
            .ok_or_else(|| Failure::failed(format!("cargo built {name} but named no executable")))
    });
    found.collect()
}

/// The executable of a binary that cargo names in its messages, one JSON document a line.
fn executable(messages: &[u8], binary: &str) -> Option<PathBuf> {
    String::from_utf8_lossy(messages)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == binary)
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
}

fn build_for_lambda(
    functions: &[FunctionCode],
    wanted: Architecture,
    note: Note<'_>,
) -> Result<(Vec<PathBuf>, Architecture)> {
    let tools = build_tools();
    tools.ensure(
        note,
        "installing cargo-lambda and zig into .sandbox (first use)",
    )?;
    let architecture = available(functions, wanted, note);
    let what = named(functions);
    note(&format!(
        "building {what} for Lambda ({}; some minutes the first time)",
        word(architecture)
    ));
    let lambda_dir = target_dir()?.join("lambda");
    let mut lambda = Command::new(tools.program("cargo-lambda"));
    lambda
        .args(["lambda", "build"])
        .args(selection(functions))
        .args(["--profile", PROFILE])
        .arg(match architecture {
            Architecture::Arm64 => "--arm64",
            Architecture::X86_64 => "--x86-64",
        })
        .arg("--lambda-dir")
        .arg(&lambda_dir)
        .current_dir(paths::root())
        // zig comes with the Python environment; nothing of the user's is looked for.
        .env("PATH", path_with(&tools.programs()));
    run(&mut lambda, &format!("build {what} for Lambda"))?;
    let built = functions.iter().map(|function| function.package());
    let built = built.map(|package| lambda_dir.join(package).join("bootstrap"));
    Ok((built.collect(), architecture))
}

/// The wanted architecture if its standard library is here or can be fetched, or else the host's, and
/// then it says so: a function works the same on both.
fn available(functions: &[FunctionCode], wanted: Architecture, note: Note<'_>) -> Architecture {
    let target = triple(wanted);
    if has_target(target) {
        return wanted;
    }
    note(&format!("adding the Rust target {target}"));
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
         {} built for {} instead, and then runs there",
        match functions {
            [one] => format!("{} is", named(&[*one])),
            several => format!("{} are", named(several)),
        },
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
    fn each_executable_is_found_among_cargo_s_messages() {
        let messages = br#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}
not json
{"reason":"compiler-artifact","target":{"name":"metric-function"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"metric-function"},"executable":"/t/debug/metric-function"}
{"reason":"compiler-artifact","target":{"name":"scaling-function"},"executable":"/t/debug/scaling-function"}
{"reason":"build-finished","success":true}"#;
        for function in FunctionCode::ALL {
            let name = function.package();
            let expected = PathBuf::from(format!("/t/debug/{name}"));
            assert_eq!(executable(messages, name), Some(expected));
        }
        assert_eq!(executable(b"", "metric-function"), None);
    }
}
