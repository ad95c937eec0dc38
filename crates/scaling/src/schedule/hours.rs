//! Hours of a week as people write them: `Mon-Fri 08:00-18:00`.

use std::fmt;
use std::str::FromStr;

/// Minutes of a day on the clock.
pub(super) const DAY: u16 = 24 * 60;

/// Names of the days of a week, starting on Monday.
const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Days of a week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days(u8);

/// The same hours on some days of each week, by the clock of a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The days on which they start.
    days: Days,
    /// When they start, in minutes since midnight.
    start: u16,
    /// How long they last on the clock, in minutes, at most a day.
    length: u16,
}

/// Why a text isn't hours of a week.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// A day that isn't one.
    #[error("`{0}` isn't a day: write Mon, Tue, Wed, Thu, Fri, Sat, or Sun")]
    Day(String),
    /// There is no pair of times.
    #[error(
        "`{0}` isn't a pair of times: write it as `08:00-18:00`, with two digits each, up to `24:00`"
    )]
    Times(String),
    /// It ends at its start.
    #[error("it ends when it starts: write `00:00-24:00` for whole days")]
    Empty,
}

impl Days {
    /// Every day.
    pub const ALL: Self = Self(0x7f);

    /// The day that is this many days after Monday.
    #[must_use]
    pub fn one(after_monday: u16) -> Self {
        Self(1 << (after_monday % 7))
    }

    /// These days and others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These days except the one that is this many days after Monday.
    #[must_use]
    pub fn without(self, after_monday: u16) -> Self {
        Self(self.0 & !Self::one(after_monday).0)
    }

    /// The days, as days after Monday.
    pub fn iter(self) -> impl Iterator<Item = u16> {
        (0..7).filter(move |day| self.0 & (1 << day) != 0)
    }

    /// Whether the day that is this many days after Monday is included.
    #[must_use]
    pub fn contains(self, after_monday: u16) -> bool {
        self.iter().any(|day| day == after_monday % 7)
    }

    /// Reads `Mon-Fri` or `Sat,Sun`.
    fn parse(text: &str) -> Result<Self, HoursError> {
        let mut days = Self::default();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (mut day, last) = (day_of(first)?, day_of(last)?);
            days = days.and(Self::one(day));
            while day != last {
                day = (day + 1) % 7;
                days = days.and(Self::one(day));
            }
        }
        Ok(days)
    }
}

pub(super) fn day_of(text: &str) -> Result<u16, HoursError> {
    let found = (0..)
        .zip(NAMES)
        .find(|(_, name)| name.eq_ignore_ascii_case(text));
    let day = found.map(|(day, _)| day);
    day.ok_or_else(|| HoursError::Day(text.chars().take(20).collect()))
}

impl fmt::Display for Days {
    /// Writes three or more days in a row as `Mon-Wed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let mut day = 0;
        while day < 7 {
            let run = (day..7).take_while(|next| self.contains(*next)).count();
            let run = u16::try_from(run).unwrap_or(7);
            let name = |at: u16| NAMES.get(usize::from(at)).copied().unwrap_or_default();
            match run {
                0 => {}
                1 => parts.push(name(day).to_owned()),
                2 => parts.extend([name(day).to_owned(), name(day + 1).to_owned()]),
                _ => parts.push(format!("{}-{}", name(day), name(day + run - 1))),
            }
            day += run.max(1);
        }
        f.pad(&parts.join(","))
    }
}

impl Hours {
    /// The days on which they start.
    #[must_use]
    pub fn days(self) -> Days {
        self.days
    }

    /// When they start and end on each of the days, in minutes of the week by the clock, counted from
    /// midnight on Monday. An end can be after the end of the week.
    pub(super) fn spans(self) -> impl Iterator<Item = (u16, u16)> {
        self.days.iter().map(move |day| {
            let start = day * DAY + self.start;
            (start, start + self.length)
        })
    }
}

impl FromStr for Hours {
    type Err = HoursError;

