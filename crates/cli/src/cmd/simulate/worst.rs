//! The times in which most messages were late.

use simulator::{LateTime, Report, format_duration};

use super::chart::format_short;
use crate::table::Table;

/// Times that are shown.
const SHOWN: usize = 3;

/// The worst of them, and how many there are. Nothing if there are none.
pub(super) fn format_worst(report: &Report) -> String {
    let late = &report.outcome.late_times;
    if late.worst.is_empty() {
        return String::new();
    }
    let heads = [
        "start",
        "lasts",
        "late",
        "longest wait",
        "load per second",
        "tasks",
    ];
    let mut table = Table::new(heads).indent(2);
    for time in late.worst.iter().take(SHOWN) {
        table.row(describe(time));
    }
    let of = match late.count {
        1 => "the time with late messages".to_owned(),
        count => format!("the worst of {count} times with late messages"),
    };
    format!("\n  {of}\n{}", table.format())
}

fn describe(time: &LateTime) -> [String; 6] {
    let course = |from: f64, to: f64| format!("{} → {}", format_short(from), format_short(to));
    [
        format!("after {}", format_duration(time.at)),
        format_duration(time.lasts),
        indicatif::HumanCount(time.late).to_string(),
        format_duration(time.longest_wait),
        course(time.load_before, time.load_max),
        course(time.tasks_before.into(), time.tasks_max.into()),
    ]
}
