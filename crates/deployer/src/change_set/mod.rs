//! Change sets: created, read as a [`Plan`], executed, or deleted.

mod discard;
mod execute;
mod expendable;
mod list;
mod settle;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::operation::create_change_set::builders::CreateChangeSetFluentBuilder;
use aws_sdk_cloudformation::operation::describe_change_set::{
    DescribeChangeSetError, DescribeChangeSetOutput,
};
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetType, DeploymentMode, Parameter, ResourceToImport, Tag,
};
use serde::Serialize;
use serde_json::Value;
use template::contract::STACK_TAG;

use crate::error::{Kind, Result, aws, code, text};
use crate::explanation::Explanation;
use crate::plan::Plan;
use crate::reviewed::Reviewed;
use crate::session::{DraftHold, Session};

use settle::{Draft, Unsettled};

pub(crate) use discard::{abandon, discard};
pub(crate) use execute::{Execution, execute};
pub(crate) use expendable::mark_expendable;
pub(crate) use list::{list, tags_of};

/// A template and the rest of a change set's input.
#[derive(Clone, Debug)]
pub struct Source {
    /// The stack's name.
    pub stack: String,
    /// Location of the template for CloudFormation.
    pub template: TemplateSource,
    /// Parameters by name.
    pub parameters: BTreeMap<String, String>,
    /// Tags of the stack.
    pub tags: BTreeMap<String, String>,
    /// Type of each resource in the template, by logical ID.
    pub resources: BTreeMap<String, String>,
    /// Names that the template itself gives to each resource, by logical ID. AWS generates all others.
    pub names: BTreeMap<String, BTreeSet<String>>,
    /// Logical IDs of the queues whose retention gets shorter.
    pub shortened_queues: Vec<String>,
    /// Logical IDs of the resources that stay in AWS if they leave the stack.
    pub retained: BTreeSet<String>,
    /// Existing resources that become the stack's. Then the change set changes nothing else.
    pub imports: Vec<Import>,
    /// Explains its plan.
    pub explanation: Explanation,
    /// The reviewed plan, if any. No other plan is executed.
    pub reviewed: Option<Arc<Reviewed>>,
}

impl Source {
    /// Creates the source of a stack with our mark, from a template that fits into a request.
    #[must_use]
    pub fn inline(stack: &str, template: &Value) -> Self {
        Self::new(
            stack,
            template,
            TemplateSource::Inline(template.to_string()),
        )
    }

    /// Creates the source of a stack with our mark, from a template that CloudFormation reads from `found`.
    pub(crate) fn new(stack: &str, template: &Value, found: TemplateSource) -> Self {
        let resources = || template["Resources"].as_object().into_iter().flatten();
        let kind = |(id, resource): (&String, &Value)| {
            let kind = resource.get("Type").and_then(Value::as_str)?;
            Some((id.clone(), kind.to_owned()))
        };
        let names = resources().map(|(id, resource)| (id.clone(), list_names(resource)));
        Self {
            stack: stack.to_owned(),
            template: found,
            parameters: BTreeMap::new(),
            tags: BTreeMap::from([(STACK_TAG.to_owned(), stack.to_owned())]),
            resources: resources().filter_map(kind).collect(),
            names: names.collect(),
            shortened_queues: Vec::new(),
            retained: BTreeSet::new(),
            imports: Vec::new(),
            explanation: Explanation::default(),
            reviewed: None,
        }
    }
}

/// The texts of the properties that are called `Name`, `QueueName`, and so on.
fn list_names(resource: &Value) -> BTreeSet<String> {
    let properties = resource["Properties"].as_object().into_iter().flatten();
    let named = properties.filter(|(property, _)| property.ends_with("Name"));
    named
        .filter_map(|(_, name)| Some(name.as_str()?.to_owned()))
        .collect()
}

/// An existing resource that becomes the stack's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Import {
    /// Logical ID in the template.
    pub logical_id: String,
    /// CloudFormation's type.
    pub resource_type: String,
    /// The properties that identify the resource, and their values.
    pub identifier: BTreeMap<String, String>,
}

impl Import {
    fn to_sdk(&self) -> ResourceToImport {
        ResourceToImport::builder()
            .logical_resource_id(&self.logical_id)
            .resource_type(&self.resource_type)
            .set_resource_identifier(Some(self.identifier.clone().into_iter().collect()))
            .build()
    }
}

/// Location of a template for CloudFormation.
#[derive(Clone, Debug)]
pub enum TemplateSource {
    /// In the request itself, at most 51,200 bytes.
    Inline(String),
    /// In the assets bucket.
    Url(String),
}

/// A change set that CloudFormation has completed.
#[derive(Clone, Debug)]
pub(crate) struct ChangeSet {
    pub id: String,
    pub stack_id: String,
    pub plan: Plan,
    /// Whether CloudFormation keeps its changes if the execution fails. Required for an update of a stack whose
    /// last operation failed without a rollback.
    pub keeps_on_failure: bool,
    /// Held until the change set is executed or deleted.
    pub hold: Arc<DraftHold>,
    /// Whether it also reverts manual changes.
    pub reverts_drift: bool,
}

