//! The programs that this one contains and that the sandbox runs: both functions, and the demo's worker.
//!
//! A zip for Lambda might not run on this machine, because of its processor or system. So in the sandbox, a
//! function's `bootstrap` is a script that starts the running program again with the hidden command `program`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum as _;
use deployer::{Asset, FunctionCode};
use sha2::{Digest as _, Sha256};

use crate::failure::{Failure, Result};

/// A program in this one. On the command line its name is that of its package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Program {
    MetricFunction,
    ScalingFunction,
    VoucherWorker,
}

impl Program {
    /// Returns the name, which is also the name of the container in the demo's definition.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Runs the program until it ends.
    pub(crate) fn run(self) -> ExitCode {
        let ended = match self {
            Self::MetricFunction => serve(metric_function::serve()),
            Self::ScalingFunction => serve(scaling_function::serve()),
            Self::VoucherWorker => return voucher_worker::run_program(),
        };
        match ended {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{}: {error}", self.name());
                ExitCode::FAILURE
            }
        }
    }
}

impl From<FunctionCode> for Program {
    fn from(function: FunctionCode) -> Self {
        match function {
            FunctionCode::Metric => Self::MetricFunction,
            FunctionCode::Scaling => Self::ScalingFunction,
        }
    }
}

/// Runs a function on one thread, as in Lambda.
fn serve<E: Display>(function: impl Future<Output = Result<(), E>>) -> Result<(), String> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(|error| format!("failed to start: {error}"))?;
    let ended = runtime.block_on(function);
    ended.map_err(|error| error.to_string())
}

/// Packs functions for the sandbox: scripts that run this program.
///
/// # Errors
/// If the file of the running program can't be read.
pub fn pack_functions(functions: &[FunctionCode]) -> Result<BTreeMap<FunctionCode, Asset>> {
    let path = find_executable()?;
    let bytes = std::fs::read(&path).map_err(|error| {
        Failure::failed(format!("failed to read {}: {error}", path.display()))
            .hint("the program was replaced or removed while it ran: run the command again")
    })?;
    let sha256 = hex::encode(Sha256::digest(bytes));
    let pack = |function: &FunctionCode| {
        let script = write_script(&path, (*function).into())?;
        let script = mark_version(&script, &sha256);
        let asset = Asset::function(function.package(), script.as_bytes())?;
        Ok((*function, asset))
    };
    functions.iter().map(pack).collect()
}

/// Adds the program's hash to a script, so that a deploy after an upgrade of the program updates the functions.
fn mark_version(script: &str, sha256: &str) -> String {
    format!("{script}# SHA-256 of the program: {sha256}\n")
}

/// Creates an executable file in `folder` that runs the demo's worker, and returns its path.
///
/// # Errors
/// If the file of the running program can't be read, or the new file can't be written.
pub(crate) fn make_worker(folder: &Path) -> Result<PathBuf> {
    let worker = Program::VoucherWorker;
    let script = write_script(&find_executable()?, worker)?;
    let path = folder.join(worker.name());
    let failed = |error: std::io::Error| {
        Failure::failed(format!("failed to write {}: {error}", path.display()))
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    // Another demo might be running the file that this one replaces.
    let file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o755))
        .tempfile_in(folder);
    let mut file = file.map_err(failed)?;
    file.write_all(script.as_bytes()).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(path)
}

/// Returns the path of the running program.
fn find_executable() -> Result<PathBuf> {
    std::env::current_exe()
        .map_err(|error| Failure::failed(format!("failed to find this program: {error}")))
}

/// Writes a shell script that runs `program` of the executable at `path`.
fn write_script(path: &Path, program: Program) -> Result<String> {
    let Some(path) = path.to_str() else {
        let path = path.display();
        return Err(Failure::failed(format!(
            "the path of this program is not valid UTF-8: {path}"
        )));
    };
    let (quoted, name) = (path.replace('\'', r"'\''"), program.name());
    Ok(format!("#!/bin/sh\nexec '{quoted}' program {name}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_called_as_its_package() {
        for function in FunctionCode::ALL {
            assert_eq!(Program::from(function).name(), function.package());
        }
        assert_eq!(Program::VoucherWorker.name(), "voucher-worker");
    }

    #[test]
    fn a_script_runs_the_program_whatever_its_path_contains() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it's $HOME here");
        let program = "#!/bin/sh\nprintf '%s' \"$1 $2\"\n";
        std::fs::write(&path, program).unwrap();
        let mut permissions = std::fs::metadata(&path).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        std::fs::set_permissions(&path, permissions).unwrap();
        let script = write_script(&path, Program::MetricFunction).unwrap();
        let mut shell = std::process::Command::new("/bin/sh");
        let output = shell.args(["-c", &script]).output().unwrap();
        assert_eq!(output.stdout, b"program metric-function");
    }

    #[test]
    fn another_program_packs_other_functions() {
        let path = Path::new("/bin/ecs-scaler");
        let script = write_script(path, Program::ScalingFunction).unwrap();
        let script = |sha256: &str| mark_version(&script, sha256);
        assert_ne!(script("1"), script("2"));
        assert_eq!(script("1"), script("1"));
    }

    #[test]
    fn the_worker_is_an_executable_file() {
        let folder = tempfile::tempdir().unwrap();
        let worker = make_worker(&folder.path().join("programs")).unwrap();
        let mode = std::fs::metadata(&worker).unwrap().permissions();
        let mode = std::os::unix::fs::PermissionsExt::mode(&mode);
        assert_eq!(mode & 0o111, 0o111);
        assert_eq!(worker.file_name().unwrap(), "voucher-worker");
    }
}
