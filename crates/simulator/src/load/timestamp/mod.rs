//! Times in the formats of tools and people.

use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

use super::civil;
use super::error::ReadError;
use super::numeric_time::{
    Unit, is_serial, number_of_billionths, parse_compact, parse_number, parse_serial,
};
use super::options::DateOrder;
use super::words;

/// The time format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum TimeForm {
    /// A number, with or without a fraction.
    Number(Unit),
    /// Days since 30 December 1899, as spreadsheets count them.
    Serial,
    /// `YYYYMMDD`, with or without hour, minute, and second.
    Compact,
    /// An ISO date and time with its zone.
    Zoned,
    /// An ISO date and time without a zone: UTC.
    Local,
    /// A time of day without a date.
    Clock,
    /// A date and time in another format.
    Written { order: DateOrder, zoned: bool },
}

static PARSER: DateTimeParser = DateTimeParser::new();

impl TimeForm {
    /// Detects the format of a column's times. `None` if it has no times.
    ///
    /// # Errors
    /// If dates are ambiguous and no value resolves that.
    pub(super) fn detect<'c>(
        cells: impl Iterator<Item = &'c [u8]> + Clone,
        order: Option<DateOrder>,
    ) -> Result<Option<Self>, ReadError> {
        let Some(first) = cells.clone().find(|cell| is_time(cell)) else {
            let mut cells = cells;
            return Ok(cells.any(is_clock).then_some(Self::Clock));
        };
        if parse_number(first).is_some() {
            let numbers = cells.filter(|cell| parse_number(cell).is_some());
            let largest = numbers
                .clone()
                .filter_map(parse_number)
                .map(|(whole, _)| whole)
                .max();
            return Ok(Some(
                if numbers.clone().all(|cell| parse_compact(cell).is_some()) {
                    Self::Compact
                } else if is_serial(numbers) {
                    Self::Serial
                } else {
                    Self::Number(Unit::guess(largest.unwrap_or(0)))
                },
            ));
        }
        let iso = [Self::Zoned, Self::Local]
            .into_iter()
            .find(|form| form.read(first).is_some());
        if iso.is_some() {
            return Ok(iso);
        }
        let order = match order {
            Some(order) => order,
            None => date_order(cells)?,
        };
        let zoned = civil::parse(first, order).is_some_and(|parts| parts.offset.is_some());
        Ok(Some(Self::Written { order, zoned }))
    }

    /// Returns the same format, with the unit for small numbers from the name of the column.
    pub(super) fn named(self, name: Option<&str>) -> Self {
        let has = |units: &str| name.is_some_and(|name| words::has_word(name, units));
        match self {
            Self::Number(Unit::Seconds) if has("ms millis milliseconds") => {
                Self::Number(Unit::Millis)
            }
            Self::Number(Unit::Seconds) if has("minute minutes") => Self::Number(Unit::Minutes),
            Self::Number(Unit::Seconds) if has("hour hours") => Self::Number(Unit::Hours),
            Self::Number(Unit::Seconds) if has("day days") => Self::Number(Unit::Days),
            form => form,
        }
    }

    /// Returns the microseconds since 1970 (or since the start, for small numbers).
    pub(super) fn read(self, text: &[u8]) -> Option<u64> {
        match self {
            Self::Number(unit) => Some(unit.micros(parse_number(text)?)),
            Self::Serial => {
                let (days, millionths) = number_of_billionths(text)?;
                parse_serial(days as f64 + millionths as f64 / 1e9)
            }
            Self::Compact => parse_compact(text),
            Self::Clock => {
                let parts = civil::parse(text, DateOrder::Dmy)?;
                let clock = parts.time.filter(|_| parts.date.is_none())?;
                u64::try_from(clock.duration_since(Time::midnight()).as_micros()).ok()
            }
            Self::Zoned => {
                let time = PARSER.parse_timestamp(text).ok()?;
                u64::try_from(time.as_microsecond()).ok()
            }
            Self::Local => {
                let time = parse_local(text)?.to_zoned(TimeZone::UTC).ok()?;
                u64::try_from(time.timestamp().as_microsecond()).ok()
            }
            Self::Written { order, zoned } => civil::parse(text, order)
                .filter(|parts| parts.offset.is_some() == zoned)?
                .micros(),
        }
    }

    /// Whether times lack a zone, so that they can jump back with the clock.
    pub(super) fn lacks_zone(self) -> bool {
        matches!(
            self,
            Self::Local
                | Self::Clock
                | Self::Serial
                | Self::Compact
                | Self::Written { zoned: false, .. }
        )
    }

    /// Returns the assumption of this format, for the user.
    pub(super) fn note(self) -> Option<String> {
        let numbers = match self {
            Self::Zoned | Self::Written { zoned: true, .. } => return None,
            Self::Number(Unit::Seconds) => "seconds",
            Self::Number(Unit::Millis) => "milliseconds",
            Self::Number(Unit::Micros) => "microseconds",
            Self::Number(Unit::Nanos) => "nanoseconds",
            Self::Number(Unit::Minutes) => "minutes",
            Self::Number(Unit::Hours) => "hours",
            Self::Number(Unit::Days) => "days",
            Self::Serial => {
                return Some(
                    "times are numbers: read as days since 1899, as spreadsheets count, in UTC"
                        .to_owned(),
                );
            }
            Self::Clock => return Some("times have no date: read as times of one day".to_owned()),
            _ => return Some("times have no zone: read as UTC".to_owned()),
        };
        Some(format!(
            "times are numbers: read as {numbers} since 1970 or since the start"
        ))
    }

    /// Formats the first time of a file for people. Numbers of less than a year count from an unknown start, so
    /// the result is `None`.
    pub(super) fn written(self, micros: u64) -> Option<String> {
        const YEAR: u64 = 365 * 86_400 * 1_000_000;
        if matches!(self, Self::Number(_) | Self::Clock) && micros < YEAR {
            return None;
        }
        let micros = i64::try_from(micros).ok()?;
        let time = jiff::Timestamp::from_microsecond(micros).ok()?;
        Some(time.to_string())
    }
}

