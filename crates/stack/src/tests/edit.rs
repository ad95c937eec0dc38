//! Edits change values in the text, and nothing else.

use std::time::Duration;

use proptest::prelude::*;

use super::{BASE, changed};
use crate::model::{Cooldown, Demand, Scaling};
use crate::{Actuator, Edit, EditError, Stack, edit, parse};

const LATENCY: [&str; 5] = [
    "services",
    "worker",
    "scaling",
    "backlog_per_task",
    "acceptable_latency",
];
const OUT: [&str; 6] = [
    "services",
    "worker",
    "scaling",
    "backlog_per_task",
    "cooldown",
    "out",
];
const MIN: [&str; 4] = ["services", "worker", "tasks", "min"];
const OLDEST: [&str; 2] = ["alarms", "oldest_message"];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn stack(text: &str) -> Stack {
    parse("t.yaml", text)
        .unwrap_or_else(|report| panic!("{report}\n{text}"))
        .stack
}

/// The text after the edits, with the stack that it defines.
#[track_caller]
fn edited(text: &str, edits: &[Edit], intend: impl FnOnce(&mut Stack)) -> String {
    let mut intended = stack(text);
    intend(&mut intended);
    edit(text, edits, &intended).unwrap_or_else(|error| panic!("{error}"))
}

fn backlog(stack: &mut Stack) -> &mut crate::BacklogPerTask {
    let worker = stack.services.get_mut("worker").unwrap();
    let scaling = worker.scaling.as_mut().unwrap();
    scaling.backlog_per_task.as_mut().unwrap()
}

fn all_four(stack: &mut Stack) {
    backlog(stack).acceptable_latency = seconds(90);
    backlog(stack).cooldown.out = seconds(30);
    stack.services.get_mut("worker").unwrap().tasks.min = 3;
    stack.alarms.oldest_message = Some(seconds(600));
}

fn four() -> [Edit; 4] {
    [
        Edit::duration(&LATENCY, seconds(90)),
        Edit::duration(&OUT, seconds(30)),
        Edit::number(&MIN, 3),
        Edit::duration(&OLDEST, seconds(600)),
    ]
}

#[test]
fn values_are_replaced_and_keys_are_added() {
    let text = edited(BASE, &four(), all_four);
    let expected = BASE
        .replace("latency: 10m", "latency: 1m30s")
        .replace("time: 1s\n", "time: 1s\n        cooldown: {out: 30s}\n")
        .replace("min: 1", "min: 3")
        + "alarms: {oldest_message: 10m}\n";
    assert_eq!(text, expected);
}

#[test]
fn comments_quotes_styles_and_line_endings_stay() {
    let text = "# 日本 head\nname: shop   # the shop\nqueues: {orders: {}}  # one\nservices:\n    worker:\n        image: 'a/b:1'   # quoted\n        \"tasks\":   # few\n            max:    10 # at most\n            min:    1\n        consumes:\n        - orders\n        scaling: # by backlog\n            backlog_per_task: {acceptable_latency: \"10m\", # the promise\n                processing_time: '1s', cooldown: { in : 5m ,} }\n# the end";
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let found = edited(&text, &four(), all_four);
        let line = if text.contains('\r') { "\r\n" } else { "\n" };
        let expected = text
            .replace("\"10m\"", "\"1m30s\"")
            .replace("in : 5m ,}", "in : 5m, out: 30s ,}")
            .replace("min:    1", "min:    3")
            .replace(
                &format!("{line}# the end"),
                &format!("{line}alarms: {{oldest_message: 10m}}{line}# the end"),
            );
        assert_eq!(found, expected);
    }
}

