//! Messages that are received again, task protection, and heartbeats. The results are computed manually.

use super::*;
use crate::OldReceipt;
use crate::Progress;

/// A message of 100 s with a visibility timeout of 60 s, on two tasks.
fn slow() -> Scenario {
    Scenario {
        processing: Distribution::Fixed(Duration::from_secs(100)),
        visibility_timeout: Duration::from_secs(60),
        policy: Policy::Fixed { tasks: 2 },
        ..scenario()
    }
}

fn csv(rows: &str) -> Load {
    Load::read_csv(rows.as_bytes(), None).unwrap()
}

fn storm(outcome: &RunOutcome) -> Option<&String> {
    let mut notes = outcome.notes.iter();
    notes.find(|note| note.starts_with("the visibility timeout"))
}

/// Received at 0 s and at 60 s. If the first receipt handle deletes it at 100 s, it is received again once.
/// Otherwise it never ends, and a task receives it every 60 s during the day for which the simulation waits.
#[test]
fn an_old_receipt_deletes_only_if_that_is_assumed() {
    let load = csv("0\n");
    let deletes = Scenario {
        assumptions: Assumptions {
            old_receipt: OldReceipt::Deletes,
            ..Assumptions::default()
        },
        ..slow()
    };
    let outcome = simulate(&deletes, &load, 1).unwrap();
    assert_eq!(
        (outcome.messages.deleted, outcome.messages.processed_again),
        (1, 1)
    );
    near(outcome.duration, 100.0, 1e-9);
    assert_eq!(
        storm(&outcome).unwrap(),
        "the visibility timeout, 1m, is shorter than the work on a message, up to 1m 40s. Messages that became \
         visible again while a task worked on them: 1; times that they were received again: 1. Set \
         visibility_timeout to at least 100s, or let the worker extend it (heartbeat: true)"
    );

    let outcome = simulate(&slow(), &load, 1).unwrap();
    assert_eq!(outcome.messages.deleted, 0);
    assert!(outcome.messages.processed_again > 800);
    assert!(storm(&outcome).is_some());
}

/// A timeout of 100 s covers 100 s of work, so nothing is received again. The same is true with a heartbeat.
#[test]
fn a_timeout_as_long_as_the_work_or_a_heartbeat_ends_the_storm() {
    for scenario in [
        Scenario {
            visibility_timeout: Duration::from_secs(100),
            ..slow()
        },
        Scenario {
            heartbeat: true,
            ..slow()
        },
    ] {
        let outcome = simulate(&scenario, &csv("0\n10\n20\n"), 1).unwrap();
        assert_eq!(outcome.messages.deleted, 3);
        assert_eq!(outcome.messages.processed_again, 0);
        assert_eq!(storm(&outcome), None);
    }
}

/// SQS hides a message for at most 12 hours, so a heartbeat isn't enough for work of 13 hours.
#[test]
fn no_heartbeat_hides_a_message_for_longer_than_sqs() {
    let scenario = Scenario {
        processing: Distribution::Fixed(Duration::from_secs(13 * 3_600)),
        heartbeat: true,
        ..slow()
    };
    let outcome = simulate(&scenario, &csv("0\n"), 1).unwrap();
    assert!(outcome.messages.processed_again > 0);
    assert!(storm(&outcome).unwrap().ends_with("at most 12 hours"));
}

/// A survey shows the variant only if messages are received again.
#[test]
fn a_survey_shows_what_depends_on_old_receipts() {
    let load = csv("0\n");
    let found = survey(&slow(), &load, 1, &Progress::none()).unwrap();
    let [variant] = found.variants.as_slice() else {
        panic!("{:?}", found.variants)
    };
    assert_eq!(variant.assumption, "old_receipt=deletes");
    assert!(variant.differs(&found.phases));
    let calm = Scenario {
        heartbeat: true,
        ..slow()
    };
    assert!(
        survey(&calm, &load, 1, &Progress::none())
            .unwrap()
            .variants
            .is_empty()
    );
}

/// Two tasks process a message each, and the policy sees no waiting messages. At 16 s one task should stop, and is
/// killed with its message 30 s later. A protected task ends when its work is done, at 100 s.
#[test]
fn a_protected_task_finishes_its_work() {
    let scenario = Scenario {
        visibility_timeout: Duration::from_secs(120),
        stop_timeout: Duration::from_secs(30),
        initial: 2,
        policy: keda_on_visible(),
        ..slow()
    };
    let load = csv("0\n0\n1000\n");
    let dropped = simulate(&scenario, &load, 1).unwrap();
    assert_eq!(dropped.messages.interrupted, 1);
    let protected = Scenario {
        protect: true,
        ..scenario
    };
    let outcome = simulate(&protected, &load, 1).unwrap();
    assert_eq!(outcome.messages.interrupted, 0);
    assert_eq!(outcome.messages.processed_again, 0);
    assert_eq!((outcome.actions[0].at, outcome.actions[0].to), (16.0, 1));
    // Two tasks for 100 s, then one until the last message is done at 1,100 s.
    near(outcome.tasks.seconds, 2.0 * 100.0 + 1_000.0, 1e-9);
}

