//! The record of a definition. It is deployed with the stack, so that the next plan can show changes in the
//! definition's terms.

use serde_json::{Map, Value, json};

use crate::difference::{ValueChange, compare_values};
use crate::model::Stack;
use crate::path;
use crate::problem::Report;
use crate::shape::{find_default, tables::STACK};

/// A key of the record.
const DEFINITION: &str = "definition";
/// A key of the record.
const DERIVED: &str = "derived";

impl Stack {
    /// The record: the values as written, and values derived from several of them. `None` if the definition wasn't
    /// read from a text.
    #[must_use]
    pub fn record(&self) -> Option<String> {
        let definition = self.written.definition()?;
        Some(json!({ DEFINITION: definition, DERIVED: self.derive() }).to_string())
    }

    /// Values derived from several others, by their names.
    fn derive(&self) -> Map<String, Value> {
        let target = |(name, service): (&String, &crate::Service)| {
            let target = service.backlog_per_task()?.target()?;
            let service = path::key("services", name);
            Some((
                format!("{service}.scaling.backlog_per_task target"),
                target.into(),
            ))
        };
        self.services.iter().filter_map(target).collect()
    }
}

/// Reads the definition that a record holds. `None` if the text is no record.
#[must_use]
pub fn parse_record(record: &str) -> Option<Result<Stack, Report>> {
    let record: Value = serde_json::from_str(record).ok()?;
    let text = record.get(DEFINITION)?.to_string();
    // JSON is YAML.
    let loaded = crate::parse("the recorded definition", &text);
    Some(loaded.map(|loaded| loaded.stack))
}

/// What differs between two records: first the values that were written, then those that follow from them. `None` if one of
/// the texts is no record.
#[must_use]
pub fn compare_records(old: &str, new: &str) -> Option<Vec<ValueChange>> {
    let [old, new] = [old, new].map(|text| serde_json::from_str::<Value>(text).ok());
    let (old, new) = (old?, new?);
    let mut changes = compare_values(old.get(DEFINITION)?, new.get(DEFINITION)?);
    for change in &mut changes {
        let segments: Vec<&str> = change.path.split('.').collect();
        change.default = find_default(&STACK, &segments).map(str::to_owned);
    }
    let derived = |record: &Value| record.get(DERIVED).and_then(Value::as_object).cloned();
    let (old, new) = (derived(&old)?, derived(&new)?);
    // Adding or removing a policy is already a separate change.
    for (name, new) in &new {
        let before = old.get(name).filter(|old| old.as_f64() != new.as_f64());
        changes.extend(before.map(|old| ValueChange {
            path: name.clone(),
            old: Some(old.clone()),
            new: Some(new.clone()),
            default: None,
        }));
    }
    Some(changes)
}

#[cfg(test)]
mod tests {
    use crate::{Selection, parse_selected};

    use super::*;

    const TEXT: &str = "\
name: shop
queues: {jobs: {}}
services:
  worker:
    image: worker:1
    consumes: [jobs]
    tasks: {min: 1, max: 20}
    scaling:
      backlog_per_task: {acceptable_latency: 10m, processing_time: 1s}
environments:
  staging: {services: {worker: {tasks: {max: 3}, environment: {TOKEN: of staging}}}}
";

    fn read(text: &str, set: &[&str]) -> Stack {
        let selection = Selection {
            environment: None,
            set: set.iter().map(|&set| set.to_owned()).collect(),
        };
        parse_selected("shop.yaml", text, &selection).unwrap().stack
    }

    #[test]
    fn words_and_what_follows_from_them_are_compared() {
        let old = read(TEXT, &[]);
        let set = [
            "services.worker.tasks.max=40",
            "services.worker.scaling.backlog_per_task.acceptable_latency=2m",
            "services.worker.memory=1024",
        ];
        let new = read(TEXT, &set);
        let changes = compare_records(&old.record().unwrap(), &new.record().unwrap()).unwrap();
        let text = |one: &ValueChange| {
            let value = |value: &Option<Value>| value.clone().unwrap_or_default().to_string();
            let default = one.default.clone().unwrap_or_default();
            format!(
                "{} {} {} {default}",
                one.path,
                value(&one.old),
                value(&one.new)
            )
        };
        let changes: Vec<String> = changes.iter().map(text).collect();
        // 10 min ÷ 1 s = 600 messages, 2 min ÷ 1 s = 120.
        assert_eq!(
            changes,
            [
                "services.worker.memory null 1024 512",
                r#"services.worker.scaling.backlog_per_task.acceptable_latency "10m" "2m" "#,
                "services.worker.tasks.max 20 40 ",
                "services.worker.scaling.backlog_per_task target 600.0 120.0 "
            ]
        );
    }

    #[test]
    fn a_record_has_no_other_environment_and_survives_any_text() {
        let record = read(TEXT, &[]).record().unwrap();
        assert!(!record.contains("staging"), "{record}");
        for text in ["", "[]", "{}", "{\"definition\": 1}", "1"] {
            assert_eq!(compare_records(text, &record), None, "{text}");
        }
        assert_eq!(compare_records(&record, &record), Some(Vec::new()));
    }

    #[test]
    fn a_value_knows_its_line_and_a_missing_one_that_of_its_mapping() {
        let stack = read(TEXT, &["services.worker.tasks.max=40"]);
        let place = |path: &str| stack.written.place(path).map(ToString::to_string);
        assert_eq!(
            place("services.worker.image").unwrap(),
            "services.worker.image, shop.yaml:5"
        );
        assert_eq!(
            place("services.worker.load_balancer.port").unwrap(),
            "services.worker, shop.yaml:4"
        );
        assert_eq!(
            place("services.worker.tasks.max").unwrap(),
            "services.worker.tasks.max, --set"
        );
        assert_eq!(
            place("services.worker.consumes[0]").unwrap(),
            "services.worker.consumes[0], shop.yaml:6"
        );
        assert_eq!(place("cluster"), None);
    }
}
