//! A service that someone has paused, under demand.

use serde_json::{Value, json};
use tokio::sync::Mutex as Kept;

use super::super::pauses::record;
use super::cloud::{invoke_at, minutes, order, policy, world};
use crate::{DemandOutcome, Memory};

fn pausable() -> Value {
    policy(&json!({"pause": "/ecs-scaler/shop/worker/pause"}))
}

/// 900 messages of 2 s need far more than the ten tasks: the first check after the pause adds them.
#[tokio::test(start_paused = true)]
async fn the_count_stays_until_the_pause_is_over() {
    let world = world(|_| (900, 0));
    world.lock().unwrap().pause = |second| match second {
        0..30 => Ok(Some(record(false, None))),
        _ => Ok(None),
    };
    let all = minutes(&world, &pausable(), 1).await;
    let looks = all[0].looks();
    assert_eq!(looks[0].outcome, DemandOutcome::Kept);
    assert_eq!((looks[0].from, looks[0].to), (Some(10), Some(10)));
    let begins = "paused by ops/ada since 2026-11-21T09:00:00Z: incident; would set ";
    assert!(looks[0].reason.starts_with(begins), "{}", looks[0].reason);
    assert_eq!(looks[0].backlog, Some(900), "it is still measured");
    let lines = all[0].lines();
    let count = |text: &str| lines.iter().filter(|line| *line == text).count();
    assert_eq!((count("INFO paused"), count("INFO resumed")), (1, 1));
    let world = world.lock().unwrap();
    assert_eq!(world.set.first().map(|(second, _)| *second), Some(30));
    assert!(world.count("PutMetricData") > 0);
    assert_eq!(world.count("GetParameters"), 6, "one for each check");
}

