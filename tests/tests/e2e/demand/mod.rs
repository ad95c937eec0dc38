//! Demand scaling with a function: the shipped definition, each part through its own service's API; then
//! messages, and the real function that sets the count; then nothing remains.

mod object;
mod several;

use std::time::Duration;

use aws_sdk_applicationautoscaling::types::ServiceNamespace;
use e2e::{Bench, Cloud, Inventory, Resources, TestStack, edited, inventory, until};
use scaling::{DemandOrder, TASKS_NEEDED_METRIC};
use serde_json::{Value, json};

use crate::deployed::roles::decoded;

const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";
/// The rule's minute, the check in it, and the same time again for a slow machine.
const MINUTES: Duration = Duration::from_secs(180);

/// The shipped definition with its own names, to keep it separate from everything else that is deployed, and with
/// messages that take long enough for a few of them to need several tasks.
fn shipped(name: &str) -> String {
    let text = include_str!("../../../../stacks/voucher-worker-demand.yaml");
    let text = edited(
        text,
        "name: voucher-worker-demand\n",
        &format!("name: {name}\n"),
    );
    let text = edited(
        &text,
        "{name: voucher-demand}",
        &format!("{{name: {name}}}"),
    );
    let text = edited(&text, "processing_time: 100ms", "processing_time: 6s");
    edited(&text, "namespace: EcsScaler", "namespace: EndToEnd")
}

struct Demanded<'a> {
    cloud: &'a Cloud,
    found: &'a Resources,
}

#[tokio::test]
async fn the_shipped_definition_is_there_sets_the_count_and_is_gone() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "demand");
    let outcome = stack.deploy(&shipped(&stack.name)).await.succeeds();
    let id = outcome["stack_id"].as_str().unwrap().to_owned();
    let found = cloud.resources(&stack.name).await;
    let worker = Demanded {
        cloud: &cloud,
        found: &found,
    };
    worker.function().await;
    worker.role().await;
    worker.rule().await;
    worker.alarms().await;
    worker.nobody_else_scales_it().await;
    assert_eq!(worker.desired().await, 1);

    worker.follows_its_queue(&stack).await;
    worker.is_told_of(&stack).await;

    let there = || inventory(&cloud, &id, &found);
    let before = there().await;
    for kind in ["functions", "rules", "roles", "alarms", "log groups"] {
        assert!(before.contains_key(kind), "{kind}: {:?}", before.keys());
    }
    let destroyed = stack.destroy(&["--force"]).await.succeeds();
    assert_eq!(destroyed["remains"]["left"], json!([]));
    assert_eq!(there().await, Inventory::new());
}

