//! Stack definitions as arguments: a file, or the name of a stack that is deployed.

use std::path::{Path, PathBuf};

use stack::{Selection, Stack};

use crate::failure::{Code, Failure, Result};
use crate::ui;
use crate::workshop::program;

/// Which values of a definition are meant.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct SelectionArgs {
    /// Merge an environment of the definition (`environments`) into the rest of it
    #[arg(long = "env", value_name = "NAME")]
    environment: Option<String>,
    /// Set a value of the definition, as in `services.worker.image=worker:1.2.0`; repeatable
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
}

impl SelectionArgs {
    pub(crate) fn selection(&self) -> Selection {
        Selection {
            environment: self.environment.clone(),
            set: self.set.clone(),
        }
    }

    /// Whether no value is selected.
    pub(crate) fn is_empty(&self) -> bool {
        self.environment.is_none() && self.set.is_empty()
    }

    /// Whether an environment is selected.
    pub(crate) fn has_environment(&self) -> bool {
        self.environment.is_some()
    }

    /// The same values, of an environment.
    pub(crate) fn of_environment(&self, name: String) -> Self {
        Self {
            environment: Some(name),
            ..self.clone()
        }
    }

    /// The arguments again, for a hint.
    pub(crate) fn as_written(&self) -> String {
        let environment = self.environment.iter().map(|name| format!(" --env {name}"));
        let set = self.set.iter().map(|set| format!(" --set {}", quote(set)));
        environment.chain(set).collect()
    }
}

/// An argument as a shell takes it.
pub(crate) fn quote(argument: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-=:/,@%+".contains(letter);
    match argument.chars().all(is_plain) {
        true => argument.to_owned(),
        false => format!("'{}'", argument.replace('\'', r"'\''")),
    }
}

/// Reads a definition and prints its warnings.
pub(crate) fn load(path: &Path, selection: &SelectionArgs) -> Result<Stack> {
    let loaded = stack::load_selected(path, &selection.selection())?;
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
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
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
        load(&self.path()?, &self.selection)
    }
}

/// The stack of a command that can do without naming it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct StackArg {
    /// Stack definition, or the name of the stack [default: stack.yaml, stack.yml, or the only definition in this
    /// folder]
    #[arg(value_name = "STACK")]
    stack: Option<StackRef>,
}

impl StackArg {
    /// The stack that was named, or that of the default definition.
    ///
    /// # Errors
    /// If none was named and the folder has no definition, or several.
    pub(crate) fn choose(self) -> Result<StackRef> {
        match self.stack {
            Some(stack) => Ok(stack),
            None => Ok(StackRef::File(default_definition()?)),
        }
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
    /// What is known of the stack.
    ///
    /// # Errors
    /// If the definition can't be read, or if values are selected of a stack that is named.
    pub(crate) fn resolve(&self, selection: &SelectionArgs) -> Result<Known> {
        match self {
            Self::Name(_) if !selection.is_empty() => Err(Failure::new(
                Code::Usage,
                "--env and --set need a definition, and this is a stack's name",
            )
            .hint("name the definition's file, or the stack of the environment alone")),
            Self::Name(name) => Ok(Known {
                name: name.clone(),
                ..Known::default()
            }),
            // Its warnings are no news here.
            Self::File(path) => {
                let loaded = stack::load_selected(path, &selection.selection())?;
                Ok(Known::of(&loaded.stack))
            }
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
    fn values_of_a_stack_that_is_named_are_refused() {
        let selection = SelectionArgs {
            environment: Some("staging".to_owned()),
            set: vec![
                "services.web.command=[run, it's]".to_owned(),
                "region=us-west-2".to_owned(),
            ],
        };
        let named = StackRef::Name("shop".to_owned());
        assert_eq!(named.resolve(&selection).unwrap_err().code(), Code::Usage);
        assert_eq!(
            named.resolve(&SelectionArgs::default()).unwrap().name,
            "shop"
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.yaml");
        let text = "name: shop\nservices: {web: {image: 'web:1'}}\nenvironments: {staging: {account: '111122223333'}}\n";
        std::fs::write(&file, text).unwrap();
        let known = StackRef::File(file).resolve(&selection).unwrap();
        assert_eq!(
            (known.name.as_str(), known.region.as_deref()),
            ("shop-staging", Some("us-west-2"))
        );
        assert_eq!(known.account.as_deref(), Some("111122223333"));
        // A shell gives them back as they are.
        assert_eq!(
            selection.as_written(),
            r" --env staging --set 'services.web.command=[run, it'\''s]' --set region=us-west-2"
        );
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
