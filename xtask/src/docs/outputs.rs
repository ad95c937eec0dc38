//! The output of commands in the documentation: run again, and compared or written.
//!
//! A comment before a `console` block says how:
//! - `run`: the commands of the block, which stand after `$`;
//! - `run: COMMAND`: this one, without the program's name; the block has only its output;
//! - `run after: COMMAND; …`: first these, then those of the block;
//! - `not run: REASON`: nothing writes this block.
//!
//! `slow` before `run` leaves a block to `--full` and `--write`.
//!
//! The commands run in a folder with `stacks` of the checkout. Its `stack.yaml` is what the comment has after its first
//! line, or else the nearest definition above on the page. A line with only `…` stands for omitted lines; a line
//! that ends with ` …` is cut off.

use std::fs;
use std::process::Command;

use cli::{Failure, Result};

use super::commands;
use super::definitions::is_complete;
use super::excerpt::adapt;
use super::failed;
use super::page::{Block, Page};
use crate::paths;
use crate::process::this_program;

/// What happened to the outputs of a page.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    pub(super) problems: Vec<String>,
    /// The blocks that nothing writes, each with the reason.
    pub(super) kept: Vec<String>,
}

/// How a block's output is made.
#[derive(Debug, PartialEq, Eq)]
enum Source<'a> {
    /// By this command, which isn't shown; `None` for the ones in the block. First come others.
    Run(Option<&'a str>, Vec<&'a str>),
    Kept(&'a str),
}

/// Runs the commands of a page whose output it shows, and replaces that output.
///
/// # Errors
/// If a command can't be started.
pub(super) fn regenerate(page: &mut Page, full: bool) -> Result<Outputs> {
    let mut outputs = Outputs::default();
    let mut definition = None;
    // From the last to the first, because a new output can have more lines. The definition is found on the way down.
    let mut work = Vec::new();
    for block in page.blocks() {
        let text = block.text();
        if block.info == "yaml" && is_complete(&text) {
            definition = Some(text);
        }
        work.push((block, definition.clone()));
    }
    for (block, definition) in work.into_iter().rev() {
        let has_output = block.lines.iter().any(|line| !line.starts_with("$ "));
        if block.language().0 != "console" || !has_output {
            continue;
        }
        let place = format!("{}:{}", page.name, block.line);
        let mut comment = block.comment.as_deref();
        if let Some(slow) = comment.and_then(|comment| comment.strip_prefix("slow ")) {
            if !full {
                continue;
            }
            comment = Some(slow);
        }
        match comment.map(read_source) {
            Some(Some((Source::Kept(reason), _))) => outputs.kept.push(format!("{place}: {reason}")),
            Some(Some((Source::Run(command, before), own))) => {
                let definition = own.map(str::to_owned).or(definition);
                match write(&block, command, &before, definition.as_deref())? {
                    Ok(lines) => page.replace(&block, &lines),
                    Err(problem) => outputs.problems.push(format!("{place}: {problem}")),
                }
            }
            _ => outputs.problems.push(format!(
                "{place}: a comment before this output must say where it is from, such as `<!-- run -->` or `<!-- not run: REASON -->`"
            )),
        }
    }
    Ok(outputs)
}

/// Reads a comment: the source, and the definition after its first line.
fn read_source(comment: &str) -> Option<(Source<'_>, Option<&str>)> {
    let (first, definition) = match comment.split_once('\n') {
        Some((first, definition)) => (first.trim(), Some(definition)),
        None => (comment, None),
    };
    let source = if let Some(reason) = first.strip_prefix("not run: ") {
        Source::Kept(reason)
    } else if let Some(before) = first.strip_prefix("run after: ") {
        Source::Run(None, before.split("; ").collect())
    } else if let Some(command) = first.strip_prefix("run: ") {
        Source::Run(Some(command), Vec::new())
    } else if first == "run" {
        Source::Run(None, Vec::new())
    } else {
        return None;
    };
    Some((source, definition))
}

