//! A deploy that fails: it reports why, undoes its changes, and doesn't block the next deploy.

use std::collections::BTreeSet;

use e2e::{Bench, Cloud, TestStack, edited, unique_name, worker};

/// An existing queue with a name that a definition also uses.
async fn taken_queue(cloud: &Cloud) -> String {
    let name = unique_name("taken");
    let request = cloud.clients.sqs.create_queue().queue_name(&name);
    let timeout = aws_sdk_sqs::types::QueueAttributeName::VisibilityTimeout;
    request.attributes(timeout, "11").send().await.unwrap();
    name
}

async fn url_of(cloud: &Cloud, queue: &str) -> String {
    let reply = cloud
        .clients
        .sqs
        .get_queue_url()
        .queue_name(queue)
        .send()
        .await;
    reply.unwrap().queue_url.unwrap()
}

/// Returns the lines of the error itself on standard error.
fn error_lines(stderr: &str) -> Vec<&str> {
    let lines = stderr.lines();
    lines
        .skip_while(|line| !line.starts_with("error: "))
        .collect()
}

#[tokio::test]
async fn a_broken_stack_says_why_and_does_not_block_the_next_deploy() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "broken");
    let good = worker(&stack.name);
    let subnet = "subnet-00000000000000000";
    let network =
        format!("network: {{subnets: [{subnet}], security_groups: [sg-00000000000000000]}}");
    let broken = edited(&good, "network: create", &network);

    let failed = stack.deploy(&broken).await;
    let error = failed.fails(4);
    assert_eq!(error["kind"], "DeploymentFailed");
    let first = error_lines(&failed.stderr)[0];
    assert!(
        first.starts_with("error: WorkerService (AWS::ECS::Service): "),
        "{first}"
    );
    assert!(first.contains(subnet), "{first}");
    let place = &error["details"]["causes"][0]["definition"];
    assert_eq!(place["path"], "services.worker.image", "{error}");
    let line = 1 + broken
        .lines()
        .position(|line| line.contains("image:"))
        .unwrap();
    assert_eq!(place["line"], line, "{error}");
    assert!(first.ends_with(&format!("stack.yaml:{line})")), "{first}");
    assert!(
        !failed.stderr.contains("gave no reason"),
        "an event that isn't a cause is named as one: {failed}"
    );
    let status = cloud.stack_status(&stack.name).await;
    assert_eq!(status.as_deref(), Some("ROLLBACK_COMPLETE"));
    let left: Vec<String> = cloud
        .resources(&stack.name)
        .await
        .logical_ids()
        .map(str::to_owned)
        .collect();
    assert_eq!(left, [] as [&str; 0], "rolled back");
    // Users run `status` next.
    let shown = stack.run("status", &[]).end().await;
    let _error = shown.fails(1);
    assert_eq!(shown.json()["stack"]["status_name"], "ROLLBACK_COMPLETE");

    let again = stack.deploy(&broken).await;
    let _ = again.fails(4);
    let repaired = stack.deploy(&good).await;
    let outcome = repaired.succeeds();
    assert_eq!(outcome["changed"], true);
    assert!(
        repaired.stderr.contains("ROLLBACK_COMPLETE"),
        "the removal isn't reported: {repaired}"
    );
    let found = cloud.resources(&stack.name).await;
    assert!(cloud.service(found.id("WorkerService")).await.is_some());
}

#[tokio::test]
async fn a_failed_update_is_taken_back_and_does_not_block_the_next_deploy() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "update-fails");
    let good = worker(&stack.name);
    let first = stack.deploy(&good).await.succeeds();
    let before = cloud.resources(&stack.name).await;
    let taken = taken_queue(&cloud).await;

    // Successful changes come both before and after the one that fails.
    let extra = format!("queues:\n  zebra: {{name: {taken}, visibility_timeout: 1m}}\n");
    let broken = edited(&good, "queues:\n", &extra);
    let broken = edited(&broken, "consumes: [jobs]", "consumes: [jobs, zebra]");
    let broken = edited(&broken, "visibility_timeout: 5m", "visibility_timeout: 7m");
    let broken = edited(&broken, "max: 20", "max: 30");
    let failed = stack.deploy(&broken).await;
    let error = failed.fails(4);
    let lines = error_lines(&failed.stderr);
    assert!(
        lines[0].starts_with("error: ZebraQueue (AWS::SQS::Queue): "),
        "{failed}"
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("UPDATE_ROLLBACK_COMPLETE"), "{message}");

    assert_eq!(
        cloud.resources(&stack.name).await,
        before,
        "the old state is not whole"
    );
    let queue = cloud.queue(before.id("JobsQueue")).await.unwrap();
    assert_eq!(queue["VisibilityTimeout"], "300");
    let strangers = cloud.queue(&url_of(&cloud, &taken).await).await;
    assert_eq!(
        strangers.unwrap()["VisibilityTimeout"],
        "11",
        "the existing queue was changed"
    );
    let service = cloud.service(before.id("WorkerService")).await.unwrap();
    assert_eq!(
        service.task_definition(),
        Some(before.id("WorkerTaskDefinition"))
    );
    assert_eq!(bounds(&cloud, before.id("WorkerService")).await, (1, 20));
    let measured = cloud.measured(&before).await;
    assert_eq!(measured[0].services[0].queues.len(), 1);

    let same = stack.deploy(&good).await.succeeds();
    assert_eq!(same["outputs"], first["outputs"]);
    let repaired = edited(&broken, &format!("name: {taken}, "), "");
    let outcome = stack.deploy(&repaired).await.succeeds();
    assert_eq!(outcome["changed"], true);
    let after = cloud.resources(&stack.name).await;
    let added: BTreeSet<&str> = after.logical_ids().collect();
    assert!(added.contains("ZebraQueue"), "{added:?}");
    assert_eq!(after.id("JobsQueue"), before.id("JobsQueue"));
    let queue = cloud.queue(after.id("JobsQueue")).await.unwrap();
    assert_eq!(queue["VisibilityTimeout"], "420");
    assert_eq!(bounds(&cloud, after.id("WorkerService")).await, (1, 30));
}

/// Returns the bounds of a service's scalable target.
async fn bounds(cloud: &Cloud, service: &str) -> (i32, i32) {
    let (_, path) = service.split_once(":service/").unwrap();
    let client = &cloud.clients.applicationautoscaling;
    let request = client
        .describe_scalable_targets()
        .service_namespace("ecs".into());
    let reply = request
        .resource_ids(format!("service/{path}"))
        .send()
        .await
        .unwrap();
    let target = &reply.scalable_targets()[0];
    (target.min_capacity(), target.max_capacity())
}
