//! The text of a definition, and where its lines start.

use std::sync::OnceLock;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::secret::mask;

/// A place in the text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A definition's name (usually its path) and text, and the values that the command line sets.
#[derive(Debug)]
pub(crate) struct Source {
    name: String,
    /// The file, followed by each argument on its own lines.
    text: String,
    /// First byte of each part: the file, and the arguments. Each except the last ends with a line break.
    parts: Vec<usize>,
    /// Byte at which each line starts.
    lines: Vec<usize>,
    /// The text with everything masked that looks like a secret, byte for byte, made for the first snippet.
    shown: OnceLock<String>,
}

/// The name of an argument in a snippet.
const SET: &str = "--set";

/// A snippet shows whole lines; a line longer than this would flood the terminal.
const LONGEST_LINE_SHOWN: usize = 400;

impl Source {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        Self::with_arguments(name, text, &[])
    }

    pub(crate) fn with_arguments(name: &str, file: &str, arguments: &[String]) -> Self {
        let (mut text, mut parts) = (file.to_owned(), vec![0]);
        for argument in arguments {
            text.push('\n');
            parts.push(text.len());
            text.push_str(argument);
        }
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0)
            .chain(breaks.map(|(offset, _)| offset + 1))
            .collect();
        Self {
            name: name.to_owned(),
            text,
            parts,
            lines,
            shown: OnceLock::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> &str {
        self.slice(self.part(0))
    }

    /// The place of an argument.
    pub(crate) fn argument(&self, index: usize) -> Option<Span> {
        (index + 1 < self.parts.len()).then(|| self.part(index + 1))
    }

    /// The argument that holds a byte; `None` for a byte of the file.
    pub(crate) fn argument_at(&self, offset: usize) -> Option<&str> {
        let part = self.part_of(offset);
        (part > 0).then(|| self.slice(self.part(part)))
    }

    fn part(&self, index: usize) -> Span {
        let start = self.parts.get(index).copied().unwrap_or(self.text.len());
        let next = self.parts.get(index + 1);
        Span {
            start,
            end: next.map_or(self.text.len(), |next| next - 1),
        }
    }

    fn part_of(&self, offset: usize) -> usize {
        let behind = self.parts.partition_point(|start| *start <= offset);
        behind.saturating_sub(1)
    }

    /// The text of a span; empty if the span isn't in this text.
    pub(crate) fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Line and column of a byte, both from 1, in the file or the argument; the column counts characters.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.line_of(offset);
        let before = self.slice(Span {
            start: self.line_start(line),
            end: offset,
        });
        let first = self.line_of(self.part(self.part_of(offset)).start);
        (line - first + 1, before.chars().count() + 1)
    }

    /// Line of a byte of the file, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.line_of(offset) + 1
    }

    /// The span, cut at the end of its first line, without the line break and trailing blanks.
    pub(crate) fn first_line(&self, span: Span) -> Span {
        let line = self.slice(span).lines().next().unwrap_or_default();
        Span {
            start: span.start,
            end: span.start + line.trim_end().len(),
        }
    }

    /// Whether the lines around a span are short enough to be shown as a snippet.
    pub(crate) fn can_show(&self, span: Span) -> bool {
        let (first, last) = (self.line_of(span.start), self.line_of(span.end));
        (first.saturating_sub(1)..=last + 1)
            .all(|line| self.line_start(line + 1) - self.line_start(line) <= LONGEST_LINE_SHOWN)
    }

    /// Index of the line that holds a byte.
    fn line_of(&self, offset: usize) -> usize {
        self.lines
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    /// First byte of a line; the end of the text after the last line.
    fn line_start(&self, line: usize) -> usize {
        self.lines.get(line).copied().unwrap_or(self.text.len())
    }
}

/// Like miette's own implementation for strings, but with the index of lines: a report of many problems in a large
/// file must not read the whole file for each problem.
impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let end = span.offset() + span.len();
        let index = self.part_of(span.offset());
        let part = self.part(index);
        // A snippet shows part of the file or of one argument.
        if end > part.end {
            return Err(MietteError::OutOfBounds);
        }
        let name = match index {
            0 => &self.name,
            _ => SET,
        };
        let line = self.line_of(span.offset());
        let top = self.line_of(part.start);
        let first = line.saturating_sub(context_lines_before).max(top);
        let (start, column) = if context_lines_before == 0 {
            (span.offset(), self.position(span.offset()).1 - 1)
        } else {
            (self.line_start(first), 0)
        };
        let last = self.line_of(end.saturating_sub(1).max(span.offset()));
        let after = last + context_lines_after + 1;
        let stop = self.line_start(after).max(end).min(part.end.max(end));
        let shown = self.shown.get_or_init(|| mask(&self.text));
        let data = shown.get(start..stop).ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(MietteSpanContents::new_named(
            name.to_owned(),
            data.as_bytes(),
            (start, stop - start).into(),
            first - top,
            column,
            // Snippets with at least this many lines between them are shown separately.
            after - first,
        )))
    }
}
