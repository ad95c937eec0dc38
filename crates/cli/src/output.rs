//! Standard output: the result, for people or programs.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

use serde::Serialize;

use crate::escape::{Keep, escape, escape_json};
use crate::failure::{Failure, Result};
use crate::layout::{lay_out, width};
use crate::workshop::program;

/// Version of the JSON documents, which docs/json.md describes. It grows when a key changes its meaning or goes; new keys
/// leave it.
const SCHEMA_VERSION: u32 = 1;

/// The command that runs, such as `dead-letters list`.
static COMMAND: OnceLock<String> = OnceLock::new();

/// Names the command in all documents of this process. The first name stays.
pub(crate) fn name_command(name: String) {
    let _ = COMMAND.set(name);
}

/// A document of a command: the keys that all of them start with, and its own.
#[derive(Serialize)]
struct Document<'d, T> {
    schema_version: u32,
    command: &'d str,
    #[serde(flatten)]
    result: &'d T,
}

impl<'d, T> Document<'d, T> {
    fn new(result: &'d T) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            command: COMMAND.get().map_or_else(program, String::as_str),
            result,
        }
    }
}

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
    /// Prints a result once: its text, made only when wanted, or itself as JSON. It must be a mapping.
    pub fn print<T: Serialize>(self, result: &T, as_text: impl FnOnce(&T) -> String) {
        match self {
            Self::Text => text(&as_text(result)),
            Self::Json => json(result),
        }
    }

    /// The same, with text that is copied: no line is folded.
    pub(crate) fn print_unfolded<T: Serialize>(
        self,
        result: &T,
        as_text: impl FnOnce(&T) -> String,
    ) {
        match self {
            Self::Text => unfolded(&as_text(result)),
            Self::Json => json(result),
        }
    }
}

/// Prints text for people, as wide as the terminal, and ends the line if it does not.
pub(crate) fn text(text: &str) {
    let text = escape(text, Keep::lines(console::colors_enabled()));
    print_line_end(&lay_out(&text, width()));
}

/// Prints text whose lines stay whole, such as a log or a difference of files.
pub(crate) fn unfolded(text: &str) {
    print_line_end(&escape(text, Keep::lines(console::colors_enabled())));
}

/// Prints a document that programs can read, such as a template. Unchanged, except on a terminal.
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
    standard_json(&Document::new(value));
}

/// Prints a document of a format that isn't ours, such as a template.
pub(crate) fn standard_json<T: Serialize>(value: &T) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => write(&format!("{}\n", escape_json(&text))),
        Err(error) => eprintln!("failed to write JSON: {error}"),
    }
}

/// Prints a value as one line of JSON, for continuous output.
pub(crate) fn json_line<T: Serialize>(value: &T) {
    write(&format_json_line(value));
}

/// A document in one line, with its end.
pub(crate) fn format_json_line<T: Serialize>(value: &T) -> String {
    let text = serde_json::to_string(&Document::new(value)).unwrap_or_default();
    format!("{}\n", escape_json(&text))
}

/// Why the output couldn't be written.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// A reader that stops early (`| head`) isn't a failure.
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
/// If some wasn't, for example because the disk is full.
pub(crate) fn require_written() -> Result<()> {
    match UNWRITTEN.get() {
        Some(error) => Err(
            Failure::failed(format!("failed to write to standard output: {error}"))
                .hint("the command itself has succeeded"),
        ),
        None => Ok(()),
    }
}
