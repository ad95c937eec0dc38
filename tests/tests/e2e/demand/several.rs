//! Several services that one function scales by demand, each by its own queue, while one is broken.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use aws_smithy_types::DateTime;
use e2e::{Bench, Cloud, TestStack, until};
use scaling::WarmFloor;
use serde_json::{Value, json};

use super::{ACCOUNT, MINUTES, REGION};

fn definition(name: &str, bursty: &str) -> String {
    let service = |short: &str, slo: &str| {
        format!(
            "  {short}:
    image: public.ecr.aws/docker/library/busybox:1.37
    consumes: [{short}]
    slo: {slo}
    tasks: {{min: 1, max: 20}}
    scaling: {{demand: {{processing_time: 6s}}}}
"
        )
    };
    let services: String = ["busy", "later", "broken"]
        .map(|short| service(short, "1m"))
        .concat();
    let services = services + &service("bursty", "10s");
    format!(
        "name: {name}
queues:
  busy: {{visibility_timeout: 1m}}
  later: {{visibility_timeout: 1m}}
  broken: {{visibility_timeout: 1m}}
  bursty: {{existing: \"arn:aws:sqs:{REGION}:{ACCOUNT}:{bursty}\"}}
metric: {{namespace: EndToEnd}}
services:
{services}"
    )
}

/// A queue that is empty now, and had 60 messages in every sixth minute of the last hours.
async fn bursty_queue(cloud: &Cloud, name: &str) {
    const HOURS: i64 = 6;
    let request = cloud.clients.sqs.create_queue().queue_name(name);
    request.send().await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let minute = i64::try_from(now.as_secs() / 60).unwrap();
    let dimension = Dimension::builder().name("QueueName").value(name).build();
    let data = (minute - HOURS * 60..minute).map(|minute| {
        let messages = if minute % 6 == 0 { 60.0 } else { 0.0 };
        MetricDatum::builder()
            .metric_name("NumberOfMessagesSent")
            .dimensions(dimension.clone())
            .timestamp(DateTime::from_secs(minute * 60))
            .value(messages)
            .build()
    });
    let request = cloud.clients.cloudwatch.put_metric_data();
    let request = request.namespace("AWS/SQS");
    let request = request.set_metric_data(Some(data.collect()));
    request.send().await.unwrap();
}

/// Checks that `status` shows why tasks stay warm: no reactive policy serves a burst within 10 s if a task takes 40 s
/// to start. In six hours there were 60 bursts of one message per second. Each of the six tasks that serve it
/// immediately saves ten late messages per burst. At 50 task-seconds for a late message, that is 30,000 for the six
/// hours, in which it costs 21,600.
async fn warm_tasks_are_explained(stack: &TestStack) {
    let state = until("warm tasks and their reason", MINUTES, async || {
        // It fails, because a queue was deleted manually.
        let status = stack.run("status", &[]).end().await.json();
        let services = status["services"].as_array().unwrap().iter();
        let mut names = services.filter(|one| one["service"].as_str().unwrap().contains("Bursty"));
        let state = names.next().unwrap()["demand"].clone();
        (state["floor"] != Value::Null).then_some(state)
    })
    .await;
    assert_eq!(state["warm"], "auto");
    assert_eq!(
        state["floor"]["tasks"],
        state["measured"]["warm_tasks"].as_f64().unwrap() as u32
    );
    let floor: WarmFloor = serde_json::from_value(state["floor"].clone()).unwrap();
    assert!((2..=8).contains(&floor.tasks), "{floor:?}");
    assert!((0.9..=1.1).contains(&floor.rate), "{floor:?}");
    assert!((55.0..=60.0).contains(&floor.bursts), "{floor:?}");
}

#[tokio::test]
async fn several_services_scale_on_their_own_while_one_is_broken() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "several");
    let bursty = format!("{}-bursty", stack.name);
    bursty_queue(&cloud, &bursty).await;
    let definition = definition(&stack.name, &bursty);
    let _ = stack.deploy(&definition).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let functions = found.ids_of_type("AWS::Lambda::Function");
    assert_eq!(functions.count(), 1, "one for all");
    let sqs = &cloud.clients.sqs;
    let gone = sqs.delete_queue().queue_url(found.id("BrokenQueue"));
    gone.send().await.unwrap();

    let counts = async || {
        let mut counts = Vec::new();
        for id in ["BusyService", "LaterService", "BrokenService"] {
            counts.push(cloud.service(found.id(id)).await.unwrap().desired_count());
        }
        counts
    };
    cloud.send(found.id("BusyQueue"), 60).await;
    let scaled = until("a count for the busy service", MINUTES, async || {
        Some(counts().await).filter(|counts| counts[0] > 1)
    })
    .await;
    assert_eq!(scaled[1..], [1, 1], "the others don't need more");
    cloud.send(found.id("LaterQueue"), 60).await;
    let scaled = until("a count for the later service", MINUTES, async || {
        Some(counts().await).filter(|counts| counts[1] > 1)
    })
    .await;
    assert_eq!(scaled[2], 1);
    warm_tasks_are_explained(&stack).await;

    // Invoked for one service: the others aren't checked, and their counts aren't shown.
    let by_hand = ["--function", "scaling", "--service", "later"];
    let invoked = stack.run("invoke", &by_hand).end().await.succeeds();
    let services = invoked["invocations"][0]["answer"]["services"].as_array();
    assert_eq!(services.map(Vec::len), Some(1), "{invoked}");
    assert_eq!(invoked["services"].as_array().map(Vec::len), Some(1));
    // Invoked for all services, it fails and names the broken one.
    let failed = stack
        .run("invoke", &["--function", "scaling"])
        .end()
        .await
        .fails(1);
    let text = failed.to_string();
    assert!(text.contains("-BrokenService-"), "{text}");
    assert!(
        text.contains("checks failed: no queue could be read"),
        "{text}"
    );
    let destroyed = stack.destroy(&["--force"]).await.succeeds();
    assert_eq!(destroyed["remains"]["left"], json!([]));
}
