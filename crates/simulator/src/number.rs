//! Numbers as floats, and formatted for people.

/// Converts a count to a float.
#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
pub(crate) fn count(count: u64) -> f64 {
    count as f64
}

/// A number as text that gives the same number again. JSON's readers can be wrong in the last digit.
pub(crate) mod exact {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&number.to_string())
    }

    pub(crate) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<f64, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// Formats a share from 0 to 1 in percent, rounded down, so that less than all never shows as 100%.
#[must_use]
pub fn format_share(share: f64) -> String {
    let percent = share * 100.0;
    // 0.99 × 100 is slightly less than 99 in floating point.
    let shown = (percent * 100.0 + 1e-6).floor() / 100.0;
    if (shown - shown.round()).abs() < 1e-9 {
        format!("{shown:.0}%")
    } else {
        format!("{shown:.2}%")
    }
}

/// Formats a duration in seconds, such as `350ms`, `12.5s`, `4m 10s`, `3h 20m`, `14d`.
#[must_use]
pub fn format_duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "unknown".to_owned();
    }
    if seconds < 0.0005 {
        return "0s".to_owned();
    }
    if seconds < 0.9995 {
        return format!("{}ms", trimmed(seconds * 1_000.0, 0));
    }
    if seconds < 59.95 {
        return format!("{}s", trimmed(seconds, 1));
    }
    let units = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "m"), (1.0, "s")];
    let smaller = |unit: f64| units.iter().find(|(size, _)| *size < unit).copied();
    for (size, name) in units {
        let rounded = round_to(seconds, smaller(size).map_or(1.0, |(size, _)| size));
        if rounded >= size {
            let whole = (rounded / size).floor();
            let rest = rounded - whole * size;
            return match smaller(size).filter(|(size, _)| rest >= *size) {
                Some((small, small_name)) => {
                    format!("{whole:.0}{name} {:.0}{small_name}", (rest / small).floor())
                }
                None => format!("{whole:.0}{name}"),
            };
        }
    }
    format!("{seconds:.0}s")
}

/// Formats US dollars with as many decimals as are significant: `$1,039.48`, `$0.457`, `<$0.0001`.
#[must_use]
pub fn format_dollars(amount: f64) -> String {
    let decimals = match amount.abs() {
        amount if amount == 0.0 || amount >= 0.995 => 2,
        amount if amount >= 0.01 => 3,
        amount if amount >= 0.00005 => 4,
        _ => return "<$0.0001".to_owned(),
    };
    format!("${}", grouped(&format!("{amount:.decimals$}")))
}

/// A number of tasks: `1 task`, `8 tasks`.
pub(crate) fn format_tasks(count: u32) -> String {
    format!("{count} task{}", if count == 1 { "" } else { "s" })
}

/// A rate of messages, such as `0.05/s`, `4/s`, `1,200/s`.
pub(crate) fn format_rate(per_second: f64) -> String {
    let decimals = match per_second {
        rate if rate >= 9.95 => 0,
        rate if rate >= 0.95 => 1,
        _ => 2,
    };
    format!("{}/s", format_number(per_second, decimals))
}

/// Seconds as hours, without the unit: `714.4`, `0.19`.
pub(crate) fn format_hours(seconds: f64) -> String {
    let hours = seconds / 3_600.0;
    format_number(hours, if hours < 1.0 { 3 } else { 1 })
}

/// Formats a number with thousands separated, and with at most this number of decimals.
pub(crate) fn format_number(value: f64, decimals: usize) -> String {
    grouped(&trimmed(value, decimals))
}

/// Separates the thousands of a number.
fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 && digit.is_ascii_digit() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{rest}")
}

/// Formats a number with at most this number of decimals, without trailing zeros.
pub(crate) fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn round_to(value: f64, unit: f64) -> f64 {
    (value / unit).round() * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_never_flattered() {
        assert_eq!(format_share(1.0), "100%");
        assert_eq!(format_share(0.999_999), "99.99%");
        assert_eq!(format_share(0.99), "99%");
        assert_eq!(format_share(0.989_999), "98.99%");
        assert_eq!(format_share(0.831_25), "83.12%");
        assert_eq!(format_share(0.0), "0%");
    }

    #[test]
    fn lengths_have_two_units_at_most() {
        let cases = [
            (0.0, "0s"),
            (0.0123, "12ms"),
            (0.9999, "1s"),
            (12.34, "12.3s"),
            (59.96, "1m"),
            (250.4, "4m 10s"),
            (3_599.7, "1h"),
            (12_000.0, "3h 20m"),
            (86_400.0 * 14.0, "14d"),
            (86_400.0 * 2.0 - 1.0, "2d"),
            (100_000.0, "1d 4h"),
            (f64::NAN, "unknown"),
        ];
        for (seconds, text) in cases {
            assert_eq!(format_duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn numbers_and_dollars() {
        assert_eq!(format_number(1_234_567.0, 0), "1,234,567");
        assert_eq!(format_number(-1_234.5, 1), "-1,234.5");
        assert_eq!(format_number(999.0, 1), "999");
        assert_eq!(format_number(f64::NAN, 1), "NaN");
        assert_eq!(format_dollars(0.0), "$0.00");
        assert_eq!(format_dollars(12.345), "$12.35");
        assert_eq!(format_dollars(0.4567), "$0.457");
        assert_eq!(format_dollars(25_704.17), "$25,704.17");
        assert_eq!(format_dollars(0.000_086), "$0.0001");
        assert_eq!(format_dollars(0.000_01), "<$0.0001");
    }
}
