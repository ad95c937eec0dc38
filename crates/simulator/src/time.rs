//! Simulated time in nanoseconds since the simulation started.

use std::time::Duration;

/// Nanoseconds since the simulation started, or a duration in nanoseconds. The maximum is 584 years.
pub(crate) type Nanos = u64;

/// One second.
pub(crate) const SECOND: Nanos = 1_000_000_000;

/// One minute.
pub(crate) const MINUTE: Nanos = 60 * SECOND;

/// Converts a duration to nanoseconds, at most 584 years.
pub(crate) fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Converts nanoseconds to seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "a microsecond in a hundred years is lost, which no result shows"
)]
pub(crate) fn seconds(nanos: Nanos) -> f64 {
    nanos as f64 / 1e9
}

/// [`seconds`] of a sum that might not fit into 64 bits.
#[expect(clippy::cast_precision_loss, reason = "a result needs at most 53 bits")]
pub(crate) fn wide_seconds(nanos: u128) -> f64 {
    nanos as f64 / 1e9
}

/// Converts seconds to nanoseconds. A negative value or NaN becomes 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float outside of the range saturates"
)]
pub(crate) fn from_seconds(seconds: f64) -> Nanos {
    (seconds * 1e9) as u64
}

/// Divides a duration by a factor. A factor that isn't a positive number changes nothing.
pub(crate) fn shortened(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() / factor)
        .ok()
        .filter(|_| factor > 0.0)
        .unwrap_or(time)
}

/// Parses a duration such as `500ms`, `90s`, `2h30m`, `1.5h` or `14d`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(unit_at);
        let unit_end = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            "w" => 604_800.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * seconds;
        rest = tail.trim_start();
    }
    Duration::try_from_secs_f64(total).ok()
}

/// A duration that [`parse_duration`] reads again as the same: `1m 30s`, or in seconds, as `1.25s`, where that would be rounded.
pub(crate) fn write_duration(time: Duration) -> String {
    let text = crate::number::format_duration(time.as_secs_f64());
    match parse_duration(&text) == Some(time) {
        true => text,
        false => format!("{time:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_people_do_and_stay_exact() {
        let cases = [
            (0, "0s"),
            (400, "400ms"),
            (1_250, "1.25s"),
            (60_000, "1m"),
            (90_000, "1m 30s"),
            (3_661_000, "3661s"),
        ];
        for (millis, text) in cases {
            let time = Duration::from_millis(millis);
            assert_eq!(write_duration(time), text);
            assert_eq!(parse_duration(text), Some(time));
        }
    }

    #[test]
    fn durations_are_read() {
        let read = |text| parse_duration(text).map(|duration| duration.as_millis());
        assert_eq!(read("500ms"), Some(500));
        assert_eq!(read("2h30m"), Some(9_000_000));
        assert_eq!(read("1.5h"), Some(5_400_000));
        assert_eq!(read("14d"), Some(1_209_600_000));
        for text in ["", "5", "5x", "s", "-5s", "1..2s", "1e400d", "5s x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
