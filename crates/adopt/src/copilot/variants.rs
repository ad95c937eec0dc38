//! The variants of environments as differences from the rest of a definition.

use super::placeholder;
use crate::document::{Item, Map, Value};

/// Keys that are required: they stay although each environment has its own.
const REQUIRED: [&str; 2] = ["image", "name"];

/// Adds the variants to the definition as `environments`. A placeholder that all of them replace is removed from
/// the definition, so that the rest of it is valid on its own.
pub(super) fn join(mut base: Map, variants: Vec<(String, Map)>) -> Map {
    if variants.is_empty() {
        return base;
    }
    let all: Vec<&Map> = variants.iter().map(|(_, map)| map).collect();
    prune(&mut base, &all, true);
    let environments: Vec<(String, Map)> = variants
        .iter()
        .map(|(name, variant)| (name.clone(), subtract(variant, &base)))
        .collect();
    let outer = base.map("environments");
    for (name, difference) in environments {
        outer.set(name, difference);
    }
    base
}

/// Removes values with a placeholder that each variant replaces, and mappings that become empty. This includes a
/// queue without settings.
fn prune(base: &mut Map, variants: &[&Map], drop_empty: bool) {
    let keys: Vec<String> = base.entries().map(|(key, _)| key.to_owned()).collect();
    for key in keys {
        let Some(own) = base.get(&key) else { continue };
        let theirs: Vec<Option<&Value>> =
            variants.iter().map(|variant| variant.get(&key)).collect();
        let maps: Option<Vec<&Map>> = theirs.iter().map(|value| as_map(value.as_ref()?)).collect();
        if let (Some(_), Some(maps)) = (as_map(own), maps) {
            let inner = base.map(&key);
            let was_empty = inner.is_empty();
            prune(inner, &maps, key != "queues");
            if drop_empty && inner.is_empty() && !was_empty {
                base.remove(&key);
            }
            continue;
        }
        let replaced = theirs
            .iter()
            .all(|value| value.is_some_and(|value| !is_same(value, own)));
        if placeholder::is_in(&key, own) && replaced && !REQUIRED.contains(&key.as_str()) {
            base.remove(&key);
        }
    }
}

/// The changes that make `variant` of `base` when they are merged into it.
fn subtract(variant: &Map, base: &Map) -> Map {
    let mut difference = Map::new();
    if variant.is_inline() {
        difference.inline();
    }
    for (key, item) in variant.entries() {
        match (item.value(), base.get(key)) {
            (Value::Map(inner), Some(Value::Map(outer))) => {
                let inner = subtract(inner, outer);
                if !inner.is_empty() || !inner.notes().is_empty() {
                    difference.set(key, inner);
                }
            }
            (value, Some(own)) if is_same(value, own) => {}
            _ => difference.insert(key, Item::clone(item)),
        }
    }
    for (key, _) in base.entries().filter(|(key, _)| variant.get(key).is_none()) {
        difference.set(key, Value::Null);
    }
    for note in variant
        .notes()
        .iter()
        .filter(|note| !base.notes().contains(note))
    {
        difference.note(note.clone());
    }
    difference
}

/// Whether two values are the same, whatever their comments.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(one.value(), other.value()))
        }
        (Value::Map(one), Value::Map(other)) => {
            one.entries().count() == other.entries().count()
                && one.entries().all(|(key, item)| {
                    other
                        .get(key)
                        .is_some_and(|other| is_same(item.value(), other))
                })
        }
        (one, other) => one == other,
    }
}

/// A mapping that doesn't stand for a text.
fn as_map(value: &Value) -> Option<&Map> {
    match value {
        Value::Map(map) if placeholder::in_place_of_text(map).is_none() => Some(map),
        _ => None,
    }
}
