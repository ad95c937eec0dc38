//! `status` lists manual changes, `diff --drift` shows them, and `deploy` repairs them: one stack with both ways of
//! scaling and each kind of drift.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_applicationautoscaling::types::ServiceNamespace;
use aws_sdk_ecs::types::ServiceField;
use aws_sdk_sqs::types::QueueAttributeName;
use e2e::{Bench, Cloud, Ended, Resources, TestStack, edited, worker};
use serde_json::{Value, json};

/// The worker, and a service with alarm steps.
fn definition(name: &str) -> String {
    let web = "services:
  web:
    image: public.ecr.aws/docker/library/busybox:1.37
    tasks: {min: 1, max: 3}
    scaling:
      alarm_steps:
        metric: {queue: jobs, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}
        period: 60s
        scale_out: {above: 100, for: 1, add: 1}
        scale_in: {below: 10, for: 5, remove: 1}
";
    let worker = edited(&worker(name), "services:\n", web);
    format!("{worker}tags: {{team: payments}}\n")
}

/// A deployed stack, and the clients for manual changes to it.
struct Scene {
    cloud: Cloud,
    stack: TestStack,
    found: Resources,
}

impl Scene {
    async fn deploy() -> Self {
        let bench = Bench::open();
        let cloud = Cloud::connect(&bench).await;
        let stack = TestStack::new(&bench, "drift");
        let _deployed = stack.deploy(&definition(&stack.name)).await.succeeds();
        let found = cloud.resources(&stack.name).await;
        Self {
            cloud,
            stack,
            found,
        }
    }

    fn id(&self, logical_id: &str) -> &str {
        self.found.id(logical_id)
    }

    async fn status(&self) -> Ended {
        self.stack.run("status", &[]).end().await
    }

    /// Checks that `status` and `diff --drift` list exactly these parts, and that `deploy` prompts and then repairs
    /// them.
    async fn is_repaired(&self, expected: &[(&str, &str)]) {
        let expected: BTreeSet<(String, String)> = expected
            .iter()
            .map(|(id, problem)| ((*id).to_owned(), (*problem).to_owned()))
            .collect();
        let status = self.status().await;
        assert_eq!(status.code, Some(1), "{}", status.stdout);
        let report = status.json();
        assert_eq!(report["healthy"], false);
        assert_eq!(named(&report["drift"]), expected, "{}", report["drift"]);
        assert!(status.stderr.contains("deploy"), "{}", status.stderr);
        let difference = self.stack.run("diff", &["--drift"]).end().await.succeeds();
        assert_eq!(difference["changed"], true);
        assert_eq!(named(&difference["drift"]["findings"]), expected);
        let asked = self.stack.run("deploy", &[]).end().await;
        assert_eq!(asked.code, Some(5), "no terminal to ask on");

        let repaired = self.stack.run("deploy", &["--yes"]).end().await.succeeds();
        assert_eq!(repaired["changed"], true);
        assert_eq!(named(&repaired["plan"]["drift"]), expected);
        let status = self.status().await.succeeds();
        assert_eq!(
            (&status["healthy"], &status["drift"]),
            (&json!(true), &json!([]))
        );
    }
}

fn named(findings: &Value) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = findings.as_array().unwrap().iter();
    findings
        .map(|finding| (text(&finding["logical_id"]), text(&finding["problem"])))
        .collect()
}

#[tokio::test]
async fn each_kind_of_drift_is_named_and_repaired() {
    let scene = Scene::deploy().await;
    let first = scene.status().await.succeeds();
    assert_eq!(first["healthy"], true, "{first}");
    assert_eq!(first["unchecked"], json!([]));
    scene.what_is_no_drift().await;
    scene.switched_off_or_changed().await;
    scene.edited_alarm().await;
    scene.deleted_scaling().await;
    scene.deleted_services().await;
    scene.deleted_functions().await;
}

impl Scene {
    /// The current count, a message, and resources that scaling doesn't need.
    async fn what_is_no_drift(&self) {
        let [cluster, service] = [self.id("Cluster"), self.id("WorkerService")];
        self.cloud.set_desired_count(cluster, service, 4).await;
        self.cloud.send(self.id("JobsQueue"), 2).await;
        assert_eq!(self.status().await.succeeds()["healthy"], true);
    }

