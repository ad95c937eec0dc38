//! The knobs of a page: what a reader can try, and the simulator that answers.

use maud::{Markup, PreEscaped, html};
use serde_json::json;

use super::series::short;
use crate::knobs::Knob;

/// The simulator for a page, with everything that it needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Knobs {
    /// The knobs.
    pub list: Vec<Knob>,
    /// The simulator as WebAssembly, packed with gzip, in Base64.
    pub module: String,
    /// A [`crate::Experiment`] as JSON, packed with gzip, in Base64.
    pub experiment: String,
}

/// Knobs with few values whose order has no meaning.
const CHOICES: [&str; 2] = ["policy", "schedule"];

/// A knob whose values are only examples.
const TEXT: &str = "load";

/// Hidden until the script shows it, because nothing in it works without one.
pub(super) fn render_knobs(knobs: &Knobs) -> Markup {
    html! {
        section #whatif hidden {
            h2 { "What if" }
            p .lead { "The simulator runs in this page, on the load above: nothing leaves your browser. The whole page follows, first with one run, then with the range over the phases." }
            div .knobs { @for knob in &knobs.list { (render_knob(knob)) } }
            div #change hidden {
                div .command { code #yaml {} button type="button" .copy hidden { "copy as YAML" } }
                p .note { "The changed keys of the definition. The same on the command line:" }
                div .command { code #same {} button type="button" .copy hidden { "copy" } }
            }
        }
    }
}

fn render_knob(knob: &Knob) -> Markup {
    let id = format!("knob-{}", knob.name);
    let last = knob.values.len().saturating_sub(1);
    let text = knob.values.get(knob.now).map(|choice| choice.text.as_str());
    let name = knob.name.as_ref();
    let is_range = name != TEXT && !CHOICES.contains(&name);
    html! {
        div .knob data-knob=(knob.name) data-now=(knob.now) data-policies=(knob.policies.join(" ")) data-values=(values(knob)) {
            label for=(id) { (knob.label) @if is_range { output { (text.unwrap_or_default()) } } }
            @if name == TEXT {
                input id=(id) type="text" list="loads" value=(text.unwrap_or_default()) autocomplete="off" spellcheck="false";
                datalist #loads { @for choice in &knob.values { option value=(choice.value) {} } }
            } @else if CHOICES.contains(&name) {
                select id=(id) autocomplete="off" {
                    @for (place, choice) in knob.values.iter().enumerate() {
                        option value=(place) selected[place == knob.now] { (choice.text) }
                    }
                }
            } @else {
                div .range {
                    i style=(position(knob.now, last)) title="in the definition" {}
                    input id=(id) type="range" min="0" max=(last) value=(knob.now) autocomplete="off" aria-valuetext=(text.unwrap_or_default());
                }
            }
        }
    }
}

/// The values for the script: each with its text.
fn values(knob: &Knob) -> String {
    let pairs = knob.values.iter();
    let pairs: Vec<_> = pairs
        .map(|choice| json!([choice.value, choice.text]))
        .collect();
    json!(pairs).to_string()
}

/// Where the middle of a slider's thumb, 16 px wide, is.
#[expect(clippy::cast_precision_loss, reason = "a knob has few values")]
fn position(place: usize, last: usize) -> String {
    let share = place as f64 / (last as f64).max(1.0);
    let share = short(share * 100.0);
    format!("left:calc(8px + ({share}% - {share} * .16px))")
}

/// The result at the bottom of the window, as long as something is changed.
pub(super) fn render_result() -> Markup {
    let titles = [
        ("within", "within objective"),
        ("cost", "per month"),
        ("p99", "p99 wait"),
        ("peak", "most tasks"),
    ];
    html! {
        div #now hidden {
            div .inner {
                @for (tile, title) in titles { p data-tile=(tile) { b {} span { (title) } small {} } }
                p #state role="status" {}
                button #reset type="button" { "reset" }
            }
        }
    }
}

/// What the scripts read: the simulator and its input.
pub(super) fn render_data(knobs: &Knobs) -> Markup {
    html! {
        script #simulator type="application/gzip+base64" { (PreEscaped(&knobs.module)) }
        script #experiment type="application/gzip+base64" { (PreEscaped(&knobs.experiment)) }
    }
}
