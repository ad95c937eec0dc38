//! `schema --write`: writes the JSON Schema and the reference page, which are generated from the format's tables, and
//! the policies on the permissions page.

use std::fs;

use cli::{Failure, Format, Result};
use serde_json::json;

use crate::paths;

/// Writes the files into the checkout.
pub(crate) fn write(format: Format) -> Result<()> {
    for (file, text) in files() {
        let path = paths::root().join(file);
        fs::write(&path, text).map_err(|error| {
            Failure::failed(format!("failed to write {}: {error}", path.display()))
        })?;
    }
    let names: Vec<_> = files().map(|(file, _)| file).into();
    format.print(&json!({"written": names}), |_| {
        format!("wrote {}", names.join(" and "))
    });
    Ok(())
}

/// Everything after this line of the permissions page is generated.
const GENERATED: &str = "<!-- generated -->\n";
const PERMISSIONS: &str = "docs/permissions.md";

/// Returns the permissions page with the current policies.
fn permissions() -> String {
    let page = fs::read_to_string(paths::root().join(PERMISSIONS)).unwrap_or_default();
    let written = page.split(GENERATED).next().unwrap_or_default();
    format!("{written}{GENERATED}{}", template::permissions::reference())
}

fn files() -> [(&'static str, String); 3] {
    [
        (
            "stacks/stack.schema.json",
            format!("{:#}\n", stack::schema()),
        ),
        ("docs/stack-format.md", stack::reference()),
        (PERMISSIONS, permissions()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_in_the_checkout_are_up_to_date() {
        for (file, text) in files() {
            let there = fs::read_to_string(paths::root().join(file)).unwrap_or_default();
            assert!(
                there == text,
                "{file} is out of date: run `cargo xtask schema --write`"
            );
        }
    }
}
