//! What happened over time: load, tasks, backlog, and longest wait, each as a drawing that fits any width, and the
//! states of the alarms.

use maud::{Markup, html};

use super::Report;
use super::axis::{Clock, Unit, round_top};
use super::late_times::render_events;
use super::series::{Column, Scale, Shape, cut, short};
use crate::engine::Point;
use crate::number::{format_duration, format_number};
use crate::outcome::RunOutcome;

/// A line or band of a chart.
struct Line {
    /// Class of its drawing and of its key.
    class: &'static str,
    name: &'static str,
    shape: Shape,
    /// Keys of the points: what the page's script draws of a part of the time. The lower end of a band, and the value.
    keys: (&'static str, &'static str),
    /// Whether a prediction of it is drawn, too.
    predicted: bool,
}

/// A chart.
struct Chart {
    id: &'static str,
    title: &'static str,
    unit: Unit,
    suffix: &'static str,
    /// Height in pixels.
    height: u32,
    lines: Vec<Line>,
    top: f64,
    mark: f64,
}

pub(super) fn render_charts(report: &Report) -> Markup {
    let outcome = &report.outcome;
    let columns = cut(&outcome.series);
    let clock = Clock::of(report);
    let width = columns.len().max(1);
    html! {
        section #time {
            h2 { "Over time" }
            p .lead {
                "Lines are means of " (format_duration((outcome.duration / crate::number::count(width as u64)).round().max(1.0)))
                ", bands show the minimum and maximum in it, and waits are the longest."
                @if report.predicted.is_some() { " Thin dashed lines are predicted for the same load." }
            }
            p #zoom .hint hidden { span #zoomed {} " " button type="button" #whole { "whole time" } }
            (render_events(report))
            div .plot .numbers #numbers hidden { div .yl {} div .row {} }
            @for chart in list_charts(report) { (render_chart(report, &chart, &columns)) }
            (render_alarms(outcome, &columns))
            (render_axis(&clock, outcome.duration))
            p .note { (clock.describe()) span .js { " Point at a chart to read it; drag to zoom, double-click for the whole time." } }
        }
    }
}

fn line(
    class: &'static str,
    name: &'static str,
    shape: Shape,
    keys: (&'static str, &'static str),
) -> Line {
    Line {
        class,
        name,
        shape,
        keys,
        predicted: matches!(shape, Shape::Mean(_) | Shape::Steps(_)),
    }
}

fn list_charts(report: &Report) -> Vec<Chart> {
    let outcome = &report.outcome;
    let all = || {
        let predicted = report.predicted.iter().flat_map(|run| &run.series);
        outcome.series.iter().chain(predicted)
    };
    let most = |value: fn(&Point) -> f64| all().map(value).fold(0.0, f64::max);
    let chart = |id, title, (unit, suffix): (Unit, _), height, top: f64, lines| {
        let (top, mark) = round_top(top, unit);
        Chart {
            id,
            title,
            unit,
            suffix,
            height,
            lines,
            top,
            mark,
        }
    };
    let backlog = |point: &Point| crate::number::count(point.backlog_max);
    let tasks = most(|p| f64::from(p.desired_max))
        .max(most(|p| p.running))
        .max(most(|p| p.needed));
    vec![
        chart(
            "load",
            "Load",
            (Unit::Number, "/s"),
            56,
            most(|p| p.load_max),
            vec![
                line(
                    "band",
                    "minimum to maximum",
                    Shape::Band(|p| p.load_min, |p| p.load_max),
                    ("load_min", "load_max"),
                ),
                line("ink", "mean", Shape::Mean(|p| p.load), ("", "load")),
            ],
        ),
        chart(
            "tasks",
            "Tasks",
            (Unit::Tasks, ""),
            132,
            tasks,
            vec![
                line(
                    "bandwant",
                    "desired, minimum to maximum",
                    Shape::Band(|p| f64::from(p.desired_min), |p| f64::from(p.desired_max)),
                    ("desired_min", "desired_max"),
                ),
                line(
                    "want",
                    "desired",
                    Shape::Mean(|p| f64::from(p.desired)),
                    ("", "desired"),
                ),
                line(
                    "own",
                    "running",
                    Shape::Mean(|p| p.running),
                    ("", "running"),
                ),
                Line {
                    predicted: false,
                    ..line("need", "needed", Shape::Mean(|p| p.needed), ("", "needed"))
                },
            ],
        ),
        chart(
            "backlog",
            "Backlog",
            (Unit::Number, ""),
            84,
            most(backlog),
            vec![
                line(
                    "band",
                    "up to the maximum",
                    Shape::Band(|_| 0.0, |point| crate::number::count(point.backlog_max)),
                    ("", "backlog_max"),
                ),
                line("own", "mean", Shape::Mean(|p| p.backlog), ("", "backlog")),
            ],
        ),
        chart(
            "wait",
            "Longest wait",
            (Unit::Time, ""),
            96,
            most(|p| p.worst_wait).max(outcome.slo * 1.02),
            vec![line(
                "own",
                if outcome.has_one_objective() {
                    "within the objective"
                } else {
                    "of all queues"
                },
                Shape::Steps(|p| p.worst_wait),
                ("", "worst_wait"),
            )],
        ),
    ]
}

