//! The check after a deletion, type by type.

use aws_sdk_applicationautoscaling::operation::describe_scalable_targets::DescribeScalableTargetsOutput;
use aws_sdk_applicationautoscaling::operation::describe_scaling_policies::DescribeScalingPoliciesOutput;
use aws_sdk_applicationautoscaling::types::{
    PolicyType, ScalableDimension, ScalableTarget, ScalingPolicy, ServiceNamespace,
};
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::list_dashboards::ListDashboardsOutput;
use aws_sdk_cloudwatch::types::{DashboardEntry, MetricAlarm};
use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsOutput;
use aws_sdk_cloudwatchlogs::types::LogGroup;
use aws_sdk_ecs::operation::describe_capacity_providers::DescribeCapacityProvidersOutput;
use aws_sdk_ecs::operation::describe_clusters::DescribeClustersOutput;
use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::operation::describe_task_definition::DescribeTaskDefinitionOutput;
use aws_sdk_ecs::types::{
    CapacityProvider, CapacityProviderStatus, Cluster, Service, TaskDefinition,
    TaskDefinitionStatus,
};
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
use aws_sdk_iam::operation::get_policy::GetPolicyOutput;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_sns::operation::get_subscription_attributes::GetSubscriptionAttributesOutput;
use aws_sdk_sns::operation::get_topic_attributes::GetTopicAttributesOutput;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use aws_smithy_types::DateTime;

use super::cloud::{json_error, run, xml_error};
use super::recover::{queues_refused, queues_with};
use super::told;
use crate::{Kind, Remains, Resource, Result};

const SCALED: &str = "service/voucher/web";
const SERVICE: &str = "arn:aws:ecs:us-west-2:1:service/voucher/web";
const DEFINITION: &str = "arn:aws:ecs:us-west-2:1:task-definition/web:3";
const POLICY: &str = "arn:aws:autoscaling:us-west-2:1:scalingPolicy:p:resource/ecs/service/voucher/web:policyName/backlog";

/// Every type that is checked, with a physical ID as CloudFormation returns it.
const LOOKED_FOR: [(&str, &str); 17] = [
    (
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "service/voucher/web|ecs:service:DesiredCount|ecs",
    ),
    ("AWS::ApplicationAutoScaling::ScalingPolicy", POLICY),
    ("AWS::CloudWatch::Alarm", "alarm"),
    ("AWS::CloudWatch::Dashboard", "board"),
    ("AWS::ECS::CapacityProvider", "shop-instances"),
    ("AWS::ECS::Cluster", "voucher"),
    ("AWS::ECS::Service", SERVICE),
    ("AWS::ECS::TaskDefinition", DEFINITION),
    ("AWS::Events::Rule", "rule"),
    ("AWS::IAM::InstanceProfile", "profile"),
    ("AWS::IAM::ManagedPolicy", "arn:aws:iam::1:policy/p"),
    ("AWS::IAM::Role", "role"),
    ("AWS::Lambda::Function", "function"),
    ("AWS::Logs::LogGroup", "/logs"),
    (
        "AWS::SNS::Subscription",
        "arn:aws:sns:us-west-2:1:topic:subscription",
    ),
    ("AWS::SNS::Topic", "arn:aws:sns:us-west-2:1:topic"),
    ("AWS::SQS::Queue", "https://sqs/q"),
];

fn resource((kind, id): (&str, &str)) -> Resource {
    Resource {
        resource_type: kind.to_owned(),
        logical_id: "X".to_owned(),
        physical_id: id.to_owned(),
        status: String::new(),
    }
}

async fn remains(rules: &[Rule], resources: &[(&str, &str)]) -> Result<Remains> {
    let resources: Vec<Resource> = resources.iter().copied().map(resource).collect();
    let (result, _) = run(rules, async |session| {
        crate::remains(session, &resources).await
    })
    .await;
    result
}

