//! Deploying again: no changes if nothing changed, otherwise only the change.

use std::collections::BTreeSet;

use e2e::{Bench, Cloud, TestStack, edited, worker};
use serde_json::{Value, json};

/// Returns the action and logical ID of each change.
fn changes(plan: &Value) -> BTreeSet<(&str, &str)> {
    let changes = plan["changes"].as_array().unwrap().iter();
    let text = |value: &'_ Value| value.as_str().unwrap().to_owned().leak() as &'static str;
    changes
        .map(|change| (text(&change["action"]), text(&change["logical_id"])))
        .collect()
}

#[tokio::test]
async fn nothing_changes_twice_and_a_latency_changes_just_the_policy() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "update");
    let before = worker(&stack.name);
    let first = stack.deploy(&before).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let [cluster, service] = [found.id("Cluster"), found.id("WorkerService")];
    cloud.set_desired_count(cluster, service, 7).await;
    cloud.send(found.id("JobsQueue"), 3).await;

    let again = stack.deploy(&before).await.succeeds();
    assert_eq!(again["changed"], false);
    assert_eq!(again["plan"]["changes"], json!([]));
    assert_eq!(again["outputs"], first["outputs"]);
    let difference = stack.run("diff", &[]).end().await.succeeds();
    assert_eq!(difference["changed"], false);
    assert_eq!(cloud.resources(&stack.name).await, found);

    let after = edited(
        &before,
        "acceptable_latency: 10m",
        "acceptable_latency: 20m",
    );
    stack.write(&after);
    // In addition to the policy, the objective determines its alarm and its line in the dashboard.
    let expected = BTreeSet::from([
        ("change", "WorkerScalingPolicy"),
        ("change", "JobsOldestMessageAlarm"),
        ("change", "Dashboard"),
    ]);
    let difference = stack.run("diff", &[]).end().await.succeeds();
    assert_eq!(changes(&difference["plan"]), expected);
    let status = cloud.stack_status(&stack.name).await;
    assert_eq!(
        status.as_deref(),
        Some("CREATE_COMPLETE"),
        "diff changed the stack"
    );

    let changed = stack.deploy(&after).await.succeeds();
    assert_eq!(changed["changed"], true);
    assert_eq!(changes(&changed["plan"]), expected);
    assert_eq!(
        cloud.resources(&stack.name).await,
        found,
        "a resource was replaced"
    );
    assert_eq!(target(&cloud, service).await, [1_200.0], "20 min ÷ 1 s");
    assert_eq!(
        tracking_thresholds(&cloud, service).await,
        [1_080.0, 1_200.0]
    );
    let alarm = cloud.clients.cloudwatch.describe_alarms();
    let alarm = alarm
        .alarm_names(found.id("JobsOldestMessageAlarm"))
        .send()
        .await
        .unwrap();
    assert_eq!(alarm.metric_alarms()[0].threshold(), Some(1_200.0));
    let running = cloud.service(service).await.unwrap();
    assert_eq!(
        running.desired_count(),
        7,
        "a deploy took the autoscaler's decision back"
    );
    let queue = cloud.queue(found.id("JobsQueue")).await.unwrap();
    assert_eq!(queue["ApproximateNumberOfMessages"], "3");
}

/// `service/CLUSTER/SERVICE` of a service's ARN.
fn resource_id(arn: &str) -> &str {
    arn.split_once(":service/")
        .map(|(before, _)| &arn[before.len() + 1..])
        .unwrap()
}

/// Returns the targets of the service's scaling policies.
async fn target(cloud: &Cloud, service: &str) -> Vec<f64> {
    let client = &cloud.clients.applicationautoscaling;
    let request = client
        .describe_scaling_policies()
        .service_namespace("ecs".into());
    let reply = request
        .resource_id(resource_id(service))
        .send()
        .await
        .unwrap();
    let target = |policy: &aws_sdk_applicationautoscaling::types::ScalingPolicy| {
        let tracking = policy.target_tracking_scaling_policy_configuration();
        tracking.unwrap().target_value()
    };
    reply.scaling_policies().iter().map(target).collect()
}

/// Returns the thresholds of the alarms of the service's scaling policies, in order.
async fn tracking_thresholds(cloud: &Cloud, service: &str) -> Vec<f64> {
    let prefix = format!("TargetTracking-{}-", resource_id(service));
    let request = cloud.clients.cloudwatch.describe_alarms();
    let reply = request.alarm_name_prefix(prefix).send().await.unwrap();
    let mut found: Vec<f64> = reply
        .metric_alarms()
        .iter()
        .map(|a| a.threshold().unwrap())
        .collect();
    found.sort_by(f64::total_cmp);
    found
}
