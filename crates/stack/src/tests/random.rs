//! Nothing makes the reader panic, and valid definitions stay valid.

use proptest::prelude::*;

use super::example::EXAMPLE;
use super::{BASE, shown};
use crate::{Selection, duration, parse, parse_selected};

/// Pieces of YAML that are combined in unusual ways.
const PIECES: [&str; 48] = [
    "name",
    "services",
    "queues",
    "a",
    "tasks",
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "- ",
    ", ",
    "\n",
    "\n  ",
    "\n    ",
    "'",
    "\"",
    "|",
    ">",
    "&a",
    "*a",
    "!a",
    "!!int ",
    "? ",
    "#",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "0",
    "1e9",
    ".nan",
    "null",
    "true",
    "~",
    "10s",
    "日本",
    "\u{feff}",
    "\0",
    "\r",
    "\t",
    "\\",
    "<<",
    "@",
    "`",
    " ",
    "arn:aws:sqs:us-west-2:111122223333:a",
    "image",
];

/// Reads a text and prints its problems.
fn survive(text: &str) {
    let report = match parse("random.yaml", text) {
        Ok(loaded) => loaded.warnings,
        Err(report) => {
            assert!(report.has_errors());
            report
        }
    };
    shown(&report);
    for label in report.problems().iter().flat_map(crate::Problem::labels) {
        assert!(
            text.get(label.offset..label.offset + label.length)
                .is_some(),
            "{label:?}"
        );
    }
}

/// Valid and invalid arguments of `--set`.
fn argument() -> impl Strategy<Value = String> {
    let path = prop::sample::select(
        &[
            "",
            "name",
            "services.worker.tasks.max",
            "services.x",
            "queues.orders",
            "tags.\"a.b\"",
            "notify[0]",
            "a..b",
            "environments.a",
        ][..],
    );
    let value = prop::collection::vec(prop::sample::select(&PIECES[..]), 0..6);
    (path, any::<bool>(), value).prop_map(|(path, equals, value)| {
        format!("{path}{}{}", if equals { "=" } else { "" }, value.concat())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>()) {
        survive(&text);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survive(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_yaml(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        survive(&pieces.concat());
    }

    #[test]
    fn a_definition_with_a_piece_put_in(at in any::<prop::sample::Index>(), cut in 0..12_usize, piece in prop::sample::select(&PIECES[..])) {
        let characters: Vec<char> = EXAMPLE.chars().collect();
        let at = at.index(characters.len());
        let rest = &characters[(at + cut).min(characters.len())..];
        let text: String = characters[..at].iter().copied().chain(piece.chars()).chain(rest.iter().copied()).collect();
        survive(&text);
    }

    #[test]
    fn any_selection(environment in prop::option::of("[a-c]{1,2}"), set in prop::collection::vec(argument(), 0..4), patch in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..8)) {
        let text = format!("{BASE}environments: {{a: {{{}}}, b: {{name: x}}}}\n", patch.concat());
        let selection = Selection { environment, set };
        let report = match parse_selected("random.yaml", &text, &selection) {
            Ok(loaded) => loaded.warnings,
            Err(report) => report,
        };
        shown(&report);
        for label in report.problems().iter().flat_map(crate::Problem::labels) {
            prop_assert!(label.argument.is_none() || selection.set.contains(label.argument.as_ref().unwrap()));
        }
    }

    #[test]
    fn a_definition_with_a_value_replaced(line in 0..17_usize, value in prop::sample::select(&PIECES[..])) {
        let text: Vec<String> = BASE.lines().enumerate().map(|(index, old)| match old.split_once(": ") {
            Some((key, _)) if index == line => format!("{key}: {value}"),
            _ => old.to_owned(),
        }).collect();
        survive(&text.join("\n"));
    }

    #[test]
    fn sensible_values_are_taken(
        name in "[A-Za-z][A-Za-z0-9-]{0,127}",
        latency in 1_u64..1_209_600,
        processing in 1_u64..15_000,
        min in 1_u32..50,
        more in 0_u32..4_000,
    ) {
        prop_assume!(!["true", "false", "null"].contains(&name.to_lowercase().as_str()));
        let latency = std::time::Duration::from_secs(latency.clamp(processing / 1_000 + 1, 345_600));
        let text = BASE
            .replace("name: shop\n", "")
            .replace("latency: 10m", &format!("latency: {}", duration::format(latency)))
            .replace("processing_time: 1s", &format!("processing_time: {processing}ms"))
            .replace("min: 1, max: 10", &format!("min: {min}, max: {}", min + more));
        let text = format!("name: {name}\n{text}");
        let stack = parse("random.yaml", &text).map_err(|report| TestCaseError::fail(shown(&report)))?.stack;
        let worker = stack.services.get("worker").unwrap();
        prop_assert_eq!(worker.tasks.max, min + more);
        prop_assert_eq!(worker.backlog_per_task().unwrap().acceptable_latency, latency);
        prop_assert_eq!(stack.name, name);
    }

    #[test]
    fn durations_are_read_back(milliseconds in any::<u64>()) {
        let duration = std::time::Duration::from_millis(milliseconds);
        prop_assert_eq!(duration::parse(&duration::format(duration)), Some(duration));
    }
}
