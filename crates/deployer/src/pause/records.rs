//! The records of pauses: parameters of Systems Manager, outside of the template.

use std::time::Duration;

use aws_sdk_ssm::operation::put_parameter::builders::PutParameterFluentBuilder;
use aws_sdk_ssm::types::{ParameterType, Tag};
use scaling::{Pause, pause_parameter, pause_path, paused_service};
use template::contract::STACK_TAG;

use crate::error::{Error, Result, aws};
use crate::session::Session;

/// The record of a service's pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PauseRecord {
    /// The service's name in the definition.
    pub(crate) service: String,
    /// The pause, which can be over. `None` if the parameter holds something else.
    pub(crate) pause: Option<Pause>,
}

impl PauseRecord {
    /// The pause, if it holds at a moment since the Unix epoch.
    pub(crate) fn holding(&self, now: Duration) -> Option<&Pause> {
        self.pause.as_ref().filter(|pause| pause.holds_at(now))
    }

    /// The service and its pause, if the parameter holds one.
    pub(super) fn known(&self) -> Option<(&str, &Pause)> {
        Some((&self.service, self.pause.as_ref()?))
    }
}

/// Reads the records of a stack's pauses, including ended ones, by the names of the services.
///
/// # Errors
/// If Systems Manager refuses or can't be reached.
pub(crate) async fn read_records(session: &Session<'_>, stack: &str) -> Result<Vec<PauseRecord>> {
    let request = session.clients.ssm.get_parameters_by_path();
    let mut pages = request
        .path(pause_path(stack))
        .recursive(true)
        .into_paginator()
        .send();
    let mut records = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(aws(format!("read which services of {stack} are paused")))?;
        records.extend(page.parameters().iter().filter_map(|parameter| {
            Some(PauseRecord {
                service: paused_service(stack, parameter.name()?)?.to_owned(),
                pause: serde_json::from_str(parameter.value().unwrap_or_default()).ok(),
            })
        }));
    }
    records.sort_by(|one, other| one.service.cmp(&other.service));
    Ok(records)
}

/// Writes the record of a pause. A new one gets the mark of its stack; tags can't be given for one that is overwritten.
pub(super) async fn write(
    session: &Session<'_>,
    stack: &str,
    service: &str,
    pause: &Pause,
) -> Result<()> {
    let failed = || aws(format!("write the pause record of {service}"));
    let value = serde_json::to_string(pause);
    let value =
        value.map_err(|error| Error::failed(format!("failed to write a pause: {error}")))?;
    let request = || -> PutParameterFluentBuilder {
        let request = session.clients.ssm.put_parameter();
        request
            .name(pause_parameter(stack, service))
            .value(&value)
            .r#type(ParameterType::String)
    };
    let tag = Tag::builder().key(STACK_TAG).value(stack).build();
    let tag = tag.map_err(|error| Error::failed(error.to_string()))?;
    let made = request()
        .description("Scaling of an ECS service is paused; recorded by ecs-scaler")
        .tags(tag)
        .send()
        .await;
    match made {
        Ok(_) => Ok(()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_parameter_already_exists()) =>
        {
            let written = request().overwrite(true).send().await;
            written.map(drop).map_err(failed())
        }
        Err(error) => Err(failed()(error)),
    }
}

/// Deletes the record of a pause. Returns whether there was one.
pub(super) async fn delete(session: &Session<'_>, stack: &str, service: &str) -> Result<bool> {
    let request = session.clients.ssm.delete_parameter();
    let sent = request.name(pause_parameter(stack, service)).send().await;
    match sent {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_parameter_not_found()) =>
        {
            Ok(false)
        }
        Err(error) => Err(aws(format!("delete the pause record of {service}"))(error)),
    }
}
