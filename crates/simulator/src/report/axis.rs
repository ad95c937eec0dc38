//! Axes: marks at round numbers, and the names of moments.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Report;
use crate::number::format_duration;

/// Halves of the tops of an axis of waits, in seconds.
const HALVES: [f64; 32] = [
    0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 150.0,
    180.0, 240.0, 300.0, 450.0, 600.0, 900.0, 1_200.0, 1_800.0, 2_700.0, 3_600.0, 5_400.0, 7_200.0,
    14_400.0, 21_600.0, 43_200.0, 86_400.0,
];
/// Lengths between two marks of a time axis, in seconds.
const TIMES: [f64; 26] = [
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    14_400.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    1_209_600.0,
    2_592_000.0,
    31_536_000.0,
];
/// Seconds of a day.
pub(super) const DAY: f64 = 86_400.0;

/// The top of an axis from 0 that holds a value, and one mark between, at round numbers.
pub(super) fn round_top(value: f64, unit: Unit) -> (f64, f64) {
    // An axis without values needs marks, too.
    let half = if value > 0.0 { value.max(1e-9) } else { 1.0 } / 2.0;
    let step = match unit {
        Unit::Time => HALVES.into_iter().find(|step| *step >= half),
        Unit::Tasks | Unit::Number => None,
    };
    let step = step.unwrap_or_else(|| {
        let power = libm::pow(10.0, libm::log10(half).floor());
        let steps = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0];
        let step = steps
            .map(|step| step * power)
            .into_iter()
            .find(|step| *step >= half * 0.999);
        step.unwrap_or(half)
    });
    let step = if unit == Unit::Tasks {
        step.ceil().max(1.0)
    } else {
        step
    };
    (2.0 * step, step)
}

/// Amounts of dollars to mark on a logarithmic axis: of each power of ten 1, 2, and 5, or fewer if it is long.
pub(super) fn ticks_of_dollars((lowest, highest): (f64, f64)) -> Vec<f64> {
    let decades = libm::log10(highest / lowest);
    let ticks: &[f64] = if decades > 2.5 {
        &[1.0]
    } else {
        &[1.0, 2.0, 5.0]
    };
    let powers = (-6..9).map(|power| 10f64.powi(power));
    let all = powers.flat_map(|power| ticks.iter().map(move |tick| tick * power));
    all.filter(|tick| (lowest..=highest).contains(tick))
        .collect()
}

/// What an axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Seconds.
    Time,
    /// Whole tasks.
    Tasks,
    /// Numbers.
    Number,
}

/// The time of a run, with dates or without.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// When it starts, since the Unix epoch.
    begins: Option<f64>,
    lasts: f64,
}

impl Clock {
    pub(super) fn of(report: &Report) -> Self {
        Self {
            begins: report.begins_at,
            lasts: report.outcome.duration,
        }
    }

    /// A moment for people: `Thu 12 Nov 14:45`, `day 3, 09:26`, or the time since the start.
    pub(super) fn moment(self, at: f64) -> String {
        match self.date(at) {
            Some(date) => date.strftime("%a %-d %b %H:%M").to_string(),
            None if self.lasts > DAY => {
                format!("day {:.0}, {}", (at / DAY).floor() + 1.0, clock(at))
            }
            None => format!("after {}", format_duration(at)),
        }
    }

    /// The time of day of a moment, or the time since the beginning or since midnight of its day, to the second.
    pub(super) fn second(self, at: f64) -> String {
        match self.date(at) {
            Some(date) => date.strftime("%H:%M:%S").to_string(),
            None if self.lasts > 3_600.0 => {
                format!("{}:{:02.0}", clock(at), at.rem_euclid(60.0).floor())
            }
            None => format_duration(at),
        }
    }

    /// First and last day, with the year: `Mon 9 Nov to Sun 22 Nov 2026`.
    pub(super) fn span(self, until: f64) -> Option<String> {
        let (first, last) = (self.date(0.0)?, self.date((until - 1.0).max(0.0))?);
        let day = |date: &jiff::Zoned| date.strftime("%a %-d %b").to_string();
        let year = last.strftime("%Y").to_string();
        Some(match (day(&first), day(&last)) {
            (first, last) if first == last => format!("{first} {year}"),
            (first, last) => format!("{first} to {last} {year}"),
        })
    }

