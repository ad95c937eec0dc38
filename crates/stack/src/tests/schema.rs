//! The tables, and the texts generated from them.

use serde_json::{Value, json};

use super::example::EXAMPLE;
use super::{BASE, changed};
use crate::findings::Findings;
use crate::shape::tables::STACK;
use crate::shape::{Form, Kind, Object, Text};
use crate::source::Source;
use crate::{parse, reference, schema, yaml};

/// A definition as an editor's language server reads it.
pub(super) fn json(text: &str) -> Value {
    let mut findings = Findings::new(Source::new("shop.yaml", text).into());
    yaml::parse(&mut findings).unwrap().to_json().unwrap()
}

fn accepts(text: &str) -> bool {
    jsonschema::validator_for(&schema())
        .unwrap()
        .is_valid(&json(text))
}

#[test]
fn the_schema_is_one() {
    assert!(jsonschema::meta::is_valid(&schema()));
    insta::assert_json_snapshot!("schema", schema());
}

#[test]
fn the_schema_takes_what_the_reader_takes() {
    let existing = "    existing: arn:aws:sqs:us-west-2:111122223333:orders\n";
    let texts = [
        EXAMPLE.to_owned(),
        BASE.to_owned(),
        changed(
            "    visibility_timeout: 60s\n    dead_letter: {after: 5}\n",
            existing,
        ),
        changed(
            "notify:",
            "network: {vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d]}\nnotify:",
        ),
        changed("notify:", "cluster: {existing: shop}\nnotify:"),
        changed(
            "notify:",
            "cluster: {capacity: {fargate_spot: {base: 1}}}\nnotify:",
        ),
        changed("10m", "1h30m15s"),
        changed(
            "notify:",
            "cluster: {capacity: {ec2: {instance_type: t4g.small, max: 2}}}\nnotify:",
        ),
        scaled("{cpu: {target: 60}, memory: {target: 60}}"),
        scaled(
            "{steps: {metric: {namespace: Shop, name: Load, statistic: p99.9}, scale_out: {above: -1.5, add: 10%, at_least: 2}}}",
        ),
        scaled(
            "{alarm_steps: {metric: {queue: orders, name: NumberOfMessagesSent, statistic: Sum}, scale_in: {below: 1, for: 5, steps: [{from: 0, set: 1}]}}}",
        ),
    ];
    for text in texts {
        assert!(parse("shop.yaml", &text).is_ok(), "{text}");
        let schema = schema();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&json(&text))
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}\n{text}");
    }
}

/// The base with another scaling policy.
fn scaled(scaling: &str) -> String {
    changed(
        "    scaling:\n      backlog_per_task:\n        acceptable_latency: 10m\n        processing_time: 1s\n",
        &format!("    scaling: {scaling}\n"),
    )
}

#[test]
fn the_schema_refuses_scaling_that_is_broken_in_structure() {
    for scaling in [
        "{}",
        "{cpu: {}}",
        "{cpu: {target: 0}}",
        "{steps: {metric: request_count}}",
        "{steps: {metric: requests, scale_in: {below: 1, remove: 1}}}",
        "{steps: {metric: {queue: orders}, scale_in: {below: 1, remove: 1}}}",
        "{steps: {metric: request_count, scale_in: {remove: 1}}}",
        "{steps: {metric: request_count, scale_in: {below: 1}}}",
        "{steps: {metric: request_count, scale_in: {below: '1', remove: 1}}}",
        "{steps: {metric: request_count, scale_in: {below: 1, above: 1, remove: 1}}}",
        "{steps: {metric: request_count, scale_in: {below: 1, remove: 1, set: 1}}}",
        "{steps: {metric: request_count, scale_in: {below: 1, add: 1}}}",
        "{steps: {metric: request_count, scale_in: {below: 1, remove: '1'}}}",
        "{steps: {metric: request_count, scale_in: {below: 1, remove: 0}}}",
        "{steps: {metric: request_count, scale_in: {below: 1, steps: []}}}",
        "{steps: {metric: request_count, scale_in: {below: 1, steps: [{from: 0}]}}}",
        "{steps: {metric: request_count, scale_in: {below: 1, steps: [{from: -1, remove: 1}]}}}",
        "{steps: {metric: request_count, period: 45, scale_in: {below: 1, remove: 1}}}",
    ] {
        let text = scaled(scaling);
        assert!(
            parse("shop.yaml", &text).is_err(),
            "the reader takes {scaling}"
        );
        assert!(!accepts(&text), "the schema takes {scaling}");
    }
}

