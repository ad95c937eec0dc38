//! Plans that lose messages or work.

use aws_sdk_ecs::types::KeyValuePair;
use e2e::{Bench, Cloud, Ended, TestStack, edited, worker};
use serde_json::Value;

/// The worker, with a second queue.
fn two_queues(name: &str) -> String {
    let text = edited(
        &worker(name),
        "queues:\n",
        "queues:\n  extra: {visibility_timeout: 5m}\n",
    );
    edited(&text, "consumes: [jobs]", "consumes: [jobs, extra]")
}

/// Asserts that a run was refused, and that the error names the loss and the option to proceed anyway.
#[track_caller]
fn refused(run: &Ended, lost: &str) {
    let error = run.fails(5);
    assert_eq!(error["kind"], "Refused");
    let text = format!("{} {}", error["message"], error["hints"]);
    assert!(
        text.contains(lost) && text.contains("--allow-loss"),
        "{text}"
    );
    assert!(
        run.stderr.contains("LOSS: "),
        "the plan does not call it out: {run}"
    );
}

#[tokio::test]
async fn a_loss_is_refused_unless_it_is_allowed() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "loss");
    let _ = stack.deploy(&two_queues(&stack.name)).await.succeeds();
    let before = cloud.resources(&stack.name).await;
    let [jobs, extra] = [before.id("JobsQueue"), before.id("ExtraQueue")];
    cloud.send(jobs, 2).await;

    // A queue that is deleted.
    let one_queue = worker(&stack.name);
    refused(&stack.deploy(&one_queue).await, "ExtraQueue");
    assert_eq!(cloud.resources(&stack.name).await, before);
    assert!(cloud.queue(extra).await.is_some());
    let status = cloud.stack_status(&stack.name).await;
    assert_eq!(
        status.as_deref(),
        Some("CREATE_COMPLETE"),
        "the stack was touched"
    );
    let removed = stack
        .run("deploy", &["--yes", "--allow-loss"])
        .end()
        .await
        .succeeds();
    assert!(acts(&removed, "remove", "ExtraQueue"), "{removed}");
    assert_eq!(cloud.queue(extra).await, None);
    let kept = cloud.queue(jobs).await.unwrap();
    assert_eq!(kept["ApproximateNumberOfMessages"], "2");

    // A queue that is replaced.
    let before = cloud.resources(&stack.name).await;
    let fifo = edited(
        &one_queue,
        "visibility_timeout: 5m",
        "visibility_timeout: 5m\n    fifo: true",
    );
    refused(&stack.deploy(&fifo).await, "JobsQueue");
    assert_eq!(cloud.resources(&stack.name).await, before);
    assert!(cloud.queue(jobs).await.is_some());
    let replaced = stack
        .run("deploy", &["--yes", "--allow-loss"])
        .end()
        .await
        .succeeds();
    assert!(acts(&replaced, "replace", "JobsQueue"), "{replaced}");
    let after = cloud.resources(&stack.name).await;
    assert_eq!(cloud.queue(jobs).await, None, "the old queue stays behind");
    let url = after.id("JobsQueue");
    assert!(url.ends_with(".fifo"), "{url}");
    assert_eq!(cloud.queue(url).await.unwrap()["FifoQueue"], "true");
    follows(&cloud, &after, url).await;

    // A service that is deleted.
    let none = edited(&fifo, "services:\n  worker:", "services:\n  other:");
    refused(&stack.deploy(&none).await, "WorkerService");
    assert!(cloud.service(after.id("WorkerService")).await.is_some());
}

fn acts(outcome: &Value, action: &str, logical_id: &str) -> bool {
    let changes = outcome["plan"]["changes"].as_array().unwrap();
    changes
        .iter()
        .any(|change| change["action"] == action && change["logical_id"] == logical_id)
}

/// Checks that the rest of the stack uses the new queue: tasks, rule, policy.
async fn follows(cloud: &Cloud, found: &e2e::Resources, url: &str) {
    let service = cloud.service(found.id("WorkerService")).await.unwrap();
    let definition = service.task_definition().unwrap();
    assert_eq!(definition, found.id("WorkerTaskDefinition"));
    let request = cloud
        .clients
        .ecs
        .describe_task_definition()
        .task_definition(definition);
    let reply = request.send().await.unwrap().task_definition.unwrap();
    let environment = reply.container_definitions()[0].environment();
    let variable = |name: &str| KeyValuePair::builder().name(name).value(url).build();
    assert_eq!(
        environment,
        [variable("QUEUE_URL"), variable("QUEUE_URL_JOBS")]
    );
    cloud.send(url, 5).await;
    let input = &cloud.rule_inputs(found).await[0];
    let answer = cloud.invoke(found.id("MetricFunction"), input).await;
    assert_eq!(answer["published"][0]["backlog_per_task"], 5.0, "{answer}");
    let queue = url.rsplit('/').next().unwrap();
    let client = &cloud.clients.applicationautoscaling;
    let policies = client
        .describe_scaling_policies()
        .service_namespace("ecs".into());
    let policies = policies.send().await.unwrap();
    let follows = policies.scaling_policies().iter().filter(|policy| {
        let tracking = policy
            .target_tracking_scaling_policy_configuration()
            .unwrap();
        let metric = tracking.customized_metric_specification().unwrap();
        metric
            .dimensions()
            .iter()
            .any(|dimension| dimension.value() == queue)
    });
    assert_eq!(follows.count(), 1, "no policy follows the new queue");
}
