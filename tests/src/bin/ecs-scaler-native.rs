//! The product's commands with functions that were built for this machine, for a cloud with a given endpoint.
//! With these, a test can put a proxy in front of the sandbox without a build for Lambda.

use std::path::PathBuf;
use std::process::ExitCode;

use cli::{Installed, Result, Workshop};
use deployer::{BuiltFunctions, FunctionCode};
use stack::Architecture;

/// Also runs as the functions, as in the sandbox.
struct Native;

impl Workshop for Native {
    fn program(&self) -> &str {
        Installed.program()
    }

    fn home(&self) -> Result<PathBuf> {
        Installed.home()
    }

    fn plugin(&self) -> Result<PathBuf> {
        Installed.plugin()
    }

    fn report(&self) -> Result<PathBuf> {
        Installed.report()
    }

    fn build_functions(
        &self,
        functions: &[FunctionCode],
        wanted: Architecture,
        _note: &dyn Fn(&str),
    ) -> Result<BuiltFunctions> {
        Ok(BuiltFunctions {
            assets: cli::pack_functions(functions)?,
            architecture: wanted,
        })
    }
}

fn main() -> ExitCode {
    cli::install(Box::new(Native));
    cli::run(&cli::command().get_matches())
}