/// Clusters in this status, for any request.
pub(super) fn clusters(status: &'static str) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_clusters).then_compute_output(move |input| {
        let named = input
            .clusters()
            .iter()
            .map(|name| Cluster::builder().cluster_name(name).status(status).build());
        DescribeClustersOutput::builder()
            .set_clusters(Some(named.collect()))
            .build()
    })
}

fn services(status: Option<&'static str>) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_services).then_compute_response(move |input| {
        assert_eq!(input.cluster(), Some("voucher"));
        match status {
            None => {
                MockResponse::Http(json_error("ClusterNotFoundException", "Cluster not found."))
            }
            Some(status) => {
                let service = Service::builder()
                    .service_arn(SERVICE)
                    .status(status)
                    .build();
                MockResponse::Output(DescribeServicesOutput::builder().services(service).build())
            }
        }
    })
}

fn definitions(status: Option<TaskDefinitionStatus>) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_task_definition).then_compute_response(move |_| {
        let Some(status) = status.clone() else {
            let refusal = json_error("ClientException", "Unable to describe task definition.");
            return MockResponse::Http(refusal);
        };
        let definition = TaskDefinition::builder().status(status).build();
        let output = DescribeTaskDefinitionOutput::builder().task_definition(definition);
        MockResponse::Output(output.build())
    })
}

fn alarms(names: &'static [&'static str]) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::describe_alarms).then_compute_output(move |input| {
        let asked = |name: &&&str| match input.alarm_name_prefix() {
            Some(prefix) => name.starts_with(prefix),
            None => input.alarm_names().iter().any(|asked| asked == **name),
        };
        let found = names.iter().filter(asked);
        let found = found.map(|name| MetricAlarm::builder().alarm_name(*name).build());
        DescribeAlarmsOutput::builder()
            .set_metric_alarms(Some(found.collect()))
            .build()
    })
}

fn lists(there: bool) -> Vec<Rule> {
    let boards = mock!(aws_sdk_cloudwatch::Client::list_dashboards).then_output(move || {
        let entry = |name: &str| DashboardEntry::builder().dashboard_name(name).build();
        let output = ListDashboardsOutput::builder().dashboard_entries(entry("board-2"));
        let output = if there {
            output.dashboard_entries(entry("board"))
        } else {
            output
        };
        output.build()
    });
    let groups =
        mock!(aws_sdk_cloudwatchlogs::Client::describe_log_groups).then_output(move || {
            let group = |name: &str| LogGroup::builder().log_group_name(name).build();
            let output = DescribeLogGroupsOutput::builder().log_groups(group("/logs-2"));
            let output = if there {
                output.log_groups(group("/logs"))
            } else {
                output
            };
            output.build()
        });
    let targets = mock!(aws_sdk_applicationautoscaling::Client::describe_scalable_targets)
        .then_compute_output(move |input| {
            assert_eq!(input.resource_ids(), [SCALED]);
            let found = there.then(|| vec![target()]);
            DescribeScalableTargetsOutput::builder()
                .set_scalable_targets(found)
                .build()
        });
    let policies = mock!(aws_sdk_applicationautoscaling::Client::describe_scaling_policies)
        .then_compute_output(move |input| {
            assert_eq!(input.resource_id(), Some(SCALED));
            let output = DescribeScalingPoliciesOutput::builder().scaling_policies(policy("other"));
            let output = if there {
                output.scaling_policies(policy(POLICY))
            } else {
                output
            };
            output.build()
        });
    vec![boards, groups, targets, policies]
}

fn target() -> ScalableTarget {
    ScalableTarget::builder()
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id(SCALED)
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .min_capacity(1)
        .max_capacity(2)
        .role_arn("role")
        .creation_time(DateTime::from_secs(0))
        .build()
        .unwrap()
}

fn policy(arn: &str) -> ScalingPolicy {
    ScalingPolicy::builder()
        .policy_arn(arn)
        .policy_name("backlog")
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id(SCALED)
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .policy_type(PolicyType::TargetTrackingScaling)
        .creation_time(DateTime::from_secs(0))
        .build()
        .unwrap()
}

