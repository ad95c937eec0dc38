//! The pure parts of pauses.

use std::time::Duration;

use scaling::Pause;
use serde_json::json;

use super::schedules::{next_reminder, write_local, write_reminder};
use super::{Unreminded, name_caller};

/// 2026-11-21T10:00:00Z.
const SINCE: Duration = Duration::from_secs(1_795_255_200);

#[test]
fn a_caller_is_named_by_the_end_of_the_arn() {
    for (arn, name) in [
        ("arn:aws:sts::111122223333:assumed-role/ops/ada", "ops/ada"),
        ("arn:aws:iam::111122223333:user/people/ada", "people/ada"),
        ("arn:aws:iam::111122223333:root", "root"),
        ("arn:aws-cn:sts::111122223333:federated-user/a:b", "a:b"),
        ("ada", "ada"),
        ("", "unknown"),
    ] {
        assert_eq!(name_caller(arn), name, "{arn}");
    }
}

/// Scheduler takes no fractions; an earlier end would be sooner than was asked for.
#[test]
fn an_end_is_written_in_whole_seconds() {
    assert_eq!(write_local(SINCE), "2026-11-21T10:00:00");
    let later = SINCE + Duration::from_millis(1);
    assert_eq!(write_local(later), "2026-11-21T10:00:01");
}

#[test]
fn the_first_reminder_comes_after_a_day() {
    let (hour, day) = (Duration::from_hours(1), Duration::from_hours(24));
    assert_eq!(next_reminder(SINCE, SINCE), SINCE + day);
    assert_eq!(next_reminder(SINCE, SINCE + 23 * hour), SINCE + day);
    assert_eq!(next_reminder(SINCE, SINCE + day), SINCE + 2 * day);
    assert_eq!(next_reminder(SINCE, SINCE + 49 * hour), SINCE + 3 * day);
    // A clock that is behind.
    assert_eq!(next_reminder(SINCE, SINCE - hour), SINCE + day);
}

#[test]
fn a_reminder_says_who_what_since_why_and_how_to_end_it() {
    let pause = Pause {
        since: SINCE,
        until: None,
        by: "ops/ada".to_owned(),
        reason: "the database is slow".to_owned(),
        in_only: false,
    };
    assert_eq!(
        write_reminder("shop", &[("worker", &pause)]),
        "Scaling of stack shop is paused, without an end:\n\
         - worker: paused by ops/ada since 2026-11-21T10:00:00Z: the database is slow\n\
         To end it: ecs-scaler resume shop\n\
         This reminder comes once a day until then.\n"
    );
}

#[test]
fn why_no_one_is_reminded_depends_on_the_recipients() {
    let slack = json!({"slack": {"workspace": "T1", "channel": "C1"}});
    for (notify, why) in [
        (json!(null), Unreminded::NoRecipients),
        (json!([]), Unreminded::NoRecipients),
        (json!([slack]), Unreminded::OnlySlack),
        (json!([slack, "ops@example.com"]), Unreminded::Outdated),
    ] {
        let record = json!({"definition": {"notify": notify}});
        assert_eq!(Unreminded::of(&record), why, "{notify}");
    }
    let none = json!({"definition": {}});
    assert_eq!(Unreminded::of(&none), Unreminded::NoRecipients);
    assert_eq!(Unreminded::of(&json!(null)), Unreminded::Outdated);
}
