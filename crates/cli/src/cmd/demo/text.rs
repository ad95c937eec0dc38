//! The summary, formatted for people.

use demo::{
    Account, ActionLine, Judged, Outcome, Race, Results, Story, Summary, TOLERANCE, describe,
};
use simulator::format_duration;

use crate::table::Table;
use crate::words::number;
use crate::workshop::program;

pub(super) fn format_outcome(outcome: &Outcome) -> String {
    let (stack, mut text) = match &outcome.results {
        Results::One(summary) => (&summary.stack, format_summary(summary)),
        Results::Race(race) => (&race.stack, format_race(race)),
    };
    if let Some(destroyed) = &outcome.destroyed {
        text.push_str(&destroyed.describe(stack));
    }
    if let Some(sandbox) = &outcome.kept {
        text.push_str(&kept_text(stack, sandbox));
    }
    text
}

/// Results of a race that are shown next to their predictions.
const RACE_FIGURES: [&str; 4] = ["within objective", "p99 wait", "peak tasks", "cost"];

fn format_race(race: &Race) -> String {
    let minute = number(60.0 / f64::from(race.speed));
    let mut text = format!(
        "the same messages to each, at speed {}: a minute in {minute} s\n\n",
        race.speed
    );
    for summary in &race.services {
        text.push_str(&standing_text(summary));
    }
    for other in &race.against {
        text.push_str(&format!(
            "  {:<24}{}; simulated, not run\n",
            other.policy,
            describe(&other.predicted)
        ));
    }
    let mut table = figures_table();
    for summary in &race.services {
        table.row([summary.service.as_str(), "", "", "", ""]);
        if let Some(judged) = &summary.judged {
            add_figures(&mut table, judged, &RACE_FIGURES, "  ");
        }
    }
    text.push_str(&format!("\n{}", table.format()));
    text.push('\n');
    for summary in &race.services {
        text.push_str(&format!(
            "{:<20}{}",
            summary.service,
            messages_text(&summary.messages)
        ));
        let trouble = summary
            .trouble
            .iter()
            .map(|what| format!("trouble: {what}"));
        let unpredicted = summary.not_predicted.iter();
        let unpredicted = unpredicted.map(|why| format!("not predicted: {why}"));
        for line in trouble.chain(unpredicted) {
            text.push_str(&format!("{:<20}{line}\n", ""));
        }
        for missing in &summary.missing {
            text.push_str(&format!("{:<20}{missing}\n", ""));
        }
        if let Some(report) = &summary.report {
            text.push_str(&format!("{:<20}report: {report}\n", ""));
        }
    }
    text
}

/// One line of a service: whether it met its objective, and for how much.
fn standing_text(summary: &Summary) -> String {
    let Some(judged) = &summary.judged else {
        return String::new();
    };
    let run = &judged.measured;
    let mark = match summary.required {
        Some(required) if run.within_objective < required => "✗",
        _ => "✓",
    };
    format!("{mark} {:<24}{}\n", summary.service, describe(run))
}

fn format_summary(summary: &Summary) -> String {
    let mut text = format!("{}: {}\n\n", summary.stack, verdict_text(summary));
    text.push_str(&story_text(&summary.story));
    text.push_str(&actions_text(&summary.actions));
    for step in &summary.unapplied_steps {
        text.push_str(&format!("step          {step}\n"));
    }
    if summary.story.queue {
        text.push_str(&format!(
            "messages      {}",
            messages_text(&summary.messages)
        ));
    }
    if let Some(trouble) = &summary.trouble {
        text.push_str(&format!("trouble       {trouble}\n"));
    }
    match (&summary.judged, &summary.not_predicted) {
        (Some(judged), _) => text.push_str(&judged_text(judged)),
        (None, Some(why)) => text.push_str(&format!("\nnot predicted: {why}\n")),
        (None, None) => {}
    }
    if let Some(report) = &summary.report {
        text.push_str(&format!("\nthe report, with charts: {report}\n"));
    }
    text
}

fn verdict_text(summary: &Summary) -> String {
    let minute = 60.0 / f64::from(summary.speed);
    let clock = format!(
        "at speed {}, a minute in {} s",
        summary.speed,
        number(minute)
    );
    if summary.missing.is_empty() {
        format!("scaled out and in again, {clock}")
    } else {
        format!(
            "not everything has happened, {clock}: {}",
            summary.missing.join("; ")
        )
    }
}

fn story_text(story: &Story) -> String {
    let chapters = story
        .chapters
        .iter()
        .map(|(chapter, at)| format!("{:<14}{}\n", format_duration(*at), chapter.told()));
    let mut text: String = chapters.collect();
    text.push_str(&format!(
        "at most       {} tasks wanted, {} running\n",
        story.most_desired, story.most_running
    ));
    text
}

fn actions_text(actions: &[ActionLine]) -> String {
    let mut text = String::new();
    for action in actions {
        let reason = match action.reason.as_str() {
            "" => String::new(),
            reason => format!("\n              {reason}"),
        };
        let at = format_duration(action.at);
        text.push_str(&format!(
            "action        after {at}: from {} to {}{reason}\n",
            action.from, action.to
        ));
    }
    text
}

fn messages_text(messages: &Account) -> String {
    let mut text = format!("{} sent, {} done", messages.sent, messages.done);
    let more = [
        (messages.not_done, "never done"),
        (messages.done_again, "done twice"),
        (messages.delivered_again, "delivered again"),
        (messages.failed, "failures"),
    ];
    for (count, what) in more {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text.push('\n');
    text
}

fn judged_text(judged: &Judged) -> String {
    let mut table = figures_table();
    add_figures(&mut table, judged, &[], "");
    let mut text = format!(
        "
{}",
        table.format()
    );
    let percent = number(TOLERANCE * 100.0);
    if judged.differing.is_empty() {
        text.push_str(&format!(
            "the share within the objective, waits, peak and first scale-out are within {percent}% of the prediction\n"
        ));
    } else {
        text.push_str(&format!(
            "more than {percent}% from the prediction: {}\n",
            judged.differing.join(", ")
        ));
    }
    text
}

fn figures_table() -> Table {
    Table::new(["", "measured", "predicted", "90% interval", "outside by"])
}

/// Adds the results of these names, all if none is named.
fn add_figures(table: &mut Table, judged: &Judged, names: &[&str], indent: &str) {
    let figures = judged.comparison.figures.iter();
    for figure in figures.filter(|figure| names.is_empty() || names.contains(&figure.name)) {
        let shown =
            |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| figure.shown(value));
        table.row([
            format!("{indent}{}", figure.name),
            shown(figure.measured),
            shown(figure.predicted),
            figure.shown_range(),
            figure.shown_difference(),
        ]);
    }
}

fn kept_text(stack: &str, sandbox: &str) -> String {
    let program = program();
    format!(
        "\nThe stack and its tasks keep running. To show its status, and to stop its sandbox:\n  \
         ECS_SCALER_SANDBOX={sandbox} {program} status {stack} --local --watch\n  \
         ECS_SCALER_SANDBOX={sandbox} {program} local stop\n"
    )
}
