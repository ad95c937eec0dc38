//! The definition of one container of a task.

use serde_json::{Map, Value, json};
use stack::{ContainerState, HealthCheck, LogRouter, TaskContainer};

use crate::text::{Text, reference};

/// A container of a task, with its variables.
pub(super) struct ContainerParts<'a> {
    pub(super) name: &'a str,
    pub(super) task: TaskContainer<'a>,
    pub(super) environment: Value,
    /// Logical ID of the log group.
    pub(super) log_group: &'a str,
    /// The container that all others send their logs to, instead of to the log group.
    pub(super) router: Option<&'a LogRouter>,
}

impl ContainerParts<'_> {
    pub(super) fn render(&self) -> Map<String, Value> {
        let (task, container) = (self.task, self.task.container);
        let mut linux = json!({ "InitProcessEnabled": container.init });
        if let (Some(linux), false) = (linux.as_object_mut(), container.drop.is_empty()) {
            linux.insert("Capabilities".into(), json!({ "Drop": container.drop }));
        }
        let always = [
            ("Name", json!(self.name)),
            ("Image", json!(task.image)),
            ("Essential", json!(task.essential)),
            ("Environment", self.environment.clone()),
            // An init process as PID 1 forwards SIGTERM and reaps orphans. A worker that is itself PID 1 and
            // installs no handler never receives SIGTERM, and is killed while it processes a message.
            ("LinuxParameters", linux),
            ("LogConfiguration", self.render_logs()),
        ];
        let secret = |(name, from): (&String, &String)| json!({ "Name": name, "ValueFrom": from });
        let file = |arn: &String| json!({ "Type": "s3", "Value": arn });
        let limit = |(name, value): (&String, &u32)| json!({ "Name": name, "SoftLimit": value, "HardLimit": value });
        let state = |(name, state): (&String, &ContainerState)| json!({ "ContainerName": name, "Condition": condition(*state) });
        let own = container.depends_on.iter().map(state);
        // ECS adds it only to a container without other dependencies.
        let of_router = self
            .sender()
            .map(|_| json!({ "ContainerName": LogRouter::NAME, "Condition": "START" }));
        let lists: [(&str, Vec<Value>); 6] = [
            ("DependsOn", own.chain(of_router).collect()),
            (
                "Command",
                task.command.iter().map(|word| json!(word)).collect(),
            ),
            (
                "EntryPoint",
                container
                    .entrypoint
                    .iter()
                    .map(|word| json!(word))
                    .collect(),
            ),
            (
                "EnvironmentFiles",
                container.environment_files.iter().map(file).collect(),
            ),
            ("Secrets", task.secrets.iter().map(secret).collect()),
            ("Ulimits", container.ulimits.iter().map(limit).collect()),
        ];
        let given = [
            (
                "HealthCheck",
                container.health_check.as_ref().map(render_health_check),
            ),
            (
                "ReadonlyRootFilesystem",
                container.read_only.then(|| json!(true)),
            ),
            ("User", container.user.as_ref().map(|user| json!(user))),
            (
                "FirelensConfiguration",
                self.as_router().map(render_firelens),
            ),
        ];
        let lists = lists.into_iter().filter(|(_, items)| !items.is_empty());
        let lists = lists.map(|(name, items)| (name, Value::Array(items)));
        let given = given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let all = always.into_iter().chain(lists).chain(given);
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The log router, if this container is it.
    fn as_router(&self) -> Option<&LogRouter> {
        self.router.filter(|_| self.name == LogRouter::NAME)
    }

    /// The log router, if this container sends its logs there.
    fn sender(&self) -> Option<&LogRouter> {
        self.router.filter(|_| self.name != LogRouter::NAME)
    }

    fn render_logs(&self) -> Value {
        match self.sender() {
            Some(router) => render_routed(router),
            None => render_log_group(self.log_group, self.name),
        }
    }
}

/// Logs in a log group, by its logical ID; the names of the streams start with `prefix`.
pub(super) fn render_log_group(log_group: &str, prefix: &str) -> Value {
    json!({
        "LogDriver": "awslogs",
        "Options": {
            "awslogs-group": reference(log_group),
            "awslogs-region": Text::region().value(),
            "awslogs-stream-prefix": prefix,
        },
    })
}

/// Source: Amazon ECS Developer Guide, "Example Amazon ECS task definition: Route logs to FireLens".
fn render_routed(router: &LogRouter) -> Value {
    let mut logs = json!({ "LogDriver": "awsfirelens", "Options": router.options });
    let secrets = router.secrets.iter();
    let secrets = secrets.map(|(name, from)| json!({ "Name": name, "ValueFrom": from }));
    let secrets: Vec<Value> = secrets.collect();
    if let (Some(map), false) = (logs.as_object_mut(), secrets.is_empty()) {
        map.insert("SecretOptions".into(), secrets.into());
    }
    logs
}

/// Fargate supports only files in the image. Source: Amazon ECS Developer Guide, "Send Amazon ECS logs to an AWS
/// service or AWS Partner", custom configuration file.
fn render_firelens(router: &LogRouter) -> Value {
    let mut options = Map::new();
    let metadata = router.metadata.to_string();
    options.insert("enable-ecs-log-metadata".into(), metadata.into());
    if let Some(file) = &router.config {
        options.insert("config-file-type".into(), "file".into());
        options.insert("config-file-value".into(), file.as_str().into());
    }
    json!({ "Type": "fluentbit", "Options": options })
}

fn condition(state: ContainerState) -> &'static str {
    match state {
        ContainerState::Start => "START",
        ContainerState::Complete => "COMPLETE",
        ContainerState::Success => "SUCCESS",
        ContainerState::Healthy => "HEALTHY",
    }
}

fn render_health_check(check: &HealthCheck) -> Value {
    json!({
        "Command": check.command,
        "Interval": check.interval.as_secs(),
        "Timeout": check.timeout.as_secs(),
        "Retries": check.retries,
        "StartPeriod": check.start.as_secs(),
    })
}
