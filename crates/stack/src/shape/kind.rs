//! The vocabulary of the tables: objects, their fields, and the kinds of values.

use std::sync::OnceLock;

use regex_lite::Regex;

use crate::yaml::{Node, Value};

/// A mapping with known keys.
#[derive(Debug)]
pub(crate) struct Object {
    /// Its name in messages, with an article.
    pub(crate) what: &'static str,
    pub(crate) fields: &'static [Field],
    /// The rules among its keys.
    pub(crate) rules: &'static [Rule],
}

/// A rule among the keys of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// Exactly one of these keys is set.
    OneOf(&'static [&'static str]),
    /// At least one of these keys is set.
    AnyOf(&'static [&'static str]),
    /// The first key requires the second one.
    Needs(&'static str, &'static str),
    /// The first key belongs to another object, under the third key; here, the second key is used.
    Elsewhere(&'static str, &'static str, &'static str),
    /// A rule that neither keys nor kinds can express; the JSON Schema omits it.
    Also(fn(&Node) -> Option<Misfit>),
}

/// A value that doesn't match the others around it.
#[derive(Debug)]
pub(crate) struct Misfit {
    /// Its path, relative to the value that was checked, such as `.at_least` or `[1].from`.
    pub(crate) at: String,
    pub(crate) label: &'static str,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// A key of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// Its meaning, a sentence or two for the schema and the reference page.
    pub(crate) doc: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    /// The default, as it would be in a definition.
    pub(crate) default: Option<&'static str>,
}

/// The kind of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text(&'static Text),
    /// `true` or `false`.
    Flag,
    Whole(&'static Whole),
    /// A whole number, or one of a few words instead.
    WholeOr(&'static Whole, &'static [&'static str]),
    /// A number, with or without decimals.
    Number(&'static Number),
    /// A number of tasks, or a percentage such as `10%`.
    Amount(&'static Amount),
    Time(&'static Time),
    /// A duration, or a word instead.
    TimeOr(&'static Time, &'static str),
    /// A latency objective: a duration, with or without a share such as `99% within`.
    Objective(&'static Time),
    /// One of a few words.
    Word(&'static [&'static str]),
    List(&'static List),
    /// A mapping with user-defined keys.
    Entries(&'static Entries),
    Object(&'static Object),
    /// One of several forms, distinguished by [`Form`].
    Either(&'static [Form]),
    /// An SNS filter policy.
    Filter,
    /// A mapping that is merged into the definition.
    Patch,
    /// A mapping that is merged into the template.
    Overrides,
}

/// Text that matches a pattern.
#[derive(Debug)]
pub(crate) struct Text {
    /// Its name in messages, with an article.
    pub(crate) what: &'static str,
    /// A regular expression that both the `regex-lite` crate and editors understand.
    pub(crate) pattern: &'static str,
    /// Maximum number of characters.
    pub(crate) longest: usize,
    /// A description of the valid texts.
    pub(crate) hint: &'static str,
    pub(crate) example: &'static str,
    /// A condition that the pattern can't express.
    pub(crate) also: Option<fn(&str) -> bool>,
    regex: OnceLock<Option<Regex>>,
}

/// A whole number.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) least: u32,
    pub(crate) most: u32,
    /// The only valid values, if there are few.
    pub(crate) offered: &'static [u32],
}

/// A number, with or without decimals; never infinite or `.nan`.
#[derive(Debug)]
pub(crate) struct Number {
    pub(crate) least: f64,
    pub(crate) most: f64,
}

/// A number of tasks, at least one, or a percentage.
#[derive(Debug)]
pub(crate) struct Amount {
    /// Maximum number of tasks.
    pub(crate) tasks: u32,
    /// Maximum percentage.
    pub(crate) percent: u32,
}

/// A duration.
#[derive(Debug)]
pub(crate) struct Time {
    /// It must be a multiple of this many milliseconds.
    pub(crate) step: u64,
    /// Minimum, in milliseconds.
    pub(crate) least: u64,
    /// Maximum, in milliseconds.
    pub(crate) most: u64,
    /// The only valid values in milliseconds, if there are few.
    pub(crate) offered: &'static [u64],
    /// Additional valid values in milliseconds, whatever the step.
    pub(crate) besides: &'static [u64],
}

/// Finds an item of a list that doesn't fit.
pub(crate) type ListRule = fn(&[Node]) -> Option<Misfit>;

/// A list of values of one kind.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) of: Kind,
    pub(crate) least: usize,
    pub(crate) most: usize,
    /// Whether every item must be unique.
    pub(crate) unique: bool,
    /// A rule among the items that the kinds can't express.
    pub(crate) rule: Option<ListRule>,
}

/// A mapping with user-defined keys.
#[derive(Debug)]
pub(crate) struct Entries {
    pub(crate) key: &'static Text,
    pub(crate) value: Kind,
    pub(crate) least: usize,
    pub(crate) most: usize,
}

/// A possible form of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// `true` or `false`.
    Flag,
    /// This word.
    Word(&'static str),
    /// Text.
    Text(&'static Text),
    /// A mapping that has this key.
    Keyed(&'static str, &'static Object),
    /// Any other mapping.
    Object(&'static Object),
}

impl Object {
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.fields.iter().map(|field| field.name)
    }
}

impl Text {
    pub(super) const fn new(
        what: &'static str,
        longest: usize,
        pattern: &'static str,
        hint: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            what,
            pattern,
            longest,
            hint,
            example,
            also: None,
            regex: OnceLock::new(),
        }
    }

    /// Adds a condition that the pattern can't express.
    pub(super) const fn and(mut self, also: fn(&str) -> bool) -> Self {
        self.also = Some(also);
        self
    }

    /// Whether a text is valid.
    pub(crate) fn accepts(&self, text: &str) -> bool {
        // Check the length first, so that a pattern never runs on a megabyte of text.
        if text.chars().nth(self.longest).is_some() {
            return false;
        }
        let regex = self.regex.get_or_init(|| Regex::new(self.pattern).ok());
        regex.as_ref().is_some_and(|regex| regex.is_match(text))
            && self.also.is_none_or(|also| also(text))
    }
}

/// The intended form of a value; `None` if it matches none of them.
pub(crate) fn form_of<'f>(forms: &'f [Form], node: &Node) -> Option<&'f Form> {
    let keyed = forms.iter().find(|form| match (form, &node.value) {
        (Form::Word(word), Value::Str(text)) => text == word,
        (Form::Keyed(key, _), Value::Map(_)) => node.get(key).is_some(),
        _ => false,
    });
    let is_map = matches!(node.value, Value::Map(_));
    keyed.or_else(|| {
        forms
            .iter()
            .find(|form| is_map && matches!(form, Form::Object(_)))
    })
}
