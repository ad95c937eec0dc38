//! Requests to a load balancer, as in the article: 100 per minute add a task, and few remove one.

use super::{Load, Scene, Stepped};

/// The article's policy on Fargate. Scale-in evaluates one minute, so that the test doesn't take five.
fn definition(name: &str) -> String {
    format!(
        "\
name: {name}
services:
  web:
    image: public.ecr.aws/nginx/nginx:1.28.0
    cpu: 256
    memory: 512
    port: 80
    load_balancer: {{listener: 80, health_check: /}}
    tasks: {{min: 1, max: 2}}
    scaling:
      alarm_steps:
        metric: request_count
        period: 60s
        cooldown: {{out: 0s, in: 0s}}
        scale_out: {{at_or_above: 100, for: 1, add: 1}}
        scale_in: {{below: 20, for: 1, remove: 1}}
"
    )
}

/// The metric that the load balancer would publish: `each` requests every five seconds.
fn requests(stepped: &Stepped<'_>, each: f64) -> Load {
    let full_name = |arn: &str, kind: &str| {
        let (_, name) = arn.split_once(kind).unwrap();
        name.to_owned()
    };
    let balancer = full_name(stepped.part("LoadBalancer"), ":loadbalancer/");
    let (_, target) = stepped.part("TargetGroup").rsplit_once(':').unwrap();
    let dimensions = [("LoadBalancer", &*balancer), ("TargetGroup", target)];
    Load::on(
        stepped.cloud,
        "AWS/ApplicationELB",
        "RequestCount",
        &dimensions,
        each,
    )
}

#[tokio::test]
async fn a_high_load_adds_a_task_and_stops_at_the_most() {
    let scene = Scene::deploy("high", definition).await;
    let web = scene.service("Web");
    assert_eq!(web.desired().await, 1);

    let _load = requests(&web, 20.0); // 240 per minute
    web.comes_to(2).await;
    let step = web.says("stepped", 0).await;
    assert_eq!((&step["from"], &step["to"]), (&1.into(), &2.into()));
    assert_eq!(step["alarm"], web.part("ScaleOutAlarm"));

    let seen = web.invocations().await.len();
    let at_bound = web.says("at_bound", seen).await;
    assert_eq!(
        at_bound["level"], "INFO",
        "being at the bound is no failure"
    );
    let reason = at_bound["reason"].as_str().unwrap();
    assert!(
        reason.ends_with("the desired count is 2 and the maximum is 2"),
        "{reason}"
    );
    assert_eq!(web.desired().await, 2);
    assert_eq!(web.alarm_state("ScaleOutAlarm").await, "ALARM");
}

#[tokio::test]
async fn a_low_load_takes_a_task_and_stops_at_the_least() {
    let scene = Scene::deploy("low", definition).await;
    let web = scene.service("Web");

    web.set_desired(2).await;
    let _load = requests(&web, 1.0); // 12 per minute
    web.comes_to(1).await;
    let step = web.says("stepped", 0).await;
    assert_eq!((&step["from"], &step["to"]), (&2.into(), &1.into()));
    assert_eq!(step["alarm"], web.part("ScaleInAlarm"));

    let seen = web.invocations().await.len();
    let at_bound = web.says("at_bound", seen).await;
    let reason = at_bound["reason"].as_str().unwrap();
    assert!(
        reason.ends_with("the desired count is 1 and the minimum is 1"),
        "{reason}"
    );
    assert_eq!(web.desired().await, 1);
}
