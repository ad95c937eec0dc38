//! Points in time as text. A point in time is the time since the Unix epoch.

use std::time::{Duration, UNIX_EPOCH};

/// The last time that has a four-digit year, in milliseconds.
const LAST: u64 = 253_402_300_799_999;

/// Writes a time as `2026-11-21T10:00:00.123Z`, with at most milliseconds and without trailing zeros.
#[must_use]
pub fn format_timestamp(moment: Duration) -> String {
    let millis = u64::try_from(moment.as_millis()).unwrap_or(LAST).min(LAST);
    let text = humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(millis));
    let text = text.to_string();
    let digits = text.trim_end_matches('Z').trim_end_matches('0');
    match digits.strip_suffix('.') {
        Some(whole) => format!("{whole}Z"),
        None => format!("{digits}Z"),
    }
}

/// Reads a time that [`format_timestamp`] wrote, with milliseconds.
pub(crate) fn parse_timestamp(text: &str) -> Option<Duration> {
    let time = humantime::parse_rfc3339(text).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    let millis = u64::try_from(since.as_millis()).ok()?;
    Some(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_fraction_loses_its_zeros() {
        let text = |millis| format_timestamp(Duration::from_millis(millis));
        assert_eq!(text(1_795_255_200_123), "2026-11-21T10:00:00.123Z");
        assert_eq!(text(1_795_255_200_500), "2026-11-21T10:00:00.5Z");
        assert_eq!(text(1_795_255_200_000), "2026-11-21T10:00:00Z");
        assert_eq!(text(u64::MAX), "9999-12-31T23:59:59.999Z");
    }
}
