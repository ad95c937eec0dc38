//! Builds the tree from the parser's events, and refuses unsupported parts of YAML.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::node::{Key, Node, Value};
use super::offsets::Offsets;
use super::scalar;
use crate::findings::Findings;
use crate::source::Span;
use crate::text;

/// Maximum nesting depth of a definition.
const DEEPEST: usize = 64;

/// Maximum number of values in a definition: more than 500 services and queues need.
const MOST_VALUES: usize = 50_000;

/// Reads a definition's text. `None` if there is no tree to continue with.
pub(crate) fn parse(findings: &mut Findings) -> Option<Node> {
    let source = findings.source().text().to_owned();
    if !text::check(&source, findings) {
        return None;
    }
    parse_part(&source, 0, findings)
}

/// Reads a part of the source, which starts at this byte. `None` if there is no tree to continue with.
pub(crate) fn parse_part(source: &str, base: usize, findings: &mut Findings) -> Option<Node> {
    let root = build(source, base, findings)?;
    if root.value == Value::Null {
        let help = "start with `name: …`, or let `init` write a definition";
        findings.refuse("", "the definition is empty", &[], help);
        return None;
    }
    Some(root)
}

/// Reads a part of any YAML text; an empty text is null. `None` if there is no tree to continue with.
pub(crate) fn build(source: &str, base: usize, findings: &mut Findings) -> Option<Node> {
    let mut builder = Builder {
        offsets: Offsets::new(source, base),
        findings,
        open: Vec::new(),
        root: None,
        documents: 0,
        values: 0,
    };
    let mut parser = Parser::new_from_str(source);
    while let Some(event) = parser.next_event() {
        let step = match event {
            Ok((event, span)) => {
                let span = builder.offsets.span(span);
                builder.event(event, span)
            }
            Err(error) => builder.syntax_error(&error),
        };
        step?;
    }
    let nothing = Node {
        span: Span::default(),
        value: Value::Null,
    };
    Some(builder.root.unwrap_or(nothing))
}

/// A collection that hasn't ended yet.
enum Open {
    Seq(Span, Vec<Node>),
    Map {
        span: Span,
        entries: Vec<(Key, Node)>,
        seen: HashMap<String, Span>,
        key: Option<Key>,
        /// Whether the value of the current key is dropped.
        drop: bool,
    },
}

struct Builder<'f> {
    offsets: Offsets,
    findings: &'f mut Findings,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    values: usize,
}