/// The new lines of a block, or their problem.
fn write(
    block: &Block,
    command: Option<&str>,
    before: &[&str],
    definition: Option<&str>,
) -> Result<std::result::Result<Vec<String>, String>> {
    let folder = tempfile::tempdir().map_err(|error| failed("make", "a folder", error))?;
    let link = folder.path().join("stacks");
    std::os::unix::fs::symlink(paths::root().join("stacks"), link)
        .map_err(|error| failed("link", "stacks", error))?;
    if let Some(definition) = definition {
        let file = folder.path().join("stack.yaml");
        fs::write(file, definition).map_err(|error| failed("write", "stack.yaml", error))?;
    }
    let run = |command: &str| run(command, folder.path());
    for command in before {
        run(&format!("ecs-scaler {command}"))?;
    }
    if let Some(command) = command {
        return Ok(adapt(&block.lines, &run(&format!("ecs-scaler {command}"))?));
    }
    let mut lines = Vec::new();
    let mut rest = block.lines.as_slice();
    for (_, command) in commands::find(block) {
        // The command as the page writes it, possibly in several lines; then its output up to the next one.
        let shown = rest.iter().take_while(|line| line.ends_with('\\')).count() + 1;
        let (shown, after) = rest.split_at(shown.min(rest.len()));
        let end = after.iter().position(|line| line.starts_with("$ "));
        let (old, after) = after.split_at(end.unwrap_or(after.len()));
        rest = after;
        lines.extend_from_slice(shown);
        match adapt(old, &run(&command)?) {
            Ok(output) => lines.extend(output),
            Err(problem) => return Ok(Err(problem)),
        }
    }
    Ok(Ok(lines))
}

/// Runs a command of this program; returns its output, and its errors if it fails.
fn run(command: &str, folder: &std::path::Path) -> Result<Vec<String>> {
    let wrong = || Failure::failed(format!("can't run `{command}`"));
    let words = commands::split(command).ok_or_else(wrong)?;
    let output = Command::new(this_program()?)
        .args(words)
        .current_dir(folder)
        .env_remove("AWS_PROFILE")
        .env("NO_COLOR", "1")
        .output()
        .map_err(|error| failed("run", command, error))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        text.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    let is_released = command.starts_with("ecs-scaler");
    let lines = text.trim_end().lines().map(|line| match is_released {
        true => line.replace("cargo xtask", "ecs-scaler"),
        false => line.to_owned(),
    });
    Ok(lines.map(|line| line.trim_end().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_names_the_source() {
        assert_eq!(
            read_source("run"),
            Some((Source::Run(None, Vec::new()), None))
        );
        let own = read_source("run: validate a.yaml\nname: a");
        assert_eq!(
            own,
            Some((
                Source::Run(Some("validate a.yaml"), Vec::new()),
                Some("name: a")
            ))
        );
        let after = read_source("run after: init a; init b");
        assert_eq!(
            after,
            Some((Source::Run(None, vec!["init a", "init b"]), None))
        );
        assert_eq!(
            read_source("not run: it takes an hour"),
            Some((Source::Kept("it takes an hour"), None))
        );
        assert_eq!(read_source("generated"), None);
    }

    #[test]
    fn an_output_without_a_source_is_a_problem_and_one_that_is_kept_is_listed() {
        let text = "```console\n$ ecs-scaler list\nno stacks\n```\n<!-- not run: why -->\n```console\nx\n```\n";
        let mut page = Page {
            name: "p".to_owned(),
            text: text.to_owned(),
        };
        let outputs = regenerate(&mut page, false).unwrap();
        assert_eq!(outputs.kept, ["p:7: why"]);
        assert!(
            outputs.problems[0].starts_with("p:2: a comment"),
            "{outputs:?}"
        );
        assert_eq!((page.text.as_str(), outputs.problems.len()), (text, 1));
    }
}
