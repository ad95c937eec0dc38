//! Stack definitions as arguments: a file, or the name of a deployed stack.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use simulator::quote;
use stack::{LoadError, Loaded, Selection, Stack};

use crate::failure::{Code, Failure, Result};
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

    /// Returns the same values for an environment.
    pub(crate) fn of_environment(&self, name: String) -> Self {
        Self {
            environment: Some(name),
            ..self.clone()
        }
    }

    /// Returns the arguments for a hint.
    pub(crate) fn as_written(&self) -> String {
        let environment = self.environment.iter().map(|name| format!(" --env {name}"));
        let set = self.set.iter().map(|set| format!(" --set {}", quote(set)));
        environment.chain(set).collect()
    }
}

/// Reads a definition. Its warnings are for `validate` and `deploy`.
pub(crate) fn load(path: &Path, selection: &SelectionArgs) -> Result<Stack> {
    Ok(load_with_warnings(path, selection)?.stack)
}

/// Reads a definition with its warnings.
pub(crate) fn load_with_warnings(path: &Path, selection: &SelectionArgs) -> Result<Loaded> {
    stack::load_selected(path, &selection.selection()).map_err(|error| explain(path, error))
}

/// The failure to read a definition, with the file that was probably meant.
pub(crate) fn explain(path: &Path, error: LoadError) -> Failure {
    let kind = match &error {
        LoadError::Read { source, .. } => Some(source.kind()),
        _ => None,
    };
    let hint = match kind {
        Some(ErrorKind::NotFound) => near_file(path, is_yaml)
            .or_else(|| find_by_name(path))
            .unwrap_or_else(|| {
                format!("check the path; to write a definition: {} init", program())
            }),
        Some(ErrorKind::IsADirectory) => describe_folder(path),
        _ => return error.into(),
    };
    Failure::from(error).without_hints().hint(hint)
}

/// A hint with the file next to a missing one whose name is most like it, or differs only in its extension.
pub(crate) fn near_file(path: &Path, fits: impl Fn(&Path) -> bool) -> Option<String> {
    let files = list_files(path.parent()?);
    let same_stem = |file: &&PathBuf| {
        file.file_stem() == path.file_stem() || file.file_stem() == path.file_name()
    };
    let mut fitting = files.iter().filter(|file| fits(file));
    let name = |file: &PathBuf| {
        file.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let near = fitting.clone().find(same_stem).cloned().or_else(|| {
        let names: Vec<String> = fitting.clone().filter_map(name).collect();
        let wanted = path.file_name()?.to_str()?;
        let near = stack::nearest(wanted, names.iter().map(String::as_str))?;
        fitting
            .find(|file| name(file).as_deref() == Some(near))
            .cloned()
    });
    near.map(|file| format!("did you mean {}?", file.display()))
}

/// A hint with the definition in this folder whose stack has the name of the missing file.
fn find_by_name(path: &Path) -> Option<String> {
    let wanted = path.to_str()?;
    let files = list_files(Path::new("")).into_iter();
    let named = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let mut names = text.lines().filter_map(|line| line.strip_prefix("name:"));
        names.any(|name| name.trim().trim_matches(['"', '\'']) == wanted)
    };
    let file = files.filter(|file| is_definition(file)).find(named)?;
    Some(format!(
        "{wanted} is the name of a stack; its definition is {}",
        file.display()
    ))
}

fn describe_folder(folder: &Path) -> String {
    let files = list_files(folder)
        .into_iter()
        .filter(|file| is_definition(file));
    let names: Vec<String> = files.map(|file| file.display().to_string()).collect();
    match names.as_slice() {
        [] => format!("it has no definition; to write one: {} init", program()),
        [file] => format!("name the definition in it: {file}"),
        files => format!("name a definition in it: {}", files.join(", ")),
    }
}

/// The files of a folder by their names; none if it can't be listed.
fn list_files(folder: &Path) -> Vec<PathBuf> {
    let here = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let entries = std::fs::read_dir(here).into_iter().flatten();
    let files = entries.filter_map(|entry| Some(folder.join(entry.ok()?.file_name())));
    let mut files: Vec<PathBuf> = files.filter(|file| file.is_file()).collect();
    files.sort();
    files
}

fn is_yaml(file: &Path) -> bool {
    let end = file.extension();
    end.is_some_and(|end| end == "yaml" || end == "yml")
}

/// A stack definition as an argument.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FileArg {
    /// Stack definition; `-` is standard input [default: stack.yaml, stack.yml, or the only definition in this folder]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
}

