//! Problems of a definition and their places: shown to people through miette, to programs through serde.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, SourceCode};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::source::{Source, Span};
use crate::text::shorten;

/// Whether a problem stops the definition from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The definition can't be used.
    Error,
    /// Legal but doubtful.
    Warning,
}

/// A place that a problem points to, with its role in the problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// First byte in the file.
    pub offset: usize,
    /// Length in bytes.
    pub length: usize,
    /// The label's text.
    pub text: String,
    /// The `--set` argument that contains the place; `None` if it is in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub argument: Option<String>,
}

impl Label {
    pub(crate) fn at(source: &Source, span: Span, text: impl Into<String>) -> Self {
        let (line, column) = source.position(span.start);
        Self {
            line,
            column,
            offset: span.start,
            length: span.end.saturating_sub(span.start),
            text: text.into(),
            argument: source.argument_at(span.start).map(str::to_owned),
        }
    }
}

/// One problem of a definition.
#[derive(Clone, Debug)]
pub struct Problem {
    pub(crate) severity: Severity,
    pub(crate) message: String,
    pub(crate) path: String,
    pub(crate) help: Option<String>,
    pub(crate) labels: Vec<Label>,
    /// Whether the labels' lines can be shown: not if they contain a secret.
    pub(crate) shows_lines: bool,
    pub(crate) source: Arc<Source>,
}

impl Problem {
    /// Whether it is an error or a warning.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The problem: a lowercase fragment without a period.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The value at fault, such as `services.voucher-worker.tasks.min`; empty for the whole file.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The fix.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Line of the first place, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.labels.first().map_or(1, |label| label.line)
    }

    /// Column of the first place in characters, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.labels.first().map_or(1, |label| label.column)
    }

    /// The places in the file, the one at fault first. Empty if something is missing from the file as a whole.
    #[must_use]
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    fn offset(&self) -> usize {
        self.labels.first().map_or(0, |label| label.offset)
    }

    /// Whether its lines can be shown, and are short enough.
    fn has_snippet(&self) -> bool {
        self.shows_lines
            && !self.labels.is_empty()
            && self.labels.iter().all(|label| {
                self.source.can_show(Span {
                    start: label.offset,
                    end: label.offset + label.length,
                })
            })
    }
}

/// The same problem at the same places, even from another reading.
impl PartialEq for Problem {
    fn eq(&self, other: &Self) -> bool {
        (&self.message, &self.path, &self.labels) == (&other.message, &other.path, &other.labels)
            && self.source.name() == other.source.name()
    }
}

impl Eq for Problem {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if self.labels.is_empty() || self.has_snippet() {
            return Ok(());
        }
        let (line, column) = (self.line(), self.column());
        match self
            .labels
            .first()
            .and_then(|label| label.argument.as_ref())
        {
            Some(argument) => write!(f, " (--set {}, column {column})", shorten(argument)),
            None => write!(f, " ({}:{line}:{column})", self.source.name()),
        }
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<_>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.has_snippet()
            .then_some(&self.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if !self.has_snippet() {
            return None;
        }
        let spans = self.labels.iter().enumerate().map(|(index, label)| {
            let (text, span) = (Some(label.text.clone()), (label.offset, label.length));
            if index == 0 {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        });
        Some(Box::new(spans))
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Problem", 7)?;
        fields.serialize_field("severity", &self.severity)?;
        fields.serialize_field("path", &self.path)?;
        fields.serialize_field("line", &self.line())?;
        fields.serialize_field("column", &self.column())?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("help", &self.help)?;
        fields.serialize_field("labels", &self.labels)?;
        fields.end()
    }
}

/// Every problem of one definition, errors first, both groups in the file's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Name of the definition, usually its path.
    source: String,
    problems: Vec<Problem>,
    /// Number of problems that the report doesn't contain.
    omitted: usize,
}

impl Report {
    pub(crate) fn new(source: &Source, mut problems: Vec<Problem>, omitted: usize) -> Self {
        problems.sort_by_key(|problem| (problem.severity, problem.offset()));
        Self {
            source: source.name().to_owned(),
            problems,
            omitted,
        }
    }

    /// The problems of both reports, without duplicates, such as from several environments or files.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        if other.source != self.source {
            self.source = format!("{}, {}", self.source, other.source);
        }
        for problem in other.problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        self.problems.sort_by_key(|problem| problem.severity);
        self.omitted = self.omitted.max(other.omitted);
        self
    }

    /// Name of the definition, usually its path.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The problems, errors first.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The same with the problems of one severity only.
    #[must_use]
    pub fn only(&self, severity: Severity) -> Self {
        let problems = self
            .problems
            .iter()
            .filter(|problem| problem.severity == severity);
        Self {
            problems: problems.cloned().collect(),
            ..self.clone()
        }
    }

    /// Problems that were found beyond those of [`Report::problems`].
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// Whether there is nothing to report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether it contains an error, and not only warnings.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    fn count(&self, severity: Severity) -> usize {
        let same = |problem: &&Problem| problem.severity == severity;
        self.problems.iter().filter(same).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: usize, word: &str| match count {
            0 => None,
            1 => Some(format!("1 {word}")),
            _ => Some(format!("{count} {word}s")),
        };
        let parts = [
            counted(self.count(Severity::Error), "error"),
            counted(self.count(Severity::Warning), "warning"),
            (self.omitted > 0).then(|| format!("{} more not shown", self.omitted)),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        match parts.as_slice() {
            [] => write!(f, "no problems in {}", self.source),
            parts => write!(f, "{} in {}", parts.join(", "), self.source),
        }
    }
}

impl std::error::Error for Report {}

impl Diagnostic for Report {
    fn severity(&self) -> Option<miette::Severity> {
        Some(if self.has_errors() {
            miette::Severity::Error
        } else {
            miette::Severity::Warning
        })
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(
            self.problems
                .iter()
                .map(|problem| problem as &dyn Diagnostic),
        ))
    }
}
