//! The reach of a policy: the names and ARNs of one stack, or placeholders for any.

use std::collections::BTreeSet;

use serde_json::Value;
use stack::{
    EcrImage, Permission, PermissionStatement, Queue, Service, ServiceSource, ServiceSpec, Stack,
};

use super::handlers::HANDLERS;
use crate::builder::Template;
use crate::contract::{self, types};
use crate::names;
use crate::resolved::queue_names::STACK_SUFFIX;
use crate::services::destinations::key_of;
use crate::services::secrets::{secret_itself, secrets_of};
use crate::services::task_roles::files_of;

/// Characters of the stack's name, and of a logical ID, that CloudFormation keeps in every name that it generates.
/// It cuts long names; the shortest limit of the types here is 64 characters.
const KEPT: usize = 20;
/// More roles than this are only named by the stack's name, so that the policies stay small.
const MOST_ROLES: usize = 12;

/// Names and ARNs, as IAM patterns.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) partition: String,
    pub(super) region: String,
    pub(super) account: String,
    /// The stack's name.
    pub(super) stack: String,
    /// Names that CloudFormation generates from the stack's name.
    pub(super) names: String,
    pub(super) roles: Vec<String>,
    /// ARN of the role by which schedules end a pause.
    pub(super) pause_role: String,
    pub(super) boundary: Option<String>,
    /// Queues of the stack.
    pub(super) queues: Vec<String>,
    /// The ones that are dead-letter queues.
    pub(super) dead_letters: Vec<String>,
    /// The ones that have a dead-letter queue.
    pub(super) sources: Vec<String>,
    /// ARNs of the keys that encrypt both.
    pub(super) queue_keys: Vec<String>,
    /// Functions with a dead-letter queue.
    pub(super) failing: Vec<String>,
    /// ARNs of existing queues.
    pub(super) existing_queues: Vec<String>,
    /// ARNs of queues outside of the definition that tasks send to.
    pub(super) sent_queues: Vec<String>,
    /// Whether tasks send to queues that KMS keys encrypt.
    pub(super) encrypts: bool,
    /// IDs of file systems that tasks mount.
    pub(super) file_systems: Vec<String>,
    /// Whether commands can be run in tasks whose role the stack creates.
    pub(super) exec: bool,
    /// Whether commands can be run in tasks.
    pub(super) execs: bool,
    /// Whether a function scales services, by demand or by alarms.
    pub(super) has_scaling_function: bool,
    /// Whether the metric function measures.
    pub(super) measures: bool,
    /// Whether a deploy or a pause registers a scalable target itself: its bounds, or its suspensions.
    pub(super) holds_scaling: bool,
    /// Whether functions read their services from the assets bucket.
    pub(super) reads_fleet: bool,
    /// ARNs of topics that tasks publish to.
    pub(super) published: Vec<String>,
    /// ARNs of topics that schedules publish to.
    pub(super) reminded: Vec<String>,
    /// ARNs of existing topics that the queues subscribe to.
    pub(super) topics: Vec<String>,
    /// ARNs of repositories elsewhere in which a deploy resolves tags.
    pub(super) repositories: Vec<String>,
    /// Clusters of the stack.
    pub(super) clusters: Vec<String>,
    /// Existing clusters.
    pub(super) existing_clusters: Vec<String>,
    /// ARNs of namespaces of Service Connect.
    pub(super) namespaces: Vec<String>,
    /// Services of the stack, as `CLUSTER/SERVICE`.
    pub(super) services: Vec<String>,
    /// Existing services, as `CLUSTER/SERVICE`.
    pub(super) existing_services: Vec<String>,
    /// ARNs of secrets and parameters that the tasks are started with.
    pub(super) secrets: Vec<String>,
    /// ARNs of environment files that the tasks are started with.
    pub(super) environment_files: Vec<String>,
    /// ARNs of existing roles that the tasks have.
    pub(super) existing_roles: Vec<String>,
    /// ARNs of existing policies that the tasks' roles have.
    pub(super) policies: Vec<String>,
    /// The permissions that the definition itself grants the tasks.
    pub(super) granted: Vec<PermissionStatement>,
    /// Namespace of the functions' metrics.
    pub(super) namespace: String,
    /// Whether functions run in a VPC.
    pub(super) connects: bool,
    /// Whether X-Ray traces functions.
    pub(super) traces: bool,
    /// ARNs of keys that AWS uses for the stack.
    pub(super) keys: Vec<String>,
    /// Name of an existing bucket for the functions' code.
    bucket: Option<String>,
    /// ARN of the parameter with the instances' image, if it isn't AWS's.
    pub(super) image: Option<String>,
    /// IDs of existing VPCs in which the stack creates security groups.
    pub(super) vpcs: Vec<String>,
    /// Actions that the handlers of the stack's resource types need.
    pub(super) handlers: BTreeSet<&'static str>,
}