impl FileArg {
    /// Returns the file that was given, or the default one.
    ///
    /// # Errors
    /// If none was given and the folder contains no definition, or several.
    pub(crate) fn path(&self) -> Result<PathBuf> {
        match &self.file {
            Some(file) => Ok(file.clone()),
            None => default_definition(),
        }
    }

    /// Whether it is standard input.
    pub(crate) fn is_standard_input(&self) -> bool {
        self.file.as_deref() == Some(Path::new("-"))
    }

    /// Reads the definition.
    pub(crate) fn load(&self) -> Result<Stack> {
        load(&self.path()?, &self.selection)
    }
}

/// The stack of a command that can do without naming it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct StackArg {
    /// Stack definition (`-` is standard input), or the name of the stack [default: stack.yaml, stack.yml, or the
    /// only definition in this folder]
    #[arg(value_name = "STACK")]
    stack: Option<StackRef>,
}

impl StackArg {
    /// Returns the stack that was given, or the default definition's.
    ///
    /// # Errors
    /// If none was given and the folder contains no definition, or several.
    pub(crate) fn choose(self) -> Result<StackRef> {
        match self.stack {
            Some(stack) => Ok(stack),
            None => Ok(StackRef::File(default_definition()?)),
        }
    }
}

/// Finds the definition for a command without FILE.
///
/// # Errors
/// If this folder contains no definition, or several.
pub(crate) fn default_definition() -> Result<PathBuf> {
    find_definition(Path::new(""))
}

fn find_definition(folder: &Path) -> Result<PathBuf> {
    let standard = ["stack.yaml", "stack.yml"].map(|name| folder.join(name));
    if let Some(file) = standard.into_iter().find(|file| file.is_file()) {
        return Ok(file);
    }
    let missing = |message: String| Failure::new(Code::Usage, message);
    let files = list_files(folder).into_iter();
    let found: Vec<PathBuf> = files.filter(|file| is_definition(file)).collect();
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

/// A folder often contains other YAML files, such as a pipeline's. A definition has a name, and queues or
/// services.
fn is_definition(file: &Path) -> bool {
    if !is_yaml(file) {
        return false;
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    has("name:") && (has("queues:") || has("services:")) && !has("on:")
}

/// A deployed stack, identified in one of two ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StackRef {
    /// By its definition.
    File(PathBuf),
    /// By its name.
    Name(String),
}

impl std::str::FromStr for StackRef {
    type Err = std::convert::Infallible;

    /// A stack's name has neither a slash nor a dot; `-` is a definition on standard input. Its ID is as good, and names it after its deletion, too.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_id = text.starts_with("arn:") && text.contains(":stack/");
        Ok(
            if !is_id && (text == "-" || text.contains(['/', '.', '\\'])) {
                Self::File(PathBuf::from(text))
            } else {
                Self::Name(text.to_owned())
            },
        )
    }
}

/// The known data about a deployed stack, without AWS calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub name: String,
    pub account: Option<String>,
    pub region: Option<String>,
}

impl StackRef {
    /// Returns the known data about the stack.
    ///
    /// # Errors
    /// If the definition can't be read, or if values are selected for a stack that is given by name.
    pub(crate) fn resolve(&self, selection: &SelectionArgs) -> Result<Known> {
        match self {
            Self::Name(_) if !selection.is_empty() => Err(Failure::new(
                Code::Usage,
                "--env and --set need a definition, and this is a stack's name",
            )
            .hint("use the definition's file, or only the name of the environment's stack")),
            Self::Name(name) => Ok(Known {
                name: name.clone(),
                ..Known::default()
            }),
            Self::File(path) => Ok(Known::of(&load(path, selection)?)),
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
    fn a_missing_file_suggests_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("stack.yaml"), "name: shop\nservices: {}\n").unwrap();
        std::fs::write(path("notes.txt"), "").unwrap();
        let hint = |name: &str| {
            let failure = load(&path(name), &SelectionArgs::default()).unwrap_err();
            assert_eq!(failure.code(), Code::InvalidDefinition);
            failure.hints().join("; ")
        };
        let right = format!("did you mean {}?", path("stack.yaml").display());
        for near in ["stack.yml", "stcak.yaml", "stack", "stack.json"] {
            assert_eq!(hint(near), right, "{near}");
        }
        assert!(hint("other.yaml").starts_with("check the path; to write a definition: "));
        assert_eq!(
            hint(""),
            format!(
                "name the definition in it: {}",
                path("stack.yaml").display()
            )
        );
        assert!(hint("stack.yaml").is_empty(), "it is read, and invalid");
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
        // A shell returns them unchanged.
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