#[test]
fn the_schema_refuses_what_is_broken_in_structure() {
    for (from, to) in [
        ("name: shop", "nme: shop"),
        ("name: shop", "name: my_stack"),
        ("name: shop", "name: 5"),
        ("name: shop", "name:"),
        ("\"111122223333\"", "111122223333"),
        ("us-west-2", "us_west_2"),
        ("{min: 1, max: 10}", "{min: 1, max: 5001}"),
        ("{min: 1, max: 10}", "{min: '1', max: 10}"),
        ("{min: 1, max: 10}", "[1, 10]"),
        ("60s", "60"),
        ("60s", "60 s"),
        ("60s", "1.5s"),
        ("60s", "''"),
        ("{after: 5}", "{}"),
        ("{after: 5}", "{after: 0}"),
        ("[orders]", "orders"),
        ("[orders]", "[orders, orders]"),
        ("    image: example/worker:1.0.0\n", ""),
        (
            "    image: example/worker:1.0.0\n",
            "    image: example/worker:1.0.0\n    cpu: 100\n",
        ),
        (
            "    image: example/worker:1.0.0\n",
            "    image: example/worker:1.0.0\n    architecture: arm\n",
        ),
        (
            "    image: example/worker:1.0.0\n",
            "    image: example/worker:1.0.0\n    environment: {1A: b}\n",
        ),
        (
            "    image: example/worker:1.0.0\n",
            "    existing: a/b\n    image: example/worker:1.0.0\n",
        ),
        (
            "    dead_letter:",
            "    existing: arn:aws:sqs:us-west-2:111122223333:orders\n    dead_letter:",
        ),
        ("notify:", "network: {vpc: vpc-0a1b2c3d}\nnotify:"),
        ("notify:", "network: none\nnotify:"),
        ("notify:", "cluster: {existing: a, name: b}\nnotify:"),
        ("notify:", "cluster: {capacity: ec2}\nnotify:"),
        ("notify:", "cluster: {capacity: {}}\nnotify:"),
        (
            "    image: example/worker:1.0.0\n",
            "    image: example/worker:1.0.0\n    load_balancer: {}\n",
        ),
        ("ops@example.com", "ops"),
    ] {
        let text = changed(from, to);
        assert!(parse("shop.yaml", &text).is_err(), "the reader takes {to}");
        assert!(!accepts(&text), "the schema takes {to}");
    }
}

/// Calls a function with every object of the format.
fn visit(object: &'static Object, act: &mut impl FnMut(&'static Object)) {
    act(object);
    for field in object.fields {
        visit_kind(field.kind, act);
    }
}

fn visit_kind(kind: Kind, act: &mut impl FnMut(&'static Object)) {
    match kind {
        Kind::Object(object) => visit(object, act),
        Kind::List(list) => visit_kind(list.of, act),
        Kind::Entries(entries) => visit_kind(entries.value, act),
        Kind::Either(forms) => {
            for form in forms {
                if let Form::Keyed(_, object) | Form::Object(object) = form {
                    visit(object, act);
                }
            }
        }
        Kind::Text(_)
        | Kind::Flag
        | Kind::Whole(_)
        | Kind::WholeOr(..)
        | Kind::Number(_)
        | Kind::Amount(_)
        | Kind::Time(_)
        | Kind::TimeOr(..)
        | Kind::Objective(_)
        | Kind::Word(_)
        | Kind::Filter
        | Kind::Patch
        | Kind::Overrides => {}
    }
}

/// The texts that a kind refers to directly.
fn texts(kind: Kind) -> Vec<&'static Text> {
    match kind {
        Kind::Text(text) => vec![text],
        Kind::List(list) => texts(list.of),
        Kind::Entries(entries) => [vec![entries.key], texts(entries.value)].concat(),
        _ => Vec::new(),
    }
}

