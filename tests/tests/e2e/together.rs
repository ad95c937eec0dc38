//! Parallel runs on one stack, and several stacks in one account.

use std::collections::BTreeSet;

use e2e::{Bench, Cloud, Resources, TestStack, edited, worker};
use serde_json::json;

#[tokio::test]
async fn two_deploys_of_one_definition_end_with_one_stack() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "twice");
    stack.write(&worker(&stack.name));
    let deploy = || stack.run("deploy", &["--yes"]).end();
    let (one, other) = tokio::join!(deploy(), deploy());
    let (first, second) = (one.succeeds(), other.succeeds());
    assert_eq!(first["stack_id"], second["stack_id"], "{one}\n{other}");
    assert_eq!(first["outputs"], second["outputs"]);
    let reply = cloud
        .clients
        .cloudformation
        .describe_stacks()
        .send()
        .await
        .unwrap();
    let stacks = reply.stacks().iter();
    assert_eq!(
        stacks
            .filter(|s| s.stack_name() == Some(&stack.name))
            .count(),
        1
    );
    let found = cloud.resources(&stack.name).await;
    works(&cloud, &found).await;

    // Now two runs with different changes.
    let latencies = [("20m", 1_200.0), ("30m", 1_800.0)];
    let rivals = latencies.map(|(latency, _)| {
        let text = edited(
            &worker(&stack.name),
            "latency: 10m",
            &format!("latency: {latency}"),
        );
        let file = stack.file().with_file_name(format!("{latency}.yaml"));
        std::fs::write(&file, text).unwrap();
        let arguments = ["deploy", &file.display().to_string(), "--local", "--yes"];
        bench.xtask(arguments).end()
    });
    let [one, other] = rivals;
    let (one, other) = tokio::join!(one, other);
    let _ = (one.succeeds(), other.succeeds());
    let status = cloud.stack_status(&stack.name).await;
    assert_eq!(status.as_deref(), Some("UPDATE_COMPLETE"));
    assert_eq!(cloud.resources(&stack.name).await, found);
    let alarm = cloud.clients.cloudwatch.describe_alarms();
    let alarm = alarm
        .alarm_names(found.id("JobsOldestMessageAlarm"))
        .send()
        .await
        .unwrap();
    let promise = alarm.metric_alarms()[0].threshold().unwrap();
    let shown = stack.status().await;
    let target = shown["services"][0]["policies"][0]["target"]
        .as_f64()
        .unwrap();
    assert!(
        latencies.iter().any(|(_, wanted)| *wanted == target),
        "{target}"
    );
    assert_eq!(promise, target, "half of the one, half of the other");
    let change_sets = cloud.clients.cloudformation.list_change_sets();
    let change_sets = change_sets.stack_name(&stack.name).send().await.unwrap();
    let pending = change_sets.summaries().iter();
    let pending = pending.filter(|s| s.execution_status().map(|s| s.as_str()) == Some("AVAILABLE"));
    assert_eq!(pending.count(), 0, "unused plans are left: {change_sets:?}");
}

#[tokio::test]
async fn two_stacks_of_the_same_short_names_do_not_touch_each_other() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let [left, right] = ["left", "right"].map(|label| TestStack::new(&bench, label));
    let (left_text, right_text) = (worker(&left.name), worker(&right.name));
    let (one, other) = tokio::join!(left.deploy(&left_text), right.deploy(&right_text));
    let _ = (one.succeeds(), other.succeeds());
    let ours = cloud.resources(&left.name).await;
    let theirs = cloud.resources(&right.name).await;
    assert_eq!(
        ours.logical_ids().collect::<Vec<_>>(),
        theirs.logical_ids().collect::<Vec<_>>()
    );
    let shared: BTreeSet<&str> = BTreeSet::from_iter(ours.physical_ids())
        .intersection(&theirs.physical_ids().collect())
        .copied()
        .collect();
    assert_eq!(shared, BTreeSet::new());
    cloud.send(ours.id("JobsQueue"), 4).await;
    works(&cloud, &ours).await;
    works(&cloud, &theirs).await;

    // The first stack is deleted. The second one is complete: its messages, its metrics, and its manual
    // changes.
    cloud
        .set_desired_count(ours.id("Cluster"), ours.id("WorkerService"), 2)
        .await;
    let _ = right.destroy(&[]).await.succeeds();
    assert_eq!(cloud.queue(theirs.id("JobsQueue")).await, None);
    assert_eq!(cloud.resources(&left.name).await, ours);
    assert_eq!(
        cloud
            .service(ours.id("WorkerService"))
            .await
            .unwrap()
            .desired_count(),
        2
    );
    let answer = cloud
        .invoke(
            ours.id("MetricFunction"),
            &cloud.rule_inputs(&ours).await[0],
        )
        .await;
    assert_eq!(
        answer["published"][0]["backlog_per_task"], 2.0,
        "4 messages ÷ 2 tasks: {answer}"
    );
    let again = left.deploy(&left_text).await.succeeds();
    assert_eq!(again["changed"], false);
}

/// Whether the stack measures itself.
async fn works(cloud: &Cloud, found: &Resources) {
    let input = &cloud.rule_inputs(found).await[0];
    let answer = cloud.invoke(found.id("MetricFunction"), input).await;
    assert_eq!(answer["published"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(
        answer.get("failed").unwrap_or(&json!([])),
        &json!([]),
        "{answer}"
    );
    let service = cloud.service(found.id("WorkerService")).await.unwrap();
    assert_eq!(service.status(), Some("ACTIVE"));
    let request = cloud.clients.cloudwatch.describe_alarms();
    let names = found
        .ids_of_type("AWS::CloudWatch::Alarm")
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let alarms = request
        .set_alarm_names(Some(names.clone()))
        .send()
        .await
        .unwrap();
    assert_eq!(alarms.metric_alarms().len(), names.len());
}
