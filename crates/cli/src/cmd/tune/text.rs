//! The result of tuning, formatted for people.

use console::Style;
use simulator::{
    Figures, Law, LiftedLimit, Limits, Part, Tuned, format_dollars, format_duration, format_share,
};

use crate::simulation::bills_table;
use crate::table::Table;
use crate::words::name_scenario;

pub(super) fn format_tuned(tuned: &Tuned) -> String {
    let (sign, style) = match tuned.keeps() {
        true => ("✓", Style::new().green().bold()),
        false => ("✗", Style::new().red().bold()),
    };
    let verdict = format!("{sign} {}: {}", name_scenario(&tuned.name), tuned.verdict());
    let mut text = format!("{}\n", style.apply_to(verdict));
    text.push_str(&format_periods(tuned));
    text.push_str(&format_rejected(tuned));
    text.push_str(&format_changes(tuned));
    // The cause and the advice belong here.
    text.push_str(&format!("\n{}", format_bills(tuned)));
    if let Some(limits) = &tuned.limits {
        text.push_str(&in_the_way(tuned, limits));
    }
    text.push_str(&format!(
        "\nsearched: {} candidates in {} simulations of {} messages in total\nassumed:\n",
        tuned.candidates,
        tuned.simulations,
        indicatif::HumanCount(tuned.messages)
    ));
    for note in &tuned.notes {
        text.push_str(&format!("- {note}\n"));
    }
    text
}

/// A table per period of the load.
fn format_periods(tuned: &Tuned) -> String {
    let policies = || {
        let other = tuned.other_policy.as_ref().map(|other| {
            let name = match other.tuning.settings.law {
                Law::Demand => "demand scaling",
                Law::BacklogPerTask => "backlog per task",
            };
            (name, other.tuning)
        });
        let policies = [("now", tuned.present), (name_result(tuned), tuned.tuned)];
        policies.into_iter().chain(other)
    };
    let searched = policies().map(|(name, one)| (name, one.searched));
    let mut text = format_period("training period", &tuned.searched, tuned.required, searched);
    if let Some(part) = &tuned.holdout {
        let holdout = policies().filter_map(|(name, one)| Some((name, one.holdout?)));
        text.push_str(&format_period(
            "holdout period",
            part,
            tuned.required,
            holdout,
        ));
    }
    text
}

fn name_result(tuned: &Tuned) -> &'static str {
    if tuned.keeps() { "tuned" } else { "nearest" }
}

fn format_period<'n>(
    period: &str,
    part: &Part,
    required: f64,
    policies: impl Iterator<Item = (&'n str, Figures)>,
) -> String {
    let mut table = Table::new([
        &format!("{period}, {}", format_duration(part.seconds)),
        "within objective",
        "p99 wait",
        "per month",
        "task-hours",
        "peak tasks",
    ]);
    for (policy, figures) in policies {
        let sign = if figures.within_objective >= required {
            "✓"
        } else {
            "✗"
        };
        table.row([
            format!("{sign} {policy}"),
            format_share(figures.within_objective),
            format_duration(figures.p99),
            format_dollars(figures.cost_per_month),
            format!("{:.1}", figures.task_hours),
            figures.most.to_string(),
        ]);
    }
    format!("\n{}", table.format())
}

/// Formats the cost of the current and the tuned parameters in the training period, item by item.
fn format_bills(tuned: &Tuned) -> String {
    bills_table(&[
        ("now", tuned.present.searched.bill_per_month),
        (name_result(tuned), tuned.tuned.searched.bill_per_month),
    ])
}

/// The finalists that missed the objective, with their results in both periods.
fn format_rejected(tuned: &Tuned) -> String {
    let Some(caution) = &tuned.caution else {
        return String::new();
    };
    let mut table =
        Table::new(["rejected", "because it", "training", "holdout", "per month"]).texts(2);
    let share = |figures: Figures| format_share(figures.within_objective);
    for one in &tuned.rejected {
        let tuning = one.tuning;
        table.row([
            tuning.settings.summary(),
            one.reason().to_owned(),
            share(tuning.searched),
            tuning.holdout.map(share).unwrap_or_default(),
            format_dollars(tuning.searched.cost_per_month),
        ]);
    }
    format!("\n{}{caution}\n", table.format())
}

fn format_changes(tuned: &Tuned) -> String {
    if tuned.changes.is_empty() {
        return "\nnothing changes\n".to_owned();
    }
    let head = if tuned.keeps() {
        "changes"
    } else {
        "closest candidate"
    };
    let lines = tuned
        .changes
        .iter()
        .map(|change| format!("  {}: {} → {}\n", change.key, change.old, change.new));
    format!("\n{head}:\n{}", lines.collect::<String>())
}

/// Formats the limiting factors, from the experiments with one limit lifted.
fn in_the_way(tuned: &Tuned, limits: &Limits) -> String {
    let kept = format_share(limits.within_objective);
    let head = if tuned.found {
        format!(
            "\nthe result always runs most of the {} tasks that the peak needs. With at most half of them running all the time, at \
             best {kept} of the messages are within the objective; limiting factor: {}\n",
            limits.peak,
            limits.binding()
        )
    } else {
        format!("\nlimiting factors: {kept} of the messages are within the objective\n")
    };
    let mut table = Table::new(["without", "within objective", "per month", ""]).indent(2);
    let rows = limits.lifted.iter().chain([&limits.standing]);
    let last = limits.lifted.len();
    for (index, lift) in rows.enumerate() {
        let LiftedLimit {
            limit,
            within_objective,
            cost_per_month,
            enough,
        } = lift;
        // Not a limit, but what always works.
        let limit = if index == last {
            format!("(with {limit})")
        } else {
            limit.clone()
        };
        table.row([
            limit,
            format_share(*within_objective),
            format_dollars(*cost_per_month),
            if *enough { "enough" } else { "" }.to_owned(),
        ]);
    }
    format!("{head}{}", table.format())
}
