//! Cases from public bug reports and public export formats. The files are named after the reports.

use crate::support::*;

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

/// File, number of messages, and duration of the whole load in seconds.
const READ: &[(&str, usize, u64)] = &[
    ("b-03/in.csv", 160, 15 * MINUTE),
    ("b-03/avg_sum.csv", 30, 2 * MINUTE),
    ("b-03/dp.csv", 30, 2 * MINUTE),
    ("b-06/api.csv", 600, 3 * DAY),
    ("b-06/two.csv", 600, 3 * DAY),
    ("b-06/ymd.csv", 1_200, 32 * DAY),
    ("b-08/plain.csv", 30, 2 * MINUTE),
    ("b-08/ms.csv", 30, 2 * MINUTE),
    ("b-08/null.csv", 30, 3 * MINUTE),
    ("b-08/influx_ns.csv", 50, 3 * MINUTE),
    ("b-08/influx_cli.csv", 50, 3 * MINUTE),
    ("b-08/long.csv", 30, 2 * MINUTE),
    ("b-08/unit.csv", 1_845, 2 * MINUTE),
    ("b-12/account.csv", 30, 2 * MINUTE),
    ("b-12/account_real.csv", 30, 2 * MINUTE),
    ("b-12/network.csv", 30, 2 * MINUTE),
    ("b-12/duration_requests.csv", 30, 2 * MINUTE),
    ("b-12/elapsed.csv", 30, 2 * MINUTE),
    ("b-12/visible.csv", 30, 2 * MINUTE),
    ("b-12/response.csv", 50, 3 * MINUTE),
    ("b-14/a.csv", 30, 2 * MINUTE),
    ("b-14/insights.csv", 30, 2 * MINUTE),
    ("b-14/bigquery_utc.csv", 30, 2 * MINUTE),
    ("b-14/datetime_split.csv", 30, 2 * MINUTE),
    ("b-14/desc.csv", 30, 2 * MINUTE),
    ("b-14/rfc2822.csv", 30, 2 * MINUTE),
    ("b-14/logs_insights.csv", 30, 10 * MINUTE),
    ("b-15/in.csv", 620, 13),
    ("b-15/iso.csv", 1_300, 35),
];

#[test]
fn every_message_of_a_file_arrives_in_its_time() {
    for (file, expected, seconds) in READ {
        let load = plain(&format!("cases/{file}"));
        assert_eq!(messages(&load), *expected, "{file}: {:?}", load.notes());
        assert_eq!(
            load.duration().as_secs(),
            *seconds,
            "{file}: {:?}",
            load.notes()
        );
    }
}

#[test]
fn ignored_columns_are_named() {
    for (file, name) in [
        ("account", "account_id"),
        ("account_real", "account_id"),
        ("network", "network_id"),
        ("duration_requests", "duration_ms"),
        ("elapsed", "Elapsed (ms)"),
        ("visible", "ApproximateNumberOfMessagesVisible"),
        ("response", "response_time_ms"),
    ] {
        let load = plain(&format!("cases/b-12/{file}.csv"));
        let note = format!("ignored columns: {name}");
        assert!(load.notes().contains(&note), "{file}: {:?}", load.notes());
    }
}

#[test]
fn several_columns_are_a_choice() {
    let file = "cases/b-08/two.csv";
    let message = refused(file);
    for part in ["queue-a", "queue-b", "--count-column", "--sum"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(messages(&read(file, &sum()).unwrap()), 41);
    assert_eq!(messages(&read(file, &count_column("queue-a")).unwrap()), 30);
    assert_eq!(messages(&read(file, &count_column("3")).unwrap()), 11);
    let error = read(file, &count_column("queue-c"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("queue-c") && error.contains("queue-b"),
        "{error}"
    );
}

#[test]
fn series_have_names() {
    let load = read("cases/b-08/long.csv", &count_column("a")).unwrap();
    assert_eq!(messages(&load), 30);
    assert!(read("cases/b-08/long.csv", &count_column("b")).is_err());
}

#[test]
fn a_rate_needs_its_unit() {
    let message = refused("cases/b-08/rate.csv");
    assert!(message.contains("--rows rate"), "{message}");
    let load = read("cases/b-08/rate.csv", &rows(Rows::Rates)).unwrap();
    assert_eq!(messages(&load), 1_845);
}

#[test]
fn a_row_that_is_no_time_is_named_by_its_line() {
    for (file, line) in [("total", 4), ("typo_first", 1), ("typo_header", 2)] {
        let message = refused(&format!("cases/b-14/{file}.csv"));
        assert!(
            message.starts_with(&format!("line {line}: ")),
            "{file}: {message}"
        );
    }
}

#[test]
fn clocks_that_go_back_are_named() {
    let message = refused("cases/b-14/dst.csv");
    assert!(
        message.starts_with("line 4: ") && message.contains("daylight saving"),
        "{message}"
    );
}

#[test]
fn implausible_loads_are_refused_with_number_and_limit() {
    let message = within(plain("cases/b-14/huge.csv")).unwrap_err();
    for part in ["9,000,000,000,000,020", "100,000,000", "--max-messages"] {
        assert!(message.contains(part), "{message}");
    }
    let message = within(plain("cases/b-14/longgap.csv")).unwrap_err();
    for part in ["1,388,889 days", "400 days", "--max-span"] {
        assert!(message.contains(part), "{message}");
    }
    for generator in [
        "constant:rate=1000000/s,for=1d",
        "poisson:rate=1/s,for=3650d",
    ] {
        assert!(
            within(Load::generate(generator).unwrap()).is_err(),
            "{generator}"
        );
    }
    for generator in [
        "on-off:on=1000000/s,on_for=1s,off_for=1d,for=10d",
        "flash-crowd:base=1/s,peak=1000/s,at=1h,for=1d",
        "mmpp:rates=1/s|100/s,stays=9m|1m,for=20d",
        "daily:low=0/s,high=20/s,for=14d",
    ] {
        assert!(
            within(Load::generate(generator).unwrap()).is_ok(),
            "{generator}"
        );
    }
}

#[test]
fn lines_are_counted_as_editors_count_them() {
    for (file, line) in [
        ("lf", 4),
        ("crlf", 4),
        ("crlf_blank", 6),
        ("lf_comment", 7),
        ("quoted_newline", 4),
    ] {
        let message = refused(&format!("cases/b-16/{file}.csv"));
        assert_eq!(
            message,
            format!("line {line}: \"x\" isn't a number"),
            "{file}"
        );
    }
}

#[test]
fn a_load_of_one_instant_has_a_length() {
    let load = plain("cases/a-17/batch.csv");
    assert_eq!(load.duration().as_secs(), 60);
    assert_eq!(messages(&load), 1_000);
}
