//! One invocation, from the event to the answer.

use std::time::{Duration, SystemTime};

use lambda_kit::{Invocation, Level, Log};
use scaling::{AlarmStepsPolicy, Pause, PerSide, Side, StateChange};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::alarms::{self, Alarm};
use crate::event::{Event, Message};
use crate::pauses::{log_news, read_pauses};
use crate::reconcile::AlarmReconciliation;
use crate::{
    Answer, Clients, InvocationError, Memory, Policy, Problem, Refused, Reply, demand, log, moment,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Older<'a> {
    record: &'a str,
    message_change: String,
    alarm_change: String,
}

#[derive(Serialize)]
struct Absent<'a> {
    side: &'static str,
    alarm: &'a str,
}

/// Reconciles the policy's service with its alarms, or follows the demand of the event's services until the rule's
/// period is over. Then writes the outcome to the log. `memory` is the state that one execution environment keeps
/// between invocations.
///
/// # Errors
/// If the event is neither an alarm's message nor the request to re-evaluate, if a record isn't from this
/// function's alarms (the others are processed by then), or if AWS refuses a call or doesn't answer. A missing
/// service isn't an error, because a retry would not help.
pub async fn handle(
    clients: &Clients,
    policy: &Policy,
    memory: &Mutex<Memory>,
    event: Value,
    invocation: &Invocation,
    log: &mut Log<'_>,
) -> Result<Reply, InvocationError> {
    // Boxed, because the compiler doesn't analyze futures nested deeper than these.
    // An execution environment has one invocation at a time, so the lock is always free.
    let mut memory = memory.lock().await;
    match policy.steps() {
        Some(policy) => {
            let answering = answer(clients, policy, &mut memory, event, invocation, log);
            let result = Box::pin(answering).await;
            log::log_outcome(log, &result);
            result.map(Reply::AlarmSteps)
        }
        None => {
            let following = demand::follow_demand(clients, &mut memory, event, invocation, log);
            let result = Box::pin(following).await;
            demand::log::log_outcome(log, &result);
            result.map(Reply::Demand)
        }
    }
}

async fn answer(
    clients: &Clients,
    policy: &AlarmStepsPolicy,
    memory: &mut Memory,
    event: Value,
    invocation: &Invocation,
    log: &mut Log<'_>,
) -> Result<Answer, InvocationError> {
    let event = Event::from_json(event, policy)?;
    let mut refused = event.refused;
    if !refused.is_empty() && event.messages.is_empty() {
        return Err(InvocationError::RecordsRefused {
            refused,
            all: event.records,
            answer: None,
        });
    }
    let now = invocation.now.duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap_or_default();
    let deadline = Instant::now() + invocation.usable_time();
    let pause = read_pause(clients, policy, memory, (now, deadline), log).await;
    let reconciliation = AlarmReconciliation {
        clients,
        policy,
        scaling: policy.scaling(now).map_err(Problem::from)?,
        trigger: event.trigger,
        now,
        deadline,
        pause,
    };
    let result = reconcile(&reconciliation, &event.messages, &mut refused, log).await;
    if refused.is_empty() {
        Ok(result?)
    } else {
        Err(InvocationError::RecordsRefused {
            answer: (refused.len() < event.records).then(|| Box::new(result)),
            refused,
            all: event.records,
        })
    }
}

/// The service's pause, if it is paused now.
async fn read_pause(
    clients: &Clients,
    policy: &AlarmStepsPolicy,
    memory: &mut Memory,
    (now, deadline): (Duration, Instant),
    log: &mut Log<'_>,
) -> Option<Pause> {
    let name = policy.pause.clone()?;
    let read = read_pauses(&clients.ssm, &[name], deadline).await;
    for read in read.into_values() {
        if let Some(news) = memory.pause.learn(read, now) {
            log_news(log, &policy.service, &news);
        }
    }
    memory.pause.at(now).cloned()
}

async fn reconcile(
    reconciliation: &AlarmReconciliation<'_>,
    messages: &[Message],
    refused: &mut Vec<Refused>,
    log: &mut Log<'_>,
) -> Result<Answer, Problem> {
    let alarms = alarms::describe(
        &reconciliation.clients.cloudwatch,
        reconciliation.policy,
        reconciliation.deadline,
    )
    .await?;
    for side in [Side::Out, Side::In] {
        if let (Some(steps), None) = (reconciliation.policy.sides().get(side), alarms.get(side)) {
            let fields = Absent {
                side: alarms::side_key(side),
                alarm: &steps.alarm,
            };
            log.line(Level::Warn, "the alarm does not exist", fields);
        }
    }
    let before = refused.len();
    let states = merge_states(&alarms, messages, refused, log);
    if !messages.is_empty() && refused.len() - before == messages.len() {
        // All messages were refused, so there is no valid request.
        return Ok(Answer::quiet(reconciliation.policy));
    }
    reconciliation.reconcile(&alarms, states, log).await
}

/// The newest state of each alarm, from CloudWatch and the messages.
fn merge_states(
    alarms: &PerSide<Option<Alarm>>,
    messages: &[Message],
    refused: &mut Vec<Refused>,
    log: &mut Log<'_>,
) -> PerSide<Option<StateChange>> {
    let described = |side| alarms.get(side).as_ref().map(|alarm| alarm.change);
    let mut states = PerSide {
        scale_out: described(Side::Out),
        scale_in: described(Side::In),
    };
    for message in messages {
        let Some(alarm) = alarms.get(message.side) else {
            continue;
        };
        if let Some(arn) = message.arn.as_ref().filter(|arn| **arn != alarm.arn) {
            refused.push(Refused {
                record: message.record.clone(),
                reason: format!("alarm {arn} is not {}", alarm.arn),
            });
            continue;
        }
        if message.change.at < alarm.change.at && message.change.state != alarm.change.state {
            let fields = Older {
                record: &message.record,
                message_change: moment::text(message.change.at),
                alarm_change: moment::text(alarm.change.at),
            };
            log.line(
                Level::Info,
                "the message is older than the alarm's state",
                fields,
            );
        }
        let state = states.get_mut(message.side);
        *state = state.map(|known| known.or_newer(message.change));
    }
    states
}
