//! The interface for readers of a deployed stack: its marks, the types of its resources, the meaning of logical IDs
//! and output names, and the location of its assets.
//!
//! The template is written with it, and the deployer reads with it, so that the two can't diverge.

mod assets;
mod mark;
mod reminders;
mod retained;
mod schedule;

pub use assets::{DRAFTS, FLEETS, assets_bucket, deploy_records, fleet_objects};
pub(crate) use mark::{DESCRIPTION, metadata, write_definition};
pub use mark::{
    STACK_TAG, SUSPENDED_TAG, TemplateMark, VERSION, has_our_description, is_newer_version,
    read_definition, read_environment, read_mark, without_notes,
};
pub use reminders::read_reminded;
pub(crate) use reminders::reminded_metadata;
pub use retained::{is_imported, is_stack_policy, list_retained, mark_imported, read_imported};
pub(crate) use retained::{keep_mark, keep_policies};
pub(crate) use schedule::schedule_metadata;
pub use schedule::{TargetSchedule, read_schedule};

/// CloudFormation's resource types that readers search for.
pub mod types {
    /// A CloudWatch alarm.
    pub const ALARM: &str = "AWS::CloudWatch::Alarm";
    /// An ECS capacity provider.
    pub const CAPACITY_PROVIDER: &str = "AWS::ECS::CapacityProvider";
    /// An ECS cluster.
    pub const CLUSTER: &str = "AWS::ECS::Cluster";
    /// A CloudWatch dashboard.
    pub const DASHBOARD: &str = "AWS::CloudWatch::Dashboard";
    /// A Lambda function.
    pub const FUNCTION: &str = "AWS::Lambda::Function";
    /// A VPC flow log.
    pub const FLOW_LOG: &str = "AWS::EC2::FlowLog";
    /// An IAM instance profile.
    pub const INSTANCE_PROFILE: &str = "AWS::IAM::InstanceProfile";
    /// A CloudWatch Logs log group.
    pub const LOG_GROUP: &str = "AWS::Logs::LogGroup";
    /// A listener of a load balancer.
    pub const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";
    /// A load balancer.
    pub const LOAD_BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
    /// An IAM managed policy.
    pub const MANAGED_POLICY: &str = "AWS::IAM::ManagedPolicy";
    /// An SQS queue.
    pub const QUEUE: &str = "AWS::SQS::Queue";
    /// An IAM role.
    pub const ROLE: &str = "AWS::IAM::Role";
    /// An EventBridge rule.
    pub const RULE: &str = "AWS::Events::Rule";
    /// An Application Auto Scaling scalable target.
    pub const SCALABLE_TARGET: &str = "AWS::ApplicationAutoScaling::ScalableTarget";
    /// A group of schedules of EventBridge Scheduler.
    pub const SCHEDULE_GROUP: &str = "AWS::Scheduler::ScheduleGroup";
    /// A scaling policy of Application Auto Scaling.
    pub const SCALING_POLICY: &str = "AWS::ApplicationAutoScaling::ScalingPolicy";
    /// An ECS service.
    pub const SERVICE: &str = "AWS::ECS::Service";
    /// A Slack channel that receives alarms.
    pub const SLACK_CHANNEL: &str = "AWS::Chatbot::SlackChannelConfiguration";
    /// A subscription to an SNS topic.
    pub const SUBSCRIPTION: &str = "AWS::SNS::Subscription";
    /// A target group of a load balancer.
    pub const TARGET_GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";
    /// An ECS task definition.
    pub const TASK_DEFINITION: &str = "AWS::ECS::TaskDefinition";
    /// An SNS topic.
    pub const TOPIC: &str = "AWS::SNS::Topic";
}

/// Suffix of a service's logical ID.
pub const SERVICE: &str = "Service";
pub(crate) const LOAD_BALANCER: &str = "LoadBalancer";
/// Suffix of a dead-letter queue's logical ID.
pub const DEAD_LETTER_QUEUE: &str = "DeadLetterQueue";
pub(crate) const DEAD_LETTERS_ALARM: &str = "DeadLettersAlarm";

/// Suffix of the logical ID of an alarm that only services with `demand` have.
pub const NEED_SILENT_ALARM: &str = "NeedSilentAlarm";

/// The output with the URL of the resource with this logical ID.
#[must_use]
pub fn url_output(id: &str) -> String {
    format!("{id}Url")
}

/// The output with the URL of a service's load balancer, by the logical ID of the service.
#[must_use]
pub fn load_balancer_url_output(service: &str) -> Option<String> {
    let stem = service.strip_suffix(SERVICE)?;
    Some(url_output(&format!("{stem}{LOAD_BALANCER}")))
}

/// The logical ID of the alarm that each dead-letter queue has. `None` if a queue with this logical ID can't be
/// one.
///
/// The ID of the queue alone isn't enough: the plain queue `dead-letter` has an ID of the same form. But only a
/// dead-letter queue has this alarm.
#[must_use]
pub fn dead_letters_alarm_of(queue: &str) -> Option<String> {
    let stem = queue.strip_suffix(DEAD_LETTER_QUEUE)?;
    Some(format!("{stem}{DEAD_LETTERS_ALARM}"))
}

/// The logical ID of the log group of one of our functions, by the logical ID of the function.
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
