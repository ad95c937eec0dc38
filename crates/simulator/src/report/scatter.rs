//! Cost against share within the objective: a point for each policy, with the ranges of its phases.

use maud::{Markup, html};

use super::axis::ticks_of_dollars;
use super::cause::USUAL;
use super::names::{place_names, width_of};
use super::series::short;
use super::{ComparedPolicy, Report};
use crate::compare::IDEAL;
use crate::number::{format_dollars, format_number, format_share};

/// Sizes in the drawing's own units, which are pixels where it isn't shrunk.
pub(super) struct Frame {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// For screens and for phones.
const WIDE: Frame = Frame {
    width: 640.0,
    height: 370.0,
    left: 52.0,
    right: 630.0,
    top: 60.0,
    bottom: 318.0,
};
const NARROW: Frame = Frame {
    width: 358.0,
    height: 400.0,
    left: 46.0,
    right: 350.0,
    top: 100.0,
    bottom: 348.0,
};

/// A policy's point.
pub(super) struct Spot<'r> {
    policy: &'r ComparedPolicy,
    pub(super) name: String,
    pub(super) x: f64,
    pub(super) y: f64,
    /// Ends of the range of costs, and of shares.
    pub(super) costs: (f64, f64),
    pub(super) shares: (f64, f64),
    class: &'static str,
}

pub(super) fn render_scatter(report: &Report) -> Markup {
    html! {
        div #scatter {
            h2 { "What each policy costs, and how much it meets" }
            @if report.compared.len() < 2 {
                p .lead { "Run the command with " code { "--compare" } " to see what other policies cost on the same messages." }
            } @else {
                p .lead { (describe(report)) }
                (render_frame(report, &WIDE, "wide"))
                (render_frame(report, &NARROW, "narrow"))
                p .note { "Bars: lowest to highest of the phases. " i .key .met {} " meets the objective, " i .key {} " misses it, " i .key .ideal {} " can't be built." }
            }
        }
    }
}

fn describe(report: &Report) -> String {
    let meeting = report
        .compared
        .iter()
        .filter(|one| one.name != IDEAL && report.met_by(one))
        .count();
    let all = report
        .compared
        .iter()
        .filter(|one| one.name != IDEAL)
        .count();
    let share = format_share(report.required.unwrap_or(USUAL));
    let own = if report.meets() {
        ", yours among them"
    } else {
        "; yours doesn't"
    };
    match meeting {
        0 => format!("None of the {all} policies meets the objective for {share} of the messages."),
        _ => format!(
            "{meeting} of {all} policies meet the objective for {share} of the messages{own}."
        ),
    }
}

/// Scales of the two axes.
struct Scales<'f> {
    frame: &'f Frame,
    costs: (f64, f64),
    required: f64,
    /// Lowest share that is shown, and the place of the required one, from 0 at the bottom to 1.
    lowest: f64,
    split: f64,
    /// The most nines above the required share.
    nines: f64,
}

impl<'f> Scales<'f> {
    fn new(report: &Report, frame: &'f Frame) -> Self {
        let ranges = report.compared.iter().map(ComparedPolicy::monthly_range);
        let (low, high) = ranges.fold((f64::INFINITY, 1e-9f64), |(low, high), range| {
            (low.min(range.0), high.max(range.1))
        });
        let required = report.required.unwrap_or(USUAL).clamp(0.01, 0.999_99);
        let shares = || {
            report
                .compared
                .iter()
                .map(|one| one.phases.within_objective.lowest)
        };
        let below = shares().filter(|share| *share < required).count();
        let split = match below {
            0 => 0.0,
            1 | 2 => 0.3,
            _ => 0.56,
        };
        let lowest = shares().fold(required, f64::min);
        let room = (required - lowest).max(0.01) * 0.12;
        let best = shares()
            .filter(|share| *share < 1.0)
            .fold(required, f64::max);
        Self {
            frame,
            costs: (low.max(1e-6) / 1.15, high.max(1e-6) * 1.15),
            required,
            lowest: (lowest - room).max(0.0),
            split,
            nines: libm::log10((1.0 - required) / (1.0 - best)).max(1.0) + 0.3,
        }
    }

    fn x(&self, dollars: f64) -> f64 {
        let (low, high) = self.costs;
        let place = libm::log(dollars.max(1e-6) / low) / libm::log(high / low).max(1e-9);
        self.frame.left + place.clamp(0.0, 1.0) * (self.frame.right - self.frame.left)
    }

    /// Linear below the required share, in nines above it, and 100% at the top.
    fn y(&self, share: f64) -> f64 {
        let place = if share >= 1.0 {
            1.0
        } else if share >= self.required {
            let nines = libm::log10((1.0 - self.required) / (1.0 - share)) / self.nines;
            self.split + (1.0 - self.split) * nines.min(0.93)
        } else {
            let part = (share - self.lowest) / (self.required - self.lowest).max(1e-9);
            self.split * part.max(0.0)
        };
        self.frame.bottom - place * (self.frame.bottom - self.frame.top)
    }

    /// Shares to mark.
    fn marks(&self) -> Vec<f64> {
        let nines = [0.9, 0.99, 0.999, 0.9999]
            .into_iter()
            .filter(|share| *share > self.required);
        let step = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2].into_iter();
        let step = step
            .rev()
            .find(|step| *step <= (self.required - self.lowest) / 2.0);
        let below = step.into_iter().flat_map(|step| {
            (1..4).map(move |place| {
                ((self.required - 1e-9) / step).floor() * step - f64::from(place - 1) * step
            })
        });
        let inside =
            |share: &f64| *share >= self.lowest && self.frame.bottom - self.y(*share) >= 0.0;
        let mut marks = vec![1.0, self.required];
        for share in nines.chain(below.filter(inside)) {
            if marks
                .iter()
                .all(|other| (self.y(*other) - self.y(share)).abs() > 18.0)
            {
                marks.push(share);
            }
        }
        marks
    }
}

