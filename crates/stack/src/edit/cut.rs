//! The pieces of text to replace for an edit, and their replacements: the most likely piece first.

use super::change::{Edit, NewValue};
use crate::source::Span;
use crate::yaml::{Key, Node, Value};

/// A piece of the text and its replacement.
pub(super) struct Cut {
    span: Span,
    text: String,
}

impl Cut {
    fn new(start: usize, end: usize, text: String) -> Self {
        Self {
            span: Span { start, end },
            text,
        }
    }

    fn at(offset: usize, text: String) -> Self {
        Self::new(offset, offset, text)
    }

    /// Returns the text after it; `None` if there is no such piece.
    pub(super) fn apply(&self, text: &str) -> Option<String> {
        let (before, after) = (text.get(..self.span.start)?, text.get(self.span.end..)?);
        (self.span.start <= self.span.end).then(|| format!("{before}{}{after}", self.text))
    }
}

/// The ways to make an edit. Each is tried until one results in the intended tree.
pub(super) fn list_cuts(text: &str, root: &Node, edit: &Edit) -> Vec<Cut> {
    let mut node = root;
    for (depth, key) in edit.path.iter().enumerate() {
        let entries = node.entries();
        let Some(at) = entries.iter().position(|(found, _)| found.text == *key) else {
            let missing = edit.path.get(depth..).unwrap_or_default();
            return insert_keys(text, node, missing, edit);
        };
        let Some((found, value)) = entries.get(at) else {
            return Vec::new();
        };
        if depth + 1 == edit.path.len() {
            return match &edit.to {
                NewValue::Gone => remove_key(text, node, at),
                NewValue::Key(key) => replace_scalar(text, found.span, key),
                NewValue::Text(_) | NewValue::Number(_) => {
                    replace_scalar(text, value.span, &edit.written())
                }
            };
        }
        node = value;
    }
    Vec::new()
}

/// Replaces a scalar by another, in the same quotes.
fn replace_scalar(text: &str, span: Span, with: &str) -> Vec<Cut> {
    let end = scalar_end(text, span);
    let old = text.get(span.start..end).unwrap_or_default();
    // A text of several lines, which can also contain comments.
    if old.contains('\n') {
        return Vec::new();
    }
    let quote = ['"', '\'']
        .into_iter()
        .find(|quote| old.starts_with(*quote))
        .map(String::from)
        .unwrap_or_default();
    vec![Cut::new(span.start, end, format!("{quote}{with}{quote}"))]
}

/// Adds new keys to a mapping: after its last value, or else before its first key.
fn insert_keys(text: &str, map: &Node, missing: &[String], edit: &Edit) -> Vec<Cut> {
    let entries = map.entries();
    let json = entries
        .first()
        .is_some_and(|(key, _)| slice_text(text, key.span).starts_with('"'));
    let content = write_entry(missing, edit, json);
    if slice_text(text, map.span).starts_with('{') {
        let inside = map.span.start + 1;
        return match entries.last() {
            None => vec![Cut::at(inside, content)],
            Some((key, value)) => vec![
                Cut::at(end_of(text, key, value), format!(", {content}")),
                Cut::at(inside, format!("{content}, ")),
            ],
        };
    }
    let (Some((first, _)), Some((key, value))) = (entries.first(), entries.last()) else {
        return Vec::new();
    };
    let begin = first.span.start;
    let indent = find_indent(text, begin);
    let end = line_end(text, end_of(text, key, value));
    let line_break = line_break(text, begin);
    vec![
        Cut::at(end, format!("{line_break}{indent}{content}")),
        Cut::at(begin, format!("{content}{line_break}{indent}")),
    ]
}

/// `key: value`, or `key: {inner: value}`.
fn write_entry(missing: &[String], edit: &Edit, json: bool) -> String {
    let quoted = |text: &str| {
        if json {
            format!("\"{text}\"")
        } else {
            text.to_owned()
        }
    };
    let mut content = match &edit.to {
        NewValue::Number(_) => edit.written(),
        NewValue::Text(text) => quoted(text),
        NewValue::Key(_) | NewValue::Gone => return String::new(),
    };
    for (depth, key) in missing.iter().enumerate().rev() {
        content = format!("{}: {content}", quoted(key));
        if depth > 0 {
            content = format!("{{{content}}}");
        }
    }
    content
}

