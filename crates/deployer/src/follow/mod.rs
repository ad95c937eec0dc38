//! Follows an operation of CloudFormation until its status is settled.

mod cause;

use std::collections::{BTreeMap, HashSet};

use aws_sdk_cloudformation::types::StackEvent;
use tokio::time::Instant;

use crate::error::{Error, Kind, Result};
use crate::observe::{
    Observed, ReadError, does_not_exist, filled, garbled, read, read_error, reread,
};
use crate::session::{Progress, Session};
use crate::status::{Operation, Status};
use crate::wait::Wait;

use cause::{find_cause, is_of_stack};

pub use cause::Cause;

/// How an operation ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// The current stack. `None` if it is gone.
    pub stack: Option<Observed>,
    /// The resources that failed, in order.
    pub causes: Vec<Cause>,
    /// Whether there was any sign that the operation started.
    pub begun: bool,
}

/// Follows one stack's events from a point in time.
pub(crate) struct Follower<'s, 'c> {
    session: &'s Session<'c>,
    stack_id: String,
    started: Instant,
    /// IDs of events that were reported, or that happened before.
    seen: HashSet<String>,
    causes: Vec<Cause>,
    /// Whether the earlier events have been identified.
    marked: bool,
    /// Whether events can be read at all. The status alone decides how an operation ends.
    sighted: bool,
    /// Remaining polls of a settled stack to retry reading its events.
    event_grace: u32,
    /// Whether the last poll could read the events.
    heard: bool,
    /// Resources in progress, with their status.
    working: BTreeMap<String, String>,
    /// The stack's status at the last poll.
    last_status: String,
    /// Whether the stack has changed since the last call.
    progressed: bool,
    /// Whether there was any sign that the operation is in progress.
    begun: bool,
    /// Whether the last poll found no stack. A second poll must confirm it.
    missed: bool,
    /// Remaining polls to wait for a certain event: the start, or the cause of a failure.
    grace: u32,
}

/// It can take a few seconds from a request to its first effect in DescribeStacks, and from a failure's status
/// to its events.
const GRACE: u32 = 10;
/// The stack's status alone decides how an operation ended, so the wait for its last events is short.
const EVENT_GRACE: u32 = 3;
/// Maximum number of resources in the message of a wait.
const NAMED: usize = 3;

/// Follows an operation that another user or an earlier run started.
pub(crate) async fn follow(
    session: &Session<'_>,
    name: &str,
    stack: &Observed,
    operation: Operation,
) -> Result<Ended> {
    let word = operation.name();
    session.note(format!(
        "a {word} of {name} is already in progress: following it"
    ));
    let mut follower = Follower::of(session, &stack.id);
    follower.begun = true;
    follower.grace = 0;
    follower.until_settled().await
}

impl<'s, 'c> Follower<'s, 'c> {
    /// Prepares to follow an operation that is about to start: earlier events aren't reported, and a
    /// settled status counts only after the operation has started.
    ///
    /// # Errors
    /// If the stack's events can't be read. In that case, don't start the operation.
    pub(crate) async fn before(session: &'s Session<'c>, stack_id: &str) -> Result<Self> {
        let mut follower = Self::of(session, stack_id);
        let old = reread(session, || follower.fresh_events()).await?;
        follower.mark(&old);
        Ok(follower)
    }

    fn of(session: &'s Session<'c>, stack_id: &str) -> Self {
        Self {
            session,
            stack_id: stack_id.to_owned(),
            started: Instant::now(),
            seen: HashSet::new(),
            causes: Vec::new(),
            marked: false,
            sighted: true,
            event_grace: EVENT_GRACE,
            heard: true,
            working: BTreeMap::new(),
            last_status: String::new(),
            progressed: false,
            begun: false,
            missed: false,
            grace: GRACE,
        }
    }

    /// Polls until the stack is settled. Repeats a call if its reply is missing or unreadable, because that
    /// doesn't affect the operation, which continues in the background.
    pub(crate) async fn until_settled(mut self) -> Result<Ended> {
        let pace = self.session.pace;
        let mut delay = pace.first;
        let mut last_word = Instant::now();
        let mut complained = false;
        let mut wait = Wait::new(self.session, pace.stall);
        loop {
            match self.poll().await {
                Ok(Some(ended)) => return Ok(ended),
                Ok(None) => {
                    last_word = Instant::now();
                    complained = false;
                }
                Err(ReadError::Passing(error) | ReadError::Garbled(error))
                    if last_word.elapsed() < pace.patience =>
                {
                    if !complained {
                        self.session.note(format!("{error}; retrying"));
                        complained = true;
                    }
                }
                Err(error) => return Err(goes_on(error.into(), &self.stack_id)),
            }
            if std::mem::take(&mut self.progressed) {
                wait.progress();
            }
            wait.check(|| self.waited_for())
                .map_err(|error| goes_on(error, &self.stack_id))?;
            tokio::time::sleep(delay).await;
            delay = pace.next(delay);
        }
    }

