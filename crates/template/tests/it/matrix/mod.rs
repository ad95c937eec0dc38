//! The update matrix: what happens on AWS if one key of a deployed definition is changed, added, or removed.
//!
//! Each row of `cases.yaml` changes one key of a definition of this folder. The templates before and after the
//! change, adapted as in `deploy`, are compared by CloudFormation's own resource schemas, which cfn-lint ships. The
//! snapshot lists the resources that CloudFormation replaces, the properties that an update leaves unset, and the
//! resources that it removes. `docs/updates.md` describes the effects on a running stack. A new key fails the test
//! until it has a row, and a new consequence until it is documented.

mod cases;
mod compare;
mod consequences;
pub(crate) mod schemas;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value;
use stack::{Problem, Severity, Stack};
use template::{Template, synthesize};

use cases::{Case, Edit};
use compare::{Finding, compare};
use consequences::Consequences;
use schemas::Schemas;

#[test]
fn every_key_has_a_row() {
    let cases = cases::read();
    let covered: BTreeSet<String> = cases.iter().map(Case::key).collect();
    let missing: Vec<String> = cases::keys_of_the_format()
        .into_iter()
        .filter(|key| !covered.contains(key))
        .collect();
    assert!(
        missing.is_empty(),
        "add rows for these keys to cases.yaml: {missing:#?}"
    );
}

/// Keys that no shipped definition has: older names, and keys next to others of their kind that one has.
const NOT_SHIPPED: [&str; 25] = [
    "alarms",
    "metric.vpc.",
    "network.security_groups",
    "overrides.",
    "permissions_boundary",
    "queues.*.encryption",
    "queues.*.name",
    "services.*.image_digest",
    "services.*.load_balancer.subnets",
    "services.*.logs.firelens.environment_files",
    "services.*.logs.firelens.metadata",
    "services.*.logs.firelens.secrets",
    "services.*.name",
    "services.*.scaling.alarm_steps.",
    "services.*.scaling.backlog_per_task.source",
    "services.*.scaling.steps",
    "services.*.sidecars.*.depends_on",
    "services.*.sidecars.*.entrypoint",
    "services.*.sidecars.*.environment_files",
    "services.*.sidecars.*.health_check.",
    "services.*.sidecars.*.image_digest",
    "services.*.sidecars.*.init",
    "services.*.sidecars.*.ulimits",
    "services.*.sidecars.*.volumes",
    "services.*.ulimits.",
];

#[test]
fn the_shipped_definitions_use_the_keys() {
    let mut used = BTreeSet::new();
    for name in crate::stacks::SHIPPED {
        let file = crate::stacks::root().join(format!("stacks/{name}.yaml"));
        let text = std::fs::read_to_string(file).unwrap();
        used.extend(cases::keys_of(&serde_yaml::from_str(&text).unwrap()));
    }
    let unused: Vec<String> = { cases::keys_of_the_format() }
        .into_iter()
        .filter(|key| !used.contains(key))
        .collect();
    let is_excused = |key: &str| NOT_SHIPPED.iter().any(|one| key.starts_with(one));
    let open: Vec<&String> = unused.iter().filter(|key| !is_excused(key)).collect();
    assert!(
        open.is_empty(),
        "use them in a definition of stacks/: {open:#?}"
    );
    for excuse in NOT_SHIPPED {
        let mut unused = unused.iter();
        assert!(
            unused.any(|key| key.starts_with(excuse)),
            "{excuse} is used"
        );
    }
}

#[test]
fn every_consequence_of_an_update_is_reviewed() {
    let schemas = Schemas::load();
    let mut consequences = Consequences::read();
    let mut templates = Templates::default();
    let mut report = String::new();
    for case in cases::read() {
        let base = templates.synthesize(&case.definition);
        base.unwrap_or_else(|problem| panic!("{}: {problem}", case.title()));
        let mut outcomes: Vec<(Vec<String>, String)> = Vec::new();
        for edit in case.edits() {
            let outcome = describe(templates.apply(&edit), &schemas, &mut consequences);
            match outcomes.iter_mut().find(|(_, known)| *known == outcome) {
                Some((names, _)) => names.push(edit.name),
                None => outcomes.push((vec![edit.name], outcome)),
            }
        }
        writeln!(report, "{}", case.title()).unwrap();
        for (names, outcome) in outcomes {
            write!(report, "  {}:{outcome}", names.join(", ")).unwrap();
        }
    }
    insta::assert_snapshot!("update_matrix", report);
    consequences.assert_complete();
}

/// The effect of an edit, as lines of the snapshot.
fn describe(
    outcome: Result<(Value, Value), String>,
    schemas: &Schemas,
    consequences: &mut Consequences,
) -> String {
    match outcome {
        Err(refusal) => format!(" refused, {refusal}\n"),
        Ok((before, after)) if before == after => " nothing\n".to_owned(),
        Ok((before, after)) => {
            let mut lines = String::new();
            for finding in compare(&before, &after, schemas) {
                if consequences.note(&finding) {
                    write!(lines, "\n    {finding}").unwrap();
                }
            }
            if lines.is_empty() {
                " changes in place\n".to_owned()
            } else {
                format!("{lines}\n")
            }
        }
    }
}

/// The templates of definitions, each made once.
#[derive(Default)]
struct Templates {
    made: BTreeMap<String, Result<Template, String>>,
}

impl Templates {
    /// The deployed template, and the one that updates it.
    fn apply(&mut self, edit: &Edit) -> Result<(Value, Value), String> {
        let before = self.synthesize(&edit.before)?.to_json().clone();
        let after = self.synthesize(&edit.after)?.adapt_to(&before);
        let after = after.map_err(|error| format!("template: {error}"))?;
        Ok((before, after.to_json().clone()))
    }

    fn synthesize(&mut self, definition: &Value) -> Result<Template, String> {
        let text = serde_yaml::to_string(definition).unwrap();
        let made = self.made.entry(text);
        made.or_insert_with_key(|text| {
            synthesize(&parse(text)?).map_err(|error| format!("template: {error}"))
        })
        .clone()
    }
}

fn parse(text: &str) -> Result<Stack, String> {
    let loaded = stack::parse("stack.yaml", text).map_err(|report| {
        let errors = report
            .problems()
            .iter()
            .filter(|one| one.severity() == Severity::Error);
        let errors: Vec<&str> = errors.map(Problem::message).collect();
        format!("definition: {}", errors.join("; "))
    })?;
    let mut stack = loaded.stack;
    stack.region.get_or_insert_with(|| "us-west-2".to_owned());
    Ok(stack)
}

/// The parts of a finding that identify its consequence.
impl Finding {
    fn key(&self) -> (String, String, String) {
        let property = self.property.clone().unwrap_or_else(|| "-".to_owned());
        (self.kind.to_string(), self.resource_type.clone(), property)
    }
}
