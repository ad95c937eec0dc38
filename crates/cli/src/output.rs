//! Standard output: the result, for people or for programs.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

use serde::Serialize;

use crate::escape::{Keep, escape, escape_json};
use crate::failure::{Failure, Result};

/// What standard output carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document.
    Json,
}

impl Format {
    /// Prints a result once: its text, made only when wanted, or itself as JSON.
    pub fn print<T: Serialize>(self, result: &T, as_text: impl FnOnce(&T) -> String) {
        match self {
            Self::Text => text(&as_text(result)),
            Self::Json => json(result),
        }
    }
}

/// Prints text for people, and ends the line if it does not.
pub(crate) fn text(text: &str) {
    print_line_end(&escape(text, Keep::lines(console::colors_enabled())));
}

/// Prints a document, such as a template, which a program may read: unchanged, except on a terminal.
pub(crate) fn document(text: &str) {
    if std::io::stdout().is_terminal() {
        return print_line_end(&escape(text, Keep::lines(false)));
    }
    print_line_end(text);
}

fn print_line_end(text: &str) {
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    write(&format!("{text}{end}"));
}

pub(crate) fn json<T: Serialize>(value: &T) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => write(&format!("{}\n", escape_json(&text))),
        Err(error) => eprintln!("failed to write JSON: {error}"),
    }
}

/// Prints a value as one line of JSON, for output that goes on and on.
pub(crate) fn json_line<T: Serialize>(value: &T) {
    match serde_json::to_string(value) {
        Ok(text) => write(&format!("{}\n", escape_json(&text))),
        Err(error) => eprintln!("failed to write JSON: {error}"),
    }
}

/// What kept the output from being written.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// A reader that has seen enough (`| head`) is no failure.
fn write(text: &str) {
    let mut stdout = std::io::stdout().lock();
    if let Err(error) = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        let _ = UNWRITTEN.set(error.to_string());
    }
}

/// Checks that all output of this process was written.
///
/// # Errors
/// If some wasn't, as on a full disk.
pub(crate) fn require_written() -> Result<()> {
    match UNWRITTEN.get() {
        Some(error) => Err(
            Failure::failed(format!("failed to write to standard output: {error}"))
                .hint("the command itself has succeeded"),
        ),
        None => Ok(()),
    }
}
