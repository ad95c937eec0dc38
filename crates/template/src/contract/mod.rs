//! What readers of a deployed stack may rely on: its marks, the types of its resources, what logical ids and output
//! names mean, and where its assets are.
//!
//! The template is written by it, and the deployer reads by it, so that the two can't drift apart.

mod assets;
mod mark;
mod reminders;
mod schedule;

pub use assets::{DRAFTS, FLEETS, assets_bucket, deploy_records, fleet_objects};
pub(crate) use mark::{DESCRIPTION, metadata, write_definition};
pub use mark::{
    STACK_TAG, SUSPENDED_TAG, TemplateMark, VERSION, has_our_description, is_newer_version,
    read_definition, read_environment, read_mark, without_notes,
};
pub use reminders::read_reminded;
pub(crate) use reminders::reminded_metadata;
pub(crate) use schedule::schedule_metadata;
pub use schedule::{TargetSchedule, read_schedule};

/// CloudFormation's resource types that readers search for.
pub mod types {
    /// A CloudWatch alarm.
    pub const ALARM: &str = "AWS::CloudWatch::Alarm";
    /// A capacity provider of ECS.
    pub const CAPACITY_PROVIDER: &str = "AWS::ECS::CapacityProvider";
    /// An ECS cluster.
    pub const CLUSTER: &str = "AWS::ECS::Cluster";
    /// A CloudWatch dashboard.
    pub const DASHBOARD: &str = "AWS::CloudWatch::Dashboard";
    /// A Lambda function.
    pub const FUNCTION: &str = "AWS::Lambda::Function";
    /// A flow log of a VPC.
    pub const FLOW_LOG: &str = "AWS::EC2::FlowLog";
    /// An instance profile of IAM.
    pub const INSTANCE_PROFILE: &str = "AWS::IAM::InstanceProfile";
    /// A log group of CloudWatch Logs.
    pub const LOG_GROUP: &str = "AWS::Logs::LogGroup";
    /// A listener of a load balancer.
    pub const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";
    /// A load balancer.
    pub const LOAD_BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
    /// A managed policy of IAM.
    pub const MANAGED_POLICY: &str = "AWS::IAM::ManagedPolicy";
    /// An SQS queue.
    pub const QUEUE: &str = "AWS::SQS::Queue";
    /// A role of IAM.
    pub const ROLE: &str = "AWS::IAM::Role";
    /// An EventBridge rule.
    pub const RULE: &str = "AWS::Events::Rule";
    /// A scalable target of Application Auto Scaling.
    pub const SCALABLE_TARGET: &str = "AWS::ApplicationAutoScaling::ScalableTarget";
    /// A group of schedules of EventBridge Scheduler.
    pub const SCHEDULE_GROUP: &str = "AWS::Scheduler::ScheduleGroup";
    /// A scaling policy of Application Auto Scaling.
    pub const SCALING_POLICY: &str = "AWS::ApplicationAutoScaling::ScalingPolicy";
    /// An ECS service.
    pub const SERVICE: &str = "AWS::ECS::Service";
    /// A Slack channel that hears of alarms.
    pub const SLACK_CHANNEL: &str = "AWS::Chatbot::SlackChannelConfiguration";
    /// A subscription to an SNS topic.
    pub const SUBSCRIPTION: &str = "AWS::SNS::Subscription";
    /// A target group of a load balancer.
    pub const TARGET_GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";
    /// A task definition of ECS.
    pub const TASK_DEFINITION: &str = "AWS::ECS::TaskDefinition";
    /// An SNS topic.
    pub const TOPIC: &str = "AWS::SNS::Topic";
}

/// How the logical ID of a service ends.
pub const SERVICE: &str = "Service";
pub(crate) const LOAD_BALANCER: &str = "LoadBalancer";
/// How the logical ID of a dead-letter queue ends.
pub const DEAD_LETTER_QUEUE: &str = "DeadLetterQueue";
pub(crate) const DEAD_LETTERS_ALARM: &str = "DeadLettersAlarm";

/// How the logical id of the alarm ends that a service with `demand` has, and no other.
pub const NEED_SILENT_ALARM: &str = "NeedSilentAlarm";

/// The output that holds the URL of what has this logical id.
#[must_use]
pub fn url_output(id: &str) -> String {
    format!("{id}Url")
}

/// The output that holds the URL of a service's load balancer, by the logical id of the service.
#[must_use]
pub fn load_balancer_url_output(service: &str) -> Option<String> {
    let stem = service.strip_suffix(SERVICE)?;
    Some(url_output(&format!("{stem}{LOAD_BALANCER}")))
}

/// The logical id of the alarm that each dead-letter queue has. `None` when a queue of this logical id
/// can't be one.
///
/// The id of the queue alone isn't enough: the plain queue `dead-letter` has an id of the same form. But
/// only a dead-letter queue has this alarm.
#[must_use]
pub fn dead_letters_alarm_of(queue: &str) -> Option<String> {
    let stem = queue.strip_suffix(DEAD_LETTER_QUEUE)?;
    Some(format!("{stem}{DEAD_LETTERS_ALARM}"))
}

/// The logical id of the log group of a function of ours, by the logical id of the function.
#[must_use]
pub fn function_logs(function: &str) -> String {
    format!("{function}Logs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names;

    #[test]
    fn a_dead_letter_queue_leads_to_its_alarm() {
        assert_eq!(
            dead_letters_alarm_of(&names::dead_letter_queue("orders")),
            Some(names::dead_letters_alarm("orders"))
        );
        assert_eq!(
            dead_letters_alarm_of(&names::scaling_dead_letter_queue("web")),
            Some(names::scaling_dead_letters_alarm("web"))
        );
        assert_eq!(dead_letters_alarm_of(&names::queue("orders")), None);
    }

    #[test]
    fn a_function_leads_to_its_log_group() {
        for number in [1, 2] {
            assert_eq!(
                function_logs(&names::demand_function(number)),
                names::demand_function_logs(number)
            );
        }
        assert_eq!(
            function_logs(&names::scaling_function("web")),
            names::scaling_function_logs("web")
        );
    }

    #[test]
    fn a_service_leads_to_the_url_of_its_load_balancer() {
        assert_eq!(
            load_balancer_url_output(&names::service("web")),
            Some(url_output(&names::load_balancer("web")))
        );
        assert_eq!(load_balancer_url_output("Cluster"), None);
    }
}
