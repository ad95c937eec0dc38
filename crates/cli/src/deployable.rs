//! A definition as an argument, for commands that plan or change its stack.

use std::path::{Path, PathBuf};

use serde::Serialize;
use stack::{Loaded, Problem};

use crate::connect::ConnectArgs;
use crate::definition::{self, FileArg};
use crate::failure::Result;
use crate::role::RoleArg;
use crate::ui::print_warnings;

/// A definition, the cloud to deploy it to, and with whose permissions.
#[derive(Debug, clap::Args)]
pub(crate) struct DeployableArgs {
    #[command(flatten)]
    pub(crate) file: FileArg,
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
    #[command(flatten)]
    pub(crate) role: RoleArg,
}

impl DeployableArgs {
    /// Reads the definition, and prints its warnings. Also returns its file.
    pub(crate) fn load(&self) -> Result<(PathBuf, Loaded)> {
        let file = self.file.path()?;
        let loaded = definition::load_with_warnings(&file, &self.file.selection)?;
        print_warnings(&loaded.warnings);
        Ok((file, loaded))
    }

    /// Returns the arguments for the definition in this file, to use in a hint.
    pub(crate) fn as_written(&self, file: &Path) -> String {
        self.without_role(file) + &self.role.as_written()
    }

    /// The same for a command that changes nothing, and so takes no role.
    pub(crate) fn without_role(&self, file: &Path) -> String {
        format!(
            "{}{}{}",
            file.display(),
            self.file.selection.as_written(),
            self.connect.as_written()
        )
    }
}

/// What programs read of a command that changes a stack.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'d, T> {
    #[serde(flatten)]
    pub(crate) result: &'d T,
    /// Warnings about the definition.
    pub(crate) warnings: &'d [Problem],
}
