//! The change sets of a stack, and the tags that each would set.

use aws_sdk_cloudformation::types::{ChangeSetSummary, Tag};

use super::{describe, is_not_found};
use crate::error::{Result, aws};
use crate::session::Session;

/// Lists the stack's change sets. Empty if the stack is gone.
pub(crate) async fn list(session: &Session<'_>, stack: &str) -> Result<Vec<ChangeSetSummary>> {
    let client = &session.clients.cloudformation;
    let request = client.list_change_sets().stack_name(stack);
    let mut pages = request.into_paginator().send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) if is_not_found(&error) => return Ok(Vec::new()),
            Err(error) => return Err(aws(format!("list the change sets of {stack}"))(error)),
        };
        all.extend(page.summaries.unwrap_or_default());
    }
    Ok(all)
}

/// Returns the tags that the change set sets on the stack. `None` if it is gone.
pub(crate) async fn tags_of(
    session: &Session<'_>,
    stack: &str,
    id: &str,
) -> Result<Option<Vec<Tag>>> {
    match describe(session, stack, id, None).await {
        Ok(page) => Ok(Some(page.tags.unwrap_or_default())),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(aws(format!("describe a change set of {stack}"))(error)),
    }
}
