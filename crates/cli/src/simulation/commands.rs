//! The commands that a report advises, made of the one that was run, so that they run as they stand.

use simulator::Commands;

use crate::definition::quote;
use crate::workshop::program;

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

/// The commands that follow the one of this process. `None` if its arguments aren't those of a `simulate`.
pub(crate) fn follow_up(file: &str) -> Option<Commands> {
    let arguments: Vec<String> = std::env::args().collect();
    commands(program(), file, &arguments)
}

fn commands(program: &str, file: &str, arguments: &[String]) -> Option<Commands> {
    let verb = arguments.iter().position(|one| one == "simulate")?;
    let kept = keep(arguments.get(verb + 1..)?);
    let command = |verb: &str, more: &str| format!("{program} {verb} {}{more}", join(&kept));
    let selection = select(&kept);
    Some(Commands {
        compare: command("simulate", " --compare"),
        frontier: command("simulate", " --frontier"),
        tune: command("tune", " --policy any"),
        deploy: format!(
            "{program} deploy {}{}",
            quote(file),
            with_space(&join(&selection))
        ),
    })
}

/// The command of this process as it was run, with an argument more. `None` if its arguments aren't those of `verb`.
pub(crate) fn repeated_with(verb: &str, more: &str) -> Option<String> {
    let arguments: Vec<String> = std::env::args().collect();
    let place = arguments.iter().position(|one| one == verb)?;
    let kept = keep(arguments.get(place + 1..)?);
    Some(format!("{} {verb} {} {more}", program(), join(&kept)))
}

/// The arguments without those that are only about what was shown.
fn keep(arguments: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let name = argument.split('=').next().unwrap_or(argument);
        match DROPPED.iter().find(|(dropped, _)| *dropped == name) {
            Some((_, true)) if !argument.contains('=') => drop(rest.next()),
            Some(_) => {}
            None => kept.push(argument.clone()),
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

fn join(arguments: &[String]) -> String {
    let quoted: Vec<String> = arguments.iter().map(|one| quote(one)).collect();
    quoted.join(" ")
}

fn with_space(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!(" {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arguments: &[&str]) -> Commands {
        let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
        commands("ecs-scaler", "my stack.yaml", &arguments).unwrap()
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
