//! Failures: missing services, AWS, and a crash of the function itself.

use super::baton::Baton;
use super::cloud::{invoke, invoke_as, invoke_with, policy, policy_of};
use super::world::{IN, OUT, Shared, arn, event, re_evaluate, world};
use crate::{InvocationError, Problem, ScalingOutcome};
use serde_json::{Value, json};

fn loud(world: &Shared) -> Value {
    let message = world.lock().unwrap().ring(OUT, "ALARM");
    event(&[&message])
}

#[tokio::test]
async fn a_missing_service_is_told_and_no_error() {
    let gone: [fn(&Shared); 4] = [
        |world| world.lock().unwrap().service = None,
        |world| world.lock().unwrap().service().status = "INACTIVE",
        |world| {
            let code = "ClusterNotFoundException";
            world
                .lock()
                .unwrap()
                .failing
                .insert("DescribeServices", code);
        },
        |world| {
            let code = "ServiceNotActiveException";
            world.lock().unwrap().failing.insert("UpdateService", code);
        },
    ];
    for vanish in gone {
        let world = world(1);
        vanish(&world);
        let invoked = invoke(&world, loud(&world)).await;
        let answer = invoked.answer();
        assert_eq!(answer.outcome, ScalingOutcome::Missing);
        assert!(
            answer.reason.contains("there is no service to scale ("),
            "{}",
            answer.reason
        );
        assert_eq!(invoked.log[0]["outcome"], "missing");
        assert!(world.lock().unwrap().set.is_empty());
    }
}

#[tokio::test]
async fn a_draining_service_is_left_alone() {
    let world = world(1);
    world.lock().unwrap().service().status = "DRAINING";
    let invoked = invoke(&world, loud(&world)).await;
    assert_eq!(invoked.answer().outcome, ScalingOutcome::Draining);
    assert!(world.lock().unwrap().set.is_empty());
}

#[tokio::test]
async fn a_garbled_answer_of_ecs_is_no_count_of_zero() {
    for (status, text) in [
        ("", "service is without a status"),
        ("SLEEPING", "service is SLEEPING"),
    ] {
        let world = world(1);
        world.lock().unwrap().service().status = status;
        let invoked = invoke(&world, loud(&world)).await;
        assert_eq!(invoked.error().name(), "ServiceUnclear");
        assert_eq!(invoked.error().to_string(), text);
    }
    let world = world(-1);
    let invoked = invoke(&world, loud(&world)).await;
    assert_eq!(invoked.error().to_string(), "-1 isn't a desired count");
}

#[tokio::test]
async fn an_unknown_state_of_an_alarm_is_an_error() {
    let world = world(1);
    world.lock().unwrap().alarms.get_mut(IN).unwrap().state = "DIZZY";
    let invoked = invoke(&world, re_evaluate()).await;
    assert_eq!(invoked.error().name(), "AlarmUnclear");
    let text = "DescribeAlarms shows alarm sample-in in the state DIZZY";
    assert_eq!(invoked.error().to_string(), text);
}

#[tokio::test]
async fn an_error_of_aws_fails_the_invocation_and_its_retry_steps_once() {
    for operation in [
        "DescribeAlarms",
        "DescribeServices",
        "ListTagsForResource",
        "TagResource",
        "UpdateService",
    ] {
        let world = world(1);
        let event = loud(&world);
        world
            .lock()
            .unwrap()
            .failing
            .insert(operation, "AccessDeniedException");
        let invoked = invoke(&world, event.clone()).await;
        let InvocationError::Problem(Problem::Call(error)) = invoked.error() else {
            panic!("{:?}", invoked.result)
        };
        assert_eq!(error.code(), Some("AccessDeniedException"));
        let text = format!("{operation} failed: AccessDeniedException: as told");
        assert_eq!(invoked.error().to_string(), text);
        assert_eq!(invoked.lines(), ["ERROR invocation failed"]);
        assert_eq!(invoked.log[0]["errorType"], "CallFailed");
        assert!(world.lock().unwrap().set.is_empty(), "{operation}");

        world.lock().unwrap().failing.clear();
        world.lock().unwrap().pause(60);
        let invoked = invoke(&world, event.clone()).await;
        let outcome = match operation {
            "UpdateService" => ScalingOutcome::Finished,
            _ => ScalingOutcome::Stepped,
        };
        assert_eq!(invoked.answer().outcome, outcome, "{operation}");
        invoke(&world, event).await;
        assert_eq!(world.lock().unwrap().set, [2]);
    }
}

