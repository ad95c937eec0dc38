//! A service that someone has paused, under alarm steps.

use std::sync::{Arc, Mutex};

use aws_sdk_ssm::error::ErrorMetadata;
use aws_sdk_ssm::operation::get_parameters::{GetParametersError, GetParametersOutput};
use aws_sdk_ssm::types::Parameter;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use scaling::Pause;
use serde_json::json;

use super::cloud::{Invoked, invoke_with, policy_of};
use super::world::{IN, OUT, Shared, event, re_evaluate, world};
use crate::ScalingOutcome;

/// Parameters of which each has the value that `read` returns, if there is one.
pub(super) fn get_parameters<W: Send + 'static>(
    world: &Arc<Mutex<W>>,
    read: impl Fn(&mut W) -> Result<Option<String>, &'static str> + Send + Sync + 'static,
) -> Rule {
    let world = Arc::clone(world);
    mock!(aws_sdk_ssm::Client::get_parameters).then_compute_response(move |input| {
        match read(&mut world.lock().unwrap()) {
            Ok(value) => {
                let found = value.into_iter().flat_map(|value| {
                    let named = input.names().iter();
                    named.map(move |name| Parameter::builder().name(name).value(&value).build())
                });
                let found = found.collect();
                let output = GetParametersOutput::builder().set_parameters(Some(found));
                MockResponse::Output(output.build())
            }
            Err(code) => {
                let meta = ErrorMetadata::builder().code(code).message("as told");
                MockResponse::Error(GetParametersError::generic(meta.build()))
            }
        }
    })
}

/// A parameter's value: 2026-11-21T10:00:00Z is when the world starts.
pub(super) fn record(in_only: bool, until: Option<&str>) -> String {
    let mut record = json!({"since": "2026-11-21T09:00:00Z", "by": "ops/ada", "reason": "incident", "in_only": in_only});
    if let Some(until) = until {
        record["until"] = json!(until);
    }
    record.to_string()
}

async fn invoke(world: &Shared, event: serde_json::Value) -> Invoked {
    let policy = policy_of(&json!({"pause": "/ecs-scaler/shop/sample/pause", "max": 5}));
    invoke_with(world, &policy, event).await
}

fn set_pause(world: &Shared, value: Result<Option<String>, &'static str>) {
    world.lock().unwrap().pause = value;
}

/// The alarm's step isn't lost: it is taken when the pause is over and the alarm is still in ALARM.
#[tokio::test]
async fn a_step_waits_for_the_end_of_a_pause() {
    let world = world(1);
    set_pause(&world, Ok(Some(record(false, None))));
    let message = world.lock().unwrap().ring(OUT, "ALARM");
    let invoked = invoke(&world, event(&[&message])).await;
    let answer = invoked.answer();
    assert_eq!(answer.outcome, ScalingOutcome::Paused);
    assert_eq!((answer.from, answer.to), (Some(1), Some(1)));
    let end = "paused by ops/ada since 2026-11-21T09:00:00Z: incident; would set 2";
    assert!(answer.reason.ends_with(end), "{}", answer.reason);
    assert_eq!(invoked.lines()[0], "INFO paused");
    assert!(world.lock().unwrap().tags.is_empty());

    set_pause(&world, Ok(None));
    world.lock().unwrap().pause(60);
    let invoked = invoke(&world, re_evaluate()).await;
    assert_eq!(invoked.answer().outcome, ScalingOutcome::Stepped);
    assert_eq!(world.lock().unwrap().set, [2]);
}

#[tokio::test]
async fn a_pause_of_scale_in_lets_tasks_be_added() {
    let cases: [(_, _, _, Vec<i32>); 2] = [
        (OUT, 1, ScalingOutcome::Stepped, vec![2]),
        (IN, 3, ScalingOutcome::Paused, vec![]),
    ];
    for (alarm, from, outcome, set) in cases {
        let world = world(from);
        set_pause(&world, Ok(Some(record(true, None))));
        let message = world.lock().unwrap().ring(alarm, "ALARM");
        let invoked = invoke(&world, event(&[&message])).await;
        assert_eq!(invoked.answer().outcome, outcome);
        assert_eq!(world.lock().unwrap().set, set);
    }
}

/// 7 tasks are over the maximum of 5.
#[tokio::test]
async fn a_paused_count_outside_its_bounds_stays_there() {
    let world = world(7);
    set_pause(&world, Ok(Some(record(true, Some("2026-11-21T10:01:00Z")))));
    invoke(&world, re_evaluate()).await;
    assert!(world.lock().unwrap().set.is_empty());
    world.lock().unwrap().pause(60);
    let invoked = invoke(&world, re_evaluate()).await;
    assert_eq!(invoked.answer().outcome, ScalingOutcome::Bounded);
    assert_eq!(world.lock().unwrap().set, [5]);
}

/// Nothing is known of a pause, so the function scales, and says so.
#[tokio::test]
async fn a_pause_that_was_never_read_stops_nothing() {
    let garbled = Ok(Some("garbled".to_owned()));
    for value in [Err("AccessDeniedException"), garbled] {
        let world = world(1);
        set_pause(&world, value);
        let message = world.lock().unwrap().ring(OUT, "ALARM");
        let invoked = invoke(&world, event(&[&message])).await;
        assert_eq!(invoked.answer().outcome, ScalingOutcome::Stepped);
        assert_eq!(invoked.lines()[0], "WARN pause unknown");
    }
}

#[test]
fn the_record_of_these_tests_is_one() {
    let pause: Pause = serde_json::from_str(&record(true, Some("2026-11-21T10:01:00Z"))).unwrap();
    assert!(pause.in_only && pause.until.is_some());
}
