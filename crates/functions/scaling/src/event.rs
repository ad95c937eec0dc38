//! From the event to its content: pure.

use scaling::{AlarmStepsPolicy, ScalingRequest, Side, StateChange, Trigger};
use serde::Deserialize;
use serde_json::Value;

use crate::{InvocationError, Refused, moment};

/// The content of an event.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) trigger: Trigger,
    pub(crate) messages: Vec<Message>,
    /// Records that could not be read.
    pub(crate) refused: Vec<Refused>,
    /// Number of records.
    pub(crate) records: usize,
}

/// A change of one of the policy's alarms.
#[derive(Debug)]
pub(crate) struct Message {
    /// The record's name in errors.
    pub(crate) record: String,
    pub(crate) side: Side,
    pub(crate) arn: Option<String>,
    pub(crate) change: StateChange,
}

/// The SNS envelope; only this part is used.
#[derive(Deserialize)]
struct Record {
    #[serde(rename = "Sns")]
    sns: Sns,
}

#[derive(Deserialize)]
struct Sns {
    #[serde(rename = "MessageId")]
    id: Option<String>,
    #[serde(rename = "Message")]
    message: String,
}

/// The message of an alarm.
///
/// Source: Amazon CloudWatch User Guide, "Acting on alarm changes".
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AlarmMessage {
    alarm_name: String,
    alarm_arn: Option<String>,
    new_state_value: String,
    state_change_time: String,
}

impl Event {
    /// Reads an event.
    pub(crate) fn from_json(
        event: Value,
        policy: &AlarmStepsPolicy,
    ) -> Result<Self, InvocationError> {
        let malformed = |problem: String| InvocationError::MalformedEvent { problem };
        if let Some(records) = event.get("Records") {
            let records = records.as_array().filter(|records| !records.is_empty());
            let records =
                records.ok_or_else(|| malformed("Records: is not a list of records".to_owned()))?;
            return Ok(Self::of_records(records, policy));
        }
        let ScalingRequest::ReEvaluate = serde_path_to_error::deserialize(event)
            .map_err(|error| malformed(error.to_string()))?;
        Ok(Self {
            trigger: Trigger::ReEvaluation,
            messages: Vec::new(),
            refused: Vec::new(),
            records: 0,
        })
    }

    fn of_records(records: &[Value], policy: &AlarmStepsPolicy) -> Self {
        let mut event = Self {
            trigger: Trigger::StateChange,
            messages: Vec::new(),
            refused: Vec::new(),
            records: records.len(),
        };
        for (index, value) in records.iter().enumerate() {
            let mut record = format!("Records[{index}]");
            match read_message(value, policy, &mut record) {
                Ok(message) => event.messages.push(message),
                Err(reason) => event.refused.push(Refused { record, reason }),
            }
        }
        event
    }
}

/// Reads a record, and adds its ID to its name.
fn read_message(
    value: &Value,
    policy: &AlarmStepsPolicy,
    record: &mut String,
) -> Result<Message, String> {
    let Record { sns } = serde_path_to_error::deserialize(value)
        .map_err(|error| format!("isn't an SNS record: {error}"))?;
    if let Some(id) = &sns.id {
        *record = format!("{record}, message {id}");
    }
    let mut json = serde_json::Deserializer::from_str(&sns.message);
    let alarm: AlarmMessage = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| format!("isn't an alarm's message: {error}"))?;
    let name = &alarm.alarm_name;
    let side = policy
        .side_of(name)
        .ok_or_else(|| format!("alarm {name:?} doesn't belong to this function"))?;
    let change = read_change(&alarm)?;
    Ok(Message {
        record: std::mem::take(record),
        side,
        change,
        arn: alarm.alarm_arn,
    })
}

fn read_change(alarm: &AlarmMessage) -> Result<StateChange, String> {
    let state = &alarm.new_state_value;
    let state = state
        .parse()
        .map_err(|_| format!("NewStateValue: {state:?} isn't a state of an alarm"))?;
    let time = &alarm.state_change_time;
    let at =
        moment::parse(time).ok_or_else(|| format!("StateChangeTime: {time:?} isn't a time"))?;
    Ok(StateChange { state, at })
}
