//! The history of a deployed stack's queue in CloudWatch is a load for `simulate` and `tune`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use e2e::{Bench, Cloud, TestStack, until, worker};

/// Number of minutes with messages, messages per minute, and the minutes in the middle without messages.
const MINUTES: u64 = 90;
const EACH: u64 = 30;
const SILENT: std::ops::Range<u64> = 40..50;

/// Returns a whole minute two hours ago.
fn begin() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (now.as_secs() - 7_200) / 60 * 60
}

fn written(seconds: u64) -> String {
    let time = DateTime::from_secs(i64::try_from(seconds).unwrap());
    time.fmt(Format::DateTime).unwrap()
}

async fn publish(cloud: &Cloud, queue: &str, begin: u64) {
    let datum = |minute: u64| {
        let at = DateTime::from_secs(i64::try_from(begin + minute * 60).unwrap());
        MetricDatum::builder()
            .metric_name("NumberOfMessagesSent")
            .dimensions(Dimension::builder().name("QueueName").value(queue).build())
            .timestamp(at)
            .unit(StandardUnit::Count)
            .value(f64::from(u32::try_from(EACH).unwrap()))
            .build()
    };
    let minutes = (0..MINUTES).filter(|minute| !SILENT.contains(minute));
    let request = cloud.clients.cloudwatch.put_metric_data();
    let request = request
        .namespace("AWS/SQS")
        .set_metric_data(Some(minutes.map(datum).collect()));
    request.send().await.unwrap();
}

#[tokio::test]
async fn the_history_of_a_queue_is_simulated_and_tuned() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "history");
    stack.write(&worker(&stack.name));
    let load = ["--load", "cloudwatch"];
    let refused = stack.run("simulate", &load).end().await.fails(1);
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("doesn't exist in account"), "{message}");

    let _ = stack.deploy(&worker(&stack.name)).await.succeeds();
    let refused = stack.run("simulate", &load).end().await.fails(1);
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.starts_with("CloudWatch has no NumberOfMessagesSent"),
        "{message}"
    );

    let found = cloud.resources(&stack.name).await;
    let queue = found.id("JobsQueue").rsplit('/').next().unwrap().to_owned();
    let begin = begin();
    publish(&cloud, &queue, begin).await;
    let (from, to) = (written(begin), written(begin + MINUTES * 60));
    let part = ["--load", "cloudwatch", "--from", &from, "--to", &to];
    let all = (MINUTES - (SILENT.end - SILENT.start)) * EACH;
    let patience = Duration::from_secs(30);
    let report = until("the history is all there", patience, async || {
        let ended = stack.run("simulate", &part).end().await;
        let report = (ended.code == Some(0)).then(|| ended.succeeds())?;
        (report["messages"]["sent"] == all).then_some(report)
    })
    .await;
    assert_eq!(report["begins"], from);
    assert_eq!(
        report["duration"],
        60.0 * f64::from(u32::try_from(MINUTES).unwrap())
    );
    let notes = report["notes"].to_string();
    assert!(notes.contains("10 of them without a datapoint"), "{notes}");

    let more = ["--max-candidates", "40", "--require", "90%"];
    let ended = stack.run("tune", &[&part[..], &more].concat()).end().await;
    let tuned = ended.succeeds();
    assert_eq!(tuned["searched"]["begins"], from);
    let messages = |part: &str| tuned[part]["messages"].as_u64().unwrap();
    assert_eq!(messages("searched") + messages("holdout"), all);
}
