//! Amounts of step scaling: `2` tasks, or `10%` of them.

use crate::yaml::Value;

/// An amount to add or remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adjust {
    /// This many tasks.
    Tasks(i128),
    /// This percentage of the tasks.
    Percent(i128),
}

/// The valid percentages, for editors.
pub(super) const PATTERN: &str = "^[1-9][0-9]{0,4}%$";

/// Reads an amount, whatever its size; `None` if it is neither a whole number nor a percentage.
pub(crate) fn amount(value: &Value) -> Option<Adjust> {
    match value {
        Value::Int(tasks) => Some(Adjust::Tasks(*tasks)),
        Value::Str(text) => percent(text).map(Adjust::Percent),
        _ => None,
    }
}

fn percent(text: &str) -> Option<i128> {
    let digits = text.strip_suffix('%')?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    // A leading zero would be another way to write the same number.
    (plain && !digits.starts_with('0'))
        .then(|| digits.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_told_from_tasks() {
        let text = |text: &str| amount(&Value::Str(text.to_owned()));
        assert_eq!(amount(&Value::Int(3)), Some(Adjust::Tasks(3)));
        assert_eq!(text("10%"), Some(Adjust::Percent(10)));
        for wrong in [
            "", "%", "10", "10 %", "%10", "010%", "1.5%", "-5%", "+5%", "٣%",
        ] {
            assert_eq!(text(wrong), None, "{wrong}");
        }
        assert_eq!(amount(&Value::Float(1.5)), None);
    }
}
