//! `schema`: what editors and the reference page are made from.

use std::fs;

use serde_json::{Value, json};

use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::paths;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write stacks/stack.schema.json and docs/stack-format.md in the checkout instead
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(args: &Args, format: Format) -> Result<()> {
    if !args.write {
        output::json(&stack::schema());
        return Ok(());
    }
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

fn files() -> [(&'static str, String); 2] {
    [
        ("stacks/stack.schema.json", schema_text(&stack::schema())),
        ("docs/stack-format.md", stack::reference()),
    ]
}

fn schema_text(schema: &Value) -> String {
    format!("{schema:#}\n")
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
