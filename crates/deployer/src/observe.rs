//! Reading a stack as it is.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::operation::describe_stacks::DescribeStacksError;
use aws_sdk_cloudformation::types::{Stack as SdkStack, TemplateStage};
use serde::Serialize;

use crate::error::{Error, Result, aws, is_passing};
use crate::session::Session;
use crate::status::Status;

/// A stack as CloudFormation describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Observed {
    /// Stack id (ARN), which also names it after its deletion.
    pub id: String,
    /// Reduced status.
    pub status: Status,
    /// CloudFormation's own word for the status.
    pub status_name: String,
    /// Reason of the status.
    pub reason: Option<String>,
    /// Whether it can't be deleted.
    pub termination_protection: bool,
    /// Outputs by key.
    pub outputs: BTreeMap<String, String>,
}

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Resource {
    /// CloudFormation's type, such as `AWS::SQS::Queue`.
    pub resource_type: String,
    /// Logical id in the template.
    pub logical_id: String,
    /// What AWS calls it; empty when it was never made.
    pub physical_id: String,
    /// CloudFormation's status.
    pub status: String,
}

/// A read that failed: for good, or so that reading again makes sense.
pub(crate) enum ReadError {
    Passing(Error),
    Final(Error),
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Passing(error) | ReadError::Final(error) => error,
        }
    }
}

/// The stack of this name or id; `None` when there is none, or when it is deleted.
///
/// # Errors
/// When CloudFormation can't be asked.
pub async fn observe(session: &Session<'_>, name_or_id: &str) -> Result<Option<Observed>> {
    Ok(read(session, name_or_id)
        .await?
        .filter(|stack| stack.status != Status::Absent))
}

pub(crate) async fn read(
    session: &Session<'_>,
    name_or_id: &str,
) -> Result<Option<Observed>, ReadError> {
    let doing = format!("describe the stack {name_or_id}");
    let reply = session
        .clients
        .cloudformation
        .describe_stacks()
        .stack_name(name_or_id)
        .send()
        .await;
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) if does_not_exist(&error) => return Ok(None),
        Err(error) if is_passing(&error) => return Err(ReadError::Passing(aws(doing)(error))),
        Err(error) => return Err(ReadError::Final(aws(doing)(error))),
    };
    let Some(stack) = reply.stacks().first() else {
        return Err(ReadError::Passing(Error::failed(format!(
            "failed to {doing}: empty reply"
        ))));
    };
    observed(stack, name_or_id).map(Some)
}

/// A truncated reply can parse without its status: that is never a settled stack, but to be read again.
fn observed(stack: &SdkStack, name_or_id: &str) -> Result<Observed, ReadError> {
    let broken = |what: &str| {
        let text = format!("failed to describe the stack {name_or_id}: the reply has {what}");
        ReadError::Passing(Error::failed(text))
    };
    let status = stack.stack_status().ok_or_else(|| broken("no status"))?;
    Ok(Observed {
        id: stack.stack_id().ok_or_else(|| broken("no id"))?.to_owned(),
        status: Status::try_from(status).map_err(|error| broken(&error.to_string()))?,
        status_name: status.as_str().to_owned(),
        reason: stack.stack_status_reason().map(str::to_owned),
        termination_protection: stack.enable_termination_protection().unwrap_or_default(),
        outputs: stack
            .outputs()
            .iter()
            .filter_map(|o| Some((o.output_key()?.to_owned(), o.output_value()?.to_owned())))
            .collect(),
    })
}

/// CloudFormation says "does not exist" with the general code `ValidationError`.
fn does_not_exist(error: &SdkError<DescribeStacksError>) -> bool {
    error.as_service_error().is_some_and(|error| {
        error.code() == Some("ValidationError")
            && error
                .message()
                .is_some_and(|text| text.contains("does not exist"))
    })
}

/// Every resource of the stack that is not deleted, sorted.
///
/// # Errors
/// When CloudFormation can't be asked.
pub async fn resources(session: &Session<'_>, name_or_id: &str) -> Result<Vec<Resource>> {
    let mut pages = session
        .clients
        .cloudformation
        .list_stack_resources()
        .stack_name(name_or_id)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(aws(format!("list the resources of {name_or_id}")))?;
        for summary in page.stack_resource_summaries() {
            let status = summary
                .resource_status()
                .map_or("", |status| status.as_str());
            if status == "DELETE_COMPLETE" {
                continue;
            }
            found.push(Resource {
                resource_type: summary.resource_type().unwrap_or_default().to_owned(),
                logical_id: summary.logical_resource_id().unwrap_or_default().to_owned(),
                physical_id: summary
                    .physical_resource_id()
                    .unwrap_or_default()
                    .to_owned(),
                status: status.to_owned(),
            });
        }
    }
    found.sort();
    Ok(found)
}

/// The template of the stack as it was deployed, word for word. `None` when there is no such stack.
///
/// # Errors
/// When CloudFormation can't be asked.
pub async fn deployed_template(session: &Session<'_>, name: &str) -> Result<Option<String>> {
    let Some(stack) = observe(session, name).await? else {
        return Ok(None);
    };
    if stack.status == Status::InReview {
        return Ok(None);
    }
    let request = session
        .clients
        .cloudformation
        .get_template()
        .stack_name(&stack.id);
    let reply = request.template_stage(TemplateStage::Original).send().await;
    let reply = reply.map_err(aws(format!("read the template of {name}")))?;
    Ok(reply.template_body().map(str::to_owned))
}
