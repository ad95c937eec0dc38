//! Stacks deployed by earlier versions: a deploy of today's version updates them in place.

use std::path::Path;

use e2e::{Bench, Cloud, TestStack, edited};
use serde_json::Value;

/// The templates of the first version; see CONTRIBUTING.md.
const FIRST: &str = "0.1.0";

/// Deploys a shipped definition from its earlier template, then with today's version.
async fn updates_in_place(definition: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |path: String| std::fs::read_to_string(root.join(path)).unwrap();
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "upgrade");
    let text = edited(
        &read(format!("stacks/{definition}.yaml")),
        &format!("\nname: {definition}\n"),
        &format!("\nname: {}\n", stack.name),
    );
    // A first deploy uploads the functions and chooses the parameters.
    let _ = stack.deploy(&text).await.succeeds();
    let cloudformation = &cloud.clients.cloudformation;
    let described = cloudformation.describe_stacks().stack_name(&stack.name);
    let described = described.send().await.unwrap();
    let parameters = described.stacks()[0].parameters().to_vec();
    let _ = stack.destroy(&["--force"]).await.succeeds();

    let source = deployer::Source {
        stack: stack.name.clone(),
        template: deployer::TemplateSource::Inline(read(format!(
            "tests/upgrade/{FIRST}/{definition}.json"
        ))),
        parameters: parameters
            .iter()
            .map(|parameter| {
                let key = parameter.parameter_key().unwrap().to_owned();
                (key, parameter.parameter_value().unwrap().to_owned())
            })
            .collect(),
        tags: Default::default(),
    };
    let quiet = |_| {};
    let session = deployer::Session::new(
        &cloud.clients,
        deployer::Pace::LOCAL,
        &quiet,
        stack.name.clone(),
    );
    let mut approve = |_: &deployer::Plan| Ok(());
    deployer::deploy_template(&session, &source, &mut approve)
        .await
        .unwrap();
    let before = cloud.resources(&stack.name).await;

    let updated = stack.deploy(&text).await.succeeds();
    let changes = updated["plan"]["changes"].as_array().unwrap();
    let unsafe_change = |change: &&Value| change["action"] != "change" && change["action"] != "add";
    let found = changes.iter().find(unsafe_change);
    assert!(found.is_none(), "not an update in place: {found:?}");
    assert_eq!(cloud.resources(&stack.name).await, before);
}

#[tokio::test]
async fn the_worker_by_backlog_is_updated_in_place() {
    updates_in_place("voucher-worker").await;
}

#[tokio::test]
async fn the_worker_by_demand_is_updated_in_place() {
    updates_in_place("voucher-worker-demand").await;
}

#[tokio::test]
async fn the_web_application_by_alarm_steps_is_updated_in_place() {
    updates_in_place("sample-webapp").await;
}
