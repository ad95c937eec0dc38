//! The shipped definition: each part through its own service's API, on every capacity. Then nothing remains.

use std::collections::BTreeMap;

use e2e::{Inventory, TestStack, edited, inventory};
use serde_json::{Value, json};

use super::{Scene, Stepped};
use crate::deployed::roles::decoded;

const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";
const EC2: &str = "ec2: {instance_type: t3.small, min: 1, max: 2}";

/// The shipped definition with its own names, to keep it separate from everything else that is deployed.
fn shipped(name: &str) -> String {
    let text = include_str!("../../../../stacks/sample-webapp.yaml");
    let text = edited(
        text,
        "name: sample-webapp\n\n",
        &format!("name: {name}\n\n"),
    );
    edited(
        &text,
        "  name: sample-webapp\n",
        &format!("  name: {name}\n"),
    )
}

#[tokio::test]
async fn the_shipped_definition_is_there_and_gone() {
    let scene = Scene::deploy("webapp", shipped).await;
    let (stack, web) = (&scene.stack, scene.service("SampleWebapp"));
    web.on_instances(&stack.name).await;
    web.behind_a_load_balancer();
    web.alarms().await;
    web.people_and_the_function_hear().await;
    web.role().await;
    web.function(stack).await;

    let there = || inventory(&scene.cloud, &scene.id, &scene.found);
    let before = there().await;
    for kind in [
        "load balancers",
        "target groups",
        "auto scaling groups",
        "launch templates",
        "instance profiles",
        "capacity providers",
    ] {
        assert!(before.contains_key(kind), "{kind}: {:?}", before.keys());
    }
    let destroyed = stack.destroy(&[]).await.succeeds();
    assert_eq!(destroyed["remains"]["left"], json!([]));
    assert_eq!(there().await, Inventory::new());
}

#[tokio::test]
async fn the_same_service_runs_on_fargate_and_on_spot() {
    for (capacity, strategy) in [
        ("fargate", vec![("FARGATE", 0)]),
        (
            "fargate_spot: {base: 1}",
            vec![("FARGATE", 1), ("FARGATE_SPOT", 0)],
        ),
    ] {
        let scene = Scene::deploy("capacity", |name| {
            let text = edited(&shipped(name), EC2, capacity);
            text.replace("capacity:\n    fargate\n", "capacity: fargate\n")
        })
        .await;
        let found = &scene.found;
        let service = found.id("SampleWebappService");
        let service = scene.cloud.service(service).await.unwrap();
        assert_eq!(service.launch_type(), None);
        let items = service.capacity_provider_strategy().iter();
        let items: Vec<_> = items.map(|i| (i.capacity_provider(), i.base())).collect();
        assert_eq!(items, strategy);
        let network = service.network_configuration().unwrap();
        assert_eq!(network.awsvpc_configuration().unwrap().subnets().len(), 2);
        assert_eq!(service.load_balancers()[0].container_port(), Some(80));
        assert_eq!(
            found
                .ids_of_type("AWS::AutoScaling::AutoScalingGroup")
                .count(),
            0
        );
        let _ = scene.stack.destroy(&[]).await.succeeds();
    }
}

