//! The first screen: the verdict, four tiles, why, and what to do.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, html};

use super::Report;
use super::axis::Clock;
use super::cause::USUAL;
use super::cause_words::capitalized;
use super::series::short;
use super::waits::NO_WAIT;
use crate::number::{
    count, format_dollars, format_duration, format_hours, format_number, format_share, format_tasks,
};
use crate::outcome::{QueueOutcome, RunOutcome};

/// A value of the JSON document: its path there, itself, and its text.
pub(super) fn datum(path: impl Into<Cow<'static, str>>, value: f64, text: &str) -> Markup {
    html! { data data-path=(path.into()) value=(value) { (text) } }
}

/// The sign of an objective that is met or missed; shapes differ as well as colors.
pub(super) fn mark(met: bool) -> Markup {
    let (shape, path) = if met {
        (r#"<circle cx="10" cy="10" r="10"/>"#, "M5.5 10.5l3 3 6-6.5")
    } else {
        (
            r#"<rect width="20" height="20" rx="3"/>"#,
            "M6 6l8 8M14 6l-8 8",
        )
    };
    let name = if met { "met" } else { "missed" };
    html! { svg .mark .no[!met] viewBox="0 0 20 20" role="img" aria-label=(name) { (PreEscaped(shape)) path d=(path) {} } }
}

pub(super) fn render_header(report: &Report) -> Markup {
    let outcome = &report.outcome;
    let measured = report.is_measured();
    let class = match report.satisfied {
        Some(true) => "verdict kept",
        Some(false) => "verdict broken",
        None => "verdict",
    };
    let loaded = outcome.duration - outcome.drain;
    html! {
        header {
            p .eyebrow { b { (outcome.scenario) } span { (if measured { "measured by ecs-scaler" } else { "simulated by ecs-scaler before a deploy" }) } }
            h1 #verdict class=(class) { (capitalized(&report.verdict())) "." }
            p .meta {
                span { (format_number(count(outcome.messages.sent), 0)) " messages in " (format_duration(loaded)) }
                @match Clock::of(report).span(loaded) {
                    Some(days) => span { (days) ", UTC" },
                    None => @if let Some(begins) = &report.begins { span { "from " (begins) } },
                }
                span { "load " code { (report.load) } }
                span { (outcome.policy) ", " @if outcome.task_limits.min < outcome.task_limits.max { (outcome.task_limits.min) " to " } (format_tasks(outcome.task_limits.max)) }
            }
            @for line in left_over(outcome) { p .warning { (line) } }
        }
    }
}

/// Messages that were lost or aren't done.
fn left_over(outcome: &RunOutcome) -> Vec<String> {
    let messages = &outcome.messages;
    let lines = [
        (
            messages.waiting + messages.in_flight,
            "messages aren't done at the end",
        ),
        (
            messages.dead_letters,
            "messages are in the dead-letter queue",
        ),
        (messages.expired, "messages expired: SQS deleted them"),
    ];
    let some = lines.into_iter().filter(|(number, _)| *number > 0);
    some.map(|(number, words)| format!("{} {words}.", format_number(count(number), 0)))
        .collect()
}

/// Title of the tile of waits.
const P99: &str = "Wait, 99th percentile";

pub(super) fn render_tiles(report: &Report) -> Markup {
    html! {
        section .tiles aria-label="Result" {
            (share_tile(report)) (cost_tile(report)) (wait_tile(report)) (tasks_tile(report))
        }
    }
}

/// A bar that is filled up to a share of its width, with marks.
fn bar(fill: f64, marks: &[(f64, &str)]) -> Markup {
    let percent = |share: f64| short(share.clamp(0.0, 1.0) * 100.0);
    html! {
        div .bar aria-hidden="true" {
            b style=(format!("width:{}%", percent(fill))) {}
            @for (at, class) in marks { i class=(class) style=(format!("left:{}%", percent(*at))) {} }
        }
    }
}

fn tile(id: &str, class: &str, title: &str, big: &Markup, bar: &Markup, sub: &Markup) -> Markup {
    html! { div id=(id) class=(format!("tile {class}")) { h3 { (title) } p .big { (big) } (bar) p .sub { (sub) } } }
}

fn share_tile(report: &Report) -> Markup {
    let share = report.lowest_share();
    let path = if report.phases.is_some() {
        "phases.within_objective.lowest"
    } else {
        "within_objective"
    };
    let required = report.required;
    let allowed = 1.0 - required.unwrap_or(USUAL);
    let missed = (1.0 - share) / allowed.max(1e-9);
    let class = match report.satisfied {
        Some(true) => "good",
        Some(false) => "bad",
        None => "",
    };
    // The longer of the missed and the allowed share fills the bar.
    let longest = missed.max(1.0);
    let phases = report.phases.filter(|phases| phases.runs > 1);
    if report.outcome.messages.sent == 0 {
        let sub = html! { "no message was sent" };
        return tile(
            "within",
            "",
            "Within objective",
            &html! { "–" },
            &bar(0.0, &[]),
            &sub,
        );
    }
    let big = html! { @if let Some(met) = report.satisfied { (mark(met)) } (datum(path, share, &format_share(share))) };
    let sub = html! {
        @match required {
            Some(required) => { "required " b { (datum("required", required, &format_share(required))) } "; " (times(missed)) " the allowed misses" },
            None if report.advice.is_some() => "nothing is required: add --require 99%",
            None => "nothing is required",
        }
        @if let Some(phases) = phases { "; worst of " (phases.runs) " phases" }
    };
    let bar = bar(missed / longest, &[(1.0 / longest, "limit")]);
    tile("within", class, "Within objective", &big, &bar, &sub)
}

fn cost_tile(report: &Report) -> Markup {
    let cost = &report.outcome.cost;
    let cheapest = report.cheapest();
    let longest = cheapest
        .map_or(0.0, |other| other.cost_per_month)
        .max(cost.per_month)
        .max(cost.ideal_per_month)
        .max(1e-12);
    let mut marks = vec![(cost.ideal_per_month / longest, "limit")];
    marks.extend(cheapest.map(|other| (other.cost_per_month / longest, "second")));
    let place = cheapest.and_then(|cheapest| {
        report
            .compared
            .iter()
            .position(|one| one.name == cheapest.name)
    });
    let sub = html! {
        "ideal " b { (datum("cost.ideal_per_month", cost.ideal_per_month, &format_dollars(cost.ideal_per_month))) }
        @match cheapest.zip(place) {
            Some((other, _)) if report.is_own(other) => "; no compared policy meets the objective for less",
            Some((other, place)) => {
                "; cheapest that meets the objective "
                b { (datum(format!("compared.{place}.cost_per_month"), other.cost_per_month, &format_dollars(other.cost_per_month))) }
                ", " (other.short_name())
            },
            None if report.compared.is_empty() => @if report.advice.is_some() { "; --compare finds the cheapest policy that meets the objective" },
            None => "; no compared policy meets the objective",
        }
    };
    let big = datum(
        "cost.per_month",
        cost.per_month,
        &format_dollars(cost.per_month),
    );
    tile(
        "cost",
        "",
        "Cost per month",
        &big,
        &bar(cost.per_month / longest, &marks),
        &sub,
    )
}

impl Report {
    /// The queue whose waits are longest compared with its own objective, with its index, if their objectives differ.
    #[must_use]
    pub fn worst_queue(&self) -> Option<(usize, &QueueOutcome)> {
        let beside = |queue: &QueueOutcome| queue.p99 / queue.slo.max(1e-9);
        let queues = self.outcome.queues.iter().enumerate();
        queues.max_by(|(_, one), (_, other)| beside(one).total_cmp(&beside(other)))
    }
}

/// The 99th percentile of the waits, beside the objective, both in seconds.
fn p99_tile(report: &Report, path: String, (p99, slo): (f64, f64), sub: &Markup) -> Markup {
    let longest = p99.max(slo).max(1e-9);
    let class = if report.satisfied == Some(false) && p99 > slo {
        "bad"
    } else {
        ""
    };
    let big = datum(path, p99, &format_duration(p99));
    let bar = bar(p99 / longest, &[(slo / longest, "limit")]);
    tile("p99", class, P99, &big, &bar, sub)
}

/// The wait of the queue that does worst, if there are several.
fn queue_wait_tile(report: &Report, place: usize, queue: &QueueOutcome) -> Markup {
    let path = |key: &str| format!("queues.{place}.{key}");
    let others = report
        .outcome
        .queues
        .iter()
        .filter(|other| other.queue != queue.queue);
    let sub = html! {
        "objective of " (queue.queue) " " b { (datum(path("slo"), queue.slo, &format_duration(queue.slo))) }
        ", the longest " (datum(path("max"), queue.max, &format_duration(queue.max)))
        @for other in others { "; " (other.queue) " " (format_duration(other.p99)) " of " (format_duration(other.slo)) }
    };
    p99_tile(report, path("p99"), (queue.p99, queue.slo), &sub)
}

fn wait_tile(report: &Report) -> Markup {
    if let Some((place, queue)) = report.worst_queue() {
        return queue_wait_tile(report, place, queue);
    }
    let (waiting, slo) = (&report.outcome.waiting, report.outcome.slo);
    if report.outcome.messages.sent == 0 {
        let sub = html! { "objective " b { (datum("slo", slo, &format_duration(slo))) } };
        return tile("p99", "", P99, &html! { "–" }, &bar(0.0, &[]), &sub);
    }
    let sub = html! {
        "objective " b { (datum("slo", slo, &format_duration(slo))) }
        @if waiting.p50 < NO_WAIT { "; half don't wait" }
        @else { "; half wait at most " (datum("waiting.p50", waiting.p50, &format_duration(waiting.p50))) }
        ", the longest " (datum("waiting.max", waiting.max, &format_duration(waiting.max)))
    };
    p99_tile(report, "waiting.p99".to_owned(), (waiting.p99, slo), &sub)
}

fn tasks_tile(report: &Report) -> Markup {
    let outcome = &report.outcome;
    let (tasks, limits) = (&outcome.tasks, outcome.task_limits);
    let longest = f64::from(limits.max.max(tasks.most).max(1));
    // The ideal has no more tasks than are allowed, even where the objective needs more.
    let (path, needed) = match outcome.limited_by_max {
        Some(limit) => ("limited_by_max.needed", limit.needed),
        None => ("tasks.needed_most", tasks.needed_most),
    };
    let (most, needed) = (f64::from(tasks.most), f64::from(needed));
    let big = html! { (datum("tasks.most", most, &tasks.most.to_string())) small { " of " (limits.max) } };
    let sub = html! {
        "needed at most " b { (datum(path, needed, &format_number(needed, 0))) }
        @if outcome.limited_by_max.is_some() { ", more than tasks.max" }
        "; " (datum("tasks.seconds", tasks.seconds, &format_hours(tasks.seconds))) (if format_hours(tasks.seconds) == "1" { " task-hour" } else { " task-hours" })
        @if tasks.needed_seconds > 0.0 && outcome.limited_by_max.is_none() { ", " (times(tasks.seconds / tasks.needed_seconds)) " the need" }
    };
    tile(
        "peak",
        "",
        "Peak tasks",
        &big,
        &bar(most / longest, &[(needed / longest, "limit")]),
        &sub,
    )
}

/// A factor: `8% of`, `1.2×`, `29×`.
fn times(factor: f64) -> String {
    match factor {
        small if small < 0.945 => format!("{:.0}% of", small * 100.0),
        middle if middle < 9.95 => format!("{}×", format_number(middle, 1)),
        large => format!("{}×", format_number(large, 0)),
    }
}

/// Why, and what to do.
pub(super) fn render_words(report: &Report) -> Markup {
    html! {
        @if report.cause.is_some() || report.advice.is_some() {
            section .say {
                @if let Some(cause) = &report.cause { div #why { h2 { "Why" } p { (in_code(&cause.text)) } } }
                @if let Some(advice) = &report.advice {
                    div #advice {
                        h2 { "What to do" }
                        p { (in_code(&advice.text)) }
                        @if let Some(command) = &advice.command { (render_command(command)) }
                    }
                }
            }
        }
    }
}

pub(super) fn render_command(command: &str) -> Markup {
    html! { div .command { code { (command) } button type="button" .copy hidden { "copy" } } }
}

/// Words with code between backquotes.
fn in_code(text: &str) -> Markup {
    html! { @for (place, part) in text.split('`').enumerate() { @if place % 2 == 1 { code { (part) } } @else { (part) } } }
}
