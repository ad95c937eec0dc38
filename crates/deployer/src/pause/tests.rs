//! The pure parts of pauses.

use std::time::Duration;

use scaling::Pause;
use serde_json::{Value, json};

use super::confirm::{newest_unknown, reports, unread_pause};
use super::schedules::{next_reminder, write_local, write_reminder};
use super::{Unreminded, name_caller};
use crate::function_logs::LogLine;

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
         You get this reminder every day until then.\n"
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

/// The lines that `log_news` of the scaling function writes.
#[test]
fn a_function_s_log_shows_whether_it_follows_a_pause() {
    let line = |at, text: Value| LogLine {
        at,
        text: text.to_string(),
    };
    let paused = |service: &str, reason: &str| json!({"level": "INFO", "message": "paused", "service": service, "reason": reason});
    let unknown = |error: &str| json!({"level": "WARN", "message": "pause unknown", "service": "w", "error": error});
    let lines = [
        line(1, unknown("GetParameters: first")),
        line(2, paused("w", "paused by ada")),
        line(3, unknown("GetParameters: second")),
        line(
            4,
            json!({"level": "INFO", "message": "look", "service": "w", "reason": "paused by bob"}),
        ),
        LogLine {
            at: 5,
            text: "START RequestId: 1".to_owned(),
        },
    ];
    assert!(reports(&lines, "w", "paused by ada"));
    for (service, reason) in [("other", "paused by ada"), ("w", "paused by bob")] {
        assert!(!reports(&lines, service, reason), "{service} {reason}");
    }
    let newest = newest_unknown(&lines, "w");
    assert_eq!(newest, Some((3, "GetParameters: second".to_owned())));
    assert_eq!(newest_unknown(&lines, "other"), None);
    let unread = |line: &LogLine| unread_pause(&line.text);
    assert_eq!(unread(&lines[0]).as_deref(), Some("GetParameters: first"));
    assert_eq!((unread(&lines[1]), unread(&lines[4])), (None, None));
}