#[test]
fn json_stays_json() {
    let text = r#"{"name": "shop", "queues": {"orders": {}}, "services": {"worker": {"image": "a/b:1", "consumes": ["orders"], "tasks": {"max": 10}, "scaling": {"backlog_per_task": {"acceptable_latency": "10m", "processing_time": "1s"}}}}}"#;
    let found = edited(text, &four(), all_four);
    assert!(
        serde_json::from_str::<serde_json::Value>(&found).is_ok(),
        "{found}"
    );
    assert!(
        found.contains(r#""tasks": {"max": 10, "min": 3}"#),
        "{found}"
    );
}

#[test]
fn odd_places_are_edited_or_refused_but_never_broken() {
    // After a last value in block style with several lines, the key is added before the first one.
    let text = changed(
        "        processing_time: 1s\n",
        "        processing_time: >-\n          1s\n\n",
    );
    let found = edited(&text, &four(), all_four);
    assert!(found.contains("cooldown: {out: 30s}"), "{found}");
    // A value at the end of the file without a line break.
    let text = changed("notify: [ops@example.com]\n", "notify: [ops@example.com]");
    let found = edited(&text, &four(), all_four);
    assert!(
        found.ends_with("notify: [ops@example.com]\nalarms: {oldest_message: 10m}"),
        "{found}"
    );
    // A mapping instead of a value.
    let intended = stack(BASE);
    let error = edit(BASE, &[Edit::number(&MIN[..3], 3)], &intended).unwrap_err();
    assert_eq!(
        error.to_string(),
        "services.worker.tasks can't be changed without affecting the text around it"
    );
}

#[test]
fn what_would_mean_something_else_is_refused() {
    let intended = stack(BASE);
    let error = edit(BASE, &[Edit::number(&MIN, 3)], &intended).unwrap_err();
    assert!(matches!(error, EditError::Meaning), "{error}");
    let error = edit(BASE, &[Edit::number(&MIN, 30)], &intended).unwrap_err();
    assert!(matches!(error, EditError::InvalidResult(_)), "{error}");
    let aliased = changed("tasks: {min: 1", "tasks: {min: &a 1");
    let error = edit(&aliased, &[Edit::number(&MIN, 3)], &intended).unwrap_err();
    assert!(
        matches!(&error, EditError::Invalid(report) if format!("{report:?}").contains("anchors")),
        "{error:?}"
    );
}

#[test]
fn another_law_takes_the_place_of_one() {
    let before = changed(
        "        processing_time: 1s\n",
        "        processing_time: 1s   # measured in May\n        count: [visible]\n        source: lambda # ours\n        cooldown: {out: 60s, in: 300s}\n",
    );
    let under = |key: &'static str| ["services", "worker", "scaling", "demand", key];
    let edits = [
        Edit::rename(&LATENCY[..4], "demand"),
        Edit::remove(&under("count")),
        Edit::remove(&under("source")),
        Edit::remove(&under("cooldown")),
        Edit::duration(&under("window"), seconds(300)),
    ];
    let found = edited(&before, &edits, |stack| {
        let worker = stack.services.get_mut("worker").unwrap();
        worker.scaling = Some(Scaling {
            demand: Some(Demand {
                acceptable_latency: seconds(600),
                processing_time: Some(seconds(1)),
                concurrency: 1,
                actuator: Actuator::Function,
                every: seconds(5),
                warm: scaling::Warm::Auto,
                task_start: seconds(40),
                window: seconds(300),
                cooldown: Cooldown {
                    out: Duration::ZERO,
                    r#in: Duration::ZERO,
                },
            }),
            ..Scaling::default()
        });
    });
    let expected = before
        .replace("backlog_per_task:", "demand:")
        .replace("        count: [visible]\n", "")
        .replace("source: lambda ", "")
        .replace(
            "        cooldown: {out: 60s, in: 300s}\n",
            "        window: 5m\n",
        );
    // The comment of a removed key stays.
    let lines = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(&found), lines(&expected), "{found}");
}

/// Definitions in several styles, each with a service `worker`.
fn styles() -> Vec<String> {
    let commented: String = BASE
        .lines()
        .map(|line| format!("# über {}\n{line}   # {}\n", line.len(), line.trim().len()))
        .collect();
    vec![
        BASE.to_owned(),
        BASE.replace('\n', "\r\n"),
        format!("\u{feff}{BASE}"),
        format!("---\n{BASE}...\n"),
        commented,
        changed("tasks: {min: 1, max: 10}", "tasks:\n      max: 10"),
        changed(
            "tasks: {min: 1, max: 10}",
            "tasks: {\n      max: 10 ,  # most\n    }",
        ),
        changed("tasks: {min: 1, max: 10}", "tasks: {'max': 10}"),
        changed("latency: 10m", "latency:   '10m'  # \"so\""),
    ]
}

/// The comments of a text, in their order; the samples contain `#` only in comments.
fn comments(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.split_once('#'))
        .map(|(_, comment)| comment)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_what_is_meant_changes(
        style in 0_usize..9,
        latency in proptest::option::of(1_u64..90_000),
        out in proptest::option::of(0_u64..3_600),
        r#in in proptest::option::of(0_u64..3_600),
        min in proptest::option::of(0_u32..10),
        max in proptest::option::of(10_u32..5_000),
        oldest in proptest::option::of(60_u64..90_000),
        turned in any::<bool>(),
    ) {
        let text = &styles()[style];
        let mut intended = stack(text);
        let mut edits = Vec::new();
        // Dividing by milliseconds gives durations with several units.
        if let Some(latency) = latency {
            let latency = Duration::from_millis(1_000 + latency * 7);
            backlog(&mut intended).acceptable_latency = latency;
            edits.push(Edit::duration(&LATENCY, latency));
        }
        if let Some(out) = out {
            backlog(&mut intended).cooldown.out = seconds(out);
            edits.push(Edit::duration(&OUT, seconds(out)));
        }
        if let Some(r#in) = r#in {
            backlog(&mut intended).cooldown.r#in = seconds(r#in);
            let path = ["services", "worker", "scaling", "backlog_per_task", "cooldown", "in"];
            edits.push(Edit::duration(&path, seconds(r#in)));
        }
        if let Some(min) = min {
            intended.services.get_mut("worker").unwrap().tasks.min = min;
            edits.push(Edit::number(&MIN, min));
        }
        if let Some(max) = max {
            intended.services.get_mut("worker").unwrap().tasks.max = max;
            edits.push(Edit::number(&["services", "worker", "tasks", "max"], max));
        }
        if let Some(oldest) = oldest {
            intended.alarms.oldest_message = Some(seconds(oldest));
            edits.push(Edit::duration(&OLDEST, seconds(oldest)));
        }
        if turned {
            edits.reverse();
        }
        let found = edit(text, &edits, &intended)
            .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(stack(&found), intended);
        prop_assert_eq!(comments(&found), comments(text));
        // Only the lines of these keys have changed, or were removed.
        let keys = ["acceptable_latency", "out:", "in:", "min:", "max:", "oldest_message", "tasks:", "cooldown:"];
        let others = |text: &str| -> Vec<String> {
            text.split('\n')
                .filter(|line| !line.is_empty() && !keys.iter().any(|key| line.contains(key)))
                .map(str::to_owned)
                .collect()
        };
        prop_assert_eq!(others(&found), others(text));
        prop_assert_eq!(found.contains('\r'), text.contains('\r'));
        if edits.is_empty() {
            prop_assert_eq!(&found, text);
        }
    }
}