    /// Describes, for people, what CloudFormation is doing.
    fn waited_for(&self) -> String {
        let named = self.working.iter().take(NAMED);
        let mut named: Vec<String> = named
            .map(|(id, status)| format!("{id} ({status})"))
            .collect();
        let rest = self.working.len().saturating_sub(NAMED);
        if rest > 0 {
            named.push(format!("{rest} more"));
        }
        if named.is_empty() {
            let status = &self.last_status;
            return format!("CloudFormation (the stack is in {status})");
        }
        named.join(", ")
    }

    /// Reads the status before the events, so that all events of a settled status have already happened.
    async fn poll(&mut self) -> Result<Option<Ended>, ReadError> {
        let stack = read(self.session, &self.stack_id).await?;
        self.report_events().await;
        if let Some(stack) = &stack
            && stack.status_name != self.last_status
        {
            self.last_status.clone_from(&stack.status_name);
            self.progressed = true;
        }
        if stack.is_none() && !std::mem::replace(&mut self.missed, true) {
            return Ok(None);
        }
        self.missed = stack.is_none();
        let stack = stack.filter(|stack| stack.status != Status::Absent);
        if let Some(stack) = &stack {
            if !stack.status.is_settled() {
                self.begun = true;
                return Ok(None);
            }
            if self.grace > 0 && (!self.begun || self.lacks_cause(stack.status)) {
                self.grace -= 1;
                return Ok(None);
            }
            if !self.heard && self.event_grace > 0 {
                self.event_grace -= 1;
                return Ok(None);
            }
        }
        Ok(Some(Ended {
            begun: self.begun || stack.is_none(),
            causes: std::mem::take(&mut self.causes),
            stack,
        }))
    }

    fn lacks_cause(&self, status: Status) -> bool {
        let failed = status != Status::Ready { rolled_back: false };
        failed && self.sighted && self.causes.is_empty()
    }

    /// Reports new events. Unreadable events don't affect the operation.
    async fn report_events(&mut self) {
        if !self.sighted {
            return;
        }
        let fresh = match self.fresh_events().await {
            Ok(fresh) => fresh,
            Err(ReadError::Final(error)) => {
                self.sighted = false;
                self.heard = true;
                self.session
                    .note(format!("{error}; using only the stack's status"));
                return;
            }
            Err(ReadError::Passing(error) | ReadError::Garbled(error)) => {
                if std::mem::take(&mut self.heard) {
                    self.session.note(format!("{error}; retrying"));
                }
                return;
            }
        };
        self.heard = true;
        self.progressed |= !fresh.is_empty();
        if !self.marked {
            self.mark(&fresh);
            return;
        }
        for event in fresh.iter().rev() {
            self.report(event);
        }
    }

    fn mark(&mut self, old: &[StackEvent]) {
        self.marked = true;
        self.seen.extend(event_ids(old));
    }

    fn report(&mut self, event: &StackEvent) {
        self.seen.extend(event.event_id().map(str::to_owned));
        self.causes.extend(find_cause(event));
        let status = event.resource_status().map_or("", |status| status.as_str());
        // A stack with only a plan is in REVIEW_IN_PROGRESS, which isn't the start of an operation.
        let begins = status.ends_with("_IN_PROGRESS") && !status.starts_with("REVIEW");
        self.begun |= begins && is_of_stack(event);
        let id = event.logical_resource_id().unwrap_or_default();
        if begins && !is_of_stack(event) {
            self.working.insert(id.to_owned(), status.to_owned());
        } else {
            self.working.remove(id);
        }
        (self.session.progress)(Progress::Resource {
            logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
            resource_type: event.resource_type().unwrap_or_default().to_owned(),
            status: status.to_owned(),
            reason: event.resource_status_reason().map(str::to_owned),
            elapsed_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }

    /// Returns the new events, newest first. Reads only the newest page until the old events are marked,
    /// because a stack can have thousands of them.
    async fn fresh_events(&self) -> Result<Vec<StackEvent>, ReadError> {
        let doing = format!("read the events of {}", self.stack_id);
        let client = &self.session.clients.cloudformation;
        let mut pages = client
            .describe_stack_events()
            .stack_name(&self.stack_id)
            .into_paginator()
            .send();
        let mut fresh = Vec::new();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                // Some emulators delete the events with the stack.
                Err(error) if does_not_exist(&error) => break,
                Err(error) => return Err(read_error(&doing, error)),
            };
            // Events can arrive out of order, so one page is always read to its end.
            let mut reached_old = !self.marked;
            for event in page.stack_events() {
                let id = filled(event.event_id());
                let id = id.ok_or_else(|| garbled(&doing, "an event without its id"))?;
                if self.seen.contains(id) {
                    reached_old = true;
                } else {
                    fresh.push(event.clone());
                }
            }
            if reached_old {
                break;
            }
        }
        Ok(fresh)
    }
}

fn event_ids(events: &[StackEvent]) -> impl Iterator<Item = String> {
    events
        .iter()
        .filter_map(|event| event.event_id().map(str::to_owned))
}

/// Marks the error as unreachable. The operation continues without the connection to AWS.
fn goes_on(error: Error, stack_id: &str) -> Error {
    error.of_kind(Kind::Unreachable).hint(format!(
        "CloudFormation continues in the background; run the same command again to follow it ({stack_id})"
    ))
}
