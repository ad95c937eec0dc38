//! Cron expressions of scheduled actions that run at a time of day, for emulators of Application Auto Scaling.

use std::str::FromStr;
use std::time::Duration;

use super::Zone;
use super::hours::{DAY, Days, day_of};

/// A time of day on some days of each week: `cron(0 8 ? * MON-FRI *)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeeklyCron {
    /// In minutes since midnight.
    minute: u16,
    days: Days,
}

/// Why an expression isn't supported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} isn't a time of day on days of the week, such as \"cron(0 8 ? * MON-FRI *)\"")]
pub struct CronError(String);

impl FromStr for WeeklyCron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        read(text).ok_or_else(|| CronError(text.chars().take(80).collect()))
    }
}

fn read(text: &str) -> Option<WeeklyCron> {
    let fields = text.strip_prefix("cron(")?.strip_suffix(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let [minute, hour, day, month, week, year] = fields.as_slice() else {
        return None;
    };
    let number = |text: &str, most: u16| text.parse().ok().filter(|value: &u16| *value <= most);
    let at = number(hour, 23)? * 60 + number(minute, 59)?;
    let days = match (*day, *week) {
        ("*", "?") | ("?", "*") => Days::ALL,
        ("?", week) => read_days(week)?,
        _ => return None,
    };
    (*month == "*" && *year == "*").then_some(WeeklyCron { minute: at, days })
}

/// Reads `SUN,TUE-THU`. Weeks start on Sunday, so a range doesn't extend past Saturday.
fn read_days(text: &str) -> Option<Days> {
    let since_sunday = |day: u16| (day + 1) % 7;
    let mut days = Days::default();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day_of(first).ok()?, day_of(last).ok()?);
        let (first, last) = (since_sunday(first), since_sunday(last));
        if first > last {
            return None;
        }
        for day in first..=last {
            days = days.and(Days::one(day + 6));
        }
    }
    Some(days)
}

impl WeeklyCron {
    /// Whether it runs after one time and until another, at most a few days later. It doesn't run if the
    /// clocks skip its time, and runs only the first time if they show it twice. AWS documents neither.
    #[must_use]
    pub fn runs(self, zone: &Zone, after: Duration, until: Duration) -> bool {
        let (Some(first), Some(last)) = (zone.local(after), zone.local(until)) else {
            return false;
        };
        let (first, last) = (first.date().yesterday(), last.date().tomorrow());
        let (Ok(first), Ok(last)) = (first, last) else {
            return false;
        };
        let mut dates = first
            .series(jiff::Span::new().days(1))
            .take_while(|date| *date <= last);
        dates.any(|date| {
            let day = u16::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
            let moment = zone.moment_of(date, self.minute);
            self.days.contains(day)
                && moment.is_some_and(|moment| {
                    let shown = zone.local(moment).map(|local| {
                        let minutes = i32::from(local.hour()) * 60 + i32::from(local.minute());
                        local.date() == date && minutes == i32::from(self.minute)
                    });
                    after < moment && moment <= until && shown == Some(true)
                })
        })
    }
}

const _: () = assert!(DAY == 1_440, "a cron expression has 24 hours of 60 minutes");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_of_a_time_of_day_are_read() {
        let read = |text: &str| text.parse::<WeeklyCron>().unwrap();
        assert_eq!(read("cron(0 8 ? * MON-FRI *)").minute, 480);
        assert_eq!(read("cron(0 8 ? * MON-FRI *)").days.to_string(), "Mon-Fri");
        assert_eq!(read("cron(30 17 * * ? *)").days, Days::ALL);
        assert_eq!(
            read("cron(5 0 ? * SUN-TUE,SAT *)").days.to_string(),
            "Mon,Tue,Sat,Sun"
        );
        for text in [
            "",
            "rate(5 minutes)",
            "at(2026-11-30T08:00:00)",
            "cron(0 8 ? * FRI-SUN *)",
            "cron(0 8 1 * ? *)",
            "cron(0 8 ? * MON 2026)",
            "cron(0/5 8 ? * MON *)",
            "cron(0 24 ? * MON *)",
            "cron(60 8 ? * MON *)",
            "cron(0 8 ? * MON *",
        ] {
            assert!(text.parse::<WeeklyCron>().is_err(), "{text}");
        }
    }

    /// 2026-11-30 is a Monday; 08:00 in Berlin is 07:00Z, 1,796,022,000 s after 1970.
    #[test]
    fn it_runs_at_its_moment() {
        let cron: WeeklyCron = "cron(0 8 ? * MON-FRI *)".parse().unwrap();
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let runs = |after, until| {
            cron.runs(
                &berlin,
                Duration::from_secs(after),
                Duration::from_secs(until),
            )
        };
        let moment = 1_796_022_000;
        assert!(runs(moment - 60, moment));
        assert!(!runs(moment, moment + 60));
        assert!(!runs(moment - 60, moment - 1));
        // It doesn't run on the Sunday before.
        assert!(!runs(moment - 86_400 - 60, moment - 86_400 + 60));
    }
}
