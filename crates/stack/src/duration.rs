//! Durations in a definition: `500ms`, `10s`, `5m`, `2h`, `4d`, or several units from the largest to the smallest,
//! such as `1m30s`.

use std::time::Duration;

/// Units from the largest to the smallest, in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The same grammar as [`parse`], for editors.
pub(crate) const PATTERN: &str = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";

/// Reads a duration; `None` if it isn't valid or is longer than 2^64 ms.
///
/// This isn't humantime's parser, because that accepts `1M` as a month and panics on some sums near its largest
/// value.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let (amount, after) = rest.split_at(prefix_length(rest, |c| c.is_ascii_digit()));
        let (unit, after) = after.split_at(prefix_length(after, |c| c.is_ascii_alphabetic()));
        let (_, milliseconds) = units.find(|(name, _)| *name == unit)?;
        let amount: u64 = amount.parse().ok()?;
        total = amount.checked_mul(*milliseconds)?.checked_add(total)?;
        rest = after;
    }
    (!text.is_empty()).then(|| Duration::from_millis(total))
}

/// Writes a duration so that [`parse`] reads it back, to the millisecond.
pub(crate) fn format(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    let mut text = String::new();
    for (name, milliseconds) in UNITS {
        let amount = rest / u128::from(milliseconds);
        rest %= u128::from(milliseconds);
        if amount > 0 {
            text.push_str(&format!("{amount}{name}"));
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

/// Length in bytes of the longest prefix whose characters all fit.
fn prefix_length(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.find(|character| !fits(character))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_back() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("10s", 10_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("4d", 345_600_000),
            ("1m30s", 90_000),
            ("1d2h3m4s5ms", 93_784_005),
            ("0s", 0),
        ] {
            assert_eq!(
                parse(text),
                Some(Duration::from_millis(milliseconds)),
                "{text}"
            );
            assert_eq!(format(Duration::from_millis(milliseconds)), text);
        }
        assert_eq!(format(Duration::from_secs(100)), "1m40s");
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "10",
            "s",
            "10 s",
            " 10s",
            "10s ",
            "1.5s",
            "-1s",
            "+1s",
            "10S",
            "1M",
            "1w",
            "10sec",
            "30s1m",
            "1s1s",
            "s10",
            "10s5",
            "١s",
            "99999999999999999999s",
            "18446744073709551615d",
            "18446744073709551615s1000ms",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_longest_durations_do_not_overflow() {
        assert_eq!(
            parse("18446744073709551615ms"),
            Some(Duration::from_millis(u64::MAX))
        );
        assert_eq!(
            parse("18446744073709551s615ms"),
            Some(Duration::from_millis(u64::MAX))
        );
        assert_eq!(parse("18446744073709551s616ms"), None);
    }
}
