//! After a deploy of the shipped definition, each resource is looked at through its own service's API:
//! what CloudFormation says is not asked, except for names.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{KeyValuePair, LaunchType};
use e2e::{Bench, Cloud, Resources, TestStack, edited};
use scaling::{Count, MetricRequest, QueueRequest, ServiceRequest};
use serde_json::{Value, json};

const REGION: &str = "us-west-2";
const ACCOUNT: &str = "000000000000";

/// The shipped definition with names of its own, so that whatever else is deployed stays apart, and in a
/// region that is not the sandbox's usual one.
fn shipped(name: &str) -> String {
    let text = include_str!("../../../stacks/voucher-worker.yaml");
    let named = format!("name: {name}\nregion: {REGION}\n");
    let text = edited(text, "name: voucher-worker\n", &named);
    let cluster = format!("cluster: {{name: {name}}}");
    edited(&text, "cluster: {name: voucher}", &cluster)
}

#[tokio::test]
async fn every_resource_is_as_its_own_service_says() {
    let bench = Bench::open();
    let cloud = Cloud::in_region(&bench, REGION).await;
    let stack = TestStack::in_region(&bench, "deployed", Some(REGION));
    let outcome = stack.deploy(&shipped(&stack.name)).await.succeeds();
    assert_eq!(outcome["changed"], true);
    assert_eq!(outcome["account"], ACCOUNT);
    assert_eq!(outcome["region"], REGION);
    let found = cloud.resources(&stack.name).await;
    let seen = Seen {
        cloud: &cloud,
        found: &found,
        name: &stack.name,
    };
    seen.outputs(&outcome["outputs"]);
    seen.queues().await;
    seen.task_roles().await;
    seen.metric_function_role().await;
    seen.metric_function().await;
    seen.rule().await;
    seen.service().await;
    seen.task_definition().await;
    seen.scaling().await;
    seen.alarms().await;
    seen.topic().await;
    seen.logs_and_dashboard().await;
}

/// The deployed stack.
struct Seen<'a> {
    cloud: &'a Cloud,
    found: &'a Resources,
    name: &'a str,
}

