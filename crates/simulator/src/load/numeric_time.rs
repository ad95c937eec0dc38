//! Numeric times: since 1970, as digits of a date, or as spreadsheet days.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Days from 30 December 1899 to 1 January 1970.
const EPOCH_DAY: f64 = 25_569.0;

/// The unit of numeric times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Unit {
    Nanos,
    Micros,
    Millis,
    Seconds,
    Minutes,
    Hours,
    Days,
}

impl Unit {
    /// Guesses the unit by size: seconds until the year 5138, then milliseconds, microseconds, and nanoseconds.
    pub(super) fn guess(whole: u64) -> Self {
        match whole {
            0..100_000_000_000 => Self::Seconds,
            100_000_000_000..100_000_000_000_000 => Self::Millis,
            100_000_000_000_000..100_000_000_000_000_000 => Self::Micros,
            _ => Self::Nanos,
        }
    }

    pub(super) fn micros(self, (whole, millionths): (u64, u64)) -> u64 {
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

/// `YYYYMMDD`, `YYYYMMDDHH`, `YYYYMMDDHHMM`, or `YYYYMMDDHHMMSS`, from 1970 to 2099, in microseconds since
/// 1970. Ten digits are also seconds since 1970, but only from 2032 on.
pub(super) fn parse_compact(text: &[u8]) -> Option<u64> {
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

/// Whether the numbers are days since 1899: from 1954 to 2119, and never more than a month apart.
pub(super) fn is_serial<'c>(numbers: impl Iterator<Item = &'c [u8]>) -> bool {
    let mut before = None;
    let mut steps = 0;
    for cell in numbers {
        let Some(days) = parse_number(cell).map(|(days, _)| days) else {
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
pub(super) fn parse_serial(days: f64) -> Option<u64> {
    // A second is about 0.0000116 days, which spreadsheets round to too few digits.
    let seconds = ((days - EPOCH_DAY) * 86_400.0).round();
    Some(seconds)
        .filter(|seconds| *seconds >= 0.0)
        .map(|seconds| seconds as u64 * 1_000_000)
}

/// Parses a whole number and the millionths of its fraction.
pub(super) fn parse_number(text: &[u8]) -> Option<(u64, u64)> {
    let (whole, billionths) = number_of_billionths(text)?;
    Some((whole, billionths / 1_000))
}

/// Parses a whole number and the billionths of its fraction, after a period or a comma.
pub(super) fn number_of_billionths(text: &[u8]) -> Option<(u64, u64)> {
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
