//! Builds the Lambda functions: natively for the sandbox, with cargo-lambda and zig for Lambda itself.
//! Cargo decides whether there is anything to build.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cli::{Failure, Platform, Result, WORKER, warn};
use deployer::{Asset, BuiltFunctions, FunctionCode};
use sandbox::Venv;
use serde_json::Value;
use stack::Architecture;

use crate::paths;
use crate::process::{capture_output, cargo};

/// Receives progress.
type Note<'a> = &'a dyn Fn(&str);

/// Builds and packs functions, in one call of cargo.
pub(crate) fn build(
    functions: &[FunctionCode],
    platform: Platform,
    wanted: Architecture,
    note: Note<'_>,
) -> Result<BuiltFunctions> {
    let names: Vec<_> = functions
        .iter()
        .map(|function| function.package())
        .collect();
    let (binaries, architecture) = match platform {
        _ if names.is_empty() => (Vec::new(), wanted),
        Platform::Native => {
            note(&format!("building {} for this machine", list_names(&names)));
            (build_natively(&names)?, wanted)
        }
        Platform::Lambda(architecture) => build_for_lambda(&names, architecture, note)?,
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
fn list_names(packages: &[&str]) -> String {
    let names = packages
        .iter()
        .map(|name| format!("the {}", name.replace('-', " ")));
    names.collect::<Vec<_>>().join(" and ")
}

/// Builds the example's worker for this machine.
pub(crate) fn build_worker(note: Note<'_>) -> Result<PathBuf> {
    note(&format!("building the {WORKER} for this machine"));
    Ok(build_natively(&[WORKER])?.remove(0))
}

/// Builds some of the programs that run in the sandbox. All of their packages and this one are selected each
/// time, so that shared dependencies have the same features and are compiled once, above all the SDK.
fn build_natively(binaries: &[&str]) -> Result<Vec<PathBuf>> {
    let packages = FunctionCode::ALL.iter().map(|function| function.package());
    let packages = packages.chain([WORKER, env!("CARGO_PKG_NAME")]);
    let mut cargo = cargo();
    cargo
        .arg("build")
        .args(packages.flat_map(|name| ["--package", name]))
        .args(binaries.iter().flat_map(|name| ["--bin", *name]))
        .args(["--message-format", "json-render-diagnostics"]);
    let messages = capture_output(&mut cargo, &format!("build {}", binaries.join(", ")))?;
    let found = binaries.iter().map(|name| {
        find_executable(&messages, name)
            .ok_or_else(|| Failure::failed(format!("cargo built {name} but named no executable")))
    });
    found.collect()
}

/// The executable of a binary that cargo names in its messages, one JSON document per line.
fn find_executable(messages: &str, binary: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == binary)
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
}

fn build_for_lambda(
    packages: &[&str],
    wanted: Architecture,
    note: Note<'_>,
) -> Result<(Vec<PathBuf>, Architecture)> {
    let home = paths::sandbox_home();
    let lock = paths::root().join("xtask/build-tools.txt");
    let log = home.join("build-tools.log");
    let tools = Venv::new(home.join("build-tools"), vec![lock], log);
    tools.ensure(
        note,
        "installing cargo-lambda and zig into .sandbox (first use)",
    )?;
    let architecture = choose_architecture(packages, wanted, note);
    let (name, option, _) = describe(architecture);
    let what = list_names(packages);
    note(&format!(
        "building {what} for Lambda ({name}; some minutes the first time)"
    ));
    let lambda_dir = home.join("lambda");
    // zig, too, comes from the Python environment; the user's isn't used.
    let mut lambda = tools.command("cargo-lambda");
    lambda
        .args(["lambda", "build", "--profile", "function", option])
        .args(
            packages
                .iter()
                .flat_map(|name| ["--package", name, "--bin", name]),
        )
        .arg("--lambda-dir")
        .arg(&lambda_dir)
        .current_dir(paths::root());
    capture_output(&mut lambda, &format!("build {what} for Lambda"))?;
    let built = packages
        .iter()
        .map(|package| lambda_dir.join(package).join("bootstrap"));
    Ok((built.collect(), architecture))
}

/// The wanted architecture if its standard library is installed or can be fetched; otherwise the host's, with
/// a warning: a function works the same on both.
fn choose_architecture(packages: &[&str], wanted: Architecture, note: Note<'_>) -> Architecture {
    let (_, _, target) = describe(wanted);
    if has_target(target) {
        return wanted;
    }
    note(&format!("adding the Rust target {target}"));
    let mut rustup = Command::new("rustup");
    if capture_output(rustup.args(["target", "add", target]), "add the target").is_ok() {
        return wanted;
    }
    let (name, _, _) = describe(host());
    warn(&format!(
        "the Rust target {target} is not installed and can't be fetched (`rustup target add {target}`): \
         {} {} built for {name} instead, and then runs there",
        list_names(packages),
        if packages.len() == 1 { "is" } else { "are" },
    ));
    host()
}

fn has_target(target: &str) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", target]);
    capture_output(&mut rustc, "find the target's libraries")
        .is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}

/// The architecture of this machine.
pub(crate) fn host() -> Architecture {
    if cfg!(target_arch = "aarch64") {
        Architecture::Arm64
    } else {
        Architecture::X86_64
    }
}

/// Its name, cargo-lambda's option for it, and its Rust target.
fn describe(architecture: Architecture) -> (&'static str, &'static str, &'static str) {
    match architecture {
        Architecture::Arm64 => ("arm64", "--arm64", "aarch64-unknown-linux-gnu"),
        Architecture::X86_64 => ("x86_64", "--x86-64", "x86_64-unknown-linux-gnu"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_executable_is_found_among_cargo_s_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}
not json
{"reason":"compiler-artifact","target":{"name":"metric-function"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"metric-function"},"executable":"/t/debug/metric-function"}
{"reason":"compiler-artifact","target":{"name":"scaling-function"},"executable":"/t/debug/scaling-function"}
{"reason":"build-finished","success":true}"#;
        for function in FunctionCode::ALL {
            let name = function.package();
            let expected = PathBuf::from(format!("/t/debug/{name}"));
            assert_eq!(find_executable(messages, name), Some(expected));
        }
        assert_eq!(find_executable("", "metric-function"), None);
    }
}
