//! The book: its table of contents has every page, and its reference of all commands is their own help.

use std::fs;

use cli::Result;

use super::page::Page;
use super::{failed, read_page};
use crate::paths;

const REFERENCE: &str = "docs/commands.md";
const CONTENTS: &str = "docs/SUMMARY.md";
const INTRODUCTION: &str = "<!-- `cargo xtask docs --write` writes this page. -->
# Commands

The help of each command. [Use ecs-scaler](using.md) explains what they do.
";

/// Writes the reference of all commands, or returns that it is out of date.
///
/// # Errors
/// If it can't be written.
pub(super) fn write_reference(write: bool) -> Result<Option<String>> {
    let path = paths::root().join(REFERENCE);
    let text = describe_commands();
    if write {
        fs::write(path, text).map_err(|error| failed("write", REFERENCE, error))?;
        return Ok(None);
    }
    let is_current = fs::read_to_string(path).is_ok_and(|there| there == text);
    Ok((!is_current).then(|| format!("{REFERENCE} is out of date")))
}

/// The help of each command, and of each command in it.
fn describe_commands() -> String {
    let mut program = cli::command_of("ecs-scaler");
    program.build();
    let mut text = INTRODUCTION.to_owned();
    describe(&program, "", &mut text);
    text
}

fn describe(command: &clap::Command, above: &str, text: &mut String) {
    for one in command.get_subcommands() {
        if one.is_hide_set() || one.get_name() == "help" {
            continue;
        }
        let name = format!("{above}{}", one.get_name());
        if one.has_subcommands() {
            describe(one, &format!("{name} "), text);
            continue;
        }
        let help = one.clone().render_long_help().to_string();
        let lines: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
        text.push_str(&format!(
            "\n## {name}\n```text\n{}\n```\n",
            lines.join("\n")
        ));
    }
}

/// Returns the pages of docs/ that the table of contents lacks.
///
/// # Errors
/// If the table can't be read.
pub(super) fn check(pages: &[Page]) -> Result<Vec<String>> {
    let contents = read_page(CONTENTS.to_owned())?.text;
    let pages = pages
        .iter()
        .filter_map(|page| page.name.strip_prefix("docs/"));
    let missing =
        pages.filter(|page| *page != "SUMMARY.md" && !contents.contains(&format!("]({page})")));
    Ok(missing
        .map(|page| format!("{CONTENTS} doesn't have {page}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_has_every_command_with_its_options() {
        let text = describe_commands();
        for expected in [
            "\n## deploy\n",
            "\n## dead-letters redrive\n",
            "Usage: ecs-scaler local start",
            "--allow-loss",
        ] {
            assert!(text.contains(expected), "{expected}");
        }
        assert!(!text.contains("## program"), "a hidden command");
    }

    #[test]
    fn a_page_that_the_contents_lack_is_reported() {
        let page = |name: &str| Page {
            name: name.to_owned(),
            text: String::new(),
        };
        let problems = check(&[
            page("docs/tune.md"),
            page("docs/no-such.md"),
            page("README.md"),
        ]);
        assert_eq!(
            problems.unwrap(),
            ["docs/SUMMARY.md doesn't have no-such.md"]
        );
    }
}
