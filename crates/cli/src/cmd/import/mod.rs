//! `import`: a definition from another tool's files, or resources that exist into a stack.

mod files;
mod report;
mod resources;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use adopt::copilot::{self, Import, ImportError, Settings};
use serde_json::json;

use crate::failure::{Code, Failure, Result};
use crate::output::Format;
use crate::ui;
use crate::workshop::program;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Write a stack definition from an AWS Copilot workspace or manifest, and list what has no equivalent
    Copilot(CopilotArgs),
    /// Take services and queues that exist over into the stack by CloudFormation's resource import, which replaces nothing
    Resources(resources::Args),
}

#[derive(Debug, clap::Args)]
struct CopilotArgs {
    /// Workspace (the folder that has a folder `copilot`), or one `manifest.yml`
    path: PathBuf,
    /// File to write; it must not exist [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Name of the Copilot application [default: from `copilot/.workspace`]
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Import only this environment [default: each becomes a variant in `environments`]
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// Account of the environments (12 digits), for ARNs
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Region of the environments, for ARNs
    #[arg(long)]
    region: Option<String>,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    match args.what {
        What::Copilot(args) => import_copilot(&args, format),
        What::Resources(args) => resources::run(args, format).await,
    }
}

fn import_copilot(args: &CopilotArgs, format: Format) -> Result<()> {
    let found = files::read(&args.path)?;
    let settings = Settings {
        application: args.app.clone(),
        environment: args.env.clone(),
        account: args.account.clone(),
        region: args.region.clone(),
        service: found.service,
    };
    let import =
        copilot::import(&found.files, &settings).map_err(|error| explain(error, format))?;
    if let Some(file) = &args.out {
        write(file, &import.definition)?;
    }
    show(&import, args.out.as_deref(), format);
    Ok(())
}

/// Writes a file that doesn't exist yet.
fn write(file: &Path, text: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).open(file);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let name = file.display();
        match error.kind() {
            ErrorKind::AlreadyExists => {
                Failure::new(Code::Refused, format!("{name} already exists"))
                    .hint("name another file: `import` never overwrites one")
            }
            _ => Failure::failed(format!("failed to write {name}: {error}")),
        }
    })
}

/// Prints the definition, or its file, and the next steps on standard error.
fn show(import: &Import, file: Option<&Path>, format: Format) {
    let written = file.map(|file| file.display().to_string());
    if format == Format::Json {
        return crate::output::json(&json!({
            "written": written,
            "definition": import.definition,
            "services": import.services,
            "environments": import.environments,
            "findings": import.findings,
            "placeholders": import.placeholders,
        }));
    }
    let name = written.as_deref();
    ui::note(&report::render(import, name, program()));
    match name {
        Some(name) => crate::output::text(&format!("wrote {name}")),
        None => crate::output::document(&import.definition),
    }
}

fn explain(error: ImportError, format: Format) -> Failure {
    match error {
        ImportError::Unreadable(report) => report.into(),
        ImportError::NoEnvironment { name, known } => {
            Failure::new(Code::Usage, format!("no environment is called {name}")).hint(format!(
                "environments of the workspace: {}",
                known.join(", ")
            ))
        }
        ImportError::NoService { findings } => {
            if format == Format::Text && !findings.is_empty() {
                ui::note(&report::list(&findings));
            }
            Failure::new(Code::InvalidDefinition, "there is no service to import")
                .hint("a definition can hold Worker Services, Backend Services, and Load Balanced Web Services")
                .details(&json!({"findings": findings}))
        }
        error @ ImportError::NotAManifest { .. } => {
            Failure::new(Code::InvalidDefinition, error.to_string())
        }
    }
}
