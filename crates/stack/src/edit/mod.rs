//! Changes values in a definition's text, and leaves every other byte unchanged.
//!
//! The text is cut where the parser's marks locate a value; nothing is printed again. A cut counts only if the
//! changed text, parsed again, is the intended tree. The whole edit counts only if the result is exactly the
//! intended stack.

mod change;
mod cut;
mod tree;

use std::sync::Arc;

use crate::findings::Findings;
use crate::model::Stack;
use crate::parse_selected;
use crate::problem::Report;
use crate::select::{self, Selection};
use crate::source::Source;
use crate::yaml::{self, Node};

pub use change::Edit;

/// Why the text of a definition can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The text isn't a valid definition.
    #[error(transparent)]
    Invalid(Report),
    /// A path that can't be changed without affecting others.
    #[error("{path} can't be changed without affecting the text around it")]
    Place {
        /// Path of the value.
        path: String,
    },
    /// A path whose value the command line sets.
    #[error("{path} is set by an argument (--set), not by the file")]
    Argument {
        /// Path of the value.
        path: String,
    },
    /// The result isn't a valid definition.
    #[error("the changed definition would be invalid: {0}")]
    InvalidResult(Report),
    /// The result has another meaning than intended.
    #[error("the changed definition would have another meaning than intended")]
    Meaning,
}

/// Changes a definition's text, edit by edit, into one that means exactly the stack `intended`.
///
/// # Errors
/// If the text isn't a valid definition, if a path can't be changed without affecting others, or if the result
/// would have any other meaning.
pub fn edit(text: &str, edits: &[Edit], intended: &Stack) -> Result<String, EditError> {
    edit_selected(text, edits, intended, &Selection::default())
}

/// Changes values at the place from which a selection takes them: in its environment, or else in the rest of the
/// definition. A new value goes into the environment.
///
/// # Errors
/// The same as [`edit`], and if an argument sets a value to be changed.
pub fn edit_selected(
    text: &str,
    edits: &[Edit],
    intended: &Stack,
    selection: &Selection,
) -> Result<String, EditError> {
    let mut changed = text.to_owned();
    for edit in edits {
        if select::is_set(selection, &edit.path) {
            return Err(EditError::Argument { path: edit.path() });
        }
        let environment = selection.environment.as_deref();
        let edit = edit.clone().within(environment, &read(&changed)?);
        changed = apply_edit(&changed, &edit)?;
    }
    let outcome = parse_selected("", &changed, selection).map_err(EditError::InvalidResult)?;
    if outcome.stack == *intended {
        Ok(changed)
    } else {
        Err(EditError::Meaning)
    }
}

/// The text after one edit.
fn apply_edit(text: &str, edit: &Edit) -> Result<String, EditError> {
    let before = read(text)?;
    let Some(wanted) = tree::apply_edit(&before, edit) else {
        return Err(EditError::Place { path: edit.path() });
    };
    if tree::are_equal(&before, &wanted) {
        return Ok(text.to_owned());
    }
    cut::list_cuts(text, &before, edit)
        .into_iter()
        .filter_map(|cut| cut.apply(text))
        .find(|changed| read(changed).is_ok_and(|found| tree::are_equal(&found, &wanted)))
        .ok_or_else(|| EditError::Place { path: edit.path() })
}

fn read(text: &str) -> Result<Node, EditError> {
    let mut findings = Findings::new(Arc::new(Source::new("", text)));
    let root = yaml::parse(&mut findings);
    match root {
        Some(root) if !findings.has_errors() => Ok(root),
        _ => Err(EditError::Invalid(findings.into_report())),
    }
}
