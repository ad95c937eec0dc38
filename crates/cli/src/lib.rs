//! The command line of ecs-scaler: parses arguments, calls the other crates, prints, and exits.

mod bundle;
mod cmd;
mod confirm;
mod connect;
mod course;
mod definition;
mod deployable;
mod deployed;
mod disk;
mod drift;
mod escape;
mod failure;
mod layout;
mod live;
mod output;
mod plan;
mod plan_file;
mod programs;
mod progress;
mod report;
mod role;
mod signals;
mod simulation;
mod table;
mod ui;
mod usage;
mod values;
mod words;
mod workshop;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::cmd::Verb;

pub use crate::connect::named_sandbox;
pub use crate::failure::{Failure, Result};
pub use crate::output::Format;
pub use crate::programs::pack_functions;
pub use crate::signals::{is_interrupted, note_interruptions};
pub use crate::ui::warn;
pub use crate::workshop::{Installed, Workshop};

/// Scales ECS services by the backlog of their queues: one YAML file in, one CloudFormation stack out.
#[derive(Debug, clap::Parser)]
#[command(name = "ecs-scaler", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,

    /// Format of standard output: text for people, or one JSON document for programs
    #[arg(long, value_enum, default_value_t, global = true)]
    output: Format,
}

/// Sets where this process gets its functions, plugin, and folders. Must be called first.
pub fn install(workshop: Box<dyn Workshop>) {
    workshop::install(workshop);
}

/// Returns the command line, with the name of the running program in its help.
#[must_use]
pub fn command() -> clap::Command {
    command_of(workshop::program())
}

/// Returns the command line as users of `program` see it.
#[must_use]
pub fn command_of(program: &'static str) -> clap::Command {
    let command = Cli::command();
    let about = command
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default();
    command.name(program).bin_name(program).long_about(format!(
        "{about}\n\nStart with `{program} demo`: it needs no AWS account and no Docker."
    ))
}

/// Reads this process's arguments. `Err` is the exit code after help, or after an error, which programs get as JSON.
///
/// # Errors
/// If there is nothing to run.
pub fn parse(mut command: clap::Command) -> Result<clap::ArgMatches, ExitCode> {
    let arguments: Vec<_> = std::env::args_os().collect();
    let matches = command.try_get_matches_from_mut(&arguments);
    let matches = matches.map_err(|error| usage::report(&error, &command, &arguments))?;
    output::name_command(usage::name(&matches));
    Ok(matches)
}

/// Runs the product command that `matches` of [`command`] selects.
#[must_use]
pub fn run(matches: &clap::ArgMatches) -> ExitCode {
    let cli = match Cli::from_arg_matches(matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    cmd::run(cli.verb, cli.output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        command().debug_assert();
    }

    #[test]
    fn help_reads_well() {
        let mut cli = command();
        cli.build();
        let mut help = cli.render_help().to_string();
        for verb in cli
            .get_subcommands()
            .filter(|verb| verb.get_name() != "help" && !verb.is_hide_set())
        {
            help.push_str(&format!(
                "\n════ {}\n{}",
                verb.get_name(),
                verb.clone().render_help()
            ));
        }
        insta::assert_snapshot!(help);
    }
}
