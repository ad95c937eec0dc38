//! Numbers in the descriptions of alarms.

use std::time::Duration;

use crate::resources::alarm::MINUTE_SECONDS;

/// A duration in minutes, rounded up.
pub(crate) fn format_minutes(duration: Duration) -> String {
    format_count(duration.as_secs().div_ceil(MINUTE_SECONDS), "minute")
}

/// A number with the singular or plural of `thing`.
pub(crate) fn format_count(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
