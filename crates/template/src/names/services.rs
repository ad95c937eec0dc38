//! Logical IDs of the resources of one service.

use super::logical_id::join_kind;
use crate::contract::{LOAD_BALANCER, NEED_SILENT_ALARM, SERVICE};

/// A service.
#[must_use]
pub fn service(short: &str) -> String {
    join_kind(short, SERVICE)
}

/// A service's task definition.
#[must_use]
pub fn task_definition(short: &str) -> String {
    join_kind(short, "TaskDefinition")
}

/// A service's log group.
#[must_use]
pub fn service_log_group(short: &str) -> String {
    join_kind(short, "LogGroup")
}

/// The role of a service's containers.
#[must_use]
pub fn task_role(short: &str) -> String {
    join_kind(short, "TaskRole")
}

/// The role with which ECS starts a service's tasks.
#[must_use]
pub fn execution_role(short: &str) -> String {
    join_kind(short, "ExecutionRole")
}

/// A service's scalable target.
#[must_use]
pub fn scalable_target(short: &str) -> String {
    join_kind(short, "ScalableTarget")
}

/// A service's scaling policy.
#[must_use]
pub fn scaling_policy(short: &str) -> String {
    join_kind(short, "ScalingPolicy")
}

/// A service's target tracking policy on its CPU utilization.
#[must_use]
pub fn cpu_policy(short: &str) -> String {
    join_kind(short, "CpuPolicy")
}

/// A service's target tracking policy on its memory utilization.
#[must_use]
pub fn memory_policy(short: &str) -> String {
    join_kind(short, "MemoryPolicy")
}

/// The step scaling policy that starts the first task of a service without tasks.
#[must_use]
pub fn wake_policy(short: &str) -> String {
    join_kind(short, "WakePolicy")
}

/// The alarm of the [`wake_policy`].
#[must_use]
pub fn wake_alarm(short: &str) -> String {
    join_kind(short, "WakeAlarm")
}

/// The alarm that adds tasks to a service.
#[must_use]
pub fn scale_out_alarm(short: &str) -> String {
    join_kind(short, "ScaleOutAlarm")
}

/// The alarm that removes tasks from a service.
#[must_use]
pub fn scale_in_alarm(short: &str) -> String {
    join_kind(short, "ScaleInAlarm")
}

/// A service's step scaling policy for more tasks.
#[must_use]
pub fn scale_out_policy(short: &str) -> String {
    join_kind(short, "ScaleOutPolicy")
}

/// A service's step scaling policy for fewer tasks.
#[must_use]
pub fn scale_in_policy(short: &str) -> String {
    join_kind(short, "ScaleInPolicy")
}

/// A service's scaling function.
#[must_use]
pub fn scaling_function(short: &str) -> String {
    join_kind(short, "ScalingFunction")
}

/// The role of a service's scaling function.
#[must_use]
pub fn scaling_function_role(short: &str) -> String {
    join_kind(short, "ScalingFunctionRole")
}

/// The log group of a service's scaling function.
#[must_use]
pub fn scaling_function_logs(short: &str) -> String {
    join_kind(short, "ScalingFunctionLogs")
}

/// A scaling function's settings for asynchronous invocation.
#[must_use]
pub fn scaling_function_invoke_config(short: &str) -> String {
    join_kind(short, "ScalingFunctionInvokeConfig")
}

/// A scaling function's subscription to the alarm topic.
#[must_use]
pub fn scaling_subscription(short: &str) -> String {
    join_kind(short, "ScalingSubscription")
}

/// The permission of the alarm topic to invoke a scaling function.
#[must_use]
pub fn scaling_topic_permission(short: &str) -> String {
    join_kind(short, "ScalingTopicPermission")
}

/// The rule that lets a scaling function re-evaluate its alarms.
#[must_use]
pub fn scaling_rule(short: &str) -> String {
    join_kind(short, "ScalingRule")
}

/// The permission of that rule to invoke the scaling function.
#[must_use]
pub fn scaling_rule_permission(short: &str) -> String {
    join_kind(short, "ScalingRulePermission")
}

/// The queue for events that a scaling function failed to process.
#[must_use]
pub fn scaling_dead_letter_queue(short: &str) -> String {
    join_kind(short, "ScalingDeadLetterQueue")
}

/// The policy of that queue.
#[must_use]
pub fn scaling_dead_letter_queue_policy(short: &str) -> String {
    join_kind(short, "ScalingDeadLetterQueuePolicy")
}

/// The alarm on a scaling function's errors.
#[must_use]
pub fn scaling_errors_alarm(short: &str) -> String {
    join_kind(short, "ScalingErrorsAlarm")
}

/// The alarm on events that a scaling function failed to process.
#[must_use]
pub fn scaling_dead_letters_alarm(short: &str) -> String {
    join_kind(short, "ScalingDeadLettersAlarm")
}

/// A service's load balancer.
#[must_use]
pub fn load_balancer(short: &str) -> String {
    join_kind(short, LOAD_BALANCER)
}

/// The security group of a service's load balancer.
#[must_use]
pub fn load_balancer_security_group(short: &str) -> String {
    join_kind(short, "LoadBalancerSecurityGroup")
}

/// The listener that redirects HTTP clients to a service's HTTPS listener.
#[must_use]
pub fn redirect_listener(short: &str) -> String {
    join_kind(short, "RedirectListener")
}

/// The web ACL of a service's load balancer.
#[must_use]
pub fn web_acl_association(short: &str) -> String {
    join_kind(short, "WebAclAssociation")
}

/// The target group of a service's tasks.
#[must_use]
pub fn target_group(short: &str) -> String {
    join_kind(short, "TargetGroup")
}

/// The target group of a service's tasks behind an internal load balancer.
#[must_use]
pub fn internal_target_group(short: &str) -> String {
    join_kind(short, "InternalTargetGroup")
}

/// The security group by which a service's load balancer reaches its tasks.
#[must_use]
pub fn target_security_group(short: &str) -> String {
    join_kind(short, "TargetSecurityGroup")
}

/// The rule that allows traffic from a service's load balancer.
#[must_use]
pub fn target_ingress(short: &str) -> String {
    join_kind(short, "TargetIngress")
}

/// The listener of a service's load balancer.
#[must_use]
pub fn listener(short: &str) -> String {
    join_kind(short, "Listener")
}

/// The alarm on a load balancer without a healthy target.
#[must_use]
pub fn no_healthy_target_alarm(short: &str) -> String {
    join_kind(short, "NoHealthyTargetAlarm")
}

/// The alarm on errors that a load balancer returns itself.
#[must_use]
pub fn load_balancer_errors_alarm(short: &str) -> String {
    join_kind(short, "LoadBalancerErrorsAlarm")
}

/// The alarm on missing data about the tasks that a service needs.
#[must_use]
pub fn need_silent_alarm(short: &str) -> String {
    join_kind(short, NEED_SILENT_ALARM)
}

/// The alarm on missing data about a service's running task count.
#[must_use]
pub fn tasks_silent_alarm(short: &str) -> String {
    join_kind(short, "TasksSilentAlarm")
}
