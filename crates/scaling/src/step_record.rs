//! The record of an alarm's last step in its tag: `2026-11-21T10:00:12.5Z change 2026-11-21T09:59:30.123Z
//! from 1 to 2 done`.
//!
//! `base 10` comes before the last word if the step isn't computed from `from`. The last word is `begun`
//! until the count is set. A tag's value can have letters, digits, spaces, and `+-=._:/@`, and at most 256
//! characters.

use std::fmt;
use std::str::FromStr;

use crate::{StepRecord, format_timestamp, parse_timestamp};

/// Why a text isn't a [`StepRecord`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text isn't the record of a scaling step")]
pub struct StepRecordError;

impl fmt::Display for StepRecord {
    /// Writes the record as the value of the tag.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, change) = (format_timestamp(self.at), format_timestamp(self.change));
        let (from, to) = (self.from, self.to);
        write!(f, "{at} change {change} from {from} to {to}")?;
        if self.base != from {
            write!(f, " base {}", self.base)?;
        }
        f.write_str(if self.done { " done" } else { " begun" })
    }
}

impl FromStr for StepRecord {
    type Err = StepRecordError;

    /// Reads the value of the tag.
    ///
    /// # Errors
    /// If the text doesn't have the format of `Display`.
    fn from_str(text: &str) -> Result<Self, StepRecordError> {
        parse(text).ok_or(StepRecordError)
    }
}

fn parse(text: &str) -> Option<StepRecord> {
    let words: Vec<&str> = text.split(' ').collect();
    let (start, rest) = words.split_first_chunk::<7>()?;
    let [at, "change", change, "from", from, "to", to] = start else {
        return None;
    };
    let from = from.parse().ok()?;
    let (base, end) = match rest {
        [end] => (from, end),
        ["base", base, end] => (base.parse().ok()?, end),
        _ => return None,
    };
    let done = match *end {
        "begun" => false,
        "done" => true,
        _ => return None,
    };
    Some(StepRecord {
        at: parse_timestamp(at)?,
        change: parse_timestamp(change)?,
        base,
        from,
        to: to.parse().ok()?,
        done,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "2026-11-21T10:00:12.5Z change 2026-11-21T09:59:30.123Z from 1 to 2 done";

    #[test]
    fn reads_what_people_see_in_the_console() {
        let record = TEXT.parse::<StepRecord>().unwrap();
        assert_eq!(
            (record.base, record.from, record.to, record.done),
            (1, 1, 2, true)
        );
        assert_eq!(record.at - record.change, Duration::from_millis(42_377));
        assert_eq!(record.to_string(), TEXT);
        let larger = StepRecord {
            base: 0,
            done: false,
            ..record
        };
        assert_eq!(larger.to_string(), TEXT.replace("done", "base 0 begun"));
        assert_eq!(TEXT.replace("done", "base 0 begun").parse(), Ok(larger));
    }

    #[test]
    fn anything_else_is_no_record() {
        for garbled in [
            "",
            "done",
            "from 1 to 2",
            &TEXT.replace("done", ""),
            &TEXT.replace(" done", ""),
            &TEXT.replace("done", "base done"),
            &TEXT.replace("done", "base x done"),
            &TEXT.replace("from 1", "from -1"),
            &TEXT.replace("to 2", "to 4294967296"),
            &TEXT.replace("change", "changed"),
            &TEXT.replace("2026", "26"),
            &format!("{TEXT} done"),
            &TEXT.replace(' ', "  "),
        ] {
            assert_eq!(
                garbled.parse::<StepRecord>(),
                Err(StepRecordError),
                "{garbled}"
            );
        }
    }

    proptest! {
        #[test]
        fn comes_back_as_it_was(
            at in 0u64..250_000_000_000_000, change in 0u64..250_000_000_000_000,
            base: u32, from: u32, to: u32, done: bool,
        ) {
            let millis = Duration::from_millis;
            let record = StepRecord { at: millis(at), change: millis(change), base, from, to, done };
            let text = record.to_string();
            prop_assert_eq!(text.parse(), Ok(record));
            let allowed = |c: char| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c);
            prop_assert!(text.len() <= 256 && text.chars().all(allowed), "{}", text);
        }

        #[test]
        fn no_text_is_too_strange(text in ".{0,80}") {
            prop_assert!(text.parse::<StepRecord>().is_err());
        }
    }
}
