//! A fixture for each kind of export.

use std::time::Duration;

use crate::support::*;

/// Files of 50 messages in three minutes.
const FIFTY: &[&str] = &[
    "get-metric-data.json",
    "get-metric-statistics.json",
    "cloudwatch-console.csv",
    "logs-insights.json",
    "prometheus-increase.json",
    "grafana-german-excel.csv",
    "grafana-frames.json",
    "datadog-v1.json",
    "datadog-v2.json",
    "bigquery.csv",
    "bigquery.jsonl",
    "postgres.txt",
    "snowflake.csv",
    "excel-german-split.csv",
    "excel-us-pm.csv",
    "excel-serial.csv",
    "excel-unicode-text.txt",
    "powershell.csv",
    "mac-lines.csv",
    "elasticsearch.json",
    "newrelic.csv",
    "newrelic.json",
    "splunk-timechart.csv",
    "splunk.json",
    "azure-monitor.json",
    "google-monitoring.json",
    "list.json",
    "gnuplot.txt",
    "concatenated.csv",
    "influx-lines.txt",
    "newrelic-facet.json",
    "psql.txt",
    "mysql.txt",
];

/// File, number of messages, and duration of the whole load in seconds.
const OTHERS: &[(&str, usize, u64)] = &[
    ("logs-insights-messages.csv", 3, 60),
    ("prometheus-counter.json", 50, 240),
    ("grafana-units.csv", 2_150, 120),
    ("grafana-per-minute.csv", 250, 900),
    ("excel-german.csv", 1_050, 180),
    ("excel-german-rates.csv", 1_845, 120),
    ("excel-us.csv", 1_050, 180),
    ("influx-v1.json", 30, 180),
    ("kibana.csv", 1_050, 180),
    ("graphite.json", 30, 180),
    ("messages.jsonl", 3, 120),
    ("pandas.csv", 30, 180),
    ("apache.txt", 3, 60),
    ("counter-resets.csv", 140, 300),
    ("mixed-steps.csv", 1_500, 1_500),
    ("sparse.csv", 56, 780),
    ("datadog-graph.csv", 30, 120),
    ("kibana-times-of-day.csv", 30, 3_600),
    ("date-and-hour.csv", 30, 7_200),
    ("azure-monitor.csv", 30, 120),
    ("google-monitoring.csv", 30, 120),
    ("map.json", 30, 120),
    ("lists.json", 30, 120),
    ("victoriametrics.jsonl", 30, 120),
    ("sqs-attributes.csv", 2, 60),
    ("athena.csv", 30, 120),
    ("compact-date-and-time.csv", 30, 120),
    ("load-balancer.csv", 30, 120),
    ("aws-cli-text.txt", 30, 120),
    ("weeks.csv", 50, 21 * 86_400),
    // 30 and 31 days, and the last row lasts as long as the previous one.
    ("months.csv", 50, 92 * 86_400),
];

fn export(file: &str) -> String {
    format!("exports/{file}")
}

