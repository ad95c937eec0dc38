//! A definition as written: its values after merging, and the line of each.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::path;
use crate::problem::{Label, Problem, Report, Severity};
use crate::select::ENVIRONMENTS;
use crate::source::{Source, Span};
use crate::yaml::Node;

/// How a definition was written. Empty for a [`Stack`](crate::Stack) that wasn't read from a text.
///
/// Two of them are always equal, because the places of values aren't part of their meaning.
#[derive(Clone, Default)]
pub struct Written(Option<Arc<Content>>);

struct Content {
    definition: Option<Value>,
    source: Arc<Source>,
    places: BTreeMap<String, (Place, Span)>,
}

/// An error that only a later step finds, such as the synthesis of the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateError {
    /// Path of the value at fault.
    pub path: String,
    /// The problem: a lowercase fragment without a period.
    pub message: String,
    /// The text at the value's place.
    pub label: &'static str,
    /// The fix, if the message doesn't contain it.
    pub help: Option<String>,
}

/// The place of a value in a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Path of the value in the definition, such as `services.worker.image`.
    pub path: String,
    /// The file, or `--set`.
    pub file: String,
    /// Line in the file, from 1; `None` for `--set`.
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.path, self.file)?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// The [`Stack`](crate::Stack) around it shows the definition itself.
impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written")
    }
}

impl PartialEq for Written {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Written {
    /// Remembers a merged tree.
    pub(crate) fn of(root: &Node, source: &Arc<Source>) -> Self {
        let mut places = BTreeMap::new();
        collect_places(root, "", source, &mut places);
        let mut definition = root.to_json();
        // The other environments are other stacks, so their values don't belong to this one.
        if let Some(Value::Object(map)) = &mut definition {
            map.remove(ENVIRONMENTS);
        }
        let definition = definition.map(sort_keys);
        Self(Some(Arc::new(Content {
            definition,
            source: Arc::clone(source),
            places,
        })))
    }

    /// The values after merging the environment and `--set`, and without the environments. `None` if they aren't
    /// known, or if JSON can't represent one of them.
    #[must_use]
    pub fn definition(&self) -> Option<&Value> {
        self.0.as_ref()?.definition.as_ref()
    }

    /// The place where the value of a path was written, or else of the nearest value around it. `None` if neither
    /// is known.
    #[must_use]
    pub fn place(&self, path: &str) -> Option<&Place> {
        self.find(path).map(|(place, _)| place)
    }

    fn find(&self, path: &str) -> Option<&(Place, Span)> {
        let places = &self.0.as_ref()?.places;
        let mut path = path;
        loop {
            if let Some(found) = places.get(path) {
                return Some(found);
            }
            path = path.get(..path.rfind(['.', '['])?)?;
        }
    }

    /// A report of errors, each with the place of its value, or else of the nearest value around it.
    #[must_use]
    pub fn report(&self, errors: Vec<LateError>) -> Report {
        let source = match &self.0 {
            Some(content) => Arc::clone(&content.source),
            None => Arc::new(Source::new("the definition", "")),
        };
        let problems = errors.into_iter().map(|error| {
            let found = self.find(&error.path);
            let label = found.map(|(_, span)| Label::at(&source, *span, error.label));
            Problem {
                severity: Severity::Error,
                message: error.message,
                path: error.path,
                help: error.help,
                labels: label.into_iter().collect(),
                shows_lines: true,
                source: Arc::clone(&source),
            }
        });
        Report::new(&source, problems.collect(), 0)
    }
}

/// The order of keys has no meaning, so changing it isn't a change.
fn sort_keys(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<String, Value> = map.into_iter().collect();
            let sorted = sorted
                .into_iter()
                .map(|(key, value)| (key, sort_keys(value)));
            Value::Object(sorted.collect())
        }
        Value::Array(items) => items.into_iter().map(sort_keys).collect(),
        other => other,
    }
}

fn collect_places(
    node: &Node,
    outer: &str,
    source: &Source,
    places: &mut BTreeMap<String, (Place, Span)>,
) {
    for (key, value) in node.entries() {
        let path = path::key(outer, &key.text);
        if outer.is_empty() && key.text == ENVIRONMENTS {
            continue;
        }
        places.insert(
            path.clone(),
            (find_place(&path, key.span, source), key.span),
        );
        collect_places(value, &path, source, places);
    }
    for (index, item) in node.items().iter().enumerate() {
        let path = path::item(outer, index);
        places.insert(
            path.clone(),
            (find_place(&path, item.span, source), item.span),
        );
        collect_places(item, &path, source, places);
    }
}

fn find_place(path: &str, span: Span, source: &Source) -> Place {
    let is_argument = source.argument_at(span.start).is_some();
    Place {
        path: path.to_owned(),
        file: match is_argument {
            true => "--set".to_owned(),
            false => source.name().to_owned(),
        },
        line: (!is_argument).then(|| source.position(span.start).0),
    }
}
