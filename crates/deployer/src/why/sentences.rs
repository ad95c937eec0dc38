//! Parts of the sentences.

use std::time::Duration;

use scaling::{Side, format_timestamp};

use super::facts::AlarmFacts;

/// Formats a time: the time of day in UTC, with the date unless it's today.
pub(super) fn clock(at: u64, now: u64) -> String {
    let (text, today) = (written(at), written(now));
    match (text.split_once('T'), today.split_once('T')) {
        (Some((date, time)), Some((today, _))) => {
            let time = time.trim_end_matches('Z');
            match date == today {
                true => format!("{time} UTC"),
                false => format!("{date} {time} UTC"),
            }
        }
        _ => text,
    }
}

fn written(at: u64) -> String {
    format_timestamp(Duration::from_secs(at))
}

/// Formats a duration in at most two units, such as `4 minutes` or `40 s`.
pub(super) fn lasting(seconds: u64) -> String {
    let plural = |count: u64, unit: &str| match count {
        1 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    };
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => plural(seconds / 60, "minute"),
        7_200..172_800 => plural(seconds / 3_600, "hour"),
        _ => plural(seconds / 86_400, "day"),
    }
}

/// Formats a number with at most one decimal.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// `1 task`, `2 tasks`.
pub(super) fn tasks(count: u32) -> String {
    match count {
        1 => "1 task".to_owned(),
        count => format!("{count} tasks"),
    }
}

pub(super) fn side_name(side: Side) -> &'static str {
    match side {
        Side::Out => "scale-out",
        Side::In => "scale-in",
    }
}

/// Describes the threshold of an alarm, such as `over the target (100)`.
pub(super) fn beyond(alarm: &AlarmFacts) -> String {
    let threshold = alarm.threshold.map(number).unwrap_or_default();
    match (alarm.side, alarm.tracks) {
        (Side::Out, true) => format!("over the target ({threshold})"),
        (Side::In, true) => format!("under {threshold}, 90% of the target"),
        (_, false) => match alarm.comparison.known() {
            Some(scaling::Comparison::AtOrAbove) => format!("at or over {threshold}"),
            Some(scaling::Comparison::Above) => format!("over {threshold}"),
            Some(scaling::Comparison::AtOrBelow) => format!("at or under {threshold}"),
            Some(scaling::Comparison::Below) => format!("under {threshold}"),
            None => format!("beyond {threshold}"),
        },
    }
}
