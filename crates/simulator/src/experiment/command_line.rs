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
    pub(crate) fn with(mut self, more: &[String]) -> Self {
        self.arguments.extend_from_slice(more);
        self
    }

    /// The same with another value of an option.
    #[must_use]
    pub(crate) fn replace(mut self, option: &str, value: &str) -> Self {
        change_values(&mut self.arguments, option, |_| value.to_owned());
        self
    }

    /// The same without the assumption that replaces the policy.
    fn without_policy(&self) -> Self {
        let mut kept = self.clone();
        let is_policy = |one: &str| one.starts_with("policy=");
        let mut arguments = self.arguments.iter().peekable();
        kept.arguments.clear();
        while let Some(argument) = arguments.next() {
            let is_option = argument == "--assume";
            if is_option && arguments.peek().is_some_and(|value| is_policy(value)) {
                arguments.next();
            } else if !argument.strip_prefix("--assume=").is_some_and(is_policy) {
                kept.arguments.push(argument.clone());
            }
        }
        kept
    }

    /// The commands that follow it.
    #[must_use]
    pub fn commands(&self) -> Commands {
        // The arguments that `deploy` has, too.
        let (selection, _) = split(&self.arguments, &SELECTED);
        Commands {
            compare: self.command("simulate", "--compare"),
            frontier: self.command("simulate", "--frontier"),
            tune: self.without_policy().command("tune", "--policy any"),
            deploy: format!(
                "{} deploy {}{}",
                self.program,
                quote(&self.file),
                with_space(&quote_all(&selection))
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
    let (_, mut kept) = split(arguments, &DROPPED);
    change_values(&mut kept, "--set", hide_secret);
    kept
}

/// Some options with their values, and the other arguments.
fn split(arguments: &[String], options: &[(&str, bool)]) -> (Vec<String>, Vec<String>) {
    let (mut found, mut others) = (Vec::new(), Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let name = argument.split('=').next().unwrap_or(argument);
        let Some((_, has_value)) = options.iter().find(|(option, _)| *option == name) else {
            others.push(argument.clone());
            continue;
        };
        found.push(argument.clone());
        if *has_value && !argument.contains('=') {
            found.extend(rest.next().cloned());
        }
    }
    (found, others)
}

/// Changes the values of an option, which follow it as the next argument or after `=`.
fn change_values(arguments: &mut [String], option: &str, change: impl Fn(&str) -> String) {
    let mut is_value = false;
    for argument in arguments {
        let is_option = argument == option;
        let value = argument
            .strip_prefix(option)
            .and_then(|rest| rest.strip_prefix('='));
        if is_value {
            *argument = change(argument);
        } else if let Some(value) = value {
            *argument = format!("{option}={}", change(value));
        }
        is_value = is_option;
    }
}

/// Arguments as a POSIX shell reads them.
fn quote_all(arguments: &[String]) -> String {
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
