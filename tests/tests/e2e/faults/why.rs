//! Causes of `status --why` that the sandbox doesn't have by itself. The proxy changes only the reply that names the cause; all
//! other facts are the sandbox's.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatch::types::StateValue;
use e2e::until;
use fault_proxy::{Fault, Rule};
use serde_json::{Value, json};

use super::{BOUND, Kept, Scene};

fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs_f64()
}

/// Changes a reply in JSON.
fn changed(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Fault {
    Fault::rewrite(move |body| {
        let mut reply: Value = serde_json::from_str(body).unwrap();
        change(&mut reply);
        reply.to_string()
    })
}

/// One of two tasks runs, and ECS has reported these events, newest first.
fn reports<const N: usize>(events: [&'static str; N]) -> Rule {
    let fault = changed(move |reply| {
        let service = &mut reply["services"][0];
        service["desiredCount"] = json!(2);
        service["runningCount"] = json!(1);
        let event = |(index, text): (usize, &&str)| {
            let at = now() - 60.0 * f64::from(u8::try_from(index + 1).unwrap());
            json!({"id": index.to_string(), "createdAt": at, "message": text})
        };
        service["events"] = events.iter().enumerate().map(event).collect();
    });
    Rule::on("ecs", "DescribeServices", fault)
}

impl Scene {
    /// Waits until the cause is this one while the rule holds. Returns its sentence.
    async fn says(&self, rule: Rule, cause: &str) -> String {
        self.proxy.clear();
        self.proxy.inject(rule);
        let what = format!("the cause {cause}");
        let sentence = until(&what, BOUND, async || {
            let report = self.run("status", &["--why"]).end().await.json();
            let why = &report["services"][0]["why"];
            (why["cause"] == cause).then(|| why["sentence"].as_str().unwrap().to_owned())
        })
        .await;
        self.proxy.clear();
        sentence
    }

    /// Someone disables the actions of the scale-out alarm before it goes into ALARM, so nothing acts on it.
    async fn is_due(&self, kept: &Kept) {
        let service = kept.resources.id("WorkerService");
        let (_, path) = service.split_once(":service/").unwrap();
        let prefix = format!("TargetTracking-service/{path}-AlarmHigh");
        let cloudwatch = &self.cloud.clients.cloudwatch;
        let found = cloudwatch.describe_alarms().alarm_name_prefix(prefix);
        let found = found.send().await.unwrap();
        let alarm = found.metric_alarms()[0].alarm_name().unwrap();
        let disable = cloudwatch.disable_alarm_actions().alarm_names(alarm);
        disable.send().await.unwrap();
        let text = until("an alarm without actions", BOUND, async || {
            // CloudWatch sets it back at its next evaluation.
            let set = cloudwatch.set_alarm_state().alarm_name(alarm);
            let set = set.state_value(StateValue::Alarm).state_reason("a test");
            set.send().await.unwrap();
            let report = self.run("status", &["--why"]).end().await.json();
            let why = &report["services"][0]["why"];
            (why["cause"] == "due").then(|| why["sentence"].as_str().unwrap().to_owned())
        })
        .await;
        assert!(
            text.starts_with("the scale-out alarm is in ALARM since "),
            "{text}"
        );
        assert!(
            text.contains("but someone has disabled its actions"),
            "{text}"
        );
    }
}

/// Source of the events: "Amazon ECS service event messages" in the Amazon ECS Developer Guide. Source of the code: the data type
/// `NotScaledReason` in the Application Auto Scaling API Reference.
#[tokio::test]
async fn causes_that_only_aws_has_are_named() {
    let (scene, kept) = Scene::deployed("why").await;

    let denied = Rule::on("ecs", "DescribeServices", Fault::Deny);
    let text = scene.says(denied, "unreadable").await;
    assert_eq!(text, "these credentials can't read the service");

    let full = "(service worker) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or \
                in a different availability zone.";
    let text = scene.says(reports([full]), "capacity").await;
    assert!(
        text.starts_with("1 task is pending for lack of capacity; ECS reports ("),
        "{text}"
    );
    let limit = "(service worker) was unable to place a task. Reason: You've reached the limit on the number of vCPUs you can run \
                 concurrently.";
    let text = scene.says(reports([limit, full]), "quota").await;
    assert!(
        text.ends_with("reached the limit on the number of vCPUs you can run concurrently"),
        "{text}"
    );

    let refused = changed(|reply| {
        let reason = json!([{"Code": "AutoScalingAnticipatedFlapping", "CurrentCapacity": 1}]);
        reply["ScalingActivities"] = json!([{
            "ActivityId": "a", "ServiceNamespace": "ecs", "ResourceId": "service/c/s",
            "ScalableDimension": "ecs:service:DesiredCount", "Description": "", "Cause": "",
            "StartTime": now() - 30.0, "StatusCode": "Failed", "NotScaledReasons": reason,
        }]);
    });
    let refused = Rule::on(
        "application-autoscaling",
        "DescribeScalingActivities",
        refused,
    );
    let text = scene.says(refused, "flapping").await;
    assert!(text.contains("AutoScalingAnticipatedFlapping"), "{text}");

    // Without CloudWatch, neither the metric nor the alarms are known. The queue has messages.
    let text = scene
        .says(Rule::service("monitoring", Fault::Deny), "unknown")
        .await;
    assert_eq!(text, "nothing that was read explains it");

    scene.is_due(&kept).await;
}
