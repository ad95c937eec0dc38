//! IAM: which principals can assume each role, and the complete list of its permissions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{ACCOUNT, REGION, Seen};

impl Seen<'_> {
    pub(super) async fn task_roles(&self) {
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

    pub(super) async fn metric_function_role(&self) {
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

    /// Returns the statements of the only inline policy by Sid, and the principals that can assume the role.
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
}

fn log_group_arn(name: &str) -> String {
    format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*")
}

/// IAM returns its documents with percent-encoding.
pub(crate) fn decoded(document: &str) -> Value {
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
