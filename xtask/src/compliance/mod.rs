//! Checks the hardened stack against security benchmarks: checkov, and cdk-nag's packs for AWS's own rules, NIST SP
//! 800-53, and HIPAA. Each finding needs a waiver with a reason, and each waiver needs a finding.

mod tools;
mod waivers;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use stack::Selection;
use template::Template;

use crate::paths;
use tools::Tools;

const STACK: &str = "stacks/hardened.yaml";
const WAIVERS: &str = "xtask/compliance/waivers.yaml";

/// The tools' findings: the rule's meaning by rule and logical ID of the resource.
type Findings = BTreeMap<(String, String), String>;

/// Returns the templates of the stack without an environment, and with each environment.
fn list_templates() -> Vec<(String, Template)> {
    let file = paths::root().join(STACK);
    let environments = stack::read_environments(&file).unwrap();
    let environments = std::iter::once(None).chain(environments.into_iter().map(Some));
    let template = |environment: Option<String>| {
        let name = environment.clone().unwrap_or_default();
        let selection = Selection {
            environment,
            set: Vec::new(),
        };
        let loaded = stack::load_selected(&file, &selection).unwrap();
        (name, template::synthesize(&loaded.stack).unwrap())
    };
    environments.map(template).collect()
}

fn read_waivers() -> Vec<waivers::Waiver> {
    let text = fs::read_to_string(paths::root().join(WAIVERS)).unwrap();
    waivers::parse(&text).unwrap()
}

#[test]
#[ignore = "runs in test --full"]
fn each_finding_in_the_hardened_stack_has_a_waiver() {
    let Some(node) = std::env::var_os("ECS_SCALER_TEST_NODE").map(PathBuf::from) else {
        eprintln!("skipped: ECS_SCALER_TEST_NODE names no Node.js");
        return;
    };
    let tools = Tools::fetch(&node);
    let mut findings = Findings::new();
    for (_, template) in list_templates() {
        findings.extend(tools.check(&template));
    }
    let problems = waivers::compare(&findings, &read_waivers());
    assert!(
        problems.is_empty(),
        "set a key in {STACK} that meets the rule, or write into {WAIVERS} why it isn't met; remove the waivers of rules that are met:\n{}",
        problems.join("\n")
    );
}

/// The part that fast tests can check. The tools run only in `test --full`.
#[test]
fn each_waiver_is_of_a_resource_that_a_template_has() {
    let templates = list_templates();
    let resources: Vec<&str> = templates
        .iter()
        .flat_map(|(_, template)| template.resources().map(|(id, _)| id))
        .collect();
    let waivers = read_waivers();
    for (rule, resource) in waivers::list(&waivers) {
        assert!(resources.contains(&resource), "{rule}: no {resource}");
    }
}
