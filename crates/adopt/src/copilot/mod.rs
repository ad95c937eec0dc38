//! The manifests of AWS Copilot to a definition.
//!
//! [`import`] takes the files of a workspace. Every key of a manifest is imported, or is in the findings with its line
//! and with what to do: [`section::Section`] reports whatever no converter has taken. What a manifest doesn't say and a
//! definition needs becomes a placeholder, such as `<IMAGE>`, which `validate` refuses.
//!
//! An environment's variant is the difference between two imports, with and without its overrides.

mod assemble;
mod context;
mod convert;
mod duration;
mod files;
mod finding;
mod interpolate;
mod merge;
mod others;
mod placeholder;
mod section;
mod values;
mod variants;
mod words;

use stack::Report;

pub use files::File;
pub use finding::{Finding, Kind};
pub use placeholder::Placeholder;

use crate::document::Map;
use files::Workspace;

/// What the manifests don't say.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Name of the application; otherwise that of the workspace.
    pub application: Option<String>,
    /// The only environment to import; otherwise all of them become variants.
    pub environment: Option<String>,
    /// Account (12 digits) of the environments.
    pub account: Option<String>,
    /// Region of the environments.
    pub region: Option<String>,
    /// The only service to import, by its folder; otherwise all of them.
    pub service: Option<String>,
}

/// What an import gives.
#[derive(Clone, Debug)]
pub struct Import {
    /// The definition, as YAML with comments.
    pub definition: String,
    /// What has no key, what behaves differently, and what wasn't understood, by file and line.
    pub findings: Vec<Finding>,
    /// The values of the definition that are missing.
    pub placeholders: Vec<Placeholder>,
    /// Variants of the definition, by their names.
    pub environments: Vec<String>,
    /// Services of the definition, by their names.
    pub services: Vec<String>,
}

/// Why there is nothing to import.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ImportError {
    /// A file isn't YAML that can be read.
    #[error("{0}")]
    Unreadable(Report),
    /// A manifest isn't one.
    #[error("{path}:{line}: {message}")]
    NotAManifest {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// There is no service that can be imported.
    #[error("no manifest of a service among the files")]
    NoService {
        /// What was found in their place.
        findings: Vec<Finding>,
    },
    /// No environment has this name.
    #[error("no environment is called {name}")]
    NoEnvironment {
        /// The name.
        name: String,
        /// The names of the environments.
        known: Vec<String>,
    },
}

/// Makes a definition of the files of a Copilot workspace.
///
/// # Errors
/// [`ImportError`], if a file can't be read or holds no manifest, or if there is no service to import.
pub fn import(files: &[File], settings: &Settings) -> Result<Import, ImportError> {
    let workspace = Workspace::read(files, settings)?;
    let environments = workspace.environment_names();
    let chosen = settings.environment.as_deref();
    let is_known =
        |name: &str| environments.is_empty() || environments.iter().any(|known| known == name);
    if let Some(name) = chosen.filter(|name| !is_known(name)) {
        return Err(ImportError::NoEnvironment {
            name: name.to_owned(),
            known: environments,
        });
    }
    let base = assemble::assemble(&workspace, settings, chosen);
    if workspace.services.is_empty() {
        let findings = finding::arrange(base.findings);
        return Err(ImportError::NoService { findings });
    }
    let environments = if chosen.is_some() {
        Vec::new()
    } else {
        environments
    };
    let mut findings = base.findings;
    let mut all = Vec::new();
    for name in &environments {
        let variant = assemble::assemble(&workspace, settings, Some(name));
        findings.extend(variant.findings);
        all.push((name.clone(), variant.definition));
    }
    let mut definition = variants::join(base.definition, all);
    let placeholders = placeholder::find(&definition);
    introduce(
        &mut definition,
        &workspace,
        &environments,
        !placeholders.is_empty(),
    );
    Ok(Import {
        definition: definition.render(),
        findings: finding::arrange(findings),
        placeholders,
        environments,
        services: workspace.service_names(),
    })
}

/// Writes what the reader has to know above the definition.
fn introduce(
    definition: &mut Map,
    workspace: &Workspace,
    environments: &[String],
    incomplete: bool,
) {
    let from = workspace.application.as_deref();
    let from = from.map_or_else(
        || "AWS Copilot".to_owned(),
        |name| format!("the application {name} of AWS Copilot"),
    );
    let name = definition.item("name");
    name.above(format!("Imported from {from}. Comments with a file and a line name what has no key here, and what to do."));
    if incomplete {
        name.above("Values in angle brackets, `from_cfn`, and `unresolved` are missing: write them, or set them with `--set`. `validate` refuses each.");
    }
    if let Some(first) = environments.first() {
        name.above(format!("What depends on the environment is in `environments`: deploy with `--env {first}` and the like."));
    }
}
