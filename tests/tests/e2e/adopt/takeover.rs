//! A service that other tools created becomes a stack's, with its queue and its messages, and is given back: `import resources`.

use aws_sdk_ecs::types::Service;
use aws_sdk_sqs::types::QueueAttributeName;
use e2e::{Bench, Cloud, DefaultNetwork, TestStack, edited};
use serde_json::{Value, json};

use super::scene::Scene;

/// The definition that only scales what exists.
fn existing(stack: &str, name: &str, arn: &str) -> String {
    format!(
        "name: {stack}
queues:
  orders: {{existing: '{arn}'}}
services:
  worker:
    existing: {name}/{name}
    consumes: [orders]
    slo: 99% within 1m
    tasks: {{min: 1, max: 10}}
    scaling: {{demand: {{processing_time: 1s}}}}
"
    )
}

/// The definition that has the service and its queue, under the names that they have.
fn own(existing: &str, name: &str, arn: &str, network: &DefaultNetwork) -> String {
    let queue = format!("{{name: {name}, visibility_timeout: 60s, dead_letter: {{after: 5}}}}");
    let text = edited(existing, &format!("{{existing: '{arn}'}}"), &queue);
    let service = format!("image: busybox:1.37\n    name: {name}");
    let text = edited(&text, &format!("existing: {name}/{name}"), &service);
    let DefaultNetwork { subnets, group, .. } = network;
    let subnets = subnets.join(", ");
    format!(
        "{text}network: {{subnets: [{subnets}], security_groups: [{group}]}}\ncluster: {{existing: {name}}}\n"
    )
}

/// Checks that nothing but the task definition can have changed.
fn is_same(before: &Service, after: &Service) {
    assert_eq!(before.service_arn(), after.service_arn());
    assert_eq!(before.created_at(), after.created_at());
    assert_eq!(after.status(), Some("ACTIVE"));
}

async fn import(bench: &Bench, stack: &TestStack) -> Value {
    let file = stack.file().display().to_string();
    let import = ["import", "resources", &file, "--local", "--yes"];
    bench.xtask(import).end().await.succeeds()
}

fn actions(plan: &Value) -> Vec<(&str, &str)> {
    let changes = plan["changes"].as_array().unwrap().iter();
    let both =
        changes.map(|change| ["logical_id", "action"].map(|key| change[key].as_str().unwrap()));
    both.map(|[id, action]| (id, action)).collect()
}

