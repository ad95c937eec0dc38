//! Requirements of a security review: functions in a VPC and traced, flow logs, an existing bucket,
//! instances from a given image.

use e2e::{Bench, Cloud, TestStack, edited, unique_name};

/// A service that the metric function measures, with these lines.
fn definition(name: &str, lines: &str) -> String {
    format!(
        "name: {name}
queues:
  jobs: {{visibility_timeout: 1m}}
services:
  worker:
    image: public.ecr.aws/docker/library/busybox:1.37
    consumes: [jobs]
    slo: 10m
    tasks: {{min: 1, max: 4}}
    scaling: {{backlog_per_task: {{processing_time: 2s}}}}
{lines}"
    )
}

#[tokio::test]
async fn functions_enter_and_leave_a_vpc_whose_flow_logs_change() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let owner = TestStack::new(&bench, "network");
    let network = definition(&owner.name, "network: {create: {flow_logs: all}}\n");
    let _ = owner.deploy(&network).await.succeeds();
    let found = cloud.resources(&owner.name).await;
    let [vpc, one, two] =
        ["Vpc", "PublicSubnet1", "PublicSubnet2"].map(|id| found.id(id).to_owned());

    let bucket = unique_name("artifacts");
    let s3 = &cloud.clients.s3;
    s3.create_bucket().bucket(&bucket).send().await.unwrap();
    let stack = TestStack::new(&bench, "hardened");
    let metric = "metric: {vpc: network, tracing: true}\n";
    let lines = format!(
        "network: {{vpc: {vpc}, subnets: [{one}, {two}]}}\nassets: {{bucket: {bucket}}}\n{metric}"
    );
    let hardened = definition(&stack.name, &lines);
    let _ = stack.deploy(&hardened).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let function = found.id("MetricFunction");
    let configuration = async || {
        let request = cloud.clients.lambda.get_function_configuration();
        let found = request.function_name(function).send().await.unwrap();
        let network = found.vpc_config().cloned();
        let subnets = network.map_or_else(Vec::new, |network| network.subnet_ids().to_vec());
        let mode = found.tracing_config().and_then(|tracing| tracing.mode());
        (subnets, mode.map(|mode| mode.as_str().to_owned()))
    };
    let (active, passive) = (Some("Active".to_owned()), Some("PassThrough".to_owned()));
    assert_eq!(configuration().await, (vec![one, two], active));
    let objects = s3.list_objects_v2().bucket(&bucket).send().await.unwrap();
    let mut keys = objects.contents().iter().filter_map(|object| object.key());
    assert!(keys.any(|key| key.starts_with("functions/metric-function/")));
    let status = stack.status().await;
    assert_eq!(
        status["drift"].as_array().map(Vec::len),
        Some(0),
        "{status}"
    );

    let _ = stack
        .deploy(&edited(&hardened, metric, ""))
        .await
        .succeeds();
    assert_eq!(configuration().await, (Vec::new(), passive));
    let left = cloud.resources(&stack.name).await;
    assert!(!left.logical_ids().any(|id| id == "FunctionSecurityGroup"));

    // EC2 refuses a second flow log that writes to the same log group.
    let rejected = edited(&network, "flow_logs: all", "flow_logs: rejected");
    let _ = owner.deploy(&rejected).await.succeeds();
    let changed = cloud.resources(&owner.name).await;
    assert!(
        changed
            .logical_ids()
            .any(|id| id == "VpcFlowLogRejectedLogs")
    );
    assert!(!changed.logical_ids().any(|id| id == "VpcFlowLogLogs"));
}
