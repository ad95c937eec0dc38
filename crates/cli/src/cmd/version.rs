//! `version`: what this program is, and what it contains.

use serde::Serialize;

use crate::failure::Result;
use crate::output::Format;
use crate::workshop::{ContainedFunction, program, workshop};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Also show the commit, the target, and the functions that this program contains
    #[arg(long, short)]
    verbose: bool,
}

/// What a program is and contains.
#[derive(Debug, Serialize)]
struct Version {
    /// Name of the program.
    program: &'static str,
    version: &'static str,
    /// Git commit that a released program was built from.
    commit: Option<&'static str>,
    /// Target triple.
    target: &'static str,
    /// The functions for Lambda that it contains.
    functions: Vec<ContainedFunction>,
}

pub(crate) fn run(args: &Args, format: Format) -> Result<()> {
    let version = Version {
        program: program(),
        version: env!("CARGO_PKG_VERSION"),
        commit: option_env!("ECS_SCALER_COMMIT"),
        target: env!("ECS_SCALER_TARGET"),
        functions: match args.verbose || format == Format::Json {
            true => workshop().list_functions()?,
            false => Vec::new(),
        },
    };
    format.print(&version, |version| format_version(version, args.verbose));
    Ok(())
}

fn format_version(version: &Version, verbose: bool) -> String {
    let mut text = format!("{} {}", version.program, version.version);
    if !verbose {
        return text;
    }
    let commit = version.commit.unwrap_or("unknown: not a released program");
    text.push_str(&format!(
        "\ncommit:    {commit}\ntarget:    {}",
        version.target
    ));
    if version.functions.is_empty() {
        text.push_str("\nfunctions: none");
    }
    for function in &version.functions {
        let ContainedFunction {
            name,
            architecture,
            sha256,
        } = function;
        text.push_str(&format!(
            "\nfunction:  {name} for {architecture}, SHA-256 of its zip {sha256}"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(functions: Vec<ContainedFunction>) -> Version {
        Version {
            program: "ecs-scaler",
            version: "1.2.3",
            commit: Some("0123abc"),
            target: "x86_64-unknown-linux-gnu",
            functions,
        }
    }

    #[test]
    fn the_contents_are_listed_on_request() {
        let function = ContainedFunction {
            name: "metric-function",
            architecture: "arm64".into(),
            sha256: "88cb".into(),
        };
        let version = version(vec![function]);
        assert_eq!(format_version(&version, false), "ecs-scaler 1.2.3");
        insta::assert_snapshot!(format_version(&version, true), @r"
        ecs-scaler 1.2.3
        commit:    0123abc
        target:    x86_64-unknown-linux-gnu
        function:  metric-function for arm64, SHA-256 of its zip 88cb
        ");
    }

    #[test]
    fn a_program_without_functions_says_so() {
        let text = format_version(&version(Vec::new()), true);
        assert!(text.ends_with("functions: none"), "{text}");
    }
}
