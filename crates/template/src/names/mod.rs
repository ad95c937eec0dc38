//! The names of a stack's resources: the logical IDs, derived from the definition's short names.
//!
//! A logical ID never changes while the short name doesn't, because CloudFormation replaces a resource with a
//! changed ID. The ID ties a short name to the physical resource (`DescribeStackResources`).
//!
//! | thing | logical IDs |
//! |---|---|
//! | queue `vouchers` | `VouchersQueue`, `VouchersQueuePolicy`, `VouchersDeadLetterQueue`, `VouchersDeadLetterQueuePolicy`, `VouchersSubscription…`, `VouchersOldestMessageAlarm`, `VouchersDeadLettersAlarm` |
//! | service `voucher-worker` | `VoucherWorkerService`, `VoucherWorkerTaskDefinition`, `VoucherWorkerLogGroup`, `VoucherWorkerTaskRole`, `VoucherWorkerExecutionRole`, `VoucherWorkerScalableTarget`, `VoucherWorkerScalingPolicy`, `…CpuPolicy`, `…MemoryPolicy`, `…WakePolicy`, `…WakeAlarm` |
//! | its steps | `…ScaleOutAlarm`, `…ScaleInAlarm`, and `…ScaleOutPolicy`, `…ScaleInPolicy` or `…ScalingFunction…`, `…ScalingDeadLetterQueue…`, `…ScalingRule…`, `…ScalingSubscription` |
//! | its demand | `…NeedSilentAlarm`; with target tracking `…ScalingPolicy`, `…WakePolicy`, `…WakeAlarm` |
//! | its load balancer | `…LoadBalancer`, `…LoadBalancerSecurityGroup`, `…TargetGroup` or `…InternalTargetGroup`, `…TargetSecurityGroup`, `…TargetIngress`, `…Listener`, `…NoHealthyTargetAlarm`, `…LoadBalancerErrorsAlarm` |
//! | both | `VoucherWorkerFromVouchersSilentAlarm` |
//! | the demand of all services | `ScalingFunction…`, `ScalingRule…`, `ScalingErrorsAlarm`; `ScalingFunction2…` and so on if one role can't name them all |
//! | once per stack | the constants below |

mod logical_id;
mod services;

use crate::contract::{DEAD_LETTER_QUEUE, DEAD_LETTERS_ALARM};
use logical_id::join_kind;

pub use logical_id::to_camel_case;
pub use services::*;

/// Tag with a queue's or a service's short name.
pub const NAME_TAG: &str = "ecs-scaler:name";

/// The VPC, if the stack creates one.
pub const VPC: &str = "Vpc";
/// The route to the internet.
pub const PUBLIC_ROUTE: &str = "PublicRoute";
/// The security group of the tasks.
pub const SECURITY_GROUP: &str = "TaskSecurityGroup";
/// The cluster, if the stack creates one.
pub const CLUSTER: &str = "Cluster";
/// The cluster's capacity providers, with Fargate Spot or EC2.
pub const CAPACITY_PROVIDERS: &str = "ClusterCapacityProviders";
/// The capacity provider of the EC2 instances.
pub const CAPACITY_PROVIDER: &str = "CapacityProvider";
/// The Auto Scaling group of the EC2 instances.
pub const AUTO_SCALING_GROUP: &str = "AutoScalingGroup";
/// The launch template of the EC2 instances.
pub const LAUNCH_TEMPLATE: &str = "LaunchTemplate";
/// The instance profile of the EC2 instances.
pub const INSTANCE_PROFILE: &str = "InstanceProfile";
/// The role of the EC2 instances.
pub const INSTANCE_ROLE: &str = "InstanceRole";
/// The security group by which load balancers reach the EC2 instances.
pub const INSTANCE_SECURITY_GROUP: &str = "InstanceSecurityGroup";
/// The metric function.
pub const METRIC_FUNCTION: &str = "MetricFunction";
/// The metric function's role.
pub const METRIC_FUNCTION_ROLE: &str = "MetricFunctionRole";
/// The metric function's log group.
pub const METRIC_FUNCTION_LOGS: &str = "MetricFunctionLogs";
/// The metric function's settings for asynchronous invocation.
pub const METRIC_FUNCTION_INVOKE_CONFIG: &str = "MetricFunctionInvokeConfig";
/// The alarm on the metric function's errors.
pub const METRIC_FUNCTION_ERRORS_ALARM: &str = "MetricFunctionErrorsAlarm";
/// The security group of the functions in a VPC, if the definition names none.
pub const FUNCTION_SECURITY_GROUP: &str = "FunctionSecurityGroup";
/// The flow log of the VPC that the stack creates.
pub const FLOW_LOG: &str = "VpcFlowLog";
/// The role with which the flow log writes.
pub const FLOW_LOG_ROLE: &str = "VpcFlowLogRole";
/// The topic that receives the alarms.
pub const ALARM_TOPIC: &str = "AlarmTopic";
/// The alarm topic's policy.
pub const ALARM_TOPIC_POLICY: &str = "AlarmTopicPolicy";
/// The role of the Slack channels that receive alarms.
pub const SLACK_ROLE: &str = "SlackRole";
/// The group of the schedules that end a pause, or remind of it.
pub const PAUSE_SCHEDULES: &str = "PauseSchedules";
/// The role by which these schedules act.
pub const PAUSE_ROLE: &str = "PauseRole";
/// The dashboard.
pub const DASHBOARD: &str = "Dashboard";

