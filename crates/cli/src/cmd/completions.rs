//! `completions`: for the executable itself, because shells can't complete subcommands of `cargo`.

use clap_complete::Shell;

use crate::failure::Result;
use crate::workshop::program;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let name = program().split(' ').next_back().unwrap_or_default();
    let mut command = crate::command().name(name).bin_name(name);
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut text);
    crate::output::document(&String::from_utf8_lossy(&text));
    Ok(())
}