/// Whether a field is a time in any format.
pub(super) fn is_time(text: &[u8]) -> bool {
    parse_number(text).is_some() || is_date(text)
}

/// Whether a field is a date, with or without a time, and not only a number.
pub(super) fn is_date(text: &[u8]) -> bool {
    PARSER.parse_timestamp(text).is_ok()
        || parse_local(text).is_some()
        || [DateOrder::Dmy, DateOrder::Mdy]
            .into_iter()
            .any(|order| civil::parse(text, order).is_some_and(|parts| parts.date.is_some()))
}

/// Whether a field is a date without a time.
pub(super) fn is_bare_date(text: &[u8]) -> bool {
    !text.contains(&b':') && (is_date(text) || (text.len() == 8 && parse_compact(text).is_some()))
}

/// Whether a field is a time of day without a date.
pub(super) fn is_clock(text: &[u8]) -> bool {
    civil::parse(text, DateOrder::Dmy)
        .is_some_and(|parts| parts.date.is_none() && parts.time.is_some())
}

/// Returns a time of day from a separate column in a format with colons: `12:00`, `120000`, `1200`, or an hour.
pub(super) fn normalize_clock(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return is_clock(text.as_bytes()).then(|| text.to_owned());
    }
    let number: u32 = text.parse().ok()?;
    let (hour, minute, second) = match text.len() {
        1 | 2 => (number, 0, 0),
        3 | 4 => (number / 100, number % 100, 0),
        5 | 6 => (number / 10_000, number / 100 % 100, number % 100),
        _ => return None,
    };
    let valid = hour < 24 && minute < 60 && second < 60;
    valid.then(|| format!("{hour:02}:{minute:02}:{second:02}"))
}

/// Whether a field is a number as large as a time since 1970.
pub(super) fn is_epoch(text: &[u8]) -> bool {
    parse_number(text).is_some_and(|(whole, _)| whole >= 100_000_000)
        || parse_compact(text).is_some()
}

/// Returns the order that is valid for all dates of a column.
fn date_order<'c>(cells: impl Iterator<Item = &'c [u8]>) -> Result<DateOrder, ReadError> {
    let (mut day_first, mut month_first) = (0, 0);
    let mut doubtful = None;
    for cell in cells {
        let dmy = civil::parse(cell, DateOrder::Dmy);
        let mdy = civil::parse(cell, DateOrder::Mdy);
        match (dmy, mdy) {
            (Some(dmy), Some(mdy)) if dmy != mdy => {
                doubtful.get_or_insert(cell);
            }
            (Some(_), None) => day_first += 1,
            (None, Some(_)) => month_first += 1,
            _ => {}
        }
    }
    match doubtful {
        Some(cell) if day_first == month_first => Err(ReadError::DateOrder(
            String::from_utf8_lossy(cell).into_owned(),
        )),
        _ if month_first > day_first => Ok(DateOrder::Mdy),
        _ => Ok(DateOrder::Dmy),
    }
}

/// Parses a date and time without a zone. Dates can have slashes, as in CloudWatch's own export.
fn parse_local(text: &[u8]) -> Option<DateTime> {
    // The parser would ignore a UTC offset.
    if text
        .get(10..)?
        .iter()
        .any(|byte| matches!(byte, b'+' | b'-' | b'['))
    {
        return None;
    }
    if let Ok(time) = PARSER.parse_datetime(text) {
        return Some(time);
    }
    if !text.contains(&b'/') {
        return None;
    }
    let dashed: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'/' { b'-' } else { *byte })
        .collect();
    PARSER.parse_datetime(&dashed).ok()
}

#[cfg(test)]
mod tests;
