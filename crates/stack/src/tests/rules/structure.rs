//! Keys, types, and ranges.

use super::{IMAGE, LETTERS, PROMISE, TASKS, check, check_text, fine};
use crate::tests::{BASE, changed, problems};

#[test]
fn structure() {
    check(
        "name: shop",
        "nme: shop",
        "error 1:1 nme: unknown key `nme`",
    );
    check("name: shop\n", "", "error 1:1 name: `name` is missing");
    check(
        "name: shop",
        "name:",
        "error 1:1 name: expected a stack name, found nothing",
    );
    check(
        "name: shop",
        "name: [shop]",
        "error 1:7 name: expected a stack name, found a list",
    );
    check(
        "name: shop",
        "name: 5",
        "error 1:7 name: expected a stack name, found the number 5",
    );
    check(
        "name: shop",
        "name: true",
        "error 1:7 name: expected a stack name, found the boolean true",
    );
    check(
        "name: shop",
        "name: \"\"",
        "error 1:7 name: empty text isn't a stack name",
    );
    check(
        IMAGE,
        "",
        "error 9:3 services.worker.image: `image` is missing in `services.worker`",
    );
    check(
        IMAGE,
        "    image: example/worker:1.0.0\n    colour: red\n",
        "error 11:5 services.worker.colour: unknown key `colour`",
    );
    check(
        TASKS,
        "5",
        "error 12:12 services.worker.tasks: expected a mapping, found the number 5",
    );
    check(
        "[orders]",
        "orders",
        "error 11:15 services.worker.consumes: expected a list, found `orders`",
    );
    check(
        "[orders]",
        "[orders, orders]",
        "error 11:24 services.worker.consumes[1]: `orders` is listed twice",
    );
    let empty = "name: shop\nservices: {}\nnotify: [a@b.de]\n";
    check_text(empty, "error 2:11 services: `services` is empty");
}

#[test]
fn whole_numbers() {
    let path = "services.worker.tasks.max";
    for (value, message) in [
        ("ten", "expected a whole number, found `ten`"),
        ("\"10\"", "expected a whole number, found `10`"),
        ("10.5", "expected a whole number, found the number 10.5"),
        (".inf", "expected a whole number, found the number .inf"),
        (".nan", "expected a whole number, found the number .nan"),
        ("1e2", "expected a whole number, found the number 1e2"),
        ("-1", "-1 is out of range"),
        ("5001", "5001 is out of range"),
        (
            "99999999999999999999999999999999999999999999",
            "99999999999999999999999999999999999999999999 is out of range",
        ),
        ("010", "`010` starts with a zero"),
        ("true", "expected a whole number, found the boolean true"),
    ] {
        check(
            "max: 10",
            &format!("max: {value}"),
            &format!("error 12:26 {path}: {message}"),
        );
    }
    fine("max: 10", "max: 5000");
    fine("max: 10", "max: 0x10");
}

#[test]
fn durations() {
    let path = format!("{PROMISE}.acceptable_latency");
    for (value, message) in [
        ("10", "expected a duration, found the number 10"),
        ("1.5", "expected a duration, found the number 1.5"),
        ("10 m", "`10 m` isn't a duration"),
        ("1.5m", "`1.5m` isn't a duration"),
        ("ten minutes", "`ten minutes` isn't a duration"),
        ("-5m", "`-5m` isn't a duration"),
        ("0s", "0s is out of range"),
        ("15d", "15d is out of range"),
        (
            "99999999999999999999d",
            "`99999999999999999999d` isn't a duration",
        ),
    ] {
        check("10m", value, &format!("error 15:29 {path}: {message}"));
    }
    fine("10m", "1h30m");
    check(
        "60s",
        "1500ms",
        "error 6:25 queues.orders.visibility_timeout: `1500ms` isn't a whole number of seconds",
    );
    check(
        "60s",
        "13h",
        "error 6:25 queues.orders.visibility_timeout: 13h is out of range",
    );
    check(
        LETTERS,
        "    dead_letter: {after: 5}\n    retention: 59s\n",
        "error 8:16 queues.orders.retention: 59s is out of range",
    );
    check(
        LETTERS,
        "    dead_letter: {after: 5}\n    retention: 15d\n",
        "error 8:16 queues.orders.retention: 15d is out of range",
    );
}

#[test]
fn helps_say_what_to_write() {
    let help = |from: &str, to: &str| problems(&changed(from, to))[0].help().unwrap().to_owned();
    assert_eq!(
        help("\"111122223333\"", "111122223333"),
        "quote it: \"111122223333\""
    );
    // As a number, it would lose its first digit.
    assert_eq!(
        help("\"111122223333\"", "011122223333"),
        "quote it: \"011122223333\""
    );
    assert_eq!(help("max: 10", "max: '10'"), "write it without quotes: 10");
    assert_eq!(help("max: 10", "max: 010"), "write 10");
    assert_eq!(
        help("10m", "10"),
        "a duration needs its unit: write `10s` for seconds"
    );
    assert_eq!(help("10m", "10 m"), "write `10m`");
    assert_eq!(
        help("10m", "'600'"),
        "it needs its unit: write `600s` for seconds"
    );
    assert_eq!(help("60s", "1500ms"), "write `2s`");
    assert_eq!(help("60s", "13h"), "0s to 12h; the nearest is 12h");
    assert_eq!(help("[orders]", "orders"), "write it as a list: `[orders]`");
    assert_eq!(help("[orders]", "[order]"), "did you mean `orders`?");
    assert_eq!(
        help("notify:", "termination_protection: No\nnotify:"),
        "write `false`"
    );
    assert_eq!(help("tasks:", "tusks:"), "did you mean `tasks`?");
    assert_eq!(
        help("name: shop", "name: ~"),
        "quote it if the word is meant: \"~\""
    );
}

#[test]
fn one_mistake_is_told_once() {
    // Values that depend on a refused one aren't checked against its default.
    check(
        "10m",
        "ten",
        &format!("error 15:29 {PROMISE}.acceptable_latency: `ten` isn't a duration"),
    );
    check(
        "processing_time",
        "procesing_time",
        &format!("error 16:9 {PROMISE}.procesing_time: unknown key `procesing_time`"),
    );
    check("queues:", "queue:", "error 4:1 queue: unknown key `queue`");
    assert!(problems(BASE).is_empty());
}
