//! The links of the documentation: each leads to a file of the checkout, and to a heading that it has. Links to the web
//! aren't followed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::page::Page;
use crate::paths;

/// Returns the links of these pages that lead nowhere.
pub(super) fn check(pages: &[Page]) -> Vec<String> {
    let anchors = anchors_by_page(pages);
    let mut problems = Vec::new();
    for page in pages {
        for (line, text) in page.prose() {
            for target in find_links(text) {
                if let Some(problem) = follow(page, &target, &anchors) {
                    problems.push(format!("{}:{line}: `{target}` {problem}", page.name));
                }
            }
        }
    }
    problems
}

/// Returns the links in the descriptions of alarms that lead nowhere.
pub(super) fn check_alarms(pages: &[Page]) -> Vec<String> {
    let anchors = anchors_by_page(pages);
    let links = template::list_alarm_sections().filter_map(|(name, anchor)| {
        let path = format!("docs/{name}");
        let there = anchors.get(Path::new(&path));
        let leads = there.is_some_and(|there| there.contains(anchor));
        (!leads).then(|| {
            format!("{path}: the description of an alarm links to `#{anchor}`, which is no heading")
        })
    });
    links.collect()
}

/// Why a link leads nowhere.
fn follow(
    page: &Page,
    target: &str,
    anchors: &BTreeMap<&Path, BTreeSet<String>>,
) -> Option<&'static str> {
    if ["https://", "http://", "mailto:"]
        .iter()
        .any(|start| target.starts_with(start))
    {
        return None;
    }
    let (name, anchor) = resolve(&page.name, target);
    if !paths::root().join(&name).exists() {
        return Some("leads to no file");
    }
    if anchor.is_empty() {
        return None;
    }
    match anchors.get(name.as_path()) {
        Some(there) if there.contains(anchor) => None,
        Some(_) => Some("leads to no heading"),
        None => Some("leads to a page that isn't checked: add it to the pages"),
    }
}

/// The targets of `[text](target)` and `[name]: target`.
fn find_links(line: &str) -> Vec<String> {
    let inline = line.split("](").skip(1);
    let inline = inline.filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let reference = line
        .starts_with('[')
        .then(|| line.split_once("]: "))
        .flatten();
    let reference = reference.map(|(_, target)| target);
    inline.chain(reference).map(str::to_owned).collect()
}

fn anchors_by_page(pages: &[Page]) -> BTreeMap<&Path, BTreeSet<String>> {
    let pages = pages.iter();
    pages
        .map(|page| (Path::new(&page.name), list_anchors(page)))
        .collect()
}

/// The anchors that GitHub and mdBook make from a page's headings: lowercase, spaces as hyphens, no punctuation. A repeated
/// one gets a number.
fn list_anchors(page: &Page) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for (_, line) in page.prose() {
        let text = line.trim_start_matches('#');
        if text.len() == line.len() || !text.starts_with(' ') {
            continue;
        }
        // The text of a link, without its target.
        let text = text
            .trim()
            .replace("](", "\u{0}")
            .split('\u{0}')
            .enumerate()
            .fold(String::new(), |text, (index, part)| match index {
                0 => part.to_owned(),
                _ => text + part.split_once(')').map_or(part, |(_, rest)| rest),
            });
        let letters = text
            .to_lowercase()
            .chars()
            .filter_map(|letter| match letter {
                ' ' => Some('-'),
                letter => (letter.is_alphanumeric() || "-_".contains(letter)).then_some(letter),
            })
            .collect::<String>();
        let numbered = (1..).map(|number| format!("{letters}-{number}"));
        let free = std::iter::once(letters.clone())
            .chain(numbered)
            .find(|anchor| !anchors.contains(anchor));
        anchors.extend(free);
    }
    anchors
}

/// The file to which a link of a page leads, and the heading in it, which can be empty.
pub(super) fn resolve<'t>(page: &str, target: &'t str) -> (PathBuf, &'t str) {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(page).parent().unwrap_or(Path::new(""));
    let file = match path {
        "" => PathBuf::from(page),
        path => normalize(&folder.join(path)),
    };
    (file, anchor)
}

fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(name: &str, text: &str) -> Page {
        Page {
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }

    /// GitHub's rule, as its documentation shows it under "Section links".
    #[test]
    fn anchors_are_made_as_github_makes_them() {
        let text = "# Sample Section\n## This'll  be a _Helpful_ Section About the Greek Letter Θ!\n## This heading is not unique in the file\n\nTEXT 1\n\n## This heading is not unique in the file\n```sh\n# no heading\n```\n## See [a `b`](c.md)\n";
        let expected = [
            "sample-section",
            "see-a-b",
            "this-heading-is-not-unique-in-the-file",
            "this-heading-is-not-unique-in-the-file-1",
            "thisll--be-a-_helpful_-section-about-the-greek-letter-θ",
        ];
        assert_eq!(
            list_anchors(&page("p", text)),
            expected.map(str::to_owned).into()
        );
    }

    #[test]
    fn a_link_leads_to_a_file_and_a_heading() {
        let from = "[a](../README.md#here) [b](other.md) [c](../stacks) [d](https://example.com/x)\n[e]: #own\n# Own\n";
        let good = [
            page("docs/get-started.md", &from.replace("other.md", "tune.md")),
            page("README.md", "# Here\n"),
        ];
        assert_eq!(check(&good), [""; 0]);
        let bad = [
            page(
                "docs/get-started.md",
                "[a](../README.md#there) [b](no-such.md)\n\n[c](../stacks/shop.yaml#x)\n",
            ),
            page("README.md", "# Here\n"),
        ];
        let expected = [
            "docs/get-started.md:1: `../README.md#there` leads to no heading",
            "docs/get-started.md:1: `no-such.md` leads to no file",
            "docs/get-started.md:3: `../stacks/shop.yaml#x` leads to a page that isn't checked: add it to the pages",
        ];
        assert_eq!(check(&bad), expected);
    }
}
