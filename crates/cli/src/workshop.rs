//! The workshop: where functions, the sandbox's plugin, and the home folder come from.
//!
//! An installed `ecs-scaler` and `cargo xtask` in a checkout run the same commands. This is their only
//! difference.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use deployer::{BuiltFunctions, FunctionCode};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use stack::Architecture;

use crate::bundle::Bundle;
use crate::failure::{Failure, Result};
use crate::ui::warn;

/// What a program that runs the commands provides to them.
pub trait Workshop: Send + Sync {
    /// How users call the program, for help and hints: `ecs-scaler` or `cargo xtask`.
    fn program(&self) -> &str;

    /// Folder for sandboxes, caches, and logs.
    ///
    /// # Errors
    /// If the platform doesn't define such a folder.
    fn home(&self) -> Result<PathBuf>;

    /// Folder of the LocalStack plugin's source.
    ///
    /// # Errors
    /// If this build has no plugin.
    fn plugin(&self) -> Result<PathBuf>;

    /// Where `demo` writes its report by default.
    ///
    /// # Errors
    /// If the platform doesn't define a folder for it.
    fn report(&self) -> Result<PathBuf>;

    /// Shortens a path for display.
    fn shorten<'a>(&self, path: &'a Path) -> &'a Path {
        path
    }

    /// Builds and packs functions for the Lambda runtime `provided.al2023`, or returns the functions that this
    /// program contains. `note` receives progress.
    ///
    /// # Errors
    /// If a function can't be built, or this build contains none.
    fn build_functions(
        &self,
        functions: &[FunctionCode],
        wanted: Architecture,
        note: &dyn Fn(&str),
    ) -> Result<BuiltFunctions>;

    /// Returns the simulator as WebAssembly for the page of a report, packed with gzip. `None` if there is none; `note`
    /// then receives the reason, and otherwise progress.
    ///
    /// # Errors
    /// If it can't be built, or the program is damaged.
    fn find_simulator(&self, _note: &dyn Fn(&str)) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    /// Lists the functions for Lambda that this program contains.
    ///
    /// # Errors
    /// If the program is damaged.
    fn list_functions(&self) -> Result<Vec<ContainedFunction>> {
        Ok(Vec::new())
    }
}

/// A packed function that the program contains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContainedFunction {
    /// Name of the function's package.
    pub name: &'static str,
    /// Instruction set, as Lambda calls it.
    pub architecture: String,
    /// SHA-256 of the zip, in hexadecimal digits.
    pub sha256: String,
}

/// Set once, before the first command runs: a process is one program.
static WORKSHOP: OnceLock<Box<dyn Workshop>> = OnceLock::new();

/// Sets the workshop of this process. Only the first call has an effect.
pub(crate) fn install(workshop: Box<dyn Workshop>) {
    let _ = WORKSHOP.set(workshop);
}

/// Returns the workshop of this process. In unit tests, an installed program's.
pub(crate) fn workshop() -> &'static dyn Workshop {
    WORKSHOP.get_or_init(|| Box::new(Installed)).as_ref()
}

/// How users call this program.
pub(crate) fn program() -> &'static str {
    workshop().program()
}

/// A program outside a checkout.
#[derive(Clone, Copy, Debug)]
pub struct Installed;

impl Installed {
    fn open_bundle(what: &str) -> Result<Bundle> {
        Bundle::open()?.ok_or_else(|| {
            Failure::failed(format!("this build of ecs-scaler doesn't include {what}"))
                .hint("use a released program, or run the same command as `cargo xtask COMMAND` in a checkout")
        })
    }
}

impl Workshop for Installed {
    fn program(&self) -> &str {
        "ecs-scaler"
    }

    /// All of its content can be downloaded or created again, so it is the cache folder.
    fn home(&self) -> Result<PathBuf> {
        use etcetera::BaseStrategy as _;
        let folders = etcetera::choose_base_strategy().map_err(|error| {
            Failure::failed(format!("can't find the cache folder of this user: {error}"))
                .hint("set HOME, or XDG_CACHE_HOME on Linux")
        })?;
        Ok(folders.cache_dir().join("ecs-scaler"))
    }

    fn plugin(&self) -> Result<PathBuf> {
        let mut bundle = Self::open_bundle("the sandbox")?;
        bundle.unpack_plugin(&self.home()?.join("plugin"))
    }

    fn report(&self) -> Result<PathBuf> {
        Ok(PathBuf::from("demo-report.html"))
    }

    /// If the bundle doesn't contain the wanted architecture, uses the one that it contains: a function works the same
    /// on both.
    fn build_functions(
        &self,
        functions: &[FunctionCode],
        wanted: Architecture,
        _note: &dyn Fn(&str),
    ) -> Result<BuiltFunctions> {
        let mut bundle = Self::open_bundle("the Lambda functions")?;
        let others = Architecture::ALL
            .into_iter()
            .filter(|&other| other != wanted);
        for architecture in [wanted].into_iter().chain(others) {
            let read = |&function: &FunctionCode| {
                let asset = bundle.read_function(function, architecture)?;
                Ok(asset.map(|asset| (function, asset)))
            };
            let found: Option<BTreeMap<_, _>> =
                functions.iter().map(read).collect::<Result<_>>()?;
            let Some(assets) = found else { continue };
            if architecture != wanted {
                warn(&format!(
                    "this build of ecs-scaler contains no functions for {wanted}: they run on {architecture}"
                ));
            }
            return Ok(BuiltFunctions {
                assets,
                architecture,
            });
        }
        Err(Failure::failed(
            "this build of ecs-scaler contains no functions",
        ))
    }

    fn find_simulator(&self, note: &dyn Fn(&str)) -> Result<Option<Vec<u8>>> {
        let found = match Bundle::open()? {
            Some(mut bundle) => bundle.read_simulator()?,
            None => None,
        };
        if found.is_none() {
            note(
                "the page has no knobs, because this build of ecs-scaler doesn't include the simulator for pages",
            );
        }
        Ok(found)
    }

    fn list_functions(&self) -> Result<Vec<ContainedFunction>> {
        let Some(mut bundle) = Bundle::open()? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for architecture in Architecture::ALL {
            for function in FunctionCode::ALL {
                if let Some(asset) = bundle.read_function(function, architecture)? {
                    found.push(ContainedFunction {
                        name: function.package(),
                        architecture: architecture.to_string(),
                        sha256: hex::encode(Sha256::digest(&asset.bytes)),
                    });
                }
            }
        }
        Ok(found)
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
        assert_eq!(Installed.list_functions().unwrap(), []);
        assert!(Installed.home().unwrap().ends_with("ecs-scaler"));
    }
}
