//! Properties that overrides can't change, and why: scaling, checks, and guards depend on them.

use crate::contract::types;

/// Attributes of a resource that overrides can change.
pub(super) const ATTRIBUTES: [&str; 5] = [
    "Properties",
    "DependsOn",
    "UpdatePolicy",
    "CreationPolicy",
    "Metadata",
];

/// A property that keys of the definition set.
macro_rules! keys {
    ($keys:literal) => {
        concat!(
            "use ",
            $keys,
            ", which `simulate`, `cost`, and the checks read"
        )
    };
}

const SCALING: &str = "scaling, its alarms, and the verdict of `simulate` depend on it: use the keys of `scaling` and `tasks`";
const FUNCTIONS: &str = "the stack's functions depend on its current value";
const ROLES: &str = "each role has only the permissions that its program needs: use `permissions`, `task_role`, \
                     `execution_role`, and `roles`";

/// Refused properties of a type; all of them if none is named.
struct Guard {
    kind: &'static str,
    properties: &'static [&'static str],
    reason: &'static str,
}

const fn guard(
    kind: &'static str,
    properties: &'static [&'static str],
    reason: &'static str,
) -> Guard {
    Guard {
        kind,
        properties,
        reason,
    }
}

const GUARDS: [Guard; 17] = [
    guard(
        types::SERVICE,
        &["DesiredCount"],
        "a deploy would reset what the autoscaler decided: use `tasks`",
    ),
    guard(
        types::SERVICE,
        &["SchedulingStrategy", "DeploymentController"],
        "a service whose count or deployments ECS doesn't control can't be scaled and followed",
    ),
    guard(
        types::SERVICE,
        &[
            "Cluster",
            "ServiceName",
            "TaskDefinition",
            "LaunchType",
            "CapacityProviderStrategy",
        ],
        keys!("`cluster`, `capacity`, and the keys of `services`"),
    ),
    guard(
        types::TASK_DEFINITION,
        &["Cpu", "Memory", "NetworkMode", "RequiresCompatibilities"],
        keys!("`cpu`, `memory`, and `cluster.capacity`"),
    ),
    guard(
        types::QUEUE,
        &[
            "QueueName",
            "FifoQueue",
            "VisibilityTimeout",
            "MessageRetentionPeriod",
            "DelaySeconds",
            "RedrivePolicy",
        ],
        keys!(
            "the queue's keys (`name`, `fifo`, `visibility_timeout`, `retention`, `delay`, `dead_letter`)"
        ),
    ),
    guard(
        types::LOAD_BALANCER,
        &["Scheme", "Type"],
        keys!("`load_balancer.internal`"),
    ),
    guard(types::SCALABLE_TARGET, &[], SCALING),
    guard(types::SCALING_POLICY, &[], SCALING),
    guard(
        "AWS::AutoScaling::AutoScalingGroup",
        &["MinSize", "MaxSize", "DesiredCapacity"],
        keys!("`min` and `max` of `cluster.capacity.ec2`"),
    ),
    guard(
        "AWS::ECS::ClusterCapacityProviderAssociations",
        &[],
        keys!("`cluster.capacity`"),
    ),
    guard(
        types::RULE,
        &["ScheduleExpression", "EventPattern", "State", "Targets"],
        FUNCTIONS,
    ),
    guard(
        types::FUNCTION,
        &[
            "Architectures",
            "Code",
            "Environment",
            "Handler",
            "PackageType",
            "ReservedConcurrentExecutions",
            "Role",
            "Runtime",
            "Timeout",
        ],
        FUNCTIONS,
    ),
    guard("AWS::Lambda::Permission", &[], FUNCTIONS),
    guard(
        types::SUBSCRIPTION,
        &["Endpoint", "Protocol", "TopicArn"],
        "it identifies the subscription",
    ),
    guard(
        "AWS::SNS::TopicPolicy",
        &[],
        "without its statements, alarms can't notify anyone",
    ),
    guard(
        types::ROLE,
        &[
            "AssumeRolePolicyDocument",
            "ManagedPolicyArns",
            "Path",
            "PermissionsBoundary",
            "Policies",
        ],
        ROLES,
    ),
    guard(types::MANAGED_POLICY, &[], ROLES),
];

/// Why overrides can't change this attribute of a resource.
pub(super) fn find_attribute(attribute: &str) -> Option<&'static str> {
    match attribute {
        "Type" => Some("the type determines the checks, the repairs, and the deletion"),
        "Condition" => Some("checks would report a resource that a condition removes as missing"),
        "DeletionPolicy" | "UpdateReplacePolicy" => Some(
            "`destroy` deletes the stack's resources and verifies it: to keep a resource, use `destroy --retain ID`",
        ),
        _ => None,
    }
}

/// Why overrides can't change this property of a resource.
pub(super) fn find_property(id: &str, kind: &str, property: &str) -> Option<&'static str> {
    let of_scaling = ["ScaleOutAlarm", "ScaleInAlarm", "WakeAlarm"];
    let shown = ["AlarmDescription", "Tags"];
    let scales = kind == types::ALARM && of_scaling.iter().any(|end| id.ends_with(end));
    if scales && !shown.contains(&property) {
        return Some(SCALING);
    }
    let mut guards = GUARDS.iter().filter(|guard| guard.kind == kind);
    let found =
        guards.find(|guard| guard.properties.is_empty() || guard.properties.contains(&property));
    found.map(|guard| guard.reason)
}
