//! A stack's resources, from every service's own list and not from CloudFormation.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_applicationautoscaling::types::ServiceNamespace;
use aws_sdk_ecs::types::TaskDefinitionStatus;

use crate::cloud::{Cloud, Resources};

/// The resources found, by kind.
pub type Inventory = BTreeMap<&'static str, BTreeSet<String>>;

/// Prefixes of EC2's IDs. The IDs don't show which stack owns them.
const EC2_IDS: [&str; 7] = ["vpc-", "subnet-", "igw-", "rtb-", "sg-", "lt-", "fl-"];
const EC2_LISTS: [(&str, &str); 8] = [
    ("flow logs", "DescribeFlowLogs"),
    ("VPCs", "DescribeVpcs"),
    ("subnets", "DescribeSubnets"),
    ("internet gateways", "DescribeInternetGateways"),
    ("route tables", "DescribeRouteTables"),
    ("security groups", "DescribeSecurityGroups"),
    ("launch templates", "DescribeLaunchTemplates"),
    // They have the name of their Auto Scaling group as a tag.
    ("instances", RUNNING_INSTANCES),
];
/// EC2 lists an instance for a while after its termination.
const RUNNING_INSTANCES: &str = "DescribeInstances&Filter.1.Name=instance-state-name\
                                 &Filter.1.Value.1=pending&Filter.1.Value.2=running";
/// Names that are shorter than the stack's, because load balancers allow no longer names.
const NAMED_BY_ARN: [&str; 2] = [
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
];

/// The listed resources with the stack's name, with the part of its ID that is in its queues' names,
/// or with an ID that EC2 assigned to one of its resources.
///
/// # Panics
/// If a service fails.
pub async fn inventory(cloud: &Cloud, stack_id: &str, resources: &Resources) -> Inventory {
    let mut path = stack_id.split('/').skip(1);
    let name = path.next().unwrap().to_owned();
    let suffix = path.next().unwrap().split('-').next().unwrap().to_owned();
    let mut marks = vec![name, suffix];
    let of_ec2 = |id: &&str| EC2_IDS.iter().any(|prefix| id.starts_with(prefix));
    marks.extend(resources.physical_ids().filter(of_ec2).map(str::to_owned));
    let by_arn = NAMED_BY_ARN
        .iter()
        .flat_map(|kind| resources.ids_of_type(kind));
    marks.extend(by_arn.map(str::to_owned));
    let mut found = Inventory::new();
    for (kind, things) in everything(cloud).await {
        let is_ours = |thing: &String| marks.iter().any(|mark| thing.contains(mark.as_str()));
        let ours: BTreeSet<String> = things.into_iter().filter(is_ours).collect();
        if !ours.is_empty() {
            found.insert(kind, ours);
        }
    }
    found
}

/// `all!(request, item => its text)`: returns every item of every page.
macro_rules! all {
    ($request:expr, $item:ident => $text:expr) => {{
        let mut items = $request.into_paginator().items().send();
        let mut found: Vec<String> = Vec::new();
        while let Some($item) = items.next().await {
            let $item = $item.unwrap();
            found.push($text.into());
        }
        found
    }};
}

