//! Python environments, created from lock files with hashes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::prepared::{is_prepared, prepare_folder};

/// A Python environment that a lock file describes.
#[derive(Clone, Debug)]
pub struct Venv {
    folder: PathBuf,
    /// Lock files, installed one after another.
    requirements: Vec<PathBuf>,
    /// File for the installation's output.
    log: PathBuf,
}

/// Interpreters to try. LocalStack's CloudFormation can't be imported on 3.10, and its lock hasn't been tested
/// with 3.14.
const PYTHONS: [&str; 5] = [
    "python3.13",
    "python3.12",
    "python3.11",
    "python3",
    "python",
];

impl Venv {
    /// The environment in `folder`, created from these lock files, one after another.
    #[must_use]
    pub fn new(folder: PathBuf, requirements: Vec<PathBuf>, log: PathBuf) -> Self {
        Self {
            folder,
            requirements,
            log,
        }
    }

    /// Returns the path of a program of the environment.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// Returns a command that runs a program of the environment. That program finds the environment's programs
    /// before the system's.
    #[must_use]
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.program(name));
        let system = std::env::var_os("PATH").unwrap_or_default();
        let folders =
            std::iter::once(self.folder.join("bin")).chain(std::env::split_paths(&system));
        if let Ok(path) = std::env::join_paths(folders) {
            command.env("PATH", path);
        }
        command
    }

    /// Whether the environment is complete and was created from the current lock files.
    ///
    /// # Errors
    /// If a lock file can't be read.
    pub fn is_ready(&self) -> Result<bool> {
        is_prepared(&self.folder, &self.requirements)
    }

    /// Creates the environment unless it is ready; see [`prepare_folder`].
    ///
    /// # Errors
    /// If Python, network access, or disk space is missing.
    pub fn ensure(&self, note: &dyn Fn(&str), what: &str) -> Result<()> {
        prepare_folder(&self.folder, &self.requirements, || {
            note(what);
            self.install(note)
        })
    }

    fn install(&self, note: &dyn Fn(&str)) -> Result<()> {
        let python = find_python()?;
        let log = create_with_parents(&self.log)?;
        let mut venv = Command::new(python);
        venv.args(["-m", "venv"]).arg(&self.folder);
        run(
            "make a Python environment",
            &mut venv,
            &log,
            &self.log,
            &|| {},
        )?;
        let wanted = self
            .requirements
            .iter()
            .map(|file| count_packages(file))
            .sum();
        let report = || {
            note(&describe_progress(
                &fs::read_to_string(&self.log).unwrap_or_default(),
                wanted,
            ))
        };
        for requirements in &self.requirements {
            let mut pip = Command::new(self.program("python"));
            // No isolation, because a build would otherwise download its tools without a lock. The lock file
            // lists the tools for packages without a wheel first.
            pip.args(["-m", "pip", "install", "--require-hashes", "--no-deps"]);
            pip.args([
                "--no-build-isolation",
                "--disable-pip-version-check",
                "--no-input",
            ]);
            pip.arg("-r").arg(requirements);
            run(
                "install the locked Python packages",
                &mut pip,
                &log,
                &self.log,
                &report,
            )?;
        }
        Ok(())
    }
}

fn find_python() -> Result<PathBuf> {
    if let Some(python) = std::env::var_os("PYTHON").filter(|python| !python.is_empty()) {
        let python = PathBuf::from(python);
        return if is_recent(&python) {
            Ok(python)
        } else {
            Err(Error::NoPython {
                tried: format!("PYTHON={}", python.display()),
            })
        };
    }
    PYTHONS
        .iter()
        .map(PathBuf::from)
        .find(|python| is_recent(python))
        .ok_or_else(|| Error::NoPython {
            tried: PYTHONS.join(", "),
        })
}

fn is_recent(python: &Path) -> bool {
    let check = "import sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))";
    Command::new(python)
        .args(["-c", check])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn create_with_parents(path: &Path) -> Result<File> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::file("make the folder", parent))?;
    }
    File::create(path).map_err(Error::file("write", path))
}

/// The packages of a lock file, each of which starts a line.
fn count_packages(requirements: &Path) -> usize {
    let text = fs::read_to_string(requirements).unwrap_or_default();
    let lines = text.lines().filter(|line| line.contains("=="));
    lines.filter(|line| !line.starts_with([' ', '#'])).count()
}

/// How far pip is, by its log.
fn describe_progress(log: &str, wanted: usize) -> String {
    let found = log
        .lines()
        .filter(|line| line.starts_with("Collecting "))
        .count();
    match found < wanted {
        true => format!("downloading package {found} of {wanted}"),
        false => format!("unpacking {wanted} packages"),
    }
}

/// Time between two reports of a command that takes long.
const REPORTS: Duration = Duration::from_secs(15);

/// Runs a command with its output in a log; calls `report` now and then.
fn run(
    doing: &str,
    command: &mut Command,
    log: &File,
    log_path: &Path,
    report: &dyn Fn(),
) -> Result<()> {
    let failed = |detail: String| Error::Command {
        doing: doing.to_owned(),
        detail,
        log: log_path.to_owned(),
    };
    let out = log.try_clone().map_err(Error::file("write", log_path))?;
    let err = log.try_clone().map_err(Error::file("write", log_path))?;
    let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
    let status = child.and_then(|mut child| {
        let mut last = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if last.elapsed() > REPORTS {
                report();
                last = Instant::now();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(failed(last_lines(log_path, 5))),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Returns the last lines of a log, for an error. Empty if it can't be read.
pub(crate) fn last_lines(path: &Path, count: usize) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_from_the_log_of_pip() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("requirements.txt");
        let lock = "# a comment with ==\na==1 \\\n    --hash=sha256:00\nb==2 \\\n    # via a==1\n";
        fs::write(&file, lock).unwrap();
        assert_eq!(count_packages(&file), 2);
        let log = "Collecting a==1 (from -r x)\n  Downloading a-1.whl (276 kB)\n";
        assert_eq!(describe_progress(log, 2), "downloading package 1 of 2");
        let log = format!("{log}Collecting b==2\nInstalling collected packages: a, b\n");
        assert_eq!(describe_progress(&log, 2), "unpacking 2 packages");
    }

    fn venv(folder: &Path, requirements: &str) -> Venv {
        let lock = folder.join("requirements.txt");
        fs::write(&lock, requirements).unwrap();
        Venv::new(
            folder.join("venv"),
            vec![lock],
            folder.join("log/install.log"),
        )
    }

    #[test]
    fn is_made_once_and_again_when_the_lock_changes() {
        let folder = tempfile::tempdir().unwrap();
        let notes = std::cell::Cell::new(0);
        let note = |_: &str| notes.set(notes.get() + 1);
        let first = venv(folder.path(), "# nothing\n");
        first.ensure(&note, "making").unwrap();
        assert!(first.program("python").exists());
        first.ensure(&note, "making").unwrap();
        assert_eq!(notes.get(), 1);
        let second = venv(folder.path(), "# nothing else\n");
        assert!(!second.is_ready().unwrap());
        second.ensure(&note, "making").unwrap();
        assert_eq!(notes.get(), 2);
    }

    #[test]
    fn a_failed_installation_says_why_and_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        let broken = venv(folder.path(), "no-hash==1.0\n");
        let error = broken.ensure(&|_| {}, "making").unwrap_err();
        assert!(error.to_string().contains("hash"), "{error}");
        assert!(
            error
                .hints()
                .iter()
                .any(|hint| hint.contains("install.log")),
            "{error:?}"
        );
        assert!(!broken.is_ready().unwrap());
    }
}
