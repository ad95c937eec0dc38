//! All values in the words of the text, measurements next to predictions, and the scaling actions.

use maud::{Markup, html};

use super::axis::Clock;
use super::first_screen::datum;
use super::{Figure, Piece, Report};
use crate::comparison::Difference;
use crate::engine::ScalingAction;

pub(super) fn render_figures(report: &Report) -> Markup {
    let row = |figure: &Figure| {
        html! { tr { th scope="row" { (figure.label) } td { @for piece in &figure.pieces { (render_piece(piece)) } } } }
    };
    let uncertainty = report.uncertainty();
    html! {
        section #results {
            h2 { "All results" }
            @if let Some(first) = report.first_phase() { p .note { (first.trim_start()) } }
            table #figures .words { tbody { @for figure in &report.figures() { (row(figure)) } } }
            @if !uncertainty.is_empty() {
                h3 { "If AWS differs" }
                p .lead { "AWS doesn't document everything that this result depends on. It would be:" }
                ul #uncertainty { @for line in &uncertainty { li { (line) } } }
            }
        }
    }
}

fn render_piece(piece: &Piece) -> Markup {
    match piece {
        Piece::Words(words) => html! { (words) },
        Piece::Name(name) => html! { (name) },
        Piece::Value { path, value, text } => datum(path.clone(), *value, text),
    }
}

/// The table of measured and predicted values.
pub(super) fn beside_prediction(report: &Report) -> Markup {
    let row = |index: usize, figure: &Difference| {
        let cell = |name: &str, value: Option<f64>| {
            let path = format!("comparison.figures.{index}.{name}");
            html! { td { @if let Some(value) = value { (datum(path, value, &figure.shown(value))) } @else { "–" } } }
        };
        html! {
            tr {
                th scope="row" { (figure.name) }
                (cell("measured", figure.measured))
                (cell("predicted", figure.predicted))
                td .wider { (figure.shown_range()) }
                td { (figure.shown_difference()) }
            }
        }
    };
    html! {
        @if let Some(comparison) = &report.comparison {
            section #measured {
                h2 { "Measured and predicted" }
                div .scroll { table #comparison {
                    thead { tr { @for name in ["", "measured", "predicted", "90% interval", "outside by"] { th scope="col" .wider[name == "90% interval"] { (name) } } } }
                    tbody { @for (index, figure) in comparison.figures.iter().enumerate() { (row(index, figure)) } }
                } }
                p .note { "Predicted: the median of simulations that differ in the moment of the rule within its minute and in how long tasks take to start, and the range that contains 90% of them. Outside by: the distance to that range as a share of its nearest value; of the objective for a shorter wait; of all messages for a share, or, if it is less, how far the objective is from the time within which that share started." }
            }
        }
    }
}

/// Most changes of the desired count that the page lists.
const ACTIONS: usize = 200;

/// The changes of the desired count whose reasons are known.
pub(super) fn render_actions(report: &Report) -> Markup {
    let outcome = &report.outcome;
    let clock = Clock::of(report);
    // A function's reasons are in its log.
    let is_explained = outcome.reasons.iter().any(|reason| !reason.is_empty());
    let row = |action: &ScalingAction, reason: &str| {
        html! { tr { th scope="row" { (clock.moment(action.at)) } td { (action.from) " to " (action.to) } @if is_explained { td { (reason) } } } }
    };
    html! {
        @if !outcome.reasons.is_empty() {
            section #changes {
                h2 { "Scaling actions" }
                table #actions .words {
                    thead { tr { th scope="col" { "when" } th scope="col" { "desired" } @if is_explained { th scope="col" { "because" } } } }
                    tbody {
                        @for (action, reason) in outcome.actions.iter().zip(&outcome.reasons).take(ACTIONS) { (row(action, reason)) }
                    }
                }
            }
        }
    }
}
