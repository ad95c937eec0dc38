//! Keeps services paused after a deploy, even if the service was replaced or its policy changed.

use std::time::Duration;

use super::records::{PauseRecord, read_records};
use super::schedules::Schedules;
use super::subjects::list_subjects;
use super::{carry_out, remind};
use crate::deployed_stack::DeployedStack;
use crate::error::{Result, unless_denied};
use crate::session::Session;

/// Says which services of a stack are paused, and carries their pauses out again. A deploy changes nothing of them, but it can
/// recreate a scalable target, or change the schedule whose bounds hold at their end.
///
/// # Errors
/// If AWS can't be reached. Without a permission, only a note says what isn't certain.
pub(crate) async fn hold_pauses(session: &Session<'_>, stack: &str, now: Duration) -> Result<()> {
    let records = match unless_denied(read_records(session, stack).await)? {
        Ok(records) => records,
        Err(denied) => {
            session.note(format!("can't check whether services are paused: {denied}"));
            return Ok(());
        }
    };
    if records.iter().all(|record| record.holding(now).is_none()) {
        return Ok(());
    }
    let held = hold(session, stack, &records, now).await;
    if let Err(denied) = unless_denied(held)? {
        session.note(format!(
            "resources that this deploy created might not be paused: {denied}"
        ));
    }
    Ok(())
}

async fn hold(
    session: &Session<'_>,
    stack: &str,
    records: &[PauseRecord],
    now: Duration,
) -> Result<()> {
    let Some(deployed) = DeployedStack::read(session, stack).await? else {
        return Ok(());
    };
    let subjects = list_subjects(session, &deployed).await?;
    let schedules = Schedules::of(&deployed, now);
    for record in records {
        let Some(pause) = record.holding(now) else {
            continue;
        };
        let service = &record.service;
        session.note(format!("{service} stays {}", pause.describe()));
        match subjects.iter().find(|subject| subject.name == *service) {
            Some(subject) => carry_out(session, &schedules, subject, pause).await?,
            None => session.note(format!(
                "nothing scales {service} now; `resume` removes its pause"
            )),
        }
    }
    let known = records.iter().filter_map(PauseRecord::known).collect();
    remind(session, &schedules, stack, known).await.map(drop)
}