/// Whether a service has a scalable target, or can have another owner's target. That one is then suspended, or
/// resumed by a policy that only observes.
fn holds_scaling(service: &Service) -> bool {
    let existing = matches!(service.source, ServiceSource::Existing { .. });
    service.has_scalable_target() || existing && service.scaling.is_some()
}

impl Scope {
    /// Placeholders in capital letters, and every resource type.
    pub(super) fn any() -> Self {
        let text = str::to_owned;
        Self {
            partition: text("aws"),
            region: text("REGION"),
            account: text("ACCOUNT"),
            stack: text("STACKS*"),
            names: text("STACKS*"),
            roles: vec![text("STACKS*")],
            pause_role: text("arn:aws:iam::ACCOUNT:role/STACKS*"),
            boundary: Some(text("arn:aws:iam::ACCOUNT:policy/BOUNDARY")),
            queues: vec![
                text("QUEUE-????????"),
                text("QUEUE-dead-letter-????????"),
                text("STACKS*"),
            ],
            dead_letters: vec![text("QUEUE-dead-letter-????????"), text("STACKS*")],
            sources: vec![text("QUEUE-????????")],
            queue_keys: vec![text("arn:aws:kms:REGION:ACCOUNT:key/KEY")],
            failing: vec![text("STACKS*")],
            existing_queues: vec![text("arn:aws:sqs:REGION:ACCOUNT:EXISTING_QUEUE")],
            sent_queues: Vec::new(),
            encrypts: true,
            file_systems: vec![text("FILE_SYSTEM")],
            exec: true,
            execs: true,
            has_scaling_function: true,
            measures: true,
            holds_scaling: true,
            reads_fleet: true,
            published: vec![text("arn:aws:sns:REGION:ACCOUNT:EXISTING_TOPIC")],
            reminded: vec![text("arn:aws:sns:REGION:ACCOUNT:STACKS*")],
            topics: vec![text("arn:aws:sns:REGION:ACCOUNT:EXISTING_TOPIC")],
            repositories: Vec::new(),
            clusters: vec![text("STACKS*")],
            existing_clusters: vec![text("EXISTING_CLUSTER")],
            namespaces: vec![text(
                "arn:aws:servicediscovery:REGION:ACCOUNT:namespace/NAMESPACE",
            )],
            services: vec![text("STACKS*/STACKS*"), text("EXISTING_CLUSTER/STACKS*")],
            existing_services: vec![text("EXISTING_CLUSTER/EXISTING_SERVICE")],
            secrets: vec![
                text("arn:aws:secretsmanager:REGION:ACCOUNT:secret:SECRET"),
                text("arn:aws:ssm:REGION:ACCOUNT:parameter/PARAMETER"),
            ],
            environment_files: vec![text("arn:aws:s3:::BUCKET/FILE.env")],
            existing_roles: vec![text("arn:aws:iam::ACCOUNT:role/EXISTING_ROLE")],
            policies: vec![text("arn:aws:iam::ACCOUNT:policy/EXISTING_POLICY")],
            granted: Vec::new(),
            namespace: text("EcsScaler"),
            keys: vec![text("arn:aws:kms:REGION:ACCOUNT:key/KEY")],
            connects: true,
            traces: true,
            bucket: None,
            image: None,
            vpcs: vec![text("VPC")],
            handlers: HANDLERS
                .iter()
                .flat_map(|(_, actions)| *actions)
                .copied()
                .collect(),
        }
    }