/// If a task is protected, ECS stops another one: of two tasks, one is busy from 0 to 100 s and the other is idle, so
/// the idle one is gone at 16 s.
#[test]
fn a_task_without_work_is_stopped_first() {
    for seed in 0..20 {
        let scenario = Scenario {
            protect: true,
            initial: 2,
            policy: keda_on_visible(),
            visibility_timeout: Duration::from_secs(120),
            ..slow()
        };
        let outcome = simulate(&scenario, &csv("0\n200\n"), seed).unwrap();
        assert_eq!(outcome.messages.processed_again, 0);
        near(outcome.tasks.seconds, 16.0 + 300.0, 1e-9);
    }
}

/// With a heartbeat, a killed task's message is visible again one visibility timeout after the kill: killed at 46 s
/// and visible at 106 s. The other task, idle since 100 s, takes it.
#[test]
fn a_killed_task_extends_no_more() {
    let scenario = Scenario {
        heartbeat: true,
        stop_timeout: Duration::from_secs(30),
        initial: 2,
        policy: keda_on_visible(),
        ..slow()
    };
    let outcome = simulate(&scenario, &csv("0\n0\n1000\n"), 1).unwrap();
    assert_eq!(outcome.messages.interrupted, 1);
    near(outcome.waiting.max, 106.0, 1e-9);
    assert_eq!(storm(&outcome), None);
}

/// Ten messages of 1 s at once on two tasks. Each takes one, and the first one to finish receives the other eight with
/// a batch of ten, because SQS returns all that are available. It starts them one after another, at 1, 2, … 8 s, while
/// the other task is idle. With one at a time, both tasks work, and the last ones start at 4 s.
#[test]
fn a_batch_keeps_messages_from_the_other_tasks() {
    let load = csv(&"0\n".repeat(10));
    let one = Scenario {
        processing: Distribution::Fixed(Duration::from_secs(1)),
        policy: Policy::Fixed { tasks: 2 },
        ..scenario()
    };
    let ten = Scenario {
        batch: 10,
        ..one.clone()
    };
    near(simulate(&one, &load, 1).unwrap().waiting.max, 4.0, 1e-9);
    let outcome = simulate(&ten, &load, 1).unwrap();
    near(outcome.waiting.max, 8.0, 1e-9);
    assert_eq!(
        (outcome.messages.deleted, outcome.messages.processed_again),
        (10, 0)
    );
    // Two slots of the task share the messages that it received: the last two start at 1 + 3 s.
    let hands = Scenario {
        concurrency: 2,
        policy: Policy::Fixed { tasks: 1 },
        ..ten
    };
    near(simulate(&hands, &load, 1).unwrap().waiting.max, 4.0, 1e-9);
}

/// The batch of eight is received at 1 s and hidden for 4 s. Its task starts four of them in that time, at 1, 2, 3, and
/// 4 s, so the other task receives the others again.
#[test]
fn a_batch_that_takes_longer_than_it_is_hidden_is_received_again() {
    let scenario = Scenario {
        processing: Distribution::Fixed(Duration::from_secs(1)),
        policy: Policy::Fixed { tasks: 2 },
        batch: 10,
        visibility_timeout: Duration::from_secs(4),
        ..scenario()
    };
    let outcome = simulate(&scenario, &csv(&"0\n".repeat(10)), 1).unwrap();
    assert_eq!(outcome.messages.deleted, 10);
    assert!(outcome.messages.processed_again > 0);
    let note = storm(&outcome).unwrap();
    assert!(
        note.ends_with("set visibility_timeout to at least 10s, which is the work on 10 messages"),
        "{note}"
    );
}

/// With prefetch, a task receives a message while it processes another one. With two messages on one task, no message
/// waits in the queue, and the second one, sent at 1 s, starts at 10 s.
#[test]
fn a_prefetched_message_is_in_flight_and_waits_for_its_task() {
    let scenario = Scenario {
        processing: Distribution::Fixed(Duration::from_secs(10)),
        prefetch: true,
        ..scenario()
    };
    let load = csv("0\n1\n");
    let outcome = simulate(&scenario, &load, 1).unwrap();
    near(outcome.waiting.max, 9.0, 1e-9);
    assert_eq!(outcome.backlog.max, 0);
    let without = Scenario {
        prefetch: false,
        ..scenario
    };
    let outcome = simulate(&without, &load, 1).unwrap();
    near(outcome.waiting.max, 9.0, 1e-9);
    assert_eq!(outcome.backlog.max, 1);
}
