//! Runs commands in a running task: picks the task and opens the session. AWS's session-manager-plugin carries the
//! session.

use aws_sdk_ecs::types::{Container, DesiredStatus, Task};
use serde::Serialize;
use serde_json::{Value, json};
use template::contract::types;

use crate::deployed_services::DeployedService;
use crate::deployed_stack::DeployedStack;
use crate::described::name_of;
use crate::error::{Error, Kind, Result, aws, code};
use crate::session::Session;
use crate::tasks::read_tasks;

/// What to run, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecRequest {
    /// The service, by its name in the definition or in ECS.
    pub service: String,
    /// ID of a task, or the start of its ID. `None`: the task that has run longest.
    pub task: Option<String>,
    /// Name of a container. `None`: the service's main container.
    pub container: Option<String>,
    /// The command, as a shell would read it.
    pub command: String,
}

/// A container of a running task that can run commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExecSession {
    /// The service's name in the definition.
    pub service: String,
    /// Cluster name.
    pub cluster: String,
    /// ID of the task.
    pub task: String,
    /// Name of the container.
    pub container: String,
    /// The container's ID in its runtime, which names the session's target.
    #[serde(skip)]
    runtime_id: String,
    #[serde(skip)]
    command: String,
}

/// A session that ECS has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedExec {
    /// The session, as ECS returned it.
    response: Value,
    /// The target of the session.
    target: String,
    region: String,
}

impl OpenedExec {
    /// Returns the arguments of session-manager-plugin, in its order: session, region, operation, profile, the request
    /// that the session belongs to, and endpoint. Source: AWS CLI, `awscli/customizations/ecs/executecommand.py`.
    #[must_use]
    pub fn plugin_arguments(&self, profile: Option<&str>) -> [String; 6] {
        let endpoint = match stack::partition_of(&self.region) {
            "aws-cn" => format!("https://ecs.{}.amazonaws.com.cn", self.region),
            _ => format!("https://ecs.{}.amazonaws.com", self.region),
        };
        [
            self.response.to_string(),
            self.region.clone(),
            "StartSession".to_owned(),
            profile.unwrap_or_default().to_owned(),
            json!({ "Target": self.target }).to_string(),
            endpoint,
        ]
    }
}

/// Picks the container of a running task of the service. Changes nothing.
///
/// # Errors
/// If the stack has no such service, if the service doesn't allow commands, if no task is ready for them, or if AWS
/// can't be reached.
pub async fn pick_container(
    session: &Session<'_>,
    stack: &DeployedStack,
    request: &ExecRequest,
) -> Result<ExecSession> {
    let service = stack.find_service(&request.service)?;
    require_enabled(stack, &service)?;
    let mut tasks = read_tasks(session, &service.ecs, DesiredStatus::Running, usize::MAX).await?;
    tasks.retain(|task| task.last_status() == Some("RUNNING"));
    let container = request
        .container
        .as_deref()
        .unwrap_or(&service.name)
        .to_owned();
    let is_meant = |task: &&Task| {
        let id = name_of(task.task_arn().unwrap_or_default());
        let meant = request.task.as_deref();
        meant.is_none_or(|meant| id.starts_with(name_of(meant)))
    };
    let mut meant: Vec<&Task> = tasks.iter().filter(is_meant).collect();
    meant.sort_by_key(|task| task.started_at().map(|at| at.secs()));
    if meant.is_empty() {
        return Err(no_task(&service, request.task.as_deref()));
    }
    let ready = meant.iter().find_map(|task| {
        let container = find_container(task, &container)?;
        is_agent_running(container).then_some((task, container))
    });
    let Some((task, found)) = ready else {
        return Err(not_ready(&meant, &service, &container));
    };
    Ok(ExecSession {
        service: service.name,
        cluster: service.ecs.cluster,
        task: name_of(task.task_arn().unwrap_or_default()).to_owned(),
        container,
        runtime_id: found.runtime_id().unwrap_or_default().to_owned(),
        command: request.command.clone(),
    })
}

/// Opens the session in ECS, which runs the command.
///
/// # Errors
/// If ECS refuses or can't be reached.
pub async fn open_exec(session: &Session<'_>, exec: &ExecSession) -> Result<OpenedExec> {
    let request = session.clients.ecs.execute_command();
    let reply = request
        .cluster(&exec.cluster)
        .task(&exec.task)
        .container(&exec.container)
        .command(&exec.command)
        .interactive(true)
        .send()
        .await;
    let doing = format!("run a command in the task {}", exec.task);
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) if code(&error) == "TargetNotConnectedException" => {
            let error: Error = aws(doing)(error);
            return Err(error.hint(
                "the task can't reach Systems Manager: its network needs a way to `ssmmessages`, and its task role \
                 ssmmessages:CreateControlChannel, CreateDataChannel, OpenControlChannel, and OpenDataChannel",
            ));
        }
        Err(error) => return Err(aws(doing)(error)),
    };
    let opened = reply.session();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Ok(OpenedExec {
        response: json!({
            "sessionId": text(opened.and_then(|one| one.session_id())),
            "streamUrl": text(opened.and_then(|one| one.stream_url())),
            "tokenValue": text(opened.and_then(|one| one.token_value())),
        }),
        target: format!("ecs:{}_{}_{}", exec.cluster, exec.task, exec.runtime_id),
        region: session.clients.region().to_owned(),
    })
}

fn require_enabled(stack: &DeployedStack, service: &DeployedService) -> Result<()> {
    let Some(id) = &service.logical_id else {
        return Err(Error::refused(format!(
            "{} is an existing service, which the stack {} only scales",
            service.name, stack.stack.name
        ))
        .hint("use `aws ecs execute-command`, if its owner has turned ECS Exec on"));
    };
    if stack.find(types::SERVICE, id).is_some()
        && stack.property(id, "EnableExecuteCommand") == true
    {
        return Ok(());
    }
    let name = &service.name;
    Err(
        Error::refused(format!("commands can't be run in the tasks of {name}")).hint(format!(
            "set `services.{name}.exec: true` and deploy it: that replaces the tasks, because ECS starts its agent with a task"
        )),
    )
}

fn find_container<'a>(task: &'a Task, name: &str) -> Option<&'a Container> {
    let mut containers = task.containers().iter();
    containers.find(|container| container.name() == Some(name))
}

fn is_agent_running(container: &Container) -> bool {
    let mut agents = container.managed_agents().iter();
    agents.any(|agent| agent.last_status() == Some("RUNNING")) && container.runtime_id().is_some()
}

fn no_task(service: &DeployedService, meant: Option<&str>) -> Error {
    let name = &service.name;
    match meant {
        Some(task) => {
            let error = format!("{name} has no running task {task}");
            Error::new(Kind::Usage, error)
        }
        None => Error::failed(format!("no task of {name} is running")),
    }
}

fn not_ready(tasks: &[&Task], service: &DeployedService, container: &str) -> Error {
    let known = tasks.iter().flat_map(|task| task.containers());
    let mut known: Vec<&str> = known.filter_map(Container::name).collect();
    known.sort_unstable();
    known.dedup();
    if !known.contains(&container) {
        let error = format!(
            "the tasks of {} have no container {container}",
            service.name
        );
        return Error::new(Kind::Usage, error).hint(format!("they have: {}", known.join(", ")));
    }
    Error::failed(format!(
        "ECS Exec's agent isn't running in any task of {} yet",
        service.name
    ))
    .hint("tasks that started before `exec: true` was deployed don't have the agent; in a new task, it takes a few seconds to start")
}
