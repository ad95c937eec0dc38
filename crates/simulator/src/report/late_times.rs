//! The times in which most messages were late.

use maud::{Markup, html};

use super::Report;
use super::axis::Clock;
use super::first_screen::datum;
use crate::late::LateTime;
use crate::number::{count, format_duration, format_number, format_tasks};

/// Headings of the table; headings with `true` are hidden on phones.
const HEADINGS: [(&str, bool); 6] = [
    ("started", false),
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
                    span .js { " Click " (if times.worst.len() == 1 { "it" } else { "one" }) " to see its course above." }
                }
                div .scroll { table #late_times {
                    thead { tr { @for (name, hidden) in HEADINGS { th scope="col" .wider[hidden] { (name) } } } }
                    tbody { @for (place, time) in times.worst.iter().enumerate() { (render_row(place, time, clock)) } }
                } }
            }
        }
    }
}

/// What happened in each of the times, one after the other. The page's script shows the list of the chosen time, and marks its
/// moments in the charts.
pub(super) fn render_events(report: &Report) -> Markup {
    let clock = Clock::of(report);
    html! {
        @for (place, time) in report.outcome.late_times.worst.iter().enumerate() {
            ol .events data-late=(place) hidden {
                @for (at, what) in list_events(report, time) {
                    li data-at=(at) { b { (clock.second(at)) } " " (what) }
                }
            }
        }
    }
}

fn list_events(report: &Report, time: &LateTime) -> Vec<(f64, String)> {
    let outcome = &report.outcome;
    let sent = (time.at - outcome.slo).max(0.0);
    let mut events = vec![(
        sent,
        format!("the first late message is sent: {}", time.describe_start()),
    )];
    if let Some(cut) = time.cut {
        let what = format!("desired {} to {}, {} needed", cut.from, cut.to, cut.needed);
        events.push((cut.at, what));
    }
    if let Some(after) = time.scale_out_after {
        let near = |at: f64| (at - sent - after).abs();
        let actions = outcome.actions.iter();
        let action = actions.min_by(|one, other| near(one.at).total_cmp(&near(other.at)));
        events.extend(action.map(|to| (to.at, format!("desired {} to {}", to.from, to.to))));
    }
    events.extend(list_course(time, sent));
    let course = &time.course;
    let (from, to) = (
        course.first().map_or(0.0, |point| point.at),
        course.last().map_or(0.0, |point| point.at),
    );
    events.retain(|(at, _)| (from..=to).contains(at));
    events.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    events
}

/// What its course shows: the first added task, the longest wait, and the end.
fn list_course(time: &LateTime, sent: f64) -> Vec<(f64, String)> {
    let mut events = Vec::new();
    let course = &time.course;
    let end = time.at + time.lasts;
    let mut during = course
        .iter()
        .filter(|point| (sent..=end).contains(&point.at));
    let added = during.find(|point| point.running > time.tasks_before);
    events
        .extend(added.map(|point| (point.at, format!("{} running", format_tasks(point.running)))));
    let longest = course
        .iter()
        .max_by(|one, other| one.worst_wait.total_cmp(&other.worst_wait));
    events.extend(longest.map(|point| {
        let wait = format_duration(time.longest_wait);
        (point.at, format!("the longest wait: {wait}"))
    }));
    let last = course.iter().find(|point| point.at >= end);
    let running = last.map(|point| format!(", {} running", format_tasks(point.running)));
    events.push((
        end,
        format!(
            "the last late message starts{}",
            running.unwrap_or_default()
        ),
    ));
    events
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
