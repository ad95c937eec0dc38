//! Invokes a scaling function again with the events in its dead-letter queue.

use aws_sdk_sqs::types::Message;
use serde_json::{Value, json};

use crate::session::Session;

/// Invokes the function with the message's event. The error is the reason why the message must stay.
pub(super) async fn invoke(
    session: &Session<'_>,
    function: &str,
    message: &Message,
) -> Result<(), String> {
    let event = read_event(message.body().unwrap_or_default())?;
    let invocation = crate::invoke(session, function, &event.to_string()).await;
    match invocation {
        Ok(invocation) => invocation
            .error
            .map_or(Ok(()), |error| Err(format!("the function failed: {error}"))),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads the event in a message. Lambda sends the event itself; SNS sends the notification that it couldn't deliver.
/// Source: AWS Lambda Developer Guide, "Capturing records of asynchronous invocations" and "Invoking Lambda functions
/// with Amazon SNS notifications".
fn read_event(body: &str) -> Result<Value, String> {
    let event: Value = serde_json::from_str(body)
        .map_err(|error| format!("its body isn't a valid event: {error}"))?;
    if event["Type"] == "Notification" && event.get("Records").is_none() {
        return Ok(json!({
            "Records": [{ "EventSource": "aws:sns", "EventVersion": "1.0", "Sns": event }]
        }));
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_becomes_the_event_that_sns_sends() {
        let notification = r#"{"Type": "Notification", "MessageId": "m1", "Message": "{}"}"#;
        let event = read_event(notification).unwrap();
        assert_eq!(event["Records"][0]["EventSource"], "aws:sns");
        assert_eq!(event["Records"][0]["Sns"]["MessageId"], "m1");
        let given = r#"{"Records":[{"Sns":{"Message":"{}"}}]}"#;
        assert_eq!(read_event(given).unwrap().to_string(), given);
        let order = r#"{"action":"re-evaluate"}"#;
        assert_eq!(read_event(order).unwrap().to_string(), order);
        let error = read_event("no JSON").unwrap_err();
        assert!(
            error.starts_with("its body isn't a valid event: "),
            "{error}"
        );
    }
}