fn find_spots<'r>(report: &'r Report, scales: &Scales<'_>) -> Vec<Spot<'r>> {
    let mut spots: Vec<Spot<'r>> = Vec::new();
    // Later points are drawn on top: the definition's own.
    for policy in report.compared.iter().rev() {
        let range = policy.monthly_range();
        let shares = policy.phases.within_objective;
        let (x, y) = (
            scales.x(policy.cost_per_month),
            scales.y(policy.within_objective),
        );
        let own = report.is_own(policy);
        let class = match () {
            () if policy.name == IDEAL => "ideal",
            () if own && report.meets() => "me",
            () if own => "me no",
            () if report.met_by(policy) => "met",
            () => "missed",
        };
        let name = super::cause_words::capitalized(policy.short_name());
        // At the same place one name stands for both.
        let near = |spot: &&mut Spot<'r>| libm::hypot(spot.x - x, spot.y - y) < 3.0;
        let same = spots
            .iter_mut()
            .find(|spot| !spot.name.is_empty() && near(spot));
        let name = match same.map(|spot| std::mem::take(&mut spot.name)) {
            Some(other) => match other.split_once(" = ") {
                Some((other, _)) => format!("{name} = {other} and more"),
                None => format!("{name} = {other}"),
            },
            None => name,
        };
        // A long name covers half of a phone's drawing. The table below has them all.
        let is_long = width_of(&name) > scales.frame.width / 2.0;
        let name = match name.split_once(" = ").filter(|_| is_long) {
            Some((name, _)) => format!("{name} and others"),
            None => name,
        };
        spots.push(Spot {
            policy,
            name,
            x,
            y,
            costs: (scales.x(range.0), scales.x(range.1)),
            shares: (scales.y(shares.lowest), scales.y(shares.highest)),
            class,
        });
    }
    spots
}

fn render_frame(report: &Report, frame: &Frame, class: &str) -> Markup {
    let scales = Scales::new(report, frame);
    let spots = find_spots(report, &scales);
    let required = scales.y(scales.required);
    let names = place_names(&spots, frame, required);
    html! {
        svg class=(format!("scatter {class}")) viewBox=(format!("0 0 {} {}", frame.width, frame.height)) role="img" aria-label="Cost per month against share within the objective, a point per policy; the comparison below has the same values" {
            rect .missed x=(frame.left) y=(short(required)) width=(frame.right - frame.left) height=(short((frame.bottom - required).max(0.0))) {}
            @for share in scales.marks() {
                line .grid x1=(frame.left) x2=(frame.right) y1=(short(scales.y(share))) y2=(short(scales.y(share))) {}
                text .tick .end x=(frame.left - 8.0) y=(short(scales.y(share) + 4.0)) { (format_number(share * 100.0, 2)) "%" }
            }
            @for dollars in ticks_of_dollars(scales.costs) {
                line .grid x1=(short(scales.x(dollars))) x2=(short(scales.x(dollars))) y1=(frame.top) y2=(frame.bottom) {}
                text .tick .middle x=(short(scales.x(dollars))) y=(frame.bottom + 18.0) { (format_dollars(dollars).trim_end_matches(".00")) }
            }
            text .tick .middle x=((frame.left + frame.right) / 2.0) y=(frame.bottom + 40.0) { "dollars per month, logarithmic" }
            line .required x1=(frame.left) x2=(frame.right) y1=(short(required)) y2=(short(required)) {}
            text .required .end x=(frame.right) y=(short(required - 6.0)) { @if report.required.is_some() { "required " } (format_share(scales.required)) @if report.required.is_none() { ", not required" } }
            @for (spot, place) in spots.iter().zip(&names) {
                @let (width, y) = (width_of(&spot.name), place.y);
                @let (x, anchor) = place.anchored(width);
                g class=(spot.class) {
                    line .range x1=(short(spot.costs.0)) x2=(short(spot.costs.1)) y1=(short(spot.y)) y2=(short(spot.y)) {}
                    line .range x1=(short(spot.x)) x2=(short(spot.x)) y1=(short(spot.shares.0)) y2=(short(spot.shares.1)) {}
                    @if spot.class == "ideal" { path .point d=(format!("M{} {}l6 6l-6 6l-6-6Z", short(spot.x), short(spot.y - 6.0))) {} }
                    @else { circle .point cx=(short(spot.x)) cy=(short(spot.y)) r=(if spot.class.starts_with("me ") || spot.class == "me" { "6.5" } else { "4.5" }) { title { (spot.policy.name) ": " (format_share(spot.policy.within_objective)) ", " (format_dollars(spot.policy.cost_per_month)) } } }
                    @if !spot.name.is_empty() {
                        @if (y - 4.0 - spot.y).abs() > 22.0 { line .leader x1=(short(spot.x)) y1=(short(spot.y)) x2=(short(spot.x.clamp(place.x, place.x + width))) y2=(short(if y < spot.y { y + 3.0 } else { y - 11.0 })) {} }
                        text class=[anchor] x=(short(x)) y=(short(y)) { (spot.name) }
                    }
                }
            }
        }
    }
}
