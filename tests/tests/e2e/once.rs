//! Deploys a written definition, compares it with what its services return, and destroys it.

use e2e::{Cloud, Ended, TestStack};
use serde_json::Value;

/// `services`: logical IDs with the smallest numbers of tasks. Returns the deploy.
pub(crate) async fn deploys_once(
    cloud: &Cloud,
    stack: &TestStack,
    environment: Option<&str>,
    services: &[(&str, i32)],
) -> Ended {
    let selected: Vec<&str> = environment.map_or_else(Vec::new, |name| vec!["--env", name]);
    let name = match environment {
        Some(environment) => format!("{}-{environment}", stack.name),
        None => stack.name.clone(),
    };
    let deploy = [&["--yes"], selected.as_slice()].concat();
    let deployed = stack.run("deploy", &deploy).end().await;
    assert_eq!(deployed.succeeds()["changed"], true, "{name}");

    let found = cloud.resources(&name).await;
    for (service, tasks) in services {
        let service = cloud.service(found.id(service)).await.unwrap();
        assert!(service.desired_count() >= *tasks, "{name}: {service:?}");
    }
    let status = stack.run("status", &selected).end().await.succeeds();
    assert_eq!(status["drift"], Value::Array(vec![]), "{name}");
    let destroy = [&["--yes", "--force"], selected.as_slice()].concat();
    let destroyed = stack.run("destroy", &destroy).end().await.succeeds();
    assert_eq!(destroyed["existed"], true, "{name}");
    deployed
}
