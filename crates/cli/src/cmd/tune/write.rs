//! Writes the result into the definition's file.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use similar::TextDiff;
use simulator::Tuned;
use stack::Selection;

use crate::failure::{Failure, Result};
use crate::ui;

/// Changes only the values in the file, and shows the difference. Replaces the file atomically.
pub(super) fn write_definition(path: &Path, selection: &Selection, tuned: &Tuned) -> Result<()> {
    let shown = path.display();
    let failed =
        |what: &str, error: String| by_hand(format!("failed to {what} {shown}: {error}"), tuned);
    let before = fs::read_to_string(path).map_err(|error| failed("read", error.to_string()))?;
    let after = stack::edit_selected(&before, &tuned.edits, &tuned.definition, selection)
        .map_err(|error| failed("change", error.to_string()))?;
    replace_file(path, &after).map_err(|error| failed("write", error.to_string()))?;
    ui::print_unfolded(&unified_diff(&before, &after, &shown.to_string()));
    ui::note(&format!(
        "{shown} is changed: `diff` shows what a deploy would change"
    ));
    Ok(())
}

/// Returns a failure that lists the changes to make manually.
fn by_hand(message: String, tuned: &Tuned) -> Failure {
    let failure = Failure::failed(message).hint("the file wasn't changed; to change it manually");
    tuned
        .edits
        .iter()
        .fold(failure, |failure, edit| failure.hint(edit.to_string()))
}

/// Replaces the file at a path with another one that has the same permissions.
fn replace_file(path: &Path, text: &str) -> std::io::Result<()> {
    // The file itself and not a link to it.
    let path = fs::canonicalize(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file()
        .set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

fn unified_diff(before: &str, after: &str, name: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(1)
        .header(name, name)
        .to_string()
}
