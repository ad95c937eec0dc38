//! A chart of costs against objectives as SVG, both on logarithmic axes.

use maud::{Markup, html};

use super::axis::ticks_of_dollars;
use crate::frontier::Frontier;
use crate::number::{format_dollars, format_duration, format_number};

/// Size of the chart in its own units.
const WIDTH: f64 = 790.0;
const HEIGHT: f64 = 340.0;

/// The part in which the curves are.
const LEFT: f64 = 56.0;
const RIGHT: f64 = 590.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 300.0;

/// Distance of names from one another.
const LINE: f64 = 15.0;

/// A curve: for each objective a cost and what it is, or nothing.
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) points: Vec<Option<(f64, String)>>,
}

/// Curves over the objectives of a frontier. The last but one is the definition's, the last one the ideal's.
pub(super) struct Curves<'a> {
    frontier: &'a Frontier,
    curves: Vec<Curve>,
    /// Lowest and highest cost.
    costs: (f64, f64),
}

impl<'a> Curves<'a> {
    pub(super) fn new(frontier: &'a Frontier, curves: Vec<Curve>) -> Self {
        let points = curves
            .iter()
            .flat_map(|curve| curve.points.iter().flatten());
        let costs: Vec<f64> = points.map(|(cost, _)| cost.max(1e-6)).collect();
        let lowest = costs.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = costs.iter().copied().fold(1e-6, f64::max);
        let lowest = lowest.min(highest);
        Self {
            frontier,
            curves,
            costs: (lowest / 1.15, highest * 1.15),
        }
    }

    pub(super) fn render(&self) -> Markup {
        let names = self.place_names();
        html! {
            svg .frontier viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label="Cost per month against objective; the tables below have the same values" {
                (self.render_warm())
                (self.render_axes())
                @for (index, curve) in self.curves.iter().enumerate() {
                    g class=(self.class(index)) {
                        @for line in self.lines(curve) { polyline points=(line) {} }
                        @for (objective, point) in curve.points.iter().enumerate() {
                            @if let Some((cost, said)) = point {
                                circle cx=(number(self.x(objective))) cy=(number(self.y(*cost))) r="3" {
                                    title { (format!("{said} within {}: {}", self.objective(objective), format_dollars(*cost))) }
                                }
                            }
                        }
                        @if let Some((_, y)) = names.iter().find(|(named, _)| *named == index) {
                            line .leader x1=(number(RIGHT + 4.0)) x2=(number(RIGHT + 16.0)) y1=(number(self.end(curve))) y2=(number(*y)) {}
                            text x=(number(RIGHT + 20.0)) y=(number(y + 4.0)) { (curve.name) }
                        }
                    }
                }
            }
        }
    }

    fn class(&self, index: usize) -> String {
        match self.curves.len() - index {
            1 => "ideal".to_owned(),
            2 => "own".to_owned(),
            _ => format!("c{}", index % 8),
        }
    }

    /// The objectives for which only warm tasks react in time.
    fn render_warm(&self) -> Markup {
        let frontier = self.frontier;
        let (Some(first), Some(last)) = (frontier.objectives.first(), frontier.objectives.last())
        else {
            return html! {};
        };
        let reaction = frontier.reaction.clamp(*first, *last);
        let width = place(reaction, (*first, *last), (LEFT, RIGHT)) - LEFT;
        html! {
            @if width > 0.0 {
                rect .warm x=(number(LEFT)) y=(number(TOP)) width=(number(width)) height=(number(BOTTOM - TOP)) {}
                text .note x=(number(LEFT + 6.0)) y=(number(TOP - 3.0)) { "after a jump, only warm tasks" }
            }
        }
    }

    fn render_axes(&self) -> Markup {
        let ticks = ticks_of_dollars(self.costs);
        html! {
            @for tick in ticks {
                line .grid x1=(number(LEFT)) x2=(number(RIGHT)) y1=(number(self.y(tick))) y2=(number(self.y(tick))) {}
                text .tick .end x=(number(LEFT - 6.0)) y=(number(self.y(tick) + 4.0)) { "$" (format_number(tick, 2)) }
            }
            @for objective in 0..self.frontier.objectives.len() {
                line .grid x1=(number(self.x(objective))) x2=(number(self.x(objective))) y1=(number(TOP)) y2=(number(BOTTOM + 4.0)) {}
                text .tick .middle x=(number(self.x(objective))) y=(number(BOTTOM + 18.0)) { (self.objective(objective)) }
            }
        }
    }

    /// The corners of each unbroken part of a curve.
    fn lines(&self, curve: &Curve) -> Vec<String> {
        let mut lines = vec![String::new()];
        for (objective, point) in curve.points.iter().enumerate() {
            match (point, lines.last_mut()) {
                (Some((cost, _)), Some(line)) => {
                    let (x, y) = (number(self.x(objective)), number(self.y(*cost)));
                    line.push_str(&format!("{x},{y} "));
                }
                _ => lines.push(String::new()),
            }
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// Positions of the names of curves with a point: next to their ends, without overlaps.
    fn place_names(&self) -> Vec<(usize, f64)> {
        let mut names: Vec<(usize, f64)> = self
            .curves
            .iter()
            .enumerate()
            .filter(|(_, curve)| curve.points.iter().flatten().next().is_some())
            .map(|(index, curve)| (index, self.end(curve)))
            .collect();
        names.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        let mut free = TOP;
        for (_, y) in &mut names {
            *y = y.max(free);
            free = *y + LINE;
        }
        // Labels below the bottom move back up.
        let mut free = BOTTOM;
        for (_, y) in names.iter_mut().rev() {
            *y = y.min(free);
            free = *y - LINE;
        }
        names
    }

    /// Position of a curve's end.
    fn end(&self, curve: &Curve) -> f64 {
        let last = curve.points.iter().flatten().last();
        last.map_or(BOTTOM, |(cost, _)| self.y(*cost))
    }

    fn objective(&self, objective: usize) -> String {
        let seconds = self.frontier.objectives.get(objective);
        seconds.map_or_else(String::new, |seconds| format_duration(*seconds))
    }

    /// Position of an objective.
    fn x(&self, objective: usize) -> f64 {
        let objectives = &self.frontier.objectives;
        let (Some(first), Some(last)) = (objectives.first(), objectives.last()) else {
            return LEFT;
        };
        let seconds = objectives.get(objective).unwrap_or(last);
        place(*seconds, (*first, *last), (LEFT, RIGHT))
    }

    fn y(&self, cost: f64) -> f64 {
        place(cost.max(1e-6), self.costs, (BOTTOM, TOP))
    }
}

/// Position of a value between two places, on a logarithmic axis.
fn place(value: f64, (lowest, highest): (f64, f64), (from, to): (f64, f64)) -> f64 {
    let all = libm::log(highest / lowest);
    let part = if all > 0.0 {
        libm::log(value / lowest) / all
    } else {
        0.5
    };
    from + (to - from) * part.clamp(0.0, 1.0)
}

/// A coordinate in few characters.
fn number(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 is as far from 1 as 100 is from 10.
    #[test]
    fn axes_are_logarithmic() {
        let places =
            [1.0, 10.0, 100.0, 1_000.0].map(|value| place(value, (1.0, 100.0), (0.0, 200.0)));
        for (place, expected) in places.iter().zip([0.0, 100.0, 200.0, 200.0]) {
            assert!((place - expected).abs() < 1e-9, "{places:?}");
        }
        assert_eq!(place(5.0, (5.0, 5.0), (0.0, 200.0)), 100.0);
    }
}
