//! A report, for people: the answer first, then what it is measured by.

use console::Style;
use simulator::{Assumption, Assumptions, Report, format_dollars, format_duration, format_share};

use super::chart::draw_charts;
use super::frontier::format_frontier;
use super::others::format_compared;
use super::worst::format_worst;
use crate::layout::width;
use crate::table::Table;
use crate::words::name_scenario;

pub(crate) fn format_report(report: &Report) -> String {
    let mut text = format!("{}\n\n", format_verdict(report));
    text.push_str(&format_measures(report));
    text.push_str(&format_uncertainty(report));
    text.push_str(&format_words(report));
    text.push_str(&format!("\n{}", draw_charts(report, width())));
    text.push_str(&format_worst(report));
    if !report.compared.is_empty() {
        text.push_str(&format!("\n{}", format_compared(report)));
    }
    if let Some(frontier) = &report.frontier {
        text.push_str(&format!("\n{}", format_frontier(frontier)));
    }
    text.push_str(&format!("\n{}", format_assumed(report)));
    text
}

/// A sign, and the answer in one sentence.
fn format_verdict(report: &Report) -> String {
    let (sign, style) = match report.satisfied {
        Some(true) => ("✓ ", Style::new().green().bold()),
        Some(false) => ("✗ ", Style::new().red().bold()),
        None => ("", Style::new().bold()),
    };
    let verdict = format!(
        "{sign}{}: {}",
        name_scenario(&report.outcome.scenario),
        report.verdict()
    );
    style.apply_to(verdict).to_string()
}

/// Why, and what to do.
fn format_words(report: &Report) -> String {
    let mut text = String::new();
    if let Some(cause) = &report.cause {
        text.push_str(&format!("\n  why         {}\n", cause.text));
    }
    if let Some(advice) = &report.advice {
        text.push_str(&format!("  what to do  {}\n", advice.text));
        if let Some(command) = &advice.command {
            text.push_str(&format!("              {command}\n"));
        }
    }
    text
}

/// The numbers of interest, each with what it is measured by.
fn format_measures(report: &Report) -> String {
    let outcome = &report.outcome;
    let mut table = Table::new(Vec::<String>::new()).texts(3).indent(2);
    let share = match report.phases {
        _ if outcome.messages.sent == 0 => "–".to_owned(),
        Some(phases) => phases.within_objective.format(format_share),
        None => format_share(outcome.within_objective),
    };
    table.row(["within objective", &share, &describe_share(report)]);
    let cost = &outcome.cost;
    table.row([
        "cost",
        &format_dollars(cost.per_month),
        &format!(
            "per month; ideal (hindsight) {}",
            format_dollars(cost.ideal_per_month)
        ),
    ]);
    let (p99, beside) = describe_wait(report);
    table.row(["p99 wait", &p99, &beside]);
    table.row([
        "peak tasks",
        &outcome.tasks.most.to_string(),
        &describe_tasks(report),
    ]);
    let scaling = &outcome.scaling;
    table.row([
        "scaling actions",
        &(scaling.out + scaling.r#in).to_string(),
        &format!(
            "{} out, {} in, {} of them flaps",
            scaling.out, scaling.r#in, scaling.flaps
        ),
    ]);
    for figure in report.rare_figures() {
        table.row([figure.label, "", &figure.to_string()]);
    }
    table.format()
}

/// The 99th percentile of the waits and what it is measured by: of the worst queue, if their objectives differ.
fn describe_wait(report: &Report) -> (String, String) {
    let outcome = &report.outcome;
    if outcome.messages.sent == 0 {
        return ("–".to_owned(), "no message was sent".to_owned());
    }
    if let Some((_, queue)) = report.worst_queue() {
        let words = format!(
            "objective {} of {}, the longest {}",
            format_duration(queue.slo),
            queue.queue,
            format_duration(queue.max)
        );
        return (format_duration(queue.p99), words);
    }
    let waiting = &outcome.waiting;
    let half = match format_duration(waiting.p50).as_str() {
        "0s" => "half don't wait".to_owned(),
        half => format!("half wait at most {half}"),
    };
    let words = format!(
        "objective {}; {half}, the longest {}",
        format_duration(outcome.slo),
        format_duration(waiting.max)
    );
    (format_duration(waiting.p99), words)
}

fn describe_share(report: &Report) -> String {
    let outcome = &report.outcome;
    let over = match outcome.over_slo {
        over if over > 0.0 => format!(
            "missed during {} of {}",
            format_duration(over),
            format_duration(outcome.duration)
        ),
        _ => "no message is late".to_owned(),
    };
    let Some(required) = report.required else {
        return over;
    };
    let lowest = report.lowest_share();
    let mut text = format!("{} required", format_share(required));
    let times = (1.0 - lowest) / (1.0 - required);
    // Where each queue has its own share, one number of misses means nothing.
    if report.satisfied == Some(false)
        && outcome.has_one_objective()
        && times.is_finite()
        && times >= 1.05
    {
        text.push_str(&format!("; {times:.1} times the allowed misses"));
    }
    format!("{text}; {over}")
}

fn describe_tasks(report: &Report) -> String {
    let tasks = &report.outcome.tasks;
    let hours = |seconds: f64| format!("{:.1}", seconds / 3_600.0);
    let mut text = format!("{} task-hours", hours(tasks.seconds));
    let times = tasks.seconds / tasks.needed_seconds;
    if times.is_finite() && report.outcome.limited_by_max.is_none() {
        text.push_str(&format!(
            ", {times:.1} times the {} needed",
            hours(tasks.needed_seconds)
        ));
    }
    if let Some(limit) = report.outcome.limited_by_max {
        text.push_str(&format!(
            "; tasks.max is {}, and {} are needed to meet the objective for every message",
            limit.allowed, limit.needed
        ));
    }
    text
}

/// How much the answer depends on what AWS doesn't document.
fn format_uncertainty(report: &Report) -> String {
    let lines = report.uncertainty();
    let lines = lines.iter().map(|line| format!("  - {line}\n"));
    let lines: String = lines.collect();
    match lines.is_empty() {
        true => lines,
        false => format!("\n  if AWS differs from the assumptions\n{lines}"),
    }
}

fn format_assumed(report: &Report) -> String {
    let outcome = &report.outcome;
    let seed = outcome
        .seed
        .map(|seed| format!(", seed {seed}"))
        .unwrap_or_default();
    let inputs = report.inputs.as_ref();
    let inputs = inputs.map(|inputs| format!("{}\n", inputs.describe()));
    let mut text = format!(
        "{} messages in {}{seed}; {}\n{}assumed:\n\
         - ideal (hindsight): the cheapest way to meet the objective, with every message known in advance; no real policy \
         can reach it\n",
        indicatif::HumanCount(outcome.messages.sent),
        format_duration(outcome.duration),
        outcome.cost.prices.describe(),
        inputs.unwrap_or_default(),
    );
    for note in &outcome.notes {
        text.push_str(&format!("- {note}\n"));
    }
    text.push_str(&format_constants(&outcome.assumptions));
    text
}

/// The assumptions that the user has chosen, because the others are many.
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
