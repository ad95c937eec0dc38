//! Files with keys that have one value each, such as a file of assumptions. Problems are reported as in a
//! definition, with their place and the nearest key.

use std::sync::Arc;

use crate::Report;
use crate::findings::Findings;
use crate::nearest::{listed, suggest};
use crate::source::{Source, Span};
use crate::yaml::{self, Key, Node, Value};

/// The key that holds the date of a measurement, for one value or for the whole file.
const MEASURED: &str = "measured";

/// One key of a file, with its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Key.
    pub key: String,
    /// Value, as written in the file.
    pub value: String,
    /// Why the value is believed to be right.
    pub evidence: Option<String>,
    /// Date of the measurement: the value's own, or the file's.
    pub measured: Option<String>,
}

/// Reads a file of keys in YAML or JSON. A value is a scalar, or a mapping with `value`, `evidence`, and
/// `measured`; `measured` next to the keys applies to all of them. If a value isn't valid for its key, `check`
/// returns the valid values.
///
/// # Errors
/// Every problem of the text, with its place.
pub fn parse_entries(
    source_name: &str,
    text: &str,
    keys: &[&str],
    check: impl Fn(&Entry) -> Result<(), String>,
) -> Result<Vec<Entry>, Report> {
    let mut findings = Findings::new(Arc::new(Source::new(source_name, text)));
    let entries = yaml::parse(&mut findings).map(|root| {
        Reader {
            findings: &mut findings,
            keys,
        }
        .read(&root, check)
    });
    match entries {
        Some(entries) if !findings.has_errors() => Ok(entries),
        _ => Err(findings.into_report()),
    }
}

struct Reader<'f, 'k> {
    findings: &'f mut Findings,
    keys: &'k [&'k str],
}

impl Reader<'_, '_> {
    fn read(&mut self, root: &Node, check: impl Fn(&Entry) -> Result<(), String>) -> Vec<Entry> {
        if !matches!(root.value, Value::Map(_)) {
            let labels = [(
                self.findings.source().first_line(root.span),
                "not a mapping",
            )];
            let help = "write a key and its value per line, such as `task_start: uniform:23s..60s`";
            self.findings
                .complain("", "the file has no keys", &labels, help);
            return Vec::new();
        }
        let measured = root
            .get(MEASURED)
            .and_then(|node| self.date(MEASURED, node));
        let mut entries = Vec::new();
        for (key, node) in root.entries() {
            if key.text == MEASURED || !self.is_known(key, self.keys) {
                continue;
            }
            let Some(entry) = self.entry(key, node, measured.as_ref()) else {
                continue;
            };
            match check(&entry) {
                Ok(()) => entries.push(entry),
                Err(form) => self.refuse_value(&key.text, node, &entry.value, &form),
            }
        }
        entries
    }

    fn entry(&mut self, key: &Key, node: &Node, measured: Option<&String>) -> Option<Entry> {
        let entry = Entry {
            key: key.text.clone(),
            measured: measured.cloned(),
            ..Entry::default()
        };
        if !matches!(node.value, Value::Map(_)) {
            let value = self.scalar(&key.text, node)?;
            return Some(Entry { value, ..entry });
        }
        for (field, _) in node.entries() {
            self.is_known(field, &["value", "evidence", MEASURED]);
        }
        let Some(value) = node.get("value") else {
            let message = format!("`{}` has no value", key.text);
            self.findings
                .complain(&key.text, message, &[(key.span, "here")], "add `value: …`");
            return None;
        };
        let evidence = node.get("evidence");
        let date = node.get(MEASURED);
        Some(Entry {
            value: self.scalar(&key.text, value)?,
            evidence: evidence.and_then(|node| self.scalar("evidence", node)),
            measured: date
                .and_then(|node| self.date(MEASURED, node))
                .or(entry.measured),
            ..entry
        })
    }

