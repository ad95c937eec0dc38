//! Problems with a single value.

use super::amount::amount;
use super::fault::Fault;
use super::kind::{Form, Kind, Rule, Text};
use super::meant;
use super::numbers::{amount_fault, amount_range, number_fault, number_range, range, whole_fault};
use super::objective::{OBJECTIVE_HELP, objective_fault};
use super::times::{TIME_HELP, time_fault, time_or_fault};
use crate::nearest::{listed, suggest};
use crate::text::{is_digits, shorten};
use crate::yaml::{Value, scalar};

/// The problem with a value whose text in the file is `raw`. For lists and mappings, only their type is checked.
pub(super) fn find_fault(kind: Kind, value: &Value, raw: &str) -> Option<Fault> {
    match (kind, value) {
        (Kind::Text(text), Value::Str(found)) => text_fault(text, found),
        (Kind::Whole(whole), Value::Int(found)) => whole_fault(whole, *found, raw),
        (Kind::WholeOr(whole, _), Value::Int(found)) => whole_fault(whole, *found, raw),
        (Kind::WholeOr(_, words) | Kind::Word(words), Value::Str(found)) => {
            (!words.contains(&found.as_str())).then(|| word_fault(kind, words, found))
        }
        (Kind::Number(number), Value::Int(_) | Value::Float(_)) => number_fault(number, value, raw),
        (Kind::Amount(most), _) if amount(value).is_some() => amount_fault(most, value, raw),
        (Kind::Time(time), Value::Str(found)) => time_fault(time, found),
        (Kind::TimeOr(time, word), Value::Str(found)) => time_or_fault(time, word, found),
        (Kind::Objective(time), Value::Str(found)) => objective_fault(time, found),
        (Kind::Either(forms), Value::Str(found)) => either_fault(forms, found),
        (Kind::Either(forms), Value::Bool(_))
            if forms.iter().any(|it| matches!(it, Form::Flag)) =>
        {
            None
        }
        (Kind::Either(_), Value::Map(_))
        | (Kind::Flag, Value::Bool(_))
        | (Kind::List(_), Value::Seq(_))
        | (
            Kind::Entries(_) | Kind::Object(_) | Kind::Filter | Kind::Patch | Kind::Overrides,
            Value::Map(_),
        )
        | (_, Value::Refused) => None,
        _ => Some(Fault {
            message: format!(
                "expected {}, found {}",
                describe_kind(kind),
                scalar::describe(value, raw)
            ),
            label: "not valid here",
            help: instead(kind, value, raw),
        }),
    }
}

/// The name of a kind in messages.
pub(super) fn describe_kind(kind: Kind) -> String {
    match kind {
        Kind::Text(text) => text.what.to_owned(),
        Kind::Flag => "`true` or `false`".to_owned(),
        Kind::Whole(_) => "a whole number".to_owned(),
        Kind::WholeOr(_, words) => format!("a whole number, {}", one_of(words)),
        Kind::Number(_) => "a number".to_owned(),
        Kind::Amount(_) => "a number of tasks or a percentage".to_owned(),
        Kind::Time(_) => "a duration".to_owned(),
        Kind::TimeOr(_, word) => format!("a duration or `{word}`"),
        Kind::Objective(_) => "a latency objective".to_owned(),
        Kind::Word(words) => one_of(words),
        Kind::List(_) => "a list".to_owned(),
        Kind::Entries(_) | Kind::Object(_) | Kind::Filter | Kind::Patch | Kind::Overrides => {
            "a mapping".to_owned()
        }
        Kind::Either(forms) => {
            let forms: Vec<String> = forms.iter().map(form).collect();
            forms.join(" or ")
        }
    }
}

/// A valid value instead of one of another type.
fn instead(kind: Kind, value: &Value, raw: &str) -> String {
    let raw = shorten(raw);
    match (kind, value) {
        (Kind::Text(text), Value::Int(_) | Value::Float(_) | Value::Bool(_))
            if text.accepts(&raw) =>
        {
            format!("quote it: \"{raw}\"")
        }
        (Kind::Text(_), Value::Null) if raw.is_empty() => suggest_value(kind),
        (Kind::Text(_), Value::Null) => format!("quote it if the word is meant: \"{raw}\""),
        (Kind::Flag, Value::Str(found)) if is_yes(found) => "write `true`".to_owned(),
        (Kind::Flag, Value::Str(found)) if is_no(found) => "write `false`".to_owned(),
        (Kind::Whole(_) | Kind::WholeOr(..) | Kind::Amount(_), Value::Str(found))
            if is_digits(found) =>
        {
            format!("write it without quotes: {}", shorten(found))
        }
        (Kind::Whole(_) | Kind::Number(_), Value::Str(found))
            if found.strip_suffix('%').is_some_and(is_digits) =>
        {
            format!(
                "write it without the sign: `{}`",
                found.trim_end_matches('%')
            )
        }
        (Kind::Whole(size) | Kind::WholeOr(size, _), Value::Str(found)) => {
            match meant::whole(size, found) {
                Some(size) => format!("write `{size}`"),
                None => suggest_value(kind),
            }
        }
        (Kind::Whole(size) | Kind::WholeOr(size, _), Value::Float(number)) => {
            // Below what any key takes, it is vCPUs.
            match meant::whole(size, &format!("{number}vcpu")).filter(|_| *number < 17.0) {
                Some(size) => format!("write `{size}`; 1024 are one vCPU"),
                None => suggest_value(kind),
            }
        }
        (Kind::Number(_), Value::Str(found)) if found.parse::<f64>().is_ok() => {
            format!("write it without quotes: {}", shorten(found))
        }
        (Kind::Time(_) | Kind::TimeOr(..) | Kind::Objective(_), Value::Int(number))
            if (0..=i128::from(u32::MAX)).contains(number) =>
        {
            format!("a duration needs its unit: write `{number}s` for seconds")
        }
        (Kind::List(_), Value::Str(_) | Value::Int(_) | Value::Bool(_)) => {
            format!("write it as a list: `[{raw}]`")
        }
        _ => suggest_value(kind),
    }
}

