//! The byte offsets of the parser's marks.

use crate::source::Span;

/// Converts the parser's marks, which count characters, to bytes.
pub(super) struct Offsets {
    /// Byte of each character; empty when all are ASCII.
    bytes: Vec<usize>,
    end: usize,
    /// The offset of the text in the whole source.
    base: usize,
}

impl Offsets {
    pub(super) fn new(text: &str, base: usize) -> Self {
        let bytes = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(offset, _)| offset).collect()
        };
        Self {
            bytes,
            end: text.len(),
            base,
        }
    }

    pub(super) fn byte(&self, index: usize) -> usize {
        let byte = if self.bytes.is_empty() {
            index.min(self.end)
        } else {
            self.bytes.get(index).copied().unwrap_or(self.end)
        };
        self.base + byte
    }

    pub(super) fn span(&self, span: saphyr_parser::Span) -> Span {
        let start = self.byte(span.start.index());
        Span {
            start,
            end: self.byte(span.end.index()).max(start),
        }
    }
}
