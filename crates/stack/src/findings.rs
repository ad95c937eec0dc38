//! Collects problems while a definition is read, and knows the place of each value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::problem::{Label, Problem, Report, Severity};
use crate::source::{Source, Span};

/// Maximum number of errors, and of warnings, in a report. More would help no one, and a hostile file could have a
/// million.
const MOST_OF_A_KIND: usize = 100;

/// The place of a value in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Its key, if it is a mapping's value.
    pub(crate) key: Option<Span>,
    /// The span that a label points to.
    pub(crate) shown: Span,
}

/// What an environment or argument did to a path.
#[derive(Clone, Debug)]
pub(crate) enum Merged {
    /// It removed the value: the `null`.
    Removed(Span),
    /// It added a key, which is similar to this one.
    Added(Option<String>),
}

/// The problems found so far, and the places that later checks point to.
#[derive(Debug)]
pub(crate) struct Findings {
    source: Arc<Source>,
    places: BTreeMap<String, Place>,
    /// Paths whose value was already refused; checks that depend on them are skipped.
    refused: BTreeSet<String>,
    /// Paths whose value an environment or argument removed or added.
    merged: BTreeMap<String, Merged>,
    problems: Vec<Problem>,
    errors: usize,
    warnings: usize,
}

/// A problem with typed values, which are named by their paths.
#[derive(Debug)]
pub(crate) struct Finding {
    severity: Severity,
    message: String,
    help: Option<String>,
    labels: Vec<(Target, String)>,
    /// Whether the labels' lines can be shown.
    shows_lines: bool,
}

#[derive(Debug)]
enum Target {
    Value(String),
    Key(String),
}

