//! The definitions in the documentation: each is read as `validate` reads it, with each of its environments.
//!
//! A block that starts with `name:` is a definition. Any other block is a part of one: its keys are those of a definition,
//! of a service, or of something in a service. It is merged into a small definition at the first place where it is valid.

use serde_json::{Map, Value, json};
use stack::{Report, Selection, Severity, parse_selected};

use super::page::Page;

/// Where a part can belong in a definition, from the outside to the inside.
const PLACES: [&str; 4] = [
    "",
    "/services/worker",
    "/services/worker/tasks",
    "/services/worker/scaling",
];

/// Returns the problems with a page's definitions.
pub(super) fn check(page: &Page) -> Vec<String> {
    let mut problems = Vec::new();
    for block in page.blocks() {
        if block.language().0 != "yaml" {
            continue;
        }
        let text = block.text();
        let checked = match block.language().1 {
            "" if is_complete(&text) => read(&text),
            "" => read_part(&text),
            // Another tool's file.
            _ => parse(&text).map(drop),
        };
        if let Err(problem) = checked {
            let problem = problem.replace('\n', "\n    ");
            problems.push(format!("{}:{}: {problem}", page.name, block.line));
        }
    }
    problems
}

/// Whether a block of YAML is a whole definition.
pub(super) fn is_complete(text: &str) -> bool {
    let mut lines = text.lines();
    lines
        .find(|line| !line.starts_with('#') && !line.is_empty())
        .is_some_and(|line| line.starts_with("name:"))
}

fn parse(text: &str) -> Result<Value, String> {
    serde_yaml::from_str(text).map_err(|error| format!("invalid YAML: {error}"))
}

fn read(text: &str) -> Result<(), String> {
    let environments = parse(text)?["environments"].as_object().cloned();
    let environments = environments.unwrap_or_default().into_iter();
    for environment in std::iter::once(None).chain(environments.map(|(name, _)| Some(name))) {
        let selection = Selection {
            environment,
            set: Vec::new(),
        };
        let loaded = parse_selected("block", text, &selection);
        loaded.map_err(|report| describe(&report))?;
    }
    Ok(())
}

fn describe(report: &Report) -> String {
    let errors = report.problems().iter();
    let errors = errors.filter(|problem| problem.severity() == Severity::Error);
    let lines: Vec<String> = errors
        .map(|problem| format!("{}: {}", problem.path(), problem.message()))
        .collect();
    lines.join("\n")
}

/// Reads a part at the place where it has the fewest problems.
fn read_part(text: &str) -> Result<(), String> {
    let part = parse(text)?;
    if !part.is_object() {
        return Err("a part of a definition is a mapping".to_owned());
    }
    let mut least: Option<String> = None;
    for place in PLACES {
        match read(&complete(&part, place).to_string()) {
            Ok(()) => return Ok(()),
            Err(problem) => {
                let lines = |text: &str| text.lines().count();
                if least
                    .as_ref()
                    .is_none_or(|least| lines(&problem) < lines(least))
                {
                    least = Some(problem);
                }
            }
        }
    }
    Err(least.unwrap_or_default())
}

/// A definition with this part at a place, and with what the part needs but doesn't have.
fn complete(part: &Value, place: &str) -> Value {
    let mut inner = part.clone();
    for key in place.rsplit('/').filter(|key| !key.is_empty()) {
        inner = json!({ key: inner });
    }
    let mut whole = json!({"name": "part", "network": "create", "queues": {}, "services": {}});
    merge(&mut whole, &inner);
    let mut names: Vec<String> = keys(&whole["services"]);
    if names.is_empty() {
        names.push("worker".to_owned());
    }
    for name in names {
        let mut service = json!({"tasks": {"max": 2}});
        let own = &whole["services"][&name];
        if own.get("existing").is_none() {
            service["image"] = "111122223333.dkr.ecr.us-west-2.amazonaws.com/worker:1".into();
        }
        if own.get("consumes").is_none() {
            let queues = keys(&whole["queues"]);
            service["consumes"] = match queues.is_empty() {
                true => json!(["jobs"]),
                false => json!(queues),
            };
        }
        if own.get("scaling").is_none() {
            service["scaling"] = json!({"backlog_per_task": {"processing_time": "1s"}});
        }
        if own.get("slo").is_none() && !own.to_string().contains("acceptable_latency") {
            service["slo"] = "99% within 5m".into();
        }
        merge(&mut service, own);
        for queue in list_queues(&service) {
            let known = whole["queues"].get(&queue).is_some();
            if !known {
                whole["queues"][queue] = json!({});
            }
        }
        whole["services"][name] = service;
    }
    whole
}

fn keys(value: &Value) -> Vec<String> {
    let keys = value.as_object().map(Map::keys);
    keys.into_iter().flatten().cloned().collect()
}

/// The queues that a service consumes and sends to.
fn list_queues(service: &Value) -> Vec<String> {
    let lists = [&service["consumes"], &service["sends"]];
    let entries = lists.into_iter().filter_map(Value::as_array).flatten();
    let names = entries.filter_map(|entry| entry.as_str().or_else(|| entry["queue"].as_str()));
    names
        .filter(|name| !name.contains(':'))
        .map(str::to_owned)
        .collect()
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (into, from) => *into = from.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(yaml: &str) -> Vec<String> {
        let text = format!("```yaml\n{yaml}```\n");
        check(&Page {
            name: "p".to_owned(),
            text,
        })
    }

    #[test]
    fn a_part_is_valid_at_one_place() {
        for part in [
            "queues: {a: {}}\n",
            "services: {web: {existing: shop/web}}\n",
            "slo: 99% within 1m\nscaling: {demand: {processing_time: 2s}}\n",
            "consumes: [a, {queue: b, slo: 95% within 2h, processing_time: 10s}]\nslo: 99% within 5m\nscaling: {demand: {processing_time: 3s}}\n",
            "schedule: [{when: \"Sat,Sun\", min: 0, max: 0}]\n",
            "demand: {acceptable_latency: 1m, processing_time: 2s}\n",
            "demand: {processing_time: 2s, actuator: function}\n",
        ] {
            assert_eq!(problems(part), [""; 0], "{part}");
        }
    }

    #[test]
    fn a_wrong_key_is_reported_wherever_it_is() {
        let whole = "name: a\nqueues: {q: {}}\nservices: {w: {image: busybox, consumes: [q], slo: 99% within 5m, tasks: {max: 2}, scaling: {demand: {processing_time: 1s}}}}\nenvironments: {s: {queues: {q: {x: 1}}}}\n";
        for (yaml, expected) in [
            ("queues: {a: {retentoin: 4d}}\n", "queues.a"),
            ("slo: 99% within 1m\nscaling: {demnd: {}}\n", "scaling"),
            (whole, "queues.q"),
            ("- a\n", "a part of a definition"),
            ("a: [\n", "invalid YAML"),
        ] {
            let [problem] = &problems(yaml)[..] else {
                panic!("{yaml}: {:?}", problems(yaml))
            };
            assert!(problem.contains(expected), "{yaml}: {problem}");
        }
        // Another tool's file only has to be YAML.
        let page = Page {
            name: "p".to_owned(),
            text: "```yaml copilot\nx: 1\n```\n".to_owned(),
        };
        assert_eq!(check(&page), [""; 0]);
    }
}