    /// The content of the stack's template. Region and account are placeholders if the definition doesn't set them.
    pub(super) fn of(stack: &Stack, template: &Template) -> Self {
        let region = stack.region.clone().unwrap_or_else(|| "REGION".into());
        let account = stack.account.clone().unwrap_or_else(|| "ACCOUNT".into());
        let kinds: BTreeSet<&str> = template.resources().map(|(_, kind)| kind).collect();
        let handlers = HANDLERS.iter().filter(|(kind, _)| kinds.contains(kind));
        let mut scope = Self {
            partition: stack::partition_of(&region).to_owned(),
            region,
            account,
            stack: stack.name.clone(),
            names: generated_names(&stack.name),
            roles: Vec::new(),
            pause_role: String::new(),
            boundary: stack.permissions_boundary.clone(),
            queues: Vec::new(),
            dead_letters: Vec::new(),
            sources: Vec::new(),
            queue_keys: Vec::new(),
            failing: Vec::new(),
            existing_queues: Vec::new(),
            sent_queues: Vec::new(),
            encrypts: false,
            file_systems: Vec::new(),
            exec: false,
            execs: false,
            has_scaling_function: template
                .resources()
                .any(|(id, _)| id.contains(&names::demand_function(1))),
            measures: template
                .resources()
                .any(|(id, _)| id == names::METRIC_FUNCTION),
            holds_scaling: stack.services.values().any(holds_scaling),
            reads_fleet: !template.objects().is_empty(),
            published: Vec::new(),
            reminded: Vec::new(),
            topics: Vec::new(),
            repositories: Vec::new(),
            clusters: Vec::new(),
            existing_clusters: Vec::new(),
            namespaces: Vec::new(),
            services: Vec::new(),
            existing_services: Vec::new(),
            secrets: Vec::new(),
            environment_files: Vec::new(),
            existing_roles: Vec::new(),
            policies: Vec::new(),
            granted: Vec::new(),
            namespace: stack.metric.namespace.clone(),
            keys: Vec::new(),
            connects: stack.metric.vpc.is_some(),
            traces: stack.metric.tracing,
            bucket: stack.assets_bucket.clone(),
            image: None,
            vpcs: Vec::new(),
            handlers: handlers
                .flat_map(|(_, actions)| *actions)
                .copied()
                .collect(),
        };
        scope.add_existing(stack);
        scope.add_created(template.to_json());
        scope
    }

    fn add_existing(&mut self, stack: &Stack) {
        let common = [&stack.key, &stack.log_key];
        self.keys.extend(common.into_iter().flatten().cloned());
        for queue in stack.queues.values() {
            match queue {
                Queue::Existing(queue) => self.existing_queues.push(queue.arn.clone()),
                Queue::Create(_) => self.keys.extend(key_of(queue).map(str::to_owned)),
            }
        }
        if let stack::Cluster::Existing { name } = &stack.cluster {
            self.existing_clusters.push(name.clone());
        }
        if let Some(parameter) = stack.cluster.image().filter(|image| image.starts_with('/')) {
            self.image = Some(self.parameter(parameter));
        }
        for service in stack.services.values() {
            if let ServiceSource::Existing { cluster, service } = &service.source {
                self.existing_clusters.push(cluster.clone());
                self.existing_services.push(format!("{cluster}/{service}"));
            }
            if let ServiceSource::Create(spec) = &service.source {
                self.add_tasks(stack, spec);
            }
        }
        for list in [
            &mut self.existing_clusters,
            &mut self.namespaces,
            &mut self.secrets,
            &mut self.environment_files,
            &mut self.existing_roles,
            &mut self.policies,
            &mut self.sent_queues,
            &mut self.published,
            &mut self.repositories,
            &mut self.file_systems,
            &mut self.keys,
        ] {
            list.sort();
            list.dedup();
        }
    }

