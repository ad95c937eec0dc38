//! The command of a simulation, and those that can follow it, each so that it runs as it stands.

use serde::{Deserialize, Serialize};

use super::hide_secret;
use crate::report::Commands;

/// Options of `simulate` that its next commands don't have, and whether a value follows them.
const DROPPED: [(&str, bool); 4] = [
    ("--compare", false),
    ("--frontier", false),
    ("--report", true),
    ("--output", true),
];

/// Options that choose values of the definition and the cloud, and whether a value follows them.
const SELECTED: [(&str, bool); 6] = [
    ("--env", true),
    ("--set", true),
    ("--local", false),
    ("--profile", true),
    ("--region", true),
    ("--endpoint-url", true),
];

/// A command about a definition and a load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandLine {
    program: String,
    file: String,
    arguments: Vec<String>,
}

impl CommandLine {
    /// The command `verb` of a process with these arguments, about the definition in `file`. `None` if the arguments
    /// aren't those of `verb`.
    #[must_use]
    pub fn find(program: &str, file: &str, verb: &str, process: &[String]) -> Option<Self> {
        let place = process.iter().position(|one| one == verb)?;
        Some(Self {
            program: program.to_owned(),
            file: file.to_owned(),
            arguments: keep(process.get(place + 1..)?),
        })
    }

    /// The same with more arguments.
    #[must_use]
    pub fn with(&self, more: &[String]) -> Self {
        let mut arguments = self.arguments.clone();
        arguments.extend_from_slice(more);
        Self {
            arguments,
            ..self.clone()
        }
    }

    /// The same with another value of an option.
    #[must_use]
    pub fn replace(&self, option: &str, value: &str) -> Self {
        let mut arguments = self.arguments.clone();
        for place in 0..arguments.len() {
            let is_before = place > 0
                && self
                    .arguments
                    .get(place - 1)
                    .is_some_and(|one| one == option);
            if let Some(argument) = arguments.get_mut(place) {
                if is_before {
                    *argument = value.to_owned();
                } else if argument
                    .strip_prefix(option)
                    .is_some_and(|rest| rest.starts_with('='))
                {
                    *argument = format!("{option}={value}");
                }
            }
        }
        Self {
            arguments,
            ..self.clone()
        }
    }

    /// The commands that follow it.
    #[must_use]
    pub fn commands(&self) -> Commands {
        let selection = quote_all(&select(&self.arguments));
        Commands {
            compare: self.command("simulate", "--compare"),
            frontier: self.command("simulate", "--frontier"),
            tune: self.command("tune", "--policy any"),
            deploy: format!(
                "{} deploy {}{}",
                self.program,
                quote(&self.file),
                with_space(&selection)
            ),
        }
    }

    /// A command with the same arguments and more, which are already quoted.
    #[must_use]
    pub fn command(&self, verb: &str, more: &str) -> String {
        let (program, kept) = (&self.program, quote_all(&self.arguments));
        format!("{program} {verb} {kept}{}", with_space(more))
    }
}

/// The arguments without those that are only about what was shown, and without values that can be secret: a report is for
/// others, too.
fn keep(arguments: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let name = argument.split('=').next().unwrap_or(argument);
        match DROPPED.iter().find(|(dropped, _)| *dropped == name) {
            Some((_, true)) if !argument.contains('=') => drop(rest.next()),
            Some(_) => {}
            None if kept.last().is_some_and(|last| last == "--set") => {
                kept.push(hide_secret(argument));
            }
            None => kept.push(match argument.strip_prefix("--set=") {
                Some(set) => format!("--set={}", hide_secret(set)),
                None => argument.clone(),
            }),
        }
    }
    kept
}

/// The arguments that `deploy` has, too.
fn select(arguments: &[String]) -> Vec<String> {
    let mut chosen = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let name = argument.split('=').next().unwrap_or(argument);
        if let Some((_, has_value)) = SELECTED.iter().find(|(selected, _)| *selected == name) {
            chosen.push(argument.clone());
            if *has_value && !argument.contains('=') {
                chosen.extend(rest.next().cloned());
            }
        }
    }
    chosen
}

/// Arguments as a POSIX shell reads them.
#[must_use]
pub fn quote_all(arguments: &[String]) -> String {
    let quoted: Vec<String> = arguments.iter().map(|one| quote(one)).collect();
    quoted.join(" ")
}

fn with_space(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!(" {text}"),
    }
}

/// An argument as a POSIX shell reads it.
#[must_use]
pub fn quote(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arguments: &[&str]) -> Commands {
        let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
        let command = CommandLine::find("ecs-scaler", "my stack.yaml", "simulate", &arguments);
        command.unwrap().commands()
    }

    #[test]
    fn commands_run_as_they_stand() {
        let found = of(&[
            "target/ecs-scaler",
            "--output",
            "json",
            "simulate",
            "my stack.yaml",
            "--load",
            "mmpp:rates=4/s|60/s,stays=50m|10m,for=7d",
            "--require=99%",
            "--env",
            "prod",
            "--profile=shop",
            "--region",
            "eu-west-1",
            "--compare",
            "--report",
            "out.html",
            "--output=text",
        ]);
        let input = "'my stack.yaml' --load 'mmpp:rates=4/s|60/s,stays=50m|10m,for=7d' --require=99% --env prod --profile=shop --region eu-west-1";
        assert_eq!(found.tune, format!("ecs-scaler tune {input} --policy any"));
        assert_eq!(
            found.compare,
            format!("ecs-scaler simulate {input} --compare")
        );
        assert_eq!(
            found.frontier,
            format!("ecs-scaler simulate {input} --frontier")
        );
        assert_eq!(
            found.deploy,
            "ecs-scaler deploy 'my stack.yaml' --env prod --profile=shop --region eu-west-1"
        );
        let found = of(&[
            "ecs-scaler",
            "simulate",
            "a.yaml",
            "--local",
            "--load",
            "cloudwatch",
        ]);
        assert_eq!(found.deploy, "ecs-scaler deploy 'my stack.yaml' --local");
    }

    #[test]
    fn values_that_can_be_secret_are_not_repeated() {
        let found = of(&[
            "ecs-scaler",
            "simulate",
            "a.yaml",
            "--set",
            "services.w.environment.TOKEN=hunter2",
            "--set=services.w.logs.firelens.options.password=hunter2",
            "--set",
            "overrides.Resources.W.Properties.Key=hunter2",
            "--set",
            "services.w.tasks.max=5",
        ]);
        assert_eq!(
            found.deploy,
            "ecs-scaler deploy 'my stack.yaml' --set 'services.w.environment.TOKEN=…' \
             '--set=services.w.logs.firelens.options.password=…' --set 'overrides.Resources.W.Properties.Key=…' \
             --set services.w.tasks.max=5"
        );
    }

    #[test]
    fn quotes_are_those_of_a_shell() {
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
        assert_eq!(
            quote("daily:low=1/s,high=20/s,for=14d"),
            "daily:low=1/s,high=20/s,for=14d"
        );
        assert_eq!(quote("$(date)"), "'$(date)'");
    }
}
