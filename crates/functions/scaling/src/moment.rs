//! Points in time, as time since the Unix epoch, and AWS's formats for them.

use std::time::Duration;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

pub(crate) use scaling::format_timestamp as text;

/// Reads a time with its zone, such as `…Z`, `…+00:00` or, in CloudWatch messages, `…+0000`.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let zoned = match text
        .len()
        .checked_sub(2)
        .map(|at| text.split_at_checked(at))
    {
        Some(Some((start, minutes))) if is_short_zone(start, minutes) => {
            format!("{start}:{minutes}")
        }
        _ => text.to_owned(),
    };
    let time = DateTime::from_str(&zoned, Format::DateTimeWithOffset).ok()?;
    from(&time)
}

/// A time of the SDK, in milliseconds; `None` before the epoch.
pub(crate) fn from(time: &DateTime) -> Option<Duration> {
    let millis = u64::try_from(time.to_millis().ok()?).ok()?;
    Some(Duration::from_millis(millis))
}

/// Whether the last five characters are `+0000`, or another zone without a colon.
fn is_short_zone(start: &str, minutes: &str) -> bool {
    let bytes = start.as_bytes();
    let [.., sign, tens, ones] = bytes else {
        return false;
    };
    matches!(sign, b'+' | b'-')
        && [tens, ones].into_iter().all(u8::is_ascii_digit)
        && minutes.bytes().all(|byte| byte.is_ascii_digit())
        && text_has_time(start)
}

/// A date without a time ends like a zone: `2026-11-21`.
fn text_has_time(text: &str) -> bool {
    text.contains('T')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_way_in_which_aws_writes_a_time() {
        let moment = Duration::from_millis(1_795_255_200_123);
        for written in [
            "2026-11-21T10:00:00.123+0000",
            "2026-11-21T10:00:00.123Z",
            "2026-11-21T10:00:00.123+00:00",
            "2026-11-21T12:30:00.123+0230",
            "2026-11-21T10:00:00.123456Z",
        ] {
            assert_eq!(parse(written), Some(moment), "{written}");
        }
        assert_eq!(text(moment), "2026-11-21T10:00:00.123Z");
        assert_eq!(
            parse("2026-11-21T10:00:00Z").map(text).as_deref(),
            Some("2026-11-21T10:00:00Z")
        );
    }

    #[test]
    fn what_is_no_time() {
        for written in [
            "",
            "Z",
            "+0000",
            "2026-11-21",
            "2026-11-21T10:00:00",
            "1969-12-31T23:59:59Z",
            "yesterday",
            "2026-11-21T10:00:00+00é",
            "é",
            "2026-13-21T10:00:00+0000",
        ] {
            assert_eq!(parse(written), None, "{written}");
        }
    }
}