    /// The existing resources that a service's tasks use. The boundary is for the stack's own roles.
    fn add_tasks(&mut self, stack: &Stack, spec: &ServiceSpec) {
        if spec.execution_role.is_none() {
            let secrets = secrets_of(spec).map(|secret| match secret.strip_prefix('/') {
                Some(name) => self.arn("ssm", &format!("parameter/{name}")),
                None => secret_itself(secret),
            });
            let secrets: Vec<String> = secrets.collect();
            self.secrets.extend(secrets);
            let files = files_of(spec).map(str::to_owned);
            self.environment_files.extend(files);
        }
        let resolved = spec.containers().filter(|one| one.container.resolve_digest);
        let images = resolved.filter_map(|one| EcrImage::parse(one.image));
        let is_elsewhere = |image: &EcrImage<'_>| {
            (image.account, image.region) != (self.account.as_str(), self.region.as_str())
        };
        let arn = |image: EcrImage<'_>| {
            let (region, account, name) = (image.region, image.account, image.repository);
            let partition = &self.partition;
            format!("arn:{partition}:ecr:{region}:{account}:repository/{name}")
        };
        let elsewhere: Vec<String> = images.filter(is_elsewhere).map(arn).collect();
        self.repositories.extend(elsewhere);
        let others = spec.sends.iter().filter(|name| name.starts_with("arn:"));
        self.sent_queues.extend(others.cloned());
        let mut sent = spec.sends.iter().filter_map(|name| stack.queues.get(name));
        self.encrypts |= sent.any(|queue| key_of(queue).is_some());
        self.namespaces.extend(spec.service_connect.clone());
        self.exec |= spec.exec && spec.task_role.is_none();
        self.execs |= spec.exec;
        self.published.extend(spec.publishes.iter().cloned());
        if spec.task_role.is_none() {
            let systems = spec
                .volumes
                .values()
                .filter_map(|volume| volume.efs.as_ref());
            self.file_systems.extend(systems.map(|efs| efs.id.clone()));
        }
        let roles = [&spec.task_role, &spec.execution_role];
        self.existing_roles
            .extend(roles.into_iter().flatten().cloned());
        let permissions = spec.permissions.iter();
        let policies = permissions.clone().filter_map(Permission::policy);
        self.policies.extend(policies.map(str::to_owned));
        let statements = permissions.filter_map(Permission::statement);
        self.granted.extend(statements.cloned());
    }

    fn add_created(&mut self, template: &Value) {
        let stack = self.stack.clone();
        let name = |id: &str, given: &Value| match given.as_str() {
            Some(name) => name.to_owned(),
            None => generated_name(&stack, id),
        };
        for (id, resource) in template["Resources"].as_object().into_iter().flatten() {
            let properties = &resource["Properties"];
            match resource["Type"].as_str().unwrap_or_default() {
                types::ROLE => {
                    let path = properties["Path"].as_str().unwrap_or_default();
                    let name = generated_name(&stack, id);
                    let name = format!("{}{name}", path.trim_start_matches('/'));
                    if id == names::PAUSE_ROLE {
                        self.pause_role = self.global("iam", &format!("role/{name}"));
                    }
                    self.roles.push(name);
                }
                types::QUEUE => {
                    let queue = queue_name(&properties["QueueName"]);
                    let queue = queue.unwrap_or_else(|| generated_name(&stack, id));
                    self.add_queue(id, &queue, resource, template);
                    self.queues.push(queue);
                }
                types::FUNCTION if !properties["DeadLetterConfig"].is_null() => {
                    self.failing.push(generated_name(&stack, id));
                }
                types::CLUSTER => self.clusters.push(name(id, &properties["ClusterName"])),
                types::SERVICE => {
                    let service = name(id, &properties["ServiceName"]);
                    let cluster = match properties["Cluster"].as_str() {
                        Some(existing) => existing.to_owned(),
                        None => self.cluster_name(template),
                    };
                    self.services.push(format!("{cluster}/{service}"));
                }
                types::SCHEDULE_GROUP => {
                    let topics = contract::read_reminded(resource).into_iter();
                    let topics = topics.map(|topic| match topic.starts_with("arn:") {
                        true => topic.to_owned(),
                        false => self.arn("sns", &generated_name(&stack, topic)),
                    });
                    let topics: Vec<String> = topics.collect();
                    self.reminded.extend(topics);
                }
                types::SUBSCRIPTION => {
                    let topic = properties["TopicArn"].as_str();
                    self.topics.extend(topic.map(str::to_owned));
                }
                "AWS::EC2::SecurityGroup" => {
                    let vpc = properties["VpcId"].as_str();
                    self.vpcs.extend(vpc.map(str::to_owned));
                }
                _ => {}
            }
        }
        if self.roles.len() > MOST_ROLES {
            let path = self.roles.first().and_then(|role| role.rsplit_once('/'));
            let path = path.map_or(String::new(), |(path, _)| format!("{path}/"));
            self.roles = vec![format!("{path}{}", self.names)];
        }
        for list in [
            &mut self.topics,
            &mut self.vpcs,
            &mut self.queues,
            &mut self.dead_letters,
            &mut self.sources,
            &mut self.queue_keys,
            &mut self.failing,
        ] {
            list.sort();
            list.dedup();
        }
    }

    /// A queue's role for identities that operate the stack.
    fn add_queue(&mut self, id: &str, name: &str, resource: &Value, template: &Value) {
        let alarm = contract::dead_letters_alarm_of(id);
        if alarm.is_some_and(|alarm| !template["Resources"][alarm].is_null()) {
            self.dead_letters.push(name.to_owned());
        } else if !resource["Properties"]["RedrivePolicy"].is_null() {
            self.sources.push(name.to_owned());
        } else {
            return;
        }
        let key = resource["Properties"]["KmsMasterKeyId"].as_str();
        self.queue_keys.extend(key.map(str::to_owned));
    }

    fn cluster_name(&self, template: &Value) -> String {
        let given = &template["Resources"][crate::names::CLUSTER]["Properties"]["ClusterName"];
        match given.as_str() {
            Some(name) => name.to_owned(),
            None => generated_name(&self.stack, crate::names::CLUSTER),
        }
    }

    /// An ARN in the scope's region and account.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        let Self {
            partition,
            region,
            account,
            ..
        } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// An SSM parameter. AWS's own parameters belong to no account.
    fn parameter(&self, name: &str) -> String {
        match name.starts_with("/aws/service/") {
            true => format!(
                "arn:{}:ssm:{}::parameter{name}",
                self.partition, self.region
            ),
            false => self.arn("ssm", &format!("parameter{name}")),
        }
    }

    /// Whether ecs-scaler creates the bucket of the functions' code.
    pub(super) fn makes_bucket(&self) -> bool {
        self.bucket.is_none()
    }

    /// An ARN in the scope's account, for a service without regions.
    pub(super) fn global(&self, service: &str, resource: &str) -> String {
        let Self {
            partition, account, ..
        } = self;
        format!("arn:{partition}:{service}::{account}:{resource}")
    }

    /// Dashboards of the stack, which CloudFormation names after their logical ID.
    pub(super) fn dashboards(&self) -> [String; 2] {
        [&format!("{}-*", names::DASHBOARD), &self.names]
            .map(|name| self.global("cloudwatch", &format!("dashboard/{name}")))
    }

    /// The bucket of the functions' code and of large templates.
    pub(super) fn assets_bucket(&self) -> String {
        let ours = || contract::assets_bucket(&self.account, &self.region);
        let bucket = self.bucket.clone().unwrap_or_else(ours);
        format!("arn:{}:s3:::{bucket}", self.partition)
    }

    /// The objects that list the services that the stack's functions scale.
    pub(super) fn fleet_objects(&self) -> String {
        let objects = contract::fleet_objects(&self.stack);
        format!("{}/{objects}*", self.assets_bucket())
    }

    /// The schedules of the stack.
    pub(super) fn schedules(&self) -> String {
        self.arn("scheduler", &format!("schedule/{}/*", self.names))
    }

    /// The records of the stack's pauses.
    pub(super) fn pauses(&self) -> String {
        let path = scaling::pause_path(&self.stack);
        self.arn("ssm", &format!("parameter{path}*"))
    }

    /// Whether the stack has a group of schedules for its pauses.
    pub(super) fn schedules_pauses(&self) -> bool {
        self.handlers.contains("scheduler:CreateScheduleGroup")
    }

    /// The records of the stack's deploys.
    pub(super) fn deploy_records(&self) -> String {
        let objects = contract::deploy_records(&self.stack);
        format!("{}/{objects}*", self.assets_bucket())
    }

    /// Clusters of the stack, and existing ones.
    pub(super) fn all_clusters(&self) -> impl Iterator<Item = &String> {
        self.clusters.iter().chain(&self.existing_clusters)
    }

    /// Services of the stack, and existing ones.
    pub(super) fn all_services(&self) -> impl Iterator<Item = &String> {
        self.services.iter().chain(&self.existing_services)
    }
}

