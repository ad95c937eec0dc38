//! The commands in the documentation: each is parsed with the program's own command line.

use clap::Command;
use clap::error::ErrorKind;

use super::page::{Block, Page};

/// How the pages call the program.
const PROGRAMS: [&str; 2] = ["ecs-scaler ", "cargo xtask "];

/// Returns the commands of a page that the program doesn't accept.
pub(super) fn check(page: &Page, command: &Command) -> Vec<String> {
    let mut problems = Vec::new();
    let blocks = page.blocks();
    for block in &blocks {
        match block.language().0 {
            "" => problems.push(format!(
                "{}:{}: this block has no language: `console` for output, `text` for what can't be checked",
                page.name, block.line
            )),
            "json" => problems.extend(check_json(page, block)),
            _ => {}
        }
    }
    let in_blocks = blocks.iter().flat_map(find);
    let in_blocks = in_blocks.map(|(line, text)| (line, parse(&text, command), text));
    let in_prose = find_in_prose(page).into_iter();
    let in_prose = in_prose.map(|(line, text)| (line, parse_mention(&text, command), text));
    for (line, parsed, text) in in_blocks.chain(in_prose) {
        if let Err(error) = parsed {
            let error = error.to_string();
            let error = error.trim().replace('\n', "\n    ");
            problems.push(format!("{}:{line}: `{text}`:\n    {error}", page.name));
        }
    }
    problems
}

/// The commands in the text, except those with a place for another command.
fn find_in_prose(page: &Page) -> Vec<(usize, String)> {
    let mut commands = Vec::new();
    for (line, text) in page.prose() {
        for span in text.split('`').skip(1).step_by(2) {
            let is_command = PROGRAMS.iter().any(|program| span.starts_with(program));
            if is_command
                && !["…", " COMMAND", " VERB"]
                    .iter()
                    .any(|open| span.contains(open))
            {
                commands.push((line, span.to_owned()));
            }
        }
    }
    commands
}

/// One document, or one per line.
fn check_json(page: &Page, block: &Block) -> Option<String> {
    let text = block.text();
    let documents = serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>();
    let error = documents.into_iter().find_map(std::result::Result::err)?;
    Some(format!(
        "{}:{}: invalid JSON: {error}",
        page.name, block.line
    ))
}

/// The program's commands in a block, each with the number of its first line.
pub(super) fn find(block: &Block) -> Vec<(usize, String)> {
    let prompt = match block.language().0 {
        "sh" => "",
        "console" => "$ ",
        _ => return Vec::new(),
    };
    let mut commands = Vec::new();
    let mut lines = block.lines.iter().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(line) = line.strip_prefix(prompt) else {
            continue;
        };
        let mut text = line.to_owned();
        while let Some(start) = text.strip_suffix('\\') {
            let next = lines.next().map_or("", |(_, line)| line.as_str());
            text = format!("{start}{next}");
        }
        if PROGRAMS.iter().any(|program| text.starts_with(program)) {
            commands.push((block.line + index, text));
        }
    }
    commands
}

/// The words of a command after the program's name, without redirections and comments.
pub(super) fn split(text: &str) -> Option<Vec<String>> {
    let text = PROGRAMS
        .iter()
        .find_map(|program| text.strip_prefix(program))?;
    let mut words = shlex::split(text)?;
    if let Some(end) = words
        .iter()
        .position(|word| [">", "|"].contains(&word.as_str()))
    {
        words.truncate(end);
    }
    Some(words)
}

fn parse(text: &str, command: &Command) -> Result<(), clap::Error> {
    let unclosed = || clap::Error::raw(ErrorKind::InvalidValue, "a quote isn't closed");
    let words = split(text).ok_or_else(unclosed)?;
    let words = std::iter::once("ecs-scaler".to_owned()).chain(words);
    command.clone().try_get_matches_from(words).map(drop)
}

/// A mention in the text can leave arguments out.
fn parse_mention(text: &str, command: &Command) -> Result<(), clap::Error> {
    parse(text, command).or_else(|error| match error.kind() {
        ErrorKind::MissingRequiredArgument
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Ok(()),
        _ => Err(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let page = Page {
            name: "p".to_owned(),
            text: text.to_owned(),
        };
        check(&page, &cli::command())
    }

    #[test]
    fn commands_are_parsed_with_their_comments_and_continuations() {
        let good = "```sh\naws no such\necs-scaler validate a.yaml   # why\ncargo xtask simulate a.yaml \\\n  --load 'x:a|b' > out\n```\n";
        assert_eq!(problems(good), [""; 0]);
        let [problem] = &problems("```sh\n\necs-scaler validate --no-such\n```\n")[..] else {
            panic!("one problem")
        };
        assert!(
            problem.starts_with("p:3: ") && problem.contains("--no-such"),
            "{problem}"
        );
        assert_eq!(
            problems("Run `ecs-scaler cost`, or `ecs-scaler help COMMAND`.\n"),
            [""; 0]
        );
        assert!(problems("Run `ecs-scaler lists`.\n")[0].starts_with("p:1: "));
        let output = "```console\n$ ecs-scaler list\necs-scaler says something\n```\n";
        assert_eq!(problems(output), [""; 0]);
    }

    #[test]
    fn documents_are_parsed_and_a_block_has_a_language() {
        assert_eq!(problems("```json\n{\"a\": 1}\n{\"a\": 2}\n```\n"), [""; 0]);
        assert!(problems("```json\n{\"a\": …}\n```\n")[0].starts_with("p:2: invalid JSON"));
        assert!(problems("```\nx\n```\n")[0].contains("no language"));
    }
}
