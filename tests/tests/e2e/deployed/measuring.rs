//! Lambda and EventBridge: the metric function and the rule that invokes it.

use ::scaling::{Count, MetricRequest, QueueRequest, ServiceRequest};
use serde_json::{Value, json};

use super::{ACCOUNT, REGION, Seen};

impl Seen<'_> {
    pub(super) async fn metric_function(&self) {
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
        assert!(found.environment().is_none(), "it has no configuration");
        self.invocation().await;
        self.permission().await;
    }

    /// Failed asynchronous invocations aren't retried, because the next minute's invocation replaces them.
    async fn invocation(&self) {
        let (lambda, name) = (&self.cloud.clients.lambda, self.id("MetricFunction"));
        let invoke = lambda
            .get_function_event_invoke_config()
            .function_name(name);
        let invoke = invoke.send().await.unwrap();
        assert_eq!(invoke.maximum_retry_attempts(), Some(0));
        assert_eq!(invoke.maximum_event_age_in_seconds(), Some(60));
    }

    /// Only this account's rule can invoke it.
    async fn permission(&self) {
        let (lambda, name) = (&self.cloud.clients.lambda, self.id("MetricFunction"));
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

    pub(super) async fn rule(&self) {
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
        let queue = QueueRequest::new(self.queue_name(), self.id("VouchersQueue"));
        let service = ServiceRequest {
            cluster: self.name.to_owned(),
            service: self.service_name().to_owned(),
            queues: vec![queue],
            count: vec![Count::Visible],
            wake: false,
            target: None,
            demand: None,
        };
        let expected = MetricRequest {
            namespace: "EcsScaler".to_owned(),
            services: vec![service],
        };
        assert_eq!(request, expected);
    }
}
