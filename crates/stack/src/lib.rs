//! Stack definitions: YAML text to a validated [`Stack`].
//!
//! This crate owns the format. It knows every key with its kind, default and meaning (`shape`), reads
//! a file within fixed limits (`yaml`, `text`), fills in the defaults (`read`), and refuses what would
//! deploy and then fail or lie (`check`). All problems of a file come in one [`Report`], each with its
//! place and what would be right. It reads the one file, or standard input, that [`load`] is given, and does no other I/O.

mod arn;
mod check;
mod difference;
mod duration;
mod edit;
mod entries;
mod findings;
mod foreign;
mod image;
mod instances;
mod load;
mod model;
mod nearest;
mod path;
mod problem;
mod read;
mod record;
mod secret;
mod select;
mod shape;
mod slo;
mod source;
mod text;
mod variable;
mod written;
mod yaml;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use arn::partition_of;
pub use difference::{ValueChange, compare_values};
pub use edit::{Edit, EditError, edit, edit_selected};
pub use entries::{Entry, parse_entries};
pub use foreign::{YamlEntry, YamlNode, YamlValue, read_yaml};
pub use image::EcrImage;
pub use instances::InstanceRoom;
pub use load::{LoadError, load, load_selected, name_file, read_environments};
pub use model::*;
pub use nearest::{nearest, suggest_name};
pub use problem::{Label, Problem, Report, Severity};
pub use record::{compare_records, parse_record};
pub use select::Selection;
pub use shape::REGIONS;
pub use slo::Slo;
pub use variable::name_variable;
pub use written::{LateError, Place, Written};

use findings::Findings;
use source::Source;

/// A valid definition.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The definition, with every default filled in.
    pub stack: Stack,
    /// Legal but doubtful parts of it; often empty.
    pub warnings: Report,
}

/// Reads a definition from its text. The report contains `source_name`, usually the file's path.
///
/// # Errors
/// Every problem of the text, errors and warnings, if at least one is an error.
pub fn parse(source_name: &str, text: &str) -> Result<Loaded, Report> {
    parse_selected(source_name, text, &Selection::default())
}

/// Reads a definition from its text, with the values of a selection.
///
/// # Errors
/// Every problem of the text and of the selection, errors and warnings, if at least one is an error.
pub fn parse_selected(
    source_name: &str,
    text: &str,
    selection: &Selection,
) -> Result<Loaded, Report> {
    let source = Source::with_arguments(source_name, text, &selection.set);
    let source = Arc::new(source);
    let mut findings = Findings::new(Arc::clone(&source));
    let Some(root) = yaml::parse(&mut findings) else {
        return Err(findings.into_report());
    };
    let root = select::select(root, selection, &mut findings);
    if !shape::check(&root, &mut findings) {
        return Err(findings.into_report());
    }
    let stack = Stack {
        environment: selection.environment.clone(),
        written: Written::of(&root, &source),
        ..read::read(&root)
    };
    check::check(&stack, &mut findings);
    if findings.has_errors() {
        Err(findings.into_report())
    } else {
        let warnings = findings.into_report();
        Ok(Loaded { stack, warnings })
    }
}

/// The JSON Schema of a definition, for editors.
#[must_use]
pub fn schema() -> serde_json::Value {
    shape::schema()
}

/// A Markdown table of every key of a definition.
#[must_use]
pub fn reference() -> String {
    shape::reference()
}
