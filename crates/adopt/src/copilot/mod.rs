//! Converts AWS Copilot manifests to a definition.
//!
//! [`import`] takes the files of a workspace. Every key of a manifest is imported, or is in the findings with its
//! line and instructions: [`section::Section`] reports the keys that no converter has taken. Values that a
//! definition needs and the manifest lacks become placeholders, such as `<IMAGE>`, which `validate` refuses.
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

/// Settings that the manifests don't contain.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Name of the application; otherwise, the workspace's.
    pub application: Option<String>,
    /// The only environment to import; otherwise, all of them become variants.
    pub environment: Option<String>,
    /// Account (12 digits) of the environments.
    pub account: Option<String>,
    /// Region of the environments.
    pub region: Option<String>,
    /// The only service to import, by its folder; otherwise, all of them.
    pub service: Option<String>,
}

/// The result of an import.
#[derive(Clone, Debug)]
pub struct Import {
    /// The definition, as YAML with comments.
    pub definition: String,
    /// Keys without an equivalent, differences in behavior, and unknown keys, by file and line.
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
    /// A file isn't readable YAML.
    #[error("{0}")]
    Unreadable(Report),
    /// A file isn't a valid manifest.
    #[error("{path}:{line}: {message}")]
    NotAManifest {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// The problem.
        message: String,
    },
    /// No service can be imported.
    #[error("no manifest of a service among the files")]
    NoService {
        /// The findings about the other files.
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

/// Converts the files of a Copilot workspace to a definition.
///
/// # Errors
/// [`ImportError`], if a file can't be read or contains no manifest, or if there is no service to import.
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

/// Writes the introduction above the definition.
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
    name.above(format!("Imported from {from}. Comments with a file and a line list settings without a key here, and what to do about them."));
    if incomplete {
        name.above("Values in angle brackets, `from_cfn`, and `unresolved` are missing: write them, or set them with `--set`. `validate` refuses each.");
    }
    if let Some(first) = environments.first() {
        name.above(format!("What depends on the environment is in `environments`: deploy with `--env {first}` and the like."));
    }
}
