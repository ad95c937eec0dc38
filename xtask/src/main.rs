//! The command line of ecs-scaler: parses, wires, prints, exits.

mod browser;
mod cmd;
mod connect;
mod definition;
mod failure;
mod functions;
mod live;
mod output;
mod paths;
mod signals;
mod ui;
mod words;

use std::process::ExitCode;

use clap::Parser;

use crate::cmd::Verb;
use crate::failure::Failure;
use crate::output::Format;

/// Scales ECS services by the backlog of their queues: one YAML file in, one CloudFormation stack out.
///
/// Start with `cargo xtask demo`: it needs no AWS account and no Docker.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,

    /// What standard output carries: text for people, or one JSON document for programs
    #[arg(long, value_enum, default_value_t, global = true)]
    output: Format,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return Failure::failed(format!("failed to start the runtime: {error}"))
                .report(cli.output);
        }
    };
    match runtime.block_on(cmd::run(cli.verb, cli.output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(cli.output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_reads_well() {
        let mut cli = Cli::command();
        cli.build();
        let mut help = cli.render_help().to_string();
        for verb in cli
            .get_subcommands()
            .filter(|verb| verb.get_name() != "help")
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
