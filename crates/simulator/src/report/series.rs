//! The time series as lines and bands of a chart that is 1000 wide and 100 high.

use crate::engine::Point;

/// Columns of a chart over its whole width: at least two pixels for each on a wide screen.
const COLUMNS: usize = 520;

/// A column: the points in a part of the time.
pub(super) struct Column<'p> {
    begin: f64,
    end: f64,
    points: &'p [Point],
}

/// Cuts the time into columns.
pub(super) fn cut(points: &[Point]) -> Vec<Column<'_>> {
    let many = points.len().div_ceil(COLUMNS).max(1);
    let mut begin = 0.0;
    let columns = points.chunks(many).map(|points| {
        let end = points.last().map_or(begin, |point| point.at);
        let column = Column { begin, end, points };
        begin = end;
        column
    });
    columns.collect()
}

impl Column<'_> {
    /// Mean, weighted by the length of each point.
    fn mean(&self, value: fn(&Point) -> f64) -> f64 {
        let (mut sum, mut before) = (0.0, self.begin);
        for point in self.points {
            sum += value(point) * (point.at - before);
            before = point.at;
        }
        sum / (self.end - self.begin).max(1e-9)
    }

    fn least(&self, value: fn(&Point) -> f64) -> f64 {
        self.points.iter().map(value).fold(f64::INFINITY, f64::min)
    }

    fn most(&self, value: fn(&Point) -> f64) -> f64 {
        self.points.iter().map(value).fold(0.0, f64::max)
    }

    pub(super) fn any(&self, value: fn(&Point) -> bool) -> bool {
        self.points.iter().any(value)
    }
}

/// The drawn form of a value.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// A line through the means.
    Mean(fn(&Point) -> f64),
    /// Steps of the largest values.
    Steps(fn(&Point) -> f64),
    /// An area between the smallest and the largest values.
    Band(fn(&Point) -> f64, fn(&Point) -> f64),
    /// An area below the largest values, in steps.
    Area(fn(&Point) -> f64),
}

/// A scale from time and values to the chart.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub(super) lasts: f64,
    pub(super) top: f64,
}

impl Scale {
    fn x(self, at: f64) -> f64 {
        at / self.lasts.max(1e-9) * 1_000.0
    }

    /// Place of a value, from the top.
    pub(super) fn y(self, value: f64) -> f64 {
        (100.0 - value / self.top.max(1e-12) * 100.0).clamp(0.0, 100.0)
    }

    /// The path of a shape.
    pub(super) fn path(self, columns: &[Column<'_>], shape: Shape) -> String {
        match shape {
            Shape::Mean(value) => self.line(columns, |column| column.mean(value)),
            Shape::Steps(value) => self.steps(columns, value),
            Shape::Band(low, high) => self.band(columns, low, high),
            Shape::Area(value) => match (self.steps(columns, value), columns.last()) {
                (path, Some(last)) => format!("{path}L{} 100L0 100Z", short(self.x(last.end))),
                (path, None) => path,
            },
        }
    }

    fn line(self, columns: &[Column<'_>], value: impl Fn(&Column<'_>) -> f64) -> String {
        let mut path = String::new();
        for column in columns {
            let x = self.x((column.begin + column.end) / 2.0);
            path.push_str(if path.is_empty() { "M" } else { "L" });
            path.push_str(&format!("{} {}", short(x), short(self.y(value(column)))));
        }
        path
    }

    fn steps(self, columns: &[Column<'_>], value: fn(&Point) -> f64) -> String {
        let mut path = String::new();
        for column in columns {
            let y = short(self.y(column.most(value)));
            if path.is_empty() {
                path = format!("M{} {y}", short(self.x(column.begin)));
            } else {
                path.push_str(&format!("V{y}"));
            }
            path.push_str(&format!("H{}", short(self.x(column.end))));
        }
        path
    }

    fn band(
        self,
        columns: &[Column<'_>],
        low: fn(&Point) -> f64,
        high: fn(&Point) -> f64,
    ) -> String {
        let there = self.line(columns, |column| column.most(high));
        let back: Vec<String> = columns
            .iter()
            .rev()
            .map(|column| {
                let x = self.x((column.begin + column.end) / 2.0);
                format!("L{} {}", short(x), short(self.y(column.least(low))))
            })
            .collect();
        if there.is_empty() {
            return there;
        }
        format!("{there}{}Z", back.concat())
    }

    /// Start and width of each run of columns in which something holds.
    pub(super) fn runs(
        self,
        columns: &[Column<'_>],
        holds: fn(&Point) -> bool,
    ) -> Vec<(String, String)> {
        let mut runs: Vec<(f64, f64)> = Vec::new();
        for column in columns.iter().filter(|column| column.any(holds)) {
            match runs.last_mut() {
                Some((_, end)) if column.begin <= *end => *end = column.end,
                _ => runs.push((column.begin, column.end)),
            }
        }
        let place =
            |(begin, end): (f64, f64)| (short(self.x(begin)), short(self.x(end) - self.x(begin)));
        runs.into_iter().map(place).collect()
    }
}

/// A coordinate in few characters.
pub(super) fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
