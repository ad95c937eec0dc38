//! Statements for CloudFormation's requests while it creates a stack's resources.
//!
//! Each statement covers only the stack's own resources, by their names, or by the tag that CloudFormation sets on
//! the resources that it creates and that no one else can write. Source of the actions' resources and condition
//! keys: AWS Service Authorization Reference.

use super::document::Statement;
use super::scope::Scope;

/// Roles, policies, functions, rules, and log groups.
pub(super) fn functions(scope: &Scope) -> Vec<Statement> {
    let named = |service: &str, kind: &str| [scope.arn(service, &format!("{kind}{}", scope.names))];
    let code = format!("{}/functions/*", scope.assets_bucket());
    vec![
        Statement::allow("MakeFunctions", FUNCTIONS, named("lambda", "function:")),
        Statement::allow(
            "ReadFunctionCode",
            &["s3:GetObject", "s3:GetObjectVersion"],
            [code],
        ),
        Statement::allow("MakeRules", RULES, named("events", "rule/")),
        Statement::allow("MakeLogGroups", LOG_GROUPS, named("logs", "log-group:")),
        Statement::allow("FindLogGroups", &["logs:DescribeLogGroups"], ["*".into()]),
        Statement::allow(
            "MakeScheduleGroups",
            SCHEDULE_GROUPS,
            named("scheduler", "schedule-group/"),
        ),
        // A group is deleted with its schedules.
        Statement::allow(
            "EmptyScheduleGroups",
            &["scheduler:DeleteSchedule"],
            [scope.schedules()],
        ),
    ]
}

const SCHEDULE_GROUPS: &[&str] = &[
    "scheduler:CreateScheduleGroup",
    "scheduler:DeleteScheduleGroup",
    "scheduler:GetScheduleGroup",
    "scheduler:ListTagsForResource",
    "scheduler:TagResource",
    "scheduler:UntagResource",
];

const FUNCTIONS: &[&str] = &[
    "lambda:AddPermission",
    "lambda:CreateFunction",
    "lambda:DeleteFunction",
    "lambda:DeleteFunctionConcurrency",
    "lambda:DeleteFunctionEventInvokeConfig",
    "lambda:GetFunction",
    "lambda:GetFunctionCodeSigningConfig",
    "lambda:GetFunctionConfiguration",
    "lambda:GetFunctionEventInvokeConfig",
    "lambda:GetFunctionRecursionConfig",
    "lambda:GetFunctionScalingConfig",
    "lambda:GetPolicy",
    "lambda:GetRuntimeManagementConfig",
    "lambda:ListTags",
    "lambda:PutFunctionConcurrency",
    "lambda:PutFunctionEventInvokeConfig",
    "lambda:RemovePermission",
    "lambda:TagResource",
    "lambda:UntagResource",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:UpdateFunctionEventInvokeConfig",
];

const RULES: &[&str] = &[
    "events:DeleteRule",
    "events:DescribeRule",
    "events:ListTagsForResource",
    "events:ListTargetsByRule",
    "events:PutRule",
    "events:PutTargets",
    "events:RemoveTargets",
    "events:TagResource",
    "events:UntagResource",
];

const LOG_GROUPS: &[&str] = &[
    "logs:AssociateKmsKey",
    "logs:CreateLogGroup",
    "logs:DeleteLogGroup",
    "logs:DeleteRetentionPolicy",
    "logs:DisassociateKmsKey",
    "logs:GetDataProtectionPolicy",
    "logs:ListTagsForResource",
    "logs:ListTagsLogGroup",
    "logs:PutRetentionPolicy",
    "logs:TagLogGroup",
    "logs:TagResource",
    "logs:UntagLogGroup",
    "logs:UntagResource",
];

/// Queues, the alarm topic, alarms, and the dashboard.
pub(super) fn queues(scope: &Scope) -> Vec<Statement> {
    let queues = scope.queues.iter().map(|name| scope.arn("sqs", name));
    let topic = scope.arn("sns", &scope.names);
    // Application Auto Scaling creates these with the caller's permissions.
    let tracking = scope.all_services().map(|service| {
        let service = service.trim_end_matches('*');
        let name = format!("alarm:TargetTracking-service/{service}*");
        scope.arn("cloudwatch", &name)
    });
    let alarms = scope.arn("cloudwatch", &format!("alarm:{}", scope.names));
    let endpoints: Vec<String> = scope
        .queues
        .iter()
        .map(|name| scope.arn("sqs", name))
        .collect();
    let channels = format!("chat-configuration/slack-channel/{}", scope.names);
    vec![
        Statement::allow("MakeQueues", QUEUES, queues),
        Statement::allow(
            "MakeSlackChannels",
            SLACK_CHANNELS,
            [scope.global("chatbot", &channels)],
        ),
        Statement::allow("FindSlackChannels", FIND_SLACK_CHANNELS, ["*".into()]),
        Statement::allow("MakeAlarmTopic", TOPIC, [topic]),
        Statement::allow(
            "Subscribe",
            &["sns:Subscribe"],
            scope.topics.iter().cloned(),
        )
        .when("StringEquals", "sns:Protocol", "sqs")
        .when("StringLike", "sns:Endpoint", endpoints),
        Statement::allow(
            "ChangeSubscriptions",
            SUBSCRIPTIONS,
            scope.topics.iter().cloned(),
        ),
        Statement::allow("MakeAlarms", ALARMS, [alarms].into_iter().chain(tracking)),
        Statement::allow("MakeDashboards", DASHBOARDS, scope.dashboards()),
        Statement::allow(
            "ReadMetrics",
            &["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"],
            ["*".into()],
        ),
    ]
}

const SLACK_CHANNELS: &[&str] = &[
    "chatbot:DeleteSlackChannelConfiguration",
    "chatbot:TagResource",
    "chatbot:UntagResource",
    "chatbot:UpdateSlackChannelConfiguration",
];

const FIND_SLACK_CHANNELS: &[&str] = &[
    "chatbot:CreateSlackChannelConfiguration",
    "chatbot:DescribeSlackChannelConfigurations",
    "chatbot:ListTagsForResource",
];

const QUEUES: &[&str] = &[
    "sqs:CreateQueue",
    "sqs:DeleteQueue",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ListQueueTags",
    "sqs:SetQueueAttributes",
    "sqs:TagQueue",
    "sqs:UntagQueue",
];

const TOPIC: &[&str] = &[
    "sns:CreateTopic",
    "sns:DeleteTopic",
    "sns:GetDataProtectionPolicy",
    "sns:GetSubscriptionAttributes",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:ListTagsForResource",
    "sns:SetSubscriptionAttributes",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
    "sns:TagResource",
    "sns:Unsubscribe",
    "sns:UntagResource",
];

const SUBSCRIPTIONS: &[&str] = &[
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
];

const ALARMS: &[&str] = &[
    "cloudwatch:DeleteAlarms",
    "cloudwatch:ListTagsForResource",
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:TagResource",
    "cloudwatch:UntagResource",
];

const DASHBOARDS: &[&str] = &[
    "cloudwatch:DeleteDashboards",
    "cloudwatch:GetDashboard",
    "cloudwatch:ListTagsForResource",
    "cloudwatch:PutDashboard",
    "cloudwatch:TagResource",
    "cloudwatch:UntagResource",
];
