//! After a deploy of the shipped definition, the tests read each resource through its own service's API,
//! and use CloudFormation only for names.

mod measuring;
mod queues;
pub(crate) mod roles;
mod running;
mod scaling;
mod watching;

use std::collections::BTreeMap;

use e2e::{Bench, Cloud, Resources, TestStack, edited};
use serde_json::{Value, json};

const REGION: &str = "us-west-2";
const ACCOUNT: &str = "000000000000";

/// The shipped definition with its own names, to keep it separate from everything else that is deployed,
/// and in a region other than the sandbox's usual one.
fn shipped(name: &str) -> String {
    let text = include_str!("../../../../stacks/voucher-worker.yaml");
    let named = format!("name: {name}\nregion: {REGION}\n");
    let text = edited(text, "name: voucher-worker\n", &named);
    let cluster = format!("cluster: {{name: {name}}}");
    edited(&text, "cluster: {name: voucher}", &cluster)
}

#[tokio::test]
async fn every_resource_is_as_its_own_service_says() {
    let bench = Bench::open();
    let cloud = Cloud::in_region(&bench, REGION).await;
    let stack = TestStack::in_region(&bench, "deployed", Some(REGION));
    let outcome = stack.deploy(&shipped(&stack.name)).await.succeeds();
    assert_eq!(outcome["changed"], true);
    assert_eq!(outcome["account"], ACCOUNT);
    assert_eq!(outcome["region"], REGION);
    let found = cloud.resources(&stack.name).await;
    let seen = Seen {
        cloud: &cloud,
        found: &found,
        name: &stack.name,
    };
    seen.outputs(&outcome["outputs"]);
    seen.queues().await;
    seen.task_roles().await;
    seen.metric_function_role().await;
    seen.metric_function().await;
    seen.rule().await;
    seen.service().await;
    seen.task_definition().await;
    seen.scaling().await;
    seen.alarms().await;
    seen.topic().await;
    seen.logs_and_dashboard().await;
}

/// The deployed stack.
struct Seen<'a> {
    cloud: &'a Cloud,
    found: &'a Resources,
    name: &'a str,
}

impl Seen<'_> {
    fn id(&self, logical_id: &str) -> &str {
        self.found.id(logical_id)
    }

    fn service_name(&self) -> &str {
        self.id("VoucherWorkerService").rsplit('/').next().unwrap()
    }

    fn queue_name(&self) -> &str {
        self.id("VouchersQueue").rsplit('/').next().unwrap()
    }

    /// Returns the dimensions of the metric, and of everything that uses it.
    fn dimensions(&self) -> BTreeMap<&str, &str> {
        BTreeMap::from([
            ("ClusterName", self.name),
            ("ServiceName", self.service_name()),
            ("QueueName", self.queue_name()),
        ])
    }

    fn queue_arn(&self, logical_id: &str) -> String {
        let name = self.id(logical_id).rsplit('/').next().unwrap();
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
    }

    fn outputs(&self, outputs: &Value) {
        let expected = json!({
            "AlarmTopicArn": self.id("AlarmTopic"),
            "ClusterName": self.name,
            "DashboardName": self.id("Dashboard"),
            "MetricFunctionLogGroupName": self.id("MetricFunctionLogs"),
            "MetricFunctionName": self.id("MetricFunction"),
            "MetricNamespace": "EcsScaler",
            "VoucherWorkerServiceName": self.service_name(),
            "VouchersDeadLetterQueueUrl": self.id("VouchersDeadLetterQueue"),
            "VouchersQueueUrl": self.id("VouchersQueue"),
        });
        assert_eq!(outputs, &expected);
    }
}
