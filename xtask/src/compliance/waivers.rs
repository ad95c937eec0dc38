//! The accepted findings, each with its reason.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Findings;

/// Rules that resources don't meet, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiver {
    /// Named as in the tools. A rule's single finding follows in brackets.
    rules: Vec<String>,
    /// Logical IDs.
    resources: Vec<String>,
    reason: String,
}

/// Parses waivers in YAML. Each must have a reason.
pub(super) fn parse(text: &str) -> Result<Vec<Waiver>, String> {
    let waivers: Vec<Waiver> = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    match waivers
        .iter()
        .find(|waiver| waiver.reason.trim().is_empty())
    {
        None => Ok(waivers),
        Some(waiver) => Err(format!("no reason for {}", waiver.rules.join(", "))),
    }
}

/// Returns each rule with each resource for which it is waived.
pub(super) fn list(waivers: &[Waiver]) -> impl Iterator<Item = (&str, &str)> {
    waivers.iter().flat_map(|waiver| {
        waiver.rules.iter().flat_map(|rule| {
            let resources = waiver.resources.iter();
            resources.map(|resource| (rule.as_str(), resource.as_str()))
        })
    })
}

/// Returns findings without a waiver, waivers without a finding, and duplicate waivers.
pub(super) fn compare(findings: &Findings, waivers: &[Waiver]) -> Vec<String> {
    let (mut waived, mut problems) = (BTreeSet::new(), Vec::new());
    for (rule, resource) in list(waivers) {
        let pair = (rule.to_owned(), resource.to_owned());
        if !findings.contains_key(&pair) {
            problems.push(format!(
                "{rule} on {resource}: waived, but met or not checked"
            ));
        }
        if !waived.insert(pair) {
            problems.push(format!("{rule} on {resource}: waived twice"));
        }
    }
    let open = findings.iter().filter(|(pair, _)| !waived.contains(*pair));
    problems
        .extend(open.map(|((rule, resource), meaning)| format!("{rule} on {resource}: {meaning}")));
    problems
}

fn problems(waivers: &str) -> Vec<String> {
    let finding = |rule: &str, resource: &str| {
        let key = (rule.to_owned(), resource.to_owned());
        (key, "The rule's meaning.".to_owned())
    };
    let findings = [
        finding("R1", "A"),
        finding("R1", "B"),
        finding("R2[x]", "A"),
    ];
    compare(&findings.into(), &parse(waivers).unwrap())
}

#[test]
fn each_finding_has_a_waiver_and_each_waiver_a_finding() {
    let (both, granular) = (
        "- {rules: [R1], resources: [A, B], reason: Because.}\n",
        "- {rules: ['R2[x]'], resources: [A], reason: Because.}\n",
    );
    assert_eq!(problems(&format!("{both}{granular}")), [""; 0]);
    assert_eq!(problems(both), ["R2[x] on A: The rule's meaning."]);
    let more = "- {rules: [R1, R3], resources: [A], reason: Because.}\n";
    assert_eq!(
        problems(&format!("{both}{granular}{more}")),
        [
            "R1 on A: waived twice",
            "R3 on A: waived, but met or not checked"
        ]
    );
}

#[test]
fn a_waiver_has_a_reason() {
    assert!(parse("- {rules: [R1], resources: [A], reason: ' '}\n").is_err());
    assert!(parse("- {rules: [R1], resources: [A]}\n").is_err());
    assert!(parse("- {rules: [R1], resources: [A], reason: Because., until: 2030}\n").is_err());
}
