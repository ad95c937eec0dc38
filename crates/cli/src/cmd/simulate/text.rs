//! A report, for people.

use comfy_table::{CellAlignment, Table, presets};
use console::Style;
use simulator::{
    Assumption, Assumptions, BillItem, ComparedPolicy, Comparison, Report, format_dollars,
    format_duration, format_share,
};

use super::chart::draw_charts;
use super::frontier::format_frontier;
use crate::simulation::bill_table;

pub(crate) fn format_report(report: &Report) -> String {
    let outcome = &report.outcome;
    let mut text = format!("{}: {}\n\n", outcome.scenario, format_verdict(report));
    for figure in report.figures() {
        text.push_str(&format!("{:<18}{figure}\n", figure.label));
    }
    for (index, line) in report.uncertainty().iter().enumerate() {
        let label = if index == 0 { "if AWS differs" } else { "" };
        text.push_str(&format!("{label:<18}{line}\n"));
    }
    text.push('\n');
    text.push_str(&draw_charts(report));
    text.push('\n');
    text.push_str(&bill_table(&outcome.cost, outcome.duration));
    if let Some(comparison) = &report.comparison {
        text.push_str(&format!("\n{}\n", beside_prediction(comparison)));
    }
    if !report.compared.is_empty() {
        text.push_str(&format!("\n{}\n", comparison_table(&report.compared)));
        text.push_str(&format!("\n{}\n", cost_table(&report.compared)));
    }
    if let Some(frontier) = &report.frontier {
        text.push_str(&format!("\n{}", format_frontier(frontier)));
    }
    text.push_str(if report.is_measured() {
        "\nhow it was measured:\n"
    } else {
        "\nassumed:\n"
    });
    for note in &outcome.notes {
        text.push_str(&format!("- {note}\n"));
    }
    if !report.is_measured() {
        text.push_str(&format_constants(&outcome.assumptions));
    }
    if let Some(predicted) = &report.predicted {
        text.push_str("\nwhat the prediction assumes:\n");
        for note in &predicted.notes {
            text.push_str(&format!("- {note}\n"));
        }
        text.push_str(&format_constants(&predicted.assumptions));
    }
    text
}

/// Those that somebody has chosen; the others are many.
fn format_constants(assumed: &[Assumption]) -> String {
    let defaults = Assumptions::default().list();
    let chosen = |one: &&Assumption| !defaults.contains(one);
    let mut text: String = assumed
        .iter()
        .filter(chosen)
        .map(|one| {
            let evidence = one.evidence.as_ref().map(|text| format!(" ({text})"));
            format!(
                "- {}: {}{}\n",
                one.name,
                one.value,
                evidence.unwrap_or_default()
            )
        })
        .collect();
    let others = assumed.len() - assumed.iter().filter(chosen).count();
    text.push_str(&format!(
        "- {others} constants of AWS have their defaults: --report and --output json show them, --assume changes \
         them\n"
    ));
    text
}

fn format_verdict(report: &Report) -> String {
    let style = match report.satisfied {
        Some(true) => Style::new().green().bold(),
        Some(false) => Style::new().red().bold(),
        None => Style::new().bold(),
    };
    style.apply_to(report.verdict()).to_string()
}

/// What was measured and what was predicted, figure by figure.
fn beside_prediction(comparison: &Comparison) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["", "measured", "predicted", "difference"]);
    for figure in &comparison.figures {
        let shown =
            |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| figure.shown(value));
        table.add_row([
            figure.name.to_owned(),
            shown(figure.measured),
            shown(figure.predicted),
            figure.shown_difference(),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn comparison_table(compared: &[ComparedPolicy]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "policy",
        "within objective",
        "p99 wait",
        "cost",
        "task-hours",
        "actions",
        "flaps",
    ]);
    for policy in compared {
        let scaling = |number: fn(&simulator::ScalingFigures) -> u64| {
            policy
                .scaling
                .as_ref()
                .map_or_else(|| "–".to_owned(), |scaling| number(scaling).to_string())
        };
        table.add_row([
            policy.name.clone(),
            policy.phases.within_objective.format(format_share),
            format_duration(policy.waiting.p99),
            policy.phases.cost.format(format_dollars),
            format!("{:.1}", policy.tasks.seconds / 3_600.0),
            scaling(|scaling| scaling.out + scaling.r#in),
            scaling(|scaling| scaling.flaps),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// What the policies cost per month, in groups: a line per item of each would be many.
fn cost_table(compared: &[ComparedPolicy]) -> Table {
    use BillItem::{
        Addresses, Functions, Instances, MetricRequests, Metrics, QueueRequests, SpotTasks, Tasks,
    };
    let groups: [&[BillItem]; 4] = [
        &[Tasks, SpotTasks, Instances],
        &[Addresses],
        &[QueueRequests],
        &[Functions, Metrics, MetricRequests],
    ];
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "per month",
        "tasks",
        "IPv4",
        "SQS",
        "metrics",
        "others",
        "total",
    ]);
    for policy in compared {
        let cost = |items: &[BillItem]| -> f64 {
            items
                .iter()
                .map(|item| policy.bill_per_month.of(*item))
                .sum()
        };
        let grouped = groups.map(cost);
        let others = policy.cost_per_month - grouped.iter().sum::<f64>();
        let costs = grouped
            .into_iter()
            .chain([others.max(0.0), policy.cost_per_month]);
        table.add_row(
            std::iter::once(shorten(&policy.name)).chain(costs.map(|cost| format!("{cost:.2}"))),
        );
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The part of a policy's name before its details.
fn shorten(name: &str) -> String {
    name.split(',').next().unwrap_or(name).to_owned()
}
