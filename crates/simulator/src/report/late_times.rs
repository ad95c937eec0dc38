//! The times in which most messages were late.

use maud::{Markup, html};

use super::Report;
use super::axis::Clock;
use super::first_screen::datum;
use crate::late::LateTime;
use crate::number::{count, format_duration, format_number};

/// Headings of the table; those with a sign are left out on phones.
const HEADINGS: [(&str, bool); 6] = [
    ("began", false),
    ("lasted", false),
    ("longest wait", false),
    ("late messages", false),
    ("most waiting", true),
    ("what happened", true),
];

pub(super) fn render_late_times(report: &Report) -> Markup {
    let outcome = &report.outcome;
    let times = &outcome.late_times;
    let clock = Clock::of(report);
    let all = format_number(count(times.count), 0);
    html! {
        section #worst {
            h2 { "Worst intervals" }
            @if times.worst.is_empty() {
                p .lead { "None: no message waited longer than the objective." }
            } @else {
                p .lead {
                    (all) (if times.count == 1 { " interval" } else { " intervals" }) " with late messages, "
                    (datum("over_slo", outcome.over_slo, &format_duration(outcome.over_slo))) " of "
                    (datum("duration", outcome.duration, &format_duration(outcome.duration))) "."
                    @if times.count > times.worst.len() as u64 { " These made most messages late." }
                    span .js { " Click one to see its course above." }
                }
                div .scroll { table #late_times {
                    thead { tr { @for (name, hidden) in HEADINGS { th scope="col" .wider[hidden] { (name) } } } }
                    tbody { @for (place, time) in times.worst.iter().enumerate() { (render_row(place, time, clock)) } }
                } }
            }
        }
    }
}

fn render_row(place: usize, time: &LateTime, clock: Clock) -> Markup {
    let path = |key: &str| format!("late_times.worst.{place}.{key}");
    let lasts = format_duration(time.lasts.max(1.0).round());
    html! {
        tr data-late=(place) {
            th scope="row" { button type="button" .link data-late=(place) { (clock.moment(time.at)) } }
            td { (lasts) }
            td { (datum(path("longest_wait"), time.longest_wait, &format_duration(time.longest_wait))) }
            td { (datum(path("late"), count(time.late), &format_number(count(time.late), 0))) }
            td .wider { (datum(path("backlog_max"), f64::from(time.backlog_max), &format_number(f64::from(time.backlog_max), 0))) }
            td .wider { (time.describe()) }
        }
    }
}
