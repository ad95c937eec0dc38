//! The report as one HTML page: readable as it is, with values and drawings written here. Its script adds pointer
//! readings, zoom, and copying, from the JSON document that the page carries.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::assumed::render_assumed;
use super::bill::render_bill;
use super::first_screen::{render_header, render_tiles, render_words};
use super::frontier::render_frontier;
use super::late_times::render_late_times;
use super::policies::render_compared;
use super::scatter::render_scatter;
use super::tables::{beside_prediction, render_actions, render_figures};
use super::time_charts::render_charts;
use super::waits::render_waits;
use super::{Report, periods};

const SCRIPT: &str = include_str!("assets/page.js");
const STYLE: &str = include_str!("assets/page.css");

/// No network: the page can load nothing at all, and runs only the scripts that it contains.
const POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

pub(super) fn render_page(report: &Report) -> Result<String, serde_json::Error> {
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
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body .broken[!report.meets()] {
                main { (render_main(report)) }
                script #data type="application/json" { (PreEscaped(data)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(page.into_string())
}

fn render_main(report: &Report) -> Markup {
    let outcome = &report.outcome;
    html! {
        (render_header(report))
        (render_tiles(report))
        (render_words(report))
        (periods::render_periods(report))
        (beside_prediction(report))
        section .two { (render_scatter(report)) (render_waits(report)) }
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
        assert!(!SCRIPT.to_lowercase().contains("</script"));
        assert!(!STYLE.to_lowercase().contains("</style"));
    }
}
