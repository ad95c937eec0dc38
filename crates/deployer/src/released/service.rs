//! What a service that stays uses of a stack that doesn't.

use aws_sdk_ecs::types::{LogConfiguration, Service, TaskDefinition};
use serde_json::Value;
use template::contract::{read_imported, types};

use crate::described::{cluster_of, describe_by_arn, name_of, service_connect_of};
use crate::error::{Error, Result, aws};
use crate::resource::Resource;
use crate::session::Session;
use crate::targets::physical_ids;

/// The part of a service that names another resource, in the order of the hints.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    TaskDefinition,
    Network,
    LoadBalancers,
    Alarms,
    ServiceConnect,
}

/// CloudFormation's type, and its name in a sentence.
type Kind = (&'static str, &'static str);

const ALARM: Kind = (types::ALARM, "alarm");
const LOG_GROUP: Kind = (types::LOG_GROUP, "log group");
const ROLE: Kind = (types::ROLE, "role");
const SECURITY_GROUP: Kind = ("AWS::EC2::SecurityGroup", "security group");
const SUBNET: Kind = ("AWS::EC2::Subnet", "subnet");
const TARGET_GROUP: Kind = (types::TARGET_GROUP, "target group");
const TASK_DEFINITION: Kind = (types::TASK_DEFINITION, "task definition");

/// A reference to a resource, by the ID that CloudFormation knows it by.
struct Use {
    part: Part,
    kind: Kind,
    id: String,
}

/// A service that stays, and what it uses of what doesn't.
pub(super) struct Bound<'r> {
    pub(super) service: &'r Resource,
    /// The task definition that it runs.
    runs: Option<String>,
    uses: Vec<(Use, &'r Resource)>,
}

/// Finds a service that stays, and uses a resource that doesn't.
pub(super) async fn find<'r>(
    session: &Session<'_>,
    doomed: &'r [Resource],
    released: &'r [Resource],
) -> Result<Option<Bound<'r>>> {
    let running = describe_by_arn(session, physical_ids(released, types::SERVICE)).await?;
    for service in released {
        let live = running.get(&service.physical_id);
        let Some(live) = live.filter(|live| live.status() != Some("INACTIVE")) else {
            continue;
        };
        let mut uses = list_own(live);
        let runs = live.task_definition().map(str::to_owned);
        let is_doomed =
            |arn: &str| physical_ids(doomed, types::TASK_DEFINITION).any(|id| id == arn);
        // The stack's own task definition stands for what it references.
        if let Some(arn) = runs.as_deref().filter(|arn| !is_doomed(arn))
            && let Some(definition) = read_definition(session, arn).await?
        {
            uses.extend(list_referenced(&definition));
        }
        let uses: Vec<_> = uses
            .into_iter()
            .filter_map(|used| {
                let is_it = |one: &&Resource| {
                    one.resource_type == used.kind.0 && one.physical_id == used.id
                };
                let found = doomed.iter().find(is_it)?;
                Some((used, found))
            })
            .collect();
        if !uses.is_empty() {
            return Ok(Some(Bound {
                service,
                runs,
                uses,
            }));
        }
    }
    Ok(None)
}

/// Returns `None` for a task definition that doesn't exist anymore.
async fn read_definition(session: &Session<'_>, arn: &str) -> Result<Option<TaskDefinition>> {
    let request = session.clients.ecs.describe_task_definition();
    match request.task_definition(arn).send().await {
        Ok(reply) => Ok(reply.task_definition),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_client_exception()) =>
        {
            Ok(None)
        }
        Err(error) => Err(aws(format!("read the task definition {}", name_of(arn)))(
            error,
        )),
    }
}