impl Stepped<'_> {
    async fn on_instances(&self, name: &str) {
        let service = self.cloud.service(self.service()).await.unwrap();
        let strategy = service.capacity_provider_strategy();
        let [item] = strategy else {
            panic!("{strategy:?}");
        };
        let provider = self.found.id("CapacityProvider");
        assert_eq!(item.capacity_provider(), provider);
        let request = self.cloud.clients.ecs.describe_capacity_providers();
        let reply = request.capacity_providers(provider).send().await.unwrap();
        let group = reply.capacity_providers()[0].auto_scaling_group_provider();
        let scaling = group.unwrap().managed_scaling().unwrap();
        assert_eq!(scaling.status().unwrap().as_str(), "ENABLED");

        let request = self.cloud.clients.ecs.describe_clusters().clusters(name);
        let reply = request.send().await.unwrap();
        assert_eq!(reply.clusters()[0].capacity_providers(), [provider]);

        let groups = self
            .cloud
            .query("autoscaling", "2011-01-01", "DescribeAutoScalingGroups");
        let group = between(&groups, self.found.id("AutoScalingGroup"), "</CreatedTime>");
        assert!(group.contains("<MinSize>1</MinSize>"), "{group}");
        assert!(group.contains("<MaxSize>2</MaxSize>"), "{group}");
        assert!(group.contains(self.found.id("LaunchTemplate")), "{group}");

        let definition = service.task_definition().unwrap();
        let request = self.cloud.clients.ecs.describe_task_definition();
        let reply = request.task_definition(definition).send().await.unwrap();
        let definition = reply.task_definition().unwrap();
        assert_eq!(definition.network_mode().unwrap().as_str(), "bridge");
        let ports = definition.container_definitions()[0].port_mappings();
        assert_eq!(ports[0].container_port(), Some(80));
        assert_eq!(
            ports[0].host_port(),
            Some(0),
            "any free port of the instance"
        );
    }

    fn behind_a_load_balancer(&self) {
        let api = |action: &str| {
            self.cloud
                .query("elasticloadbalancing", "2015-12-01", action)
        };
        let balancer = self.part("LoadBalancer");
        let found = api("DescribeLoadBalancers");
        assert!(
            found.contains(&format!("<LoadBalancerArn>{balancer}<")),
            "{found}"
        );
        let target = self.part("TargetGroup");
        let groups = api("DescribeTargetGroups");
        let group = between(&groups, target, "</TargetType>");
        assert!(
            group.contains("<HealthCheckPath>/</HealthCheckPath>"),
            "{group}"
        );
        assert!(group.ends_with("<TargetType>instance"), "{group}");
        let listeners = api(&format!("DescribeListeners&LoadBalancerArn={balancer}"));
        assert!(listeners.contains("<Port>80</Port>"), "{listeners}");
        assert!(listeners.contains(target), "{listeners}");
    }

    async fn alarms(&self) {
        for (id, rule) in [
            (
                "ScaleOutAlarm",
                "RequestCount Sum GreaterThanOrEqualToThreshold 100, 1 of 1 × 60 s, notBreaching",
            ),
            (
                "ScaleInAlarm",
                "RequestCount Sum LessThanThreshold 20, 5 of 5 × 60 s, breaching",
            ),
        ] {
            let request = self.cloud.clients.cloudwatch.describe_alarms();
            let reply = request.alarm_names(self.part(id)).send().await.unwrap();
            let alarm = &reply.metric_alarms()[0];
            let found = format!(
                "{} {} {} {}, {} of {} × {} s, {}",
                alarm.metric_name().unwrap(),
                alarm.statistic().unwrap().as_str(),
                alarm.comparison_operator().unwrap().as_str(),
                alarm.threshold().unwrap(),
                alarm.datapoints_to_alarm().unwrap(),
                alarm.evaluation_periods().unwrap(),
                alarm.period().unwrap(),
                alarm.treat_missing_data().unwrap(),
            );
            assert_eq!(found, rule);
            assert_eq!(alarm.namespace(), Some("AWS/ApplicationELB"));
            let names = alarm.dimensions().iter().map(|d| d.name().unwrap());
            let mut names: Vec<_> = names.collect();
            names.sort_unstable();
            assert_eq!(names, ["LoadBalancer", "TargetGroup"]);
            assert_eq!(alarm.alarm_actions(), [self.found.id("AlarmTopic")]);
        }
    }

    async fn people_and_the_function_hear(&self) {
        let sns = &self.cloud.clients.sns;
        let topic = self.found.id("AlarmTopic");
        let request = sns.list_subscriptions_by_topic().topic_arn(topic);
        let reply = request.send().await.unwrap();
        let subscriptions = reply.subscriptions().iter();
        let by_protocol: BTreeMap<_, _> =
            subscriptions.map(|s| (s.protocol().unwrap(), s)).collect();
        assert_eq!(
            by_protocol.keys().collect::<Vec<_>>(),
            [&"email", &"lambda"]
        );
        assert_eq!(by_protocol["email"].endpoint(), Some("ops@example.com"));
        let function = by_protocol["lambda"];
        let arn = format!("function:{}", self.part("ScalingFunction"));
        assert!(function.endpoint().unwrap().ends_with(&arn));
        let request = sns.get_subscription_attributes();
        let request = request.subscription_arn(function.subscription_arn().unwrap());
        let reply = request.send().await.unwrap();
        let attributes = reply.attributes().unwrap();
        assert_eq!(attributes["FilterPolicyScope"], "MessageBody");
        let filter: Value = serde_json::from_str(&attributes["FilterPolicy"]).unwrap();
        assert_eq!(filter, json!({ "AlarmArn": self.alarm_arns() }));
        let redrive: Value = serde_json::from_str(&attributes["RedrivePolicy"]).unwrap();
        assert_eq!(redrive["deadLetterTargetArn"], self.dead_letters());
    }

    fn alarm_arns(&self) -> [String; 2] {
        ["ScaleOutAlarm", "ScaleInAlarm"].map(|id| {
            format!(
                "arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{}",
                self.part(id)
            )
        })
    }

    fn dead_letters(&self) -> String {
        let name = self.part("ScalingDeadLetterQueue").rsplit('/').next();
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", name.unwrap())
    }

    /// It can describe and update only this service, change only its count, and read its pause.
    async fn role(&self) {
        let iam = &self.cloud.clients.iam;
        let request = iam.get_role_policy().policy_name("permissions");
        let request = request.role_name(self.part("ScalingFunctionRole"));
        let reply = request.send().await.unwrap();
        let document = decoded(reply.policy_document());
        let statements = document["Statement"].as_array().unwrap();
        let mut found: Vec<_> = statements
            .iter()
            .map(|s| (s["Action"].to_string(), s["Resource"].clone()))
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let logs = self.part("ScalingFunctionLogs");
        let stack = logs.split("-SampleWebapp").next().unwrap();
        let pause = format!(
            "arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/ecs-scaler/{stack}/sample-webapp/pause"
        );
        let logs = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{logs}:*");
        let expected = [
            (
                json!(["cloudwatch:DescribeAlarms"]),
                json!(format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*")),
            ),
            (
                json!(["cloudwatch:ListTagsForResource"]),
                json!(self.alarm_arns()),
            ),
            (json!(["cloudwatch:TagResource"]), json!(self.alarm_arns())),
            (json!(["ecs:DescribeServices"]), json!(self.service())),
            (json!(["ecs:UpdateService"]), json!(self.service())),
            (
                json!(["logs:CreateLogStream", "logs:PutLogEvents"]),
                json!(logs),
            ),
            (json!(["sqs:SendMessage"]), json!(self.dead_letters())),
            (json!(["ssm:GetParameters"]), json!(pause)),
        ]
        .map(|(action, resource)| (action.to_string(), resource));
        assert_eq!(found, expected);
        let update = statements
            .iter()
            .find(|s| s["Action"].to_string().contains("Update"));
        assert_eq!(
            update.unwrap()["Condition"]["Null"],
            json!({
                "ecs:task-definition": "true",
                "ecs:capacity-provider": "true",
                "ecs:subnet": "true",
                "ecs:namespace": "true",
            })
        );
    }

    /// It handles one call at a time, and `invoke` shows its response.
    async fn function(&self, stack: &TestStack) {
        let function = self.part("ScalingFunction");
        let request = self.cloud.clients.lambda.get_function_concurrency();
        let reply = request.function_name(function).send().await.unwrap();
        assert_eq!(reply.reserved_concurrent_executions(), Some(1));
        let invoked = stack
            .run("invoke", &["--function", "scaling"])
            .end()
            .await
            .succeeds();
        let text = invoked.to_string();
        assert!(text.contains("invocation succeeded"), "{text}");
        assert!(text.contains("\"outcome\""), "{text}");
        assert_eq!(self.desired().await, 1);
    }
}

/// Returns the text from `begin` to the next `end`.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text
        .split_once(begin)
        .unwrap_or_else(|| panic!("{begin} is not in {text}"));
    rest.split_once(end).map_or(rest, |(part, _)| part)
}
