//! Builds the program for a target, with zig as the linker if the target is Linux.

use std::path::{Path, PathBuf};
use std::process::Command;

use cli::{Failure, Result};
use serde_json::Value;

use crate::functions::{build_tools, hide_paths};
use crate::paths;
use crate::process::{capture_output, cargo};

/// Oldest glibc that a released program supports: that of RHEL 8, Amazon Linux 2023, Debian 11, and Ubuntu 20.04.
pub(super) const GLIBC: (u32, u32) = (2, 28);

/// A target triple.
pub(super) struct Target(String);

impl Target {
    pub(super) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Returns the target of this machine.
    pub(super) fn host() -> Result<Self> {
        let mut rustc = Command::new("rustc");
        let version = capture_output(rustc.arg("-vV"), "find this machine's target")?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        host.map(Self::new)
            .ok_or_else(|| Failure::failed("rustc -vV names no host"))
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }

    pub(super) fn is_linux(&self) -> bool {
        self.0.contains("-linux-gnu")
    }

    /// Refuses a target that can't be linked on this machine. zig has macOS's C library, but not the frameworks that
    /// read certificates and processes. They come with Apple's SDK, whose license allows use only on macOS.
    pub(super) fn require_linkable(&self) -> Result<()> {
        if !self.0.ends_with("-apple-darwin") || cfg!(target_os = "macos") {
            return Ok(());
        }
        let text = format!(
            "{} can be built on macOS alone: it needs Apple's SDK",
            self.0
        );
        Err(Failure::failed(text).hint("the release workflow builds it on a macOS runner"))
    }
}

/// The commit that is built.
pub(super) struct Commit {
    id: String,
    seconds: u64,
}

impl Commit {
    /// Reads the checked-out commit. The ID of a tree with changes ends in `-dirty`.
    pub(super) fn read() -> Result<Self> {
        let git = |arguments: &[&str], doing: &str| {
            let mut git = Command::new("git");
            git.current_dir(paths::root()).args(arguments);
            capture_output(&mut git, doing)
        };
        let head = git(
            &["show", "--no-patch", "--format=%H %ct", "HEAD"],
            "read the commit",
        )?;
        let changes = git(&["status", "--porcelain"], "look for changes")?;
        Self::parse(head.trim(), !changes.is_empty())
            .ok_or_else(|| Failure::failed(format!("git names no commit and time: {head}")))
    }

    fn parse(head: &str, dirty: bool) -> Option<Self> {
        let (id, seconds) = head.split_once(' ')?;
        let mark = if dirty { "-dirty" } else { "" };
        Some(Self {
            id: format!("{id}{mark}"),
            seconds: seconds.parse().ok()?,
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Time of the commit in seconds since 1970.
    pub(super) fn seconds(&self) -> u64 {
        self.seconds
    }
}

/// Builds the program with this bundle and returns its file.
pub(super) fn build(
    target: &Target,
    bundle: &Path,
    commit: &Commit,
    debug: bool,
) -> Result<PathBuf> {
    let name = target.name();
    let mut build = if debug {
        // With the features of `cargo xtask`, so that only this program is compiled again.
        let mut build = cargo();
        build.args("build --package xtask --package ecs-scaler --bin ecs-scaler".split(' '));
        build
    } else {
        let (mut build, command, triple) = if target.is_linux() {
            let zig = build_tools(&|text| eprintln!("{text}"))?.command("cargo-zigbuild");
            (zig, "zigbuild", format!("{name}.{}.{}", GLIBC.0, GLIBC.1))
        } else {
            (cargo(), "build", name.to_owned())
        };
        build
            .arg(command)
            .args("--profile dist --package ecs-scaler --target".split(' '))
            .arg(triple)
            .envs(hide_paths());
        build
    };
    build
        .arg("--locked")
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(paths::root())
        .env("ECS_SCALER_BUNDLE", bundle)
        .env("ECS_SCALER_COMMIT", commit.id());
    let messages = capture_output(&mut build, &format!("build ecs-scaler for {name}"))?;
    find_executable(&messages, "ecs-scaler")
        .ok_or_else(|| Failure::failed("cargo built ecs-scaler but named no executable"))
}

/// Returns the executable of a binary from cargo's messages, one JSON document per line.
fn find_executable(messages: &str, binary: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == binary)
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_cargo_s_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}
not json
{"reason":"compiler-artifact","target":{"name":"ecs-scaler"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"ecs-scaler"},"executable":"/t/dist/ecs-scaler"}
{"reason":"build-finished","success":true}"#;
        let expected = Some(PathBuf::from("/t/dist/ecs-scaler"));
        assert_eq!(find_executable(messages, "ecs-scaler"), expected);
        assert_eq!(find_executable("", "ecs-scaler"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_target_that_cant_be_linked_here_is_refused_with_the_reason() {
        let failure = Target::new("aarch64-apple-darwin").require_linkable();
        let failure = failure.unwrap_err();
        assert!(
            failure.message().contains("Apple's SDK"),
            "{}",
            failure.message()
        );
        Target::host().unwrap().require_linkable().unwrap();
    }

    #[test]
    fn a_changed_tree_is_no_commit() {
        let commit = |head, dirty| {
            let commit = Commit::parse(head, dirty);
            commit.map(|commit| (commit.id().to_owned(), commit.seconds()))
        };
        assert_eq!(
            commit("0a1b 1700000000", false),
            Some(("0a1b".into(), 1_700_000_000))
        );
        assert_eq!(
            commit("0a1b 1700000000", true),
            Some(("0a1b-dirty".into(), 1_700_000_000))
        );
        assert_eq!(commit("0a1b", false), None);
    }
}
