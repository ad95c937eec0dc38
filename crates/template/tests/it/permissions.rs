//! The page that tells a deployer's permissions says what the templates need.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use template::synthesize;

use crate::stacks;
use crate::templates::{listed, resources};

/// Most characters of a managed policy, white space not counted. Source: IAM quotas.
const MANAGED_POLICY: usize = 6_144;

fn page() -> String {
    std::fs::read_to_string(stacks::root().join("docs/permissions.md")).unwrap()
}

/// The policies on the page. A piece of one, without `Statement`, is no policy.
fn policies(page: &str) -> Vec<Value> {
    let blocks = page.split("```json\n").skip(1);
    let parsed = blocks.map(|block| {
        let text = block.split("```").next().unwrap();
        serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    });
    parsed
        .filter(|json| json.get("Statement").is_some())
        .collect()
}

/// The actions of each resource type, from the table.
fn by_type(page: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `AWS::"));
    rows.map(|row| {
        let mut words = row.split('`').step_by(2);
        let kind = words.next().unwrap();
        let actions = row.split('`').skip(2).step_by(2).collect();
        (kind, actions)
    })
    .collect()
}

#[test]
fn each_policy_is_one_that_iam_takes() {
    let page = page();
    let policies = policies(&page);
    assert_eq!(policies.len(), 7);
    for policy in &policies {
        assert_eq!(policy["Version"], "2012-10-17");
        assert!(policy.to_string().len() <= MANAGED_POLICY);
        let mut ids = BTreeSet::new();
        for statement in policy["Statement"].as_array().unwrap() {
            assert!(
                ids.insert(statement["Sid"].as_str().unwrap()),
                "{statement}"
            );
            assert_eq!(statement["Effect"], "Allow");
            for action in listed(&statement["Action"]) {
                let action = action.as_str().unwrap();
                assert!(action.contains(':') && !action.contains('*'), "{action}");
            }
        }
    }
}

#[test]
fn every_resource_type_of_every_template_is_covered() {
    let page = page();
    let table = by_type(&page);
    let policies = policies(&page);
    let allowed: BTreeSet<&str> = policies
        .iter()
        .flat_map(|policy| policy["Statement"].as_array().unwrap())
        .flat_map(|statement| listed(&statement["Action"]))
        .map(|action| action.as_str().unwrap())
        .collect();
    let mut used = BTreeSet::new();
    for (name, stack) in stacks::all() {
        let template = synthesize(&stack).unwrap();
        for (_, kind, _) in resources(template.to_json()) {
            let kind = kind.strip_prefix("AWS::").unwrap();
            let actions = table
                .get(kind)
                .unwrap_or_else(|| panic!("{name}: no row for {kind}"));
            let missing: Vec<_> = actions.difference(&allowed).collect();
            assert!(
                !actions.is_empty() && missing.is_empty(),
                "{kind}: {missing:?}"
            );
            used.insert(kind.to_owned());
        }
    }
    let idle: Vec<_> = table.keys().filter(|kind| !used.contains(**kind)).collect();
    assert!(idle.is_empty(), "no template has {idle:?}");
}
