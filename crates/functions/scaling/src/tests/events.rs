//! Events: several records, invalid ones, and inputs that aren't events.

use serde_json::{Value, json};

use super::cloud::invoke;
use super::world::{IN, OUT, START, event, message, re_evaluate, world};
use crate::{InvocationError, ScalingOutcome};

#[tokio::test]
async fn the_newest_record_of_an_alarm_counts() {
    let (first, second) = (START + 1_000, START + 2_000);
    for (states, outcome) in [
        ([("ALARM", first), ("OK", second)], ScalingOutcome::Quiet),
        ([("OK", second), ("ALARM", first)], ScalingOutcome::Quiet),
        ([("OK", first), ("ALARM", second)], ScalingOutcome::Stepped),
        ([("ALARM", second), ("OK", first)], ScalingOutcome::Stepped),
    ] {
        let world = world(1);
        let messages = states.map(|(state, at)| message(OUT, state, at));
        let [one, other] = &messages;
        let invoked = invoke(&world, event(&[one, other])).await;
        assert_eq!(invoked.answer().outcome, outcome, "{states:?}");
    }
}

#[tokio::test]
async fn records_of_both_alarms_are_one_reconciliation() {
    let world = world(1);
    let (loud, idle) = {
        let mut world = world.lock().unwrap();
        (world.ring(OUT, "ALARM"), world.ring(IN, "ALARM"))
    };
    let invoked = invoke(&world, event(&[&idle, &loud, &loud])).await;
    assert_eq!(invoked.answer().outcome, ScalingOutcome::Stepped);
    assert_eq!(world.lock().unwrap().set, [2]);
}

/// Each invalid record, and its error.
fn bad_records() -> Vec<(Value, &'static str)> {
    let record = |message: &str| json!({"Sns": {"MessageId": "id-7", "Message": message}});
    let alarm = |key: &str, value: Value| {
        let mut message = message(OUT, "ALARM", START);
        message[key] = value;
        record(&message.to_string())
    };
    vec![
        (
            record("hello"),
            "message id-7 (isn't an alarm's message: expected value",
        ),
        (
            record("{}"),
            "message id-7 (isn't an alarm's message: missing field `AlarmName`",
        ),
        (
            json!({"Sns": {}}),
            "Records[1] (isn't an SNS record: Sns: missing field `Message`",
        ),
        (
            json!({"kinesis": {}}),
            "Records[1] (isn't an SNS record: missing field `Sns`",
        ),
        (
            json!(null),
            "Records[1] (isn't an SNS record: invalid type: null",
        ),
        (
            alarm("AlarmName", json!("other")),
            "(alarm \"other\" doesn't belong to this function)",
        ),
        (
            alarm("AlarmName", json!(7)),
            "isn't an alarm's message: AlarmName: invalid type: integer",
        ),
        (
            alarm("NewStateValue", json!("LOUD")),
            "NewStateValue: \"LOUD\" isn't a state of an alarm",
        ),
        (
            alarm("StateChangeTime", json!("today")),
            "StateChangeTime: \"today\" isn't a time",
        ),
        (
            alarm(
                "AlarmArn",
                json!("arn:aws:cloudwatch:us-east-1:999999999999:alarm:sample-out"),
            ),
            "(alarm arn:aws:cloudwatch:us-east-1:999999999999:alarm:sample-out is not \
             arn:aws:cloudwatch:us-west-2:111122223333:alarm:sample-out)",
        ),
    ]
}

#[tokio::test]
async fn one_bad_record_does_not_stop_the_others_but_fails_the_invocation() {
    for (bad, text) in bad_records() {
        let world = world(1);
        let loud = world.lock().unwrap().ring(OUT, "ALARM");
        let mut event = event(&[&loud]);
        event["Records"].as_array_mut().unwrap().push(bad);
        let invoked = invoke(&world, event.clone()).await;
        let error = invoked.error();
        let message = error.to_string();
        assert_eq!(error.name(), "RecordsRefused");
        assert!(
            message.starts_with("1 of 2 records refused: Records[1]"),
            "{message}"
        );
        assert!(message.contains(text), "{text} in {message}");
        assert!(
            message.ends_with("scale-out from 1 to 2 tasks"),
            "{message}"
        );
        assert_eq!(
            invoked.lines(),
            ["ERROR record refused", "ERROR invocation failed"]
        );
        assert_eq!(invoked.log[1]["outcome"], "stepped");

        // Lambda retries the event: the good record already had its step.
        invoke(&world, event).await;
        assert_eq!(world.lock().unwrap().set, [2]);
    }
}

#[tokio::test]
async fn bad_records_alone_change_nothing() {
    for (bad, text) in bad_records() {
        let world = world(1);
        world.lock().unwrap().ring(OUT, "ALARM");
        let invoked = invoke(&world, json!({"Records": [bad]})).await;
        let message = invoked.error().to_string();
        assert!(message.contains(&text.replace("[1]", "[0]")), "{message}");
        assert!(message.ends_with("; no other is left"), "{message}");
        assert_eq!(world.lock().unwrap().set, [] as [i32; 0]);
    }
}

#[tokio::test]
async fn what_is_no_event() {
    for (event, problem) in [
        (json!({"Records": []}), "Records: is not a list of records"),
        (json!({"Records": "x"}), "Records: is not a list of records"),
        (json!({}), "missing field `action`"),
        (json!({"action": "scale"}), "unknown variant `scale`"),
        (json!(null), "invalid type: null"),
        (json!("re-evaluate"), "invalid type: string"),
        (json!([]), "missing field `action`"),
        (
            json!({"version": "0", "detail-type": "Scheduled Event"}),
            "missing field `action`",
        ),
    ] {
        let world = world(1);
        let invoked = invoke(&world, event).await;
        let InvocationError::MalformedEvent { problem: found } = invoked.error() else {
            panic!("{:?}", invoked.result)
        };
        assert!(found.contains(problem), "{problem} in {found}");
        let text = invoked.error().to_string();
        assert!(text.contains(r#"or {"action": "re-evaluate"}"#), "{text}");
        assert_eq!(invoked.log[0]["errorType"], "MalformedEvent");
        assert!(world.lock().unwrap().calls.is_empty());
    }
}

#[tokio::test]
async fn an_arn_may_be_lacking() {
    let world = world(1);
    let mut loud = world.lock().unwrap().ring(OUT, "ALARM");
    loud.as_object_mut().unwrap().remove("AlarmArn");
    let invoked = invoke(&world, event(&[&loud])).await;
    assert_eq!(invoked.answer().outcome, ScalingOutcome::Stepped);
}

#[tokio::test]
async fn an_alarm_that_does_not_exist_is_told() {
    let world = world(1);
    let loud = world.lock().unwrap().ring(OUT, "ALARM");
    world.lock().unwrap().alarms.remove(OUT);
    for event in [event(&[&loud]), re_evaluate()] {
        let invoked = invoke(&world, event).await;
        assert_eq!(invoked.answer().outcome, ScalingOutcome::Quiet);
        assert_eq!(invoked.lines()[0], "WARN the alarm does not exist");
        let [line, _] = invoked.log.as_slice() else {
            panic!("{:?}", invoked.log)
        };
        assert_eq!(
            (&line["side"], &line["alarm"]),
            (&json!("scale_out"), &json!(OUT))
        );
    }
}
