//! A schedule as scheduled actions of Application Auto Scaling.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::hours::{DAY, Days};
use super::{Change, Schedule, WEEK};
use crate::target_tracking::Bounds;

/// The start, 2027-01-01, and the last year of the clock changes that are searched for skipped times. A
/// zone's rule names days of the week, so more years find nothing new.
const FROM: Duration = Duration::from_secs(1_798_761_600);
const LAST_YEAR: i16 = 2036;

/// Bounds that are set on a recurring schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledBounds {
    /// A name that is unique in the schedule, such as `Mon-Fri 0800`. It doesn't change when the bounds
    /// change.
    pub name: String,
    /// The expression of Application Auto Scaling, such as `cron(0 8 ? * MON-FRI *)`.
    pub cron: String,
    /// The bounds.
    pub bounds: Bounds,
}

impl Schedule {
    /// The scheduled actions of a service with these bounds outside of the periods, by time of day. There
    /// is one for each change of bounds, for all days with the same change.
    ///
    /// AWS doesn't document when an action runs if the clocks skip its time. To make sure that it runs, it
    /// is repeated at the next time that the clocks show. On all other days, the repetition sets the bounds
    /// that already apply.
    #[must_use]
    pub fn actions(&self, base: Bounds) -> Vec<ScheduledBounds> {
        let mut changes = self.changes(base);
        changes.extend(self.repetitions(&changes));
        let mut days: BTreeMap<(u16, u32, u32), Days> = BTreeMap::new();
        for Change { minute, bounds } in changes {
            let of_day = days
                .entry((minute % DAY, bounds.min(), bounds.max()))
                .or_default();
            *of_day = of_day.and(Days::one(minute / DAY));
        }
        let actions = days.into_iter().filter_map(|((minute, min, max), days)| {
            let (hour, minute) = (minute / 60, minute % 60);
            Some(ScheduledBounds {
                name: format!("{days} {hour:02}{minute:02}"),
                cron: format!("cron({minute} {hour} {} *)", cron_days(days)),
                bounds: Bounds::new(min, max).ok()?,
            })
        });
        actions.collect()
    }

    /// The repetitions for changes that the clocks have skipped: for each skipped part of a day, the last
    /// change in it.
    fn repetitions(&self, changes: &[Change]) -> Vec<Change> {
        let gaps = self
            .timezone
            .gaps(FROM)
            .take_while(|(from, _)| from.year() <= LAST_YEAR);
        let minute = |local: jiff::civil::DateTime| {
            let day = u16::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
            let of_day = i32::from(local.hour()) * 60 + i32::from(local.minute());
            day * DAY + u16::try_from(of_day).unwrap_or(0)
        };
        let gaps: BTreeSet<(u16, u16)> =
            gaps.map(|(from, to)| (minute(from), minute(to))).collect();
        let skipped = |(from, to): (u16, u16)| {
            let length = (to + WEEK - from) % WEEK;
            let into = move |change: &Change| (change.minute + WEEK - from) % WEEK;
            let last = changes
                .iter()
                .filter(|change| into(change) < length)
                .max_by_key(|change| into(change))?;
            let taken = changes.iter().any(|change| change.minute == to);
            (!taken).then_some(Change {
                minute: to,
                ..*last
            })
        };
        gaps.into_iter().filter_map(skipped).collect()
    }
}

/// The fields of a cron expression for days of the month, months, and days of the week. Its weeks start on Sunday, so a
/// range can't lead from Saturday to Sunday.
fn cron_days(days: Days) -> String {
    if days == Days::ALL {
        return "* * ?".to_owned();
    }
    let sunday = days.contains(6).then(|| "SUN".to_owned());
    let others = days.without(6);
    let others = (others != Days::default()).then(|| others.to_string().to_uppercase());
    let listed: Vec<String> = sunday.into_iter().chain(others).collect();
    format!("? * {}", listed.join(","))
}
