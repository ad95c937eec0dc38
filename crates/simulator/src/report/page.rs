//! The report as one HTML page: values and tables written here, charts drawn in the browser from the
//! JSON document that the page carries.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::bill::bill;
use super::frontier::render_frontier;
use super::periods;
use super::{ComparedPolicy, Figure, Piece, Report};
use crate::comparison::Difference;
use crate::engine::ScalingAction;
use crate::number::{format_dollars, format_duration, format_number, format_share};
use crate::outcome::RunOutcome;

// uPlot 1.6.32 from npm, as released; its license is next to it.
const CHART_SCRIPT: &str = include_str!("assets/uPlot.iife.min.js");
const CHART_STYLE: &str = include_str!("assets/uPlot.min.css");
const CHART_LICENSE: &str = include_str!("assets/uPlot.LICENSE");
const SCRIPT: &str = include_str!("assets/page.js");
const STYLE: &str = include_str!("assets/page.css");

/// uPlot formats numbers as the browser's language has them, and stops at a language that isn't one: in
/// the locale C Chromium names "en-US@posix".
const LANGUAGE: &str = "try { new Intl.NumberFormat(navigator.language) } catch { \
                        Object.defineProperty(navigator, \"language\", { value: \"en-US\" }) }";

/// No network: the page can load nothing at all, and runs only the scripts that it contains.
const POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