impl Builder<'_> {
    /// Handles one event; `None` stops the reading.
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        self.values += 1;
        if self.values > MOST_VALUES {
            let message = format!("the definition has more than {MOST_VALUES} values");
            let help = "split it into several stacks";
            self.findings
                .refuse("", message, &[(span, "the reader stopped here")], help);
        }
        // The report is full, or the text isn't a definition at all.
        if self.findings.is_full() || self.values > MOST_VALUES {
            return None;
        }
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Some(()),
            Event::DocumentStart(_) => self.document(span),
            Event::Alias(_) => {
                self.refuse_anchor(span);
                self.add_node(Node {
                    span,
                    value: Value::Refused,
                })
            }
            Event::Scalar(text, style, anchor, tag) => {
                let fine = self.check_properties(anchor, tag.as_deref(), span);
                self.scalar(&text, style, fine, span)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_properties(anchor, tag.as_deref(), span);
                self.start(Open::Seq(span, Vec::new()), span)
            }
            Event::MappingStart(anchor, tag) => {
                self.check_properties(anchor, tag.as_deref(), span);
                let open = Open::Map {
                    span,
                    entries: Vec::new(),
                    seen: HashMap::new(),
                    key: None,
                    drop: false,
                };
                self.start(open, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
        }
    }

    fn document(&mut self, span: Span) -> Option<()> {
        self.documents += 1;
        if self.documents == 1 {
            return Some(());
        }
        let help = "write one file for each stack";
        let labels = [(span, "starts here")];
        self.findings
            .refuse("", "the file contains a second document", &labels, help);
        None
    }

    fn start(&mut self, open: Open, span: Span) -> Option<()> {
        if self.expects_key() {
            let help = "a key is plain text, such as `name:`; text that starts with `{` or `[` needs quotes";
            self.findings.refuse(
                "",
                "a mapping or list is in the place of a key",
                &[(span, "not a key")],
                help,
            );
            return None;
        }
        if self.open.len() >= DEEPEST {
            let message = format!("nested deeper than {DEEPEST} levels");
            self.findings.refuse(
                "",
                message,
                &[(span, "too deep")],
                "a definition needs no more than 8",
            );
            return None;
        }
        self.open.push(open);
        Some(())
    }

    fn end(&mut self, span: Span) -> Option<()> {
        let node = match self.open.pop()? {
            Open::Seq(start, items) => {
                let last = items.last().map_or(start.end, |item| item.span.end);
                Node {
                    span: self.reach(start, last, span),
                    value: Value::Seq(items),
                }
            }
            Open::Map {
                span: start,
                entries,
                ..
            } => {
                let last = entries
                    .last()
                    .map_or(start.end, |(key, node)| node.span.end.max(key.span.end));
                Node {
                    span: self.reach(start, last, span),
                    value: Value::Map(entries),
                }
            }
        };
        self.add_node(node)
    }

    /// The span of a collection: to its closing bracket, or to its last value in block style.
    fn reach(&self, start: Span, last: usize, end: Span) -> Span {
        let closing = self.findings.source().slice(end);
        let end = if closing == "]" || closing == "}" {
            end.end
        } else {
            last
        };
        Span {
            start: start.start,
            end: end.max(start.start),
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, fine: bool, span: Span) -> Option<()> {
        let value = match style {
            ScalarStyle::Plain => scalar::resolve(text),
            _ => Value::Str(text.to_owned()),
        };
        if let Some(hidden) = text::hidden_character(text) {
            let message = format!("the text contains {hidden}");
            self.findings
                .refuse("", message, &[(span, "by an escape")], "remove it");
            return self.add_scalar(Value::Refused, text, span);
        }
        self.add_scalar(if fine { value } else { Value::Refused }, text, span)
    }

    /// A scalar becomes a key or a value, whichever is next.
    fn add_scalar(&mut self, value: Value, text: &str, span: Span) -> Option<()> {
        if self.expects_key() {
            self.key(&value, text, span);
            Some(())
        } else {
            self.add_node(Node { span, value })
        }
    }

    fn key(&mut self, value: &Value, text: &str, span: Span) {
        let is_text = matches!(value, Value::Str(_));
        let is_merge = is_text && text == "<<";
        let key = Key {
            text: text.to_owned(),
            span,
        };
        let Some(Open::Map {
            seen,
            key: slot,
            drop,
            ..
        }) = self.open.last_mut()
        else {
            return;
        };
        *slot = Some(key);
        let first = seen.get(text).copied();
        *drop = !is_text || is_merge || first.is_some();
        let quoted = text::shorten(text);
        let (message, labels, help) = match first {
            _ if *value == Value::Refused => return,
            _ if is_merge => (
                "a merge key `<<` isn't supported".to_owned(),
                vec![(span, "merges")],
                "write the keys out: merge keys aren't part of YAML 1.2".to_owned(),
            ),
            _ if !is_text => (
                format!(
                    "a key is text, and this is {}",
                    scalar::describe(value, text)
                ),
                vec![(span, "not text")],
                format!("quote it: \"{quoted}\""),
            ),
            Some(first) => (
                format!("the key `{quoted}` is set twice"),
                vec![(span, "again here"), (first, "first set here")],
                "keep one of the two".to_owned(),
            ),
            None => {
                seen.insert(text.to_owned(), span);
                return;
            }
        };
        self.findings.refuse("", message, &labels, help);
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map { key: None, .. }))
    }

    /// Puts a finished value where it belongs.
    fn add_node(&mut self, node: Node) -> Option<()> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Seq(_, items)) => items.push(node),
            Some(Open::Map {
                entries, key, drop, ..
            }) => match key.take() {
                Some(_) if *drop => {}
                Some(key) => entries.push((key, node)),
                None => {
                    *key = Some(Key {
                        text: String::new(),
                        span: node.span,
                    })
                }
            },
        }
        Some(())
    }

    /// Refuses an anchor or a tag on a value; true if there is none.
    fn check_properties(&mut self, anchor: usize, tag: Option<&Tag>, span: Span) -> bool {
        if anchor > 0 {
            self.refuse_anchor(span);
        }
        if let Some(tag) = tag {
            let tag = text::shorten(&tag.to_string()).into_owned();
            let help = "write the value without a tag; quotes make text, and CloudFormation's functions belong in a template";
            self.findings.refuse(
                "",
                format!("the tag `{tag}` isn't supported"),
                &[(span, "tagged")],
                help,
            );
        }
        anchor == 0 && tag.is_none()
    }

    fn refuse_anchor(&mut self, span: Span) {
        let span = self.findings.source().first_line(span);
        let help =
            "write the value out where it is needed; text that starts with `&` or `*` needs quotes";
        self.findings.refuse(
            "",
            "anchors and aliases aren't supported",
            &[(span, "here")],
            help,
        );
    }

    fn syntax_error(&mut self, error: &ScanError) -> Option<()> {
        let at = self.offsets.byte(error.marker().index());
        let span = Span { start: at, end: at };
        if error.info().contains("unknown anchor") {
            self.refuse_anchor(span);
            return None;
        }
        let message = format!("not valid YAML: {}", error.info());
        let help = match tab_indent(self.findings.source().text()) {
            Some(line) => format!("line {line} is indented with a tab: indent with spaces"),
            None => "check the indentation, brackets and quotes here and in the line above; text with `: ` or ` #` in it needs quotes".to_owned(),
        };
        self.findings
            .refuse("", message, &[(span, "the reader stopped here")], help);
        None
    }
}

/// The first line, from 1, that is indented with a tab: YAML doesn't allow that, and few editors show it.
fn tab_indent(text: &str) -> Option<usize> {
    let tabbed = |line: &str| {
        let content = line.trim_start();
        let indent = line.strip_suffix(content).unwrap_or_default();
        !content.is_empty() && indent.contains('\t')
    };
    text.lines().position(tabbed).map(|index| index + 1)
}
