//! For each rule, one change of a valid definition, and the one problem that it causes.

mod capacity;
mod consumed;
mod containers;
mod demand;
mod deployment;
mod hardening;
mod keys;
mod log_router;
mod names;
mod objective;
mod openness;
mod overrides;
mod permissions;
mod providers;
mod queues;
mod recipients;
mod scaling;
mod schedules;
mod senders;
mod services;
mod shares;
mod slo;
mod steps;
mod structure;
mod thresholds;
mod volumes;

use super::{changed, line, problems};

/// Checks that a change causes exactly this problem.
#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    check_text(&changed(from, to), expected);
}

#[track_caller]
fn check_text(text: &str, expected: &str) {
    let found = problems(text);
    let lines: Vec<String> = found.iter().map(line).collect();
    assert_eq!(lines, [expected], "\n{text}");
    assert!(
        found[0].help().is_some_and(|help| !help.is_empty()),
        "every problem has its help"
    );
}

/// Checks that a change is fine.
#[track_caller]
fn fine(from: &str, to: &str) {
    let text = changed(from, to);
    let lines: Vec<String> = problems(&text).iter().map(line).collect();
    assert!(lines.is_empty(), "{lines:?}\n{text}");
}

const TASKS: &str = "{min: 1, max: 10}";
const LETTERS: &str = "    dead_letter: {after: 5}\n";
const NOTIFY: &str = "notify: [ops@example.com]\n";
const IMAGE: &str = "    image: example/worker:1.0.0\n";
const PROMISE: &str = "services.worker.scaling.backlog_per_task";