/// A queue.
#[must_use]
pub fn queue(short: &str) -> String {
    join_kind(short, "Queue")
}

/// A queue's policy.
#[must_use]
pub fn queue_policy(short: &str) -> String {
    join_kind(short, "QueuePolicy")
}

/// The dead-letter queue of a queue.
#[must_use]
pub fn dead_letter_queue(short: &str) -> String {
    join_kind(short, DEAD_LETTER_QUEUE)
}

/// The policy of a queue's dead-letter queue.
#[must_use]
pub fn dead_letter_queue_policy(short: &str) -> String {
    join_kind(short, "DeadLetterQueuePolicy")
}

/// A queue's subscription to a topic. The ID comes from the topic and not from its index in the list. If it changed
/// when another topic is removed, CloudFormation would subscribe the queue a second time, for which SNS returns the
/// existing subscription, and then remove exactly that one.
#[must_use]
pub fn subscription(short: &str, topic_arn: &str) -> String {
    join_kind(
        short,
        &format!("Subscription{}", to_camel_case(&from_arn(topic_arn))),
    )
}

/// The alarm on the age of a queue's oldest message.
#[must_use]
pub fn oldest_message_alarm(short: &str) -> String {
    join_kind(short, "OldestMessageAlarm")
}

/// The alarm on the messages in a queue's dead-letter queue.
#[must_use]
pub fn dead_letters_alarm(short: &str) -> String {
    join_kind(short, DEAD_LETTERS_ALARM)
}

/// The alarm on missing data of a service and one of its queues.
#[must_use]
pub fn metric_silent_alarm(service: &str, queue: &str) -> String {
    format!(
        "{}From{}SilentAlarm",
        to_camel_case(service),
        to_camel_case(queue)
    )
}

/// A rule that invokes the metric function, counted from 1.
#[must_use]
pub fn metric_rule(number: usize) -> String {
    format!("MetricRule{number}")
}

/// The permission of a rule to invoke the metric function, counted from 1.
#[must_use]
pub fn metric_rule_permission(number: usize) -> String {
    format!("MetricRule{number}Permission")
}

/// A function that scales services by demand, counted from 1. It belongs to the stack; the ID of a service's own
/// scaling function ([`scaling_function`]) starts with the service's name.
#[must_use]
pub fn demand_function(number: usize) -> String {
    count_from_second("ScalingFunction", number)
}

/// The role of a function that scales by demand.
#[must_use]
pub fn demand_function_role(number: usize) -> String {
    format!("{}Role", demand_function(number))
}

/// The log group of a function that scales by demand.
#[must_use]
pub fn demand_function_logs(number: usize) -> String {
    format!("{}Logs", demand_function(number))
}

/// The settings for asynchronous invocation of a function that scales by demand.
#[must_use]
pub fn demand_function_invoke_config(number: usize) -> String {
    format!("{}InvokeConfig", demand_function(number))
}

/// The rule that invokes a function that scales by demand.
#[must_use]
pub fn demand_rule(number: usize) -> String {
    count_from_second("ScalingRule", number)
}

/// The permission of that rule to invoke the function.
#[must_use]
pub fn demand_rule_permission(number: usize) -> String {
    format!("{}Permission", demand_rule(number))
}

