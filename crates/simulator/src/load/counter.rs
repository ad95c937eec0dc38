//! Counters that only increase, and how to recognize them.

use std::collections::HashMap;

use super::columns::Columns;
use super::number::NumberForm;
use super::sample::Sample;
use super::timestamp::TimeForm;

/// How the values of a column change from row to row, for each series.
#[derive(Default)]
pub(super) struct Growth {
    rises: usize,
    falls: usize,
    equal: usize,
    /// The first value, and the sum of the increases.
    first: f64,
    rise: f64,
}

impl Growth {
    pub(super) fn measure(
        sample: &Sample,
        columns: &Columns,
        form: TimeForm,
        number: NumberForm,
    ) -> Self {
        let mut growth = Self::default();
        let mut before: HashMap<String, (u64, f64)> = HashMap::new();
        let Some(&column) = columns.counts.first() else {
            return growth;
        };
        for record in &sample.records {
            let time = form.read(record.field(columns.times.time)).unwrap_or(0);
            let Ok(amount) = number.read(record.field(column)) else {
                continue;
            };
            #[expect(
                clippy::cast_precision_loss,
                reason = "differences are compared, not counted"
            )]
            let value = amount.in_millionths() as f64;
            let series = match &columns.series {
                None => String::new(),
                Some(series) => match series.identify(record) {
                    Some(series) => series,
                    None => continue,
                },
            };
            match before.insert(series, (time, value)) {
                None => growth.first += value,
                Some((earlier, last)) if earlier <= time => growth.add_difference(last, value),
                Some((_, last)) => growth.add_difference(value, last),
            }
        }
        growth
    }

    fn add_difference(&mut self, from: f64, to: f64) {
        if to > from {
            self.rises += 1;
            self.rise += to - from;
        } else if to < from {
            self.falls += 1;
        } else {
            self.equal += 1;
        }
    }

    /// Whether the values might belong to a counter, which occasionally restarts at zero.
    pub(super) fn may_be_counter(&self) -> bool {
        let steps = self.rises + self.falls + self.equal;
        steps > 0 && self.falls * 4 <= steps
    }

    /// Whether the values are too regular for counts: at least ten rows, whose increases are small compared
    /// with the values. Counts vary from row to row.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 rows")]
    pub(super) fn is_likely_counter(&self) -> bool {
        let steps = self.rises + self.equal;
        self.falls == 0
            && self.rises >= 9
            && self.rises * 10 >= steps * 9
            && self.first > 10.0 * self.rise / steps as f64
    }
}

/// A reading of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    pub(super) series: u32,
    pub(super) time: u64,
    pub(super) line: u64,
    pub(super) value: u64,
}

/// Returns the counts between two readings, with the time of the earlier one, and the time of the last reading.
/// A reading below the previous one is the count since the counter restarted at zero.
pub(super) fn compute_differences(mut points: Vec<Point>) -> (Vec<Point>, Option<u64>) {
    points.sort_unstable();
    let counted = points.windows(2).filter_map(|pair| match pair {
        [before, after] if before.series == after.series && before.time < after.time => {
            Some(Point {
                value: after.value.checked_sub(before.value).unwrap_or(after.value),
                ..*before
            })
        }
        _ => None,
    });
    let end = points.iter().map(|point| point.time).max();
    (counted.collect(), end)
}