impl Demanded<'_> {
    fn part(&self, of: &str) -> &str {
        self.found.id(&format!("VoucherWorker{of}"))
    }

    async fn desired(&self) -> i32 {
        let service = self.cloud.service(self.part("Service")).await.unwrap();
        service.desired_count()
    }

    /// Checks that it has a minute to check, runs alone, and holds no configuration.
    async fn function(&self) {
        let function = self.found.id("ScalingFunction");
        let lambda = &self.cloud.clients.lambda;
        let request = lambda.get_function_configuration().function_name(function);
        let reply = request.send().await.unwrap();
        assert_eq!(reply.timeout(), Some(60));
        let variables = reply.environment().and_then(|all| all.variables());
        assert!(variables.is_none_or(|variables| variables.is_empty()));
        let request = lambda.get_function_concurrency().function_name(function);
        let reply = request.send().await.unwrap();
        assert_eq!(reply.reserved_concurrent_executions(), Some(1));
        let request = lambda.get_function_event_invoke_config();
        let reply = request.function_name(function).send().await.unwrap();
        assert_eq!(reply.maximum_retry_attempts(), Some(0));
        assert_eq!(reply.maximum_event_age_in_seconds(), Some(60));
    }

    /// It can read its queue and its pause, describe and update only its service, and change only its count.
    async fn role(&self) {
        let iam = &self.cloud.clients.iam;
        let request = iam.get_role_policy().policy_name("permissions");
        let request = request.role_name(self.found.id("ScalingFunctionRole"));
        let reply = request.send().await.unwrap();
        let document = decoded(reply.policy_document());
        let statements = document["Statement"].as_array().unwrap();
        let mut found: Vec<_> = statements
            .iter()
            .map(|s| (s["Action"].to_string(), s["Resource"].clone()))
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let logs = self.found.id("ScalingFunctionLogs");
        let stack = logs.split("-ScalingFunctionLogs").next().unwrap();
        let pause = format!(
            "arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/ecs-scaler/{stack}/voucher-worker/pause"
        );
        let logs = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{logs}:*");
        let queue = self.found.id("VouchersQueue").rsplit('/').next().unwrap();
        let queue = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}");
        let service = self.part("Service");
        let expected = [
            (json!(["cloudwatch:GetMetricData"]), json!("*")),
            (json!(["cloudwatch:PutMetricData"]), json!("*")),
            (
                json!(["ecs:DescribeServices", "ecs:UpdateService"]),
                json!(service),
            ),
            (
                json!(["logs:CreateLogStream", "logs:PutLogEvents"]),
                json!(logs),
            ),
            (json!(["sqs:GetQueueAttributes"]), json!(queue)),
            (json!(["ssm:GetParameters"]), json!(pause)),
        ]
        .map(|(action, resource)| (action.to_string(), resource));
        assert_eq!(found, expected);
        let condition = |action: &str| {
            let mut all = statements.iter();
            let found = all.find(|s| s["Action"].to_string().contains(action));
            found.unwrap()["Condition"].clone()
        };
        assert_eq!(
            condition("UpdateService")["Null"],
            json!({
                "ecs:task-definition": "true",
                "ecs:capacity-provider": "true",
                "ecs:subnet": "true",
                "ecs:namespace": "true",
            })
        );
        assert_eq!(
            condition("PutMetricData")["StringEquals"],
            json!({"cloudwatch:namespace": "EndToEnd"})
        );
    }

    async fn rule(&self) {
        let rule = self.found.id("ScalingRule");
        let request = self.cloud.clients.eventbridge.describe_rule().name(rule);
        let reply = request.send().await.unwrap();
        assert_eq!(reply.schedule_expression(), Some("rate(1 minute)"));
        let inputs = self.cloud.rule_inputs(self.found).await;
        let [input] = inputs.as_slice() else {
            panic!("{inputs:?}")
        };
        let order: DemandOrder = serde_json::from_str(input).unwrap();
        let [policy] = order.services.as_slice() else {
            panic!("{order:?}")
        };
        policy.check().unwrap();
        let arn = format!("{}/{}", policy.cluster, policy.service);
        assert!(self.part("Service").ends_with(&arn), "{arn}");
        assert_eq!(policy.namespace, "EndToEnd");
        assert_eq!((policy.min, policy.max), (1, 20));
        assert_eq!((policy.every_ms, policy.period_ms), (5_000, 60_000));
        assert_eq!(policy.law.acceptable_latency_ms, 60_000);
        assert_eq!(policy.law.processing_time_ms, Some(6_000));
        let [queue] = policy.queues.as_slice() else {
            panic!("{policy:?}")
        };
        assert_eq!(queue.url, self.found.id("VouchersQueue"));
        assert!(queue.url.ends_with(&queue.name), "{queue:?}");
    }

    async fn alarms(&self) {
        for (id, rule) in [
            (
                "VoucherWorkerNeedSilentAlarm",
                format!("EndToEnd {TASKS_NEEDED_METRIC} LessThanThreshold 1, 10 of 10, breaching"),
            ),
            (
                "ScalingErrorsAlarm",
                "AWS/Lambda Errors GreaterThanOrEqualToThreshold 1, 3 of 5, notBreaching".to_owned(),
            ),
            (
                "VouchersOldestMessageAlarm",
                "AWS/SQS ApproximateAgeOfOldestMessage GreaterThanThreshold 60, 5 of 10, notBreaching"
                    .to_owned(),
            ),
        ] {
            let request = self.cloud.clients.cloudwatch.describe_alarms();
            let reply = request.alarm_names(self.found.id(id)).send().await.unwrap();
            let alarm = &reply.metric_alarms()[0];
            let found = format!(
                "{} {} {} {}, {} of {}, {}",
                alarm.namespace().unwrap(),
                alarm.metric_name().unwrap(),
                alarm.comparison_operator().unwrap().as_str(),
                alarm.threshold().unwrap(),
                alarm.datapoints_to_alarm().unwrap(),
                alarm.evaluation_periods().unwrap(),
                alarm.treat_missing_data().unwrap(),
            );
            assert_eq!(found, rule);
        }
    }

    /// Checks that Application Auto Scaling doesn't know it.
    async fn nobody_else_scales_it(&self) {
        let mut path = self.part("Service").rsplit('/');
        let (name, cluster) = (path.next().unwrap(), path.next().unwrap());
        let request = self
            .cloud
            .clients
            .applicationautoscaling
            .describe_scalable_targets();
        let reply = request
            .service_namespace(ServiceNamespace::Ecs)
            .resource_ids(format!("service/{cluster}/{name}"))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.scalable_targets(), []);
    }

    /// Sixty unprocessed messages of six seconds are six minutes of work. With an objective of one minute, that
    /// requires six tasks, minus the work that the running task does while they start, plus more because the
    /// algorithm plans with 70% of the objective.
    async fn follows_its_queue(&self, stack: &TestStack) {
        self.cloud.send(self.found.id("VouchersQueue"), 60).await;
        let by_hand = ["--function", "scaling", "--service", "voucher-worker"];
        let invoked = stack.run("invoke", &by_hand).end().await.succeeds();
        let invocation = &invoked["invocations"][0];
        assert_eq!(invocation["event"]["once"], json!(true));
        let answer = &invocation["answer"]["services"][0];
        assert_eq!(answer["looks"].as_array().unwrap().len(), 1);
        let desired = until("a desired count that the work needs", MINUTES, async || {
            Some(self.desired().await).filter(|count| *count > 1)
        })
        .await;
        assert!((5..=20).contains(&desired), "{desired}");
        let after = &invoked["services"][0]["desired_after"];
        assert!(after.as_i64().is_some_and(|count| count >= 5), "{invoked}");
    }

    /// Checks that its rule invokes it, and that it publishes the values that `status` shows.
    async fn is_told_of(&self, stack: &TestStack) {
        // On a slow machine, the rule publishes the need of the empty queue before the messages are sent.
        let state = until("a published need of five tasks", MINUTES, async || {
            let status = stack.status().await;
            let state = status["services"][0]["demand"].clone();
            (state["need"]["value"].as_f64() >= Some(5.0)).then_some(state)
        })
        .await;
        assert_eq!(state["function"], self.found.id("ScalingFunction"));
        assert_eq!(state["bounds"], json!([1, 20]));
        // No message was processed, so there is no time to measure.
        assert_eq!(state["measured"]["processing_time"], Value::Null);
    }
}
