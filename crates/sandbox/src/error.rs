//! Errors of the sandbox, with hints.

use std::path::{Path, PathBuf};

/// An error of the sandbox.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder of the sandbox can't be used.
    #[error("failed to {doing} {}", path.display())]
    File {
        /// The operation that failed.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The disk is full, or nearly.
    #[error("no space left on {} ({} MB free)", folder.display(), megabytes(*free))]
    NoSpace {
        /// The folder.
        folder: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that are required.
        needed: u64,
    },
    /// No usable Python to create the environment.
    #[error("no Python from 3.11 to 3.13 was found (tried {tried})")]
    NoPython {
        /// The commands that were tried.
        tried: String,
    },
    /// A command failed.
    #[error("failed to {doing}: {detail}")]
    Command {
        /// The operation that failed.
        doing: String,
        /// Its last lines, or why it didn't start.
        detail: String,
        /// All of its output.
        log: PathBuf,
    },
    /// LocalStack ended, or didn't become ready.
    #[error("LocalStack did not start: {detail}")]
    NotStarted {
        /// What happened.
        detail: String,
        /// Its output.
        log: PathBuf,
    },
    /// The start was interrupted before LocalStack was ready. LocalStack was stopped.
    #[error("interrupted while LocalStack was starting; it is stopped")]
    Interrupted,
    /// The emulators ended, or couldn't be started.
    #[error("the sandbox's emulators did not start: {detail}")]
    EmulatorsNotStarted {
        /// What happened.
        detail: String,
        /// Their output.
        log: PathBuf,
    },
}

/// Result of the sandbox.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The next step for the user.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::File { .. } => {
                vec!["check the disk's space and the folder's permissions".to_owned()]
            }
            Self::NoSpace { needed, .. } => vec![format!(
                "free at least {} MB there, then run the command again",
                megabytes(*needed)
            )],
            Self::NoPython { .. } => vec![
                "install one with its venv module (Debian: python3-venv), or name it: PYTHON=/path/to/python3.12".to_owned(),
            ],
            Self::Command { detail, log, .. } => {
                let mut hints = vec![format!("all of its output: {}", log.display())];
                if detail.contains("ensurepip") {
                    hints.insert(
                        0,
                        "this Python lacks its venv module: install it (Debian: python3-venv)"
                            .to_owned(),
                    );
                }
                hints
            }
            Self::Interrupted => Vec::new(),
            Self::NotStarted { log, .. } | Self::EmulatorsNotStarted { log, .. } => vec![format!("its log: {}", log.display())],
        }
    }

    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }
}

/// Formats whole megabytes.
fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}
