//! `init`: a definition to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use serde_json::json;

use crate::failure::{Failure, Result};
use crate::output::Format;
use crate::workshop::program;

/// The definition, with `PROGRAM` where the program's name belongs.
const DEFINITION: &str = include_str!("init.yaml");

/// Returns the definition with the name of the running program in its comments.
fn render_definition() -> String {
    DEFINITION.replace("PROGRAM", program())
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File to write; `-` for standard output
    #[arg(default_value = "stack.yaml")]
    file: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &Args, format: Format) -> Result<()> {
    if args.file.as_os_str() == "-" {
        crate::output::document(&render_definition());
        return Ok(());
    }
    let name = args.file.display().to_string();
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .create_new(!args.force);
    let written = options
        .open(&args.file)
        .and_then(|mut file| file.write_all(render_definition().as_bytes()));
    match written {
        Ok(()) => {
            format.print(&json!({"written": name}), |_| {
                format!(
                    "wrote {name}: change it, then `{} validate {name}`",
                    program()
                )
            });
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(Failure::failed(format!("{name} is there already"))
                .hint("name another file, or write over it with --force"))
        }
        Err(error) => Err(Failure::failed(format!("failed to write {name}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_init_writes_is_valid_and_deploys() {
        let loaded = stack::parse("init.yaml", &render_definition())
            .map_err(|r| crate::ui::render(&r, false));
        let stack = loaded.unwrap_or_else(|report| panic!("{report}")).stack;
        let template = template::synthesize(&stack).unwrap();
        assert!(template.resource_count() > 0);
    }
}
