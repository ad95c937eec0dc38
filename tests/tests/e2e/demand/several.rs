//! Several services that one function scales by demand: each by its own queue, while one is broken.

use e2e::{Bench, Cloud, TestStack, until};
use serde_json::json;

use super::MINUTES;

fn definition(name: &str) -> String {
    let service = |short: &str| {
        format!(
            "  {short}:
    image: public.ecr.aws/docker/library/busybox:1.37
    consumes: [{short}]
    slo: 1m
    tasks: {{min: 1, max: 20}}
    scaling: {{demand: {{processing_time: 6s}}}}
"
        )
    };
    let services: String = ["busy", "later", "broken"].map(service).concat();
    format!(
        "name: {name}
queues:
  busy: {{visibility_timeout: 1m}}
  later: {{visibility_timeout: 1m}}
  broken: {{visibility_timeout: 1m}}
metric: {{namespace: EndToEnd}}
services:
{services}"
    )
}

#[tokio::test]
async fn several_services_scale_on_their_own_while_one_is_broken() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "several");
    let _ = stack.deploy(&definition(&stack.name)).await.succeeds();
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
    assert_eq!(scaled[1..], [1, 1], "nobody asked for more");
    cloud.send(found.id("LaterQueue"), 60).await;
    let scaled = until("a count for the later service", MINUTES, async || {
        Some(counts().await).filter(|counts| counts[1] > 1)
    })
    .await;
    assert_eq!(scaled[2], 1);

    // By hand for one service: the others aren't checked, and their counts aren't shown.
    let by_hand = ["--function", "scaling", "--service", "later"];
    let invoked = stack.run("invoke", &by_hand).end().await.succeeds();
    let services = invoked["invocations"][0]["answer"]["services"].as_array();
    assert_eq!(services.map(Vec::len), Some(1), "{invoked}");
    assert_eq!(invoked["services"].as_array().map(Vec::len), Some(1));
    // For all: it fails, and names the broken one.
    let failed = stack
        .run("invoke", &["--function", "scaling"])
        .end()
        .await
        .fails(1);
    let text = failed.to_string();
    assert!(text.contains("-BrokenService-"), "{text}");
    assert!(
        text.contains("looks failed: no queue could be read"),
        "{text}"
    );
    let destroyed = stack.destroy(&["--force"]).await.succeeds();
    assert_eq!(destroyed["remains"]["left"], json!([]));
}