/// Removes a key and its value. Comments stay: if there is one inside, the removal isn't possible.
fn remove_key(text: &str, map: &Node, at: usize) -> Vec<Cut> {
    let entries = map.entries();
    let Some((key, value)) = entries.get(at) else {
        return Vec::new();
    };
    let before = at.checked_sub(1).and_then(|at| entries.get(at));
    let after = entries.get(at + 1);
    let end = end_of(text, key, value);
    let cut = if slice_text(text, map.span).starts_with('{') {
        match (before, after) {
            (Some((key, value)), _) => Cut::new(end_of(text, key, value), end, String::new()),
            (None, Some((after, _))) => Cut::new(key.span.start, after.span.start, String::new()),
            (None, None) => Cut::new(key.span.start, end, String::new()),
        }
    } else {
        let line = text.get(..key.span.start).unwrap_or_default();
        let start = line.rfind('\n').map_or(0, |found| found + 1);
        let rest = text.get(end..).unwrap_or_default();
        let comment = rest.trim_start_matches([' ', '\t']).starts_with('#');
        let up_to = line_end(text, end);
        if comment {
            let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            Cut::new(key.span.start, end + blank, String::new())
        } else {
            let rest = text.get(up_to..).unwrap_or_default();
            let ending = if rest.starts_with("\r\n") {
                2
            } else {
                usize::from(rest.starts_with('\n'))
            };
            Cut::new(start, up_to + ending, String::new())
        }
    };
    if slice_text(text, cut.span).contains('#') {
        return Vec::new();
    }
    vec![cut]
}

/// The end of an entry, without any text after it.
fn end_of(text: &str, key: &Key, value: &Node) -> usize {
    let end = match &value.value {
        Value::Map(_) | Value::Seq(_) if slice_text(text, value.span).starts_with(['{', '[']) => {
            value.span.end
        }
        Value::Map(entries) => entries
            .last()
            .map_or(value.span.end, |(key, value)| end_of(text, key, value)),
        Value::Seq(items) => items
            .last()
            .map_or(value.span.end, |item| end_of(text, key, item)),
        _ => scalar_end(text, value.span),
    };
    end.max(scalar_end(text, key.span))
}

/// The end of a scalar. For a quoted one, the parser's mark can be after a comment that follows.
fn scalar_end(text: &str, span: Span) -> usize {
    let written = slice_text(text, span);
    let mut characters = written.char_indices();
    let quote = characters.next().map(|(_, first)| first);
    if !matches!(quote, Some('"' | '\'')) {
        return span.start + written.trim_end().len();
    }
    while let Some((at, character)) = characters.next() {
        if character == '\\' && quote == Some('"') {
            characters.next();
        } else if Some(character) == quote {
            let rest = written.get(at + 1..).unwrap_or_default();
            // Two of them are an escaped one.
            if quote == Some('\'') && rest.starts_with('\'') {
                characters.next();
            } else {
                return span.start + at + 1;
            }
        }
    }
    span.end
}

/// The text before a key on its line, as blanks.
fn find_indent(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    // A byte order mark has no width.
    " ".repeat(line.trim_start_matches('\u{feff}').chars().count())
}

/// The end of the line that holds a byte, before its line break.
fn line_end(text: &str, offset: usize) -> usize {
    let rest = text.get(offset..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    offset + line.strip_suffix('\r').unwrap_or(line).len()
}

/// The line break of this file.
fn line_break(text: &str, offset: usize) -> &'static str {
    let before = text.get(..offset).unwrap_or_default();
    let broken = before.rfind('\n').or_else(|| text.find('\n'));
    let windows = broken.is_some_and(|at| text.get(..at).is_some_and(|line| line.ends_with('\r')));
    if windows { "\r\n" } else { "\n" }
}

fn slice_text(text: &str, span: Span) -> &str {
    text.get(span.start..span.end).unwrap_or_default()
}