#[test]
fn every_key_is_documented_and_every_example_is_taken() {
    let (mut keys, mut examples) = (0, 0);
    visit(&STACK, &mut |object| {
        for field in object.fields {
            keys += 1;
            assert!(
                field.doc.len() > 10 && field.doc.ends_with('.'),
                "{}: {}",
                field.name,
                field.doc
            );
            for text in texts(field.kind) {
                examples += 1;
                let example = text.example.trim_matches('"');
                assert!(text.accepts(example), "`{example}` isn't {}", text.what);
            }
        }
    });
    assert!(
        keys > 100 && examples > 35,
        "{keys} keys, {examples} examples"
    );
}

#[test]
fn every_default_is_taken_when_written_out() {
    visit(&STACK, &mut |object| {
        for field in object.fields {
            let Some(default) = field.default else {
                continue;
            };
            let schema = &schema_of(object)["properties"][field.name];
            let validator = jsonschema::validator_for(schema).unwrap();
            assert!(
                validator.is_valid(&schema["default"]),
                "{}: {default}",
                field.name
            );
        }
    });
}

fn schema_of(object: &'static Object) -> Value {
    crate::shape::object_schema(object)
}

#[test]
fn defaults_are_the_right_json() {
    let schema = schema();
    let at = |pointer: &str| schema.pointer(pointer).cloned();
    assert_eq!(
        at("/properties/termination_protection/default"),
        Some(json!(false))
    );
    assert_eq!(
        at("/properties/metric/properties/memory/default"),
        Some(json!(128))
    );
    assert_eq!(
        at("/properties/metric/properties/every/default"),
        Some(json!("1m"))
    );
    assert_eq!(at("/properties/notify/default"), Some(json!([])));
}

#[test]
fn the_reference_lists_every_key() {
    let page = reference();
    insta::assert_snapshot!("reference", page);
    visit(&STACK, &mut |object| {
        for field in object.fields {
            let row = |row: &str| {
                row.starts_with(&format!("| `{}` |", field.name))
                    && row.contains(&field.doc.replace('<', "&lt;"))
            };
            assert!(page.lines().any(row), "{}", field.name);
        }
    });
}

/// An editor completes and checks the content of an environment, where nothing is required and `null` removes.
#[test]
fn environments_have_the_keys_of_a_definition() {
    let schema = crate::schema();
    let takes = |patch: &str| {
        let text = format!("{BASE}environments: {{a: {patch}}}\n");
        jsonschema::is_valid(&schema, &json(&text))
    };
    for patch in [
        "{}",
        "{region: eu-west-1, services: {worker: {tasks: {max: 4, min: null}}}}",
        "{queues: {orders: {fifo: true, encryption: null, existing: 'arn:aws:sqs:eu-west-1:111122223333:o'}, more: null}}",
        "{services: {worker: {scaling: {backlog_per_task: null, demand: {processing_time: 2s}}}}}",
        "{cluster: {capacity: {ec2: {max: 9}}}, network: create, notify: []}",
    ] {
        assert!(takes(patch), "{patch}");
    }
    for patch in [
        "{regoin: eu-west-1}",
        "{services: {worker: {taks: {max: 4}}}}",
        "{services: {worker: {tasks: {max: many}}}}",
        "{environments: {}}",
        "{notify: {}}",
    ] {
        assert!(!takes(patch), "{patch}");
    }
}
