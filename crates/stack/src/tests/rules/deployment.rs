//! Alarms that roll a deployment back.

use super::{IMAGE, LETTERS, check, fine};
use crate::tests::{changed, line, problems};

fn with(alarms: &str) -> String {
    format!("{IMAGE}    deployment: {{alarms: [{alarms}]}}\n")
}

#[test]
fn alarms_exist() {
    fine(
        IMAGE,
        &with("oldest_message, dead_letters, {existing: failing}"),
    );
    check(
        IMAGE,
        &with("oldest_message, load_balancer_errors"),
        "error 11:43 services.worker.deployment.alarms[1]: the service has no load balancer",
    );
    let text = changed(IMAGE, &with("dead_letters")).replace(LETTERS, "");
    let found: Vec<String> = problems(&text).iter().map(line).collect();
    let place = "10:27 services.worker.deployment.alarms[0]";
    assert_eq!(
        found[0],
        format!("error {place}: no queue of the service has a dead-letter queue")
    );
    check(
        IMAGE,
        &with("oldest_messages"),
        "error 11:27 services.worker.deployment.alarms[0]: expected `oldest_message` or `dead_letters` or `load_balancer_errors` or an existing alarm as `{existing: …}`, found `oldest_messages`",
    );
}
