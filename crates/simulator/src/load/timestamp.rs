//! Times as tools and people write them into a load file.

use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

use super::civil;
use super::error::ReadError;
use super::options::DateOrder;
use super::words;

/// The unit of times that are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Nanos,
    Micros,
    Millis,
    Seconds,
    Minutes,
    Hours,
    Days,
}

/// How the times of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeForm {
    /// A number, with or without a fraction.
    Number(Unit),
    /// The days since 30 December 1899, as spreadsheets count.
    Serial,
    /// `YYYYMMDD`, with or without hour, minute, and second.
    Compact,
    /// An ISO date and time with its zone.
    Zoned,
    /// An ISO date and time without a zone: UTC.
    Local,
    /// A time of the day alone.
    Clock,
    /// A date and time in another form.
    Written { order: DateOrder, zoned: bool },
}

static PARSER: DateTimeParser = DateTimeParser::new();

/// Days from 30 December 1899 to 1 January 1970.
const EPOCH_DAY: f64 = 25_569.0;

impl TimeForm {
    /// How the times of a column are written. `None` when it has no time.
    ///
    /// # Errors
    /// When dates can be read in two ways and nothing says which is meant.
    pub(super) fn of<'c>(
        cells: impl Iterator<Item = &'c [u8]> + Clone,
        order: Option<DateOrder>,
    ) -> Result<Option<Self>, ReadError> {
        let Some(first) = cells.clone().find(|cell| is_time(cell)) else {
            let mut cells = cells;
            return Ok(cells.any(is_clock).then_some(Self::Clock));
        };
        if number(first).is_some() {
            let numbers = cells.filter(|cell| number(cell).is_some());
            let largest = numbers
                .clone()
                .filter_map(number)
                .map(|(whole, _)| whole)
                .max();
            return Ok(Some(
                if numbers.clone().all(|cell| compact(cell).is_some()) {
                    Self::Compact
                } else if is_serial(numbers) {
                    Self::Serial
                } else {
                    Self::Number(Unit::of(largest.unwrap_or(0)))
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

    /// The same, with the unit that the name of the column has for small numbers.
    pub(super) fn named(self, name: Option<&str>) -> Self {
        let words = name.map(words::of).unwrap_or_default();
        let has = |units: &[&str]| words.iter().any(|word| units.contains(&word.as_str()));
        match self {
            Self::Number(Unit::Seconds) if has(&["ms", "millis", "milliseconds"]) => {
                Self::Number(Unit::Millis)
            }
            Self::Number(Unit::Seconds) if has(&["minute", "minutes"]) => {
                Self::Number(Unit::Minutes)
            }
            Self::Number(Unit::Seconds) if has(&["hour", "hours"]) => Self::Number(Unit::Hours),
            Self::Number(Unit::Seconds) if has(&["day", "days"]) => Self::Number(Unit::Days),
            form => form,
        }
    }

    /// Microseconds since 1970 (or since the beginning, for small numbers).
    pub(super) fn read(self, text: &[u8]) -> Option<u64> {
        match self {
            Self::Number(unit) => Some(unit.micros(number(text)?)),
            Self::Serial => {
                let (days, millionths) = number_of_billionths(text)?;
                serial(days as f64 + millionths as f64 / 1e9)
            }
            Self::Compact => compact(text),
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
                let time = local(text)?.to_zoned(TimeZone::UTC).ok()?;
                u64::try_from(time.timestamp().as_microsecond()).ok()
            }
            Self::Written { order, zoned } => civil::parse(text, order)
                .filter(|parts| parts.offset.is_some() == zoned)?
                .micros(),
        }
    }

    /// Whether times lack a zone, so that clocks can go back in them.
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

    /// The assumption that the form makes, for the user.
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
            Self::Clock => return Some("times have no date: read as those of one day".to_owned()),
            _ => return Some("times have no zone: read as UTC".to_owned()),
        };
        Some(format!(
            "times are numbers: read as {numbers} since 1970 or since the beginning"
        ))
    }

    /// The first time of a file as people write it. Numbers of less than a year count from the beginning of
    /// something that the file doesn't name, so they are none.
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

impl Unit {
    /// By size: seconds until the year 5138, then milliseconds, microseconds, and nanoseconds.
    fn of(whole: u64) -> Self {
        match whole {
            0..100_000_000_000 => Self::Seconds,
            100_000_000_000..100_000_000_000_000 => Self::Millis,
            100_000_000_000_000..100_000_000_000_000_000 => Self::Micros,
            _ => Self::Nanos,
        }
    }

    fn micros(self, (whole, millionths): (u64, u64)) -> u64 {
        let factor = match self {
            Self::Days => 86_400_000_000,
            Self::Hours => 3_600_000_000,
            Self::Minutes => 60_000_000,
            Self::Seconds => 1_000_000,
            Self::Millis => 1_000,
            Self::Micros => 1,
            Self::Nanos => return whole / 1_000,
        };
        let fraction = millionths.saturating_mul(factor) / 1_000_000;
        whole.saturating_mul(factor).saturating_add(fraction)
    }
}

/// Whether a field is a time in any form.
pub(super) fn is_time(text: &[u8]) -> bool {
    number(text).is_some() || is_date(text)
}

/// Whether a field is a date, with or without a time, and not a mere number.
pub(super) fn is_date(text: &[u8]) -> bool {
    PARSER.parse_timestamp(text).is_ok()
        || local(text).is_some()
        || [DateOrder::Dmy, DateOrder::Mdy]
            .into_iter()
            .any(|order| civil::parse(text, order).is_some_and(|parts| parts.date.is_some()))
}

/// Whether a field is a date without a time.
pub(super) fn is_bare_date(text: &[u8]) -> bool {
    !text.contains(&b':') && (is_date(text) || (text.len() == 8 && compact(text).is_some()))
}

/// Whether a field is a time of the day without a date.
pub(super) fn is_clock(text: &[u8]) -> bool {
    civil::parse(text, DateOrder::Dmy)
        .is_some_and(|parts| parts.date.is_none() && parts.time.is_some())
}

/// A time of the day from a column of its own, with colons: `12:00`, `120000`, `1200`, or an hour.
pub(super) fn clock(text: &[u8]) -> Option<String> {
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
    number(text).is_some_and(|(whole, _)| whole >= 100_000_000) || compact(text).is_some()
}

/// The order that all dates of a column allow.
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

/// A date and time without a zone; dates may have slashes, as in CloudWatch's own export.
fn local(text: &[u8]) -> Option<DateTime> {
    // The parser would ignore an offset.
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

/// `YYYYMMDD`, `YYYYMMDDHH`, `YYYYMMDDHHMM`, or `YYYYMMDDHHMMSS`, from 1970 to 2099, in microseconds since
/// 1970. Ten digits are also seconds since 1970, but only from 2032 on.
fn compact(text: &[u8]) -> Option<u64> {
    if !matches!(text.len(), 8 | 10 | 12 | 14) || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let part = |from: usize, to: usize| {
        text.get(from..to.min(text.len()))
            .unwrap_or_default()
            .iter()
            .fold(0_i16, |number, digit| number * 10 + i16::from(digit - b'0'))
    };
    let small = |from: usize| i8::try_from(part(from, from + 2)).ok();
    let year = Some(part(0, 4)).filter(|year| (1970..2100).contains(year))?;
    let time = DateTime::new(
        year,
        small(4)?,
        small(6)?,
        small(8)?,
        small(10)?,
        small(12)?,
        0,
    )
    .ok()?;
    let time = time.to_zoned(TimeZone::UTC).ok()?;
    u64::try_from(time.timestamp().as_microsecond()).ok()
}

/// Whether numbers are days since 1899: from 1954 to 2119, and never more than a month apart.
fn is_serial<'c>(numbers: impl Iterator<Item = &'c [u8]>) -> bool {
    let mut before = None;
    let mut steps = 0;
    for cell in numbers {
        let Some(days) = number(cell).map(|(days, _)| days) else {
            return false;
        };
        let near = before.is_none_or(|before: u64| before.abs_diff(days) <= 31);
        if !(20_000..80_000).contains(&days) || !near {
            return false;
        }
        before = Some(days);
        steps += 1;
    }
    steps > 1
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "after 1970 by the filter, and before the year 2119 by its caller"
)]
fn serial(days: f64) -> Option<u64> {
    // A second is about 0.0000116 days, which spreadsheets write with too few digits.
    let seconds = ((days - EPOCH_DAY) * 86_400.0).round();
    Some(seconds)
        .filter(|seconds| *seconds >= 0.0)
        .map(|seconds| seconds as u64 * 1_000_000)
}

/// A whole number and the millionths of its fraction.
fn number(text: &[u8]) -> Option<(u64, u64)> {
    let (whole, billionths) = number_of_billionths(text)?;
    Some((whole, billionths / 1_000))
}

/// A whole number and the billionths of its fraction, after a point or a comma.
fn number_of_billionths(text: &[u8]) -> Option<(u64, u64)> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let kept = fraction.get(..fraction.len().min(9))?;
    let places = u32::try_from(kept.len()).ok()?;
    let billionths = kept.parse::<u64>().ok()? * 10u64.pow(9 - places);
    Some((whole.parse().ok()?, billionths))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(cells: &[&str]) -> Option<TimeForm> {
        TimeForm::of(cells.iter().map(|cell| cell.as_bytes()), None).unwrap()
    }

    fn read(text: &str) -> Option<u64> {
        form(&[text])?.read(text.as_bytes())
    }

    #[test]
    fn every_form_is_the_same_moment() {
        let expected = Some(1_795_262_400_000_000);
        for text in [
            "2026-11-21T12:00:00Z",
            "2026-11-21T13:00:00+01:00",
            "2026-11-21T13:00:00.000+0100",
            "2026-11-21 12:00:00+00",
            "2026-11-21 12:00:00.000 +0000",
            "2026-11-21 12:00:00 UTC",
            "2026-11-21 12:00:00.000 UTC",
            "2026-11-21T13:00:00+01:00[Europe/Berlin]",
            "20261121T120000Z",
            "2026-11-21 12:00:00",
            "2026-11-21T12:00",
            "2026-11-21 12:00:00,000",
            "2026/11/21 12:00:00",
            "2026/11/21 12:00",
            "2026.11.21 12:00",
            "21.11.2026 12:00",
            "21.11.26 12:00:00",
            "21-11-2026 12:00",
            "11/21/2026 12:00",
            "11/21/26 12:00 PM",
            "11/21/2026, 12:00:00\u{202f}PM",
            "Sat, 21 Nov 2026 12:00:00 GMT",
            "Sat, 21 Nov 2026 13:00:00 +0100",
            "21/Nov/2026:12:00:00 +0000",
            "21-Nov-2026 12:00:00",
            "Nov 21, 2026 @ 12:00:00.000",
            "November 21, 2026 12:00:00 PM",
            "Sat Nov 21 12:00:00 UTC 2026",
            "Sat Nov 21 2026 13:00:00 GMT+0100 (Central European Standard Time)",
            "21. November 2026 12:00 Uhr",
            "2026112112",
            "202611211200",
            "20261121120000",
            "1795262400",
            "1795262400.0",
            "1795262400000",
            "1795262400000000",
            "1795262400000000000",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        let midnight = Some(1_795_219_200_000_000);
        for text in [
            "2026-11-21",
            "20261121",
            "21.11.2026",
            "11/21/2026",
            "2026/11/21",
        ] {
            assert_eq!(read(text), midnight, "{text}");
        }
        assert_eq!(read("60.25"), Some(60_250_000));
    }

    #[test]
    fn a_column_decides_about_the_order_of_its_dates() {
        let second = |cells: &[&str]| form(cells).unwrap().read(cells[1].as_bytes());
        let november = Some(1_793_577_600_000_000);
        assert_eq!(second(&["31/10/2026", "02/11/2026"]), november);
        assert_eq!(second(&["10/31/2026", "11/02/2026"]), november);
        assert_eq!(second(&["02.11.2026", "02.11.2026"]), november);
        let cells = ["01/11/2026", "02/11/2026"].map(str::as_bytes);
        let error = TimeForm::of(cells.into_iter(), None).unwrap_err();
        assert!(error.to_string().contains("--date-order"), "{error}");
        let mdy = TimeForm::of(cells.into_iter(), Some(DateOrder::Mdy))
            .unwrap()
            .unwrap();
        assert_eq!(mdy.read(b"11/02/2026"), november);
    }

    #[test]
    fn spreadsheets_count_days() {
        let serial = form(&["46347.5", "46347.50069444"]).unwrap();
        assert_eq!(serial, TimeForm::Serial);
        assert_eq!(serial.read(b"46347.5"), Some(1_795_262_400_000_000));
        assert_eq!(serial.read(b"46347,50069444"), Some(1_795_262_460_000_000));
        assert_eq!(form(&["46347", "46348"]), Some(TimeForm::Serial));
        assert_eq!(
            form(&["46347", "46407"]),
            Some(TimeForm::Number(Unit::Seconds))
        );
    }

    #[test]
    fn small_numbers_are_no_date() {
        let written = |text: &str| {
            let form = form(&[text])?;
            form.written(form.read(text.as_bytes())?)
        };
        assert_eq!(written("0"), None);
        assert_eq!(written("86400.5"), None);
        assert_eq!(written("1795262400").unwrap(), "2026-11-21T12:00:00Z");
        assert_eq!(written("2026-11-21").unwrap(), "2026-11-21T00:00:00Z");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "timestamp",
            "-5",
            "1e3",
            "2026-13-01",
            "2026-11-2l 11:59:00",
            "2026-11-21T12:00:00ZZ",
            "2026-11-21 12:00:00 XYZ",
            "1.",
            "10 req",
            "250ms",
            "Total",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_told_from_times_of_the_day() {
        assert!(is_clock(b"12:00") && is_clock(b"12:00:30 PM") && !is_clock(b"2026-11-21 12:00"));
        assert!(is_bare_date(b"2026-11-21") && is_bare_date(b"21.11.2026"));
        assert!(!is_bare_date(b"2026-11-21 12:00"));
    }
}
