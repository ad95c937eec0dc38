//! The files of a workspace, by type.

use stack::{YamlNode, YamlValue, read_yaml};

use super::finding::Finding;
use super::{ImportError, Settings, others};

/// A file of a workspace.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path in findings.
    pub path: String,
    /// Its path in the folder `copilot`, such as `api/manifest.yml`, with slashes.
    pub place: String,
    /// Its content.
    pub text: String,
}

/// A parsed manifest.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) root: YamlNode,
}

/// The manifests of a workspace, and findings about everything else in it.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) application: Option<String>,
    /// Services that a definition can contain.
    pub(super) services: Vec<Manifest>,
    pub(super) environments: Vec<Manifest>,
    pub(super) findings: Vec<Finding>,
}

/// Types of manifests that a definition can contain.
const SERVICES: [&str; 3] = [
    "Worker Service",
    "Backend Service",
    "Load Balanced Web Service",
];

/// Maximum number of values in a manifest: a long one has a few hundred.
const MOST_VALUES: usize = 5_000;

/// Maximum number of environments in a workspace; each one is a separate import.
const MOST_ENVIRONMENTS: usize = 100;

impl Workspace {
    /// Reads the files with settings of services.
    pub(super) fn read(files: &[File], settings: &Settings) -> Result<Self, ImportError> {
        let mut workspace = Self {
            application: settings.application.clone(),
            services: Vec::new(),
            environments: Vec::new(),
            findings: Vec::new(),
        };
        for file in files {
            let parts: Vec<&str> = file.place.split('/').collect();
            let wanted = |folder: &str| {
                settings
                    .service
                    .as_deref()
                    .is_none_or(|service| service == folder)
            };
            match parts.as_slice() {
                [".workspace"] => workspace.read_summary(file)?,
                ["environments", name, "manifest.yml" | "manifest.yaml"] => {
                    workspace.read_environment(file, name)?
                }
                [folder, "manifest.yml" | "manifest.yaml"] if wanted(folder) => {
                    workspace.read_service(file, folder)?
                }
                ["environments", ..] => workspace.findings.extend(others::about(file)),
                [folder, ..]
                    if settings.service.is_none()
                        && (*folder == "pipelines" || parts.len() == 1) =>
                {
                    workspace.findings.extend(others::about(file));
                }
                [folder, "addons" | "overrides", ..] if wanted(folder) => {
                    workspace.findings.extend(others::about(file))
                }
                _ => {}
            }
        }
        workspace.limit_environments(files, settings)?;
        workspace
            .services
            .sort_by(|one, other| one.name.cmp(&other.name));
        workspace
            .environments
            .sort_by(|one, other| one.name.cmp(&other.name));
        Ok(workspace)
    }

    fn limit_environments(&self, files: &[File], settings: &Settings) -> Result<(), ImportError> {
        let many =
            settings.environment.is_none() && self.environment_names().len() > MOST_ENVIRONMENTS;
        match files.first().filter(|_| many) {
            Some(file) => Err(ImportError::NotAManifest {
                path: file.path.clone(),
                line: 1,
                message: format!(
                    "the workspace has more than {MOST_ENVIRONMENTS} environments; import one with `--env`"
                ),
            }),
            None => Ok(()),
        }
    }

    /// The names of all environments: from their manifests, and from the overrides in services' manifests.
    pub(super) fn environment_names(&self) -> Vec<String> {
        let own = self
            .environments
            .iter()
            .map(|manifest| manifest.name.clone());
        let overrides = self
            .services
            .iter()
            .filter_map(|service| service.root.get("environments"));
        let named = overrides.flat_map(|node| node.entries().iter().map(|entry| entry.key.clone()));
        let mut names: Vec<String> = own.chain(named).collect();
        names.sort();
        names.dedup();
        names
    }

    pub(super) fn service_names(&self) -> Vec<String> {
        self.services
            .iter()
            .map(|service| service.name.clone())
            .collect()
    }

    pub(super) fn environment(&self, name: &str) -> Option<&Manifest> {
        self.environments
            .iter()
            .find(|manifest| manifest.name == name)
    }

    /// `.workspace` contains the application's name.
    fn read_summary(&mut self, file: &File) -> Result<(), ImportError> {
        let root = parse(file)?;
        if let Some(YamlValue::Text(name)) = root.get("application").map(|node| &node.value) {
            self.application.get_or_insert_with(|| name.clone());
        }
        Ok(())
    }

    fn read_environment(&mut self, file: &File, folder: &str) -> Result<(), ImportError> {
        let root = parse(file)?;
        let name = text_of(&root, "name").unwrap_or_else(|| folder.to_owned());
        self.environments.push(Manifest {
            path: file.path.clone(),
            name,
            kind: "Environment".to_owned(),
            root,
        });
        Ok(())
    }

    fn read_service(&mut self, file: &File, folder: &str) -> Result<(), ImportError> {
        let root = parse(file)?;
        let reject = |message: &str| ImportError::NotAManifest {
            path: file.path.clone(),
            line: root.line,
            message: message.to_owned(),
        };
        if !matches!(root.value, YamlValue::Map(_)) {
            return Err(reject(
                "this isn't a Copilot manifest: a manifest is a mapping with `name` and `type`",
            ));
        }
        let Some(kind) = text_of(&root, "type") else {
            return Err(reject(
                "this isn't a Copilot manifest: it has no `type`, such as `type: Worker Service`",
            ));
        };
        let name = text_of(&root, "name").unwrap_or_else(|| folder.to_owned());
        if let Some(known) = self.services.iter().find(|service| service.name == name) {
            return Err(reject(&format!("{} has the same `name`", known.path)));
        }
        if count(&root) > MOST_VALUES {
            return Err(reject(&format!(
                "the manifest has more than {MOST_VALUES} values"
            )));
        }
        if !SERVICES.contains(&kind.as_str()) {
            self.findings
                .push(others::about_kind(file, &root, &name, &kind));
            return Ok(());
        }
        self.services.push(Manifest {
            path: file.path.clone(),
            name,
            kind,
            root,
        });
        Ok(())
    }
}

fn parse(file: &File) -> Result<YamlNode, ImportError> {
    read_yaml(&file.path, &file.text).map_err(ImportError::Unreadable)
}

/// The number of values in a tree.
fn count(node: &YamlNode) -> usize {
    let entries: usize = node.entries().iter().map(|entry| count(&entry.value)).sum();
    let items: usize = node.items().iter().map(count).sum();
    1 + entries + items
}

fn text_of(node: &YamlNode, key: &str) -> Option<String> {
    match &node.get(key)?.value {
        YamlValue::Text(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}
