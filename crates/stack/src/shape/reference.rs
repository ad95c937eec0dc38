//! The format as a reference page in Markdown.

use std::fmt::Write as _;

use super::kind::{Field, Form, Kind, Object, Rule};
use super::tables::STACK;
use super::times::time_range;
use super::values::{describe_kind, suggest_value};
use crate::nearest::listed;

/// The complete example of the format.
pub(crate) const EXAMPLE: &str = include_str!("example.yaml");

/// The format in words, with an example, and as a table of keys for each mapping.
pub(crate) fn reference() -> String {
    let introduction = include_str!("introduction.md").replace("{example}", EXAMPLE);
    let mut pages = Pages {
        sections: vec![introduction],
        seen: Vec::new(),
    };
    pages.object(&STACK, "");
    pages.sections.join("\n")
}

struct Pages {
    sections: Vec<String>,
    /// Objects that already have their section: two forms of a service share their scaling.
    seen: Vec<&'static Object>,
}

impl Pages {
    fn object(&mut self, object: &'static Object, path: &str) {
        if self.seen.iter().any(|seen| std::ptr::eq(*seen, object)) {
            return;
        }
        self.seen.push(object);
        let title = match path {
            "" => "Top level".to_owned(),
            path => format!("`{path}`: {}", object.what),
        };
        let head = "| Key | Value | Default | Meaning |\n| --- | --- | --- | --- |\n";
        let mut section = format!("## {title}\n\n{head}");
        for field in object.fields {
            // Writing to a string can't fail.
            let _ = writeln!(section, "{}", row(field));
        }
        for rule in object.rules.iter().filter_map(sentence) {
            let _ = write!(section, "\n{rule}\n");
        }
        self.sections.push(section);
        for field in object.fields {
            let path = match path {
                "" => field.name.to_owned(),
                outer => format!("{outer}.{}", field.name),
            };
            self.kind(field.kind, &path);
        }
    }

    /// The sections of the mappings inside a value.
    fn kind(&mut self, kind: Kind, path: &str) {
        match kind {
            Kind::Object(object) => self.object(object, path),
            Kind::Entries(entries) => self.kind(entries.value, &format!("{path}.*")),
            Kind::List(list) => self.kind(list.of, &format!("{path}[]")),
            Kind::Either(forms) => {
                for form in forms {
                    if let Form::Keyed(_, object) | Form::Object(object) = form {
                        self.object(object, path);
                    }
                }
            }
            Kind::Text(_)
            | Kind::Flag
            | Kind::Whole(_)
            | Kind::WholeOr(..)
            | Kind::Number(_)
            | Kind::Amount(_)
            | Kind::Time(_)
            | Kind::TimeOr(..)
            | Kind::Objective(_)
            | Kind::Word(_)
            | Kind::Filter
            | Kind::Patch
            | Kind::Overrides => {}
        }
    }
}

/// A rule among the keys of an object as a sentence.
fn sentence(rule: &Rule) -> Option<String> {
    let keys = |keys: &[&'static str]| listed(keys.iter().copied());
    match rule {
        Rule::OneOf(names) => Some(format!("Exactly one of {} is given.", keys(names))),
        Rule::AnyOf(names) => Some(format!("At least one of {} is given.", keys(names))),
        Rule::Needs(key, other) => Some(format!("`{key}` requires `{other}`.")),
        Rule::Elsewhere(..) | Rule::Also(_) => None,
    }
}

fn row(field: &Field) -> String {
    let default = match (field.required, field.default) {
        (true, _) => "**required**".to_owned(),
        (false, Some(default)) => format!("`{default}`"),
        (false, None) => "none".to_owned(),
    };
    let (name, value, doc) = (field.name, cell(&value(field.kind)), cell(field.doc));
    format!("| `{name}` | {value} | {default} | {doc} |")
}

fn value(kind: Kind) -> String {
    match kind {
        Kind::Text(text) if text.what == text.hint => text.what.to_owned(),
        Kind::Text(text) => format!("{}, such as `{}`: {}", text.what, text.example, text.hint),
        Kind::Whole(_) | Kind::WholeOr(..) | Kind::Number(_) | Kind::Amount(_) => {
            suggest_value(kind)
        }
        Kind::Time(time) => format!("a duration, {}", time_range(time)),
        Kind::TimeOr(time, word) => format!("a duration, {}, or `{word}`", time_range(time)),
        Kind::Objective(time) => format!(
            "a duration, {}, or with a share, such as `99% within 10s`",
            time_range(time)
        ),
        Kind::List(list) => format!("a list; each item {}", value(list.of)),
        Kind::Entries(entries) => {
            format!(
                "a mapping; each key {}, each value {}",
                entries.key.what,
                value(entries.value)
            )
        }
        Kind::Object(object) => format!("{}, a mapping", object.what),
        Kind::Filter
        | Kind::Patch
        | Kind::Overrides
        | Kind::Flag
        | Kind::Word(_)
        | Kind::Either(_) => describe_kind(kind),
    }
}

/// Text inside a table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
