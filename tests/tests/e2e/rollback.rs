//! Going back to an earlier deploy.

use e2e::{Bench, Cloud, TestStack, edited, unique_name, worker};
use serde_json::{Value, json};

async fn template(cloud: &Cloud, name: &str) -> Value {
    let request = cloud.clients.cloudformation.get_template().stack_name(name);
    let reply = request.send().await.unwrap();
    serde_json::from_str(reply.template_body().unwrap()).unwrap()
}

/// Keys and versions of the records of a stack, and of what its functions read.
async fn list_objects(cloud: &Cloud, name: &str) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    for prefix in ["deploys", "fleets"] {
        let request = cloud.clients.s3.list_object_versions();
        let request = request.bucket("ecs-scaler-assets-000000000000-us-east-1");
        let reply = request.prefix(format!("{prefix}/{name}/")).send().await;
        let reply = reply.unwrap();
        let key = |key: Option<&str>| key.unwrap().to_owned();
        let versions = reply.versions().iter();
        found.extend(versions.map(|one| (key(one.key()), one.version_id.clone())));
        let markers = reply.delete_markers().iter();
        found.extend(markers.map(|one| (key(one.key()), one.version_id.clone())));
    }
    found
}

#[tokio::test]
async fn a_rollback_brings_back_the_deploy_before_and_the_one_before_that() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "rollback");
    let first = worker(&stack.name);
    let second = edited(&first, "max: 20", "max: 9");
    let third = edited(&second, "acceptable_latency: 10m", "acceptable_latency: 2m");
    let mut templates = Vec::new();
    for definition in [&first, &second, &third] {
        let _ = stack.deploy(definition).await.succeeds();
        templates.push(template(&cloud, &stack.name).await);
    }
    // A deploy that changes nothing leaves no record.
    let _ = stack.deploy(&third).await.succeeds();
    let listed = stack.run("rollback", &["--list"]).end().await.succeeds();
    let deploys = listed["deploys"].as_array().unwrap();
    assert_eq!(deploys.len(), 3, "{listed}");
    let deployed: Vec<&Value> = deploys.iter().map(|one| &one["deployed"]).collect();
    assert_eq!(deployed, [&json!(true), &json!(false), &json!(false)]);
    assert_eq!(deploys[1]["words"][0]["path"], "services.worker.tasks.max");

    // The count is someone else's, and stays.
    let resources = cloud.resources(&stack.name).await;
    let (cluster, service) = (resources.id("Cluster"), resources.id("WorkerService"));
    cloud.set_desired_count(cluster, service, 4).await;

    let refused = stack.run("rollback", &[]).end().await;
    let error = refused.fails(5);
    assert!(
        error["message"].to_string().contains("no terminal"),
        "{error}"
    );
    let back = stack.run("rollback", &["--yes"]).end().await.succeeds();
    assert_eq!(back["to"]["at"], deploys[1]["at"]);
    let words = &back["deployment"]["plan"]["words"];
    assert_eq!(
        (&words[0]["old"], &words[0]["new"]),
        (&json!("2m"), &json!("10m"))
    );
    assert_eq!(template(&cloud, &stack.name).await, templates[1]);
    let back = stack.run("rollback", &["--yes"]).end().await.succeeds();
    assert_eq!(back["to"]["at"], deploys[2]["at"]);
    assert_eq!(template(&cloud, &stack.name).await, templates[0]);
    assert_eq!(cloud.service(service).await.unwrap().desired_count(), 4);
    assert_eq!(cloud.resources(&stack.name).await, resources);
    let healthy = stack.run("diff", &["--drift"]).end().await.succeeds();
    assert_eq!(healthy["drift"]["findings"], json!([]));

    // Nothing is older; forward again by the number in the list.
    let error = stack.run("rollback", &["--yes"]).end().await.fails(5);
    assert!(
        error["message"]
            .to_string()
            .contains("no good deploy before"),
        "{error}"
    );
    let run = stack.run("rollback", &["--yes", "--to", "2"]).end().await;
    let _ = run.succeeds();
    assert_eq!(template(&cloud, &stack.name).await, templates[2]);
    let time = deploys[0]["at"].as_str().unwrap();
    let same = stack
        .run("rollback", &["--yes", "--to", time])
        .end()
        .await
        .succeeds();
    assert!(
        same["deployment"]["changed"] == false || same["to"] == Value::Null,
        "{same}"
    );

    // An update that loses something needs more than a yes.
    let queue = edited(&third, "queues:\n", "queues:\n  extra: {}\n");
    let queue = edited(&queue, "consumes: [jobs]", "consumes: [jobs, extra]");
    let _ = stack.deploy(&queue).await.succeeds();
    let error = stack.run("rollback", &["--yes"]).end().await.fails(5);
    assert!(
        error["hints"].to_string().contains("--allow-loss"),
        "{error}"
    );
    let run = stack
        .run("rollback", &["--yes", "--allow-loss"])
        .end()
        .await;
    assert_eq!(run.succeeds()["deployment"]["changed"], true);

    assert_eq!(list_objects(&cloud, &stack.name).await.len(), 8);
    let _ = stack.destroy(&["--force"]).await.succeeds();
    assert_eq!(list_objects(&cloud, &stack.name).await, []);
    let error = stack.run("rollback", &["--yes"]).end().await.fails(1);
    assert!(
        error["message"].to_string().contains("doesn't exist"),
        "{error}"
    );
}

#[tokio::test]
async fn after_a_failed_deploy_the_last_good_one_runs_already() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "rolled");
    let first = worker(&stack.name);
    let _ = stack.deploy(&first).await.succeeds();
    // A queue of this name exists, with another setting.
    let taken = unique_name("taken");
    let request = cloud.clients.sqs.create_queue().queue_name(&taken);
    let timeout = aws_sdk_sqs::types::QueueAttributeName::VisibilityTimeout;
    request.attributes(timeout, "11").send().await.unwrap();
    let queue = format!("queues:\n  extra: {{name: {taken}, visibility_timeout: 1m}}\n");
    let broken = edited(&first, "queues:\n", &queue);
    let broken = edited(&broken, "consumes: [jobs]", "consumes: [jobs, extra]");
    let _ = stack.deploy(&broken).await.fails(4);
    let nothing = stack.run("rollback", &["--yes"]).end().await.succeeds();
    assert_eq!(nothing["to"], Value::Null, "{nothing}");
    let reason = nothing["reason"].to_string();
    assert!(
        reason.contains("CloudFormation has rolled it back"),
        "{reason}"
    );

    // A stack of a version that kept no records.
    for (key, version) in list_objects(&cloud, &stack.name).await {
        let request = cloud.clients.s3.delete_object().key(key);
        let request = request.bucket("ecs-scaler-assets-000000000000-us-east-1");
        request.set_version_id(version).send().await.unwrap();
    }
    let error = stack.run("rollback", &["--yes"]).end().await.fails(5);
    assert!(
        error["message"].to_string().contains("no record"),
        "{error}"
    );
    assert!(error["hints"].to_string().contains("check out"), "{error}");
}
