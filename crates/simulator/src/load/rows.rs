//! Sorts rows by time, regardless of their order in the file.

use std::collections::HashMap;

use super::counter::{Point, compute_differences};
use super::error::RowProblem;
use super::options::Rows;
use super::packed::Packed;

/// How far the times of messages can jump back in a file without zones, because logs can have several writers.
/// In microseconds.
const JITTER: u64 = 600_000_000;

/// The rows so far: packed while they are in order, otherwise as points.
pub(super) struct Collected {
    packed: Packed,
    first: Option<u64>,
    points: Option<Vec<Point>>,
    /// Whether values are readings of counters.
    counters: bool,
    /// Whether a row is one message, so that several rows can have the same time.
    messages: bool,
    lacks_zone: bool,
    /// Whether counts with the same time are added up.
    sum: bool,
    names: HashMap<String, u32>,
    /// The last time of each series.
    last: Vec<Option<u64>>,
    /// The first line where times increased, and the first where they decreased.
    went_on: Option<u64>,
    went_back: Option<u64>,
}

/// Rows ordered by time.
pub(super) struct Ordered {
    /// Microseconds since the first row, and values.
    pub(super) rows: Packed,
    pub(super) first: u64,
    /// Microseconds from the first row to the end, if the rows contain it.
    pub(super) end: Option<u64>,
    pub(super) note: Option<&'static str>,
}

impl Collected {
    pub(super) fn new(rows: Rows, lacks_zone: bool, sum: bool) -> Self {
        let counters = rows == Rows::Counters;
        Self {
            packed: Packed::default(),
            first: None,
            points: counters.then(Vec::new),
            counters,
            messages: rows == Rows::Messages,
            lacks_zone,
            sum,
            names: HashMap::new(),
            last: vec![None],
            went_on: None,
            went_back: None,
        }
    }

    /// Returns the number of a series.
    pub(super) fn series(&mut self, name: String) -> u32 {
        let next = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let number = *self.names.entry(name).or_insert(next);
        let needed = usize::try_from(number).unwrap_or(0) + 1;
        if self.last.len() < needed {
            self.last.resize(needed, None);
        }
        number
    }

    /// Adds a row.
    pub(super) fn add(
        &mut self,
        time: u64,
        value: u64,
        series: u32,
        line: u64,
    ) -> Result<(), RowProblem> {
        self.note_direction(time, series, line);
        let first = *self.first.get_or_insert(time);
        let last = first.saturating_add(self.packed.last());
        if self.points.is_none() {
            let again = self.packed.len() > 0 && time == last && !self.messages;
            if again && !self.sum {
                return Err(RowProblem::Repeated);
            }
            if time < last || again {
                self.spill();
            }
        }
        match &mut self.points {
            Some(points) => points.push(Point {
                series,
                time,
                line,
                value,
            }),
            None => self.packed.push(time - first, value),
        }
        Ok(())
    }

    fn note_direction(&mut self, time: u64, series: u32, line: u64) {
        let Some(last) = usize::try_from(series)
            .ok()
            .and_then(|series| self.last.get_mut(series))
        else {
            return;
        };
        let tolerance = if self.messages { JITTER } else { 0 };
        match last.replace(time) {
            Some(before) if time > before => {
                self.went_on.get_or_insert(line);
            }
            Some(before) if before - time > tolerance => {
                self.went_back.get_or_insert(line);
            }
            _ => {}
        }
    }

    /// Switches from packed rows to points.
    fn spill(&mut self) {
        let first = self.first.unwrap_or_default();
        let rows = self.packed.iter().map(|(at, value)| Point {
            series: 0,
            time: first.saturating_add(at),
            line: 0,
            value,
        });
        self.points = Some(rows.collect());
        self.packed = Packed::default();
    }

    /// Returns the rows in order.
    ///
    /// # Errors
    /// If times jump back like clocks at the end of daylight saving time, or if times are repeated. The error
    /// contains the line.
    pub(super) fn finish(self) -> Result<Ordered, (u64, RowProblem)> {
        if let (true, Some(on), Some(back)) = (self.lacks_zone, self.went_on, self.went_back) {
            return Err((on.max(back), RowProblem::WentBack));
        }
        let Some(mut points) = self.points else {
            return Ok(Ordered {
                rows: self.packed,
                first: self.first.unwrap_or_default(),
                end: None,
                note: None,
            });
        };
        let mut end = None;
        if self.counters {
            (points, end) = compute_differences(points);
        }
        points.sort_by_key(|point| point.time);
        let first = points.first().map_or(0, |point| point.time);
        let mut rows = Packed::default();
        let mut open: Option<Point> = None;
        for point in points {
            match &mut open {
                Some(row) if row.time == point.time && !self.messages => {
                    if !self.sum {
                        return Err((point.line.max(row.line), RowProblem::Repeated));
                    }
                    row.value = row.value.saturating_add(point.value);
                }
                _ => {
                    if let Some(row) = open.replace(point) {
                        rows.push(row.time - first, row.value);
                    }
                }
            }
        }
        if let Some(row) = open {
            rows.push(row.time - first, row.value);
        }
        let note = self
            .went_back
            .map(|_| "rows aren't in the order of time: sorted");
        Ok(Ordered {
            rows,
            first,
            end: end.map(|end| end - first),
            note,
        })
    }
}