fn providers(status: Option<CapacityProviderStatus>) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_capacity_providers).then_compute_output(move |input| {
        assert_eq!(input.capacity_providers(), ["shop-instances"]);
        let provider = status.clone().map(|status| {
            let provider = CapacityProvider::builder().name("shop-instances");
            vec![provider.status(status).build()]
        });
        DescribeCapacityProvidersOutput::builder()
            .set_capacity_providers(provider)
            .build()
    })
}

/// Every resource exists.
fn full() -> Vec<Rule> {
    let mut rules = lists(true);
    rules.extend([
        clusters("ACTIVE"),
        providers(Some(CapacityProviderStatus::Active)),
        mock!(aws_sdk_sns::Client::get_subscription_attributes)
            .then_output(|| GetSubscriptionAttributesOutput::builder().build()),
        mock!(aws_sdk_iam::Client::get_instance_profile).then_compute_response(|_| {
            let body = "<GetInstanceProfileResponse><GetInstanceProfileResult><InstanceProfile><Path>/</Path>\
                        <InstanceProfileName>profile</InstanceProfileName><InstanceProfileId>i</InstanceProfileId>\
                        <Arn>a</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><Roles></Roles></InstanceProfile>\
                        </GetInstanceProfileResult></GetInstanceProfileResponse>";
            let status = 200.try_into().unwrap();
            MockResponse::Http(aws_sdk_iam::config::http::HttpResponse::new(status, body.into()))
        }),
        services(Some("ACTIVE")),
        definitions(Some(TaskDefinitionStatus::Active)),
        alarms(&["alarm"]),
        queues_with(0),
        mock!(aws_sdk_iam::Client::get_role).then_compute_response(|_| {
            let body = "<GetRoleResponse><GetRoleResult><Role><Path>/</Path><RoleName>role</RoleName>\
                        <RoleId>i</RoleId><Arn>a</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></Role>\
                        </GetRoleResult></GetRoleResponse>";
            let status = 200.try_into().unwrap();
            MockResponse::Http(aws_sdk_iam::config::http::HttpResponse::new(status, body.into()))
        }),
        mock!(aws_sdk_iam::Client::get_policy).then_output(|| GetPolicyOutput::builder().build()),
        mock!(aws_sdk_lambda::Client::get_function).then_output(|| GetFunctionOutput::builder().build()),
        mock!(aws_sdk_eventbridge::Client::describe_rule).then_output(|| DescribeRuleOutput::builder().build()),
        mock!(aws_sdk_sns::Client::get_topic_attributes).then_output(|| GetTopicAttributesOutput::builder().build()),
    ]);
    rules
}

/// Every resource is gone, reported in each service's own way.
fn empty() -> Vec<Rule> {
    let mut rules = lists(false);
    rules.extend([
        clusters("INACTIVE"),
        providers(Some(CapacityProviderStatus::Inactive)),
        mock!(aws_sdk_sns::Client::get_subscription_attributes)
            .then_http_response(|| xml_error("NotFound", "no")),
        mock!(aws_sdk_iam::Client::get_instance_profile)
            .then_http_response(|| xml_error("NoSuchEntity", "no")),
        services(Some("INACTIVE")),
        definitions(Some(TaskDefinitionStatus::Inactive)),
        alarms(&[]),
        queues_refused("com.amazonaws.sqs#QueueDoesNotExist"),
        mock!(aws_sdk_iam::Client::get_role).then_http_response(|| xml_error("NoSuchEntity", "no")),
        mock!(aws_sdk_iam::Client::get_policy)
            .then_http_response(|| xml_error("NoSuchEntity", "no")),
        mock!(aws_sdk_lambda::Client::get_function)
            .then_http_response(|| json_error("ResourceNotFoundException", "no")),
        mock!(aws_sdk_eventbridge::Client::describe_rule)
            .then_http_response(|| json_error("ResourceNotFoundException", "no")),
        mock!(aws_sdk_sns::Client::get_topic_attributes)
            .then_http_response(|| xml_error("NotFound", "no")),
    ]);
    rules
}

