//! IAM accepts the policies, and the table behind them is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use template::permissions::{Permissions, list_handler_actions};
use template::synthesize;

use crate::not_needed::NOT_NEEDED;
use crate::stacks;
use crate::templates::{listed, resources};

/// Maximum number of characters of a managed policy, not counting white space. Source: IAM quotas.
const MANAGED_POLICY: usize = 6_144;
/// Maximum number of managed policies of a role or user, with the default quota. Source: IAM quotas.
const POLICIES: usize = 10;

fn all_permissions() -> Vec<(&'static str, Permissions)> {
    let of = |(name, stack): (&'static str, stack::Stack)| (name, Permissions::of(&stack).unwrap());
    let mut all: Vec<_> = stacks::all().into_iter().map(of).collect();
    all.push(("any", Permissions::of_any()));
    all
}

fn actions(documents: &[Value]) -> BTreeSet<String> {
    let statements = documents
        .iter()
        .flat_map(|document| document["Statement"].as_array().unwrap());
    let allowed = statements.filter(|statement| statement["Effect"] == "Allow");
    allowed
        .flat_map(|statement| listed(&statement["Action"]))
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn each_policy_is_one_that_iam_takes() {
    for (name, permissions) in all_permissions() {
        for policy in permissions.policies() {
            let documents = policy.documents;
            assert!(
                (1..=POLICIES).contains(&documents.len()),
                "{name}: {}",
                policy.name
            );
            for document in documents {
                assert_eq!(document["Version"], "2012-10-17");
                assert!(
                    document.to_string().len() <= MANAGED_POLICY,
                    "{name}: {}",
                    policy.name
                );
                let mut ids = BTreeSet::new();
                for statement in document["Statement"].as_array().unwrap() {
                    let id = statement["Sid"].as_str().unwrap();
                    assert!(ids.insert(id), "{name}: {id}");
                    assert!(
                        id.chars().all(|letter| letter.is_ascii_alphanumeric()),
                        "{id}"
                    );
                    for action in listed(&statement["Action"]) {
                        let action = action.as_str().unwrap();
                        assert!(action.contains(':') && !action.contains('*'), "{action}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_digest_of_an_image_elsewhere_is_asked_of_its_repository_alone() {
    let text = "name: shop
account: '111122223333'
region: us-west-2
services:
  web: {image: '444455556666.dkr.ecr.eu-west-1.amazonaws.com/team/web:1', image_digest: resolve,
        sidecars: {agent: {image: '777788889999.dkr.ecr.eu-west-1.amazonaws.com/agent:1'}}}
";
    let stack = stack::parse("a.yaml", text).unwrap().stack;
    let permissions = Permissions::of(&stack).unwrap();
    for documents in [&permissions.deploy, &permissions.read] {
        let statements = documents
            .iter()
            .flat_map(|document| listed(&document["Statement"]));
        let mut images = statements.filter(|statement| statement["Sid"] == "ReadImages");
        let expected = serde_json::json!([
            "arn:aws:ecr:eu-west-1:444455556666:repository/team/web",
            "arn:aws:ecr:us-west-2:111122223333:repository/*",
        ]);
        assert_eq!(images.next().unwrap()["Resource"], expected);
    }
}

/// The simulation also checks resources and conditions; this test runs without the simulator.
#[test]
fn each_resource_type_of_each_template_is_covered() {
    let handlers = list_handler_actions();
    let mut used = BTreeSet::new();
    for (name, stack) in stacks::all() {
        let template = synthesize(&stack).unwrap();
        let permissions = Permissions::of(&stack).unwrap();
        let (deploy, role) = (actions(&permissions.deploy), actions(&permissions.role));
        for (_, kind, _) in resources(template.to_json()) {
            let needed = handlers
                .get(kind)
                .unwrap_or_else(|| panic!("{name}: no row for {kind}"));
            for action in *needed {
                // A boundary can't be removed.
                let is_kept = *action == "iam:DeleteRolePermissionsBoundary"
                    && stack.permissions_boundary.is_some();
                // CloudFormation tags a launch template only if the template does.
                let is_untagged = kind == "AWS::EC2::LaunchTemplate" && action.ends_with("Tags");
                let covered = deploy.contains(*action) && role.contains(*action);
                assert!(
                    covered || is_kept || is_untagged,
                    "{name}: {kind}: {action}"
                );
            }
            used.insert(kind.to_owned());
        }
    }
    let idle: Vec<_> = handlers
        .keys()
        .filter(|kind| !used.contains(**kind))
        .collect();
    assert!(idle.is_empty(), "no template has {idle:?}");
}

/// CloudFormation's schemas of the resource types, shipped with cfn-lint.
fn schemas(kinds: &BTreeSet<&str>) -> BTreeMap<String, Value> {
    let cfn_lint = std::env::var_os("CFN_LINT").map_or_else(
        || stacks::root().join(".sandbox/venv/bin/cfn-lint"),
        PathBuf::from,
    );
    let lib = cfn_lint
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .join("lib");
    let python = std::fs::read_dir(lib)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let folder = python.join("site-packages/cfnlint/data/schemas/resources");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found = BTreeMap::new();
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "json")) {
        let text = std::fs::read_to_string(file).unwrap();
        // Parsing each of the 1,900 files would take long.
        if kinds
            .iter()
            .any(|kind| text.contains(&format!("\"{kind}\"")))
        {
            let schema: Value = serde_json::from_str(&text).unwrap();
            let kind = schema["typeName"].as_str().unwrap().to_owned();
            found.insert(kind, schema);
        }
    }
    found
}

#[test]
fn the_table_has_what_the_schemas_of_cloudformation_name() {
    let handlers = list_handler_actions();
    let kinds = handlers.keys().copied().collect();
    let schemas = schemas(&kinds);
    for (kind, actions) in handlers {
        let schema = &schemas[kind]["handlers"];
        let named: BTreeSet<&str> = schema
            .as_object()
            .unwrap()
            .values()
            .flat_map(|handler| handler["permissions"].as_array().unwrap())
            .map(|action| action.as_str().unwrap())
            .collect();
        let ours: BTreeSet<&str> = actions.iter().copied().collect();
        let rows = NOT_NEEDED.iter().filter(|(other, ..)| *other == kind);
        let not_needed: BTreeSet<&str> =
            rows.flat_map(|(_, actions, _)| *actions).copied().collect();
        let missing: Vec<_> = named
            .difference(&ours)
            .filter(|action| !not_needed.contains(**action))
            .collect();
        assert!(missing.is_empty(), "{kind} may need {missing:?}");
        let stale: Vec<_> = not_needed
            .iter()
            .filter(|action| !named.contains(**action) || ours.contains(**action))
            .collect();
        assert!(stale.is_empty(), "{kind}: {stale:?}");
    }
}

/// `status` reads networks, load balancers, and instances through Cloud Control, which performs the actions of the
/// type's read handler.
#[test]
fn whoever_reads_may_read_each_part_by_its_handler() {
    const SERVICES: [&str; 3] = [
        "AWS::AutoScaling::",
        "AWS::EC2::",
        "AWS::ElasticLoadBalancingV2::",
    ];
    let of_services = |kind: &&str| SERVICES.iter().any(|service| kind.starts_with(service));
    let handlers = list_handler_actions();
    let schemas = schemas(&handlers.keys().copied().filter(of_services).collect());
    let mut checked = 0;
    for (name, stack) in stacks::all() {
        let template = synthesize(&stack).unwrap();
        let read = actions(&Permissions::of(&stack).unwrap().read);
        let kinds: BTreeSet<&str> = template.resources().map(|(_, kind)| kind).collect();
        let kinds: Vec<&str> = kinds.into_iter().filter(of_services).collect();
        assert_eq!(
            read.contains("cloudformation:GetResource"),
            !kinds.is_empty()
        );
        for kind in kinds {
            let needed = listed(&schemas[kind]["handlers"]["read"]["permissions"]).into_iter();
            let needed = needed.filter_map(Value::as_str);
            for action in needed.filter(|action| handlers[kind].contains(action)) {
                assert!(read.contains(action), "{name}: {kind}: {action}");
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "{checked}");
}
