//! The built book: its pages, and whether their links lead somewhere.

use std::collections::BTreeMap;
use std::path::Path;

use cli::Result;

use super::links::resolve;
use super::read;
use super::site::{BOOK, list_files};

/// The built pages by their paths, except the ones that repeat others.
pub(super) fn read_pages(book: &Path) -> Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    for file in list_files(book) {
        let is_page = file.ends_with(".html");
        if is_page && !["print.html", "404.html", "toc.html"].contains(&file.as_str()) {
            pages.insert(file.clone(), read(book, &file)?);
        }
    }
    Ok(pages)
}

/// Returns the links of built pages that lead to no file, or to no heading.
pub(super) fn follow(book: &Path, pages: &BTreeMap<String, String>) -> Vec<String> {
    let mut problems = Vec::new();
    for (page, text) in pages {
        // The playground isn't a page of the book, and not each build has it.
        for target in find_targets(text).filter(|target| *target != "try.html") {
            let (path, anchor) = resolve(page, target);
            let name = path.display().to_string();
            let heading = format!("id=\"{anchor}\"");
            let problem = match pages.get(&name) {
                _ if !book.join(&path).exists() => "leads to no file",
                Some(text) if !anchor.is_empty() && !text.contains(&heading) => {
                    "leads to no heading"
                }
                _ => continue,
            };
            problems.push(format!("{BOOK}/{page}: `{target}` {problem}"));
        }
    }
    problems.sort();
    problems.dedup();
    problems
}

/// The targets of links and pictures in the book.
fn find_targets(html: &str) -> impl Iterator<Item = &str> {
    let targets = [" href=\"", " src=\""].into_iter();
    let targets = targets.flat_map(move |start| html.split(start).skip(1));
    let targets = targets.filter_map(|rest| rest.split_once('"').map(|(target, _)| target));
    targets.filter(|target| !target.contains(':') && !target.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_of_the_book_that_leads_nowhere_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let page = r##"<a href="a.html#x"> <a href="#y"> <a href="no.html"> <img src="https://x.y/z"> <h1 id="x">"##;
        std::fs::write(folder.path().join("a.html"), page).unwrap();
        let pages = read_pages(folder.path()).unwrap();
        let expected = [
            "target/book/a.html: `#y` leads to no heading",
            "target/book/a.html: `no.html` leads to no file",
        ];
        assert_eq!(follow(folder.path(), &pages), expected);
    }
}