#[tokio::test]
async fn a_running_service_is_taken_over_and_given_back() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let scene = Scene::build_on_fargate(&bench).await;
    let (name, arn) = (scene.name.clone(), scene.queue_arn().await);
    scene.scale().await;
    cloud.send(scene.queue_url(), 3).await;
    let policy = scene.let_send().await;
    let before = scene.service().await;

    let stack = TestStack::new(&bench, "takeover");
    let scaled = existing(&stack.name, &name, &arn);
    let _ = stack.deploy(&scaled).await.succeeds();
    assert!(scene.is_suspended().await);

    // A stack imports what its definition creates under a name that is taken, and says what isn't.
    let owned = own(&scaled, &name, &arn, &cloud.default_network());
    stack.write(&owned);
    let imported = import(&bench, &stack).await;
    let plan = &imported["deployed"]["plan"];
    let expected = [("OrdersQueue", "import"), ("WorkerService", "import")];
    assert_eq!(actions(plan), expected);
    assert_eq!(
        imported["not_imported"][0]["logical_id"],
        "OrdersDeadLetterQueue"
    );
    assert_eq!(
        cloud.stack_status(&stack.name).await.unwrap(),
        "IMPORT_COMPLETE"
    );
    let unchanged = scene.service().await;
    is_same(&before, &unchanged);
    assert_eq!(before.task_definition(), unchanged.task_definition());
    let queue = cloud.queue(scene.queue_url()).await.unwrap();
    assert_eq!(queue["VisibilityTimeout"], "30");
    assert_eq!(scene.policy().await, policy);
    let again = import(&bench, &stack).await;
    assert_eq!(again["imports"], json!([]));

    // The next deploy changes them in place, as the import's plan said.
    let timeout = &plan["changes"][0]["values"];
    let timeout = timeout.as_array().unwrap().iter();
    let mut timeout = timeout.filter(|value| value["path"] == "VisibilityTimeout");
    let timeout = timeout.next().unwrap();
    assert_eq!((&timeout["old"], &timeout["new"]), (&json!(30), &json!(60)));
    let deployed = stack.deploy(&owned).await.succeeds();
    let ended = ["replace", "may_replace", "remove"];
    let ends = |(id, action): &(&str, &str)| {
        ended.contains(action) && expected.iter().any(|(own, _)| own == id)
    };
    assert!(
        !actions(&deployed["plan"]).iter().any(ends),
        "{}",
        deployed["plan"]
    );
    let after = scene.service().await;
    is_same(&before, &after);
    assert_ne!(before.task_definition(), after.task_definition());
    let queue = cloud.queue(scene.queue_url()).await.unwrap();
    assert_eq!(queue["VisibilityTimeout"], "60");
    assert_eq!(queue["ApproximateNumberOfMessages"], "3");
    assert_ne!(scene.policy().await, policy);
    assert!(scene.is_suspended().await);
    let again = stack.deploy(&owned).await.succeeds();
    assert_eq!(again["changed"], false);

    // It uses roles and a queue of the stack, so it can't be given back like this.
    let hint = async || {
        let refused = stack.destroy(&[]).await.fails(5);
        refused["hints"][0].as_str().unwrap().to_owned()
    };
    let previous = before.task_definition().unwrap();
    let first = hint().await;
    assert!(
        first.ends_with(&format!("{name} --task-definition {previous}")),
        "{first}"
    );
    scene.run_task_definition(previous).await;
    let second = hint().await;
    assert!(
        second.ends_with(r#"--attributes '{"RedrivePolicy":""}'"#),
        "{second}"
    );
    scene.forget_dead_letters().await;
    let destroyed = stack.destroy(&[]).await.succeeds();
    let retained = destroyed["retained"].as_array().unwrap();
    assert_eq!(retained.len(), 2, "{destroyed}");
    let given_back = scene.service().await;
    is_same(&before, &given_back);
    let queue = cloud.queue(scene.queue_url()).await.unwrap();
    assert_eq!(queue["ApproximateNumberOfMessages"], "3");
    assert_eq!(scene.policy().await, policy);
    assert!(!scene.is_suspended().await);
    scene.remove().await;
}

#[tokio::test]
async fn a_new_stack_begins_with_what_exists() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let scene = Scene::build_on_fargate(&bench).await;
    let (name, arn) = (scene.name.clone(), scene.queue_arn().await);
    scene.scale().await;
    let policy = scene.let_send().await;
    let stack = TestStack::new(&bench, "takeover");
    let scaled = existing(&stack.name, &name, &arn);
    let owned = own(&scaled, &name, &arn, &cloud.default_network());
    stack.write(&owned);
    let imported = import(&bench, &stack).await;
    assert_eq!(imported["imports"].as_array().unwrap().len(), 2);
    assert_eq!(imported["deployed"]["plan"]["creates_stack"], true);

    // A first deploy that fails changes nothing for senders: its other queue has a name that is taken.
    let taken = format!("{name}-taken");
    let other = cloud.clients.sqs.create_queue().queue_name(&taken);
    let other = other.attributes(QueueAttributeName::VisibilityTimeout, "11");
    let other = other.send().await.unwrap();
    let queues = format!("queues:\n  other: {{name: {taken}}}\n");
    let broken = edited(&owned, "queues:\n", &queues);
    let broken = edited(&broken, "consumes: [orders]", "consumes: [orders, other]");
    let failed = stack.deploy(&broken).await;
    let _ = failed.fails(4);
    assert_eq!(scene.policy().await, policy);
    let delete = cloud.clients.sqs.delete_queue();
    let delete = delete.queue_url(other.queue_url().unwrap());
    let _ = delete.send().await.unwrap();
    // A stack that never was deployed gives it back by another definition, too.
    let released = stack.deploy(&scaled).await.succeeds();
    let releases = actions(&released["plan"]);
    assert!(
        releases.contains(&("WorkerService", "release")),
        "{releases:?}"
    );
    assert!(
        releases.contains(&("OrdersQueue", "release")),
        "{releases:?}"
    );
    assert_eq!(scene.service().await.status(), Some("ACTIVE"));
    assert_eq!(scene.policy().await, policy);
    let _ = stack.destroy(&[]).await.succeeds();
    scene.remove().await;
}
