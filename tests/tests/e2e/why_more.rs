//! `status --why` names causes that need no other speed: a schedule, `tasks.min`, a metric within its target, a function that
//! fails, and a service that someone has deleted.

use std::time::Duration;

use e2e::{Bench, Cloud, TestStack, until};

use crate::schedules::holding;
use crate::why::{says, why};

/// A metric has a datapoint every minute, which the rule, the function, and the sandbox's log can each delay by a minute.
const MINUTES: Duration = Duration::from_secs(240);

fn definition(name: &str) -> String {
    let service = |short: &str, queue: &str, tasks: &str, scaling: &str| {
        format!(
            "  {short}:
    image: public.ecr.aws/docker/library/busybox:1.37
    consumes: [{queue}]
    tasks: {{{tasks}}}
    scaling: {{{scaling}}}
"
        )
    };
    let demand = |processing: &str| {
        format!("demand: {{acceptable_latency: 10s, processing_time: {processing}}}")
    };
    let held = format!("min: 1, max: 20, schedule: {}", holding("max: 2"));
    let held = service("held", "mails", &held, &demand("6s"));
    let least = service("least", "jobs", "min: 3, max: 5", &demand("100ms"));
    // 10 s ÷ 100 ms: 100 messages per task.
    let backlog = "backlog_per_task: {acceptable_latency: 10s, processing_time: 100ms}";
    let within = service("within", "orders", "min: 1, max: 2", backlog);
    format!(
        "name: {name}
network: create
queues:
  orders: {{visibility_timeout: 10m}}
  mails: {{visibility_timeout: 10m}}
  jobs: {{visibility_timeout: 10m}}
services:
{held}{least}{within}"
    )
}

#[tokio::test]
async fn causes_of_bounds_failures_and_deletions_are_named() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "whymore");
    let _ = stack.deploy(&definition(&stack.name)).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    // No task receives them: 40 of 6 s need more than the 2 tasks that the schedule allows, one of 100 ms needs less than 3.
    cloud.send(found.id("MailsQueue"), 40).await;
    cloud.send(found.id("JobsQueue"), 1).await;
    cloud.send(found.id("OrdersQueue"), 50).await;
    let text = says(&stack, MINUTES, ("held", "schedule")).await;
    assert!(
        text.starts_with("a schedule holds max at 2 until "),
        "{text}"
    );
    let text = says(&stack, MINUTES, ("least", "at_min")).await;
    assert_eq!(text, "the count is at tasks.min (3)");
    // A minute's datapoint is a mean: that of the deploy's minute can have a sample from before the messages.
    until("the mean of a whole minute", MINUTES, async || {
        let (cause, sentence) = why(&stack, "within").await;
        let whole = "BacklogPerTask is 50, and the target is 100";
        (cause == "on_target" && sentence == whole).then_some(())
    })
    .await;

    // Someone deletes the queue, and then a service.
    let sqs = &cloud.clients.sqs;
    let orders = found.id("OrdersQueue");
    sqs.delete_queue().queue_url(orders).send().await.unwrap();
    let text = says(&stack, MINUTES, ("within", "function_fails")).await;
    assert!(text.starts_with("the function "), "{text}");
    assert!(text.contains(" fails ("), "{text}");
    assert!(text.contains("NonExistentQueue"), "{text}");
    let delete = cloud.clients.ecs.delete_service();
    let delete = delete.cluster(found.id("Cluster"));
    let delete = delete.service(found.id("WithinService")).force(true);
    let _ = delete.send().await.unwrap();
    let text = says(&stack, MINUTES, ("within", "gone")).await;
    let known = ["ECS has no service ", "the service is being deleted"];
    assert!(known.iter().any(|begin| text.starts_with(begin)), "{text}");
}
