//! Latency objectives in a definition: `10s`, or `99% within 10s`.

use std::time::Duration;

use crate::duration;

/// Between the share and the latency.
const WITHIN: &str = " within ";

/// Almost the same grammar as [`parse`], for editors: units in any order.
pub(crate) const PATTERN: &str =
    "^((100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?)% within )?([0-9]+(d|h|m|s|ms))+$";

/// A service's latency objective, which its messages must meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slo {
    /// Share of the messages, over 0 and at most 1, that must meet the latency, if one is required.
    pub share: Option<f64>,
    /// How long a message can wait until its processing starts.
    pub latency: Duration,
}

/// Reads a latency objective; `None` if it isn't valid.
pub(crate) fn parse(text: &str) -> Option<Slo> {
    let (required, latency) = split(text);
    Some(Slo {
        share: match required {
            Some(percent) => Some(share(percent)?),
            None => None,
        },
        latency: duration::parse(latency)?,
    })
}

/// The text of the share, if there is one, and the text of the latency.
pub(crate) fn split(text: &str) -> (Option<&str>, &str) {
    match text.split_once(WITHIN) {
        Some((share, latency)) => (Some(share), latency),
        None => (None, text),
    }
}

/// Reads a percentage over 0 and at most 100, as a share.
pub(crate) fn share(text: &str) -> Option<f64> {
    let percent = text.strip_suffix('%')?;
    let decimal = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    if !percent.starts_with(|first: char| first.is_ascii_digit()) || !percent.bytes().all(decimal) {
        return None;
    }
    // The `f64` nearest to the text. Division by 100 doesn't always return it.
    let share: f64 = format!("{percent}e-2").parse().ok()?;
    (share > 0.0 && share <= 1.0).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_read() {
        let seconds = Duration::from_secs;
        for (text, share, latency) in [
            ("10s", None, seconds(10)),
            ("1m30s", None, seconds(90)),
            ("99% within 10s", Some(0.99), seconds(10)),
            ("99.9% within 2h", Some(0.999), seconds(7_200)),
            ("100% within 1s", Some(1.0), seconds(1)),
            ("0.5% within 1s", Some(0.005), seconds(1)),
        ] {
            assert_eq!(parse(text), Some(Slo { share, latency }), "{text}");
        }
        for wrong in [
            "",
            "10",
            "99%",
            "99% 10s",
            "99 within 10s",
            "0% within 10s",
            "0.0% within 10s",
            "100.1% within 10s",
            "-1% within 10s",
            "+1% within 10s",
            ".5% within 10s",
            "1e1% within 10s",
            "9.9.9% within 10s",
            "inf% within 10s",
            "99% within ",
            "99% within 99% within 10s",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
