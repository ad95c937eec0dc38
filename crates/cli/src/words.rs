//! Numbers and durations, formatted for people.

use std::time::Duration;

/// Formats a number with at most three decimals, without trailing zeros.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A scenario's name, without repeating a stack's name that is its service's too.
pub(crate) fn name_scenario(name: &str) -> &str {
    match name.split_once('/') {
        Some((stack, service)) if stack == service => stack,
        _ => name,
    }
}

/// Text of Application Auto Scaling with the kind of a target tracking alarm, such as `AlarmLow`, in place of its name. AWS makes
/// that of the service's ARN and a UUID: `TargetTracking-service/shop/worker-AlarmLow-71997a3e-…`.
pub(crate) fn shorten_alarms(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let kinds = ["AlarmHigh", "AlarmLow"].into_iter();
        let is_made = word.starts_with("TargetTracking-");
        let mut kinds = kinds.filter(|kind| is_made && word.contains(&format!("-{kind}-")));
        kinds.next().unwrap_or(word)
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A duration in whole seconds, such as `1m 12s`; less than nothing is `0s`.
pub(crate) fn age(seconds: f64) -> String {
    let length = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default();
    humantime::format_duration(Duration::from_secs(length.as_secs())).to_string()
}

/// Formats the duration from `at` to `now`, both in seconds since 1970.
pub(crate) fn age_at(at: i64, now: u64) -> String {
    let seconds = now.saturating_sub(u64::try_from(at).unwrap_or_default());
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

/// Formats the counts of a service's tasks. `None`: these credentials can't read the service.
pub(crate) fn format_counts(
    running: Option<u32>,
    pending: Option<u32>,
    desired: Option<u32>,
) -> String {
    match (running, pending, desired) {
        (Some(running), Some(pending), Some(desired)) => {
            format!("{running} running, {pending} pending, {desired} desired")
        }
        _ => "unknown".to_owned(),
    }
}

/// Wraps a text to lines of at most this number of columns. Breaks a word that is longer than a line.
pub(crate) fn fold(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for part in letters.chunks(width.max(1)) {
            let Some(line) = lines.last_mut() else { break };
            let used = line.chars().count();
            if used > 0 && used + 1 + part.len() > width {
                lines.push(part.iter().collect());
                continue;
            }
            if used > 0 {
                line.push(' ');
            }
            line.extend(part);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_aws_made_is_short() {
        let made =
            "TargetTracking-service/shop/worker-AlarmLow-71997a3e-7f61-4f96-900e-976a27972252";
        let text = format!("monitor alarm {made} in state ALARM triggered policy low");
        let short = "monitor alarm AlarmLow in state ALARM triggered policy low";
        assert_eq!(shorten_alarms(&text), short);
        assert_eq!(shorten_alarms("alarm my-AlarmLow-1"), "alarm my-AlarmLow-1");
    }

    #[test]
    fn a_number_has_no_decimals_that_say_nothing() {
        assert_eq!(number(150.0), "150");
        assert_eq!(number(0.5), "0.5");
        assert_eq!(number(1.0 / 3.0), "0.333");
        assert_eq!(number(0.0), "0");
    }

    #[test]
    fn a_text_is_folded_between_words() {
        assert_eq!(fold("a bc def", 4), ["a bc", "def"]);
        assert_eq!(fold("abcdef gh", 4), ["abcd", "ef", "gh"]);
        assert_eq!(fold("a bcdefgh", 4), ["a", "bcde", "fgh"]);
        assert_eq!(fold("", 4), [""]);
    }

    #[test]
    fn an_age_is_in_whole_seconds() {
        assert_eq!(age(72.9), "1m 12s");
        assert_eq!(age(-3.0), "0s");
        assert_eq!(age(f64::NAN), "0s");
        assert_eq!(age(f64::INFINITY), "0s");
    }
}
