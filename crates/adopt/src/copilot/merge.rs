//! A manifest with the overrides of an environment.

use stack::{YamlEntry, YamlNode, YamlValue};

/// Mutually exclusive keys, by their mapping: overriding one removes the others.
const EXCLUSIVE: [(&str, &str, &[&str]); 4] = [
    ("image", "build", &["location"]),
    ("image", "location", &["build"]),
    (
        "count",
        "spot",
        &[
            "range",
            "cooldown",
            "cpu_percentage",
            "memory_percentage",
            "requests",
            "response_time",
            "queue_delay",
        ],
    ),
    ("count", "range", &["spot"]),
];

/// The manifest with the overrides of `environment`, without `environments`. Mappings are merged, everything else
/// is replaced, as in Copilot.
pub(super) fn apply(root: &YamlNode, environment: Option<&str>) -> YamlNode {
    let overrides = environment.and_then(|name| root.get("environments")?.get(name));
    let mut merged = root.clone();
    if let YamlValue::Map(entries) = &mut merged.value {
        entries.retain(|entry| entry.key != "environments");
    }
    if let Some(overrides) = overrides {
        merge("", &mut merged, overrides);
    }
    merged
}

fn merge(name: &str, base: &mut YamlNode, change: &YamlNode) {
    let YamlValue::Map(changes) = &change.value else {
        // An override without a value changes nothing.
        if change.value != YamlValue::Null {
            *base = change.clone();
        }
        return;
    };
    let YamlValue::Map(entries) = &mut base.value else {
        *base = change.clone();
        return;
    };
    for change in changes {
        let rivals = EXCLUSIVE
            .iter()
            .filter(|(outer, key, _)| *outer == name && *key == change.key);
        let rivals: Vec<&str> = rivals
            .flat_map(|(_, _, rivals)| rivals.iter().copied())
            .collect();
        entries.retain(|entry| !rivals.contains(&entry.key.as_str()));
        match entries.iter_mut().find(|entry| entry.key == change.key) {
            Some(entry) => {
                let both = [&entry.value.value, &change.value.value];
                let merges = both.iter().all(|value| matches!(value, YamlValue::Map(_)));
                if !merges && change.value.value != YamlValue::Null {
                    entry.line = change.line;
                }
                merge(&change.key, &mut entry.value, &change.value);
            }
            None => entries.push(YamlEntry::clone(change)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_merged_and_rivals_go() {
        let text = "image: {build: a, port: 1}\ncount: {range: 1-2, cpu_percentage: 5}\nlist: [1, 2]\nplain: 1\n\
                    environments: {t: {image: {location: b}, count: {spot: 3}, list: [3], plain: {a: 1}, new: 1, x: }}\nx: 1\n";
        let root = stack::read_yaml("m", text).unwrap();
        let wanted = "image: {port: 1, location: b}\ncount: {spot: 3}\nlist: [3]\nplain: {a: 1}\nx: 1\nnew: 1\n";
        assert_eq!(
            show(&apply(&root, Some("t"))),
            show(&stack::read_yaml("w", wanted).unwrap())
        );
        assert!(apply(&root, None).get("environments").is_none());
        assert_eq!(
            show(&apply(&root, Some("other"))),
            show(&apply(&root, None))
        );
    }

    /// The values without their lines.
    fn show(node: &YamlNode) -> String {
        match &node.value {
            YamlValue::List(items) => format!("{:?}", items.iter().map(show).collect::<Vec<_>>()),
            YamlValue::Map(entries) => {
                let pairs = entries
                    .iter()
                    .map(|entry| format!("{}={}", entry.key, show(&entry.value)));
                format!("{:?}", pairs.collect::<Vec<_>>())
            }
            scalar => format!("{scalar:?}"),
        }
    }
}
