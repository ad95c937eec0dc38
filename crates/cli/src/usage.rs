//! Wrong usage, which clap finds: as clap shows it, and as JSON if that was requested.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command};

use crate::failure::{Code, Failure};
use crate::{output, ui};

/// The command of the arguments, such as `dead-letters list`.
pub(crate) fn name(matches: &ArgMatches) -> String {
    let mut names = Vec::new();
    let mut inner = matches.subcommand();
    while let Some((name, matches)) = inner {
        names.push(name);
        inner = matches.subcommand();
    }
    names.join(" ")
}

/// Prints help, or an error: for programs also as a document on standard output.
pub(crate) fn report(error: &clap::Error, command: &Command, arguments: &[OsString]) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let mut given = arguments
        .iter()
        .skip(1)
        .filter_map(|argument| argument.to_str());
    if let Some(found) = given.find_map(|word| command.find_subcommand(word)) {
        output::name_command(found.get_name().to_owned());
    }
    // Without arguments, the error is the help.
    let (failure, usage) = explain(error);
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
    } else {
        ui::print_error(failure.message(), failure.hints());
        ui::note(&format!("{usage}\nFor more information, try '--help'."));
    }
    if wants_json(arguments) {
        output::json(&failure.to_document(failure.hints()));
    }
    ExitCode::from(Code::Usage as u8)
}

/// Whether JSON was requested anywhere: a line that can't be read has no format otherwise.
fn wants_json(arguments: &[OsString]) -> bool {
    let own = arguments.iter().take_while(|argument| *argument != "--");
    let own: Vec<_> = own.filter_map(|argument| argument.to_str()).collect();
    own.contains(&"--output=json") || own.windows(2).any(|pair| pair == ["--output", "json"])
}

/// The error, and the lines about usage.
fn explain(error: &clap::Error) -> (Failure, String) {
    let rendered = error.render().to_string();
    // The message ends with an empty line; tips and usage follow.
    let message = rendered.split("\n\n").next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let message: Vec<&str> = match error.kind() {
        // The error is the help, which starts with a description of the program.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => vec!["a command is required"],
        _ => message.split_whitespace().collect(),
    };
    let failure = Failure::new(Code::Usage, message.join(" "));
    let tips = rendered
        .lines()
        .filter_map(|line| line.trim().strip_prefix("tip: "));
    let usage = rendered
        .lines()
        .skip_while(|line| !line.starts_with("Usage:"));
    let usage: Vec<&str> = usage.take_while(|line| !line.is_empty()).collect();
    (tips.fold(failure, Failure::hint), usage.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str]) -> Failure {
        let matches = crate::command().try_get_matches_from(words);
        explain(&matches.unwrap_err()).0
    }

    #[test]
    fn an_error_has_its_message_and_tips() {
        let failure = found(&["ecs-scaler", "validte"]);
        assert_eq!(failure.code(), Code::Usage);
        assert_eq!(failure.message(), "unrecognized subcommand 'validte'");
        assert!(
            failure.hints()[0].contains("'validate'"),
            "{:?}",
            failure.hints()
        );
        let failure = found(&["ecs-scaler", "simulate", "a.yaml"]);
        assert_eq!(
            failure.message(),
            "the following required arguments were not provided: --load <LOAD>"
        );
        let failure = found(&["ecs-scaler"]);
        assert_eq!(failure.message(), "a command is required");
    }

    #[test]
    fn json_is_found_in_arguments_that_cant_be_read() {
        let wants = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            wants_json(&words)
        };
        assert!(wants(&["x", "--output", "json", "nope"]));
        assert!(wants(&["x", "nope", "--output=json"]));
        assert!(!wants(&["x", "nope", "--output", "text"]));
        assert!(!wants(&["x", "exec", "--", "--output=json"]));
    }

    #[test]
    fn a_command_has_its_whole_name() {
        let matches = crate::command()
            .try_get_matches_from(["ecs-scaler", "dead-letters", "list", "shop"])
            .unwrap();
        assert_eq!(name(&matches), "dead-letters list");
    }
}
