//! `program`: runs one of the programs that this one contains, for the sandbox.

use std::process::ExitCode;

use crate::programs::Program;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The program to run
    program: Program,
}

/// Runs until the program ends. It has a runtime of its own.
pub(crate) fn run(args: &Args) -> ExitCode {
    args.program.run()
}
