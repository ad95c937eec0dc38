//! What tuning found, for people.

use comfy_table::{CellAlignment, Table, presets};
use console::Style;
use simulator::{
    Figures, Law, LiftedLimit, Limits, Part, Tuned, format_dollars, format_duration, format_share,
};

use crate::simulation::bills_table;

pub(super) fn format_tuned(tuned: &Tuned) -> String {
    let style = if tuned.keeps() {
        Style::new().green().bold()
    } else {
        Style::new().red().bold()
    };
    let mut text = format!("{}: {}\n", tuned.name, style.apply_to(tuned.verdict()));
    text.push_str(&format!("\n{}\n", settings_table(tuned)));
    text.push_str(&format_rejected(tuned));
    text.push_str(&format!("\n{}", format_bills(tuned)));
    text.push_str(&format_changes(tuned));
    if let Some(limits) = &tuned.limits {
        text.push_str(&in_the_way(tuned, limits));
    }
    text.push_str(&format!(
        "\nsearched: {} candidates in {} simulations of {} messages in all\nassumed:\n",
        tuned.candidates, tuned.simulations, tuned.messages
    ));
    for note in &tuned.notes {
        text.push_str(&format!("- {note}\n"));
    }
    text
}

fn settings_table(tuned: &Tuned) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "part of the load",
        "policy",
        "within objective",
        "p99 wait",
        "a month",
        "task-hours",
        "actions",
        "most tasks",
    ]);
    let other = tuned.other_policy.as_ref().map(|other| {
        let name = match other.tuning.settings.law {
            Law::Demand => "demand scaling",
            Law::BacklogPerTask => "backlog per task",
        };
        (name, other.tuning)
    });
    let name = if tuned.keeps() { "tuned" } else { "nearest" };
    let policies = [("present", tuned.present), (name, tuned.tuned)];
    let policies = || policies.into_iter().chain(other);
    let mut add = |name: &str, part: &Part, rows: Vec<(&str, Figures)>| {
        let mut title = format!("{name}, {}", format_duration(part.seconds));
        for (policy, figures) in rows {
            table.add_row([
                std::mem::take(&mut title),
                policy.to_owned(),
                format_share(figures.within_objective),
                format_duration(figures.p99),
                format_dollars(figures.cost_per_month),
                format!("{:.1}", figures.task_hours),
                format!("{:.0}", figures.actions),
                figures.most.to_string(),
            ]);
        }
    };
    let searched = policies().map(|(name, one)| (name, one.searched));
    add("searched", &tuned.searched, searched.collect());
    if let Some(part) = &tuned.holdout {
        let holdout = policies().filter_map(|(name, one)| Some((name, one.holdout?)));
        add("holdout", part, holdout.collect());
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// What the present and the tuned parameters cost in the training period, item by item.
fn format_bills(tuned: &Tuned) -> String {
    let name = if tuned.keeps() { "tuned" } else { "nearest" };
    bills_table(&[
        ("present", tuned.present.searched.bill_per_month),
        (name, tuned.tuned.searched.bill_per_month),
    ])
}

/// The finalists that missed the objective, with their results in both periods.
fn format_rejected(tuned: &Tuned) -> String {
    let Some(caution) = &tuned.caution else {
        return String::new();
    };
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["rejected", "training", "holdout", "a month", ""]);
    let share = |figures: Figures| format_share(figures.within_objective);
    for one in &tuned.rejected {
        let tuning = one.tuning;
        table.add_row([
            tuning.settings.summary(),
            share(tuning.searched),
            tuning.holdout.map(share).unwrap_or_default(),
            format_dollars(tuning.searched.cost_per_month),
            one.reason().to_owned(),
        ]);
    }
    for column in table.column_iter_mut().skip(1).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("\n{table}\n{caution}\n")
}

fn format_changes(tuned: &Tuned) -> String {
    if tuned.changes.is_empty() {
        return "\nnothing changes\n".to_owned();
    }
    let head = if tuned.keeps() {
        "changes"
    } else {
        "what comes nearest"
    };
    let lines = tuned
        .changes
        .iter()
        .map(|change| format!("  {}: {} → {}\n", change.key, change.old, change.new));
    format!("\n{head}:\n{}", lines.collect::<String>())
}

/// What stands in the way, from the experiments with one limit lifted.
fn in_the_way(tuned: &Tuned, limits: &Limits) -> String {
    let kept = format_share(limits.within_objective);
    let head = if tuned.found {
        format!(
            "\nmost of the tasks that are ever needed ({}) are always there: with at most half of them, at best {kept} are \
             within the objective. Limiting factor: {}. Without it:\n",
            limits.peak,
            limits.binding()
        )
    } else {
        format!("\nlimiting factors: {kept} are within the objective, and would be without:\n")
    };
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let rows = limits.lifted.iter().chain([&limits.standing]);
    let last = limits.lifted.len();
    for (index, lift) in rows.enumerate() {
        let LiftedLimit {
            limit,
            within_objective,
            cost_per_month,
            enough,
        } = lift;
        let with = if index == last { "with " } else { "" };
        table.add_row([
            format!(" {with}{limit}"),
            format_share(*within_objective),
            format!("{} a month", format_dollars(*cost_per_month)),
            if *enough { "enough" } else { "" }.to_owned(),
        ]);
    }
    for column in table.column_iter_mut().skip(1).take(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{head}{table}\n")
}
