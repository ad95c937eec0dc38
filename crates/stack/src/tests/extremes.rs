//! No value of any key makes a check panic or run for long, also if the key's own bounds refuse it: later checks see it, too.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::example::EXAMPLE;
use crate::findings::Findings;
use crate::source::Source;
use crate::yaml::{self, Node, Value};
use crate::{Selection, parse_selected};

/// The shipped definitions use every key.
const SHIPPED: [&str; 5] = [
    include_str!("../../../../stacks/from-copilot.yaml"),
    include_str!("../../../../stacks/hardened.yaml"),
    include_str!("../../../../stacks/image-resizer.yaml"),
    include_str!("../../../../stacks/sample-webapp.yaml"),
    include_str!("../../../../stacks/voucher-worker-demand.yaml"),
];

/// The largest of each kind that is read at all, the smallest, and other kinds.
const EXTREMES: [&str; 9] = [
    "4294967295",
    "0",
    "-1",
    "1e308",
    "18446744073709551615ms",
    "4294967295%",
    "0.0.0.0/4294967295",
    "\"\"",
    "null",
];

/// The places of the values without keys of their own, with their paths.
fn list_scalars(node: &Node, path: &str, found: &mut Vec<(String, usize, usize)>) {
    match &node.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                list_scalars(value, &format!("{path}.{}", key.text), found);
            }
        }
        Value::Seq(items) => {
            for item in items {
                list_scalars(item, path, found);
            }
        }
        _ => found.push((path.to_owned(), node.span.start, node.span.end)),
    }
}

#[test]
fn no_value_makes_a_check_panic() {
    let mut seen = BTreeSet::new();
    for text in SHIPPED.iter().chain([&EXAMPLE]) {
        let mut findings = Findings::new(Arc::new(Source::new("", text)));
        let root = yaml::build(text, 0, &mut findings).unwrap();
        let mut scalars = Vec::new();
        list_scalars(&root, "", &mut scalars);
        for (path, start, end) in scalars {
            // Names of services and queues don't matter.
            let keys: Vec<&str> = path.rsplit('.').take(3).collect();
            if !seen.insert(keys.join(".")) {
                continue;
            }
            for extreme in EXTREMES {
                let changed = format!("{}{extreme}{}", &text[..start], &text[end..]);
                let _ = parse_selected("", &changed, &Selection::default());
            }
        }
    }
    assert!(seen.len() > 150, "{}", seen.len());
}

/// Two bounds that are both refused.
#[test]
fn the_largest_numbers_together() {
    let text = "name: s\nservices: {w: {image: a:1, tasks: {min: 4294967295, max: 4294967295}, deployment: {min_healthy: 50%, max: 150%}}}\n";
    let report = parse_selected("", text, &Selection::default()).unwrap_err();
    let refused = report
        .problems()
        .iter()
        .filter(|one| one.to_string().contains("out of range"));
    assert_eq!(refused.count(), 2);
}
