//! Cost versus objective, formatted for people.

use simulator::{Frontier, FrontierRun, format_dollars, format_duration, format_share};

use crate::table::Table;

/// The text of a cell if no setting meets the objective.
const NONE: &str = "–";

/// Formats the cost of each objective, each policy at the required share, and the cheapest settings.
pub(super) fn format_frontier(frontier: &Frontier) -> String {
    let share = format_required(frontier.share);
    let legend: String = explain(frontier)
        .iter()
        .map(|line| format!("  {line}\n"))
        .collect();
    format!(
        "what an objective costs: dollars per month, and task-hours ÷ the ideal's\n{}{legend}\n\
         each policy's cheapest setting for {share} of the messages, per month\n{}\n\
         the cheapest settings for {share} of the messages\n{}",
        objective_table(frontier),
        policy_table(frontier),
        setting_table(frontier),
    )
}

/// A row per objective, a column per share.
fn objective_table(frontier: &Frontier) -> String {
    let shares = frontier.shares.iter().map(|share| format_required(*share));
    let header = std::iter::once("within".to_owned())
        .chain(shares)
        .chain(["ideal", "this definition"].map(str::to_owned));
    let mut table = Table::new(header);
    for (objective, seconds) in frontier.objectives.iter().enumerate() {
        let warm = if frontier.needs_warm(objective) {
            " w"
        } else {
            ""
        };
        let cheapest = (0..frontier.shares.len()).map(|share| {
            let run = frontier.cheapest(share, objective);
            format_cell(run, |run| {
                let times = frontier.times_ideal(run, objective);
                format!("{} {times:>4.1}×", shorten(run.cost_per_month))
            })
        });
        let ideal = frontier.ideal.get(objective);
        let present = frontier.present.within_objective.get(objective);
        table.row(
            std::iter::once(format!("{}{warm}", format_duration(*seconds)))
                .chain(cheapest)
                .chain(ideal.map(|ideal| shorten(ideal.cost_per_month)))
                .chain(present.map(|share| format_share(*share))),
        );
    }
    table.format()
}

/// Explains the symbols in the tables, and what no policy can achieve.
fn explain(frontier: &Frontier) -> Vec<String> {
    let present = &frontier.present;
    let reaction = format_duration(frontier.reaction);
    let all = 0..frontier.objectives.len();
    let mut lines = Vec::new();
    if all.clone().any(|objective| frontier.needs_warm(objective)) {
        lines.push(format!(
            "w  shorter than a check and a start, {reaction}: after a jump, only warm tasks (tasks that are already running) can meet it"
        ));
    }
    lines.push("*  requires a larger tasks.min".to_owned());
    lines.push(format!("{NONE}  no setting meets it"));
    lines.push(format!(
        "in its worst phase, this definition costs {} per month and has this share",
        format_dollars(present.cost_per_month)
    ));
    for (seconds, ideal) in frontier.objectives.iter().zip(&frontier.ideal) {
        if let Some(limit) = ideal.limited_by_max {
            lines.push(format!(
                "{}: tasks.max is {}; every message in time needs up to {} tasks",
                format_duration(*seconds),
                limit.allowed,
                limit.needed
            ));
        }
    }
    lines
}

/// A row per policy, a column per objective.
fn policy_table(frontier: &Frontier) -> String {
    let objectives = frontier.objectives.iter().map(|one| format_duration(*one));
    let mut table = Table::new(std::iter::once(String::new()).chain(objectives));
    let mut add = |name: &str, cells: Vec<String>| {
        table.row(std::iter::once(name.to_owned()).chain(cells));
    };
    let cell = |run: Option<&FrontierRun>| format_cell(run, |run| shorten(run.cost_per_month));
    for policy in &frontier.policies {
        let runs = policy.cheapest.get(frontier.required_share());
        let runs = runs.into_iter().flatten();
        add(&policy.policy, runs.map(|run| cell(run.as_ref())).collect());
    }
    let present = &frontier.present;
    let cells = (0..frontier.objectives.len()).map(|objective| {
        let meets = present.meets(objective, frontier.share);
        cell(Some(present).filter(|_| meets))
    });
    add(&present.policy, cells.collect());
    let ideal = frontier.ideal.iter();
    let cells = ideal.map(|ideal| format!("{} ", shorten(ideal.cost_per_month)));
    add("ideal (hindsight)", cells.collect());
    table.format()
}

/// A row per objective.
fn setting_table(frontier: &Frontier) -> String {
    let mut table = Table::new(Vec::<String>::new()).texts(2);
    for (objective, seconds) in frontier.objectives.iter().enumerate() {
        let run = frontier.cheapest(frontier.required_share(), objective);
        let said = run.map_or_else(|| "no policy meets it".to_owned(), FrontierRun::describe);
        table.row([format_duration(*seconds), said]);
    }
    table.format()
}

/// Formats a run, with a symbol for warm tasks, or that there is none.
fn format_cell(run: Option<&FrontierRun>, format: impl Fn(&FrontierRun) -> String) -> String {
    let Some(run) = run else {
        return format!("{NONE} ");
    };
    let sign = if run.warm { "*" } else { " " };
    format!("{}{sign}", format(run))
}

/// Formats a required share briefly.
fn format_required(share: f64) -> String {
    let text = format_share(share);
    match text.trim_end_matches('%').split_once('.') {
        Some((whole, rest)) => format!("{whole}.{}%", rest.trim_end_matches('0')),
        None => text,
    }
}

/// Formats dollars briefly.
fn shorten(amount: f64) -> String {
    match amount {
        amount if amount >= 99_950.0 => format!("${:.0}k", amount / 1_000.0),
        amount if amount >= 9_999.5 => format!("${:.1}k", amount / 1_000.0),
        amount if amount >= 99.95 => format!("${amount:.0}"),
        amount => format!("${amount:.1}"),
    }
}
