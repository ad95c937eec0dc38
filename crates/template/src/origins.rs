//! The part of a definition that a resource comes from, so that a failure can be reported with the definition's
//! line.

use stack::Stack;

use crate::names::to_camel_case;

/// How the rest of a service's logical IDs starts, and the most relevant key of the service for such a resource. If
/// a service doesn't become stable, its image is usually the reason.
const OF_SERVICE: [(&str, &str); 19] = [
    ("Service", ".image"),
    ("TaskDefinition", ".image"),
    ("TaskRole", ".permissions"),
    ("ExecutionRole", ".secrets"),
    ("LogGroup", ""),
    ("ScalableTarget", ".tasks"),
    ("Wake", ".tasks.min"),
    ("CpuPolicy", ".scaling.cpu"),
    ("MemoryPolicy", ".scaling.memory"),
    ("NeedSilentAlarm", ".scaling"),
    ("TasksSilentAlarm", ".scaling"),
    ("Scal", ".scaling"),
    ("From", ".scaling"),
    ("LoadBalancer", ".load_balancer"),
    ("WebAclAssociation", ".load_balancer.waf"),
    ("Target", ".load_balancer"),
    ("InternalTarget", ".load_balancer"),
    ("Listener", ".load_balancer"),
    ("RedirectListener", ".load_balancer"),
];

/// The same for the alarm on the health of a service's targets.
const NO_HEALTHY_TARGET: (&str, &str) = ("NoHealthyTarget", ".load_balancer");

/// How the rest of a queue's logical IDs starts, and the key of the queue.
const OF_QUEUE: [(&str, &str); 5] = [
    ("Queue", ""),
    ("DeadLetterQueue", ".dead_letter"),
    ("DeadLettersAlarm", ".dead_letter"),
    ("Subscription", ".subscribe"),
    ("OldestMessageAlarm", ""),
];

/// How the logical IDs of the whole stack's resources begin, and the key of the definition.
const OF_STACK: [(&str, &str); 18] = [
    ("VpcFlowLog", "network.create.flow_logs"),
    ("Vpc", "network"),
    ("Public", "network"),
    ("Internet", "network"),
    ("TaskSecurityGroup", "network"),
    ("Cluster", "cluster"),
    ("CapacityProvider", "cluster.capacity"),
    ("AutoScalingGroup", "cluster.capacity"),
    ("LaunchTemplate", "cluster.capacity"),
    ("Instance", "cluster.capacity"),
    ("Metric", "metric"),
    ("FunctionSecurityGroup", "metric.vpc"),
    ("Scaling", "services"),
    ("Pause", "services"),
    ("Alarm", "notify"),
    ("Email", "notify"),
    ("Slack", "notify"),
    ("Gateway", "network"),
];

/// The path in the definition that a resource comes from, such as `services.worker.image`. `None` for a resource
/// without a specific key, such as the dashboard.
#[must_use]
pub fn find_origin(stack: &Stack, logical_id: &str) -> Option<String> {
    let services = stack.services.keys().filter_map(|short| {
        let rest = logical_id.strip_prefix(&to_camel_case(short))?;
        let mut keys = OF_SERVICE.iter().chain([&NO_HEALTHY_TARGET]);
        let (_, key) = keys.find(|(start, _)| rest.starts_with(start))?;
        Some((rest.len(), format!("services.{short}{key}")))
    });
    let queues = stack.queues.keys().filter_map(|short| {
        let rest = logical_id.strip_prefix(&to_camel_case(short))?;
        let (_, key) = OF_QUEUE.iter().find(|(start, _)| rest.starts_with(start))?;
        Some((rest.len(), format!("queues.{short}{key}")))
    });
    // Of `web` and `web-orders`, the longer name wins if both match.
    let named = services.chain(queues).min_by_key(|(rest, _)| *rest);
    let of_stack = || {
        let mut keys = OF_STACK.iter();
        let found = keys.find(|(start, _)| logical_id.starts_with(start));
        found.map(|(_, path)| (*path).to_owned())
    };
    named.map(|(_, path)| path).or_else(of_stack)
}

#[cfg(test)]
mod tests {
    use crate::contract::types;
    use crate::synthesize;

    use super::*;

    fn shipped() -> Vec<Stack> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks");
        let files = std::fs::read_dir(folder).unwrap();
        let files = files.map(|entry| entry.unwrap().path());
        let is_definition = |path: &std::path::PathBuf| path.extension().unwrap() == "yaml";
        files
            .filter(is_definition)
            .map(|path| stack::load(&path).unwrap().stack)
            .collect()
    }

    /// The path exists in the definition or in the defaults; a resource with a name belongs to the part with that
    /// name.
    #[test]
    fn every_resource_but_the_dashboard_has_an_origin() {
        let stacks = shipped();
        assert!(stacks.len() > 5);
        for stack in stacks {
            for (id, kind) in synthesize(&stack).unwrap().resources() {
                let origin = find_origin(&stack, id);
                assert_eq!(
                    origin.is_none(),
                    kind == types::DASHBOARD,
                    "{id}: {origin:?}"
                );
                let path = origin.unwrap_or_default();
                let is_named = path.contains("services.") || path.contains("queues.");
                assert!(
                    !is_named || stack.written.place(&path).is_some(),
                    "{id}: {path}"
                );
            }
        }
    }

    #[test]
    fn the_longer_name_and_the_key_that_matters_are_found() {
        let text = "name: a\nqueues: {web-orders: {dead_letter: {after: 3}}}\nservices:\n  web: {image: 'w:1', consumes: [web-orders]}\n  web-api: {image: 'w:1'}\n";
        let stack = stack::parse("a.yaml", text).unwrap().stack;
        let find = |id: &str| find_origin(&stack, id);
        let found = [
            "WebService",
            "WebApiService",
            "WebOrdersQueue",
            "WebOrdersDeadLetterQueuePolicy",
            "Vpc",
        ];
        assert_eq!(
            found.map(|id| find(id).unwrap()),
            [
                "services.web.image",
                "services.web-api.image",
                "queues.web-orders",
                "queues.web-orders.dead_letter",
                "network"
            ]
        );
        assert_eq!(find("Dashboard"), None);
        let place = stack.written.place("services.web.image").unwrap();
        assert_eq!(place.to_string(), "services.web.image, a.yaml:4");
    }
}
