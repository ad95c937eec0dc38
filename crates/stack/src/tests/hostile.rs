//! Hostile files: each ends in an error, and costs no more than its size.
//!
//! A clock would make these tests flaky; a quadratic cost at these sizes would make them hang.

use super::{BASE, problems, shown};
use crate::parse;

const MEBIBYTE: usize = 1 << 20;

/// Bytes of most texts here: enough for four billion steps of a quadratic cost.
const MANY: usize = 1 << 16;

/// Reads and prints a text that must be refused; returns the first message.
#[track_caller]
fn refused(text: &str) -> String {
    let report = parse("hostile.yaml", text).unwrap_err();
    assert!(report.has_errors());
    assert!(
        report.problems().len() <= 200,
        "{}",
        report.problems().len()
    );
    let printed = shown(&report);
    assert!(printed.len() < 500_000, "{} bytes printed", printed.len());
    assert!(serde_json::to_string(&report).unwrap().len() < 500_000);
    report.problems()[0].message().to_owned()
}

/// A text repeated often enough that a quadratic cost would hang the test.
fn filled(piece: &str) -> String {
    piece.repeat(MANY / piece.len())
}

#[test]
fn a_text_over_the_limit_is_refused_unread() {
    let text = format!("{BASE}#{}", "x".repeat(MEBIBYTE));
    assert_eq!(
        refused(&text),
        "the definition is larger than 1048576 bytes"
    );
    let text = format!("{BASE}#{}", "x".repeat(MEBIBYTE - BASE.len() - 1));
    assert!(problems(&text).is_empty(), "the limit itself is fine");
}

#[test]
fn thousands_of_levels() {
    let deep = "nested deeper than 64 levels";
    assert_eq!(
        refused(&"[".repeat(1_000)),
        "not valid YAML: recursion limit exceeded"
    );
    assert_eq!(
        refused(&format!("{}{}", "[".repeat(100), "]".repeat(100))),
        deep
    );
    for piece in ["[", "{", "[{", "{a: ", "[a, ", "[[],", "{? "] {
        refused(&filled(piece));
    }
    assert_eq!(refused(&filled("- ")), deep);
    assert_eq!(refused(&filled("- - ")), deep);
    refused(&filled("? "));
    refused(&filled("? - "));
    let block: String = (0..1_400)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    assert_eq!(refused(&block), deep);
    let fine: String = (0..60)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    assert_eq!(refused(&fine), "unknown key `a`");
}

#[test]
fn bombs_of_anchors() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, last) in ('b'..='z').zip('a'..) {
        let list = vec![format!("*{last}"); 9].join(", ");
        bomb.push_str(&format!("{name}: &{name} [{list}]\n"));
    }
    assert_eq!(refused(&bomb), "anchors and aliases aren't supported");
    refused(&filled("&a "));
    refused(&filled("*a "));
    refused(&filled("- &a b\n"));
    refused(&filled("- *a\n"));
    refused(&filled("- !a b\n"));
}

#[test]
fn a_mebibyte_of_anything() {
    for piece in [
        "a",
        "1",
        " ",
        "\t",
        "\r",
        "a ",
        "a\n",
        "'",
        "\"",
        "|",
        ">",
        "- a\n",
        "a: b\n",
        "? a\n",
        "a, ",
        "[a, ",
        "{a, ",
        "[]\n",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "#\n",
        "# ",
        ":",
        ": ",
        "::",
        "\0",
        "\u{202e}",
        "日",
        "é: ",
        "\"\\u202e\" ",
        "<<: a\n",
        "1: a\n",
        "!a ",
        "!!",
        "@",
        "`",
        "%",
        ",",
        "-",
        "?",
        "''",
        "'' ",
        "\\",
        "{a: b}, ",
        "a:\n",
        "- \n",
    ] {
        refused(&filled(piece));
    }
    for (start, piece) in [
        ("name: ", "a"),
        ("name: ", "9"),
        ("name: '", "a"),
        ("name: \"", "\\\""),
        ("name: |\n", " a\n"),
        ("name: ", "日"),
        ("name: [", "a,"),
        ("name: [", ","),
        ("name: {", "a,"),
        ("name: {", "a: b,"),
        ("name: [", "a: b,"),
        ("name: [", "\"\":"),
        ("name: [", "[],"),
        ("name: [", "{},"),
        ("name: {", "{}: {},"),
        ("{", "a: "),
        ("", "a: a "),
        ("name: !", "a"),
    ] {
        refused(&format!(
            "{start}{}",
            piece.repeat((MANY - start.len()) / piece.len())
        ));
    }
}