impl Finding {
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message.into())
    }

    pub(crate) fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message.into())
    }

    fn new(severity: Severity, message: String) -> Self {
        Self {
            severity,
            message,
            help: None,
            labels: Vec::new(),
            shows_lines: true,
        }
    }

    /// Names the place without its text, for lines that must not be in a log.
    pub(crate) fn without_snippet(mut self) -> Self {
        self.shows_lines = false;
        self
    }

    /// Points to the value of a path; the first place is the one at fault.
    pub(crate) fn at(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.labels.push((Target::Value(path.into()), text.into()));
        self
    }

    /// Points to the key of a path, for problems that don't depend on the value.
    pub(crate) fn at_key(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.labels.push((Target::Key(path.into()), text.into()));
        self
    }

    /// Sets the help: what would be valid.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Findings {
    pub(crate) fn new(source: Arc<Source>) -> Self {
        Self {
            source,
            places: BTreeMap::new(),
            refused: BTreeSet::new(),
            merged: BTreeMap::new(),
            problems: Vec::new(),
            errors: 0,
            warnings: 0,
        }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Remembers the place of the value of a path.
    pub(crate) fn place(&mut self, path: &str, place: Place) {
        self.places.insert(path.to_owned(), place);
    }

    /// Remembers what an environment or argument did to a path.
    pub(crate) fn merge(&mut self, path: String, merged: Merged) {
        self.merged.insert(path, merged);
    }

    /// What an environment or argument did to a path.
    pub(crate) fn merged(&self, path: &str) -> Option<&Merged> {
        self.merged.get(path)
    }

    /// Whether the file sets a value at this path.
    pub(crate) fn is_given(&self, path: &str) -> bool {
        self.places.contains_key(path)
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    pub(crate) fn error_count(&self) -> usize {
        self.errors
    }

    /// Whether the report is full, so that another error would only be counted.
    pub(crate) fn is_full(&self) -> bool {
        self.errors >= MOST_OF_A_KIND
    }

    pub(crate) fn into_report(self) -> Report {
        let omitted = self.errors + self.warnings - self.problems.len();
        Report::new(&self.source, self.problems, omitted)
    }

    /// Refuses the value of a path; checks that depend on it report nothing from now on.
    pub(crate) fn refuse(
        &mut self,
        path: &str,
        message: impl Into<String>,
        labels: &[(Span, &str)],
        help: impl Into<String>,
    ) {
        self.refuse_silently(path);
        self.complain(path, message, labels, help);
    }

    /// Reports an error about a path whose value can still be checked.
    pub(crate) fn complain(
        &mut self,
        path: &str,
        message: impl Into<String>,
        labels: &[(Span, &str)],
        help: impl Into<String>,
    ) {
        if !self.count(Severity::Error) {
            return;
        }
        let labels = labels
            .iter()
            .map(|(span, text)| self.label(*span, (*text).to_owned()));
        let problem = Problem {
            severity: Severity::Error,
            message: message.into(),
            path: path.to_owned(),
            help: Some(help.into()).filter(|help| !help.is_empty()),
            labels: labels.collect(),
            shows_lines: true,
            source: Arc::clone(&self.source),
        };
        self.problems.push(problem);
    }

    /// Marks a value that was refused while its text was read.
    pub(crate) fn refuse_silently(&mut self, path: &str) {
        self.refused.insert(path.to_owned());
    }

    /// Reports a problem about typed values, unless one of them was refused before.
    pub(crate) fn report(&mut self, finding: Finding) {
        let unknown = finding.labels.iter().any(|(target, _)| match target {
            Target::Value(path) => self.is_refused_within(path),
            Target::Key(path) => self.is_refused(path),
        });
        if unknown || !self.count(finding.severity) {
            return;
        }
        let path = finding
            .labels
            .first()
            .map(|(Target::Value(path) | Target::Key(path), _)| path.clone());
        let labels = finding
            .labels
            .iter()
            .filter_map(|(target, text)| self.resolve(target, text));
        let problem = Problem {
            severity: finding.severity,
            message: finding.message,
            path: path.unwrap_or_default(),
            help: finding.help,
            labels: labels.collect(),
            shows_lines: finding.shows_lines,
            source: Arc::clone(&self.source),
        };
        self.problems.push(problem);
    }

    /// Whether the value of a path, or one around it, was refused.
    pub(crate) fn is_refused(&self, path: &str) -> bool {
        self.refused.contains(path)
            || list_ancestors(path).any(|outer| self.refused.contains(outer))
    }

    /// Whether the value of a path, one around it or one inside it was refused.
    pub(crate) fn is_refused_within(&self, path: &str) -> bool {
        let inside = |other: &String| {
            other
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with(['.', '[']))
        };
        self.is_refused(path)
            || self
                .refused
                .range(path.to_owned()..)
                .take_while(|other| other.starts_with(path))
                .any(inside)
    }

    /// Counts a problem. Returns whether the report still has space for it.
    fn count(&mut self, severity: Severity) -> bool {
        let counter = match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *counter += 1;
        *counter <= MOST_OF_A_KIND
    }

    /// The label of a target. A value that the file doesn't set is shown at the nearest key around it; `None` if
    /// that is the whole file.
    fn resolve(&self, target: &Target, text: &str) -> Option<Label> {
        let (path, wants_key) = match target {
            Target::Value(path) => (path, false),
            Target::Key(path) => (path, true),
        };
        if let Some(place) = self.places.get(path) {
            let span = place.key.filter(|_| wants_key).unwrap_or(place.shown);
            return Some(self.label(span, text.to_owned()));
        }
        let place = list_ancestors(path).find_map(|outer| self.places.get(outer))?;
        let name = path.rsplit(['.', '[']).next().unwrap_or_default();
        let text = if wants_key {
            text.to_owned()
        } else {
            format!("`{name}` by default: {text}")
        };
        Some(self.label(place.key.unwrap_or(place.shown), text))
    }

    fn label(&self, span: Span, text: String) -> Label {
        Label::at(&self.source, span, text)
    }
}

/// The paths around a path, from the nearest to the outermost.
fn list_ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        path.rfind(['.', '[']).and_then(|cut| path.get(..cut))
    })
    .skip(1)
}
