//! `docs`: checks the documentation, and writes what comes from the program: the output of commands, and the reference of
//! all commands.
//!
//! Every command in a block is parsed, every definition is read, every JSON document is parsed, and every link leads
//! somewhere. A block's first word, its language, decides how it is checked: `sh` has commands, `console` has commands
//! with their output, `yaml` has a definition or a part of one, and `text` isn't checked. `yaml` with a second word is
//! another tool's file.
//!
//! A comment before a `console` block says where its output comes from; see [`outputs`].

mod book;
mod built;
mod commands;
mod definitions;
mod excerpt;
mod links;
mod outputs;
mod page;
mod site;

use std::fs;
use std::path::Path;
use std::process::Command;

use cli::{Failure, Format, Result};
use serde_json::json;

use self::page::Page;
use crate::process::{capture_output, this_program};
use crate::{knobs, paths};

/// Pages outside of docs/.
const OTHERS: [&str; 9] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "crates/sandbox/localstack-plugin/README.md",
    "examples/voucher-worker/README.md",
    "examples/voucher-worker-python/README.md",
    "examples/voucher-worker-typescript/README.md",
];

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write the output of commands, and docs/commands.md, instead of comparing them
    #[arg(long)]
    write: bool,
    /// Also write target/book/try.html, in which readers of the book try a definition
    #[arg(long)]
    playground: bool,
    /// Also compare the output of commands that take long
    #[arg(long)]
    full: bool,
    /// Only build the book of these pages in target/book, and follow its links
    #[arg(long, conflicts_with_all = ["write", "full"])]
    book: bool,
}

pub(crate) fn run(args: &Args, command: &clap::Command, format: Format) -> Result<()> {
    if args.book {
        let pages = site::build()?;
        if args.playground {
            write_playground()?;
        }
        format.print(&json!({"book_pages": pages}), |_| {
            format!("target/book/index.html: {pages} pages, and every link leads somewhere")
        });
        return Ok(());
    }
    let reference = book::write_reference(args.write)?;
    let mut problems: Vec<String> = reference.into_iter().collect();
    let mut pages = read_pages()?;
    let mut kept = Vec::new();
    for page in &mut pages {
        let before = page.text.clone();
        problems.extend(commands::check(page, command));
        problems.extend(definitions::check(page));
        let outputs = outputs::regenerate(page, args.full || args.write)?;
        problems.extend(outputs.problems);
        kept.extend(outputs.kept);
        if page.text == before {
            continue;
        }
        if args.write {
            let path = paths::root().join(&page.name);
            fs::write(&path, &page.text).map_err(|error| failed("write", &page.name, error))?;
        } else {
            let difference = first_difference(&before, &page.text);
            problems.push(format!("{}: {difference}", page.name));
        }
    }
    problems.extend(links::check(&pages));
    problems.extend(links::check_alarms(&pages));
    problems.extend(book::check(&pages)?);
    if !problems.is_empty() {
        let hint = "`cargo xtask docs --write` writes the output of commands and docs/commands.md";
        return Err(Failure::failed(problems.join("\n")).hint(hint));
    }
    if args.playground {
        write_playground()?;
    }
    let result = json!({"pages": pages.len(), "not_regenerated": kept});
    format.print(&result, |_| {
        let kept = kept.join("\n  ");
        format!(
            "checked {} pages; outputs that no command writes:\n  {kept}",
            pages.len()
        )
    });
    Ok(())
}

/// The playground of the book: the report of a shipped definition, whose knobs include its load.
const PLAYGROUND: &str = "target/book/try.html";

fn write_playground() -> Result<()> {
    let note = |text: &str| eprintln!("{text}");
    if knobs::find(&note)?.is_none() {
        let message = "the playground needs the simulator for pages";
        return Err(Failure::failed(message));
    }
    let folder = paths::root().join(site::BOOK);
    fs::create_dir_all(folder).map_err(|error| failed("write", PLAYGROUND, error))?;
    let mut simulate = Command::new(this_program()?);
    simulate
        .current_dir(paths::root())
        .args(["simulate", "stacks/voucher-worker.yaml", "--compare"])
        .args(["--load", "mmpp:rates=4/s|60/s,stays=50m|10m,for=12h"])
        .args(["--report", PLAYGROUND]);
    capture_output(&mut simulate, "write the playground").map(|_| ())
}

fn read_pages() -> Result<Vec<Page>> {
    let folder = paths::root().join("docs");
    let entries = fs::read_dir(&folder).map_err(|error| failed("read", "docs", error))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let pages = names.filter(|name| name.ends_with(".md"));
    let mut names: Vec<String> = pages.map(|name| format!("docs/{name}")).collect();
    names.extend(OTHERS.map(str::to_owned));
    names.sort();
    names.into_iter().map(read_page).collect()
}

fn read_page(name: String) -> Result<Page> {
    let text = read(paths::root(), &name)?;
    Ok(Page { name, text })
}

/// The text of a file in a folder.
fn read(folder: &Path, file: &str) -> Result<String> {
    fs::read_to_string(folder.join(file)).map_err(|error| failed("read", file, error))
}

fn first_difference(old: &str, new: &str) -> String {
    let mut lines = old.lines().zip(new.lines()).enumerate();
    match lines.find(|(_, (old, new))| old != new) {
        Some((index, (old, new))) => {
            format!("line {} is out of date:\n  - {old}\n  + {new}", index + 1)
        }
        None => "its end is out of date".to_owned(),
    }
}

fn failed(doing: &str, name: &str, error: std::io::Error) -> Failure {
    Failure::failed(format!("failed to {doing} {name}: {error}"))
}
