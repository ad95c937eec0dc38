//! Reads the state of a stack.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::{
    Stack as SdkStack, StackResourceSummary, StackStatus, Tag, TemplateStage,
};
use serde::Serialize;
use serde_json::Value;

use template::contract::{STACK_TAG, list_retained};

use crate::error::{Error, Result, aws, code, is_passing, text};
use crate::resource::Resource;
use crate::session::Session;
use crate::status::Status;

/// A stack as CloudFormation describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Observed {
    /// Stack ID (ARN). It also identifies the stack after its deletion.
    pub id: String,
    /// Reduced status.
    pub status: Status,
    /// CloudFormation's name for the status.
    pub status_name: String,
    /// Reason for the status.
    pub reason: Option<String>,
    /// Whether termination protection is on.
    pub termination_protection: bool,
    /// Its name.
    #[serde(skip)]
    pub name: String,
    /// Its tags, if the cloud returns them.
    #[serde(skip)]
    pub tags: BTreeMap<String, String>,
    /// Values of the parameters, by key.
    #[serde(skip)]
    pub parameters: BTreeMap<String, String>,
    /// Outputs by key.
    pub outputs: BTreeMap<String, String>,
}

impl Observed {
    /// Value of the tag that marks a stack as ours, if the cloud returns it.
    pub(crate) fn mark(&self) -> Option<&str> {
        self.tags.get(STACK_TAG).map(String::as_str)
    }

    /// Whether the last operation was an import that failed and was rolled back. After the first import of a stack, nothing is left
    /// in it.
    pub(crate) fn is_import_rolled_back(&self) -> bool {
        self.status_name == StackStatus::ImportRollbackComplete.as_str()
    }
}

/// A read that failed.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// AWS can't be reached at the moment.
    Passing(Error),
    /// The reply was truncated, or contains something that this version doesn't know.
    Garbled(Error),
    /// A retry makes no sense.
    Final(Error),
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Passing(error) | ReadError::Garbled(error) | ReadError::Final(error) => {
                error
            }
        }
    }
}

/// Sorts an SDK error into a [`ReadError`].
pub(crate) fn read_error<E>(doing: &str, error: SdkError<E>) -> ReadError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    if is_passing(&error) {
        ReadError::Passing(aws(doing)(error))
    } else {
        ReadError::Final(aws(doing)(error))
    }
}

pub(crate) fn garbled(doing: &str, what: impl std::fmt::Display) -> ReadError {
    ReadError::Garbled(Error::failed(format!(
        "failed to {doing}: the reply has {what}"
    )))
}

/// How many times to retry after an unreadable reply. The SDK doesn't retry these, because for the SDK they are
/// replies.
const REREADS: u32 = 4;