    async fn switched_off_or_changed(&self) {
        let clients = &self.cloud.clients;
        let rule = clients.eventbridge.disable_rule();
        rule.name(self.id("MetricRule1")).send().await.unwrap();
        let alarms = clients.cloudwatch.disable_alarm_actions();
        let alarm = self.id("WebScaleOutAlarm");
        alarms.alarm_names(alarm).send().await.unwrap();
        let queue = clients.sqs.set_queue_attributes();
        queue
            .queue_url(self.id("JobsQueue"))
            .attributes(QueueAttributeName::VisibilityTimeout, "30")
            .attributes(QueueAttributeName::RedrivePolicy, "")
            .send()
            .await
            .unwrap();
        let function = self.id("WebScalingFunction");
        let reserved = clients.lambda.put_function_concurrency();
        let reserved = reserved.function_name(function);
        reserved
            .reserved_concurrent_executions(0)
            .send()
            .await
            .unwrap();
        let target = clients.applicationautoscaling.register_scalable_target();
        target
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension("ecs:service:DesiredCount".into())
            .resource_id(resource_id(self.id("WorkerService")))
            .max_capacity(10)
            .send()
            .await
            .unwrap();
        let dashboard = clients.cloudwatch.put_dashboard();
        let dashboard = dashboard.dashboard_name(self.id("Dashboard"));
        let dashboard = dashboard.dashboard_body(r#"{"widgets": []}"#);
        dashboard.send().await.unwrap();
        self.is_repaired(&[
            ("Dashboard", "different"),
            ("MetricRule1", "disabled"),
            ("WebScaleOutAlarm", "disabled"),
            ("JobsQueue", "different"),
            // "disabled" on AWS; LocalStack's GetFunction omits a concurrency of zero.
            ("WebScalingFunction", "different"),
            ("WorkerScalableTarget", "different"),
        ])
        .await;
        let queue = self.cloud.queue(self.id("JobsQueue")).await.unwrap();
        assert_eq!(queue["VisibilityTimeout"], "300");
        assert_eq!(
            queue["ApproximateNumberOfMessages"], "2",
            "a repair lost messages"
        );
        let service = self.cloud.service(self.id("WorkerService")).await.unwrap();
        assert_eq!(service.desired_count(), 4, "a repair changed the count");
    }

    /// The alarm that makes target tracking scale out, changed so that it never goes into ALARM.
    async fn edited_alarm(&self) {
        let cloudwatch = &self.cloud.clients.cloudwatch;
        let resource = resource_id(self.id("WorkerService"));
        let alarms = cloudwatch.describe_alarms();
        let alarms = alarms.alarm_name_prefix(format!("TargetTracking-{resource}-AlarmHigh"));
        let alarms = alarms.send().await.unwrap();
        let alarm = &alarms.metric_alarms()[0];
        let edited = cloudwatch
            .put_metric_alarm()
            .set_alarm_name(alarm.alarm_name.clone())
            .set_alarm_actions(alarm.alarm_actions.clone())
            .set_comparison_operator(alarm.comparison_operator.clone())
            .set_evaluation_periods(alarm.evaluation_periods)
            .set_metric_name(alarm.metric_name.clone())
            .set_namespace(alarm.namespace.clone())
            .set_dimensions(alarm.dimensions.clone())
            .set_period(alarm.period)
            .set_statistic(alarm.statistic.clone())
            .threshold(1e6);
        edited.send().await.unwrap();
        self.is_repaired(&[("WorkerScalingPolicy", "different")])
            .await;
    }

    /// The target is deleted with its policy and the policy's alarms.
    async fn deleted_scaling(&self) {
        let clients = &self.cloud.clients;
        let rule = self.id("MetricRule1");
        let targets = clients.eventbridge.list_targets_by_rule().rule(rule);
        let targets = targets.send().await.unwrap();
        let ids = targets
            .targets()
            .iter()
            .map(|target| target.id().to_owned());
        let removed = clients.eventbridge.remove_targets().rule(rule);
        removed.set_ids(Some(ids.collect())).send().await.unwrap();
        let target = clients.applicationautoscaling.deregister_scalable_target();
        target
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension("ecs:service:DesiredCount".into())
            .resource_id(resource_id(self.id("WorkerService")))
            .send()
            .await
            .unwrap();
        let alarm = clients.cloudwatch.delete_alarms();
        alarm
            .alarm_names(self.id("WebScaleInAlarm"))
            .send()
            .await
            .unwrap();
        let dashboard = clients.cloudwatch.delete_dashboards();
        let dashboard = dashboard.dashboard_names(self.id("Dashboard"));
        dashboard.send().await.unwrap();
        let subscription = clients.sns.unsubscribe();
        let subscription = subscription.subscription_arn(self.id("WebScalingSubscription"));
        subscription.send().await.unwrap();
        self.is_repaired(&[
            ("Dashboard", "missing"),
            ("MetricRule1", "different"),
            ("WorkerScalableTarget", "missing"),
            ("WorkerScalingPolicy", "missing"),
            ("WebScaleInAlarm", "missing"),
            ("WebScalingSubscription", "missing"),
        ])
        .await;

        let resource = resource_id(self.id("WorkerService"));
        let alarms = clients.cloudwatch.describe_alarms();
        let alarms = alarms.alarm_name_prefix(format!("TargetTracking-{resource}-"));
        let alarms = alarms.send().await.unwrap();
        let names = alarms
            .metric_alarms()
            .iter()
            .map(|alarm| alarm.alarm_name().unwrap().to_owned());
        let deleted = clients.cloudwatch.delete_alarms();
        deleted
            .set_alarm_names(Some(names.collect()))
            .send()
            .await
            .unwrap();
        self.is_repaired(&[("WorkerScalingPolicy", "missing")])
            .await;
    }

    /// A service alone, and then the cluster with both of its services.
    async fn deleted_services(&self) {
        let ecs = &self.cloud.clients.ecs;
        let delete = async |service: &str| {
            let request = ecs.delete_service().cluster(self.id("Cluster"));
            let request = request.service(self.id(service)).force(true);
            request.send().await.unwrap();
        };
        delete("WorkerService").await;
        self.is_repaired(&[("WorkerService", "missing")]).await;
        let request = ecs.describe_services().cluster(self.id("Cluster"));
        let request = request.services(self.id("WorkerService"));
        let found = request.include(ServiceField::Tags).send().await.unwrap();
        let service = &found.services()[0];
        assert_eq!(service.status(), Some("ACTIVE"));
        let tags = service.tags().iter();
        let tags: BTreeMap<_, _> = tags.map(|tag| (tag.key(), tag.value())).collect();
        assert_eq!(tags[&Some("team")], Some("payments"));
        assert_eq!(tags[&Some("ecs-scaler:name")], Some("worker"));

        delete("WorkerService").await;
        delete("WebService").await;
        let cluster = ecs.delete_cluster().cluster(self.id("Cluster"));
        cluster.send().await.unwrap();
        self.is_repaired(&[
            ("Cluster", "missing"),
            ("ClusterCapacityProviders", "missing"),
            ("WorkerService", "missing"),
            ("WebService", "missing"),
        ])
        .await;
    }

    async fn deleted_functions(&self) {
        let clients = &self.cloud.clients;
        for function in ["MetricFunction", "WebScalingFunction"] {
            let request = clients.lambda.delete_function();
            request
                .function_name(self.id(function))
                .send()
                .await
                .unwrap();
        }
        let group = clients.cloudwatchlogs.delete_log_group();
        let group = group.log_group_name(self.id("MetricFunctionLogs"));
        group.send().await.unwrap();
        let role = self.id("MetricFunctionRole");
        let policies = clients.iam.list_role_policies().role_name(role);
        for name in policies.send().await.unwrap().policy_names() {
            let request = clients.iam.delete_role_policy().role_name(role);
            request.policy_name(name).send().await.unwrap();
        }
        clients
            .iam
            .delete_role()
            .role_name(role)
            .send()
            .await
            .unwrap();
        self.is_repaired(&[
            ("MetricFunction", "missing"),
            ("MetricFunctionLogs", "missing"),
            ("MetricFunctionRole", "missing"),
            ("MetricFunctionInvokeConfig", "missing"),
            ("MetricRule1Permission", "missing"),
            ("WebScalingFunction", "missing"),
            ("WebScalingFunctionInvokeConfig", "missing"),
            ("WebScalingRulePermission", "missing"),
            ("WebScalingTopicPermission", "missing"),
        ])
        .await;
        self.is_tagged().await;
        // Resources that direct calls recreated still belong to the stack.
        let destroyed = self.stack.destroy(&["--force"]).await.succeeds();
        assert_eq!(destroyed["remains"]["left"], json!([]));
    }
}

impl Scene {
    /// Recreated resources have the stack's tags, and its mark.
    async fn is_tagged(&self) {
        let clients = &self.cloud.clients;
        let mut tags: BTreeMap<&str, HashMap<String, String>> = BTreeMap::new();
        let function = clients.lambda.get_function();
        let function = function.function_name(self.id("MetricFunction"));
        tags.insert("function", function.send().await.unwrap().tags.unwrap());
        let role = clients.iam.list_role_tags();
        let role = role.role_name(self.id("MetricFunctionRole")).send().await;
        let role = role.unwrap().tags.into_iter();
        tags.insert("role", role.map(|tag| (tag.key, tag.value)).collect());
        let groups = clients.cloudwatchlogs.describe_log_groups();
        let groups = groups.log_group_name_prefix(self.id("MetricFunctionLogs"));
        let groups = groups.send().await.unwrap();
        let arn = groups.log_groups()[0].arn().unwrap().trim_end_matches(":*");
        let group = clients.cloudwatchlogs.list_tags_for_resource();
        let group = group.resource_arn(arn).send().await.unwrap();
        tags.insert("log group", group.tags.unwrap());
        let alarms = clients.cloudwatch.describe_alarms();
        let alarms = alarms.alarm_names(self.id("WebScaleInAlarm"));
        let alarms = alarms.send().await.unwrap();
        let alarm = alarms.metric_alarms()[0].alarm_arn().unwrap();
        let request = clients.cloudwatch.list_tags_for_resource();
        let alarm = request.resource_arn(alarm).send().await.unwrap();
        let alarm = alarm.tags.unwrap().into_iter();
        let pair = |tag: aws_sdk_cloudwatch::types::Tag| (tag.key.unwrap(), tag.value.unwrap());
        tags.insert("alarm", alarm.map(pair).collect());
        for (part, tags) in tags {
            assert_eq!(tags["team"], "payments", "{part}");
            assert_eq!(tags["ecs-scaler:stack"], self.stack.name, "{part}");
        }
    }
}

/// `service/CLUSTER/SERVICE` of a service's ARN.
fn resource_id(arn: &str) -> &str {
    let (before, _) = arn.split_once(":service/").unwrap();
    &arn[before.len() + 1..]
}
