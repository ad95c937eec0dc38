//! Following an operation of CloudFormation to a settled status.

use std::collections::HashSet;

use aws_sdk_cloudformation::types::StackEvent;
use serde::Serialize;
use tokio::time::Instant;

use crate::error::{Error, Result, aws, is_passing};
use crate::observe::{Observed, ReadError, read};
use crate::session::{Progress, Session};
use crate::status::Status;

/// The first resource that failed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Logical id in the template.
    pub logical_id: String,
    /// CloudFormation's type.
    pub resource_type: String,
    /// AWS's reason.
    pub reason: String,
}

/// How an operation ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// The stack as it is now; `None` when it is gone.
    pub stack: Option<Observed>,
    /// What failed, the first first.
    pub causes: Vec<Cause>,
}

/// Follows one stack's events from a point in time on.
pub(crate) struct Follower<'s, 'c> {
    session: &'s Session<'c>,
    stack_id: String,
    seen: HashSet<String>,
    causes: Vec<Cause>,
    started: Instant,
}

impl<'s, 'c> Follower<'s, 'c> {
    /// Starts to follow: everything that has happened up to now is not reported.
    pub(crate) async fn start(session: &'s Session<'c>, stack_id: &str) -> Result<Self> {
        let mut follower = Self {
            session,
            stack_id: stack_id.to_owned(),
            seen: HashSet::new(),
            causes: Vec::new(),
            started: Instant::now(),
        };
        let events = follower.fresh_events().await?;
        follower.seen.extend(
            events
                .iter()
                .filter_map(|e| e.event_id().map(str::to_owned)),
        );
        Ok(follower)
    }

    /// Polls until the stack is settled. A reply that fails to come, or comes garbled, is asked for
    /// again: it says nothing about the operation, which goes on in the background.
    pub(crate) async fn until_settled(mut self) -> Result<Ended> {
        let pace = self.session.pace;
        let mut delay = pace.first;
        let mut last_word = Instant::now();
        loop {
            match self.poll().await {
                Ok(Some(ended)) => return Ok(ended),
                Ok(None) => last_word = Instant::now(),
                Err(ReadError::Passing(error)) if last_word.elapsed() < pace.patience => {
                    self.session.note(format!("{error}; asking again"));
                }
                Err(error) => return Err(goes_on(error.into(), &self.stack_id)),
            }
            tokio::time::sleep(delay).await;
            delay = pace.next(delay);
        }
    }

    /// The status is read before the events, so that a settled status has all its events behind it.
    async fn poll(&mut self) -> Result<Option<Ended>, ReadError> {
        let stack = read(self.session, &self.stack_id).await?;
        self.report_events().await?;
        let settled = stack.as_ref().is_none_or(|stack| stack.status.is_settled());
        let stack = stack.filter(|stack| stack.status != Status::Absent);
        Ok(settled.then(|| Ended {
            stack,
            causes: std::mem::take(&mut self.causes),
        }))
    }

    async fn report_events(&mut self) -> Result<(), ReadError> {
        for event in self.fresh_events().await?.iter().rev() {
            self.seen.extend(event.event_id().map(str::to_owned));
            self.causes.extend(cause(event));
            (self.session.progress)(Progress::Resource {
                logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
                resource_type: event.resource_type().unwrap_or_default().to_owned(),
                status: event
                    .resource_status()
                    .map_or("", |s| s.as_str())
                    .to_owned(),
                reason: event.resource_status_reason().map(str::to_owned),
                elapsed_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            });
        }
        Ok(())
    }

    /// Events that were not seen before, the newest first.
    async fn fresh_events(&self) -> Result<Vec<StackEvent>, ReadError> {
        let doing = || format!("read the events of {}", self.stack_id);
        let client = &self.session.clients.cloudformation;
        let mut pages = client
            .describe_stack_events()
            .stack_name(&self.stack_id)
            .into_paginator()
            .send();
        let mut fresh = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                if is_passing(&error) {
                    ReadError::Passing(aws(doing())(error))
                } else {
                    ReadError::Final(aws(doing())(error))
                }
            })?;
            for event in page.stack_events() {
                if event.event_id().is_some_and(|id| self.seen.contains(id)) {
                    return Ok(fresh);
                }
                fresh.push(event.clone());
            }
        }
        Ok(fresh)
    }
}

/// A failed resource's own reason. Resources that were merely stopped because of another's failure, and
/// the stack's own summary, are no causes.
fn cause(event: &StackEvent) -> Option<Cause> {
    let failed = event.resource_status()?.as_str().ends_with("_FAILED");
    let own = event.physical_resource_id() != event.stack_id();
    let reason = event
        .resource_status_reason()
        .unwrap_or("CloudFormation gave no reason");
    let cancelled = reason.contains("cancelled");
    (failed && own && !cancelled).then(|| Cause {
        logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
        resource_type: event.resource_type().unwrap_or_default().to_owned(),
        reason: reason.to_owned(),
    })
}

fn goes_on(error: Error, stack_id: &str) -> Error {
    error.hint(format!(
        "CloudFormation goes on in the background; run the same command again to follow it ({stack_id})"
    ))
}
