//! Change sets: made, read as a [`Plan`], executed or thrown away.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::operation::execute_change_set::ExecuteChangeSetError;
use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, ChangeSetType, Parameter, Tag};
use tokio::time::Instant;

use crate::error::{Error, Kind, Result, aws, is_passing};
use crate::plan::{Plan, changes};
use crate::session::Session;

/// A template and all that goes with it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The stack's name.
    pub stack: String,
    /// Where CloudFormation finds the template.
    pub template: TemplateSource,
    /// Parameters by name.
    pub parameters: BTreeMap<String, String>,
    /// Tags of the stack.
    pub tags: BTreeMap<String, String>,
}

/// Where CloudFormation finds a template.
#[derive(Clone, Debug)]
pub enum TemplateSource {
    /// In the request itself, up to 51,200 bytes.
    Inline(String),
    /// In the assets bucket.
    Url(String),
}

/// A change set that CloudFormation has worked out.
#[derive(Clone, Debug)]
pub(crate) struct ChangeSet {
    pub id: String,
    pub stack_id: String,
    pub plan: Plan,
}

/// Whether a change set was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Execution {
    /// It goes on.
    Started,
    /// Something else changed the stack in the meantime: plan again.
    Overtaken,
}

/// Makes a change set and waits until CloudFormation has worked it out. `None`: nothing changes.
pub(crate) async fn create(
    session: &Session<'_>,
    source: &Source,
    creates_stack: bool,
) -> Result<Option<ChangeSet>> {
    let token = session.token();
    let doing = format!("create a change set of {}", source.stack);
    let kind = if creates_stack {
        ChangeSetType::Create
    } else {
        ChangeSetType::Update
    };
    let mut request = session
        .clients
        .cloudformation
        .create_change_set()
        .stack_name(&source.stack)
        .change_set_name(&token)
        .client_token(&token)
        .change_set_type(kind)
        .capabilities(Capability::CapabilityIam)
        .capabilities(Capability::CapabilityNamedIam)
        .set_parameters(Some(parameters(&source.parameters)))
        .set_tags(Some(tags(&source.tags)));
    request = match &source.template {
        TemplateSource::Inline(body) => request.template_body(body),
        TemplateSource::Url(url) => request.template_url(url),
    };
    let reply = request.send().await;
    // A reply that was lost is answered by "already exists" when the SDK asks again.
    let name = match reply {
        Ok(reply) => reply.id().unwrap_or(&token).to_owned(),
        Err(error) if has_code(&error, "AlreadyExistsException") => token.clone(),
        Err(error) => return Err(aws(doing)(error)),
    };
    settle(session, &source.stack, &name, creates_stack).await
}

fn parameters(values: &BTreeMap<String, String>) -> Vec<Parameter> {
    let parameter = |(key, value): (&String, &String)| {
        Parameter::builder()
            .parameter_key(key)
            .parameter_value(value)
            .build()
    };
    values.iter().map(parameter).collect()
}

