//! Our stacks in an account and region.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::{Stack as SdkStack, StackStatus};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use template::contract::{STACK_TAG, TemplateMark, has_our_description};

use crate::error::{Result, aws, unless_denied};
use crate::observe::{observe, read_tags, template};
use crate::ownership::{Marks, Ownership, decide, mark_in_body};
use crate::session::Session;

/// One of our stacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StackSummary {
    /// Its name.
    pub name: String,
    /// Region that it is in.
    pub region: String,
    /// CloudFormation's status.
    pub status: String,
    /// Version of ecs-scaler that deployed it. `None` if its template can't be read.
    pub version: Option<String>,
    /// Environment of the definition that was deployed, if any.
    pub environment: Option<String>,
    /// When it was last changed, in seconds since 1970.
    pub updated_at: Option<i64>,
}

/// Templates to read concurrently. CloudFormation allows few requests per second.
const AT_ONCE: usize = 4;

/// Lists our stacks in the session's account and a region, by name: those with our tag, and those whose template has
/// our mark.
///
/// # Errors
/// If CloudFormation can't be reached, or if these credentials aren't allowed to list stacks.
pub async fn list_stacks(session: &Session<'_>, region: &str) -> Result<Vec<StackSummary>> {
    if region == session.clients.region() {
        return list(session).await;
    }
    let clients = session.clients.with_cloudformation_in(region);
    let run = session.run_id.clone();
    list(&Session::new(&clients, session.pace, session.progress, run)).await
}

async fn list(session: &Session<'_>) -> Result<Vec<StackSummary>> {
    let region = session.clients.region();
    let pages = session.clients.cloudformation.describe_stacks();
    let stacks: Vec<SdkStack> = pages
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(aws(format!("list the stacks in {region}")))?;
    let candidates = stacks.into_iter().filter(is_candidate);
    let mut found: Vec<StackSummary> = stream::iter(candidates)
        .map(|stack| summarize(session, stack))
        .buffered(AT_ONCE)
        .try_filter_map(|summary| std::future::ready(Ok(summary)))
        .try_collect()
        .await?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Whether the stack can be ours, judging by the list. The other stacks' templates aren't read. Emulators list deleted
/// stacks here, AWS doesn't.
fn is_candidate(stack: &SdkStack) -> bool {
    if stack.stack_status() == Some(&StackStatus::DeleteComplete) {
        return false;
    }
    let name = stack.stack_name().unwrap_or_default();
    match tags(stack).get(STACK_TAG) {
        Some(tag) => tag == name,
        None => has_our_description(stack.description().unwrap_or_default()),
    }
}

fn tags(stack: &SdkStack) -> BTreeMap<String, String> {
    read_tags(stack.tags())
}

/// Returns `None` if the stack turns out not to be ours.
async fn summarize(session: &Session<'_>, stack: SdkStack) -> Result<Option<StackSummary>> {
    let name = stack.stack_name().unwrap_or_default().to_owned();
    let id = stack.stack_id().unwrap_or(&name);
    let status = stack.stack_status().map(|status| status.as_str());
    // A stack in review has no template yet.
    let body = match status {
        Some("REVIEW_IN_PROGRESS") => None,
        _ => match unless_denied(template(session, id, None).await) {
            // Deleted since it was listed.
            Err(_) if observe(session, id).await?.is_none() => return Ok(None),
            read => read?.ok().flatten(),
        },
    };
    let marks = Marks {
        tag: tags(&stack).remove(STACK_TAG),
        template: body.as_deref().and_then(mark_in_body),
    };
    if decide(&name, &marks) != Ownership::Ours {
        return Ok(None);
    }
    let version = match &marks.template {
        Some(TemplateMark::Marked { version, .. }) => Some(version.clone()),
        Some(TemplateMark::Earlier) => Some("0.1.0".to_owned()),
        Some(TemplateMark::Unmarked) | None => None,
    };
    let changed = stack.last_updated_time().or(stack.creation_time());
    Ok(Some(StackSummary {
        region: session.clients.region().to_owned(),
        status: status.unwrap_or_default().to_owned(),
        version,
        environment: body.as_deref().and_then(read_environment),
        updated_at: changed.map(|time| time.secs()),
        name,
    }))
}

fn read_environment(body: &str) -> Option<String> {
    template::contract::read_environment(&serde_json::from_str(body).ok()?)
}
