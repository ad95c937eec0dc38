//! Statistics, and numbers in readable form.

use std::time::Duration;

/// The value that this share of the values doesn't exceed (nearest rank); `None` without values.
pub(super) fn percentile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values
        .iter()
        .copied()
        .filter(|value| value.is_finite())
        .collect();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * count(sorted.len())).ceil();
    sorted.get(whole(rank).saturating_sub(1)).copied()
}

/// A count as a number to compute with.
pub(super) fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

/// The whole number at or below a value; 0 for negative values and NaN.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float outside of the range saturates"
)]
pub(super) fn whole(value: f64) -> usize {
    value as usize
}

/// The same as a number of tasks or messages.
pub(super) fn small(value: f64) -> u32 {
    u32::try_from(whole(value)).unwrap_or(u32::MAX)
}

/// A duration rounded to about two significant digits: at least 1 ms.
pub(super) fn rounded(seconds: f64) -> Duration {
    let unit = match seconds {
        seconds if seconds < 0.1 => 0.001,
        seconds if seconds < 1.0 => 0.01,
        seconds if seconds < 10.0 => 0.1,
        seconds if seconds < 600.0 => 1.0,
        seconds if seconds < 3_600.0 => 10.0,
        _ => 60.0,
    };
    let millis = ((seconds / unit).round() * unit * 1_000.0).round().max(1.0);
    Duration::from_millis(u64::try_from(whole(millis)).unwrap_or(u64::MAX))
}

/// A duration in the format of definitions: whole numbers with their units.
pub(super) fn written(duration: Duration) -> String {
    let whole = Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    let text = humantime::format_duration(whole).to_string();
    // Days and weeks have other names in humantime than in our format.
    let parts = text
        .split(' ')
        .map(|part| part.replace("days", "d").replace("day", "d"));
    let parts: Vec<String> = parts.collect();
    match parts
        .iter()
        .any(|part| part.contains("month") || part.contains("year"))
    {
        true => format!("{}s", whole.as_secs()),
        false => parts.concat(),
    }
}

/// Seconds in short form.
pub(super) fn seconds(value: f64) -> String {
    written(rounded(value))
}

/// A number in short form.
pub(super) fn brief(value: f64) -> String {
    if value >= 100.0 || (value - value.round()).abs() < 0.005 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nearest rank: of 20 values, the 19th is the 95th percentile, because 0.95 × 20 = 19.
    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<f64> = (1..=20).rev().map(f64::from).collect();
        assert_eq!(percentile(&values, 0.95), Some(19.0));
        assert_eq!(percentile(&values, 0.5), Some(10.0));
        assert_eq!(percentile(&values, 1.0), Some(20.0));
        assert_eq!(percentile(&[], 0.5), None);
        assert_eq!(percentile(&[f64::NAN, 3.0], 0.5), Some(3.0));
    }

    #[test]
    fn numbers_have_the_digits_that_matter() {
        for (value, text) in [
            (0.0996, "100ms"),
            (0.0123, "12ms"),
            (125.4, "2m5s"),
            (1_234.0, "20m30s"),
            (0.1234, "120ms"),
            (1.26, "1s300ms"),
            (2.0, "2s"),
            (74.0, "1m14s"),
            (-1.0, "1ms"),
            (f64::NAN, "1ms"),
            (345_600.0, "4d"),
            (0.000_01, "1ms"),
        ] {
            let written = seconds(value);
            assert_eq!(written, text, "{value}");
            assert!(humantime::parse_duration(&written).is_ok(), "{written}");
        }
        assert_eq!(brief(1234.6), "1235");
        assert_eq!(brief(12.34), "12.3");
        assert_eq!(brief(1.234), "1.23");
        assert_eq!(brief(3.0), "3");
    }
}
