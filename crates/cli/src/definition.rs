//! Stack definitions as arguments: a file, or the name of a stack that is deployed.

use std::path::{Path, PathBuf};

use stack::Stack;

use crate::failure::Result;
use crate::ui;

/// Reads a definition and tells its warnings.
pub(crate) fn load(path: &Path) -> Result<Stack> {
    let loaded = stack::load(path)?;
    if !loaded.warnings.problems().is_empty() {
        ui::print_report(&loaded.warnings);
    }
    Ok(loaded.stack)
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

    /// A stack's name has neither a slash nor a dot.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text.contains(['/', '.', '\\']) {
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
    fn a_name_is_told_from_a_file() {
        let file = |text: &str| matches!(text.parse(), Ok(StackRef::File(_)));
        assert!(file("stacks/voucher-worker.yaml"));
        assert!(file("voucher-worker.yaml"));
        assert!(!file("voucher-worker"));
    }
}