/// It crashes between the record and the step.
#[tokio::test]
async fn a_crash_half_way_is_finished_by_whoever_comes_next() {
    for next in ["message", "rule"] {
        let world = world(1);
        let message = loud(&world);
        let turn = Baton::new([], 1).turn(0, 5);
        invoke_as(&world, &policy(), message.clone(), turn).await;
        assert_eq!(world.lock().unwrap().calls.last(), Some(&"TagResource"));
        let begun = "2026-11-21T10:00:00Z change 2026-11-21T10:00:00Z from 1 to 2 begun";
        assert_eq!(world.lock().unwrap().tags[&arn(OUT)], begun);

        world.lock().unwrap().pause(20);
        let event = match next {
            "message" => message.clone(),
            _ => re_evaluate(),
        };
        let invoked = invoke(&world, event).await;
        let answer = invoked.answer();
        assert_eq!(answer.outcome, ScalingOutcome::Finished);
        assert!(
            answer
                .reason
                .ends_with("by a step that was started earlier"),
            "{}",
            answer.reason
        );
        let done = "2026-11-21T10:00:20Z change 2026-11-21T10:00:00Z from 1 to 2 done";
        assert_eq!(world.lock().unwrap().tags[&arn(OUT)], done);
        invoke(&world, message).await;
        assert_eq!(world.lock().unwrap().set, [2]);
    }
}

#[tokio::test]
async fn a_step_that_can_not_be_marked_as_done_was_taken_all_the_same() {
    let world = world(1);
    let policy = policy_of(&json!({"max": 9}));
    let message = loud(&world);
    let turn = Baton::new([], 1).turn(0, 6);
    let invoked = invoke_as(&world, &policy, message.clone(), turn).await;
    assert_eq!(invoked.answer().outcome, ScalingOutcome::Stepped);
    let lines = [
        "WARN the step was taken but not marked as done",
        "INFO invocation succeeded",
    ];
    assert_eq!(invoked.lines(), lines);
    for event in [message, re_evaluate()] {
        invoke_with(&world, &policy, event).await;
    }
    assert_eq!(world.lock().unwrap().set, [2]);
}

#[tokio::test]
async fn what_someone_sets_back_by_hand_is_not_set_again_within_the_cooldown() {
    let world = world(1);
    let message = loud(&world);
    invoke(&world, message.clone()).await;
    world.lock().unwrap().service().desired = 1;
    assert_eq!(
        invoke(&world, message).await.answer().outcome,
        ScalingOutcome::Handled
    );
    assert_eq!(
        invoke(&world, re_evaluate()).await.answer().outcome,
        ScalingOutcome::Cooldown
    );
    world.lock().unwrap().pause(60);
    assert_eq!(
        invoke(&world, re_evaluate()).await.answer().outcome,
        ScalingOutcome::Stepped
    );
}

#[tokio::test]
async fn a_garbled_record_says_nothing_but_is_told() {
    let world = world(1);
    let value = "last tuesday";
    world
        .lock()
        .unwrap()
        .tags
        .insert(arn(OUT), value.to_owned());
    let invoked = invoke(&world, loud(&world)).await;
    assert_eq!(invoked.answer().outcome, ScalingOutcome::Stepped);
    let line = &invoked.log[0];
    assert_eq!(line["message"], "the record of the last step is garbled");
    assert_eq!(
        (&line["level"], &line["value"]),
        (&json!("WARN"), &json!(value))
    );
    assert_eq!(
        (&line["alarm"], &line["tag"]),
        (&json!(OUT), &json!("ecs-scaler:last-step"))
    );
}