    /// Reads `Mon-Fri 08:00-18:00`, `Sat,Sun`, or `22:00-06:00`. Without days, they apply every day, and
    /// without times, all day. An end that isn't after the start is on the next day.
    ///
    /// # Errors
    /// If it is neither.
    fn from_str(text: &str) -> Result<Self, HoursError> {
        let (days, times) = match text.split_once(' ') {
            Some((days, times)) => (Some(days), Some(times)),
            None if text.starts_with(|first: char| first.is_ascii_digit()) => (None, Some(text)),
            None => (Some(text), None),
        };
        let days = days.map_or(Ok(Days::ALL), Days::parse)?;
        let (start, end) = times.map_or(Ok((0, DAY)), times_of)?;
        if start == end {
            return Err(HoursError::Empty);
        }
        let length = if end > start {
            end - start
        } else {
            end + DAY - start
        };
        Ok(Self {
            days,
            start,
            length,
        })
    }
}

fn times_of(text: &str) -> Result<(u16, u16), HoursError> {
    let pair = text.split_once('-').and_then(|(start, end)| {
        let start = minute_of(start).filter(|start| *start < DAY)?;
        Some((start, minute_of(end)?))
    });
    pair.ok_or_else(|| HoursError::Times(text.chars().take(20).collect()))
}

/// Reads `08:00`, up to `24:00`.
fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u16>().ok())?
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= DAY).then_some(at)
}

/// Writes a minute of a day as `08:00`.
pub(super) fn time_text(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Writes a minute of a week as `Mon 08:00`.
pub(super) fn moment_text(minute: u16) -> String {
    let minute = minute % (7 * DAY);
    format!("{} {}", Days::one(minute / DAY), time_text(minute % DAY))
}

impl fmt::Display for Hours {
    /// Writes days and times, even if one was omitted in the definition.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match self.start + self.length {
            end if end > DAY => end - DAY,
            end => end,
        };
        let (start, end) = (time_text(self.start), time_text(end));
        write!(f, "{} {start}-{end}", self.days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_and_written() {
        for (text, written) in [
            ("Mon-Fri 08:00-18:00", "Mon-Fri 08:00-18:00"),
            ("mon,WED 00:00-24:00", "Mon,Wed 00:00-24:00"),
            ("Sat,Sun", "Sat,Sun 00:00-24:00"),
            ("22:00-06:00", "Mon-Sun 22:00-06:00"),
            ("Fri-Mon 22:00-00:00", "Mon,Fri-Sun 22:00-24:00"),
            ("Mon-Mon 12:30-12:29", "Mon 12:30-12:29"),
        ] {
            let hours: Hours = text.parse().unwrap();
            assert_eq!(hours.to_string(), written, "{text}");
            assert_eq!(written.parse(), Ok(hours), "{text}");
        }
    }

    /// Sunday is day 6: 6 × 1,440 + 22 × 60 = 9,960, and 8 hours later is 10,440, beyond the week's 10,080.
    #[test]
    fn an_end_before_the_start_is_on_the_next_day() {
        let spans = |text: &str| -> Vec<_> { text.parse::<Hours>().unwrap().spans().collect() };
        assert_eq!(spans("Mon,Tue 08:00-18:00"), [(480, 1_080), (1_920, 2_520)]);
        assert_eq!(spans("Sun 22:00-06:00"), [(9_960, 10_440)]);
        assert_eq!(spans("Sun"), [(8_640, 10_080)]);
    }

    #[test]
    fn what_is_no_hours() {
        use HoursError::{Day, Empty, Times};
        for (text, error) in [
            ("", Day(String::new())),
            ("Monday 08:00-18:00", Day("Monday".to_owned())),
            ("Mon-Fri-Sun", Day("Fri-Sun".to_owned())),
            ("Mon,", Day(String::new())),
            ("Mon 8:00-18:00", Times("8:00-18:00".to_owned())),
            ("Mon 08:00", Times("08:00".to_owned())),
            ("08:60-09:00", Times("08:60-09:00".to_owned())),
            ("24:00-25:00", Times("24:00-25:00".to_owned())),
            ("08:00-24:01", Times("08:00-24:01".to_owned())),
            ("Mon  08:00-18:00", Times(" 08:00-18:00".to_owned())),
            ("+8:00-18:00", Day("+8:00".to_owned())),
            ("Mon 08:00-08:00", Empty),
        ] {
            assert_eq!(text.parse::<Hours>(), Err(error), "{text}");
        }
    }
}