pub(super) fn render_page(report: &Report) -> Result<String, serde_json::Error> {
    let data = escape_json(&serde_json::to_string(report)?);
    let title = format!(
        "{} {}",
        report.outcome.scenario,
        if report.is_measured() {
            "measured"
        } else {
            "simulated"
        }
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(CHART_STYLE)) (PreEscaped(STYLE)) }
            }
            body {
                main { (render_header(report)) (periods::render_periods(report)) (render_charts(report)) (beside_prediction(report)) (render_figures(report)) (render_actions(report)) (render_compared(report)) @if let Some(frontier) = &report.frontier { (render_frontier(frontier)) } (render_assumed(report)) }
                script #data type="application/json" { (PreEscaped(data)) }
                (PreEscaped(format!("<!-- uPlot 1.6.32\n{CHART_LICENSE}\n-->")))
                script { (PreEscaped(LANGUAGE)) }
                script { (PreEscaped(CHART_SCRIPT)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(page.into_string())
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

fn render_header(report: &Report) -> Markup {
    let outcome = &report.outcome;
    let class = match report.satisfied {
        Some(true) => "verdict kept",
        Some(false) => "verdict broken",
        None => "verdict",
    };
    html! {
        header {
            h1 { (outcome.scenario) }
            p #verdict class=(class) { (report.verdict()) }
            p .meta {
                (if report.is_measured() { "Measured during " } else { "Simulated " }) (format_duration(outcome.duration)) " of the load " code { (report.load) }
                @if let Some(begins) = &report.begins { " from " (begins) }
                @if let Some(seed) = outcome.seed { ", seed " (seed) }
                "."
            }
        }
    }
}

fn render_charts(report: &Report) -> Markup {
    let panel = |id: &str, title: &str| html! { figure id=(id) .panel { figcaption { (title) } div .plot {} } };
    html! {
        section aria-label="Charts" {
            div .tools {
                button type="button" data-zoom="in" { "Zoom in" }
                button type="button" data-zoom="out" { "Zoom out" }
                button type="button" data-zoom="back" { "Earlier" }
                button type="button" data-zoom="on" { "Later" }
                button type="button" data-zoom="all" { "Whole time" }
                span .key { span .band.out {} " scale-out alarm in ALARM" }
                span .key { span .band.in {} " scale-in alarm in ALARM" }
            }
            noscript { p { "The charts need JavaScript; the numbers below don't." } }
            (panel("load", "Load, in messages per second"))
            @if report.outcome.target.is_some() {
                (panel("backlog", "Backlog per task and its target, in messages"))
            } @else {
                (panel("backlog", "Backlog per task, in messages"))
            }
            (panel("tasks", "Tasks: desired, running and needed"))
            (panel("wait", "Longest wait and the objective, in seconds"))
            @if report.predicted.is_some() {
                p .hint { "Solid lines are measured; dashed lines are predicted for the same load." }
            }
            p .hint { "Drag over a chart to zoom, double-click for the whole time. A point stands for the time since the point before it." }
        }
    }
}

fn render_figures(report: &Report) -> Markup {
    let row = |figure: &Figure| {
        html! {
            tr { th scope="row" { (figure.label) } td { @for piece in &figure.pieces { (self::render_piece(piece)) } } }
        }
    };
    html! {
        section {
            h2 { "Results" }
            table #figures { tbody { @for figure in &report.figures() { (row(figure)) } } }
            @let uncertainty = report.uncertainty();
            @if !uncertainty.is_empty() {
                h3 { "If AWS differs" }
                p { "AWS doesn't document everything that this result depends on. It would be:" }
                ul #uncertainty { @for line in &uncertainty { li { (line) } } }
            }
            (bill(&report.outcome.cost))
        }
    }
}

fn render_piece(piece: &Piece) -> Markup {
    match piece {
        Piece::Words(words) => html! { (words) },
        Piece::Name(name) => html! { (name) },
        Piece::Value { path, value, text } => {
            html! { data data-path=(path) value=(value) { (text) } }
        }
    }
}

/// The table of measured and predicted values.
fn beside_prediction(report: &Report) -> Markup {
    let row = |index: usize, figure: &Difference| {
        let cell = |name: &str, value: Option<f64>| {
            html! {
                td {
                    @if let Some(value) = value {
                        data data-path=(format!("comparison.figures.{index}.{name}")) value=(value) { (figure.shown(value)) }
                    } @else { "–" }
                }
            }
        };
        html! {
            tr {
                th scope="row" { (figure.name) }
                (cell("measured", figure.measured))
                (cell("predicted", figure.predicted))
                td { (figure.shown_range()) }
                td { (figure.shown_difference()) }
            }
        }
    };
    html! {
        @if let Some(comparison) = &report.comparison {
            section {
                h2 { "Measured and predicted" }
                div .wide { table #comparison {
                    thead { tr { @for name in ["", "measured", "predicted", "nine in ten", "outside by"] { th scope="col" { (name) } } } }
                    tbody { @for (index, figure) in comparison.figures.iter().enumerate() { (row(index, figure)) } }
                } }
                p .hint { "Predicted: the median of simulations that differ in the moment of the rule within its minute and in how long tasks take to start, and the range that contains 90% of them. Outside by: the distance to that range as a share of its nearest value; of the objective for a shorter wait; of all messages for a share, or, if it is less, how far the objective is from the time within which that share started." }
            }
        }
    }
}

/// Most changes of the desired count that the page lists.
const ACTIONS: usize = 200;

/// The changes of the desired count whose reasons are known.
fn render_actions(report: &Report) -> Markup {
    let outcome = &report.outcome;
    let row = |action: &ScalingAction, reason: &str| {
        html! {
            tr {
                th scope="row" { (format_duration(action.at)) }
                td { (action.from) " to " (action.to) }
                td { (reason) }
            }
        }
    };
    html! {
        @if !outcome.reasons.is_empty() {
            section {
                h2 { "Scaling actions" }
                table #actions {
                    thead { tr { @for name in ["after", "desired", "because"] { th scope="col" { (name) } } } }
                    tbody {
                        @for (action, reason) in outcome.actions.iter().zip(&outcome.reasons).take(ACTIONS) {
                            (row(action, reason))
                        }
                    }
                }
            }
        }
    }
}

fn render_compared(report: &Report) -> Markup {
    let row = |index: usize, policy: &ComparedPolicy| {
        let cell = |path: &str, value: f64, text: String| {
            html! {
                td { data data-path=(format!("compared.{index}.{path}")) value=(value) { (text) } }
            }
        };
        html! {
            tr {
                th scope="row" { (policy.name) }
                (cell("within_objective", policy.within_objective, policy.phases.within_objective.format(format_share)))
                (cell("waiting.p99", policy.waiting.p99, format_duration(policy.waiting.p99)))
                (cell("cost", policy.cost, policy.phases.cost.format(format_dollars)))
                (cell("tasks.seconds", policy.tasks.seconds, format_number(policy.tasks.seconds / 3_600.0, 1)))
                td { @if let Some(scaling) = &policy.scaling { (scaling.out + scaling.r#in) } @else { "–" } }
            }
        }
    };
    html! {
        @if !report.compared.is_empty() {
            section {
                h2 { "Comparison with other policies" }
                div .wide { table #compared {
                    thead { tr { @for name in HEADINGS { th scope="col" { (name) } } } }
                    tbody { @for (index, policy) in report.compared.iter().enumerate() { (row(index, policy)) } }
                } }
            }
        }
    }
}

/// Headings of the comparison.
const HEADINGS: [&str; 6] = [
    "policy",
    "within objective",
    "p99 wait",
    "cost",
    "task-hours",
    "actions",
];

fn render_assumed(report: &Report) -> Markup {
    let notes = |notes: &[String]| html! { ul { @for note in notes { li { (note) } } } };
    html! {
        section {
            h2 { @if report.is_measured() { "How it was measured" } @else { "Assumed" } }
            (notes(&report.outcome.notes))
            @if !report.is_measured() { (render_constants(&report.outcome)) }
        }
        @if let Some(predicted) = &report.predicted {
            section {
                h2 { "What the prediction assumes" }
                (notes(&predicted.notes))
                (render_constants(predicted))
            }
        }
    }
}

fn render_constants(outcome: &RunOutcome) -> Markup {
    let source = |letter: &str| match letter {
        "A" => "documented by AWS",
        "B" => "measured by others",
        "C" => "inferred",
        "D" => "the definition's",
        _ => "",
    };
    html! {
        table #assumptions {
            thead { tr { th scope="col" { "constant" } th scope="col" { "value" } th scope="col" { "default is" } } }
            tbody {
                @for one in &outcome.assumptions {
                    tr { th scope="row" { (one.name) } td { (one.value) } td { (one.evidence.as_deref().unwrap_or_else(|| source(one.source))) } }
                }
            }
        }
    }
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
    fn the_library_can_stand_in_a_page() {
        for text in [CHART_SCRIPT, SCRIPT] {
            assert!(!text.to_lowercase().contains("</script"));
        }
        for text in [CHART_STYLE, STYLE] {
            assert!(!text.to_lowercase().contains("</style"));
        }
        assert!(CHART_SCRIPT.contains("(v1.6.32)"));
        assert!(CHART_LICENSE.contains("MIT") && !CHART_LICENSE.contains("-->"));
    }
}