/// What a service itself names.
fn list_own(service: &Service) -> Vec<Use> {
    let mut uses = Vec::new();
    let mut add = |part, kind, id: Option<&str>| {
        let id = id.map(str::to_owned);
        uses.extend(id.map(|id| Use { part, kind, id }));
    };
    add(
        Part::TaskDefinition,
        TASK_DEFINITION,
        service.task_definition(),
    );
    let network = service.network_configuration();
    if let Some(network) = network.and_then(|network| network.awsvpc_configuration()) {
        for group in network.security_groups() {
            add(Part::Network, SECURITY_GROUP, Some(group));
        }
        for subnet in network.subnets() {
            add(Part::Network, SUBNET, Some(subnet));
        }
    }
    for balancer in service.load_balancers() {
        add(
            Part::LoadBalancers,
            TARGET_GROUP,
            balancer.target_group_arn(),
        );
        if let Some(advanced) = balancer.advanced_configuration() {
            let alternate = advanced.alternate_target_group_arn();
            add(Part::LoadBalancers, TARGET_GROUP, alternate);
            add(Part::LoadBalancers, ROLE, advanced.role_arn().map(name_of));
        }
    }
    let alarms = service.deployment_configuration();
    if let Some(alarms) = alarms.and_then(|deployment| deployment.alarms()) {
        for name in alarms.alarm_names() {
            add(Part::Alarms, ALARM, Some(name));
        }
    }
    let log = service_connect_of(service).and_then(|connect| connect.log_configuration());
    add(Part::ServiceConnect, LOG_GROUP, log.and_then(log_group));
    uses
}

/// What a task definition names.
fn list_referenced(definition: &TaskDefinition) -> impl Iterator<Item = Use> {
    let roles = [definition.task_role_arn(), definition.execution_role_arn()];
    let roles = roles.into_iter().flatten();
    let roles = roles.map(|arn| (ROLE, name_of(arn)));
    let logs = definition.container_definitions().iter();
    let logs = logs.filter_map(|container| log_group(container.log_configuration()?));
    let logs = logs.map(|name| (LOG_GROUP, name));
    roles.chain(logs).map(|(kind, id)| Use {
        part: Part::TaskDefinition,
        kind,
        id: id.to_owned(),
    })
}

/// The log group of the `awslogs` driver, or of Fluent Bit's output `cloudwatch_logs`.
fn log_group(log: &LogConfiguration) -> Option<&str> {
    let options = log.options()?;
    let group = options.get("awslogs-group");
    let group = group.or_else(|| options.get("log_group_name"));
    group.map(String::as_str)
}

impl Bound<'_> {
    /// `deployed`: the service in the deployed template.
    pub(super) fn refuse(&self, deployed: &Value) -> Error {
        let mut names: Vec<String> = self
            .uses
            .iter()
            .map(|(used, found)| {
                let (_, word) = used.kind;
                format!("the {word} {} ({})", found.logical_id, found.physical_id)
            })
            .collect();
        names.sort();
        names.dedup();
        let mut parts: Vec<Part> = self.uses.iter().map(|(used, _)| used.part).collect();
        parts.sort_unstable();
        parts.dedup();
        let refusal = Error::refused(format!(
            "{} was imported and stays, but it uses parts of the stack that would be deleted: {}",
            self.service.logical_id,
            names.join(", ")
        ));
        let hints = parts.into_iter().map(|part| self.hint(part, deployed));
        hints
            .fold(refusal, Error::hint)
            .hint("wait until all its tasks are new ones, then destroy")
    }

    /// Returns how to take a part of the stack out of the service.
    ///
    /// Source: AWS CLI Command Reference, `ecs update-service`.
    fn hint(&self, part: Part, deployed: &Value) -> String {
        let (purpose, option) = match part {
            Part::TaskDefinition => {
                let before = read_imported(deployed, "TaskDefinition").and_then(Value::as_str);
                let runs = self.runs.as_deref();
                match before.filter(|before| Some(*before) != runs) {
                    Some(before) => (
                        "to let it run what it ran before, first",
                        format!("--task-definition {before}"),
                    ),
                    None => (
                        "to let it run a task definition without parts of the stack, first",
                        "--task-definition FAMILY:REVISION".to_owned(),
                    ),
                }
            }
            Part::Network => (
                "to give it other security groups or subnets, first",
                "--network-configuration 'awsvpcConfiguration={subnets=[SUBNET],securityGroups=[GROUP]}'"
                    .to_owned(),
            ),
            Part::LoadBalancers => (
                "to take it off the stack's load balancer, first",
                "--load-balancers '[]'".to_owned(),
            ),
            Part::Alarms => (
                "to let the stack's alarms no longer roll its deployments back, first",
                "--deployment-configuration 'alarms={alarmNames=[],enable=false,rollback=false}'"
                    .to_owned(),
            ),
            Part::ServiceConnect => (
                "to give its Service Connect proxy another log group, first",
                "--service-connect-configuration file://connect.json".to_owned(),
            ),
        };
        let arn = &self.service.physical_id;
        format!(
            "{purpose}: aws ecs update-service --cluster {} --service {} {option}",
            cluster_of(arn),
            name_of(arn)
        )
    }
}
