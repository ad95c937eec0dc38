//! Ending pauses.

use std::time::Duration;

use scaling::Pause;
use serde::Serialize;
use tokio::time::Instant;

use super::records::{self, PauseRecord, read_records};
use super::schedules::Schedules;
use super::subjects::{Subject, list_subjects};
use super::{choose, read_suspended, register, remind};
use crate::deployed_stack::DeployedStack;
use crate::error::{Error, Result, unless_denied};
use crate::functions::ServiceName;
use crate::session::Session;
use crate::suspension::Suspended;

/// A service that is no longer paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResumedService {
    /// Its name in the definition.
    pub name: String,
    /// Its cluster and name in ECS; `None` if the stack has the service no more.
    #[serde(flatten)]
    pub ecs: Option<ServiceName>,
    /// The pause that was ended. `None` if it was over already, or if only the scalable target was suspended.
    pub pause: Option<Pause>,
}

/// What a resumption came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resumed {
    /// The services that were paused.
    pub services: Vec<ResumedService>,
    /// Services that weren't.
    pub not_paused: Vec<String>,
}

/// Ends the pauses of a stack's services, or of one of them.
///
/// # Errors
/// If the stack has no such service, or if AWS refuses or can't be reached.
pub async fn resume(
    session: &Session<'_>,
    stack: &DeployedStack,
    service: Option<&str>,
    now: Duration,
) -> Result<Resumed> {
    let all = list_subjects(session, stack).await?;
    let name = &stack.stack.name;
    let found = read_records(session, name).await?;
    let record_of = |service: &str| found.iter().find(|record| record.service == service);
    let (chosen, _) = match service.and_then(record_of) {
        // A record can outlast its service.
        Some(record) if !all.iter().any(|one| one.name == record.service) => (Vec::new(), vec![]),
        _ => choose(stack, &all, service)?,
    };
    let schedules = Schedules::of(stack, now);
    let mut resumed = Resumed {
        services: Vec::new(),
        not_paused: Vec::new(),
    };
    for subject in chosen {
        let record = record_of(&subject.name);
        let suspended = resume_target(session, &schedules, subject).await?;
        if record.is_some() {
            records::delete(session, name, &subject.name).await?;
        }
        let pause = record.and_then(|record| record.holding(now)).cloned();
        match pause.is_some() || suspended {
            true => resumed.services.push(ResumedService {
                name: subject.name.clone(),
                ecs: Some(subject.ecs.clone()),
                pause,
            }),
            false => resumed.not_paused.push(subject.name.clone()),
        }
    }
    let left = found.iter().filter(|record| {
        let is_meant = service.is_none_or(|service| service == record.service);
        is_meant && !all.iter().any(|subject| subject.name == record.service)
    });
    for record in left {
        resumed
            .services
            .push(drop_record(session, name, record, now).await?);
    }
    let is_gone = |name: &str| {
        let resumed_one = resumed.services.iter().any(|one| one.name == name);
        resumed_one || resumed.not_paused.iter().any(|one| one == name)
    };
    let kept = found.iter().filter_map(PauseRecord::known);
    let kept = kept.filter(|(name, _)| !is_gone(name)).collect();
    remind(session, &schedules, name, kept).await?;
    Ok(resumed)
}

/// Deletes a record whose service the stack no longer scales.
async fn drop_record(
    session: &Session<'_>,
    stack: &str,
    record: &PauseRecord,
    now: Duration,
) -> Result<ResumedService> {
    records::delete(session, stack, &record.service).await?;
    Ok(ResumedService {
        name: record.service.clone(),
        ecs: None,
        pause: record.holding(now).cloned(),
    })
}

/// Gives the scalable target of a service back to its policies, with the bounds that a schedule holds now: Application Auto
/// Scaling doesn't make up for scheduled actions that it missed. Returns whether something of it was suspended.
async fn resume_target(
    session: &Session<'_>,
    schedules: &Schedules,
    subject: &Subject,
) -> Result<bool> {
    let Some(target) = &subject.target else {
        return Ok(false);
    };
    let id = subject.ecs.resource_id();
    let suspended = read_suspended(session, &id).await? != Suspended::default();
    if suspended {
        let bounds = target.bounds_at(schedules.now());
        register(session, &id, Suspended::default(), bounds).await?;
    }
    schedules.delete(session, &subject.name).await?;
    Ok(suspended)
}

/// Deletes the records of a deleted stack, until none can be read. Its schedules end with their group. Without
/// the permission to read them, only a note says so: a policy of an older version lacks it.
///
/// # Errors
/// If one is still there after `patience` or can't be deleted, or if Systems Manager can't be reached.
pub(crate) async fn forget_pauses(
    session: &Session<'_>,
    stack: &str,
    patience: Duration,
) -> Result<()> {
    let begun = Instant::now();
    let mut delay = session.pace.first;
    loop {
        let found = match unless_denied(read_records(session, stack).await)? {
            Ok(found) => found,
            Err(denied) => {
                session.note(format!("can't check for remaining pause records: {denied}"));
                return Ok(());
            }
        };
        for PauseRecord { service, .. } in &found {
            if records::delete(session, stack, service).await? {
                session.note(format!("deleted the pause record of {service}"));
            }
        }
        // A deleted record can still be read for a moment.
        let Some(left) = found.first() else {
            return Ok(());
        };
        if begun.elapsed() >= patience {
            return Err(Error::failed(format!(
                "{stack} is deleted, but the pause record of {} still exists",
                left.service
            )));
        }
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
    }
}