impl Seen<'_> {
    fn id(&self, logical_id: &str) -> &str {
        self.found.id(logical_id)
    }

    fn service_name(&self) -> &str {
        self.id("VoucherWorkerService").rsplit('/').next().unwrap()
    }

    fn queue_name(&self) -> &str {
        self.id("VouchersQueue").rsplit('/').next().unwrap()
    }

    fn queue_arn(&self, logical_id: &str) -> String {
        let name = self.id(logical_id).rsplit('/').next().unwrap();
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
    }

    fn outputs(&self, outputs: &Value) {
        let expected = json!({
            "AlarmTopicArn": self.id("AlarmTopic"),
            "ClusterName": self.name,
            "DashboardName": self.id("Dashboard"),
            "MetricFunctionLogGroupName": self.id("MetricFunctionLogs"),
            "MetricFunctionName": self.id("MetricFunction"),
            "MetricNamespace": "EcsScaler",
            "VoucherWorkerServiceName": self.service_name(),
            "VouchersDeadLetterQueueUrl": self.id("VouchersDeadLetterQueue"),
            "VouchersQueueUrl": self.id("VouchersQueue"),
        });
        assert_eq!(outputs, &expected);
    }

    async fn queues(&self) {
        let queue = self.cloud.queue(self.id("VouchersQueue")).await.unwrap();
        let dead = self
            .cloud
            .queue(self.id("VouchersDeadLetterQueue"))
            .await
            .unwrap();
        assert_eq!(queue["VisibilityTimeout"], "60");
        assert_eq!(queue["MessageRetentionPeriod"], "345600");
        assert_eq!(queue["ReceiveMessageWaitTimeSeconds"], "20");
        assert_eq!(queue["SqsManagedSseEnabled"], "true");
        assert_eq!(
            queue.get("FifoQueue").map_or("false", String::as_str),
            "false"
        );
        assert_eq!(dead["MessageRetentionPeriod"], "1209600");
        assert_eq!(dead["SqsManagedSseEnabled"], "true");
        let redrive: Value = serde_json::from_str(&queue["RedrivePolicy"]).unwrap();
        assert_eq!(redrive["deadLetterTargetArn"], dead["QueueArn"].as_str());
        assert_eq!(redrive["maxReceiveCount"].to_string().replace('"', ""), "5");
        let allow: Value = serde_json::from_str(&dead["RedriveAllowPolicy"]).unwrap();
        let expected =
            json!({"redrivePermission": "byQueue", "sourceQueueArns": [queue["QueueArn"]]});
        assert_eq!(allow, expected);
        for attributes in [&queue, &dead] {
            let policy: Value = serde_json::from_str(&attributes["Policy"]).unwrap();
            let refuse = json!([{
                "Sid": "RefusePlainHttp",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": attributes["QueueArn"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }]);
            assert_eq!(policy["Statement"], refuse);
        }
        self.tags().await;
    }

    /// Tags connect a queue with its short name in the definition.
    async fn tags(&self) {
        let request = self.cloud.clients.sqs.list_queue_tags();
        let reply = request
            .queue_url(self.id("VouchersQueue"))
            .send()
            .await
            .unwrap();
        let tag = reply.tags().unwrap().get("ecs-scaler:name");
        assert_eq!(tag.map(String::as_str), Some("vouchers"));
    }

    /// The only inline policy's statements by Sid, and who may assume the role.
    async fn role(&self, logical_id: &str) -> (BTreeMap<String, Value>, Value) {
        let (iam, name) = (&self.cloud.clients.iam, self.id(logical_id));
        let policies = iam
            .list_role_policies()
            .role_name(name)
            .send()
            .await
            .unwrap();
        assert_eq!(policies.policy_names(), ["permissions"]);
        let attached = iam
            .list_attached_role_policies()
            .role_name(name)
            .send()
            .await
            .unwrap();
        assert_eq!(attached.attached_policies(), []);
        let policy = iam
            .get_role_policy()
            .role_name(name)
            .policy_name("permissions");
        let document = decoded(policy.send().await.unwrap().policy_document());
        let statements = document["Statement"].as_array().unwrap().iter();
        let by_sid = statements.map(|s| (s["Sid"].as_str().unwrap().to_owned(), s.clone()));
        let role = iam.get_role().role_name(name).send().await.unwrap();
        let role = role.role.unwrap();
        (
            by_sid.collect(),
            decoded(role.assume_role_policy_document().unwrap()),
        )
    }

    async fn task_roles(&self) {
        let (task, trust) = self.role("VoucherWorkerTaskRole").await;
        assert_eq!(
            task.keys().collect::<Vec<_>>(),
            ["ConsumeQueues", "ProtectTask"]
        );
        let consume = &task["ConsumeQueues"];
        assert_eq!(consume["Resource"], self.queue_arn("VouchersQueue"));
        let actions = [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
        ];
        assert_eq!(consume["Action"], json!(actions));
        let tasks = format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task/{}/*", self.name);
        assert_eq!(task["ProtectTask"]["Resource"], tasks);
        let (execution, execution_trust) = self.role("VoucherWorkerExecutionRole").await;
        assert_eq!(execution.keys().collect::<Vec<_>>(), ["WriteLogs"]);
        let logs = log_group_arn(self.id("VoucherWorkerLogGroup"));
        assert_eq!(execution["WriteLogs"]["Resource"], logs);
        for trust in [trust, execution_trust] {
            let statement = &trust["Statement"][0];
            assert_eq!(
                statement["Principal"],
                json!({"Service": "ecs-tasks.amazonaws.com"})
            );
            let condition = json!({
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:*")},
            });
            assert_eq!(statement["Condition"], condition);
        }
    }

    async fn metric_function_role(&self) {
        let (statements, trust) = self.role("MetricFunctionRole").await;
        let of = |sid: &str| (&statements[sid]["Action"], &statements[sid]["Resource"]);
        assert_eq!(statements.len(), 4);
        let queue = json!(self.queue_arn("VouchersQueue"));
        assert_eq!(
            of("ReadQueues"),
            (&json!(["sqs:GetQueueAttributes"]), &queue)
        );
        let service = json!(self.id("VoucherWorkerService"));
        assert_eq!(
            of("ReadServices"),
            (&json!(["ecs:DescribeServices"]), &service)
        );
        let publish = (&json!(["cloudwatch:PutMetricData"]), &json!("*"));
        assert_eq!(of("PublishBacklog"), publish);
        let condition = json!({"StringEquals": {"cloudwatch:namespace": "EcsScaler"}});
        assert_eq!(statements["PublishBacklog"]["Condition"], condition);
        let logs = json!(log_group_arn(self.id("MetricFunctionLogs")));
        let write = json!(["logs:CreateLogStream", "logs:PutLogEvents"]);
        assert_eq!(of("WriteLogs"), (&write, &logs));
        let principal = json!({"Service": "lambda.amazonaws.com"});
        assert_eq!(trust["Statement"][0]["Principal"], principal);
    }

    async fn metric_function(&self) {
        let (lambda, name) = (&self.cloud.clients.lambda, self.id("MetricFunction"));
        let found = lambda.get_function_configuration().function_name(name);
        let found = found.send().await.unwrap();
        assert_eq!(found.state().map(|state| state.as_str()), Some("Active"));
        assert_eq!(
            found.runtime().map(|runtime| runtime.as_str()),
            Some("provided.al2023")
        );
        assert_eq!(found.handler(), Some("bootstrap"));
        assert_eq!(found.memory_size(), Some(128));
        assert_eq!(found.timeout(), Some(30));
        let architectures = found.architectures().iter().map(|a| a.as_str());
        assert_eq!(architectures.collect::<Vec<_>>(), ["arm64"]);
        let role = format!(
            "arn:aws:iam::{ACCOUNT}:role/{}",
            self.id("MetricFunctionRole")
        );
        assert_eq!(found.role(), Some(role.as_str()));
        let logging = found.logging_config().unwrap();
        assert_eq!(logging.log_group(), Some(self.id("MetricFunctionLogs")));
        assert!(
            found.environment().is_none(),
            "it holds no configuration of its own"
        );
        let invoke = lambda
            .get_function_event_invoke_config()
            .function_name(name);
        let invoke = invoke.send().await.unwrap();
        assert_eq!(invoke.maximum_retry_attempts(), Some(0));
        assert_eq!(invoke.maximum_event_age_in_seconds(), Some(60));
        let policy = lambda
            .get_policy()
            .function_name(name)
            .send()
            .await
            .unwrap();
        let policy: Value = serde_json::from_str(policy.policy().unwrap()).unwrap();
        let statements = policy["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 1, "{policy}");
        let statement = &statements[0];
        assert_eq!(
            statement["Principal"],
            json!({"Service": "events.amazonaws.com"})
        );
        assert_eq!(statement["Action"], "lambda:InvokeFunction");
        let rule = format!(
            "arn:aws:events:{REGION}:{ACCOUNT}:rule/{}",
            self.id("MetricRule1")
        );
        assert_eq!(statement["Condition"]["ArnLike"]["AWS:SourceArn"], rule);
        assert_eq!(
            statement["Condition"]["StringEquals"]["AWS:SourceAccount"],
            ACCOUNT
        );
    }

    async fn rule(&self) {
        let (events, name) = (&self.cloud.clients.eventbridge, self.id("MetricRule1"));
        let rule = events.describe_rule().name(name).send().await.unwrap();
        assert_eq!(rule.schedule_expression(), Some("rate(1 minute)"));
        assert_eq!(rule.state().map(|state| state.as_str()), Some("ENABLED"));
        let targets = events
            .list_targets_by_rule()
            .rule(name)
            .send()
            .await
            .unwrap();
        let [target] = targets.targets() else {
            panic!("{targets:?}");
        };
        let function = self.id("MetricFunction");
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}");
        assert_eq!(target.arn(), arn);
        assert_eq!(
            target.retry_policy().unwrap().maximum_retry_attempts(),
            Some(0)
        );
        let request: MetricRequest = serde_json::from_str(target.input().unwrap()).unwrap();
        let queue = QueueRequest {
            name: self.queue_name().to_owned(),
            url: self.id("VouchersQueue").to_owned(),
        };
        let service = ServiceRequest {
            cluster: self.name.to_owned(),
            service: self.service_name().to_owned(),
            queues: vec![queue],
            count: vec![Count::Visible],
        };
        let expected = MetricRequest {
            namespace: "EcsScaler".to_owned(),
            services: vec![service],
        };
        assert_eq!(request, expected);
    }

    async fn service(&self) {
        let arn = self.id("VoucherWorkerService");
        let service = self.cloud.service(arn).await.unwrap();
        assert_eq!(service.status(), Some("ACTIVE"));
        assert_eq!((service.desired_count(), service.running_count()), (1, 1));
        assert_eq!(
            service.task_definition(),
            Some(self.id("VoucherWorkerTaskDefinition"))
        );
        assert_eq!(service.launch_type(), Some(&LaunchType::Fargate));
        let deployment = service.deployment_configuration().unwrap();
        let breaker = deployment.deployment_circuit_breaker().unwrap();
        assert!(breaker.enable() && breaker.rollback());
        let network = service.network_configuration().unwrap();
        let network = network.awsvpc_configuration().unwrap();
        let subnets = [self.id("PublicSubnet1"), self.id("PublicSubnet2")];
        assert_eq!(network.subnets(), subnets);
        let security_groups = network.security_groups();
        assert_eq!(security_groups, [self.id("TaskSecurityGroup")]);
        for id in subnets {
            assert!(self.cloud.ec2("DescribeSubnets").contains(id), "{id}");
        }
        assert!(
            self.cloud
                .ec2("DescribeSecurityGroups")
                .contains(&security_groups[0])
        );
    }

    async fn task_definition(&self) {
        let request = self.cloud.clients.ecs.describe_task_definition();
        let request = request.task_definition(self.id("VoucherWorkerTaskDefinition"));
        let found = request.send().await.unwrap().task_definition.unwrap();
        assert_eq!((found.cpu(), found.memory()), (Some("256"), Some("512")));
        let platform = found.runtime_platform().unwrap();
        assert_eq!(platform.cpu_architecture().unwrap().as_str(), "ARM64");
        let role = |id| format!("arn:aws:iam::{ACCOUNT}:role/{}", self.id(id));
        assert_eq!(found.task_role_arn(), Some(&*role("VoucherWorkerTaskRole")));
        assert_eq!(
            found.execution_role_arn(),
            Some(&*role("VoucherWorkerExecutionRole"))
        );
        let [container] = found.container_definitions() else {
            panic!("{found:?}");
        };
        assert_eq!(
            container.image(),
            Some("public.ecr.aws/docker/library/busybox:1.37")
        );
        assert_eq!(container.command(), ["tail", "-f", "/dev/null"]);
        assert_eq!(container.stop_timeout(), Some(30));
        let url = self.id("VouchersQueue");
        let variable = |name: &str| KeyValuePair::builder().name(name).value(url).build();
        let expected = [variable("QUEUE_URL"), variable("QUEUE_URL_VOUCHERS")];
        assert_eq!(container.environment(), expected);
        let log = container.log_configuration().unwrap();
        assert_eq!(log.log_driver().as_str(), "awslogs");
        let options = log.options().unwrap();
        assert_eq!(options["awslogs-group"], self.id("VoucherWorkerLogGroup"));
        assert_eq!(options["awslogs-region"], REGION);
    }

    async fn scaling(&self) {
        let client = &self.cloud.clients.applicationautoscaling;
        let resource = format!("service/{}/{}", self.name, self.service_name());
        let targets = client
            .describe_scalable_targets()
            .service_namespace("ecs".into());
        let targets = targets.resource_ids(&resource).send().await.unwrap();
        let [target] = targets.scalable_targets() else {
            panic!("{targets:?}");
        };
        assert_eq!((target.min_capacity(), target.max_capacity()), (1, 20));
        assert_eq!(
            target.scalable_dimension().as_str(),
            "ecs:service:DesiredCount"
        );
        let policies = client
            .describe_scaling_policies()
            .service_namespace("ecs".into());
        let policies = policies.resource_id(&resource).send().await.unwrap();
        let [policy] = policies.scaling_policies() else {
            panic!("{policies:?}");
        };
        assert_eq!(
            policy.policy_name(),
            format!("{}-backlog-per-task", self.name)
        );
        let tracking = policy
            .target_tracking_scaling_policy_configuration()
            .unwrap();
        assert_eq!(
            tracking.target_value(),
            100.0,
            "10 s acceptable ÷ 0.1 s a message"
        );
        assert_eq!(tracking.scale_out_cooldown(), Some(60));
        assert_eq!(tracking.scale_in_cooldown(), Some(300));
        let metric = tracking.customized_metric_specification().unwrap();
        assert_eq!(metric.namespace(), Some("EcsScaler"));
        assert_eq!(metric.metric_name(), Some("BacklogPerTask"));
        assert_eq!(metric.statistic().map(|s| s.as_str()), Some("Average"));
        let dimensions: BTreeMap<_, _> = metric
            .dimensions()
            .iter()
            .map(|dimension| (dimension.name(), dimension.value()))
            .collect();
        let expected = BTreeMap::from([
            ("ClusterName", self.name),
            ("ServiceName", self.service_name()),
            ("QueueName", self.queue_name()),
        ]);
        assert_eq!(dimensions, expected);
        let alarms: Vec<_> = policy
            .alarms()
            .iter()
            .map(|alarm| alarm.alarm_name())
            .collect();
        assert_eq!(alarms.len(), 2);
        let mut thresholds: Vec<_> = self.described(&alarms).await;
        thresholds.sort_by_key(|alarm| alarm["threshold"].to_string());
        let shape =
            |alarm: &Value| json!([alarm["comparison"], alarm["threshold"], alarm["periods"]]);
        assert_eq!(
            shape(&thresholds[0]),
            json!(["GreaterThanThreshold", 100.0, 3])
        );
        assert_eq!(
            shape(&thresholds[1]),
            json!(["LessThanThreshold", 90.0, 15])
        );
    }

    /// What decides of each alarm.
    async fn described(&self, names: &[&str]) -> Vec<Value> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let request = self.cloud.clients.cloudwatch.describe_alarms();
        let reply = request.set_alarm_names(Some(names)).send().await.unwrap();
        let alarm = |alarm: &aws_sdk_cloudwatch::types::MetricAlarm| {
            let dimension = |d: &aws_sdk_cloudwatch::types::Dimension| {
                (d.name().unwrap().to_owned(), json!(d.value()))
            };
            json!({
                "namespace": alarm.namespace(),
                "metric": alarm.metric_name(),
                "dimensions": alarm.dimensions().iter().map(dimension).collect::<BTreeMap<_, _>>(),
                "comparison": alarm.comparison_operator().map(|c| c.as_str()),
                "threshold": alarm.threshold(),
                "period": alarm.period(),
                "periods": alarm.evaluation_periods(),
                "datapoints": alarm.datapoints_to_alarm(),
                "statistic": alarm.statistic().map(|s| s.as_str()),
                "missing": alarm.treat_missing_data(),
                "actions": alarm.alarm_actions(),
                "ok_actions": alarm.ok_actions(),
            })
        };
        reply.metric_alarms().iter().map(alarm).collect()
    }

    async fn alarms(&self) {
        let topic = json!([self.id("AlarmTopic")]);
        let dead = self
            .id("VouchersDeadLetterQueue")
            .rsplit('/')
            .next()
            .unwrap();
        let service = json!({
            "ClusterName": self.name,
            "ServiceName": self.service_name(),
            "QueueName": self.queue_name(),
        });
        let queue = |name: &str| json!({"QueueName": name});
        let function = json!({"FunctionName": self.id("MetricFunction")});
        let expected = [
            (
                "VouchersOldestMessageAlarm",
                json!([
                    "AWS/SQS",
                    "ApproximateAgeOfOldestMessage",
                    queue(self.queue_name()),
                    "GreaterThanThreshold",
                    10.0,
                    60,
                    10,
                    5,
                    "Maximum",
                    "notBreaching"
                ]),
            ),
            (
                "VouchersDeadLettersAlarm",
                json!([
                    "AWS/SQS",
                    "ApproximateNumberOfMessagesVisible",
                    queue(dead),
                    "GreaterThanOrEqualToThreshold",
                    1.0,
                    60,
                    1,
                    1,
                    "Maximum",
                    "notBreaching"
                ]),
            ),
            (
                "VoucherWorkerFromVouchersSilentAlarm",
                json!([
                    "EcsScaler",
                    "BacklogPerTask",
                    service,
                    "LessThanThreshold",
                    1.0,
                    60,
                    10,
                    10,
                    "SampleCount",
                    "breaching"
                ]),
            ),
            (
                "MetricFunctionErrorsAlarm",
                json!([
                    "AWS/Lambda",
                    "Errors",
                    function,
                    "GreaterThanOrEqualToThreshold",
                    1.0,
                    60,
                    5,
                    3,
                    "Sum",
                    "notBreaching"
                ]),
            ),
        ];
        assert_eq!(
            self.found.of("AWS::CloudWatch::Alarm").count(),
            expected.len()
        );
        for (logical_id, expected) in expected {
            let found = self.described(&[self.id(logical_id)]).await;
            let [alarm] = &*found else {
                panic!("{logical_id}: {found:?}");
            };
            let keys = [
                "namespace",
                "metric",
                "dimensions",
                "comparison",
                "threshold",
                "period",
                "periods",
                "datapoints",
                "statistic",
                "missing",
            ];
            let values = keys.map(|key| alarm[key].clone());
            assert_eq!(json!(values), expected, "{logical_id}");
            assert_eq!(
                (&alarm["actions"], &alarm["ok_actions"]),
                (&topic, &topic),
                "{logical_id}"
            );
        }
    }

    async fn topic(&self) {
        let (sns, topic) = (&self.cloud.clients.sns, self.id("AlarmTopic"));
        let found = sns.list_subscriptions_by_topic().topic_arn(topic);
        let found = found.send().await.unwrap();
        let [subscription] = found.subscriptions() else {
            panic!("{found:?}");
        };
        assert_eq!(subscription.protocol(), Some("email"));
        assert_eq!(subscription.endpoint(), Some("ops@example.com"));
        let attributes = sns
            .get_topic_attributes()
            .topic_arn(topic)
            .send()
            .await
            .unwrap();
        let policy = &attributes.attributes().unwrap()["Policy"];
        let policy: Value = serde_json::from_str(policy).unwrap();
        let expected = json!([{
            "Sid": "PublishAlarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*")},
            },
        }]);
        assert_eq!(policy["Statement"], expected);
    }

    async fn logs_and_dashboard(&self) {
        for logical_id in ["MetricFunctionLogs", "VoucherWorkerLogGroup"] {
            let name = self.id(logical_id);
            let request = self.cloud.clients.cloudwatchlogs.describe_log_groups();
            let reply = request.log_group_name_prefix(name).send().await.unwrap();
            let [group] = reply.log_groups() else {
                panic!("{logical_id}: {reply:?}");
            };
            assert_eq!(group.retention_in_days(), Some(14), "{logical_id}");
        }
        let request = self.cloud.clients.cloudwatch.get_dashboard();
        let request = request.dashboard_name(self.id("Dashboard"));
        let body = request.send().await.unwrap().dashboard_body.unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        let widgets = body["widgets"].as_array().unwrap();
        let titles = widgets
            .iter()
            .map(|widget| widget["properties"]["title"].as_str().unwrap());
        let expected = [
            "Alarms",
            "voucher-worker: backlog per task",
            "voucher-worker: tasks",
            "vouchers: messages",
            "Metric function",
        ];
        assert_eq!(titles.collect::<Vec<_>>(), expected);
        let backlog = &widgets[1]["properties"];
        let metric = &backlog["metrics"][0];
        assert_eq!(metric[5], self.service_name());
        assert_eq!(metric[7], self.queue_name());
        assert_eq!(backlog["annotations"]["horizontal"][0]["value"], 100);
    }
}

fn log_group_arn(name: &str) -> String {
    format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*")
}

/// IAM hands its documents out as in a URL.
fn decoded(document: &str) -> Value {
    let mut bytes = Vec::new();
    let mut rest = document.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match (first, rest.get(..2)) {
            (b'%', Some(digits)) => {
                let digits = std::str::from_utf8(digits).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = &rest[2..];
            }
            _ => bytes.push(first),
        }
    }
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {document}"))
}