/// The alarm on the errors of a function that scales by demand.
#[must_use]
pub fn demand_errors_alarm(number: usize) -> String {
    count_from_second("ScalingErrorsAlarm", number)
}

/// Most stacks need only one, whose ID has no number.
fn count_from_second(id: &str, number: usize) -> String {
    match number {
        1 => id.to_owned(),
        number => format!("{id}{number}"),
    }
}

/// The log group that the flow log writes to. Each kind of traffic has its own: the new flow log exists before the
/// old one is deleted, and EC2 refuses two flow logs with the same destination.
#[must_use]
pub fn flow_log_logs(traffic: stack::Traffic) -> &'static str {
    match traffic {
        stack::Traffic::All => "VpcFlowLogLogs",
        stack::Traffic::Accepted => "VpcFlowLogAcceptedLogs",
        stack::Traffic::Rejected => "VpcFlowLogRejectedLogs",
    }
}

/// A public subnet, counted from 1.
#[must_use]
pub fn public_subnet(number: usize) -> String {
    format!("PublicSubnet{number}")
}

/// A managed policy of a role whose permissions outgrow its inline policy, counted from 1.
#[must_use]
pub fn managed_policy(role: &str, number: usize) -> String {
    format!("{role}Policy{number}")
}

/// The subscription of an email address to the alarm topic. The ID comes from the address, for the reason in
/// [`subscription`]. Two addresses never have the same ID: capitals represent characters other than small letters
/// and digits.
#[must_use]
pub fn email_subscription(address: &str) -> String {
    let spelled: String = address
        .chars()
        .map(|letter| match letter {
            '@' => "At".to_owned(),
            '.' => "Dot".to_owned(),
            letter if letter.is_ascii_lowercase() || letter.is_ascii_digit() => letter.to_string(),
            letter => format!("X{:02x}", u32::from(letter)),
        })
        .collect();
    format!("AlarmEmail{spelled}")
}

/// A Slack channel that receives alarms. Its ID and its workspace's ID consist of letters and digits.
#[must_use]
pub fn slack_channel(workspace: &str, channel: &str) -> String {
    format!("Slack{workspace}Channel{channel}")
}

/// Environment variable with the URL of the queue: `QUEUE_URL_VOUCHERS` for `vouchers`.
#[must_use]
pub fn queue_url_variable(short: &str) -> String {
    stack::name_variable("QUEUE_URL_", short)
}

/// Environment variable with the ARN of a topic: `TOPIC_ARN_VOUCHERS` for `vouchers`.
#[must_use]
pub fn topic_arn_variable(topic: &str) -> String {
    stack::name_variable("TOPIC_ARN_", topic)
}

/// Name, region, and account of an ARN: `arn:aws:sns:us-west-2:111122223333:orders`.
fn from_arn(arn: &str) -> String {
    let mut parts = arn.splitn(6, ':').skip(3);
    let region = parts.next().unwrap_or_default();
    let account = parts.next().unwrap_or_default();
    let name = parts.next().unwrap_or(arn);
    format!("{name}-{region}-{account}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_become_camel_case() {
        assert_eq!(service("voucher-worker"), "VoucherWorkerService");
        assert_eq!(dead_letter_queue("vouchers"), "VouchersDeadLetterQueue");
        assert_eq!(to_camel_case("a--b-"), "AB");
        assert_eq!(
            metric_silent_alarm("voucher-worker", "vouchers"),
            "VoucherWorkerFromVouchersSilentAlarm"
        );
    }

    #[test]
    fn subscriptions_are_named_by_what_they_subscribe() {
        assert_eq!(
            subscription(
                "orders",
                "arn:aws:sns:us-west-2:111122223333:order-events.fifo"
            ),
            "OrdersSubscriptionOrderEventsFifoUsWest2111122223333"
        );
        assert_eq!(
            email_subscription("ops+x@example.com"),
            "AlarmEmailopsX2bxAtexampleDotcom"
        );
        assert_ne!(
            email_subscription("aAtb@c.example"),
            email_subscription("a@bAtc.example")
        );
    }

    #[test]
    fn environment_variables_are_upper_snake_case() {
        assert_eq!(queue_url_variable("paid-orders2"), "QUEUE_URL_PAID_ORDERS2");
    }
}
