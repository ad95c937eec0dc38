//! Every change of services' desired counts: who made it and why, from all records that AWS keeps.
//!
//! Application Auto Scaling lists its activities, our functions log their decisions, CloudTrail records each
//! UpdateService call, and ECS reports the tasks that it starts and stops. Each module reads one of these records;
//! [`merge`] combines them into one list.

mod activities;
mod backlogs;
mod checks;
mod events;
mod merge;
mod trail;

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::try_join3;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::functions::ServiceName;
use crate::inspect::{ServiceState, Whole, read_whole};
use crate::observe::Observed;
use crate::session::Session;

/// The changes of the desired counts of a stack's services.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CountHistory {
    /// Start of the history, in seconds since 1970.
    pub since: u64,
    /// The changes, oldest first.
    pub changes: Vec<CountChange>,
    /// What couldn't be read, and why.
    pub notes: Vec<String>,
}

/// A change of a desired count.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CountChange {
    /// Time, in seconds since 1970.
    pub at: u64,
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// Its name in the definition, if it has the tag.
    pub name: Option<String>,
    /// The count before, if it is known.
    pub from: Option<u32>,
    /// The count afterward, if it is known.
    pub to: Option<u32>,
    /// Who changed it.
    pub who: String,
    /// Why, as the record states it.
    pub why: String,
    /// Number of messages that were waiting, if it is known.
    pub backlog: Option<u64>,
    /// The records of this change.
    pub sources: Vec<ChangeSource>,
}

/// A record of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSource {
    /// The log of one of our functions.
    FunctionLog,
    /// A scaling activity of Application Auto Scaling.
    ScalingActivity,
    /// A call that CloudTrail recorded.
    CloudTrail,
    /// An event of the service in ECS.
    ServiceEvent,
    /// No record: two other records show different counts.
    Gap,
}

impl CountChange {
    fn of(name: &ServiceName, at: u64) -> Self {
        Self {
            at,
            cluster: name.cluster.clone(),
            service: name.service.clone(),
            ..Self::default()
        }
    }

    fn service_name(&self) -> ServiceName {
        ServiceName {
            cluster: self.cluster.clone(),
            service: self.service.clone(),
        }
    }
}

/// Reads the changes of the last `past` before `now`, either of all services or of the service with this name in the
/// definition or in ECS.
///
/// # Errors
/// If AWS can't be reached, or if the stack has no such service. A record that these credentials can't read, or that an
/// emulator doesn't keep, becomes a note.
pub async fn count_history(
    session: &Session<'_>,
    stack: Observed,
    (past, service): (Duration, Option<&str>),
    now: SystemTime,
) -> Result<CountHistory> {
    let since = now.checked_sub(past).unwrap_or(UNIX_EPOCH);
    let mut whole = read_whole(session, stack, now).await?;
    let unread = &whole.unread;
    let told = &whole.for_why.told;
    let short = |one: &ServiceState| told.get(&one.name()).and_then(|told| told.name.clone());
    if let Some(wanted) = service {
        let services = &mut whole.inspection.services;
        let all: Vec<String> = services
            .iter()
            .map(|one| short(one).unwrap_or_else(|| one.service.clone()))
            .collect();
        services.retain(|one| one.service == wanted || short(one).as_deref() == Some(wanted));
        if services.is_empty() {
            return Err(no_such_service(wanted, &all));
        }
    }
    let services = &whole.inspection.services;
    let (activities, checks, trail, mut notes) = read_records(session, &whole, since, now).await?;
    let begin = seconds(since);
    let events = services.iter().flat_map(|one| {
        let events = told.get(&one.name()).map(|told| &*told.events);
        events::tasks_changed(&one.name(), events.unwrap_or_default(), begin)
    });
    let records = [activities, checks, trail].concat();
    let known: HashMap<ServiceName, u32> = services
        .iter()
        .filter_map(|one| Some((one.name(), one.desired?)))
        .collect();
    let mut changes = merge::merge(records, events.collect(), &known, seconds(now));
    for change in &mut changes {
        let told = told.get(&change.service_name());
        change.name = told.and_then(|told| told.name.clone());
    }
    let backlogs = backlogs::add(session, services, &mut changes, (begin, seconds(now)));
    unread.or_nothing("backlogs", backlogs).await?;
    let paused = services.iter().filter_map(|one| {
        let name = short(one).unwrap_or_else(|| one.service.clone());
        Some(format!("{name} is {}", one.pause.as_ref()?.describe()))
    });
    notes.extend(paused);
    notes.extend(whole.unread.list().into_iter().map(|part| part.reason));
    Ok(CountHistory {
        since: begin,
        changes,
        notes,
    })
}

type Records = (
    Vec<CountChange>,
    Vec<CountChange>,
    Vec<CountChange>,
    Vec<String>,
);

/// Reads the records of all services, if permitted.
async fn read_records(
    session: &Session<'_>,
    whole: &Whole,
    since: SystemTime,
    now: SystemTime,
) -> Result<Records> {
    let services: Vec<ServiceName> = whole
        .inspection
        .services
        .iter()
        .map(ServiceState::name)
        .collect();
    let unread = &whole.unread;
    let checks = checks::read(
        session,
        (&whole.functions, &whole.resources),
        &services,
        since,
    );
    let (activities, checks, (trail, notes)) = try_join3(
        unread.or_nothing(
            "scaling activities of the past",
            activities::read(session, &services, since),
        ),
        unread.or_nothing("logs of functions", checks),
        trail::read(session, &services, (since, now)),
    )
    .await?;
    Ok((activities, checks, trail, notes))
}

fn no_such_service(wanted: &str, all: &[String]) -> Error {
    let error = Error::new(
        crate::error::Kind::Usage,
        format!("the stack has no service {wanted}"),
    );
    let hint = stack::suggest_name(wanted, all.iter().map(String::as_str));
    hint.into_iter().fold(error, Error::hint)
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
