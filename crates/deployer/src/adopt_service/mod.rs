//! Reads a running service, so that a definition can be written for it. Changes nothing.
//!
//! Anything that these credentials can't read is skipped and named, unless it's essential: the service itself, and a
//! queue that the user named.

mod absent;
mod history;
mod queues;
mod role;
mod scaling;
mod service;
mod starts;
mod task;

use std::time::{SystemTime, UNIX_EPOCH};

use adopt::live::Readings;

use crate::error::{Result, unless_denied};
use crate::session::Session;

/// The service and its queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptRequest {
    /// Account ID, or the emulator's.
    pub account: String,
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// Queues that it consumes, by ARN, URL, or name. Empty: the queues that its task definition, role, and tags
    /// name.
    pub queues: Vec<String>,
}

/// Reads a service with its task definition, role, scaling, queues, and two weeks of metrics. Makes only read-only
/// calls, which the policy `adopt` lists.
///
/// # Errors
/// If the service doesn't exist, or its count can't be set; if no queue is found, or several and it can't be determined
/// which of them the service consumes; or if AWS can't be reached.
pub async fn read_adopted(
    session: &Session<'_>,
    request: &AdoptRequest,
    now: SystemTime,
) -> Result<Readings> {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut readings = Readings {
        account: request.account.clone(),
        region: session.clients.region().to_owned(),
        now: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        service: service::read(session, &request.cluster, &request.service).await?,
        ..Readings::default()
    };
    session.note(format!(
        "reading the task definition, the role, and the scaling of {}/{}",
        request.cluster, request.service
    ));
    task::read(session, &mut readings).await?;
    scaling::read(session, &mut readings).await?;
    let starts = starts::read(session, &readings.service).await;
    match unless_denied(starts)? {
        Ok(starts) => readings.starts = starts,
        Err(why) => readings.unread.push(why),
    }
    readings.queues = queues::read(session, &request.queues, &mut readings).await?;
    session.note("reading two weeks of metrics of the queues and of the service");
    let history = history::read(session, &readings, now).await;
    match unless_denied(history)? {
        Ok(history) => readings.history = history,
        Err(why) => readings.unread.push(why),
    }
    Ok(readings)
}
