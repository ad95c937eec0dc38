//! A page of Markdown, and its blocks of code.

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    /// Its path in the checkout.
    pub(super) name: String,
    pub(super) text: String,
}

/// A block of code.
#[derive(Debug)]
pub(super) struct Block {
    /// Number of its first line of code, from 1.
    pub(super) line: usize,
    /// The words after the fence.
    pub(super) info: String,
    /// Indentation of its fence, which its lines have too.
    pub(super) indent: String,
    /// Its lines, without the indentation.
    pub(super) lines: Vec<String>,
    /// The comment that ends on the line before the fence.
    pub(super) comment: Option<String>,
}

impl Block {
    /// The language, and the text after it.
    pub(super) fn language(&self) -> (&str, &str) {
        self.info.split_once(' ').unwrap_or((&self.info, ""))
    }

    pub(super) fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

impl Page {
    pub(super) fn blocks(&self) -> Vec<Block> {
        let lines: Vec<&str> = self.text.lines().collect();
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (index, line) in lines.iter().enumerate() {
            let fence = line.trim_start().strip_prefix("```");
            match (&mut open, fence) {
                (None, Some(info)) => {
                    open = Some(Block {
                        line: index + 2,
                        info: info.trim().to_owned(),
                        indent: line.chars().take_while(|letter| *letter == ' ').collect(),
                        lines: Vec::new(),
                        comment: find_comment(lines.get(..index).unwrap_or_default()),
                    });
                }
                (Some(_), Some("")) => blocks.extend(open.take()),
                (Some(block), _) => {
                    let own = line
                        .strip_prefix(block.indent.as_str())
                        .unwrap_or(line.trim_start());
                    block.lines.push(own.to_owned());
                }
                (None, None) => {}
            }
        }
        blocks
    }

    /// Replaces the lines of a block.
    pub(super) fn replace(&mut self, block: &Block, new: &[String]) {
        let mut lines: Vec<String> = self.text.lines().map(str::to_owned).collect();
        let indented = new.iter().map(|line| match line.as_str() {
            "" => String::new(),
            line => format!("{}{line}", block.indent),
        });
        let start = block.line - 1;
        lines.splice(start..start + block.lines.len(), indented);
        self.text = lines.join("\n") + "\n";
    }

    /// The lines outside of blocks, with their numbers.
    pub(super) fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut inside = false;
        self.text
            .lines()
            .enumerate()
            .filter_map(move |(index, line)| {
                let is_fence = line.trim_start().starts_with("```");
                inside ^= is_fence;
                (!inside && !is_fence).then_some((index + 1, line))
            })
    }
}

/// The comment at the end of these lines.
fn find_comment(before: &[&str]) -> Option<String> {
    before
        .last()
        .filter(|line| line.trim_end().ends_with("-->"))?;
    let start = before
        .iter()
        .rposition(|line| line.trim_start().starts_with("<!--"))?;
    let comment = before.get(start..)?.join("\n");
    let inner = comment.trim().strip_prefix("<!--")?.strip_suffix("-->")?;
    Some(inner.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_its_place_its_lines_and_its_comment() {
        let text = "a\n<!-- run:\n x -->\n  ```console\n  $ b\n\n    c\n  ```\nd\n```\ne\n```\n";
        let mut page = Page {
            name: "p".to_owned(),
            text: text.to_owned(),
        };
        let blocks = page.blocks();
        let first = &blocks[0];
        assert_eq!((first.line, first.language().0), (5, "console"));
        assert_eq!(first.lines, ["$ b", "", "  c"]);
        assert_eq!(first.comment.as_deref(), Some("run:\n x"));
        assert_eq!((blocks[1].line, &blocks[1].comment), (11, &None));
        let prose: Vec<_> = page.prose().collect();
        assert_eq!(prose.last(), Some(&(9, "d")));
        page.replace(first, &["$ b".to_owned(), String::new(), "new".to_owned()]);
        assert_eq!(
            page.text,
            text.replace("    c", "new").replace("\nnew", "\n  new")
        );
    }
}
