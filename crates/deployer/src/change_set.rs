//! Change sets: made, read as a [`Plan`], executed or thrown away.

mod discard;
mod execute;

use std::collections::BTreeMap;

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::operation::create_change_set::builders::CreateChangeSetFluentBuilder;
use aws_sdk_cloudformation::operation::describe_change_set::{
    DescribeChangeSetError, DescribeChangeSetOutput,
};
use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, ChangeSetType, Parameter, Tag};
use serde_json::Value;
use tokio::time::Instant;

use crate::error::{Error, Result, aws, code, is_passing, text};
use crate::observe::template;
use crate::plan::{Plan, changes};
use crate::session::Session;

pub(crate) use discard::{abandon, discard};
pub(crate) use execute::{Execution, execute};

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

/// What came of an attempt to plan.
#[derive(Debug)]
pub(crate) enum Planned {
    /// A change set to look at.
    Ready(ChangeSet),
    /// The stack is already as the template describes it.
    NoChange,
    /// Somebody else changed, made or removed the stack meanwhile, as this text of AWS's says: plan again.
    Overtaken(String),
}

/// Makes a change set and waits until CloudFormation has worked it out.
pub(crate) async fn create(
    session: &Session<'_>,
    source: &Source,
    creates_stack: bool,
) -> Result<Planned> {
    let token = session.token();
    let name = match request(session, source, &token, creates_stack).send().await {
        Ok(reply) => reply.id().unwrap_or(&token).to_owned(),
        Err(error) if is_overtaken(text(&error)) => {
            return Ok(Planned::Overtaken(text(&error).to_owned()));
        }
        // The name is ours alone: a reply was lost, and the SDK has asked again.
        Err(error) if code(&error) == "AlreadyExistsException" => token,
        Err(error) => {
            return Err(aws(format!("create a change set of {}", source.stack))(
                error,
            ));
        }
    };
    let draft = Draft {
        session,
        stack: &source.stack,
        name: &name,
        creates_stack,
    };
    match draft.settle().await {
        Err(Unsettled::Gone) => Ok(Planned::Overtaken(format!(
            "the change set {name} was removed"
        ))),
        Err(Unsettled::Failed(error)) => Err(error),
        Ok(planned) => Ok(planned),
    }
}

fn request(
    session: &Session<'_>,
    source: &Source,
    token: &str,
    creates_stack: bool,
) -> CreateChangeSetFluentBuilder {
    let kind = if creates_stack {
        ChangeSetType::Create
    } else {
        ChangeSetType::Update
    };
    let request = session
        .clients
        .cloudformation
        .create_change_set()
        .stack_name(&source.stack)
        .change_set_name(token)
        .client_token(token)
        .change_set_type(kind)
        .capabilities(Capability::CapabilityIam)
        .capabilities(Capability::CapabilityNamedIam)
        .set_parameters(Some(parameters(&source.parameters)))
        .set_tags(Some(tags(&source.tags)));
    match &source.template {
        TemplateSource::Inline(body) => request.template_body(body),
        TemplateSource::Url(url) => request.template_url(url),
    }
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

/// Whether this text of AWS's says that the stack is not what it was when the request was made: it has
/// come into being, is gone, or something goes on in it.
pub(crate) fn is_overtaken(text: &str) -> bool {
    // "Stack [NAME] …" and "Stack:ARN is in … state"; S3 says "does not exist" of a template, too.
    text.starts_with("Stack")
        && [
            "already exists",
            "does not exist",
            "_IN_PROGRESS",
            "state and can not be",
        ]
        .iter()
        .any(|words| text.contains(words))
}

/// A change set that CloudFormation still works on.
struct Draft<'a> {
    session: &'a Session<'a>,
    stack: &'a str,
    name: &'a str,
    creates_stack: bool,
}

enum Unsettled {
    /// Executing another change set removes this one, and so does deleting the stack.
    Gone,
    Failed(Error),
}

impl From<Error> for Unsettled {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Draft<'_> {
    /// Waits until the change set is worked out, and reads all its pages.
    async fn settle(&self) -> Result<Planned, Unsettled> {
        let first = self.worked_out().await?;
        let id = first.change_set_id().unwrap_or(self.name).to_owned();
        let mut change_set = ChangeSet {
            stack_id: first.stack_id().unwrap_or(self.stack).to_owned(),
            plan: Plan {
                stack: self.stack.to_owned(),
                creates_stack: self.creates_stack,
                changes: changes(first.changes()).collect(),
            },
            id,
        };
        if first.status() == Some(&ChangeSetStatus::Failed) {
            abandon(self.session, &change_set).await;
            let reason = first.status_reason();
            return Ok(failed(self.stack, reason)?);
        }
        let mut next = first.next_token().map(str::to_owned);
        while let Some(token) = next {
            let page = describe(self.session, self.stack, self.name, Some(token)).await;
            let page = page.map_err(|error| self.lost(error))?;
            change_set.plan.changes.extend(changes(page.changes()));
            next = page.next_token().map(str::to_owned);
        }
        let empty = change_set.plan.changes.is_empty() && !self.creates_stack;
        if empty && is_same_template(self.session, &change_set).await? {
            discard(self.session, &change_set.id).await;
            return Ok(Planned::NoChange);
        }
        Ok(Planned::Ready(change_set))
    }

    /// The first page, once its status is final.
    async fn worked_out(&self) -> Result<DescribeChangeSetOutput, Unsettled> {
        let pace = self.session.pace;
        let mut delay = pace.first;
        let mut last_word = Instant::now();
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
                    // A garbled reply: read again.
                    _ => {}
                },
                Err(error) if is_passing(&error) && !silent => {}
                Err(error) => return Err(self.lost(error)),
            }
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

pub(crate) async fn describe(
    session: &Session<'_>,
    stack: &str,
    name: &str,
    page: Option<String>,
) -> Result<DescribeChangeSetOutput, SdkError<DescribeChangeSetError>> {
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

/// Whether the change set is gone, by itself or with its stack.
pub(crate) fn is_not_found<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    matches!(
        code(error),
        "ChangeSetNotFound" | "ChangeSetNotFoundException"
    ) || (code(error) == "ValidationError" && is_overtaken(text(error)))
}

fn failed(stack: &str, reason: Option<&str>) -> Result<Planned> {
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

/// A change set without a change of a resource may still change outputs or descriptions.
async fn is_same_template(session: &Session<'_>, change_set: &ChangeSet) -> Result<bool> {
    let stack = &change_set.stack_id;
    let (new, old) = futures::future::try_join(
        template(session, stack, Some(&change_set.id)),
        template(session, stack, None),
    )
    .await?;
    let value = |text: &String| serde_json::from_str::<Value>(text).ok();
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

    #[test]
    fn a_stack_that_somebody_else_changes_is_told_from_a_template_that_is_wrong() {
        for text in [
            "Stack [s] already exists and cannot be created again with the changeSet [c].",
            "Stack [s] does not exist",
            "Stack:arn:aws:cloudformation:us-west-2:1:stack/s/1 is in UPDATE_IN_PROGRESS state and can not be updated.",
            "Stack:arn:aws:cloudformation:us-west-2:1:stack/s/1 is in ROLLBACK_COMPLETE state and can not be updated.",
        ] {
            assert!(is_overtaken(text), "{text}");
        }
        for text in [
            "S3 error: The specified key does not exist.",
            "Template error: the resource Queue does not exist",
            "Parameters: [X] do not exist in the template",
            "ChangeSet [arn] already exists",
        ] {
            assert!(!is_overtaken(text), "{text}");
        }
    }
}
