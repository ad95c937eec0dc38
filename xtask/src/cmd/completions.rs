//! `completions`: for `xtask` itself; shells can't complete behind `cargo`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::failure::Result;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let mut command = crate::Cli::command().name("xtask").bin_name("xtask");
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "xtask", &mut text);
    crate::output::text(&String::from_utf8_lossy(&text));
    Ok(())
}