/// A valid value, based only on the kind.
pub(super) fn suggest_value(kind: Kind) -> String {
    match kind {
        Kind::Text(text) => format!("{}, such as `{}`", text.hint, text.example),
        Kind::Whole(whole) => range(whole),
        Kind::WholeOr(whole, words) => format!("{}; or {}", range(whole), one_of(words)),
        Kind::Number(number) => number_range(number),
        Kind::Amount(most) => amount_range(most),
        Kind::Time(_) => TIME_HELP.to_owned(),
        Kind::TimeOr(_, word) => format!("{TIME_HELP}; or `{word}`"),
        Kind::Objective(_) => OBJECTIVE_HELP.to_owned(),
        Kind::List(_) => "write it as a list: `[…]`; an empty one is `[]`".to_owned(),
        Kind::Object(object) if object.fields.iter().any(|field| field.required) => {
            let required = object.fields.iter().filter(|field| field.required);
            format!(
                "a mapping with {}",
                listed(required.map(|field| field.name))
            )
        }
        Kind::Object(object) => format!(
            "a mapping of {}; an empty one is `{{}}`",
            listed(object.names())
        ),
        Kind::Entries(_) | Kind::Filter | Kind::Patch | Kind::Overrides => {
            "a mapping, such as `{key: value}`; an empty one is `{}`".to_owned()
        }
        Kind::Either(_) | Kind::Word(_) | Kind::Flag => format!("write {}", describe_kind(kind)),
    }
}

fn text_fault(text: &'static Text, found: &str) -> Option<Fault> {
    if text.accepts(found) {
        return None;
    }
    Some(Fault {
        message: if found.is_empty() {
            format!("empty text isn't {}", text.what)
        } else {
            format!("`{}` isn't {}", shorten(found), text.what)
        },
        label: "not valid here",
        help: match meant::text(text, found) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => suggest_value(Kind::Text(text)),
        },
    })
}

/// Maximum number of words in a message; the help lists more.
const FEW_WORDS: usize = 5;

fn word_fault(kind: Kind, words: &'static [&'static str], found: &str) -> Fault {
    let quoted = shorten(found);
    Fault {
        message: if words.len() > FEW_WORDS {
            format!(
                "`{quoted}` isn't one of the {} supported names",
                words.len()
            )
        } else {
            format!("expected {}, found `{quoted}`", describe_kind(kind))
        },
        label: "not valid here",
        help: match meant::word(words, found) {
            Some(word) => format!("did you mean `{word}`?"),
            None => suggest(found, words.iter().copied(), || suggest_value(kind)),
        },
    }
}

fn either_fault(forms: &'static [Form], found: &str) -> Option<Fault> {
    let words = forms.iter().filter_map(|form| match form {
        Form::Word(word) => Some(*word),
        Form::Flag | Form::Text(_) | Form::Keyed(..) | Form::Object(_) => None,
    });
    let texts = forms.iter().find_map(|form| match form {
        Form::Text(text) => Some(*text),
        _ => None,
    });
    if let Some(text) = texts {
        return text_fault(text, found);
    }
    if words.clone().any(|word| word == found) {
        return None;
    }
    let kind = describe_kind(Kind::Either(forms));
    Some(Fault {
        message: format!("expected {kind}, found `{}`", shorten(found)),
        label: "not valid here",
        help: suggest(found, words, || format!("write {kind}")),
    })
}

/// A form's name in a sentence.
fn form(form: &Form) -> String {
    match form {
        Form::Flag => describe_kind(Kind::Flag),
        Form::Word(word) => format!("`{word}`"),
        Form::Text(text) => text.what.to_owned(),
        Form::Keyed(key, object) => format!("{} as `{{{key}: …}}`", object.what),
        Form::Object(object) => {
            let choice = object.rules.iter().find_map(|rule| match rule {
                Rule::OneOf(keys) => Some(*keys),
                _ => None,
            });
            if let Some(keys) = choice {
                let keys: Vec<String> = keys.iter().map(|key| format!("`{{{key}: …}}`")).collect();
                return format!("{} as {}", object.what, keys.join(" or "));
            }
            let first = object
                .fields
                .iter()
                .find(|field| field.required)
                .or(object.fields.first());
            let key = first.map_or("", |field| field.name);
            format!("{} as `{{{key}: …}}`", object.what)
        }
    }
}

/// A choice of words in a sentence: `a`, `b`, or `c`.
fn one_of(words: &[&str]) -> String {
    match words {
        [others @ .., last] if !others.is_empty() => {
            format!("{} or `{last}`", listed(others.iter().copied()))
        }
        _ => listed(words.iter().copied()),
    }
}

/// Words that mean true in YAML 1.1.
fn is_yes(text: &str) -> bool {
    ["true", "yes", "on", "y"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(text))
}

/// Words that mean false in YAML 1.1.
fn is_no(text: &str) -> bool {
    ["false", "no", "off", "n"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(text))
}
