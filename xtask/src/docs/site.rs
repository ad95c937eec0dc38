//! The book as a site, in target/book. mdBook only knows the pages in docs/. So its source is a copy in which every file of
//! the repository that a page links to is a page, too: Markdown with its own links, any other text as a block of code, and
//! a folder as the list of its files. Then every link of the built pages is followed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cli::{Failure, Result};

use super::built::{follow, read_pages};
use super::links::resolve;
use super::{failed, read};
use crate::paths;
use crate::process::capture_output;

const SOURCE: &str = "target/book-source";
pub(super) const BOOK: &str = "target/book";
/// Where files from outside of docs/ are.
const FILES: &str = "files";
/// Longer files are named, but not shown.
const LONGEST: usize = 200_000;
/// Files that a link leads to as they are.
const PICTURES: [&str; 4] = ["png", "svg", "jpg", "html"];

/// Builds the book and follows its links; returns the number of its pages.
///
/// # Errors
/// If it can't be built, or if a link leads nowhere.
pub(super) fn build() -> Result<usize> {
    let root = paths::root();
    let source = root.join(SOURCE);
    let _ = fs::remove_dir_all(&source);
    write_source(root, &source)?;
    let note = |text: &str| eprintln!("{text}");
    let mut build = crate::audit::install(&note)?.command("mdbook");
    build.arg("build").arg(&source).current_dir(root);
    capture_output(&mut build, "build the book")?;
    let pages = read_pages(&root.join(BOOK))?;
    let problems = follow(&root.join(BOOK), &pages);
    match problems.is_empty() {
        true => Ok(pages.len()),
        false => Err(Failure::failed(problems.join("\n"))),
    }
}

/// Writes the pages of docs/, and the files that they link to, directly or through each other.
fn write_source(root: &Path, source: &Path) -> Result<()> {
    let mut open = BTreeSet::new();
    for file in list_files(&root.join("docs")) {
        let path = format!("docs/{file}");
        match file.ends_with(".md") && file != "SUMMARY.md" {
            true => {
                let text = read(root, &path)?;
                let text = redirect(root, &path, &text, &mut open);
                write(source, &place(root, &path), text.as_bytes())?;
            }
            false => copy(root, &path, source, &file)?,
        }
    }
    let mut done = BTreeMap::new();
    while let Some(path) = open.pop_first() {
        // One page for a folder and its README.
        let path = match path.strip_suffix("/README.md") {
            Some(folder) => folder.to_owned(),
            None => path,
        };
        if done.contains_key(&path) || path.starts_with("docs") {
            continue;
        }
        let place = place(root, &path);
        match is_picture(&path) {
            true => copy(root, &path, source, &place)?,
            false => {
                let text = make_page(root, &path, &mut open)?;
                write(source, &place, text.as_bytes())?;
            }
        }
        done.insert(path, place);
    }
    let contents = read(root, "docs/SUMMARY.md")?;
    let mut contents = contents.replace("](README.md)", "](index.md)");
    contents.push_str("\n# Files of the repository\n\n");
    for (path, place) in done.iter().filter(|(path, _)| !is_picture(path)) {
        contents.push_str(&format!("- [{path}]({place})\n"));
    }
    write(source, "SUMMARY.md", contents.as_bytes())?;
    let settings = read(root, "docs/book.toml")?.replace("\"../target/book\"", "\"../book\"");
    write(source, "book.toml", settings.as_bytes())
}

/// The page of a file or folder outside of docs/.
fn make_page(root: &Path, path: &str, open: &mut BTreeSet<String>) -> Result<String> {
    let folder = root.join(path);
    if !folder.is_dir() {
        let text = fs::read_to_string(&folder).ok();
        let text = text.filter(|text| text.len() < LONGEST);
        return Ok(match text {
            Some(text) if path.ends_with(".md") => redirect(root, path, &text, open),
            Some(text) => show_code(path, &text),
            None => format!("# {path}\n\nThis file is only in the repository.\n"),
        });
    }
    let readme = format!("{path}/README.md");
    let mut page = match root.join(&readme).exists() {
        true => redirect(root, &readme, &read(root, &readme)?, open),
        false => format!("# {path}\n"),
    };
    page.push_str("\n## Files\n");
    let here = place(root, path);
    for file in list_files(&folder) {
        let file = format!("{path}/{file}");
        let to = relative(&here, &place(root, &file));
        page.push_str(&format!("- [{file}]({to})\n"));
        open.insert(file);
    }
    Ok(page)
}

fn show_code(path: &str, text: &str) -> String {
    let name = Path::new(path).extension().unwrap_or_default();
    let language = match name.to_string_lossy().as_ref() {
        "yml" => "yaml".to_owned(),
        other => other.to_owned(),
    };
    // mdBook would read it as a directive.
    let text = text.trim_end().replace("{{#", "{ {#");
    format!("# {path}\n\n`````{language}\n{text}\n`````\n")
}

