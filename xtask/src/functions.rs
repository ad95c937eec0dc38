//! Builds the Lambda functions with cargo-lambda and zig. Cargo decides whether there is anything to build.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cli::{Failure, Result, warn};
use deployer::{Asset, BuiltFunctions, FunctionCode, check_executable, newest_glibc};
use sandbox::{Lock, Venv};
use stack::Architecture;

use crate::paths;
use crate::process::capture_output;

/// glibc of Amazon Linux 2023, the base of the runtime `provided.al2023`.
const GLIBC: (u32, u32) = (2, 34);

/// Receives progress.
type Note<'a> = &'a dyn Fn(&str);

/// Builds the functions, and packs the requested ones.
///
/// Each build compiles all functions in one call of cargo. Cargo enables a dependency's feature for all
/// packages of a call. If the metric function were built alone, it would be linked to other code than together
/// with the scaling function, which changes its hash and compiles most dependencies again.
pub(crate) fn build(
    functions: &[FunctionCode],
    wanted: Architecture,
    note: Note<'_>,
) -> Result<BuiltFunctions> {
    // Another command in this checkout would replace the programs while they are read.
    let _lock = Lock::take_noting(&paths::sandbox_home().join("build.lock"), || {
        note("waiting for another build in this checkout");
    })?;
    let architecture = if functions.is_empty() {
        wanted
    } else {
        build_for_lambda(wanted, note)?
    };
    let mut assets = BTreeMap::new();
    for function in functions {
        let binary = lambda_dir().join(function.package()).join("bootstrap");
        let code = fs::read(&binary).map_err(|error| {
            Failure::failed(format!("failed to read {}: {error}", binary.display()))
        })?;
        check_executable(function.package(), &code, architecture)?;
        require_glibc(function.package(), &code, GLIBC)?;
        assets.insert(*function, Asset::function(function.package(), &code)?);
    }
    Ok(BuiltFunctions {
        assets,
        architecture,
    })
}

/// Variables that keep this machine's folders out of the program, so that builds are reproducible.
pub(crate) fn hide_paths() -> Vec<(&'static str, String)> {
    let home =
        std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| home + "/.cargo"));
    let folders = [
        (Some(paths::root().display().to_string()), "/ecs-scaler"),
        (home.ok(), "/cargo"),
    ];
    let folders = folders
        .into_iter()
        .filter_map(|(folder, name)| Some(format!("{}={name}", folder?)));
    let folders: Vec<_> = folders.collect();
    let options = |option: &str| {
        folders
            .iter()
            .map(|pair| format!("{option}={pair}"))
            .collect::<Vec<_>>()
    };
    vec![
        // Separated by 0x1f, because a path can contain spaces.
        (
            "CARGO_ENCODED_RUSTFLAGS",
            options("--remap-path-prefix").join("\u{1f}"),
        ),
        ("CFLAGS", options("-ffile-prefix-map").join(" ")),
    ]
}

/// Refuses a program that a system with this glibc can't start.
pub(crate) fn require_glibc(name: &str, program: &[u8], oldest: (u32, u32)) -> Result<()> {
    match newest_glibc(program).filter(|newest| *newest > oldest) {
        None => Ok(()),
        Some((major, minor)) => Err(Failure::failed(format!(
            "{name} needs glibc {major}.{minor}, but has to run with {}.{}",
            oldest.0, oldest.1
        ))),
    }
}

fn lambda_dir() -> PathBuf {
    paths::sandbox_home().join("lambda")
}

/// Builds all functions, and returns the architecture.
fn build_for_lambda(wanted: Architecture, note: Note<'_>) -> Result<Architecture> {
    let tools = build_tools(note)?;
    let architecture = choose_architecture(wanted, note);
    let option = match architecture {
        Architecture::Arm64 => "--arm64",
        Architecture::X86_64 => "--x86-64",
    };
    note(&format!(
        "building the functions for Lambda ({architecture}; a few minutes the first time)"
    ));
    // Without them, the hash of a function would depend on the home folder in which it was built.
    let hidden = hide_paths();
    // zig also comes from the Python environment. The user's isn't used.
    let mut lambda = tools.command("cargo-lambda");
    lambda.args(["lambda", "build", "--profile", "function", option]);
    for function in FunctionCode::ALL {
        let name = function.package();
        lambda.args(["--package", name, "--bin", name]);
    }
    lambda
        .arg("--lambda-dir")
        .arg(lambda_dir())
        .envs(hidden)
        .current_dir(paths::root());
    capture_output(&mut lambda, "build the functions for Lambda")?;
    Ok(architecture)
}

/// Returns the Python environment with cargo-lambda, cargo-zigbuild, and zig. It is created on first use.
pub(crate) fn build_tools(note: Note<'_>) -> Result<Venv> {
    let home = paths::sandbox_home();
    let lock = paths::root().join("xtask/build-tools.txt");
    let log = home.join("build-tools.log");
    let tools = Venv::new(home.join("build-tools"), vec![lock], log);
    tools.ensure(
        note,
        "installing cargo-lambda and zig into .sandbox (first use)",
    )?;
    Ok(tools)
}

/// Returns the wanted architecture if its standard library is installed or can be downloaded. Otherwise the
/// host's, with a warning, because a function works the same on both.
fn choose_architecture(wanted: Architecture, note: Note<'_>) -> Architecture {
    if can_build(wanted, note) {
        return wanted;
    }
    let target = target(wanted);
    warn(&format!(
        "the Rust target {target} is not installed and can't be fetched (`rustup target add {target}`): \
         the functions are built for {} instead, and run there",
        host(),
    ));
    host()
}

/// Whether the standard library for an architecture is installed or can be downloaded.
pub(crate) fn can_build(architecture: Architecture, note: Note<'_>) -> bool {
    add_target(target(architecture), note)
}

/// Adds a target unless it is installed. Returns whether it is there.
pub(crate) fn add_target(target: &str, note: Note<'_>) -> bool {
    if has_target(target) {
        return true;
    }
    note(&format!("adding the Rust target {target}"));
    let mut rustup = Command::new("rustup");
    capture_output(rustup.args(["target", "add", target]), "add the target").is_ok()
}

/// Whether the standard library for a target is installed.
pub(crate) fn has_target(target: &str) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", target]);
    capture_output(&mut rustc, "find the target's libraries")
        .is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}

/// Returns the architecture of this machine.
pub(crate) fn host() -> Architecture {
    if cfg!(target_arch = "aarch64") {
        Architecture::Arm64
    } else {
        Architecture::X86_64
    }
}

/// Returns the Rust target of an architecture in Lambda.
pub(crate) fn target(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Arm64 => "aarch64-unknown-linux-gnu",
        Architecture::X86_64 => "x86_64-unknown-linux-gnu",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_needs_a_newer_glibc_is_refused() {
        assert!(require_glibc("a", b"GLIBC_2.34\0", GLIBC).is_ok());
        assert!(require_glibc("a", b"", GLIBC).is_ok());
        let failure = require_glibc("a", b"GLIBC_2.17\0GLIBC_2.35\0", GLIBC).unwrap_err();
        assert_eq!(
            failure.message(),
            "a needs glibc 2.35, but has to run with 2.34"
        );
    }
}