/// Its end needs no one: neither the parameter nor a schedule.
#[tokio::test(start_paused = true)]
async fn a_pause_ends_on_time() {
    let world = world(|_| (900, 0));
    world.lock().unwrap().pause = |_| Ok(Some(record(false, Some("2026-11-21T10:00:40Z"))));
    minutes(&world, &pausable(), 1).await;
    let set = world.lock().unwrap().set.clone();
    assert_eq!(set.first().map(|(second, _)| *second), Some(40), "{set:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_scale_in_lets_tasks_be_added_and_removes_none() {
    for (load, rises) in [
        ((|_| (900, 0)) as super::cloud::Load, true),
        (|_| (0, 0), false),
    ] {
        let world = world(load);
        world.lock().unwrap().pause = |_| Ok(Some(record(true, None)));
        minutes(&world, &pausable(), 20).await;
        let world = world.lock().unwrap();
        let mut before = 10;
        for (_, count) in &world.set {
            assert!(*count > before, "{:?}", world.set);
            before = *count;
        }
        assert_eq!(before > 10, rises);
    }
}

/// What an environment knows holds while it can't be read. After three failures, 60 s pass before it is read again.
#[tokio::test(start_paused = true)]
async fn an_unreadable_pause_stays_as_it_was() {
    let world = world(|_| (900, 0));
    world.lock().unwrap().pause = |second| match second {
        0..10 => Ok(Some(record(false, None))),
        _ => Err("AccessDeniedException"),
    };
    let all = minutes(&world, &pausable(), 2).await;
    let lines = all.iter().flat_map(super::cloud::Invoked::lines);
    let unknown = lines.filter(|line| line == "WARN pause unknown").count();
    assert_eq!(unknown, 1);
    let world = world.lock().unwrap();
    assert_eq!(world.set, []);
    // At 0, 10, 20, and 30 s. The next invocation counts anew: at 60, 70, and 80 s.
    assert_eq!(world.count("GetParameters"), 7);
}

/// What can't be read at 0 s stops nothing then, but holds from the next check on.
#[tokio::test(start_paused = true)]
async fn a_single_failed_reading_is_repeated_at_the_next_check() {
    let world = world(|second| (100 * second, 0));
    world.lock().unwrap().pause = |second| match second {
        0..10 => Err("AccessDeniedException"),
        _ => Ok(Some(record(false, None))),
    };
    let all = minutes(&world, &pausable(), 1).await;
    let lines = all[0].lines();
    assert!(lines.iter().any(|line| line == "INFO paused"), "{lines:?}");
    let world = world.lock().unwrap();
    assert!(
        world.set.iter().all(|(second, _)| *second < 10),
        "{:?}",
        world.set
    );
    assert_eq!(world.count("GetParameters"), 6, "one for each check");
}

/// A deploy gives the service another name in the definition, by which no one has paused it. The new parameter can't be read,
/// so that only what is remembered could pause it.
#[tokio::test(start_paused = true)]
async fn a_pause_of_another_parameter_is_not_remembered() {
    let world = world(|_| (900, 0));
    world.lock().unwrap().pause = |second| match second {
        0..60 => Ok(Some(record(false, None))),
        _ => Err("AccessDeniedException"),
    };
    let memory = Kept::new(Memory::default());
    let _ = invoke_at(&world, 0, &memory, order(&[&pausable()])).await;
    assert_eq!(world.lock().unwrap().set, []);
    let renamed = policy(&json!({"pause": "/ecs-scaler/shop/jobs/pause"}));
    let _ = invoke_at(&world, 60, &memory, order(&[&renamed])).await;
    let set = world.lock().unwrap().set.clone();
    assert_eq!(set.first().map(|(second, _)| *second), Some(60), "{set:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_was_never_read_stops_nothing() {
    let world = world(|_| (900, 0));
    world.lock().unwrap().pause = |_| Err("AccessDeniedException");
    minutes(&world, &pausable(), 1).await;
    assert!(!world.lock().unwrap().set.is_empty());
}

/// 10 messages in flight of 2 s are 5 per second, and keep 10 tasks. Nothing is sent from 200 s on; in the first case,
/// only until 400 s. A pause ends at 480 s: by what was seen during the pause, the load is back, and no task is
/// removed. In the second case, the queue has been idle for minutes, and only the minimum stays.
#[tokio::test(start_paused = true)]
async fn what_was_seen_during_a_pause_counts_after_it() {
    let back: super::cloud::Load = |second| match second {
        200..400 => (0, 0),
        _ => (0, 10),
    };
    let gone: super::cloud::Load = |second| match second {
        0..200 => (0, 10),
        _ => (0, 0),
    };
    for (load, expected) in [(back, vec![]), (gone, vec![(480, 1)])] {
        let world = world(load);
        world.lock().unwrap().pause = |second| match second {
            100..480 => Ok(Some(record(false, None))),
            _ => Ok(None),
        };
        minutes(&world, &pausable(), 12).await;
        assert_eq!(world.lock().unwrap().set, expected);
    }
}

/// An environment that starts during a pause knows nothing from before: the idle tasks stay until the arrivals have been
/// known for a minute, although the pause ends after 10 s.
#[tokio::test(start_paused = true)]
async fn a_cold_start_in_a_pause_removes_nothing_at_its_end() {
    let world = world(|_| (0, 0));
    world.lock().unwrap().pause = |second| match second {
        0..370 => Ok(Some(record(false, None))),
        _ => Ok(None),
    };
    let memory = Kept::new(Memory::default());
    let policy = pausable();
    for second in [360, 420] {
        let _ = invoke_at(&world, second, &memory, order(&[&policy])).await;
    }
    assert_eq!(world.lock().unwrap().set, [(420, 1)]);
}

/// During a pause, someone sets 30 tasks. At its end, the 20 new ones are starting, and none is canceled; in the minute in
/// which they run, the 20 that the load doesn't need are removed at once.
#[tokio::test(start_paused = true)]
async fn tasks_that_start_at_the_end_of_a_pause_are_not_canceled() {
    let world = world(|_| (0, 10));
    world.lock().unwrap().pause = |second| match second {
        0..320 => Ok(Some(record(false, None))),
        _ => Ok(None),
    };
    let memory = Kept::new(Memory::default());
    let policy = pausable();
    for minute in 0..7u64 {
        {
            let mut world = world.lock().unwrap();
            world.running = (minute == 5).then_some(10);
            if minute == 5 {
                world.desired = 30;
            }
        }
        let _ = invoke_at(&world, minute * 60, &memory, order(&[&policy])).await;
        if minute == 5 {
            assert_eq!(world.lock().unwrap().set, []);
        }
    }
    let set = world.lock().unwrap().set.clone();
    assert!(matches!(set[..], [(360..420, 10)]), "{set:?}");
}