fn render_chart(report: &Report, chart: &Chart, columns: &[Column<'_>]) -> Markup {
    let outcome = &report.outcome;
    let scale = Scale {
        lasts: outcome.duration,
        top: chart.top,
    };
    // With an objective for each queue, none holds for all waits.
    let wait = chart.id == "wait" && outcome.has_one_objective();
    let over = scale.y(outcome.slo);
    html! {
        figure .chart id=(chart.id) {
            figcaption {
                b { (chart.title) }
                span .legend {
                    @for line in &chart.lines { span { i class=(line.class) {} (line.name) } }
                    @if wait { span { i .late {} "late" } span { i .slo {} "objective " (format_duration(outcome.slo)) } }
                    @if chart.id == "tasks" { span { i .limit {} "limits" @if f64::from(outcome.task_limits.max) > chart.top { ", max " (outcome.task_limits.max) " is above" } } }
                }
                output {}
            }
            div .plot style=(format!("--h:{}px", chart.height)) {
                div .yl { @for value in [0.0, chart.mark, chart.top] { span style=(format!("bottom:{}%", short(100.0 - scale.y(value)))) { (chart.label(value)) } } }
                div .area data-top=(chart.top) {
                    svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label=(chart.title) {
                        @for value in [chart.mark, chart.top] { path .grid d=(format!("M0 {y}H1000", y = short(scale.y(value)))) {} }
                        @if wait { clipPath #over { rect x="0" y="0" width="1000" height=(short(over)) {} } clipPath #under { rect x="0" y=(short(over)) width="1000" height="100" {} } }
                        @for line in &chart.lines { (render_line(report, line, (scale, columns), wait)) }
                        @if wait { path .slo d=(format!("M0 {y}H1000", y = short(over))) {} }
                        @if chart.id == "tasks" { (render_limits(outcome, scale)) }
                    }
                    i .cursor {}
                }
            }
        }
    }
}

fn render_line(
    report: &Report,
    line: &Line,
    (scale, columns): (Scale, &[Column<'_>]),
    wait: bool,
) -> Markup {
    let path = scale.path(columns, line.shape);
    let steps = matches!(line.shape, Shape::Steps(_)).then_some("");
    let predicted = report.predicted.as_ref().filter(|_| line.predicted);
    let predicted = predicted.map(|run| scale.path(&cut(&run.series), line.shape));
    html! {
        @if wait {
            path .fill data-y=(line.keys.1) data-area data-steps clip-path="url(#over)" d=(scale.path(columns, Shape::Area(|point| point.worst_wait))) {}
            path .own data-y=(line.keys.1) data-steps=[steps] clip-path="url(#under)" d=(path) {}
            path .late data-y=(line.keys.1) data-steps=[steps] clip-path="url(#over)" d=(path) {}
        } @else {
            path class=(line.class) data-lo=[Some(line.keys.0).filter(|key| !key.is_empty())] data-y=(line.keys.1) data-steps=[steps] data-band=[matches!(line.shape, Shape::Band(..)).then_some("")] d=(path) {}
        }
        @if let Some(path) = predicted { path class=(format!("predicted {}", line.class)) data-predicted data-y=(line.keys.1) data-steps=[steps] d=(path) {} }
    }
}

fn render_limits(outcome: &RunOutcome, scale: Scale) -> Markup {
    let limits = [outcome.task_limits.min, outcome.task_limits.max].map(f64::from);
    html! {
        @for limit in limits.into_iter().filter(|limit| *limit <= scale.top) {
            path .limit d=(format!("M0 {y}H1000", y = short(scale.y(limit)))) {}
        }
    }
}

/// One strip: the scale-out alarm over the whole height, the other one over half of it.
fn render_alarms(outcome: &RunOutcome, columns: &[Column<'_>]) -> Markup {
    let scale = Scale {
        lasts: outcome.duration,
        top: 1.0,
    };
    let out = scale.runs(columns, |point| point.scale_out_alarm);
    let r#in = scale.runs(columns, |point| point.scale_in_alarm);
    html! {
        @if !out.is_empty() || !r#in.is_empty() {
            figure .chart .strip #alarms {
                figcaption {
                    b { "Alarms" }
                    span .legend { span { i .out {} "scale-out in ALARM" } span { i .in {} "scale-in in ALARM" } span { i .ok {} "both OK" } }
                    output {}
                }
                div .plot style="--h:14px" {
                    div .yl {}
                    div .area {
                        svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label="Alarms" {
                            g data-alarm="scale_in_alarm" { @for (x, width) in &r#in { rect .in x=(x) y="50" width=(width) height="50" {} } }
                            g data-alarm="scale_out_alarm" { @for (x, width) in &out { rect .out x=(x) y="0" width=(width) height="100" {} } }
                        }
                        i .cursor {}
                    }
                }
            }
        }
    }
}

fn render_axis(clock: &Clock, lasts: f64) -> Markup {
    let marks = clock.marks();
    let many = if marks.len() > 8 { "many" } else { "few" };
    html! {
        div .plot .axis {
            div class=(format!("xl {many}")) {
                @for (at, name) in marks {
                    @let place = at / lasts.max(1e-9);
                    span .edge[ends_outside(place, &name)] style=(format!("left:{}%", short(place * 100.0))) { (name) }
                }
            }
        }
    }
}

/// Whether a label ends outside a phone's page, where 312 px are for the drawing and 16 px beside it.
fn ends_outside(place: f64, name: &str) -> bool {
    place * 312.0 + crate::number::count(name.chars().count() as u64) * 7.5 > 326.0
}

impl Chart {
    fn label(&self, value: f64) -> String {
        match self.unit {
            Unit::Time => format_duration(value),
            Unit::Tasks => format_number(value, 0),
            Unit::Number if value > 0.0 => format!("{}{}", format_number(value, 2), self.suffix),
            Unit::Number => "0".to_owned(),
        }
    }
}
