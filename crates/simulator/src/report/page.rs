//! The report as one HTML page: readable without a script, with values and drawings written here. Its script adds pointer
//! readings, zoom, and copying, from the JSON document that the page carries.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::assumed::render_assumed;
use super::bill::render_bill;
use super::first_screen::{render_header, render_tiles, render_words};
use super::frontier::render_frontier;
use super::knobs::{Knobs, render_data, render_knobs, render_result};
use super::late_times::render_late_times;
use super::policies::render_compared;
use super::scatter::render_scatter;
use super::tables::{beside_prediction, render_actions, render_figures};
use super::time_charts::render_charts;
use super::waits::render_waits;
use super::{Report, periods};

const SCRIPT: &str = include_str!("assets/page.js");
const KNOBS: &str = include_str!("assets/knobs.js");
pub(super) const STYLE: &str = include_str!("assets/page.css");

/// No network: the page can load nothing at all, and runs only the scripts that it contains.
const POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// The same for a page with knobs, which runs the simulator that it contains in a worker.
const POLICY_WITH_KNOBS: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; worker-src blob:";

/// The two parts of a page that knobs replace: before them, and after.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Parts {
    /// The first screen, as HTML.
    pub first: String,
    /// Everything after the knobs, as HTML.
    pub rest: String,
    /// Whether the objective counts as met.
    pub meets: bool,
}

impl Parts {
    pub(super) fn of(report: &Report) -> Self {
        Self {
            first: render_first(report).into_string(),
            rest: render_rest(report).into_string(),
            meets: report.meets(),
        }
    }
}

pub(super) fn render_page(
    report: &Report,
    knobs: Option<&Knobs>,
) -> Result<String, serde_json::Error> {
    let data = escape_json(&serde_json::to_string(report)?);
    let measured = report.is_measured();
    let title = format!(
        "{} {}",
        report.outcome.scenario,
        if measured { "measured" } else { "simulated" }
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(if knobs.is_some() { POLICY_WITH_KNOBS } else { POLICY });
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body .broken[!report.meets()] {
                main {
                    div #first { (render_first(report)) }
                    @if let Some(knobs) = knobs { (render_knobs(knobs)) }
                    div #rest { (render_rest(report)) }
                }
                @if knobs.is_some() { (render_result()) }
                script #data type="application/json" { (PreEscaped(data)) }
                script { (PreEscaped(SCRIPT)) }
                @if let Some(knobs) = knobs {
                    (render_data(knobs))
                    script { (PreEscaped(KNOBS)) }
                }
            }
        }
    };
    Ok(page.into_string())
}

fn render_first(report: &Report) -> Markup {
    html! {
        (render_header(report))
        (render_tiles(report))
        (render_words(report))
        (render_contents(report))
    }
}

fn render_rest(report: &Report) -> Markup {
    let outcome = &report.outcome;
    html! {
        (periods::render_periods(report))
        (beside_prediction(report))
        @if outcome.messages.sent > 0 {
            section .two #waiting {
                // Only a command that gives advice can compare.
                @if report.compared.len() > 1 || report.advice.is_some() { (render_scatter(report)) }
                (render_waits(report))
            }
        }
        (render_charts(report))
        (render_late_times(report))
        (render_actions(report))
        (render_compared(report))
        @if let Some(frontier) = &report.frontier { (render_frontier(frontier)) }
        (render_bill(&outcome.cost, outcome.duration))
        (render_figures(report))
        (render_assumed(report))
    }
}

/// Links to the sections.
fn render_contents(report: &Report) -> Markup {
    let is_compared = report.compared.len() > 1;
    let sent = report.outcome.messages.sent > 0;
    let sections = [
        (report.tuned.is_some(), "tuning", "Training and holdout"),
        (
            report.comparison.is_some(),
            "measured",
            "Measured and predicted",
        ),
        (sent && is_compared, "waiting", "Cost and waits"),
        (sent && !is_compared, "waiting", "Waits"),
        (true, "time", "Over time"),
        (true, "worst", "Worst intervals"),
        (
            !report.outcome.reasons.is_empty(),
            "changes",
            "Scaling actions",
        ),
        (is_compared, "table", "Comparison"),
        (
            report.frontier.is_some(),
            "tighter",
            "Cost against objective",
        ),
        (true, "costs", "Bill"),
        (true, "results", "All results"),
        (
            true,
            "assumed",
            if report.is_measured() {
                "How it was measured"
            } else {
                "Assumptions"
            },
        ),
    ];
    let shown = sections.iter().filter(|(is_shown, ..)| *is_shown);
    html! { nav aria-label="Contents" { @for (_, id, name) in shown { a href={ "#" (id) } { (name) } } } }
}

/// JSON that ends no script, and that old parsers read too.
fn escape_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        match c {
            // They occur only in strings, where an escape means the same.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_can_end_no_script() {
        let json = serde_json::to_string("</script><!-- & \u{2028}\u{2029} ü").unwrap();
        let text = escape_json(&json);
        assert_eq!(
            text,
            "\"\\u003c/script\\u003e\\u003c!-- \\u0026 \\u2028\\u2029 ü\""
        );
        let again: String = serde_json::from_str(&text).unwrap();
        assert_eq!(again, "</script><!-- & \u{2028}\u{2029} ü");
    }

    #[test]
    fn script_and_style_can_stand_in_a_page() {
        for script in [SCRIPT, KNOBS] {
            assert!(!script.to_lowercase().contains("</script"));
        }
        assert!(!STYLE.to_lowercase().contains("</style"));
    }
}
