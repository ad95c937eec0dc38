//! The crate's tests, through its public interface.

mod cases;
mod edit;
mod example;
mod extremes;
mod hostile;
mod load;
mod random;
mod report;
mod rules;
mod schema;
mod select;
mod shipped;
mod syntax;

use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::{Problem, Report, Severity, parse};

/// A definition without any problem, which the tests change in one place.
const BASE: &str = r#"name: shop
account: "111122223333"
region: us-west-2
queues:
  orders:
    visibility_timeout: 60s
    dead_letter: {after: 5}
services:
  worker:
    image: example/worker:1.0.0
    consumes: [orders]
    tasks: {min: 1, max: 10}
    scaling:
      backlog_per_task:
        acceptable_latency: 10m
        processing_time: 1s
notify: [ops@example.com]
"#;

/// The base with one piece replaced.
fn changed(from: &str, to: &str) -> String {
    assert_eq!(
        BASE.matches(from).count(),
        1,
        "`{from}` must stand in the base once"
    );
    BASE.replace(from, to)
}

/// Every problem of a text, errors and warnings.
fn problems(text: &str) -> Vec<Problem> {
    let report = match parse("shop.yaml", text) {
        Ok(loaded) => loaded.warnings,
        Err(report) => report,
    };
    report.problems().to_vec()
}

/// A problem in one line: severity, place, path, and message.
fn line(problem: &Problem) -> String {
    let severity = match problem.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let (line, column) = (problem.line(), problem.column());
    format!(
        "{severity} {line}:{column} {}: {}",
        problem.path(),
        problem.message()
    )
}

/// A report as the command line shows it, without colors.
fn shown(report: &Report) -> String {
    let mut text = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut text, report)
        .unwrap();
    text
}
