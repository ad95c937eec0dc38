//! The task definition.

use std::time::Duration;

use adopt::live::{ContainerReading, Readings, TaskReading};
use aws_sdk_ecs::types::{ContainerDefinition, CpuArchitecture, TaskDefinition};

use crate::described::name_of;
use crate::error::{Result, aws, unless_denied};
use crate::session::Session;

use super::role;

/// Reads the task definition and the policies of its role. The readings name what these credentials can't read.
pub(super) async fn read(session: &Session<'_>, readings: &mut Readings) -> Result<()> {
    let arn = &readings.service.task_definition;
    let request = session.clients.ecs.describe_task_definition();
    let reply = request.task_definition(arn).send().await;
    let reply = reply.map_err(aws(format!(
        "describe the task definition {}",
        name_of(arn)
    )));
    match unless_denied(reply)? {
        Ok(reply) => readings.task = reply.task_definition().map(convert).unwrap_or_default(),
        Err(why) => readings.unread.push(why),
    }
    if let Some(role) = readings.task.role.clone() {
        match unless_denied(role::read_policies(session, &role).await)? {
            Ok(policies) => readings.task.role_policies = Some(policies),
            Err(why) => readings.unread.push(why),
        }
    }
    Ok(())
}

fn convert(found: &TaskDefinition) -> TaskReading {
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok());
    let platform = found.runtime_platform();
    TaskReading {
        cpu: number(found.cpu()),
        memory: number(found.memory()),
        arm: platform.and_then(|platform| platform.cpu_architecture())
            == Some(&CpuArchitecture::Arm64),
        containers: found
            .container_definitions()
            .iter()
            .map(convert_container)
            .collect(),
        role: found.task_role_arn().map(|arn| name_of(arn).to_owned()),
        role_policies: None,
    }
}

fn convert_container(found: &ContainerDefinition) -> ContainerReading {
    let environment = found.environment().iter();
    let stop_timeout = found
        .stop_timeout()
        .and_then(|timeout| u64::try_from(timeout).ok());
    ContainerReading {
        name: found.name().unwrap_or_default().to_owned(),
        image: found.image().unwrap_or_default().to_owned(),
        environment: environment
            .filter_map(|one| Some((one.name()?.to_owned(), one.value()?.to_owned())))
            .collect(),
        secrets: found
            .secrets()
            .iter()
            .map(|one| one.name().to_owned())
            .collect(),
        stop_timeout: stop_timeout.map(Duration::from_secs),
    }
}