fn tags(values: &BTreeMap<String, String>) -> Vec<Tag> {
    values
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// Waits until the change set is worked out, and reads all its pages.
async fn settle(
    session: &Session<'_>,
    stack: &str,
    name: &str,
    creates_stack: bool,
) -> Result<Option<ChangeSet>> {
    let mut delay = session.pace.first;
    let mut last_word = Instant::now();
    let first = loop {
        match describe(session, stack, name, None).await {
            Ok(page) => {
                last_word = Instant::now();
                match page.status() {
                    Some(ChangeSetStatus::CreateComplete) => break page,
                    Some(ChangeSetStatus::Failed) => {
                        return failed(session, stack, name, &page).await;
                    }
                    // In progress, or a garbled reply: read again.
                    _ => {}
                }
            }
            Err(error) if is_passing(&error) && last_word.elapsed() < session.pace.patience => {}
            Err(error) => return Err(aws(format!("describe the change set of {stack}"))(error)),
        }
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
    };
    let mut plan = Plan {
        stack: stack.to_owned(),
        creates_stack,
        changes: changes(first.changes()).collect(),
    };
    let mut next = first.next_token().map(str::to_owned);
    while let Some(token) = next {
        let page = describe(session, stack, name, Some(token))
            .await
            .map_err(aws(format!("describe the change set of {stack}")))?;
        plan.changes.extend(changes(page.changes()));
        next = page.next_token().map(str::to_owned);
    }
    let id = first.change_set_id().unwrap_or(name).to_owned();
    let stack_id = first.stack_id().unwrap_or(stack).to_owned();
    if plan.changes.is_empty() && !creates_stack {
        discard(session, &id).await;
        return Ok(None);
    }
    Ok(Some(ChangeSet { id, stack_id, plan }))
}

type DescribeError =
    SdkError<aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetError>;

async fn describe(
    session: &Session<'_>,
    stack: &str,
    name: &str,
    page: Option<String>,
) -> Result<DescribeChangeSetOutput, DescribeError> {
    let request = session
        .clients
        .cloudformation
        .describe_change_set()
        .change_set_name(name);
    // An id (ARN) names its stack by itself; a name doesn't.
    let request = if name.starts_with("arn:") {
        request
    } else {
        request.stack_name(stack)
    };
    request.set_next_token(page).send().await
}

async fn failed(
    session: &Session<'_>,
    stack: &str,
    name: &str,
    page: &DescribeChangeSetOutput,
) -> Result<Option<ChangeSet>> {
    let reason = page
        .status_reason()
        .unwrap_or("CloudFormation gave no reason");
    discard(session, page.change_set_id().unwrap_or(name)).await;
    if says_no_change(reason) {
        return Ok(None);
    }
    Err(Error::new(
        Kind::Failed,
        format!("CloudFormation refused the template of {stack}: {reason}"),
    ))
}

/// CloudFormation reports "nothing changes" as a failure, in one of two wordings.
fn says_no_change(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

/// Throws a change set away. A failure to do so is nobody's loss: CloudFormation keeps it, unexecuted.
pub(crate) async fn discard(session: &Session<'_>, id: &str) {
    let request = session
        .clients
        .cloudformation
        .delete_change_set()
        .change_set_name(id);
    if let Err(error) = request.send().await {
        session.note(format!(
            "the change set {id} stays behind: {}",
            aws("delete it")(error)
        ));
    }
}

/// Throws away a change set that nobody wants executed, and the empty stack that it was made for.
pub(crate) async fn abandon(session: &Session<'_>, change_set: &ChangeSet) {
    discard(session, &change_set.id).await;
    if !change_set.plan.creates_stack {
        return;
    }
    let client = &session.clients.cloudformation;
    let others = client
        .list_change_sets()
        .stack_name(&change_set.stack_id)
        .send()
        .await;
    // Another run may have planned for the same stack just now: the empty stack is then its own.
    if others.is_ok_and(|others| others.summaries().is_empty()) {
        let deleted = client
            .delete_stack()
            .stack_name(&change_set.stack_id)
            .send()
            .await;
        if let Err(error) = deleted {
            session.note(aws("remove the empty stack of the plan")(error).to_string());
        }
    }
}

/// Starts the execution.
pub(crate) async fn execute(session: &Session<'_>, change_set: &ChangeSet) -> Result<Execution> {
    let reply = session
        .clients
        .cloudformation
        .execute_change_set()
        .change_set_name(&change_set.id)
        .client_request_token(session.token())
        .send()
        .await;
    match reply {
        Ok(_) => Ok(Execution::Started),
        Err(error) if was_overtaken(&error) => Ok(Execution::Overtaken),
        Err(error) => Err(aws(format!(
            "execute the change set of {}",
            change_set.plan.stack
        ))(error)),
    }
}

fn was_overtaken(error: &SdkError<ExecuteChangeSetError>) -> bool {
    let busy = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::message)
        .is_some_and(|text| {
            text.contains("_IN_PROGRESS") || text.contains("cannot be executed in its current")
        });
    busy || [
        "InvalidChangeSetStatus",
        "InvalidChangeSetStatusException",
        "ChangeSetNotFound",
        "ChangeSetNotFoundException",
    ]
    .iter()
    .any(|code| has_code(error, code))
}

fn has_code<E: ProvideErrorMetadata>(error: &SdkError<E>, code: &str) -> bool {
    error
        .as_service_error()
        .is_some_and(|error| error.code() == Some(code))
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