#[test]
fn thousands_of_keys() {
    let keys: String = (0..20_000).map(|index| format!("k{index}: v\n")).collect();
    assert_eq!(refused(&keys), "the definition has 20000 keys");
    let twice: String = (0..20_000)
        .map(|index| format!("k{}: v\n", index / 2))
        .collect();
    assert_eq!(refused(&twice), "the key `k0` is set twice");
    let queues: String = (0..10_000)
        .map(|index| format!("  q{index}: {{}}\n"))
        .collect();
    refused(&format!("name: a\nqueues:\n{queues}services: {{}}\n"));
    let items: String = (0..20_000).map(|index| format!("q{index}, ")).collect();
    refused(&format!(
        "name: a\nservices: {{a: {{image: 'a:1', consumes: [{items}]}}}}\n"
    ));
    let values = refused(&"- a\n".repeat(60_000));
    assert_eq!(values, "the definition has more than 50000 values");
}

#[test]
fn hundreds_of_services_that_name_hundreds_of_unknown_queues() {
    let queues: String = (0..120)
        .map(|index| format!("  queue-number-{index}: {{}}\n"))
        .collect();
    let wrong: Vec<String> = (0..90)
        .map(|index| format!("queue-nomber-{index}"))
        .collect();
    let service = format!("{{image: 'a:1', consumes: [{}]}}", wrong.join(", "));
    let services: String = (0..120)
        .map(|index| format!("  s{index}: {service}\n"))
        .collect();
    refused(&format!("name: a\nqueues:\n{queues}services:\n{services}"));
    let keys: Vec<String> = (0..90).map(|index| format!("imoge{index}: a")).collect();
    let services: String = (0..120)
        .map(|index| format!("  s{index}: {{{}}}\n", keys.join(", ")))
        .collect();
    refused(&format!("name: a\nservices:\n{services}"));
}

#[test]
fn steps_and_numbers_without_end() {
    let start = "name: a\nservices:\n  s:\n    image: 'a:1'\n    tasks: {max: 5}\n    scaling: {steps: {metric: {namespace: a, name: b, statistic: Sum}, scale_out: ";
    let out = |side: &str| format!("{start}{side}}}}}\n");
    let steps: String = (0..5_000)
        .map(|from| format!("{{from: {from}, add: 1}}, "))
        .collect();
    assert_eq!(
        refused(&out(&format!("{{above: 1, steps: [{steps}]}}"))),
        "`services.s.scaling.steps.scale_out.steps` has 5000 items"
    );
    let digits = "9".repeat(MANY);
    for side in [
        format!("{{above: {digits}, add: 1}}"),
        format!("{{above: 1.{digits}e{digits}, add: 1}}"),
        format!("{{above: 1, add: {digits}}}"),
        format!("{{above: 1, add: {digits}%}}"),
        format!("{{above: 1, steps: [{{from: {digits}, add: 1}}]}}"),
        format!("{{above: 1, add: 1, for: {digits}}}"),
    ] {
        refused(&out(&side));
    }
    let metric = |statistic: &str| {
        out("{above: 1, add: 1}").replace("statistic: Sum", &format!("statistic: '{statistic}'"))
    };
    for piece in ["p9", "TM(1", "9", "PR(1:", "(", ":"] {
        refused(&metric(&filled(piece)));
    }
}

#[test]
fn a_long_line_is_named_and_not_shown() {
    let text = BASE.replace(
        "name: shop",
        &format!("name: my_shop # {}", "x".repeat(100_000)),
    );
    let report = parse("hostile.yaml", &text).unwrap_err();
    let printed = shown(&report);
    assert!(
        printed.contains("`my_shop` isn't a stack name (hostile.yaml:1:7)"),
        "{printed}"
    );
    assert!(printed.len() < 2_000);
}

#[test]
fn the_rest_is_counted() {
    let keys: Vec<String> = (0..90).map(|index| format!("bad{index}: a")).collect();
    let services: String = (0..5)
        .map(|index| format!("  s{index}: {{{}}}\n", keys.join(", ")))
        .collect();
    let report = parse("hostile.yaml", &format!("name: a\nservices:\n{services}")).unwrap_err();
    assert_eq!(
        report.problems().len(),
        101,
        "and the warning that nobody is told"
    );
    assert_eq!(
        report.omitted(),
        5 * 91 - 100,
        "each service lacks its image, too"
    );
    assert_eq!(
        report.to_string(),
        "100 errors, 1 warning, 355 more not shown in hostile.yaml"
    );
}
