//! Stack definitions as arguments: a file, or the name of a stack that is deployed.

use std::path::{Path, PathBuf};

use stack::Stack;

use crate::failure::{Code, Failure, Result};
use crate::ui;
use crate::workshop::program;

/// Reads a definition and prints its warnings.
pub(crate) fn load(path: &Path) -> Result<Stack> {
    let loaded = stack::load(path)?;
    if !loaded.warnings.problems().is_empty() {
        ui::print_report(&loaded.warnings);
    }
    Ok(loaded.stack)
}

/// A stack definition as an argument.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FileArg {
    /// Stack definition [default: stack.yaml, stack.yml, or the only definition in this folder]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl FileArg {
    /// The file that was named, or the default one.
    ///
    /// # Errors
    /// If none was named and the folder has no definition, or several.
    pub(crate) fn path(&self) -> Result<PathBuf> {
        match &self.file {
            Some(file) => Ok(file.clone()),
            None => default_definition(),
        }
    }

    /// Reads the definition and prints its warnings.
    pub(crate) fn load(&self) -> Result<Stack> {
        load(&self.path()?)
    }
}

/// Finds the definition that a command without FILE means.
///
/// # Errors
/// If this folder has no definition, or several.
pub(crate) fn default_definition() -> Result<PathBuf> {
    find_definition(Path::new(""))
}

fn find_definition(folder: &Path) -> Result<PathBuf> {
    let standard = ["stack.yaml", "stack.yml"].map(|name| folder.join(name));
    if let Some(file) = standard.into_iter().find(|file| file.is_file()) {
        return Ok(file);
    }
    let missing = |message: String| Failure::new(Code::Usage, message);
    let here = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let entries = std::fs::read_dir(here)
        .map_err(|error| missing(format!("can't list this folder: {error}")))?;
    let files = entries
        .filter_map(|entry| Some(folder.join(entry.ok()?.file_name())))
        .filter(|file| is_definition(file));
    let mut found: Vec<PathBuf> = files.collect();
    found.sort();
    match found.as_slice() {
        [file] => Ok(file.clone()),
        [] => Err(
            missing("there is no stack definition in this folder".to_owned())
                .hint("name one: FILE")
                .hint(format!("to write one: {} init", program())),
        ),
        several => {
            let names: Vec<_> = several.iter().map(|f| f.display().to_string()).collect();
            Err(
                missing("there are several stack definitions in this folder".to_owned())
                    .hint(format!("name one of {}", names.join(", "))),
            )
        }
    }
}

/// Other YAML files are common beside a definition, such as a pipeline's. A definition has a name, and queues
/// or services.
fn is_definition(file: &Path) -> bool {
    let yaml = file
        .extension()
        .is_some_and(|end| end == "yaml" || end == "yml");
    if !yaml {
        return false;
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    has("name:") && (has("queues:") || has("services:")) && !has("on:")
}

/// A stack that is deployed, named in one of two ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StackRef {
    /// By its definition.
    File(PathBuf),
    /// By its name.
    Name(String),
}

impl std::str::FromStr for StackRef {
    type Err = std::convert::Infallible;

    /// A stack's name has neither a slash nor a dot. Its ID is as good, and names it after its deletion, too.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_id = text.starts_with("arn:") && text.contains(":stack/");
        Ok(if !is_id && text.contains(['/', '.', '\\']) {
            Self::File(PathBuf::from(text))
        } else {
            Self::Name(text.to_owned())
        })
    }
}

/// What is known of a stack that is deployed, before AWS is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub name: String,
    pub account: Option<String>,
    pub region: Option<String>,
}

impl StackRef {
    pub(crate) fn resolve(&self) -> Result<Known> {
        match self {
            Self::Name(name) => Ok(Known {
                name: name.clone(),
                ..Known::default()
            }),
            // Its warnings are no news here.
            Self::File(path) => Ok(Known::of(&stack::load(path)?.stack)),
        }
    }
}

impl Known {
    pub(crate) fn of(stack: &Stack) -> Self {
        Self {
            name: stack.name.clone(),
            account: stack.account.clone(),
            region: stack.region.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_file_the_only_definition_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let found = || {
            let found = find_definition(folder.path());
            found.map(|file| file.file_name().unwrap().to_owned())
        };
        assert_eq!(found().unwrap_err().code(), Code::Usage);
        write("pipeline.yml", "name: CI\non: push\njobs: {}\n");
        write("compose.yaml", "services: {web: {}}\n");
        assert_eq!(found().unwrap_err().code(), Code::Usage);
        write("shop.yaml", "name: shop\nservices: {}\n");
        assert_eq!(found().unwrap(), "shop.yaml");
        write("other.yml", "name: other\nqueues: {}\n");
        assert!(found().unwrap_err().hints()[0].contains("other.yml"));
        write("stack.yml", "anything");
        assert_eq!(found().unwrap(), "stack.yml");
    }

    #[test]
    fn a_name_is_told_from_a_file() {
        let file = |text: &str| matches!(text.parse(), Ok(StackRef::File(_)));
        assert!(file("stacks/voucher-worker.yaml"));
        assert!(file("voucher-worker.yaml"));
        assert!(!file("voucher-worker"));
        assert!(!file(
            "arn:aws:cloudformation:us-west-2:111122223333:stack/shop/1a.2b"
        ));
    }
}