#[tokio::test(start_paused = true)]
async fn each_type_is_left_where_it_is_there_and_gone_where_it_is_not() {
    let (full, empty) = (full(), empty());
    for looked in LOOKED_FOR {
        let found = remains(&full, &[looked]).await.unwrap();
        assert_eq!(found.left, [resource(looked)], "{looked:?}");
        assert_eq!((found.gone, found.unchecked.len()), (0, 0), "{looked:?}");
        let found = remains(&empty, &[looked]).await.unwrap();
        assert_eq!(
            (found.gone, found.left.len(), found.unchecked.len()),
            (1, 0, 0),
            "{looked:?}"
        );
    }
    assert_eq!(
        remains(&full, &LOOKED_FOR).await.unwrap().left.len(),
        LOOKED_FOR.len()
    );
    assert_eq!(
        remains(&empty, &LOOKED_FOR).await.unwrap().gone,
        LOOKED_FOR.len()
    );
}

#[tokio::test(start_paused = true)]
async fn what_goes_with_its_cluster_or_was_never_made_is_gone() {
    let rules = [services(None), definitions(None), providers(None)];
    let found = remains(
        &rules,
        &[
            ("AWS::ECS::CapacityProvider", "shop-instances"),
            ("AWS::ECS::Service", SERVICE),
            ("AWS::ECS::TaskDefinition", DEFINITION),
        ],
    );
    assert_eq!(found.await.unwrap().gone, 3);
    let found = remains(&[], &[("AWS::SQS::Queue", "")]).await.unwrap();
    assert_eq!(found, Remains::default(), "never made");
}

#[tokio::test(start_paused = true)]
async fn a_type_that_only_cloudformation_knows_is_counted() {
    let others = [
        ("AWS::EC2::VPC", "vpc-1"),
        ("AWS::EC2::VPC", "vpc-2"),
        ("AWS::EC2::Subnet", "subnet-1"),
        ("AWS::ApplicationAutoScaling::ScalingPolicy", "not an arn"),
        // An email address that isn't confirmed has no ARN yet.
        ("AWS::SNS::Subscription", "pending confirmation"),
    ];
    let found = remains(&[], &others).await.unwrap();
    let expected = [
        ("AWS::ApplicationAutoScaling::ScalingPolicy", 1),
        ("AWS::EC2::Subnet", 1),
        ("AWS::EC2::VPC", 2),
        ("AWS::SNS::Subscription", 1),
    ];
    let unchecked = found.unchecked.iter().map(|(kind, n)| (kind.as_str(), *n));
    assert_eq!(unchecked.collect::<Vec<_>>(), expected);
    assert_eq!((found.gone, found.left.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn alarms_that_application_auto_scaling_left_behind_are_found() {
    let mut rules = vec![alarms(&[
        "TargetTracking-service/voucher/web-AlarmHigh-1",
        "TargetTracking-service/voucher/web-2-AlarmHigh-2",
        "TargetTracking-service/voucher/web2-AlarmLow-3",
        "TargetTracking-service/voucher/web-AlarmLow-4",
        "TargetTracking-service/other/web-AlarmLow-5",
    ])];
    rules.extend(lists(false));
    let target = "service/voucher/web|ecs:service:DesiredCount|ecs";
    let kind = "AWS::ApplicationAutoScaling::ScalableTarget";
    let found = remains(&rules, &[(kind, target)]).await.unwrap();
    let left: Vec<String> = found.left.into_iter().map(|r| r.physical_id).collect();
    assert_eq!(
        left,
        [
            "TargetTracking-service/voucher/web-AlarmHigh-1",
            "TargetTracking-service/voucher/web-AlarmLow-4"
        ],
        "of this service, not of those whose names begin alike"
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cant_be_asked_proves_nothing() {
    let rules = [queues_refused("AccessDenied")];
    let error = remains(&rules, &[("AWS::SQS::Queue", "https://sqs/q")])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    insta::assert_snapshot!(told(&error), @r"
    Unreachable: failed to look for https://sqs/q: not allowed (AccessDenied)
      hint: these credentials don't have the required permission; see docs/permissions.md
    ");
}
