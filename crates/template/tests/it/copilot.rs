//! `compat: copilot`: the variables that a worker reads. The expected values have the forms of Copilot's
//! documentation, "Worker Service" and "Publish/Subscribe Architectures".

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stack::{Selection, parse_selected};
use template::synthesize;

const DEFINITION: &str = r#"
name: store
queues: {events: {}, merchantOrdersEventsQueue: {}, merchantTransactionsfifoEventsQueue: {fifo: true}}
environments: {test: {services: {worker: {memory: 1024}}}}
services:
  worker:
    image: public.ecr.aws/team/worker:1
    compat: copilot
    consumes: [events, merchantOrdersEventsQueue, merchantTransactionsfifoEventsQueue]
    publishes: ["arn:aws:sns:us-west-2:111122223333:store-test-worker-ordersTopic", "arn:aws:sns:us-west-2:111122223333:audit"]
"#;

fn variables(definition: &str, environment: Option<&str>) -> BTreeMap<String, Value> {
    let selection = Selection {
        environment: environment.map(str::to_owned),
        set: Vec::new(),
    };
    let stack = parse_selected("stack.yaml", definition, &selection).unwrap();
    let template = synthesize(&stack.stack).unwrap();
    let tasks = &template.to_json()["Resources"]["WorkerTaskDefinition"]["Properties"];
    let container = &tasks["ContainerDefinitions"][0];
    let variables = container["Environment"].as_array().unwrap().iter();
    variables
        .map(|variable| {
            let name = variable["Name"].as_str().unwrap().to_owned();
            (name, variable["Value"].clone())
        })
        .filter(|(name, _)| name.starts_with("COPILOT_"))
        .collect()
}

#[test]
fn a_worker_finds_what_copilot_gave_it() {
    let found = variables(DEFINITION, Some("test"));
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "COPILOT_APPLICATION_NAME",
            "COPILOT_ENVIRONMENT_NAME",
            "COPILOT_QUEUE_URI",
            "COPILOT_SERVICE_NAME",
            "COPILOT_SNS_TOPIC_ARNS",
            "COPILOT_TOPIC_QUEUE_URIS",
        ]
    );
    assert_eq!(found["COPILOT_APPLICATION_NAME"], "store");
    assert_eq!(found["COPILOT_ENVIRONMENT_NAME"], "test");
    assert_eq!(found["COPILOT_SERVICE_NAME"], "worker");
    let topics: Value =
        serde_json::from_str(found["COPILOT_SNS_TOPIC_ARNS"].as_str().unwrap()).unwrap();
    assert_eq!(
        topics,
        json!({
            "audit": "arn:aws:sns:us-west-2:111122223333:audit",
            "ordersTopic": "arn:aws:sns:us-west-2:111122223333:store-test-worker-ordersTopic",
        })
    );
    assert_eq!(found["COPILOT_QUEUE_URI"], json!({ "Ref": "EventsQueue" }));
    let queues = found["COPILOT_TOPIC_QUEUE_URIS"]["Fn::Sub"].as_str();
    let queues: Value = serde_json::from_str(queues.unwrap()).unwrap();
    assert_eq!(
        queues,
        json!({
            "merchantOrdersEventsQueue": "${MerchantOrdersEventsQueueQueue}",
            "merchantTransactionsfifoEventsQueue": "${MerchantTransactionsfifoEventsQueueQueue}",
        })
    );
}

#[test]
fn names_of_the_definition_win_and_nothing_is_empty() {
    let own = DEFINITION.replace(
        "    compat: copilot\n",
        "    compat: copilot\n    environment: {COPILOT_APPLICATION_NAME: old, COPILOT_SERVICE_NAME: api}\n",
    );
    let own = own.replace("store-test-worker-", "old-test-api-");
    let found = variables(&own, Some("test"));
    let topics = found["COPILOT_SNS_TOPIC_ARNS"].as_str().unwrap();
    let topics: BTreeMap<String, String> = serde_json::from_str(topics).unwrap();
    assert_eq!(
        topics.into_keys().collect::<Vec<_>>(),
        ["audit", "ordersTopic"]
    );
    let bare = "name: a\nservices: {worker: {image: 'w:1', compat: copilot}}\n";
    let found = variables(bare, None);
    let expected = ["a", "default", "worker"].map(Value::from);
    assert_eq!(found.into_values().collect::<Vec<_>>(), expected);
    assert!(variables(&bare.replace(", compat: copilot", ""), None).is_empty());
}
