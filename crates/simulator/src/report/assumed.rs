//! What a result assumes.

use maud::{Markup, html};

use super::Report;
use crate::outcome::RunOutcome;

pub(super) fn render_assumed(report: &Report) -> Markup {
    let notes = |notes: &[String]| html! { ul { @for note in notes { li { (note) } } } };
    html! {
        section #assumed {
            h2 { @if report.is_measured() { "How it was measured" } @else { "Assumptions" } }
            @if let Some(seed) = report.outcome.seed {
                p .lead {
                    "Seed " (seed)
                    @if let Some(phases) = report.phases { "; ranges over " (phases.runs) " phases from it" }
                    ", version " (env!("CARGO_PKG_VERSION")) ". The same seed gives the same result, bit for bit."
                }
            }
            @if let Some(inputs) = &report.inputs {
                p #inputs .note { "SHA-256: " @if let Some(hash) = &inputs.definition_sha256 { "definition " code { (hash) } ", " } "load " code { (inputs.load_sha256) } "." }
            }
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
        details {
            summary { "The " (outcome.assumptions.len()) " constants, and where each default is from" }
            table #assumptions .words {
                thead { tr { th scope="col" { "constant" } th scope="col" { "value" } th scope="col" { "default is" } } }
                tbody {
                    @for one in &outcome.assumptions {
                        tr { th scope="row" { (one.name) } td { (one.value) } td { (one.evidence.as_deref().unwrap_or_else(|| source(one.source))) } }
                    }
                }
            }
            p .note { "Change any of them with " code { "--assume KEY=VALUE" } "." }
        }
    }
}
