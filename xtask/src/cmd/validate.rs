//! `validate`: everything that can be known of a definition without asking AWS.

use std::path::PathBuf;

use serde_json::json;

use crate::definition;
use crate::failure::Result;
use crate::output::Format;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stack definitions
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, format: Format) -> Result<()> {
    let mut results = Vec::new();
    for file in &args.files {
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
        let line = |r: &serde_json::Value| {
            let text = |key: &str| r[key].as_str().unwrap_or_default().to_owned();
            format!(
                "{}: valid. Stack {}: {} queues, {} services, {} resources\n",
                text("file"),
                text("stack"),
                r["queues"],
                r["services"],
                r["resources"]
            )
        };
        results.iter().map(line).collect()
    });
    Ok(())
}
