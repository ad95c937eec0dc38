//! `program`: for the sandbox, runs one of the programs that this one contains.

use std::process::ExitCode;

use crate::programs::Program;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The program to run
    program: Program,
}

/// Runs until the program ends. The program has its own async runtime.
pub(crate) fn run(args: &Args) -> ExitCode {
    args.program.run()
}
