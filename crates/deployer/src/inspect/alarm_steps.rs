//! Scaling functions: their alarms, the last steps, and their dead-letter queues.

use std::collections::HashMap;
use std::time::SystemTime;

use futures::future::try_join;
use futures::stream::{self, StreamExt, TryStreamExt};
use scaling::{AlarmSteps, AlarmStepsPolicy, LAST_STEP_TAG, Parsed, StepRecord, Steps};
use serde::Serialize;

use crate::error::{Error, Result, aws, is_denied};
use crate::functions::{Function, FunctionKind, ScalingSetup, ServiceName};
use crate::messages::name_in;
use crate::session::Session;

use super::alarms::Alarm;
use super::queues::{self, QueueState};

/// The state of a scaling function.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlarmStepsState {
    /// Name of the function.
    pub function: String,
    /// Minimum number of tasks.
    pub min: u32,
    /// Maximum number of tasks.
    pub max: u32,
    /// The alarm that adds tasks.
    pub scale_out: Option<StepAlarmState>,
    /// The alarm that removes tasks.
    pub scale_in: Option<StepAlarmState>,
    /// Events that the function couldn't process.
    pub dead_letters: Option<QueueState>,
}

/// An alarm that a scaling function acts on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepAlarmState {
    /// Alarm name.
    pub name: String,
    /// The alarm. `None` if it is gone.
    pub alarm: Option<Alarm>,
    /// The steps to apply while it is in ALARM.
    pub steps: Steps,
    /// Cooldown after a step, in seconds.
    pub cooldown_s: u64,
    /// The last step, as the function recorded it on the alarm.
    pub last_step: Option<Parsed<StepRecord>>,
}

impl StepAlarmState {
    /// Text after a step that was recorded but not applied.
    pub const NOT_APPLIED: &str = " (recorded, not applied)";

    /// Returns the last step if it was recorded but not applied, judging by the record and the service's
    /// desired count. `None` if the count isn't known.
    #[must_use]
    pub fn unapplied_step(&self, desired: Option<u32>) -> Option<&StepRecord> {
        let record = self.last_step.as_ref()?.known()?;
        (!record.was_taken(desired?)).then_some(record)
    }
}

/// Concurrent requests. ListTagsForResource allows tens per second.
const AT_ONCE: usize = 4;

/// Reads the scaling functions by their services. `queue_urls`: the stack's queues.
pub(super) async fn read(
    session: &Session<'_>,
    functions: &[Function],
    (alarms, queue_urls): (&[Alarm], &[&str]),
    now: SystemTime,
) -> Result<HashMap<ServiceName, AlarmStepsState>> {
    let scaling = functions
        .iter()
        .filter_map(|function| match &function.kind {
            FunctionKind::Scaling(setup) => Some((function, setup, setup.alarm_steps()?)),
            FunctionKind::Metric(_) => None,
        });
    stream::iter(scaling)
        .map(|(function, setup, policy)| async move {
            let mut state =
                read_function(session, function, (setup, policy), alarms, queue_urls).await?;
            (state.min, state.max) = bounds_now(policy, now);
            Ok::<_, Error>((ServiceName::from(policy), state))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// Returns the current bounds.
fn bounds_now(policy: &AlarmStepsPolicy, now: SystemTime) -> (u32, u32) {
    let now = now.duration_since(SystemTime::UNIX_EPOCH);
    let scaling = policy.scaling(now.unwrap_or_default());
    scaling.map_or((policy.min, policy.max), |scaling| {
        (scaling.bounds.min(), scaling.bounds.max())
    })
}

async fn read_function(
    session: &Session<'_>,
    function: &Function,
    (setup, policy): (&ScalingSetup, &AlarmStepsPolicy),
    alarms: &[Alarm],
    queue_urls: &[&str],
) -> Result<AlarmStepsState> {
    let (scale_out, scale_in) = try_join(
        read_side(session, policy.scale_out.as_ref(), alarms),
        read_side(session, policy.scale_in.as_ref(), alarms),
    )
    .await?;
    let dead_letters = match &setup.dead_letters {
        Some(name) => {
            let url = queue_urls.iter().find(|url| name_in(url) == name.as_str());
            let named = url.map(|url| (name.as_str(), *url));
            let read = queues::read(session, named.into_iter().collect()).await?;
            read.into_iter().next()
        }
        None => None,
    };
    Ok(AlarmStepsState {
        function: function.name.clone(),
        min: policy.min,
        max: policy.max,
        scale_out,
        scale_in,
        dead_letters,
    })
}

async fn read_side(
    session: &Session<'_>,
    side: Option<&AlarmSteps>,
    alarms: &[Alarm],
) -> Result<Option<StepAlarmState>> {
    let Some(side) = side else { return Ok(None) };
    let alarm = alarms.iter().find(|alarm| alarm.name == side.alarm);
    let last_step = match alarm {
        Some(alarm) => last_step(session, alarm).await?,
        None => None,
    };
    Ok(Some(StepAlarmState {
        name: side.alarm.clone(),
        alarm: alarm.cloned(),
        steps: side.steps.clone(),
        cooldown_s: side.cooldown,
        last_step,
    }))
}

async fn last_step(session: &Session<'_>, alarm: &Alarm) -> Result<Option<Parsed<StepRecord>>> {
    let request = session.clients.cloudwatch.list_tags_for_resource();
    let doing = format!("read the tags of the alarm {}", alarm.name);
    match request.resource_arn(&alarm.arn).send().await {
        Ok(reply) => {
            let tag = reply.tags().iter().find(|t| t.key() == Some(LAST_STEP_TAG));
            Ok(tag.and_then(|tag| tag.value().map(Parsed::from)))
        }
        // Deleted in the meantime, or not permitted. The rest is still useful.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_resource_not_found_exception()) =>
        {
            Ok(None)
        }
        Err(error) if is_denied(&error) => {
            session.note(aws(doing)(error).to_string());
            Ok(None)
        }
        Err(error) => Err(aws(doing)(error)),
    }
}