/// The place of a file or folder of the repository in the book's source.
fn place(root: &Path, path: &str) -> String {
    match path {
        "docs" | "docs/README.md" => "index.md".to_owned(),
        // mdBook's own.
        "docs/SUMMARY.md" => "toc.html".to_owned(),
        path if path.starts_with("docs/") => path.trim_start_matches("docs/").to_owned(),
        path if root.join(path).is_dir() => format!("{FILES}/{path}/index.md"),
        "README.md" => format!("{FILES}/index.md"),
        path if path.ends_with("/README.md") => {
            format!("{FILES}/{}index.md", path.trim_end_matches("README.md"))
        }
        path if path.ends_with(".md") || is_picture(path) => format!("{FILES}/{path}"),
        path => format!("{FILES}/{path}.md"),
    }
}

fn is_picture(path: &str) -> bool {
    let end = Path::new(path).extension().unwrap_or_default();
    PICTURES.iter().any(|picture| end == *picture)
}

/// The page with its links leading to the places in the book; adds the files that it needs.
fn redirect(root: &Path, page: &str, text: &str, open: &mut BTreeSet<String>) -> String {
    let here = place(root, page);
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        inside ^= is_fence;
        lines.push(match inside || is_fence {
            true => line.to_owned(),
            false => redirect_line(line, |target| {
                let (path, anchor) = resolve(page, target);
                let path = path.display().to_string();
                if target.starts_with('#') || target.contains(':') || !root.join(&path).exists() {
                    return target.to_owned();
                }
                let to = relative(&here, &place(root, &path));
                open.insert(path);
                match target.contains('#') {
                    true => format!("{to}#{anchor}"),
                    false => to,
                }
            }),
        });
    }
    lines.join("\n") + "\n"
}

/// Changes the targets of `[text](target)` and `[name]: target`.
fn redirect_line(line: &str, mut change: impl FnMut(&str) -> String) -> String {
    if let Some((name, target)) = line.split_once("]: ").filter(|_| line.starts_with('[')) {
        return format!("{name}]: {}", change(target.trim()));
    }
    let mut parts = line.split("](");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str("](");
        match part.split_once(')') {
            Some((target, rest)) => text.push_str(&format!("{}){rest}", change(target))),
            None => text.push_str(part),
        }
    }
    text
}

/// The way from a page to another place.
fn relative(from: &str, to: &str) -> String {
    let parts = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (from, to) = (parts(from), parts(to));
    let shared = from
        .iter()
        .zip(&to)
        .take_while(|(one, other)| one == other)
        .count();
    let shared = shared.min(from.len() - 1).min(to.len() - 1);
    let up = std::iter::repeat_n("..", from.len() - 1 - shared);
    let down = to.iter().skip(shared).map(String::as_str);
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// The files in a folder and the folders in it, without what tools leave there.
pub(super) fn list_files(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(inner) = open.pop() {
        let entries = fs::read_dir(folder.join(&inner)).into_iter().flatten();
        for entry in entries.filter_map(std::result::Result::ok) {
            let name = entry.file_name();
            let hidden = name.to_string_lossy().starts_with('.');
            if hidden
                || ["node_modules", "target", "__pycache__"]
                    .iter()
                    .any(|tool| name == *tool)
            {
                continue;
            }
            let path = inner.join(&name);
            match folder.join(&path).is_dir() {
                true => open.push(path),
                false => files.push(path.display().to_string()),
            }
        }
    }
    files.sort();
    files
}

fn write(source: &Path, place: &str, bytes: &[u8]) -> Result<()> {
    let file = source.join(place);
    let folder = file.parent().unwrap_or(source);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&file, bytes));
    written.map_err(|error| failed("write", place, error))
}

fn copy(root: &Path, path: &str, source: &Path, place: &str) -> Result<()> {
    let bytes = fs::read(root.join(path)).map_err(|error| failed("read", path, error))?;
    write(source, place, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_leads_up_and_down() {
        assert_eq!(relative("a.md", "b.md"), "b.md");
        assert_eq!(relative("a.md", "files/b/index.md"), "files/b/index.md");
        assert_eq!(relative("files/b/index.md", "a.md"), "../../a.md");
        assert_eq!(relative("files/b/c.md", "files/b/d.md"), "d.md");
    }

    #[test]
    fn links_out_of_the_docs_lead_to_pages_of_their_own() {
        let root = paths::root();
        let mut open = BTreeSet::new();
        let text = "[a](../README.md#the-demo) [b](tune.md#x) ![c](report.png) [d](https://x.y)\n[e]: ../stacks\n```\n[f](../stacks)\n```\n";
        let expected = "[a](files/index.md#the-demo) [b](tune.md#x) ![c](report.png) [d](https://x.y)\n[e]: files/stacks/index.md\n```\n[f](../stacks)\n```\n";
        assert_eq!(redirect(root, "docs/cost.md", text, &mut open), expected);
        assert!(
            open.contains("README.md") && open.contains("stacks"),
            "{open:?}"
        );
        let back = redirect(
            root,
            "README.md",
            "[a](docs/tune.md) [b](docs)\n",
            &mut open,
        );
        assert_eq!(back, "[a](../tune.md) [b](../index.md)\n");
    }
}
