//! `init`: creates a definition to start from, or the definition of an existing service.

mod judge;
mod live;
mod policy;
mod text;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::connect::ConnectArgs;
use crate::failure::{Failure, Result};
use crate::output::Format;
use crate::workshop::program;

/// The definition, with `PROGRAM` as a placeholder for the program's name.
const DEFINITION: &str = include_str!("../init.yaml");

/// Returns the definition with the name of the running program in its comments.
fn render_definition() -> String {
    DEFINITION.replace("PROGRAM", program())
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File to write; `-` for standard output
    #[arg(default_value = "stack.yaml")]
    file: PathBuf,
    /// Overwrite an existing file
    #[arg(long, conflicts_with = "from")]
    force: bool,
    #[command(flatten)]
    live: live::LiveArgs,
    #[command(flatten, next_help_heading = "With --from")]
    connect: ConnectArgs,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    if let Some(from) = &args.live.from {
        return live::run(from, &args, format).await;
    }
    let connect = args.connect.as_written();
    if !connect.is_empty() {
        let message = format!("only --from connects to a cloud: remove{connect}");
        return Err(Failure::new(crate::failure::Code::Usage, message));
    }
    if is_standard_output(&args.file) {
        crate::output::document(&render_definition());
        return Ok(());
    }
    write_file(&args.file, &render_definition(), args.force)?;
    let name = args.file.display().to_string();
    format.print(&json!({"written": name}), |_| {
        format!(
            "wrote {name}: change it, then `{} validate {name}`",
            program()
        )
    });
    Ok(())
}

fn is_standard_output(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Writes a file that doesn't exist yet, or overwrites one with `force`.
fn write_file(file: &Path, text: &str, force: bool) -> Result<()> {
    let name = file.display();
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .create_new(!force);
    let written = options
        .open(file)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => there_already(file),
        _ => Failure::failed(format!("failed to write {name}: {error}")),
    })
}

fn there_already(file: &Path) -> Failure {
    Failure::failed(format!("{} already exists", file.display()))
        .hint("name another file, or overwrite it with --force")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_init_writes_is_valid_and_deploys() {
        let loaded = stack::parse("init.yaml", &render_definition())
            .map_err(|r| crate::ui::render(&r, false, 80));
        let stack = loaded.unwrap_or_else(|report| panic!("{report}")).stack;
        let template = template::synthesize(&stack).unwrap();
        assert!(template.resource_count() > 0);
    }

    #[test]
    fn a_file_is_written_over_only_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("stack.yaml");
        write_file(&file, "name: first\n", false).unwrap();
        let refused = write_file(&file, "name: second\n", false).unwrap_err();
        assert!(refused.message().ends_with("already exists"), "{refused:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "name: first\n");
        write_file(&file, "short\n", true).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "short\n");
    }
}
