//! Problems with durations, and the valid durations.

use std::time::Duration;

use super::fault::Fault;
use super::kind::Time;
use super::meant;
use crate::duration;
use crate::nearest::suggest;
use crate::text::{is_digits, shorten};

/// The form of a duration.
pub(super) const TIME_HELP: &str =
    "write whole numbers with their units, such as `500ms`, `10s`, `5m`, `2h`, `4d` or `1m30s`";

pub(super) fn time_fault(time: &Time, found: &str) -> Option<Fault> {
    let Some(duration) = duration::parse(found) else {
        let quoted = shorten(found);
        return Some(Fault {
            message: format!("`{quoted}` isn't a duration"),
            label: "not valid here",
            help: match meant::time(found) {
                Some(time) => format!("write `{time}`"),
                None if is_digits(found) => {
                    format!("it needs its unit: write `{quoted}s` for seconds")
                }
                None => TIME_HELP.to_owned(),
            },
        });
    };
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let offered = time.offered.is_empty() || time.offered.contains(&milliseconds);
    if !(time.least..=time.most).contains(&milliseconds) || !offered {
        let near = nearest_time(time, milliseconds);
        return Some(Fault {
            message: format!(
                "{} is {}",
                shorten(found),
                if time.offered.is_empty() {
                    "out of range"
                } else {
                    "not supported"
                }
            ),
            label: "not valid here",
            help: format!("{}; the nearest is {near}", time_range(time)),
        });
    }
    let fits = milliseconds % time.step == 0 || time.besides.contains(&milliseconds);
    (!fits).then(|| Fault {
        message: format!("`{found}` isn't {}", whole_steps(time)),
        label: if time.besides.is_empty() {
            "too fine"
        } else {
            "not valid here"
        },
        help: format!(
            "write `{}`",
            written(milliseconds.div_ceil(time.step) * time.step)
        ),
    })
}

pub(super) fn time_or_fault(time: &Time, word: &'static str, found: &str) -> Option<Fault> {
    if found == word {
        return None;
    }
    let mut fault = time_fault(time, found)?;
    // A text without digits means the word.
    if !found.bytes().any(|byte| byte.is_ascii_digit()) {
        fault.message = format!("`{}` is neither a duration nor `{word}`", shorten(found));
        fault.help = suggest(found, [word], || format!("{TIME_HELP}; or `{word}`"));
    }
    Some(fault)
}

pub(super) fn time_range(time: &Time) -> String {
    if !time.besides.is_empty() {
        return format!("{}, up to {}", whole_steps(time), written(time.most));
    }
    if time.offered.is_empty() {
        return format!("{} to {}", written(time.least), written(time.most));
    }
    let offered: Vec<String> = time.offered.iter().map(|offer| written(*offer)).collect();
    format!("one of {}", offered.join(", "))
}

fn nearest_time(time: &Time, milliseconds: u64) -> String {
    let near = time
        .offered
        .iter()
        .min_by_key(|offer| offer.abs_diff(milliseconds));
    written(
        near.copied()
            .unwrap_or_else(|| milliseconds.clamp(time.least, time.most)),
    )
}

/// The values that match a time's step, and the additional ones.
fn whole_steps(time: &Time) -> String {
    let besides = time
        .besides
        .iter()
        .map(|value| format!("{}, ", written(*value)));
    let or = if time.besides.is_empty() { "" } else { "or " };
    let besides: String = besides.collect();
    format!("{besides}{or}a whole number of {}", step_name(time))
}

fn step_name(time: &Time) -> &'static str {
    match time.step {
        1_000 => "seconds",
        60_000 => "minutes",
        86_400_000 => "days",
        _ => "milliseconds",
    }
}

fn written(milliseconds: u64) -> String {
    duration::format(Duration::from_millis(milliseconds))
}
