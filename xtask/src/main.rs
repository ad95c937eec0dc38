//! The workshop: builds the functions, runs checks and tests, and forwards every product command to `cli`.

mod advisories;
mod audit;
mod cmd;
#[cfg(test)]
mod compliance;
mod docs;
mod examples;
mod functions;
mod knobs;
mod node;
mod paths;
mod process;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, Args as _, Command, FromArgMatches as _};
use cli::{Format, Result, Workshop};
use deployer::{BuiltFunctions, FunctionCode};
use stack::Architecture;

/// A checkout: the functions are built from source, and everything else stays in its folders.
struct Checkout;

impl Workshop for Checkout {
    fn program(&self) -> &str {
        "cargo xtask"
    }

    fn home(&self) -> Result<PathBuf> {
        Ok(paths::sandbox_home())
    }

    fn plugin(&self) -> Result<PathBuf> {
        Ok(paths::root().join("crates/sandbox/localstack-plugin"))
    }

    fn report(&self) -> Result<PathBuf> {
        Ok(paths::root().join("target/demo-report.html"))
    }

    fn shorten<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(paths::root()).unwrap_or(path)
    }

    fn build_functions(
        &self,
        functions: &[FunctionCode],
        wanted: Architecture,
        note: &dyn Fn(&str),
    ) -> Result<BuiltFunctions> {
        functions::build(functions, wanted, note)
    }

    fn find_simulator(&self, note: &dyn Fn(&str)) -> Result<Option<Vec<u8>>> {
        knobs::find(note)
    }
}

/// Adds the commands of a checkout to the product's command line.
fn command() -> Command {
    let test = Command::new("test")
        .about("Run every check and test of this project, including the end-to-end tests");
    let dist = Command::new("dist")
        .about("Write release archives of ecs-scaler, with the functions and the sandbox inside");
    let docs = Command::new("docs")
        .about("Check the documentation: commands, definitions, links, and the output of commands");
    let write = Arg::new("write")
        .long("write")
        .action(ArgAction::SetTrue)
        .help("Write stacks/stack.schema.json and docs/stack-format.md in the checkout instead");
    cli::command()
        .subcommand(cmd::test::Args::augment_args(test))
        .subcommand(cmd::dist::Args::augment_args(dist))
        .subcommand(docs::Args::augment_args(docs))
        .mut_subcommand("schema", |schema| schema.arg(write))
}

fn main() -> ExitCode {
    cli::install(Box::new(Checkout));
    let matches = match cli::parse(command()) {
        Ok(matches) => matches,
        Err(code) => return code,
    };
    let format = || {
        matches
            .get_one::<Format>("output")
            .copied()
            .unwrap_or_default()
    };
    let result = match matches.subcommand() {
        Some(("test", given)) => match cmd::test::Args::from_arg_matches(given) {
            Ok(args) => cmd::test::run(&args),
            Err(error) => error.exit(),
        },
        Some(("dist", given)) => match cmd::dist::Args::from_arg_matches(given) {
            Ok(args) => cmd::dist::run(&args),
            Err(error) => error.exit(),
        },
        Some(("docs", given)) => match docs::Args::from_arg_matches(given) {
            Ok(args) => docs::run(&args, &command(), format()),
            Err(error) => error.exit(),
        },
        Some(("schema", given)) if given.get_flag("write") => cmd::schema::write(format()),
        _ => return cli::run(&matches),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(format()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        command().debug_assert();
    }

    #[test]
    fn product_commands_are_forwarded_and_the_own_ones_are_added() {
        let given = |words: &[&str]| command().try_get_matches_from(words);
        assert!(given(&["xtask", "validate", "a.yaml"]).is_ok());
        assert!(given(&["xtask", "test", "--no-e2e"]).is_ok());
        assert!(given(&["xtask", "schema", "--write"]).is_ok());
        assert!(
            cli::command()
                .try_get_matches_from(["ecs-scaler", "test"])
                .is_err()
        );
    }
}