    fn is_known(&mut self, key: &Key, known: &[&str]) -> bool {
        if known.contains(&key.text.as_str()) || (known == self.keys && key.text == MEASURED) {
            return true;
        }
        let help = suggest(&key.text, known.iter().copied(), || {
            format!("supported keys: {}", listed(known.iter().copied()))
        });
        let message = format!("unknown key `{}`", shorten(&key.text));
        let labels = [(key.span, "unknown")];
        self.findings.complain(&key.text, message, &labels, help);
        false
    }

    /// The text of a scalar; reports a problem for anything else.
    fn scalar(&mut self, path: &str, node: &Node) -> Option<String> {
        let text = match &node.value {
            Value::Str(text) => text.trim().to_owned(),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                self.findings.source().slice(node.span).trim().to_owned()
            }
            _ => {
                self.refuse_value(path, node, "", "one value");
                return None;
            }
        };
        Some(text)
    }

    /// A date such as 2026-11-29.
    fn date(&mut self, path: &str, node: &Node) -> Option<String> {
        let text = self.scalar(path, node)?;
        let is_date = text.len() == 10
            && text.bytes().enumerate().all(|(index, byte)| match index {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_date {
            self.refuse_value(path, node, &text, "a date such as 2026-11-29");
        }
        is_date.then_some(text)
    }

    fn refuse_value(&mut self, path: &str, node: &Node, value: &str, form: &str) {
        let span: Span = self.findings.source().first_line(node.span);
        let message = match shorten(value).as_str() {
            "" => format!("`{path}` isn't valid"),
            value => format!("`{path}` can't be {value}"),
        };
        let help = format!("write {form}");
        self.findings
            .complain(path, message, &[(span, "not valid")], help);
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 2] = ["task_start", "drains"];

    fn read(text: &str) -> Result<Vec<Entry>, Vec<(usize, String, String)>> {
        let check = |entry: &Entry| match entry.value.as_str() {
            "never" => Err("a time".to_owned()),
            _ => Ok(()),
        };
        parse_entries("a.yaml", text, &KEYS, check).map_err(|report| {
            let problems = report.problems().iter();
            let shown = problems.map(|one| {
                let help = one.help().unwrap_or_default().to_owned();
                (one.line(), one.message().to_owned(), help)
            });
            shown.collect()
        })
    }

    fn entry(key: &str, value: &str, evidence: Option<&str>, measured: Option<&str>) -> Entry {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Entry {
            key: key.into(),
            value: value.into(),
            evidence: owned(evidence),
            measured: owned(measured),
        }
    }

    #[test]
    fn yaml_and_json_are_read() {
        let yaml = "measured: 2026-11-29\ntask_start: uniform:23s..60s\ndrains:\n  value: true\n  evidence: 3 of 3\n";
        let date = Some("2026-11-29");
        let expected = [
            entry("task_start", "uniform:23s..60s", None, date),
            entry("drains", "true", Some("3 of 3"), date),
        ];
        assert_eq!(read(yaml).unwrap(), expected);
        let json = "{\n\t\"drains\": {\"value\": false, \"measured\": \"2026-01-02\"}\n}";
        let expected = [entry("drains", "false", None, Some("2026-01-02"))];
        assert_eq!(read(json).unwrap(), expected);
    }

    #[test]
    fn every_problem_has_its_line() {
        let text =
            "task_strat: 3s\ndrains: {value: 1, why: x}\ntask_start: never\nmeasured: today\n";
        let problem = |line, message: &str, help: &str| (line, message.to_owned(), help.to_owned());
        assert_eq!(
            read(text).unwrap_err(),
            [
                problem(1, "unknown key `task_strat`", "did you mean `task_start`?"),
                problem(
                    2,
                    "unknown key `why`",
                    "supported keys: `value`, `evidence`, `measured`"
                ),
                problem(3, "`task_start` can't be never", "write a time"),
                problem(
                    4,
                    "`measured` can't be today",
                    "write a date such as 2026-11-29"
                ),
            ]
        );
        for (text, message) in [
            ("[3]", "the file has no keys"),
            ("drains: {evidence: x}", "`drains` has no value"),
            ("drains: [1]", "`drains` isn't valid"),
        ] {
            assert_eq!(read(text).unwrap_err()[0].1, message);
        }
    }
}
