//! How an alarm's tag says what the last step was:
//! `2026-11-21T10:00:12.5Z change 2026-11-21T09:59:30.123Z from 1 to 2 done`.
//!
//! `base 10` stands before the last word when the step is not reckoned from `from`. The last word is
//! `begun` until the count is set. A tag's value takes letters, digits, spaces and `+-=._:/@`, 256 at
//! most.

use scaling::StepRecord;

use crate::moment;

/// The record as the value of a tag.
pub(crate) fn write(record: &StepRecord) -> String {
    let (at, change) = (moment::text(record.at), moment::text(record.change));
    let (from, to) = (record.from, record.to);
    let base = match record.base {
        base if base == from => String::new(),
        base => format!(" base {base}"),
    };
    let end = if record.done { "done" } else { "begun" };
    format!("{at} change {change} from {from} to {to}{base} {end}")
}

/// Reads the value of a tag; `None` when it is not what [`write`] writes.
pub(crate) fn read(text: &str) -> Option<StepRecord> {
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
        at: moment::parse(at)?,
        change: moment::parse(change)?,
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
        let record = read(TEXT).unwrap();
        assert_eq!(
            (record.base, record.from, record.to, record.done),
            (1, 1, 2, true)
        );
        assert_eq!(record.at - record.change, Duration::from_millis(42_377));
        assert_eq!(write(&record), TEXT);
        let larger = StepRecord {
            base: 0,
            done: false,
            ..record
        };
        assert_eq!(write(&larger), TEXT.replace("done", "base 0 begun"));
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
            assert_eq!(read(garbled), None, "{garbled}");
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
            let text = write(&record);
            prop_assert_eq!(read(&text), Some(record));
            let allowed = |c: char| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c);
            prop_assert!(text.len() <= 256 && text.chars().all(allowed), "{}", text);
        }

        #[test]
        fn no_text_is_too_strange(text in ".{0,80}") {
            prop_assert!(read(&text).is_none());
        }
    }
}
