//! The result of `init --from`, formatted for people.

use simulator::{format_dollars, format_duration, format_share};

use super::judge::{Judgment, Row};
use super::live::Adopted;
use crate::table::Table;
use crate::workshop::program;

/// Formats the written file, the two weeks as a table, and the next steps.
pub(super) fn format_result(adopted: &Adopted) -> String {
    let mut text = format!("scaling now: {}\n", adopted.present);
    for line in &adopted.readings.unread {
        text.push_str(&format!("not read: {line}\n"));
    }
    text.push('\n');
    text.push_str(&format_judgment(&adopted.simulated));
    text.push_str(&format_next(adopted));
    text
}

fn format_judgment(judgment: &Judgment) -> String {
    let mut text = String::new();
    if !judgment.rows.is_empty() {
        text.push_str(&format!(
            "the last {}, simulated with {} messages\n{}",
            format_duration(judgment.seconds),
            judgment.messages,
            table(&judgment.rows)
        ));
    }
    for line in &judgment.missing {
        text.push_str(&format!("{line}\n"));
    }
    for note in &judgment.notes {
        text.push_str(&format!("- {note}\n"));
    }
    if !judgment.rows.is_empty() {
        text.push_str("- one run of each; `simulate --load cloudwatch --compare` shows ranges and other policies\n");
    }
    text.push('\n');
    text
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new([
        "policy",
        "objective",
        "within",
        "p99 wait",
        "tasks",
        "tasks/month",
        "rest/month",
    ])
    .texts(2);
    let dollars = |amount: Option<f64>| amount.map_or_else(|| "–".to_owned(), format_dollars);
    for row in rows {
        table.row([
            if row.present {
                "now"
            } else {
                "this definition"
            }
            .to_owned(),
            row.slo.clone(),
            format_share(row.within_objective),
            format_duration(row.p99),
            format!("{:.1}", row.tasks),
            dollars(row.tasks_per_month),
            dollars(row.rest_per_month),
        ]);
    }
    table.format()
}

fn format_next(adopted: &Adopted) -> String {
    let Some(file) = &adopted.written else {
        return String::new();
    };
    let program = program();
    let asks = adopted.definition.contains("# slo: ");
    match asks {
        true => format!("wrote {file}: set `slo`, then `{program} validate {file}`\n"),
        false => format!("wrote {file}: read its comments, then `{program} validate {file}`\n"),
    }
}
