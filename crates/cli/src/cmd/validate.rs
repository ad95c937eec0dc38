//! `validate`: everything that can be known of a definition without asking AWS.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::definition;
use crate::failure::Result;
use crate::output::Format;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stack definitions [default: stack.yaml, stack.yml, or the only definition in this folder]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, format: Format) -> Result<()> {
    let mut results = Vec::new();
    let files = match args.files.as_slice() {
        [] => vec![definition::default_definition()?],
        files => files.to_vec(),
    };
    for file in &files {
        let stack = definition::load(file)?;
        let template = template::synthesize(&stack)?;
        results.push(json!({
            "file": file.display().to_string(),
            "stack": stack.name,
            "valid": true,
            "queues": stack.queues.len(),
            "services": stack.services.len(),
            "resources": template.resource_count(),
            "template_bytes": template.body().len(),
        }));
    }
    format.print(&results, |results| {
        results.iter().map(format_line).collect()
    });
    Ok(())
}

fn format_line(result: &Value) -> String {
    let text = |key: &str| result[key].as_str().unwrap_or_default();
    let count = |key: &str| result[key].as_u64().unwrap_or_default();
    format!(
        "{}: valid. Stack {}: {}, {}, {}\n",
        text("file"),
        text("stack"),
        format_count(count("queues"), "queue"),
        format_count(count("services"), "service"),
        format_count(count("resources"), "resource"),
    )
}

fn format_count(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
