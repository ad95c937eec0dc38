//! How long messages wait: the share of them within each time.

use maud::{Markup, html};

use super::series::short;
use super::{ComparedPolicy, Report};
use crate::number::{format_duration, format_share};

/// Waits below this number of seconds are shown as 0s.
pub(super) const NO_WAIT: f64 = 0.0005;

/// Marks of the axis, in seconds.
const MARKS: [f64; 15] = [
    0.01,
    0.1,
    1.0,
    10.0,
    60.0,
    300.0,
    1_800.0,
    7_200.0,
    43_200.0,
    172_800.0,
    864_000.0,
    4_320_000.0,
    2.16e7,
    1.08e8,
    1e9,
];

/// The axis of waits: logarithmic, from the shortest distinguishable wait.
struct Axis {
    from: f64,
    to: f64,
}

pub(super) fn render_waits(report: &Report) -> Markup {
    let outcome = &report.outcome;
    let slo = outcome.slo.max(1e-3);
    let other = report
        .advice
        .as_ref()
        .and_then(|advice| advice.policy.as_ref());
    let other = other.and_then(|name| report.compared.iter().find(|one| one.name == *name));
    let longest = outcome
        .waiting
        .max
        .max(other.map_or(0.0, |other| other.waiting.max))
        .max(slo * 1.5);
    let from = if slo <= 2.0 { slo / 100.0 } else { 1.0 };
    let axis = Axis {
        from,
        to: longest.max(from * 10.0),
    };
    // The share of several queues is that of the worst one, which isn't on the curve of all messages.
    let single = outcome.queues.is_empty();
    let one = outcome.has_one_objective();
    let share = outcome.within_objective;
    let own = axis.path(&outcome.wait_percentiles, single.then_some((slo, share)));
    let marks = MARKS.into_iter().filter(|mark| {
        let x = axis.x(*mark);
        x > 120.0 && x < 960.0 && (x - axis.x(slo)).abs() > 70.0
    });
    let left = axis.x(slo) > 500.0;
    html! {
        div #waits {
            h2 { "How long messages wait" }
            p .lead { (describe(report, other)) }
            div .plot .cdf {
                div .yl { @for percent in [0, 25, 50, 75, 100] { span style=(format!("bottom:{percent}%")) { (percent) "%" } } }
                div .area {
                    svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label="Share of the messages within each waiting time" {
                        @for y in [0, 25, 50, 75] { path .grid d=(format!("M0 {y}H1000")) {} }
                        path .under d=(format!("{own}V100H0Z")) {}
                        @if let Some(other) = other { path .second d=(axis.path(&other.wait_percentiles, None)) {} }
                        path .own d=(own) {}
                        @if one { path .slo d=(format!("M{x} 0V100", x = short(axis.x(slo)))) {} }
                    }
                    @if single {
                        i .dot style=(format!("left:{}%;bottom:{}%", short(axis.x(slo) / 10.0), short(share * 100.0))) {}
                        span .tag .share style=(beside(axis.x(slo), left)) { b { (format_share(share)) } " within " (format_duration(slo)) }
                    }
                }
                div .xl {
                    span .first style="left:0%" { "≤ " (format_duration(axis.from)) }
                    @for mark in marks { span style=(format!("left:{}%", short(axis.x(mark) / 10.0))) { (format_duration(mark)) } }
                    @if one { span .slo style=(format!("left:{}%", short(axis.x(slo).clamp(40.0, 960.0) / 10.0))) { (format_duration(slo)) } }
                }
            }
            p .note {
                "Share of the messages whose processing starts within a time; the time is logarithmic."
                @if one { " Dashed: the objective." } @else { " Each queue has its own objective." }
                @if let Some(other) = other { " Dotted: " (other.short_name()) "." }
                @if let Some(first) = report.first_phase() { (first) }
            }
        }
    }
}

/// Above a vertical line, to its left or its right.
fn beside(x: f64, left: bool) -> String {
    match left {
        true => format!("right:{}%;margin-right:-6px", short(100.0 - x / 10.0)),
        false => format!("left:{}%;margin-left:-6px", short(x / 10.0)),
    }
}

fn describe(report: &Report, other: Option<&ComparedPolicy>) -> String {
    let waiting = &report.outcome.waiting;
    let half = if waiting.p50 < NO_WAIT {
        "Half of the messages don't wait".to_owned()
    } else {
        format!(
            "Half of the messages wait at most {}",
            format_duration(waiting.p50)
        )
    };
    let tail = |p99: f64| match p99 {
        p99 if p99 < NO_WAIT => "fewer than one in a hundred wait".to_owned(),
        p99 => format!(
            "one in a hundred waits longer than {}",
            format_duration(p99)
        ),
    };
    let own = tail(waiting.p99);
    match other.map(|other| (other.short_name(), other.waiting.p99)) {
        Some((name, p99)) if waiting.p99 < NO_WAIT || p99 < NO_WAIT => {
            format!("{half}; {own}. With {name}, {}.", tail(p99))
        }
        Some((name, p99)) => format!("{half}; {own}, {} with {name}.", format_duration(p99)),
        None => format!("{half}; {own}."),
    }
}

impl Axis {
    fn x(&self, seconds: f64) -> f64 {
        let place = libm::log(seconds.max(self.from) / self.from) / libm::log(self.to / self.from);
        (place * 1_000.0).clamp(0.0, 1_000.0)
    }

    /// The curve through the percentiles, and through a point that is known exactly.
    fn path(&self, percentiles: &[f64], exact: Option<(f64, f64)>) -> String {
        let mut points: Vec<(f64, f64)> = percentiles
            .iter()
            .zip(0u8..)
            .map(|(wait, percent)| (self.x(*wait), f64::from(percent)))
            .collect();
        if let Some((wait, share)) = exact {
            let (x, percent) = (self.x(wait), share * 100.0);
            // The histogram's precision must not move a wait to the wrong side of the objective.
            for point in &mut points {
                point.0 = if point.1 <= percent {
                    point.0.min(x)
                } else {
                    point.0.max(x)
                };
            }
            let place = points.partition_point(|point| point.1 <= percent);
            points.insert(place, (x, percent));
        }
        points.push((1_000.0, 100.0));
        // Of points above one another only the highest counts.
        let mut path = String::new();
        let mut at = f64::NAN;
        for (place, (x, percent)) in points.iter().enumerate() {
            let next = points.get(place + 1);
            let stays = next.is_some_and(|next| (next.0 - x).abs() < 0.05);
            if stays && (path.is_empty() || (*x - at).abs() < 0.05) {
                continue;
            }
            path.push_str(if path.is_empty() { "M" } else { "L" });
            path.push_str(&format!("{} {}", short(*x), short(100.0 - percent)));
            at = *x;
        }
        path
    }
}
