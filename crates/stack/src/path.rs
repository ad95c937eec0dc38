//! Paths of values, such as `services.voucher-worker.consumes[0]`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::text::shorten;

/// The path of a key inside the value of another path.
pub(crate) fn key(outer: &str, key: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    let mut path = outer.to_owned();
    if !outer.is_empty() {
        path.push('.');
    }
    if !key.is_empty() && key.chars().all(plain) && key.len() <= 128 {
        path.push_str(key);
    } else {
        // Writing to a string can't fail.
        let _ = write!(path, "{:?}", shorten(key));
    }
    path
}

/// The path of the innermost of these keys.
pub(crate) fn join(keys: &[String]) -> String {
    keys.iter()
        .fold(String::new(), |outer, inner| key(&outer, inner))
}

/// The entries of a mapping at a path: for each, its path, its key, and its value.
pub(crate) fn entries(
    outer: String,
    map: &BTreeMap<String, String>,
) -> impl Iterator<Item = (String, &String, &String)> {
    map.iter()
        .map(move |(name, value)| (key(&outer, name), name, value))
}

/// The path of an item inside the list of another path.
pub(crate) fn item(outer: &str, index: usize) -> String {
    format!("{outer}[{index}]")
}
