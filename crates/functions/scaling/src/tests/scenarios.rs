//! Behavior that users see over minutes: the older article's system.

use super::cloud::{Invoked, invoke, invoke_with, policy_of};
use super::world::{IN, OUT, START, Shared, arn, event, message, re_evaluate, world};
use crate::ScalingOutcome;
use serde_json::json;

/// Invokes, and returns the outcome and the count.
async fn once(world: &Shared, event: serde_json::Value) -> (ScalingOutcome, i32) {
    let invoked = invoke(world, event).await;
    let desired = world.lock().unwrap().desired();
    (invoked.answer().outcome, desired)
}

fn ring(world: &Shared, alarm: &'static str, state: &'static str) -> serde_json::Value {
    let message = world.lock().unwrap().ring(alarm, state);
    event(&[&message])
}

fn pause(world: &Shared, seconds: i64) {
    world.lock().unwrap().pause(seconds);
}

#[tokio::test]
async fn load_takes_it_from_one_to_two_and_no_further() {
    let world = world(1);
    let loud = ring(&world, OUT, "ALARM");
    let invoked = invoke(&world, loud).await;
    let answer = serde_json::to_value(invoked.answer()).unwrap();
    let reason =
        "alarm sample-out is in ALARM since 2026-11-21T10:00:00Z: scale-out from 1 to 2 tasks";
    let expected = json!({"cluster": "web", "service": "sample", "outcome": "stepped",
        "alarm": "sample-out", "from": 1, "to": 2, "reason": reason});
    assert_eq!(answer, expected);
    let [line] = invoked.log.as_slice() else {
        panic!("{:?}", invoked.log)
    };
    assert_eq!(
        (&line["level"], &line["outcome"]),
        (&json!("INFO"), &json!("stepped"))
    );
    assert_eq!((&line["from"], &line["to"]), (&json!(1), &json!(2)));
    assert!(line["durationMs"].is_u64());

    for _ in 0..3 {
        pause(&world, 60);
        let invoked = invoke(&world, re_evaluate()).await;
        assert_eq!(invoked.answer().outcome, ScalingOutcome::AtBound);
        let end = "the desired count is 2 and the maximum is 2";
        assert!(
            invoked.answer().reason.ends_with(end),
            "{:?}",
            invoked.answer()
        );
    }
    assert_eq!(world.lock().unwrap().set, [2]);
}

#[tokio::test]
async fn little_load_takes_it_back_to_one_and_no_further() {
    let world = world(2);
    let idle = ring(&world, IN, "ALARM");
    assert_eq!(once(&world, idle).await, (ScalingOutcome::Stepped, 1));
    for _ in 0..8 {
        pause(&world, 60);
        assert_eq!(
            once(&world, re_evaluate()).await,
            (ScalingOutcome::AtBound, 1)
        );
    }
    let reason = invoke(&world, re_evaluate()).await.answer().reason.clone();
    assert!(
        reason.ends_with("the desired count is 1 and the minimum is 1"),
        "{reason}"
    );
    assert_eq!(world.lock().unwrap().set, [1]);
}

#[tokio::test]
async fn the_same_message_three_times_steps_once() {
    let world = world(1);
    let policy = policy_of(&json!({"max": 9}));
    let loud = ring(&world, OUT, "ALARM");
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        outcomes.push(
            invoke_with(&world, &policy, loud.clone())
                .await
                .answer()
                .outcome,
        );
        // Long after every cooldown, so only the record can prevent the step.
        pause(&world, 3_600);
    }
    assert_eq!(
        outcomes,
        [
            ScalingOutcome::Stepped,
            ScalingOutcome::Handled,
            ScalingOutcome::Handled
        ]
    );
    assert_eq!(world.lock().unwrap().set, [2]);
}