    /// What the times are.
    pub(super) fn describe(self) -> &'static str {
        match self.begins {
            Some(_) => "Times are in UTC.",
            None if self.lasts > DAY => "The load has no dates, so days are counted.",
            None => "Times are measured from the start.",
        }
    }

    fn date(self, at: f64) -> Option<jiff::Zoned> {
        #[expect(clippy::cast_possible_truncation, reason = "a second of a date")]
        let second = (self.begins? + at).round() as i64;
        let moment = Timestamp::from_second(second).ok()?;
        Some(moment.to_zoned(TimeZone::UTC))
    }

    /// Marks of the axis: where they are in seconds, and their names, at most 14.
    pub(super) fn marks(self) -> Vec<(f64, String)> {
        // Days are the names of moments without dates.
        let least = if self.lasts > DAY { DAY } else { 1.0 };
        let least = if self.begins.is_none() { least } else { 1.0 };
        let mut steps = TIMES.iter().copied();
        let step = steps.find(|step| *step >= (self.lasts / 14.0).floor().max(least));
        let step = step.unwrap_or(self.lasts.max(1.0));
        // Days start at midnight.
        let first = match self.begins {
            Some(begins) => (begins / step).ceil() * step - begins,
            None => 0.0,
        };
        let mut marks = Vec::new();
        let mut at = first;
        // Labels further right would end outside.
        while at <= self.lasts * 0.96 && marks.len() < 32 {
            marks.push((at, self.mark(at, step, marks.is_empty())));
            at += step;
        }
        marks
    }

    fn mark(self, at: f64, step: f64, first: bool) -> String {
        match self.date(at) {
            Some(date) if step >= DAY => {
                let shown = if first || date.day() == 1 || step > 7.0 * DAY {
                    "%a %-d %b"
                } else {
                    "%a %-d"
                };
                date.strftime(shown).to_string()
            }
            Some(date) if !first && date.hour() == 0 && date.minute() == 0 => {
                date.strftime("%a %-d").to_string()
            }
            Some(date) if first => date.strftime("%-d %b %H:%M").to_string(),
            Some(date) if step < 60.0 => date.strftime("%H:%M:%S").to_string(),
            Some(date) => date.strftime("%H:%M").to_string(),
            None if step >= DAY => format!("day {:.0}", at / DAY + 1.0),
            None => format_duration(at),
        }
    }
}

/// The time of the day of a moment without a date.
fn clock(at: f64) -> String {
    let minutes = (at.rem_euclid(DAY) / 60.0).floor();
    format!("{:02.0}:{:02.0}", (minutes / 60.0).floor(), minutes % 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        let top = |value, unit| round_top(value, unit);
        assert_eq!(top(71.0, Unit::Number), (80.0, 40.0));
        assert_eq!(top(13_783.0, Unit::Number), (15_000.0, 7_500.0));
        assert_eq!(top(229.0, Unit::Time), (240.0, 120.0));
        assert_eq!(top(20.0, Unit::Tasks), (20.0, 10.0));
        assert_eq!(top(1.0, Unit::Tasks), (2.0, 1.0));
        assert!(top(0.0, Unit::Number).0 > 0.0);
    }

    /// 1,794,182,400 s after 1970 is Mon 9 November 2026, 00:00 UTC.
    #[test]
    fn moments_have_dates_or_days() {
        let dated = Clock {
            begins: Some(1_794_182_400.0),
            lasts: 14.0 * DAY,
        };
        assert_eq!(dated.moment(3.0 * DAY + 53_100.0), "Thu 12 Nov 14:45");
        assert_eq!(
            dated.span(14.0 * DAY).unwrap(),
            "Mon 9 Nov to Sun 22 Nov 2026"
        );
        let names: Vec<String> = dated.marks().into_iter().map(|(_, name)| name).collect();
        assert_eq!(names[..3], ["Mon 9 Nov", "Tue 10", "Wed 11"]);
        let week = Clock {
            lasts: 5.0 * DAY,
            ..dated
        };
        let names: Vec<String> = week.marks().into_iter().map(|(_, name)| name).collect();
        assert_eq!(names[..3], ["9 Nov 00:00", "12:00", "Tue 10"]);
        let days = Clock {
            begins: None,
            lasts: 7.0 * DAY,
        };
        assert_eq!(days.moment(2.0 * DAY + 33_960.0), "day 3, 09:26");
        assert_eq!(days.span(DAY), None);
        let hour = Clock {
            begins: None,
            lasts: 3_600.0,
        };
        assert_eq!(hour.moment(90.0), "after 1m 30s");
        assert_eq!(hour.marks()[1], (300.0, "5m".to_owned()));
    }
}
