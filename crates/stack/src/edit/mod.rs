//! Changing values in a definition's text, with every other byte left as it is.
//!
//! The text is cut where the marked parser says that a value stands; nothing is printed anew. A cut counts
//! only when the changed text, read again, is the tree that was meant; and the whole only when it is the very
//! stack that was meant.

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

/// Why a definition can't be changed in its text.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The text is no definition.
    #[error(transparent)]
    Invalid(Report),
    /// A place that can't be changed without touching others.
    #[error("{path} can't be changed without touching what is around it")]
    Place {
        /// Path of the value.
        path: String,
    },
    /// A place whose value the command line sets.
    #[error("{path} is set by an argument (--set), not by the file")]
    Argument {
        /// Path of the value.
        path: String,
    },
    /// What came out is no definition.
    #[error("the changed definition would be invalid: {0}")]
    InvalidResult(Report),
    /// What came out means something else than was meant.
    #[error("the changed definition would mean something else than was meant")]
    Meaning,
}

/// Changes a definition's text, edit by edit, into one that means exactly the stack `intended`.
///
/// # Errors
/// When the text is no definition, when a place can't be changed without touching others, or when what comes
/// out would mean anything else.
pub fn edit(text: &str, edits: &[Edit], intended: &Stack) -> Result<String, EditError> {
    edit_selected(text, edits, intended, &Selection::default())
}

/// Changes values where a selection has them from: in its environment, or else in the rest of the definition.
///
/// # Errors
/// As [`edit`], and when an argument sets a value that is to change.
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
