//! A Copilot workspace becomes a running stack: imported, completed, deployed, and with messages from the
//! application's topic.

mod manifests;

use std::fs;
use std::path::Path;

use aws_sdk_sns::types::MessageAttributeValue;
use e2e::{Bench, Cloud, TestStack, edited};
use serde_json::Value;

const MANIFEST: &str = r#"name: orders
type: Worker Service
image:
  build: ./orders/Dockerfile
subscribe:
  topics:
    - name: orders
      service: PUBLISHER
      filter_policy: {kind: [order]}
  queue:
    timeout: 45s
    dead_letter: {tries: 3}
cpu: 256
memory: 512
count:
  range: 2-10
  queue_delay: {acceptable_latency: 10m, msg_processing_time: 250ms}
variables: {TABLE: "${COPILOT_APPLICATION_NAME}-${COPILOT_ENVIRONMENT_NAME}"}
network: {connect: true}
environments:
  test:
    count: {range: 1-6}
"#;

/// Writes a workspace whose publisher has this name.
fn write_workspace(folder: &Path, publisher: &str) {
    let write = |name: &str, text: &str| {
        let path = folder.join("copilot").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(".workspace", "application: store\n");
    write(
        "orders/manifest.yml",
        &MANIFEST.replace("PUBLISHER", publisher),
    );
    write(
        "environments/test/manifest.yml",
        "name: test\ntype: Environment\n",
    );
}

#[tokio::test]
async fn an_imported_worker_runs_beside_copilots_topic() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "import");
    let folder = tempfile::tempdir().unwrap();
    write_workspace(folder.path(), &stack.name);
    // Copilot's stack created it.
    let topic = format!("store-test-{}-orders", stack.name);
    let made = cloud
        .clients
        .sns
        .create_topic()
        .name(&topic)
        .send()
        .await
        .unwrap();
    let topic = made.topic_arn().unwrap();

    let path = folder.path().display().to_string();
    let account = topic.split(':').nth(4).unwrap();
    let import = [
        "import",
        "copilot",
        &path,
        "--env",
        "test",
        "--account",
        account,
        "--region",
        "us-east-1",
    ];
    let imported = bench.xtask(import).end().await.succeeds();
    assert_eq!(imported["placeholders"][0]["key"], "services.orders.image");
    let keys = imported["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| &finding["key"]);
    assert_eq!(keys.collect::<Vec<_>>(), ["image.build", "network.connect"]);

    let definition = imported["definition"].as_str().unwrap();
    let definition = edited(
        definition,
        "name: orders-test\n",
        &format!("name: {}\n", stack.name),
    );
    let _ = stack.deploy(&definition).await.fails(3);
    let definition = edited(
        &definition,
        "\"<IMAGE>\"",
        "public.ecr.aws/docker/library/busybox:1.37",
    );
    let deployed = stack.deploy(&definition).await.succeeds();
    assert_eq!(deployed["changed"], true);

    let found = cloud.resources(&stack.name).await;
    let service = cloud.service(found.id("OrdersService")).await.unwrap();
    assert_eq!(service.desired_count(), 1);
    let queue = found.id("EventsQueue");
    let attributes = cloud.queue(queue).await.unwrap();
    assert_eq!(attributes["VisibilityTimeout"], "45");
    assert!(attributes["RedrivePolicy"].contains("3"), "{attributes:?}");

    assert_eq!(
        first_message(&cloud, topic, queue).await["Message"],
        "an order"
    );
    let again = stack.deploy(&definition).await.succeeds();
    assert_eq!(again["changed"], false);
    let _ = cloud
        .clients
        .sns
        .delete_topic()
        .topic_arn(topic)
        .send()
        .await;
}

/// Publishes a message that the filter drops and one that it doesn't, and returns the body of the one that arrives.
async fn first_message(cloud: &Cloud, topic: &str, queue: &str) -> Value {
    for (kind, text) in [("refund", "a refund"), ("order", "an order")] {
        let attribute = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(kind)
            .build()
            .unwrap();
        let publish = cloud.clients.sns.publish().topic_arn(topic).message(text);
        publish
            .message_attributes("kind", attribute)
            .send()
            .await
            .unwrap();
    }
    let receive = cloud.clients.sqs.receive_message().queue_url(queue);
    let received = receive.wait_time_seconds(20).send().await.unwrap();
    let message = received.messages().first().unwrap();
    serde_json::from_str(message.body().unwrap()).unwrap()
}
