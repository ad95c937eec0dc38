//! A service that no longer scales has its definition's count, regardless of what its scaling did until the end of
//! the update.

use std::time::Duration;

use e2e::{Bench, Cloud, TestStack, edited};

/// The worker, scaled by a function.
fn scaled(name: &str) -> String {
    format!(
        "name: {name}
queues:
  jobs: {{visibility_timeout: 1m}}
services:
  worker:
    image: public.ecr.aws/docker/library/busybox:1.37
    consumes: [jobs]
    slo: 10m
    tasks: {{min: 1, max: 20}}
    scaling: {{demand: {{processing_time: 2s}}}}
"
    )
}

#[tokio::test]
async fn a_service_that_no_longer_scales_has_the_count_of_its_definition() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "unscaled");
    let before = scaled(&stack.name);
    let _ = stack.deploy(&before).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let [cluster, service, function] =
        ["Cluster", "WorkerService", "ScalingFunction"].map(|id| found.id(id).to_owned());

    let after = edited(
        &before,
        "    scaling: {demand: {processing_time: 2s}}\n",
        "",
    );
    let after = edited(&after, "tasks: {min: 1, max: 20}", "tasks: {min: 3}");
    let after = edited(&after, "    slo: 10m\n", "");
    // Until the update deletes the function, the function sets the count that it computes.
    let lambda = &cloud.clients.lambda;
    let acts = async {
        while lambda
            .get_function()
            .function_name(&function)
            .send()
            .await
            .is_ok()
        {
            cloud.set_desired_count(&cluster, &service, 7).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (deployed, ()) = tokio::join!(stack.deploy(&after), acts);
    let _ = deployed.succeeds();
    let running = cloud.service(&service).await.unwrap();
    assert_eq!(running.desired_count(), 3);
    let again = stack.deploy(&after).await.succeeds();
    assert_eq!(again["changed"], false);
}
