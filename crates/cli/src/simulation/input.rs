//! The arguments that `simulate`, `cost`, and `tune` share, and the input that they read.

use std::path::PathBuf;

use simulator::{Assumed, CommandLine, Load, Overrides, Scenario, Simulation, format_duration};
use stack::{Selection, Stack};

use super::{LoadArgs, SubjectArgs, scenario_failure, this_command};
use crate::connect::ConnectArgs;
use crate::definition::{self, FileArg};
use crate::failure::Result;
use crate::progress::ProgressLine;
use crate::ui::Ui;

/// Heading of the connection's arguments. A command flattens them itself, last, because clap puts later arguments
/// under the heading, too.
pub(crate) const CONNECT_HEADING: &str = "With --load cloudwatch; the region also chooses prices";

/// The subject of a simulation, and its load.
#[derive(Debug, clap::Args)]
pub(crate) struct InputArgs {
    #[command(flatten)]
    file: FileArg,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    subject: SubjectArgs,
}

/// The input of a simulation.
pub(crate) struct Input {
    /// The definition's file.
    pub(crate) file: PathBuf,
    /// The selected values.
    pub(crate) selection: Selection,
    pub(crate) stack: Stack,
    pub(crate) service: String,
    /// What is assumed, as given and as values.
    pub(crate) assumed: Assumed,
    pub(crate) overrides: Overrides,
    pub(crate) seed: u64,
    pub(crate) load: Load,
    /// The load as given on the command line.
    pub(crate) load_name: String,
    /// Shows progress. It starts after the warnings about the input.
    pub(crate) ui: Ui,
}

impl Input {
    /// Returns the simulation of the unchanged definition, with the share that an argument requires.
    pub(crate) fn simulation(&self, required: Option<f64>) -> Simulation<'_> {
        Simulation {
            stack: &self.stack,
            service: &self.service,
            overrides: &self.overrides,
            load: &self.load,
            load_name: &self.load_name,
            seed: self.seed,
            required,
            commands: self.command().map(|command| command.commands()),
        }
    }

    /// Returns the command of this process, if it simulates.
    pub(crate) fn command(&self) -> Option<CommandLine> {
        this_command(&self.file.display().to_string())
    }

    /// Returns the scenario of the unchanged definition, and the progress of its simulation, which it
    /// announces.
    pub(crate) fn begin_simulation(&self) -> Result<(Scenario, ProgressLine<'_>)> {
        let scenario = Scenario::from_stack(&self.stack, &self.service, &self.overrides)
            .map_err(scenario_failure)?;
        let lasts = format_duration(self.load.duration().as_secs_f64());
        let what = format!("simulating {lasts}");
        self.ui.note(&what);
        Ok((scenario, ProgressLine::new(&self.ui, what)))
    }
}

impl InputArgs {
    /// Whether the definition comes from standard input.
    pub(crate) fn is_standard_input(&self) -> bool {
        self.file.is_standard_input()
    }

    /// Reads the definition, the assumptions and the load, and prints warnings about them. Only
    /// `--load cloudwatch` connects; the region also chooses the prices.
    pub(crate) async fn read(&self, connect: &ConnectArgs) -> Result<Input> {
        let file = self.file.path()?;
        let stack = definition::load(&file, &self.file.selection)?;
        let service = self.subject.service(&stack)?;
        let assumed = self.subject.assumed(connect.region.as_deref())?;
        let overrides = self.subject.overrides(&assumed)?;
        let ui = Ui::new();
        let load = self.load.read(&stack, &service, connect, &ui);
        Ok(Input {
            load: load.await?,
            load_name: self.load.name(),
            seed: self.subject.seed,
            file,
            selection: self.file.selection.selection(),
            stack,
            service,
            assumed,
            overrides,
            ui,
        })
    }

    /// Reads input that doesn't need a connection.
    #[cfg(test)]
    pub(crate) fn read_now(&self, connect: &ConnectArgs) -> Result<Input> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(self.read(connect))
    }
}
