//! Waits until a change set is complete, and reads it as a plan.

use std::sync::Arc;

use aws_sdk_cloudformation::error::SdkError;
use aws_sdk_cloudformation::operation::describe_change_set::{
    DescribeChangeSetError, DescribeChangeSetOutput,
};
use aws_sdk_cloudformation::types::{ChangeSetStatus, DeploymentMode};
use template::contract::without_notes;
use tokio::time::Instant;

use super::{ChangeSet, Planned, abandon, describe, discard, is_not_found, is_overtaken};
use crate::error::{Error, Result, aws, is_passing};
use crate::observe::template;
use crate::plan::{Plan, convert_changes};
use crate::session::{DraftHold, Session};
use crate::wait::Wait;

/// A change set that CloudFormation is still creating.
pub(super) struct Draft<'a> {
    pub session: &'a Session<'a>,
    pub stack: &'a str,
    pub name: &'a str,
    pub creates_stack: bool,
    pub hold: Arc<DraftHold>,
}

pub(super) enum Unsettled {
    /// The change set was deleted, because another one was executed or the stack was deleted.
    Gone,
    Failed(Error),
}

impl From<Error> for Unsettled {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Draft<'_> {
    /// Waits until the change set is complete, and reads all its pages.
    pub(super) async fn settle(&self) -> Result<Planned, Unsettled> {
        let first = self.worked_out().await?;
        let id = first.change_set_id().unwrap_or(self.name).to_owned();
        let mut change_set = ChangeSet {
            stack_id: first.stack_id().unwrap_or(self.stack).to_owned(),
            plan: Plan {
                stack: self.stack.to_owned(),
                creates_stack: self.creates_stack,
                words: Vec::new(),
                recovery: None,
                drift: Vec::new(),
                changes: convert_changes(first.changes()).collect(),
            },
            keeps_on_failure: false,
            hold: Arc::clone(&self.hold),
            reverts_drift: first.deployment_mode() == Some(&DeploymentMode::RevertDrift),
            id,
        };
        if first.status() == Some(&ChangeSetStatus::Failed) {
            abandon(self.session, &change_set).await;
            let reason = first.status_reason();
            return Ok(explain_failure(self.stack, reason)?);
        }
        let mut next = first.next_token().map(str::to_owned);
        while let Some(token) = next {
            let page = describe(self.session, self.stack, self.name, Some(token)).await;
            let page = page.map_err(|error| self.lost(error))?;
            change_set
                .plan
                .changes
                .extend(convert_changes(page.changes()));
            next = page.next_token().map(str::to_owned);
        }
        let empty = change_set.plan.changes.is_empty() && !self.creates_stack;
        if empty && is_same_template(self.session, &change_set).await? {
            discard(self.session, &change_set.id).await;
            return Ok(Planned::NoChange);
        }
        Ok(Planned::Ready(change_set))
    }

    /// Returns the first page, once its status is final.
    async fn worked_out(&self) -> Result<DescribeChangeSetOutput, Unsettled> {
        let pace = self.session.pace;
        let mut delay = pace.first;
        let mut last_word = Instant::now();
        let mut wait = Wait::new(self.session, pace.stall / 8);
        loop {
            let page = describe(self.session, self.stack, self.name, None).await;
            let silent = last_word.elapsed() >= pace.patience;
            match page {
                Ok(page) => match page.status() {
                    Some(ChangeSetStatus::CreateComplete | ChangeSetStatus::Failed) => {
                        return Ok(page);
                    }
                    Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {
                        last_word = Instant::now();
                    }
                    Some(status) if status.as_str().starts_with("DELETE_") => {
                        return Err(Unsettled::Gone);
                    }
                    other if silent => return Err(self.garbled(other)),
                    // An unreadable reply: read again.
                    _ => {}
                },
                Err(error) if is_passing(&error) && !silent => {}
                Err(error) => return Err(self.lost(error)),
            }
            wait.check(|| format!("CloudFormation to compute the change set of {}", self.stack))?;
            tokio::time::sleep(delay).await;
            delay = pace.next(delay);
        }
    }

    fn lost(&self, error: SdkError<DescribeChangeSetError>) -> Unsettled {
        if is_not_found(&error) {
            return Unsettled::Gone;
        }
        Unsettled::Failed(aws(format!("describe the change set of {}", self.stack))(
            error,
        ))
    }

    fn garbled(&self, status: Option<&ChangeSetStatus>) -> Unsettled {
        let status = status.map_or("none", |status| status.as_str());
        Unsettled::Failed(Error::failed(format!(
            "failed to plan {}: CloudFormation answered with the unknown change set status {status:?}",
            self.stack
        )))
    }
}

fn explain_failure(stack: &str, reason: Option<&str>) -> Result<Planned> {
    let reason = reason.unwrap_or("CloudFormation gave no reason");
    if says_no_change(reason) {
        return Ok(Planned::NoChange);
    }
    if is_overtaken(reason) {
        return Ok(Planned::Overtaken(reason.to_owned()));
    }
    Err(Error::failed(format!(
        "CloudFormation refused the template of {stack}: {reason}"
    )))
}

/// CloudFormation reports "nothing changes" as a failure, in one of two wordings.
fn says_no_change(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

/// A change set without resource changes can still change outputs or descriptions.
async fn is_same_template(session: &Session<'_>, change_set: &ChangeSet) -> Result<bool> {
    let stack = &change_set.stack_id;
    let (new, old) = futures::future::try_join(
        template(session, stack, Some(&change_set.id)),
        template(session, stack, None),
    )
    .await?;
    // For AWS, too, a change of only the version or definition in the metadata isn't a change.
    let value = |text: &String| serde_json::from_str(text).ok().map(without_notes);
    Ok(new == old || new.as_ref().and_then(value) == old.as_ref().and_then(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_wordings_of_no_change_are_known() {
        assert!(says_no_change(
            "The submitted information didn't contain changes. Submit different information to create a change set."
        ));
        assert!(says_no_change("No updates are to be performed."));
        assert!(!says_no_change(
            "Template format error: Unresolved resource dependencies"
        ));
    }
}
