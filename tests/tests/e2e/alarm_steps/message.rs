//! How messages are handled: repeated, contradicted by the other alarm, and invalid.

use std::time::Duration;

use e2e::{Cloud, TestStack, until};
use serde_json::{Value, json};

use super::{Load, MINUTES, Scene, Stepped};

/// Steps on the team's own metric, at high resolution, with a cooldown that is longer than the test: a second
/// step is an error.
fn definition(name: &str) -> String {
    format!(
        "\
name: {name}
services:
  worker:
    image: public.ecr.aws/docker/library/busybox:1.37
    cpu: 256
    memory: 512
    tasks: {{min: 1, max: 9}}
    scaling:
      alarm_steps:
        metric: {{namespace: EndToEnd, name: Load, dimensions: {{Stack: {name}}}, statistic: Average}}
        period: 10s
        cooldown: {{out: 1h, in: 1h}}
        scale_out: {{at_or_above: 100, for: 1, steps: [{{from: 0, add: 1}}, {{from: 200, add: 3}}]}}
        scale_in: {{below: 20, for: 1, remove: 1}}
"
    )
}

fn load(stepped: &Stepped<'_>, stack: &TestStack, value: f64) -> Load {
    Load::on(
        stepped.cloud,
        "EndToEnd",
        "Load",
        &[("Stack", &stack.name)],
        value,
    )
}

/// Subscribes a new queue to the topic, as a pager would be, so that a test can read the messages. Returns its URL.
pub(crate) async fn listen(cloud: &Cloud, stack: &TestStack, topic: &str) -> String {
    let name = format!("{}-heard", stack.name);
    let queue = cloud.clients.sqs.create_queue().queue_name(&name);
    let url = queue.send().await.unwrap().queue_url.unwrap();
    let arn = &cloud.queue(&url).await.unwrap()["QueueArn"];
    let request = cloud.clients.sns.subscribe().topic_arn(topic);
    let request = request.protocol("sqs").endpoint(arn);
    request
        .attributes("RawMessageDelivery", "true")
        .send()
        .await
        .unwrap();
    url
}

/// Returns the message that this alarm went into ALARM.
async fn heard(cloud: &Cloud, url: &str, alarm: &str) -> String {
    until("the alarm's message", MINUTES, async || {
        let reply = cloud.clients.sqs.receive_message().queue_url(url).send();
        let reply = reply.await.unwrap();
        let mut bodies = reply
            .messages()
            .iter()
            .map(|m| m.body().unwrap().to_owned());
        bodies.find(|body| {
            let message: Value = serde_json::from_str(body).unwrap();
            message["AlarmName"] == alarm && message["NewStateValue"] == "ALARM"
        })
    })
    .await
}

async fn publish(cloud: &Cloud, topic: &str, message: &str) {
    let request = cloud.clients.sns.publish().topic_arn(topic);
    request.message(message).send().await.unwrap();
}

#[tokio::test]
async fn a_message_steps_once_and_scale_in_waits_for_the_scale_out() {
    let scene = Scene::deploy("message", definition).await;
    let (cloud, stack, found) = (&scene.cloud, &scene.stack, &scene.found);
    let worker = scene.service("Worker");
    let topic = found.id("AlarmTopic");
    let queue = listen(cloud, stack, topic).await;

    let high = load(&worker, stack, 350.0);
    let message = heard(cloud, &queue, worker.part("ScaleOutAlarm")).await;
    worker.comes_to(4).await; // 250 over the threshold: the second step
    assert_eq!(worker.says("stepped", 0).await["to"], 4);

    let before = outcomes(&worker, "handled").await;
    for _ in 0..3 {
        publish(cloud, topic, &message).await;
    }
    until(
        "three repeated messages that were handled",
        MINUTES,
        async || (outcomes(&worker, "handled").await == before + 3).then_some(()),
    )
    .await;
    assert_eq!(worker.desired().await, 4);

    drop(high);
    let _low = load(&worker, stack, 5.0);
    let seen = worker.invocations().await.len();
    let waiting = until("scale-in that waits", MINUTES, async || {
        let lines = worker.invocations().await;
        let mut new = lines.into_iter().skip(seen);
        new.find(|line| line["alarm"] == worker.part("ScaleInAlarm"))
    })
    .await;
    assert_eq!(waiting["outcome"], "cooldown", "{waiting}");
    let reason = waiting["reason"].as_str().unwrap();
    assert!(
        reason.contains("for the last scale-out to take effect"),
        "{reason}"
    );
    assert_eq!(worker.desired().await, 4);

    // The alarm has left ALARM, so its earlier message is outdated.
    let seen = worker.invocations().await.len();
    publish(cloud, topic, &message).await;
    until("the old message's invocation", MINUTES, async || {
        (worker.invocations().await.len() > seen).then_some(())
    })
    .await;
    assert_eq!(worker.desired().await, 4);
    cloud
        .clients
        .sqs
        .delete_queue()
        .queue_url(queue)
        .send()
        .await
        .unwrap();
}

async fn outcomes(stepped: &Stepped<'_>, outcome: &str) -> usize {
    let lines = stepped.invocations().await;
    lines
        .iter()
        .filter(|line| line["outcome"] == outcome)
        .count()
}

#[tokio::test]
async fn what_can_not_be_handled_is_kept() {
    let scene = Scene::deploy("garbled", definition).await;
    let (cloud, stack, found) = (&scene.cloud, &scene.stack, &scene.found);
    let worker = scene.service("Worker");
    let reply = cloud.clients.cloudwatch.describe_alarms();
    let reply = reply
        .alarm_names(worker.part("ScaleOutAlarm"))
        .send()
        .await
        .unwrap();
    let arn = reply.metric_alarms()[0].alarm_arn().unwrap();

    // It passes the subscription's filter, but isn't an alarm's message.
    let garbled = json!({ "AlarmArn": arn, "AlarmName": worker.part("ScaleOutAlarm") });
    publish(cloud, found.id("AlarmTopic"), &garbled.to_string()).await;
    let url = worker.part("ScalingDeadLetterQueue");
    let kept = until(
        "the message in the dead-letter queue",
        MINUTES,
        async || {
            let request = cloud.clients.sqs.receive_message().queue_url(url);
            let reply = request.wait_time_seconds(1).send().await.unwrap();
            reply
                .messages()
                .first()
                .map(|message| message.body().unwrap().to_owned())
        },
    )
    .await;
    assert!(kept.contains("\\\"AlarmArn\\\""), "{kept}");
    let failed = worker
        .invocations()
        .await
        .into_iter()
        .filter(|l| l["level"] == "ERROR");
    assert_eq!(failed.count(), 3, "the first time and two retries");
    assert_eq!(worker.desired().await, 1);

    // The rule still works.
    let seen = worker.invocations().await.len();
    tokio::time::timeout(Duration::from_secs(150), worker.says("quiet", seen))
        .await
        .unwrap();

    // The alarms are deleted with the stack, so no function could handle the message later. This is reported, and
    // doesn't prevent the deletion.
    let destroyed = stack.destroy(&[]).await;
    let _ = destroyed.succeeds();
    let expected = "WorkerScalingDeadLetterQueue holds events that a function of the stack couldn't handle (about 1):";
    assert!(destroyed.stderr.contains(expected), "{destroyed}");
}
