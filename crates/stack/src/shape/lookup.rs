//! Finds the kind of a value by its path.

use super::kind::{Form, Kind, Object};

/// The kind of the value at a path; `None` if the format has no such key.
pub(crate) fn find_kind(object: &'static Object, path: &[impl AsRef<str>]) -> Option<Kind> {
    inside(Kind::Object(object), path)
}

fn inside(kind: Kind, path: &[impl AsRef<str>]) -> Option<Kind> {
    let Some((first, rest)) = path.split_first() else {
        return Some(kind);
    };
    match kind {
        Kind::Object(object) => inside(object.field(first.as_ref())?.kind, rest),
        Kind::Entries(entries) => inside(entries.value, rest),
        Kind::Either(forms) => forms.iter().find_map(|form| match form {
            Form::Keyed(_, object) | Form::Object(object) => inside(Kind::Object(object), path),
            Form::Flag | Form::Word(_) | Form::Text(_) => None,
        }),
        _ => None,
    }
}

/// The documented default of a key; `None` if the format has no such key, or the key has no default.
pub(crate) fn find_default(object: &'static Object, path: &[&str]) -> Option<&'static str> {
    let (last, outer) = path.split_last()?;
    match find_kind(object, outer)? {
        Kind::Object(object) => object.field(last)?.default,
        Kind::Either(forms) => forms.iter().find_map(|form| match form {
            Form::Keyed(_, object) | Form::Object(object) => object.field(last)?.default,
            Form::Flag | Form::Word(_) | Form::Text(_) => None,
        }),
        _ => None,
    }
}

/// Whether a key inside the value of a path belongs to the format (`true`) or is user-defined (`false`); `None` if
/// it is neither.
pub(crate) fn is_known(object: &'static Object, outer: &[String], key: &str) -> Option<bool> {
    match find_kind(object, outer)? {
        Kind::Entries(_) => Some(false),
        kind => inside(kind, &[key]).map(|_| true),
    }
}
