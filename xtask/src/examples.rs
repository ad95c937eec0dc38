//! The examples in other languages: what they need is fetched at its locked versions, and their own tests run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cli::{Failure, Result};
use sandbox::{Venv, prepare_folder};

use crate::node::install_modules;
use crate::paths;

const PYTHON: &str = "examples/voucher-worker-python";
const TYPESCRIPT: &str = "examples/voucher-worker-typescript";

/// The interpreter with the dependencies of the worker in Python.
///
/// # Errors
/// If they can't be installed.
pub(crate) fn prepare_python(note: &dyn Fn(&str)) -> Result<PathBuf> {
    let home = paths::sandbox_home();
    let lock = paths::root().join(PYTHON).join("requirements.txt");
    let folder = home.join("worker-python");
    let venv = Venv::new(folder, vec![lock], home.join("worker-python.log"));
    venv.ensure(note, "installing boto3 into .sandbox (first use)")?;
    Ok(venv.program("python"))
}

/// A folder with the worker in TypeScript, and the modules that it needs next to it.
///
/// # Errors
/// If they can't be installed.
pub(crate) fn prepare_typescript(node: &Path, note: &dyn Fn(&str)) -> Result<PathBuf> {
    let home = paths::sandbox_home().join("worker-typescript");
    let source = paths::root().join(TYPESCRIPT);
    let locks = ["package.json", "package-lock.json"].map(|name| source.join(name));
    prepare_folder(&home, &locks, || {
        note("installing the AWS SDK for JavaScript into .sandbox (first use)");
        fs::create_dir_all(&home).map_err(|error| failed(&home, error))?;
        install_modules(node, &source, &home, "the AWS SDK for JavaScript")
    })?;
    copy_text(&source.join("tsconfig.json"), &home.join("tsconfig.json"))?;
    for folder in ["src", "test"] {
        let target = home.join(folder);
        // Without the files that are gone from the checkout.
        let _ = fs::remove_dir_all(&target);
        fs::create_dir_all(&target).map_err(|error| failed(&target, error))?;
        let entries = fs::read_dir(source.join(folder));
        for entry in entries.map_err(|error| failed(&source, error))? {
            let entry = entry.map_err(|error| failed(&source, error))?;
            copy_text(&entry.path(), &target.join(entry.file_name()))?;
        }
    }
    Ok(home)
}

/// The workers' own tests, and the check of the types, each with its name.
pub(crate) fn list_tests(
    python: &Path,
    typescript: Option<(&Path, &Path)>,
) -> Vec<(&'static str, Command)> {
    let mut unittest = Command::new(python);
    unittest
        .args("-B -m unittest discover --start-directory tests --top-level-directory .".split(' '))
        .current_dir(paths::root().join(PYTHON));
    let mut tests = vec![("the worker's tests in Python", unittest)];
    if let Some((node, folder)) = typescript {
        let node = |arguments: &str| {
            let mut command = Command::new(node);
            command.args(arguments.split(' ')).current_dir(folder);
            command
        };
        let types = node("node_modules/typescript/bin/tsc --project .");
        tests.push(("the worker's types in TypeScript", types));
        let own = node("--test test/*.test.ts");
        tests.push(("the worker's tests in TypeScript", own));
    }
    tests
}

fn copy_text(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map_err(|error| failed(from, error))?;
    Ok(())
}

fn failed(path: &Path, error: std::io::Error) -> Failure {
    Failure::failed(format!("failed to copy {}: {error}", path.display()))
}
