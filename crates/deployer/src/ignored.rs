//! Keys of a definition that the sandbox can't follow.

use stack::{Capacity, Cluster, Network, Recipient, Service, ServiceSource, ServiceSpec, Stack};

use crate::session::Session;

/// Says which keys of the definition have no effect in the sandbox, where tasks are processes or placeholders.
pub(crate) fn note_ignored(session: &Session<'_>, stack: &Stack) {
    let keys = list_ignored(stack);
    if !keys.is_empty() {
        let keys = keys.join(", ");
        session.note(format!(
            "without effect in the sandbox, where tasks and functions are processes: {keys}"
        ));
    }
}

/// The keys, such as `services.worker.sidecars`.
fn list_ignored(stack: &Stack) -> Vec<String> {
    let mut keys: Vec<String> = list_settings(stack).map(str::to_owned).collect();
    for (name, service) in &stack.services {
        let ServiceSource::Create(spec) = &service.source else {
            continue;
        };
        let given = list_of_task(spec).chain(list_of_service(service, spec));
        let mut given: Vec<&str> = given.collect();
        given.sort_unstable();
        keys.extend(given.iter().map(|key| format!("services.{name}.{key}")));
    }
    keys
}

/// The keys of its tasks' containers.
fn list_of_task(spec: &ServiceSpec) -> impl Iterator<Item = &'static str> {
    let container = &spec.container;
    only_given([
        ("depends_on", !container.depends_on.is_empty()),
        ("drop", !container.drop.is_empty()),
        ("entrypoint", !container.entrypoint.is_empty()),
        ("environment_files", !container.environment_files.is_empty()),
        ("exec", spec.exec),
        ("execution_role", spec.execution_role.is_some()),
        ("health_check", container.health_check.is_some()),
        ("logs", spec.log_router.is_some()),
        ("permissions", !spec.permissions.is_empty()),
        ("read_only", container.read_only),
        ("secrets", !spec.secrets.is_empty()),
        ("sidecars", !spec.sidecars.is_empty()),
        ("storage", spec.storage.is_some()),
        ("task_role", spec.task_role.is_some()),
        ("ulimits", !container.ulimits.is_empty()),
        ("user", container.user.is_some()),
        ("volumes", !spec.volumes.is_empty()),
    ])
}

fn list_of_service(service: &Service, spec: &ServiceSpec) -> impl Iterator<Item = &'static str> {
    let balancer = spec.load_balancer.as_ref();
    let scaling = service.scaling.as_ref();
    let (cpu, memory) = scaling.map_or((None, None), |scaling| {
        (scaling.cpu.as_ref(), scaling.memory.as_ref())
    });
    only_given([
        ("capacity", spec.capacity.is_some()),
        ("deployment.alarms", !spec.deployment.alarms.is_empty()),
        (
            "load_balancer.access_logs",
            balancer.is_some_and(|balancer| balancer.access_logs.is_some()),
        ),
        (
            "load_balancer.waf",
            balancer.is_some_and(|balancer| balancer.waf.is_some()),
        ),
        (
            "scaling.cpu.high_resolution",
            cpu.is_some_and(|cpu| cpu.high_resolution),
        ),
        (
            "scaling.memory.high_resolution",
            memory.is_some_and(|memory| memory.high_resolution),
        ),
        ("service_connect", spec.service_connect.is_some()),
    ])
}

/// The keys for the whole stack.
fn list_settings(stack: &Stack) -> impl Iterator<Item = &'static str> {
    let capacity = match &stack.cluster {
        Cluster::Create { capacity, .. } => capacity,
        Cluster::Existing { .. } => &Capacity::Fargate,
    };
    let (image, volume_key) = match capacity {
        Capacity::Ec2 {
            image, volume_key, ..
        } => (image.is_some(), volume_key.is_some()),
        _ => (false, false),
    };
    let on_spot = matches!(capacity, Capacity::FargateSpot { .. });
    let is_logged = matches!(stack.network, Network::Create { flow_logs: Some(_) });
    let mut recipients = stack.notify.iter();
    let in_slack = recipients.any(|one| matches!(one, Recipient::Slack { .. }));
    only_given([
        ("cluster.capacity.ec2.image", image),
        ("cluster.capacity.ec2.volume_key", volume_key),
        ("cluster.capacity.fargate_spot", on_spot),
        ("metric.tracing", stack.metric.tracing),
        ("metric.vpc", stack.metric.vpc.is_some()),
        ("network.create.flow_logs", is_logged),
        ("notify.slack", in_slack),
    ])
}

fn only_given<const N: usize>(
    keys: [(&'static str, bool); N],
) -> impl Iterator<Item = &'static str> {
    let given = keys.into_iter().filter(|(_, is_given)| *is_given);
    given.map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_the_sandbox_ignores_are_listed() {
        let list = |more: &str| {
            let text = format!(
                "name: a\nservices: {{w: {{image: 'w:1'{more}}}, x: {{existing: a/b, tasks: {{min: 1, max: 2}}, scaling: {{cpu: {{target: 50}}}}}}}}\n"
            );
            list_ignored(&stack::parse("a.yaml", &text).unwrap().stack)
        };
        assert!(list(", command: [a], environment: {A: b}").is_empty());
        assert_eq!(
            list(", user: w, exec: true, sidecars: {s: {image: 's:1'}}"),
            ["services.w.exec", "services.w.sidecars", "services.w.user"]
        );
        assert_eq!(
            list(
                ", capacity: {spot: 50%}, scaling: {cpu: {target: 50, high_resolution: true}}, tasks: {min: 1, max: 2}, logs: {firelens: {options: {Name: s3}}}, deployment: {alarms: [{existing: a}]}"
            ),
            [
                "services.w.capacity",
                "services.w.deployment.alarms",
                "services.w.logs",
                "services.w.scaling.cpu.high_resolution"
            ]
        );
        let named = ", capacity: {providers: [{name: graviton}]}}}\ncluster: {existing: a}\nnetwork: {vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d]}\n#";
        assert_eq!(list(named), ["services.w.capacity"]);
        let settings = "}}\nnetwork: {create: {flow_logs: all}}\nmetric: {tracing: true}\n#";
        let text = format!("name: a\nservices: {{w: {{image: 'w:1'{settings}");
        let stack = stack::parse("a.yaml", &text).unwrap().stack;
        assert_eq!(
            list_ignored(&stack),
            ["metric.tracing", "network.create.flow_logs"]
        );
    }
}
