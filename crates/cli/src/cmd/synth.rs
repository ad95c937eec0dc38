//! `synth`: only the template.

use crate::definition::FileArg;
use crate::failure::{Failure, Result};
use crate::output::{self, Format};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArg,
}

pub(crate) fn run(args: &Args, format: Format) -> Result<()> {
    let stack = args.file.load()?;
    let template = template::synthesize(&stack)?;
    match format {
        Format::Json => output::standard_json(template.to_json()),
        Format::Text => {
            let text = serde_yaml::to_string(template.to_json())
                .map_err(|error| Failure::failed(format!("failed to write YAML: {error}")))?;
            output::document(&text);
        }
    }
    Ok(())
}
