//! The part of the page about a tuning: the results in both periods, and the finalists that were rejected.

use maud::{Markup, html};

use super::Report;
use crate::number::{format_dollars, format_duration, format_share};
use crate::tune::{Tuned, Tuning};

/// Headings of the table.
const HEADINGS: [&str; 6] = [
    "policy",
    "parameters",
    "training period",
    "holdout period",
    "a month",
    "",
];

pub(super) fn render_periods(report: &Report) -> Markup {
    html! {
        @if let Some(tuned) = &report.tuned { (render_table(tuned)) }
    }
}

fn render_table(tuned: &Tuned) -> Markup {
    let kept = if tuned.keeps() {
        "meets the objective"
    } else {
        "comes closest"
    };
    html! {
        section #tuning {
            h2 { "Training and holdout periods" }
            p .lead {
                "The search used the first " (format_duration(tuned.searched.seconds)) " of the load"
                @if let Some(holdout) = &tuned.holdout { "; the last " (format_duration(holdout.seconds)) " are the holdout period" }
                ". Shares of messages within the objective are from the worst of " (tuned.searched.seeds) " phases; "
                (format_share(tuned.required)) " is required."
            }
            div .scroll { table #periods {
                thead { tr { @for name in HEADINGS { th scope="col" { (name) } } } }
                tbody {
                    (render_row("present", &tuned.present, ""))
                    @for rejected in &tuned.rejected { (render_row("rejected", &rejected.tuning, rejected.reason())) }
                    (render_row("tuned", &tuned.tuned, kept))
                    @for known in &tuned.known { (render_row(known.name, &known.tuning, "meets the objective")) }
                }
            } }
            @if let Some(caution) = &tuned.caution { p .note { (caution) "." } }
        }
    }
}

fn render_row(name: &str, tuning: &Tuning, remark: &str) -> Markup {
    html! {
        tr {
            th scope="row" { (name) }
            td { (tuning.settings.summary()) }
            td { (format_share(tuning.searched.within_objective)) }
            td { @if let Some(holdout) = &tuning.holdout { (format_share(holdout.within_objective)) } @else { "–" } }
            td { (format_dollars(tuning.searched.cost_per_month)) }
            td { (remark) }
        }
    }
}