/// Retries a limited number of times while replies are unreadable.
pub(crate) async fn reread<T, F>(session: &Session<'_>, read: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T, ReadError>>,
{
    let mut delay = session.pace.first;
    for _ in 0..REREADS {
        match read().await {
            Err(ReadError::Garbled(_)) => {}
            other => return Ok(other?),
        }
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
    }
    Ok(read().await?)
}

/// Returns the stack of this name or ID. `None` if there is none, or if it is deleted.
///
/// # Errors
/// If CloudFormation can't be reached.
pub(crate) async fn observe(session: &Session<'_>, name_or_id: &str) -> Result<Option<Observed>> {
    let stack = observe_or_deleted(session, name_or_id).await?;
    Ok(stack.filter(|stack| stack.status != Status::Absent))
}

/// Returns the stack of this name or ID. For an ID, CloudFormation describes a deleted stack for 90 days. One
/// reply that a stack doesn't exist isn't proof, so it is read again.
pub(crate) async fn observe_or_deleted(
    session: &Session<'_>,
    name_or_id: &str,
) -> Result<Option<Observed>> {
    if let Some(stack) = reread(session, || read(session, name_or_id)).await? {
        return Ok(Some(stack));
    }
    tokio::time::sleep(session.pace.first).await;
    reread(session, || read(session, name_or_id)).await
}

pub(crate) async fn read(
    session: &Session<'_>,
    name_or_id: &str,
) -> Result<Option<Observed>, ReadError> {
    let stack = describe(session, name_or_id).await?;
    stack
        .map(|stack| observed(&stack, &describing(name_or_id)))
        .transpose()
}

/// The stack in the SDK's own type.
pub(crate) async fn describe(
    session: &Session<'_>,
    name_or_id: &str,
) -> Result<Option<SdkStack>, ReadError> {
    let doing = describing(name_or_id);
    let request = session.clients.cloudformation.describe_stacks();
    match request.stack_name(name_or_id).send().await {
        Ok(reply) => match reply.stacks.unwrap_or_default().into_iter().next() {
            Some(stack) => Ok(Some(stack)),
            None => Err(garbled(&doing, "no stack")),
        },
        Err(error) if does_not_exist(&error) => Ok(None),
        Err(error) => Err(read_error(&doing, error)),
    }
}

fn describing(name_or_id: &str) -> String {
    format!("describe the stack {name_or_id}")
}

/// A truncated reply can be parsed without its status. That is never a settled stack, so it must be read again.
fn observed(stack: &SdkStack, doing: &str) -> Result<Observed, ReadError> {
    let status = stack
        .stack_status()
        .ok_or_else(|| garbled(doing, "no status"))?;
    let id = stack.stack_id().ok_or_else(|| garbled(doing, "no id"))?;
    let name = status.as_str();
    let status = match Status::try_from(status).map_err(|error| garbled(doing, error))? {
        // In this state, AWS accepts an update.
        Status::NeverCreated if is_create_failed(stack) => Status::HalfCreated,
        status => status,
    };
    Ok(Observed {
        id: id.to_owned(),
        status,
        status_name: name.to_owned(),
        reason: stack.stack_status_reason().map(str::to_owned),
        name: name_of(stack, id).to_owned(),
        tags: read_tags(stack.tags()),
        termination_protection: stack.enable_termination_protection().unwrap_or_default(),
        parameters: stack
            .parameters()
            .iter()
            .filter_map(|parameter| {
                let key = parameter.parameter_key()?.to_owned();
                Some((key, parameter.parameter_value()?.to_owned()))
            })
            .collect(),
        outputs: stack
            .outputs()
            .iter()
            .filter_map(|o| Some((o.output_key()?.to_owned(), o.output_value()?.to_owned())))
            .collect(),
    })
}

/// Whether the first create failed and the stack was left unchanged. Only if rollback was off does CloudFormation
/// accept an update. Source: CloudFormation User Guide, "Choose how to handle failures when provisioning resources".
fn is_create_failed(stack: &SdkStack) -> bool {
    stack.stack_status() == Some(&StackStatus::CreateFailed)
        && stack.disable_rollback().unwrap_or_default()
}

/// Returns the stack's name, which is also part of its ID (`arn:…:stack/NAME/…`).
fn name_of<'a>(stack: &'a SdkStack, id: &'a str) -> &'a str {
    let in_id = || id.split('/').nth(1).unwrap_or(id);
    filled(stack.stack_name()).unwrap_or_else(in_id)
}

pub(crate) fn read_tags(tags: &[Tag]) -> BTreeMap<String, String> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    tags.iter()
        .map(|tag| (text(tag.key()), text(tag.value())))
        .collect()
}

/// CloudFormation reports "does not exist" with the general code `ValidationError`.
pub(crate) fn does_not_exist<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    code(error) == "ValidationError" && text(error).contains("does not exist")
}

/// Returns every resource of the stack that isn't deleted, sorted.
///
/// # Errors
/// If CloudFormation can't be reached, or lists no resources of a stack that has some.
pub async fn resources(session: &Session<'_>, stack: &Observed) -> Result<Vec<Resource>> {
    let has_some = stack.status.has_resources()
        && !(stack.is_import_rolled_back() && deletes_nothing(session, &stack.id).await?);
    live_resources(session, &stack.id, has_some).await
}