#[test]
fn exports_need_no_option() {
    let fifty = FIFTY.iter().map(|file| (*file, 50, 180));
    let mut wrong = Vec::new();
    for (file, expected, seconds) in fifty.chain(OTHERS.iter().copied()) {
        match read(&export(file), &ReadOptions::default()) {
            Ok(load) => {
                let found = (messages(&load), load.duration().as_secs());
                if found != (expected, seconds) {
                    wrong.push(format!("{file}: {found:?}: {:?}", load.notes()));
                }
            }
            Err(error) => wrong.push(format!("{file}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn exports_that_leave_a_choice_name_the_option() {
    let mut wrong = Vec::new();
    for (file, parts) in [
        ("get-metric-data-two.json", ["orders", "--count-column"]),
        (
            "get-metric-data-visible.json",
            ["Visible", "--count-column"],
        ),
        ("get-metric-data-part.json", ["NextToken", "--max-items"]),
        (
            "get-metric-statistics-average.json",
            ["Average", "--count-column"],
        ),
        ("cloudwatch-console-two.csv", ["returns", "--sum"]),
        ("prometheus-rate.json", ["--rows rate", "datapoint 1"]),
        ("prometheus-counters.json", ["pod=", "--sum"]),
        ("grafana-labels.csv", ["queue=", "--count-column"]),
        ("datadog-groups.csv", ["returns", "--sum"]),
        ("newrelic-facets.json", ["returns", "--sum"]),
        ("newrelic-nerdgraph-facets.json", ["returns", "--sum"]),
        ("influx-lines-two.txt", ["queue=returns", "--sum"]),
        ("influx-lines-broken.txt", ["line 2", "line protocol"]),
        ("influx-flux.csv", ["returns", "--sum"]),
        ("excel-us-ambiguous.csv", ["11/1/2026", "--date-order"]),
        (
            "looks-like-counter.csv",
            ["--rows counter", "--rows counts"],
        ),
        ("two-times.csv", ["created_at", "--time-column"]),
        ("counts-or-durations.csv", ["priority", "--duration-column"]),
        ("average.csv", ["Average", "--count-column"]),
        ("unclosed-quote.csv", ["line 3", "never closed"]),
        ("workbook.xlsx", ["workbook", "CSV"]),
        ("grafana-milli.csv", ["line 2", "500 mreq/s"]),
        ("no-times.json", ["JSON", "get-metric-data"]),
    ] {
        match read(&export(file), &ReadOptions::default()) {
            Ok(load) => wrong.push(format!("{file} was read: {:?}", load.notes())),
            Err(error) => {
                let message = error.to_string();
                if !parts.iter().all(|part| message.contains(part)) {
                    wrong.push(format!("{file}: {message}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn options_choose() {
    let order = ReadOptions {
        date_order: Some(simulator::DateOrder::Mdy),
        ..ReadOptions::default()
    };
    let time = ReadOptions {
        time_column: Some("sent_at".to_owned()),
        ..ReadOptions::default()
    };
    let duration = ReadOptions {
        duration_column: Some("duration_ms".to_owned()),
        ..ReadOptions::default()
    };
    let mut wrong = Vec::new();
    for (file, options, expected) in [
        ("get-metric-data-two.json", sum(), 61),
        ("get-metric-data-two.json", count_column("returns"), 11),
        ("get-metric-data-visible.json", count_column("value"), 50),
        ("cloudwatch-console-two.csv", count_column("orders"), 50),
        ("prometheus-rate.json", rows(Rows::Rates), 51),
        ("prometheus-counters.json", sum(), 60),
        ("prometheus-counter.json", rows(Rows::Counters), 50),
        ("grafana-labels.csv", sum(), 61),
        (
            "grafana-labels.csv",
            count_column("{queue=\"returns\"}"),
            11,
        ),
        ("datadog-groups.csv", count_column("orders"), 50),
        ("datadog-groups.csv", sum(), 68),
        ("influx-flux.csv", count_column("returns"), 18),
        ("influx-flux.csv", sum(), 68),
        ("excel-us-ambiguous.csv", order, 50),
        ("looks-like-counter.csv", rows(Rows::Counters), 77),
        ("looks-like-counter.csv", rows(Rows::Counts), 120_462),
        ("two-times.csv", time, 30),
        ("counts-or-durations.csv", duration, 2),
        ("average.csv", count_column("average"), 30),
    ] {
        match read(&export(file), &options) {
            Ok(load) if messages(&load) == expected => {}
            Ok(load) => wrong.push(format!("{file}: {}: {:?}", messages(&load), load.notes())),
            Err(error) => wrong.push(format!("{file}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mixed_steps_keep_their_rates() {
    let load = plain(&export("mixed-steps.csv"));
    let counts = per(&load, 300);
    assert_eq!(counts, [300; 5]);
    let first_minute = per(&load, 60)[0];
    assert!((30..90).contains(&first_minute), "{first_minute}");
}

#[test]
fn a_row_without_a_datapoint_is_a_gap() {
    let load = plain(&export("sparse.csv"));
    let counts = per(&load, 60);
    assert_eq!(counts, [10, 0, 0, 20, 20, 0, 0, 0, 0, 0, 0, 0, 6]);
}

#[test]
fn nothing_is_left_out_silently() {
    for (file, note) in [
        (
            "get-metric-statistics.json",
            "ignored columns: Average, SampleCount",
        ),
        ("get-metric-statistics.json", "sorted"),
        (
            "pandas.csv",
            "rows without a count, read as 0: 1 (the first is line 4)",
        ),
        ("excel-german-split.csv", "skipped: 1 (the first is line 5)"),
        ("concatenated.csv", "skipped: 1 (the first is line 4)"),
        ("counter-resets.csv", "messages are the differences"),
        ("cloudwatch-console.csv", "4 more rows"),
    ] {
        let load = plain(&export(file));
        let notes = load.notes().join("\n");
        assert!(notes.contains(note), "{file}: {notes}");
    }
}

#[test]
fn processing_times_are_those_of_their_column() {
    let load = plain(&export("messages.jsonl"));
    let quarter = u64::try_from(Duration::from_millis(250).as_nanos()).ok();
    assert!(load.arrivals(1).all(|message| message.work == quarter));
}