/// The part of the stack's name that remains in a name that CloudFormation generates.
fn generated_names(stack: &str) -> String {
    match stack.get(..KEPT) {
        Some(kept) if stack.len() > KEPT => format!("{kept}*"),
        _ => format!("{stack}-*"),
    }
}

/// The part of a stack's name and a logical ID that remains in the name that CloudFormation generates.
fn generated_name(stack: &str, id: &str) -> String {
    let names = generated_names(stack);
    let start = names
        .strip_suffix("-*")
        .map_or(names.clone(), |stack| format!("{stack}-"));
    match id.get(..KEPT) {
        Some(kept) if id.len() > KEPT => format!("{start}{kept}*"),
        _ => format!("{start}{id}-*"),
    }
}

/// The name of a queue, with a wildcard for the part of the stack's ID.
fn queue_name(name: &Value) -> Option<String> {
    let text = name.as_str().or_else(|| name["Fn::Sub"][0].as_str())?;
    let suffix = format!("${{{STACK_SUFFIX}}}");
    Some(text.replace(&suffix, "????????"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names_match_however_much_is_cut() {
        assert_eq!(generated_name("shop", "Cluster"), "shop-Cluster-*");
        let long = "VoucherWorkerExecutionRole";
        assert_eq!(generated_name("shop", long), "shop-VoucherWorkerExecuti*");
        let stack = "a-stack-with-quite-a-long-name";
        assert_eq!(generated_names(stack), "a-stack-with-quite-a*");
        assert_eq!(
            generated_name(stack, "Cluster"),
            "a-stack-with-quite-a*Cluster-*"
        );
    }
}