/// Returns everything in the sandbox's region.
async fn everything(cloud: &Cloud) -> Vec<(&'static str, Vec<String>)> {
    let c = &cloud.clients;
    let mut found = vec![
        (
            "queues",
            all!(c.sqs.list_queues().max_results(1_000), url => url),
        ),
        (
            "topics",
            all!(c.sns.list_topics(), topic => topic.topic_arn.unwrap()),
        ),
        (
            "subscriptions",
            all!(c.sns.list_subscriptions(), it => it.topic_arn.unwrap()),
        ),
        ("roles", all!(c.iam.list_roles(), role => role.role_name)),
        (
            "instance profiles",
            all!(c.iam.list_instance_profiles(), it => it.instance_profile_name),
        ),
        (
            "functions",
            all!(c.lambda.list_functions(), it => it.function_name.unwrap()),
        ),
        ("rules", rules(cloud).await),
        (
            "log groups",
            all!(c.cloudwatchlogs.describe_log_groups(), it => it.log_group_name.unwrap()),
        ),
        (
            "dashboards",
            all!(c.cloudwatch.list_dashboards(), it => it.dashboard_name.unwrap()),
        ),
        ("alarms", alarms(cloud).await),
    ];
    found.extend(containers(cloud).await);
    let words = |xml: String| xml.split(['<', '>']).map(str::to_owned).collect();
    for (kind, action) in EC2_LISTS {
        found.push((kind, words(cloud.ec2(action))));
    }
    let balancing = |action| cloud.query("elasticloadbalancing", "2015-12-01", action);
    let groups = cloud.query("autoscaling", "2011-01-01", "DescribeAutoScalingGroups");
    found.extend([
        ("load balancers", words(balancing("DescribeLoadBalancers"))),
        ("target groups", words(balancing("DescribeTargetGroups"))),
        ("auto scaling groups", words(groups)),
    ]);
    found
}

/// The SDK has no paginator for these.
async fn rules(cloud: &Cloud) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = None;
    loop {
        let request = cloud.clients.eventbridge.list_rules();
        let page = request.set_next_token(next).send().await.unwrap();
        found.extend(
            page.rules()
                .iter()
                .map(|rule| rule.name().unwrap().to_owned()),
        );
        next = page.next_token;
        if next.is_none() {
            return found;
        }
    }
}

/// Returns the alarms, including those of scaling policies, which Application Auto Scaling creates outside the
/// stack.
async fn alarms(cloud: &Cloud) -> Vec<String> {
    let mut pages = cloud
        .clients
        .cloudwatch
        .describe_alarms()
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        let names = page.metric_alarms().iter().map(|alarm| alarm.alarm_name());
        found.extend(names.map(|name| name.unwrap().to_owned()));
    }
    found
}

/// Returns a cluster's services. A cluster of another test can disappear during the call.
async fn services_of(cloud: &Cloud, cluster: &str) -> Vec<String> {
    let request = cloud.clients.ecs.list_services().cluster(cluster);
    let mut items = request.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(arn) = items.next().await {
        match arn {
            Ok(arn) => found.push(arn),
            Err(error) => {
                let gone = error
                    .as_service_error()
                    .is_some_and(|error| error.is_cluster_not_found_exception());
                assert!(gone, "{error:?}");
            }
        }
    }
    found
}

async fn containers(cloud: &Cloud) -> Vec<(&'static str, Vec<String>)> {
    let (ecs, scaling) = (&cloud.clients.ecs, &cloud.clients.applicationautoscaling);
    let clusters = all!(ecs.list_clusters(), arn => arn);
    let mut services = Vec::new();
    for cluster in &clusters {
        services.extend(services_of(cloud, cluster).await);
    }
    let definitions = ecs
        .list_task_definitions()
        .status(TaskDefinitionStatus::Active);
    let targets = scaling
        .describe_scalable_targets()
        .service_namespace(ServiceNamespace::Ecs);
    let policies = scaling
        .describe_scaling_policies()
        .service_namespace(ServiceNamespace::Ecs);
    let providers = ecs.describe_capacity_providers().send().await.unwrap();
    let providers = providers.capacity_providers.unwrap_or_default();
    let providers = providers
        .into_iter()
        .filter(|it| it.status().map(|status| status.as_str()) == Some("ACTIVE"));
    vec![
        (
            "capacity providers",
            providers.map(|it| it.name.unwrap()).collect(),
        ),
        ("clusters", clusters),
        ("services", services),
        ("task definitions", all!(definitions, arn => arn)),
        ("scalable targets", all!(targets, it => it.resource_id)),
        ("scaling policies", all!(policies, it => it.resource_id)),
    ]
}
