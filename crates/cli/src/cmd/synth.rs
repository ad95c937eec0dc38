//! `synth`: the template, and nothing else.

use std::path::PathBuf;

use crate::definition;
use crate::failure::{Failure, Result};
use crate::output::{self, Format};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stack definition
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) fn run(args: &Args, format: Format) -> Result<()> {
    let stack = definition::load(&args.file)?;
    let template = template::synthesize(&stack)?;
    match format {
        Format::Json => output::json(template.to_json()),
        Format::Text => {
            let text = serde_yaml::to_string(template.to_json())
                .map_err(|error| Failure::failed(format!("failed to write YAML: {error}")))?;
            output::text(&text);
        }
    }
    Ok(())
}