/// The result of an attempt to plan.
#[derive(Debug)]
pub(crate) enum Planned {
    /// A change set to show.
    Ready(ChangeSet),
    /// The stack already matches the template.
    NoChange,
    /// Another user changed, created, or deleted the stack in the meantime, according to this text from AWS. Plan
    /// again.
    Overtaken(String),
}

/// Creates a change set and waits until CloudFormation has completed it.
pub(crate) async fn create(
    session: &Session<'_>,
    source: &Source,
    creates_stack: bool,
) -> Result<Planned> {
    create_in_mode(session, source, creates_stack, None).await
}

/// Creates a change set that updates the stack and reverts manual changes. An emulator that doesn't support such
/// change sets creates a plain one, without `reverts_drift`.
pub(crate) async fn create_reverting_drift(
    session: &Session<'_>,
    source: &Source,
) -> Result<Planned> {
    match create_in_mode(session, source, false, Some(DeploymentMode::RevertDrift)).await {
        Err(error) if error.kind() == Kind::Failed => {
            session.note(format!("no drift-aware change set: {error}"));
            create(session, source, false).await
        }
        other => other,
    }
}

async fn create_in_mode(
    session: &Session<'_>,
    source: &Source,
    creates_stack: bool,
    mode: Option<DeploymentMode>,
) -> Result<Planned> {
    let token = session.token();
    let hold = Arc::new(session.hold_draft());
    let name = match build_request(session, source, &token, creates_stack)
        .set_deployment_mode(mode)
        .send()
        .await
    {
        Ok(reply) => reply.id().unwrap_or(&token).to_owned(),
        Err(error) if is_overtaken(text(&error)) => {
            return Ok(Planned::Overtaken(text(&error).to_owned()));
        }
        // Only this run uses the name, so the first reply was lost and the SDK repeated the call.
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
        hold,
    };
    match draft.settle().await {
        Err(Unsettled::Gone) => Ok(Planned::Overtaken(format!(
            "the change set {name} was removed"
        ))),
        Err(Unsettled::Failed(error)) => Err(error),
        Ok(Planned::Ready(mut change_set)) => {
            change_set.plan.mark_shortened(&source.shortened_queues);
            change_set.plan.mark_released(&source.retained);
            change_set.plan.explain(&source.explanation);
            mark_expendable(session, &change_set.stack_id, &mut change_set.plan).await;
            Ok(Planned::Ready(change_set))
        }
        Ok(planned) => Ok(planned),
    }
}

fn build_request(
    session: &Session<'_>,
    source: &Source,
    token: &str,
    creates_stack: bool,
) -> CreateChangeSetFluentBuilder {
    let imports: Vec<_> = source.imports.iter().map(Import::to_sdk).collect();
    let kind = match (imports.is_empty(), creates_stack) {
        (false, _) => ChangeSetType::Import,
        (true, true) => ChangeSetType::Create,
        (true, false) => ChangeSetType::Update,
    };
    let request = session
        .clients
        .cloudformation
        .create_change_set()
        .stack_name(&source.stack)
        .change_set_name(token)
        .client_token(token)
        .change_set_type(kind)
        .set_resources_to_import(Some(imports).filter(|imports| !imports.is_empty()))
        .set_role_arn(session.role_arn.clone())
        .capabilities(Capability::CapabilityIam)
        .capabilities(Capability::CapabilityNamedIam)
        .set_parameters(Some(convert_parameters(&source.parameters)))
        .set_tags(Some(convert_tags(&source.tags)));
    match &source.template {
        TemplateSource::Inline(body) => request.template_body(body),
        TemplateSource::Url(url) => request.template_url(url),
    }
}

fn convert_parameters(values: &BTreeMap<String, String>) -> Vec<Parameter> {
    let parameter = |(key, value): (&String, &String)| {
        Parameter::builder()
            .parameter_key(key)
            .parameter_value(value)
            .build()
    };
    values.iter().map(parameter).collect()
}

fn convert_tags(values: &BTreeMap<String, String>) -> Vec<Tag> {
    values
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

/// Whether this text from AWS means that the stack has changed since the request: it was created or deleted, or
/// an operation is in progress.
pub(crate) fn is_overtaken(text: &str) -> bool {
    // "Stack [NAME] …" and "Stack:ARN is in … state"; S3 also returns "does not exist" for a template.
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
    // An ID (ARN) identifies its stack; a name doesn't.
    let request = if name.starts_with("arn:") {
        request
    } else {
        request.stack_name(stack)
    };
    request.set_next_token(page).send().await
}

/// Whether the change set was deleted, alone or with its stack.
pub(crate) fn is_not_found<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    matches!(
        code(error),
        "ChangeSetNotFound" | "ChangeSetNotFoundException"
    ) || (code(error) == "ValidationError" && is_overtaken(text(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

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
