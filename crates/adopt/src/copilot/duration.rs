//! Converts durations in Go's format, which Copilot's manifests use, to ours.

/// Go's units in nanoseconds, the longer names first. Source: Go's `time.ParseDuration`.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 6e10),
    ("h", 3.6e12),
];

/// Units of a definition in milliseconds, the longest first.
const OURS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Milliseconds of a duration such as `1h30m`, `250ms`, or `1.5s`; `None` for anything else, for negative
/// durations, and for fractions of a millisecond.
pub(super) fn parse(text: &str) -> Option<u64> {
    let text = text.strip_prefix('+').unwrap_or(text);
    if text == "0" {
        return Some(0);
    }
    let (mut rest, mut nanoseconds) = (text, 0.0);
    while !rest.is_empty() || text.is_empty() {
        let digits = rest.find(|any: char| !any.is_ascii_digit() && any != '.')?;
        let (number, behind) = rest.split_at(digits);
        let end = behind
            .find(|any: char| any.is_ascii_digit() || any == '.')
            .unwrap_or(behind.len());
        let (unit, next) = behind.split_at(end);
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
        nanoseconds += number.parse::<f64>().ok()? * size;
        rest = next;
    }
    let milliseconds = nanoseconds / 1e6;
    let whole = milliseconds.round();
    let exact = (milliseconds - whole).abs() < 1e-6 && whole < 1e15;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number from 0 to 1e15"
    )]
    exact.then_some(whole as u64)
}

/// A duration in the units of a definition, such as `4d` or `1m30s`.
pub(super) fn render(milliseconds: u64) -> String {
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    // People write a whole number of one unit: 90s as `90s`, and 96h as `4d`.
    let single = OURS
        .iter()
        .find(|(_, size)| milliseconds.is_multiple_of(*size) && milliseconds / size <= 120);
    if let Some((unit, size)) = single {
        return format!("{}{unit}", milliseconds / size);
    }
    let (mut rest, mut text) = (milliseconds, String::new());
    for (unit, size) in OURS {
        if rest >= size {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go_are_ours() {
        // Arithmetic: 96 h = 4 · 24 h; 1.5 h = 90 min; 100 ms = 0.1 s; 336 h = 14 d.
        let cases = [
            ("96h", "4d"),
            ("1.5h", "90m"),
            ("250ms", "250ms"),
            ("1h30m", "90m"),
            ("90s", "90s"),
            ("45s", "45s"),
            ("0s", "0s"),
            ("0", "0s"),
            (".5s", "500ms"),
            ("336h", "14d"),
            ("3h25m45s", "3h25m45s"),
            ("1000us", "1ms"),
        ];
        for (text, wanted) in cases {
            assert_eq!(parse(text).map(render).as_deref(), Some(wanted), "{text}");
        }
        for wrong in [
            "",
            "5",
            "s",
            "1x",
            "-5s",
            "1 s",
            "1us",
            "5d",
            "1h-",
            "1..5s",
            "99999999999999h",
            "1e3s",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