/// Whether the deletion of a stack deletes no resource, according to its template: each stays in AWS.
///
/// # Errors
/// If CloudFormation can't be reached.
pub(crate) async fn deletes_nothing(session: &Session<'_>, stack: &str) -> Result<bool> {
    let template = template_json(session, stack).await?;
    let stays = list_retained(&template).len();
    let resources = template["Resources"].as_object();
    Ok(resources.is_some_and(|resources| resources.len() == stays))
}

/// Returns every resource of a deployed stack, given by name or ID, sorted.
///
/// # Errors
/// If CloudFormation can't be reached, or lists no resources.
pub(crate) async fn deployed_resources(
    session: &Session<'_>,
    name_or_id: &str,
) -> Result<Vec<Resource>> {
    live_resources(session, name_or_id, true).await
}

/// Returns every resource of a deployed stack, given by name or ID, sorted. Unless it `has_some`, an empty list is believed.
pub(crate) async fn live_resources(
    session: &Session<'_>,
    name_or_id: &str,
    has_some: bool,
) -> Result<Vec<Resource>> {
    let mut found = all_resources(session, name_or_id, has_some).await?;
    found.retain(|resource| resource.status != "DELETE_COMPLETE");
    Ok(found)
}

/// Returns every resource that the stack has or had, sorted. If the list is empty but the stack has resources,
/// reads it again.
pub(crate) async fn all_resources(
    session: &Session<'_>,
    name_or_id: &str,
    has_some: bool,
) -> Result<Vec<Resource>> {
    let read = || async {
        let found = list(session, name_or_id).await?;
        if found.is_empty() && has_some {
            let doing = format!("list the resources of {name_or_id}");
            return Err(garbled(&doing, "no resources, but the stack has some"));
        }
        Ok(found)
    };
    let mut found = reread(session, read).await?;
    found.sort();
    Ok(found)
}

async fn list(session: &Session<'_>, name_or_id: &str) -> Result<Vec<Resource>, ReadError> {
    let doing = format!("list the resources of {name_or_id}");
    let request = session.clients.cloudformation.list_stack_resources();
    let mut pages = request.stack_name(name_or_id).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| read_error(&doing, error))?;
        for summary in page.stack_resource_summaries() {
            found.push(
                resource(summary).ok_or_else(|| garbled(&doing, "a resource without its name"))?,
            );
        }
    }
    Ok(found)
}

/// If a reply lacks required members, the SDK fills them in: text with an empty string, a status with "no value
/// was set".
fn resource(summary: &StackResourceSummary) -> Option<Resource> {
    Some(Resource {
        resource_type: filled(summary.resource_type())?.to_owned(),
        logical_id: filled(summary.logical_resource_id())?.to_owned(),
        physical_id: summary
            .physical_resource_id()
            .unwrap_or_default()
            .to_owned(),
        status: summary.resource_status()?.as_str().to_owned(),
    })
}

/// Returns a required text, unless the SDK filled it in.
pub(crate) fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// Returns the template of a stack or of its change set, as literal text.
pub(crate) async fn template(
    session: &Session<'_>,
    stack: &str,
    change_set: Option<&str>,
) -> Result<Option<String>> {
    let request = session
        .clients
        .cloudformation
        .get_template()
        .stack_name(stack)
        .set_change_set_name(change_set.map(str::to_owned));
    let reply = request.template_stage(TemplateStage::Original).send().await;
    let reply = reply.map_err(aws(format!("read the template of {stack}")))?;
    Ok(reply.template_body().map(str::to_owned))
}

/// Returns the deployed template of a stack. `null` if there is none, or if it isn't JSON, and so not ours.
pub(crate) async fn template_json(session: &Session<'_>, stack: &str) -> Result<Value> {
    let text = template(session, stack, None).await?;
    let template = text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(template.unwrap_or_default())
}
