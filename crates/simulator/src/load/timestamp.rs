//! Times as people and tools write them into a CSV file.

use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

/// How the times of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeForm {
    /// A number of this many microseconds each, with or without a fraction.
    Number { micros: u64 },
    /// A date and time with its zone.
    Zoned,
    /// A date and time without a zone: UTC.
    Local,
}

static PARSER: DateTimeParser = DateTimeParser::new();

impl TimeForm {
    /// How a first time is written; `None` when it is none.
    pub(super) fn detect(text: &[u8]) -> Option<Self> {
        if let Some((whole, _)) = number(text) {
            return Some(Self::Number {
                micros: unit(whole),
            });
        }
        [Self::Zoned, Self::Local]
            .into_iter()
            .find(|form| form.read(text).is_some())
    }

    /// Microseconds since 1970 (or since the beginning, for small numbers).
    pub(super) fn read(self, text: &[u8]) -> Option<u64> {
        match self {
            Self::Number { micros } => {
                let (whole, fraction) = number(text)?;
                let fraction = fraction.saturating_mul(micros) / 1_000_000;
                whole.checked_mul(micros)?.checked_add(fraction)
            }
            Self::Zoned => {
                let time = PARSER.parse_timestamp(text).ok()?;
                u64::try_from(time.as_microsecond()).ok()
            }
            Self::Local => {
                let time = local(text)?.to_zoned(TimeZone::UTC).ok()?;
                u64::try_from(time.timestamp().as_microsecond()).ok()
            }
        }
    }

    /// The first time of a file as people write it. Numbers of less than a year count from the beginning of
    /// something that the file doesn't name, so they are none.
    pub(super) fn written(self, micros: u64) -> Option<String> {
        const YEAR: u64 = 365 * 86_400 * 1_000_000;
        if matches!(self, Self::Number { .. }) && micros < YEAR {
            return None;
        }
        let micros = i64::try_from(micros).ok()?;
        let time = jiff::Timestamp::from_microsecond(micros).ok()?;
        Some(time.to_string())
    }
}

/// A date and time without a zone; dates may have slashes, as in CloudWatch's own export.
fn local(text: &[u8]) -> Option<DateTime> {
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

/// A whole number and the millionths of its fraction.
fn number(text: &[u8]) -> Option<(u64, u64)> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let millionths = format_millionths(fraction)?;
    Some((whole.parse().ok()?, millionths))
}

fn format_millionths(fraction: &str) -> Option<u64> {
    let kept = fraction.get(..fraction.len().min(6))?;
    let places = u32::try_from(kept.len()).ok()?;
    Some(kept.parse::<u64>().ok()? * 10u64.pow(6 - places))
}

/// Microseconds of one, for numbers of this size: seconds until the year 5138, then milliseconds,
/// microseconds; nanoseconds are too many for a count of microseconds, and are refused later.
fn unit(whole: u64) -> u64 {
    match whole {
        0..100_000_000_000 => 1_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<u64> {
        TimeForm::detect(text.as_bytes())?.read(text.as_bytes())
    }

    #[test]
    fn every_form_is_the_same_moment() {
        let expected = Some(1_795_262_400_000_000);
        for text in [
            "2026-11-21T12:00:00Z",
            "2026-11-21T13:00:00+01:00",
            "2026-11-21 12:00:00",
            "2026-11-21T12:00",
            "2026/11/21 12:00:00",
            "1795262400",
            "1795262400.0",
            "1795262400000",
            "1795262400000000",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        assert_eq!(read("2026-11-21"), Some(1_795_219_200_000_000));
        assert_eq!(read("60.25"), Some(60_250_000));
    }

    #[test]
    fn small_numbers_are_no_date() {
        let written = |text: &str| {
            let form = TimeForm::detect(text.as_bytes())?;
            form.written(form.read(text.as_bytes())?)
        };
        assert_eq!(written("0"), None);
        assert_eq!(written("86400.5"), None);
        assert_eq!(written("1795262400").unwrap(), "2026-11-21T12:00:00Z");
        assert_eq!(written("2026-11-21").unwrap(), "2026-11-21T00:00:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "timestamp",
            "-5",
            "1e3",
            "12:00",
            "2026-13-01",
            "2026-11-21T12:00:00ZZ",
            "1.",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