#[tokio::test]
async fn a_load_that_stays_high_goes_on_scaling_after_each_cooldown() {
    let world = world(1);
    let policy = policy_of(&json!({"max": 4}));
    let loud = ring(&world, OUT, "ALARM");
    invoke_with(&world, &policy, loud).await;
    let mut seen = Vec::new();
    for _ in 0..12 {
        pause(&world, 20);
        let answer = invoke_with(&world, &policy, re_evaluate()).await;
        seen.push((answer.answer().outcome, world.lock().unwrap().desired()));
    }
    let (wait, step, bound) = (
        ScalingOutcome::Cooldown,
        ScalingOutcome::Stepped,
        ScalingOutcome::AtBound,
    );
    let expected = [
        (wait, 2),
        (wait, 2),
        (step, 3),
        (wait, 3),
        (wait, 3),
        (step, 4),
        (bound, 4),
        (bound, 4),
        (bound, 4),
        (bound, 4),
        (bound, 4),
        (bound, 4),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_wait_says_until_when() {
    let world = world(1);
    let policy = policy_of(&json!({"max": 4}));
    let loud = ring(&world, OUT, "ALARM");
    invoke_with(&world, &policy, loud).await;
    pause(&world, 20);
    let invoked = invoke_with(&world, &policy, re_evaluate()).await;
    let answer = invoked.answer();
    assert_eq!(answer.until.as_deref(), Some("2026-11-21T10:01:00Z"));
    let end = "scale-out waits until 2026-11-21T10:01:00Z for the last scale-out to take effect";
    assert!(answer.reason.ends_with(end), "{}", answer.reason);
    assert_eq!((answer.from, answer.to), (Some(2), Some(2)));
}

#[tokio::test]
async fn a_message_lost_on_its_way_is_made_up_for() {
    let world = world(1);
    let late = ring(&world, OUT, "ALARM");
    pause(&world, 30);
    assert_eq!(
        once(&world, re_evaluate()).await,
        (ScalingOutcome::Stepped, 2)
    );
    assert_eq!(
        once(&world, late).await,
        (ScalingOutcome::Handled, 2),
        "late, not lost"
    );
}

#[tokio::test]
async fn an_older_message_never_undoes_a_newer_state() {
    let world = world(1);
    let loud = ring(&world, OUT, "ALARM");
    pause(&world, 60);
    ring(&world, OUT, "OK");
    let invoked: Invoked = invoke(&world, loud).await;
    assert_eq!(invoked.answer().outcome, ScalingOutcome::Quiet);
    let lines = [
        "INFO the message is older than the alarm's state",
        "INFO invocation succeeded",
    ];
    assert_eq!(invoked.lines(), lines);
    let world = world.lock().unwrap();
    assert_eq!(
        (world.desired(), world.calls.as_slice()),
        (1, &["DescribeAlarms"][..])
    );
}

/// DescribeAlarms can lag behind the message.
#[tokio::test]
async fn a_newer_message_counts() {
    let world = world(1);
    let early = message(OUT, "ALARM", START + 500);
    pause(&world, 1);
    assert_eq!(
        once(&world, event(&[&early])).await,
        (ScalingOutcome::Stepped, 2)
    );
    // Then it shows the change with its own, slightly different time.
    world.lock().unwrap().ring(OUT, "ALARM");
    world.lock().unwrap().alarms.get_mut(OUT).unwrap().changed = START + 507;
    assert_eq!(
        once(&world, event(&[&early])).await,
        (ScalingOutcome::Handled, 2)
    );
    let quiet = message(OUT, "OK", START + 900);
    assert_eq!(
        once(&world, event(&[&quiet])).await,
        (ScalingOutcome::Quiet, 2)
    );
}

#[tokio::test]
async fn insufficient_data_and_ok_do_nothing() {
    for state in ["OK", "INSUFFICIENT_DATA"] {
        let world = world(1);
        let told = ring(&world, OUT, state);
        assert_eq!(once(&world, told).await, (ScalingOutcome::Quiet, 1));
    }
}

#[tokio::test]
async fn scale_out_wins_over_scale_in() {
    let world = world(1);
    let idle = ring(&world, IN, "ALARM");
    let loud = ring(&world, OUT, "ALARM");
    assert_eq!(
        once(&world, idle.clone()).await,
        (ScalingOutcome::Stepped, 2)
    );
    assert_eq!(once(&world, loud).await, (ScalingOutcome::Handled, 2));
    pause(&world, 30);
    ring(&world, OUT, "OK");
    assert_eq!(
        once(&world, re_evaluate()).await,
        (ScalingOutcome::Cooldown, 2)
    );
    pause(&world, 30);
    assert_eq!(
        once(&world, idle).await,
        (ScalingOutcome::Stepped, 1),
        "its own change had no step yet"
    );
}

#[tokio::test]
async fn scale_in_waits_for_a_deployment() {
    for deployments in [vec!["IN_PROGRESS"], vec!["COMPLETED", "COMPLETED"]] {
        let world = world(2);
        world.lock().unwrap().service().deployments = deployments;
        let idle = ring(&world, IN, "ALARM");
        assert_eq!(once(&world, idle).await, (ScalingOutcome::Deploying, 2));
        world.lock().unwrap().service().deployments = vec!["COMPLETED"];
        pause(&world, 60);
        assert_eq!(
            once(&world, re_evaluate()).await,
            (ScalingOutcome::Stepped, 1)
        );
    }
}

#[tokio::test]
async fn scale_out_does_not_wait_for_a_deployment() {
    let world = world(1);
    world.lock().unwrap().service().deployments = vec!["IN_PROGRESS", "COMPLETED"];
    let loud = ring(&world, OUT, "ALARM");
    assert_eq!(once(&world, loud).await, (ScalingOutcome::Stepped, 2));
}

#[tokio::test]
async fn a_count_out_of_bounds_is_brought_within_by_the_next_look() {
    let world = world(7);
    let quiet = ring(&world, OUT, "OK");
    assert_eq!(once(&world, quiet).await, (ScalingOutcome::Quiet, 7));
    let invoked = invoke(&world, re_evaluate()).await;
    let answer = serde_json::to_value(invoked.answer()).unwrap();
    let expected = json!({"cluster": "web", "service": "sample", "outcome": "bounded",
        "from": 7, "to": 2, "reason": "the desired count was 7, outside 1 to 2"});
    assert_eq!(answer, expected);
    assert_eq!(
        once(&world, re_evaluate()).await,
        (ScalingOutcome::Quiet, 2)
    );

    pause(&world, 60);
    world.lock().unwrap().service().desired = 0;
    assert_eq!(
        once(&world, re_evaluate()).await,
        (ScalingOutcome::Bounded, 1)
    );
    assert_eq!(world.lock().unwrap().set, [2, 1]);
}

#[tokio::test]
async fn a_deployment_is_not_cut_down_to_the_bounds() {
    let world = world(7);
    world.lock().unwrap().service().deployments = vec!["IN_PROGRESS"];
    assert_eq!(
        once(&world, re_evaluate()).await,
        (ScalingOutcome::Quiet, 7)
    );
    world.lock().unwrap().service().desired = 0;
    assert_eq!(
        once(&world, re_evaluate()).await,
        (ScalingOutcome::Bounded, 1)
    );
}

#[tokio::test]
async fn the_record_is_written_before_the_step_and_marked_after_it() {
    let world = world(1);
    let loud = ring(&world, OUT, "ALARM");
    invoke(&world, loud).await;
    let world = world.lock().unwrap();
    let calls = [
        "DescribeAlarms",
        "DescribeServices",
        "ListTagsForResource",
        "ListTagsForResource",
        "TagResource",
        "UpdateService",
        "TagResource",
    ];
    assert_eq!(world.calls, calls);
    let record = "2026-11-21T10:00:00Z change 2026-11-21T10:00:00Z from 1 to 2 done";
    assert_eq!(world.tags.get(&arn(OUT)).map(String::as_str), Some(record));
}

/// The tests start on a Saturday at 10:00:00Z, which is 11:00 in Berlin.
#[tokio::test]
async fn a_schedule_is_kept_by_the_next_re_evaluation() {
    let world = world(1);
    let policy = policy_of(&json!({"max": 4, "schedule": {
        "timezone": {"name": "Europe/Berlin", "rule": "CET-1CEST,M3.5.0,M10.5.0/3"},
        "periods": [{"when": "Sat 11:01-11:03", "min": 3}, {"when": "Sat 11:03-11:04", "min": 0, "max": 0}],
    }}));
    let mut seen = Vec::new();
    for _ in 0..5 {
        invoke_with(&world, &policy, re_evaluate()).await;
        seen.push(world.lock().unwrap().desired());
        pause(&world, 60);
    }
    assert_eq!(seen, [1, 3, 3, 0, 1]);
}
