//! The workshop: where functions, the sandbox's plugin and the home folder come from.
//!
//! An installed `ecs-scaler` and `cargo xtask` in a checkout run the same commands. They differ only here.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use deployer::{BuiltFunctions, FunctionCode};
use stack::Architecture;

use crate::failure::{Failure, Result};

/// What a function is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// This machine, for the sandbox.
    Native,
    /// The Lambda runtime `provided.al2023`.
    Lambda(Architecture),
}

/// Package of the example's worker, and its binary.
pub const WORKER: &str = "voucher-worker";

/// What a program that runs the commands provides to them.
pub trait Workshop: Send + Sync {
    /// How users call the program, for help and hints: `ecs-scaler` or `cargo xtask`.
    fn program(&self) -> &str;

    /// Folder of sandboxes, caches and logs.
    ///
    /// # Errors
    /// If the platform names no such folder.
    fn home(&self) -> Result<PathBuf>;

    /// Folder of the LocalStack plugin's source.
    ///
    /// # Errors
    /// If this build has no plugin.
    fn plugin(&self) -> Result<PathBuf>;

    /// Where `demo` writes its report by default.
    ///
    /// # Errors
    /// If the platform names no folder for it.
    fn report(&self) -> Result<PathBuf>;

    /// Shortens a path for display.
    fn shorten<'a>(&self, path: &'a Path) -> &'a Path {
        path
    }

    /// Builds and packs functions. `note` receives progress.
    ///
    /// # Errors
    /// If a function can't be built, or this build contains none.
    fn build_functions(
        &self,
        functions: &[FunctionCode],
        platform: Platform,
        wanted: Architecture,
        note: &dyn Fn(&str),
    ) -> Result<BuiltFunctions>;

    /// Builds the demo's worker for this machine and returns its executable.
    ///
    /// # Errors
    /// If it can't be built, or this build contains none.
    fn build_worker(&self, note: &dyn Fn(&str)) -> Result<PathBuf>;
}

/// Set once, before the first command runs: a process is one program.
static WORKSHOP: OnceLock<Box<dyn Workshop>> = OnceLock::new();

/// Chooses the workshop of this process. The first choice stays.
pub(crate) fn install(workshop: Box<dyn Workshop>) {
    let _ = WORKSHOP.set(workshop);
}

/// The workshop of this process; in unit tests, that of an installed program.
pub(crate) fn workshop() -> &'static dyn Workshop {
    WORKSHOP.get_or_init(|| Box::new(Installed)).as_ref()
}

/// How users call this program.
pub(crate) fn program() -> &'static str {
    workshop().program()
}

/// A program outside of a checkout.
#[derive(Clone, Copy, Debug)]
pub struct Installed;

impl Installed {
    fn missing(what: &str) -> Failure {
        Failure::failed(format!("this build of ecs-scaler doesn't include {what}"))
            .hint("in a checkout of the project, run the same command as `cargo xtask COMMAND`")
    }
}

impl Workshop for Installed {
    fn program(&self) -> &str {
        "ecs-scaler"
    }

    /// Everything in it can be downloaded or made again, so it is the cache folder.
    fn home(&self) -> Result<PathBuf> {
        use etcetera::BaseStrategy as _;
        let folders = etcetera::choose_base_strategy().map_err(|error| {
            Failure::failed(format!("can't find the cache folder of this user: {error}"))
                .hint("set HOME, or XDG_CACHE_HOME on Linux")
        })?;
        Ok(folders.cache_dir().join("ecs-scaler"))
    }

    fn plugin(&self) -> Result<PathBuf> {
        Err(Self::missing("the sandbox"))
    }

    fn report(&self) -> Result<PathBuf> {
        Ok(PathBuf::from("demo-report.html"))
    }

    fn build_functions(
        &self,
        _functions: &[FunctionCode],
        _platform: Platform,
        _wanted: Architecture,
        _note: &dyn Fn(&str),
    ) -> Result<BuiltFunctions> {
        Err(Self::missing("the Lambda functions"))
    }

    fn build_worker(&self, _note: &dyn Fn(&str)) -> Result<PathBuf> {
        Err(Self::missing("the demo's worker"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installed_program_says_what_it_lacks_and_where_it_is() {
        let error = Installed.plugin().unwrap_err();
        assert_eq!(
            error.message(),
            "this build of ecs-scaler doesn't include the sandbox"
        );
        assert!(error.hints()[0].contains("cargo xtask"));
        assert!(Installed.home().unwrap().ends_with("ecs-scaler"));
    }
}
