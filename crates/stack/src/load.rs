//! Reads the file of a definition.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use miette::Diagnostic;

use crate::findings::Findings;
use crate::select::list_environments;
use crate::source::Source;
use crate::text::LARGEST;
use crate::{Loaded, Report, Selection, parse_selected, yaml};

/// Why a definition can't be loaded from a file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file can't be read.
    #[error("can't read {}", name_file(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The file is larger than any definition.
    #[error("{} is larger than {limit} bytes", name_file(path))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Maximum number of bytes of a definition.
        limit: usize,
    },
    /// The file isn't text in UTF-8.
    #[error("{} isn't UTF-8: line {line}, byte {byte}", name_file(path))]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first invalid byte, from 0.
        byte: usize,
        /// Its line, from 1.
        line: usize,
    },
    /// The definition has errors.
    #[error(transparent)]
    Invalid(Report),
}

/// Reads a definition from a file, of which no more than the largest definition's bytes are read. `-` is standard input.
///
/// # Errors
/// [`LoadError`], if the file can't be read or isn't a valid definition.
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    load_selected(path, &Selection::default())
}

/// Reads a definition from a file, with the values of a selection.
///
/// # Errors
/// The same as [`load`], and if the selection doesn't match the definition.
pub fn load_selected(path: &Path, selection: &Selection) -> Result<Loaded, LoadError> {
    let text = read_text(path)?;
    parse_selected(&name_file(path), &text, selection).map_err(LoadError::Invalid)
}

/// The names of the environments of a definition in a file, in its order; empty if it isn't valid YAML.
///
/// # Errors
/// [`LoadError`], if the file can't be read.
pub fn read_environments(path: &Path) -> Result<Vec<String>, LoadError> {
    let text = read_text(path)?;
    let mut findings = Findings::new(Arc::new(Source::new("", &text)));
    let root = yaml::parse(&mut findings);
    Ok(root.map_or_else(Vec::new, |root| list_environments(&root)))
}

fn read_text(path: &Path) -> Result<String, LoadError> {
    let bytes = read(path)?;
    String::from_utf8(bytes).map_err(|error| {
        let byte = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(byte);
        LoadError::NotUtf8 {
            path: path.to_owned(),
            byte,
            line: before.filter(|byte| **byte == b'\n').count() + 1,
        }
    })
}

/// Stands for standard input in place of a file.
const STANDARD_INPUT: &str = "-";

/// A file as messages name it.
#[must_use]
pub fn name_file(path: &Path) -> String {
    match path == Path::new(STANDARD_INPUT) {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    }
}

/// Reads standard input once for the whole process: a command can read its definition several times.
fn read_standard_input() -> io::Result<Vec<u8>> {
    static READ: Mutex<Option<Vec<u8>>> = Mutex::new(None);
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if read.is_none() {
        if io::stdin().is_terminal() {
            return Err(io::Error::other(
                "it is a terminal: pipe a definition into it",
            ));
        }
        let mut bytes = Vec::new();
        io::stdin()
            .take(LARGEST as u64 + 1)
            .read_to_end(&mut bytes)?;
        *read = Some(bytes);
    }
    Ok(read.clone().unwrap_or_default())
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let failed = |source| LoadError::Read {
        path: path.to_owned(),
        source,
    };
    if path == Path::new(STANDARD_INPUT) {
        let bytes = read_standard_input().map_err(failed)?;
        return within_limit(path, bytes);
    }
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    let limit = LARGEST as u64;
    // No more than that: the size of a pipe or device isn't known in advance, and a file can grow meanwhile.
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    within_limit(path, bytes)
}

fn within_limit(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>, LoadError> {
    match bytes.len() > LARGEST {
        true => Err(LoadError::TooLarge {
            path: path.to_owned(),
            limit: LARGEST,
        }),
        false => Ok(bytes),
    }
}

impl Diagnostic for LoadError {
    fn severity(&self) -> Option<miette::Severity> {
        Some(miette::Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = match self {
            Self::Read { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => "check the path; `init` writes a new definition",
                io::ErrorKind::PermissionDenied => "let your user read the file",
                io::ErrorKind::IsADirectory => "name the definition's file, not its folder",
                _ => return None,
            },
            Self::TooLarge { .. } => {
                "a definition of hundreds of services needs far less: is it the right file?"
            }
            Self::NotUtf8 { .. } => "save the file as UTF-8",
            Self::Invalid(_) => return None,
        };
        Some(Box::new(help))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        match self {
            Self::Invalid(report) => report.related(),
            _ => None,
        }
    }
}
